// Redis replication over a wire that loses: a replica follows its master through losses, falls behind while the wire is down, and
// has everything once it is mended.
//
//   master ──── replica     20 ms, 5 % of frames lost each way
//
//   npm run redis       as root, with the programs redis-server and redis-cli (Debian's package redis-server)

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "../src/lab/index.ts";
import { createLab, Wait, waitFor } from "../src/lab/index.ts";

const port = 6379;
const patienceMs = 60_000;

/** What the example saw: how many keys each had. */
export interface RedisReport {
  /** Over the lossy wire. */
  readonly lossy: { readonly master: number; readonly replica: number };
  /** While the wire was cut. */
  readonly cut: { readonly master: number; readonly replica: number };
  /** Mended. */
  readonly mended: { readonly master: number; readonly replica: number };
  /** Both hold the same bytes (DEBUG DIGEST). */
  readonly isSame: boolean;
}

/** Runs the example; `say` is told what happens. */
export async function redis(say: (text: string) => void): Promise<RedisReport> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-redis-"));
  const lab = createLab({ seed: 1 });
  try {
    const [master, replica] = [lab.host("master"), lab.host("replica")];
    lab.link(master, replica, { delay: "20ms", loss: "5%" });
    await lab.start();
    const common = ["--dir", folder, "--save", "", "--protected-mode", "no", "--enable-debug-command", "yes"];
    const serve = (host: Host, ...more: string[]) =>
      host.spawn(["redis-server", "--port", String(port), ...common, ...more], { stdio: "ignore" });
    await serve(master);
    await serve(replica, "--replicaof", "master", String(port));
    for (const host of [master, replica]) await waitFor(host, Wait.forListeningPorts(port));
    await until(replica, "a master that is found", async () =>
      (await cli(replica, "INFO", "replication")).includes("master_link_status:up"),
    );
    const counts = async () => ({ master: await keys(master), replica: await keys(replica) });
    const both = () =>
      until(replica, "all that its master has", async () => (await keys(replica)) === (await keys(master)));

    await fill(master, "a", 2_000);
    await both();
    const lossy = await counts();
    say(`over a wire that loses 5 %: ${lossy.master} keys in the master, ${lossy.replica} in the replica`);

    const fault = await lab.partition([master], [replica]);
    await fill(master, "b", 2_000);
    const cut = await counts();
    say(`cut off: ${cut.master} in the master, ${cut.replica} in the replica`);
    await fault.heal();
    await both();
    const mended = await counts();
    const isSame = (await cli(master, "DEBUG", "DIGEST")) === (await cli(replica, "DEBUG", "DIGEST"));
    say(`mended: ${mended.master} and ${mended.replica}, ${isSame ? "the same" : "not the same"}`);
    return { lossy, cut, mended, isSame };
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs redis-cli in a host. */
async function cli(host: Host, ...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await host.exec([
    "redis-cli",
    "-h",
    host.ip,
    "-p",
    String(port),
    ...words,
  ]);
  if (exitCode !== 0) throw new Error(`redis-cli ${words.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

async function keys(host: Host): Promise<number> {
  return Number((await cli(host, "DBSIZE")).trim());
}

/** Writes so many keys, each by a command of its own that the replica is told. */
async function fill(host: Host, prefix: string, count: number): Promise<void> {
  const script = `for i = 1, ${count} do redis.call('SET', '${prefix}' .. i, i) end`;
  await cli(host, "EVAL", script, "0");
}

/** Waits until something of a host is so. */
function until(host: Host, what: string, isReady: () => Promise<boolean>): Promise<void> {
  return waitFor(host, { what, isReady }, { timeoutMs: patienceMs });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await redis((text) => console.log(text));
