// What: the examples with real programs show what they say: etcd has a leader through a partition, Redis replicates over a lossy
// wire, FRR's routers find and lose their ways. Each is skipped where its program is not installed.

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { nativeMissing, withReason } from "../test/fixtures/native-missing.ts";
import { etcd } from "./etcd.ts";
import { frr, ospf } from "./ospf.ts";
import { redis } from "./redis.ts";

const timeoutMs = 120_000;
const quiet = (): void => {};

/** Why programs cannot be run here; undefined where they can. */
function missing(...programs: string[]): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), frr];
  const absent = programs.find((program) => !folders.some((folder) => isProgram(join(folder, program))));
  return nativeMissing ?? (absent === undefined ? undefined : `there is no ${absent}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const withoutEtcd = missing("etcd");
test.skipIf(withoutEtcd !== undefined)(
  withReason(
    "etcd chooses another leader when its own is cut off, which follows when it is healed",
    withoutEtcd,
  ),
  { timeout: timeoutMs, concurrent: true },
  async ({ expect }) => {
    const { firstLeader, secondLeader, refusedWrite, caughtUp } = await etcd(quiet);
    expect(secondLeader).not.toBe(firstLeader);
    expect(refusedWrite).not.toBe("taken");
    expect(caughtUp).toBe("blue");
  },
);

const withoutRedis = missing("redis-server", "redis-cli");
test.skipIf(withoutRedis !== undefined)(
  withReason("a Redis replica has all that its master has, through losses and after a cut", withoutRedis),
  { timeout: timeoutMs, concurrent: true },
  async ({ expect }) => {
    expect(await redis(quiet)).toEqual({
      lossy: { master: 2_000, replica: 2_000 },
      cut: { master: 4_000, replica: 2_000 },
      mended: { master: 4_000, replica: 4_000 },
      isSame: true,
    });
  },
);

const withoutFrr = missing("zebra", "ospfd", "ip");
test.skipIf(withoutFrr !== undefined)(
  withReason(
    "FRR's routers learn a way by OSPF, give it up when they are cut off, and find it again",
    withoutFrr,
  ),
  { timeout: timeoutMs, concurrent: true },
  async ({ expect }) => {
    const { answers, learned } = await ospf(quiet);
    expect(answers).toEqual([false, true, false, true]);
    expect(learned).toMatch(/^10\.0\.2\.0\/24 .*via 10\.0\.1\.2 dev eth1/);
  },
);
