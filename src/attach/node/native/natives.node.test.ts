// What: a namespace turns native whole or not at all: wherever descriptors run out on the way there, the error says so with the
// cure, nothing stays open, and the machine's namespace has what it had.
//
//   netns red [v0 10.0.0.1/24]──────[v1] netns blue
//
// Source: getrlimit(2), RLIMIT_NOFILE. Devices take /dev/net/tun, which is root's alone on some systems.

import { readdirSync } from "node:fs";
import koffi from "koffi";
import { describe, expect, test } from "vitest";
import { nativeMissing, withReason } from "../../../../test/fixtures/native-missing.ts";
import { createMachine } from "../../../index.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { realTime } from "../../index.ts";
import { Natives } from "./natives.ts";

const RLIMIT_NOFILE = 7;
/** More than turning native takes. */
const enough = 40;

const library = koffi.load(null);
const getrlimit = library.func("int getrlimit(int resource, void *limit)");
const setrlimit = library.func("int setrlimit(int resource, const void *limit)");

/** Does something, which must not wait, with room for `count` descriptors more. */
function withDescriptors<T>(count: number, act: () => T): T {
  const before = new BigUint64Array(2);
  expect(getrlimit(RLIMIT_NOFILE, before)).toBe(0);
  expect(setrlimit(RLIMIT_NOFILE, BigUint64Array.of(limitFor(count), before[1] ?? 0n))).toBe(0);
  try {
    return act();
  } finally {
    setrlimit(RLIMIT_NOFILE, before);
  }
}

/** Below which number `count` descriptors are free. */
function limitFor(count: number): bigint {
  const open = new Set(descriptors());
  let limit = 0;
  for (let free = 0; free < count || open.has(limit); limit++) if (!open.has(limit)) free++;
  return BigInt(limit);
}

/** Those that are open, but for the one that this takes to read. */
function descriptors(): number[] {
  const numbers = readdirSync("/proc/self/fd").map(Number);
  return numbers.sort((one, other) => one - other);
}

describe.skipIf(nativeMissing !== undefined)(withReason("enter()", nativeMissing), () => {
  test("makes a namespace native whole or not at all, wherever descriptors run out", async () => {
    const machine = createMachine(realTime());
    const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
    await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
    await blue.link.set("v1", { isUp: true });
    await red.addr.add("10.0.0.1/24", { dev: "v0" });
    const netns = machine.core.netnsNames.get("red");
    const other = machine.core.netnsNames.get("blue");
    if (netns === undefined || other === undefined) expect.fail("No namespaces");
    try {
      const natives = await Natives.of(machine);
      // The maker of namespaces stays.
      natives.leave(natives.enter(other));
      await turn();
      const before = descriptors().length;
      const addresses = await red.addr.list();
      let refusals = 0;
      for (let count = 0; netns.stack === null && count < enough; count++) {
        try {
          withDescriptors(count, () => natives.enter(netns));
        } catch (error) {
          if (!(error instanceof NetlinkError)) throw error;
          refusals++;
          expect({ count, code: error.code, text: error.message }).toEqual({
            count,
            code: "EMFILE",
            text: expect.stringContaining("Raise the limit (ulimit -n 65536)"),
          });
          await turn();
          expect({ count, open: descriptors().length }).toEqual({ count, open: before });
          expect(await red.addr.list()).toEqual(addresses);
        }
      }
      expect(netns.stack).not.toBeNull();
      expect(refusals).toBeGreaterThan(2);
      expect(JSON.stringify(await red.addr.list())).toContain('"10.0.0.1"');
    } finally {
      machine.close();
    }
  });
});

/** Lets handles be closed, which libuv does at the end of a turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
