// What: the library as a program of somebody else's uses it: plain JavaScript against the package's doors, in real time.
//
//   example.mjs ─▶ node_modules/uveth ─▶ dist/; it ends by itself
//
// The same scenario runs under a virtual clock, and in an empty context (vm.node.test.ts).

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, beforeAll, describe, expect, test } from "vitest";
import { realTime } from "../src/attach/index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../src/index.ts";
import { readPcapng } from "../src/wire/pcapng-reader.ts";
import { ensureBuilt } from "../tools/build.mjs";
import { expectPair, pairScenario } from "./scenario.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Ten lines: two namespaces, a pair, addresses, pings over both families, a capture, the end. */
const tenLines = `const machine = createMachine(realTime());
const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
const v0 = await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
await blue.link.set("v1", { isUp: true });
for (const address of ["10.0.0.1/24", "fd00::1/64"]) await red.addr.add(address, { dev: "v0", noDad: true });
for (const address of ["10.0.0.2/24", "fd00::2/64"]) await blue.addr.add(address, { dev: "v1", noDad: true });
const capture = await v0.capture();
for (const to of ["10.0.0.2", "fd00::2"]) console.log(to, (await red.ping(to, { count: 2, intervalMs: 10 })).received);
await capture.stop(), writeFileSync("pair.pcapng", capture.pcapng());
machine.close();`;

const imports = `import { writeFileSync } from "node:fs";
import { createMachine } from "uveth";
import { realTime } from "uveth/attach";`;

/** A folder in which `uveth` is installed. */
const withFolder = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "uveth-library-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules", "uveth"));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

/** Runs a program to its end, which must come within fifteen seconds. */
function run(folder: string, program: string) {
  const path = join(folder, "example.mjs");
  writeFileSync(path, `${imports}\n\n${program}\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], {
    cwd: folder,
    encoding: "utf8",
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

beforeAll(async () => {
  await ensureBuilt(root, console.error);
}, 60_000);

describe("a program", () => {
  withFolder("of ten lines makes a pair that answers pings, captures them, and ends", ({ folder }) => {
    expect(run(folder, tenLines)).toEqual({ status: 0, stdout: "10.0.0.2 2\nfd00::2 2\n", stderr: "" });
    const file = readPcapng(readFileSync(join(folder, "pair.pcapng")));
    expect(file?.interfaces.map(({ name }) => name)).toEqual(["v0"]);
    expect(file?.packets.length).toBeGreaterThan(8);
  });

  withFolder("ends by itself without closing its machine, when nobody waits", ({ folder }) => {
    const program = tenLines.replace("machine.close();", 'console.log("end");');
    expect(run(folder, program)).toEqual({ status: 0, stdout: "10.0.0.2 2\nfd00::2 2\nend\n", stderr: "" });
  });

  withFolder("stays alive while it waits for an answer that does not come", ({ folder }) => {
    const program = tenLines
      .replace('["10.0.0.2", "fd00::2"]', '["10.0.0.99"]')
      .replace("intervalMs: 10", "timeoutMs: 300");
    expect(run(folder, program)).toEqual({ status: 0, stdout: "10.0.0.99 0\n", stderr: "" });
  });
});

describe("the scenario", () => {
  test("goes well in real time", async () => {
    expectPair(await pairScenario({ createMachine }, { ...realTime(), pass: async () => {} }));
  });

  test("goes the same way under a virtual clock, twice over", async () => {
    const outcomes = [];
    for (let times = 0; times < 2; times++) {
      const clock = new VirtualClock();
      const world = { clock, scheduler: clock, random: new SeededRandom(1) };
      outcomes.push(await pairScenario({ createMachine }, { ...world, pass: (ns) => clock.advance(ns) }));
    }
    for (const outcome of outcomes) expectPair(outcome);
    expect(outcomes[0]).toEqual(outcomes[1]);
  });
});
