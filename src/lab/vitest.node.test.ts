// What: the fixture gives each test a lab of its own, `toCarry` sees what crossed a wire, and a test that fails leaves its seed,
// its capture and its timeline, and nothing else.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { readPcapng } from "../wire/pcapng-reader.ts";
import { withLab } from "./index.ts";
import { test as labTest } from "./vitest.ts";

const test = labTest.extend({ labOptions: { time: "virtual", seed: 3, ipv6: false } });

test("a link carries what was sent, and not what was not", async ({ lab }) => {
  const [h1] = [lab.host("h1"), lab.host("h2")];
  const link = lab.link("h1", "h2");
  await h1.ping("h2");
  await expect(link).toCarry("icmp and src host 10.0.0.1");
  await expect(link).toCarry("arp");
  await expect(link).not.toCarry("tcp", { within: "1s" });
  const soon = expect(link).toCarry("udp port 9", { within: "2s" });
  const socket = h1.udp();
  lab.after(1e9, () => socket.send(Uint8Array.of(1), { host: "10.0.0.2", port: 9 }));
  await soon;
  socket.close();
});

test("a capture of a link has an interface for each end, one id per frame, and the seed", async ({ lab }) => {
  const [h1] = [lab.host("h1"), lab.host("h2")];
  const link = lab.link("h1", "h2");
  await h1.ping("h2");
  const stop = await link.capture({ filter: "icmp" });
  await link.netem({ delay: "1ms" });
  await h1.ping("h2");
  const file = readPcapng(stop());
  expect(file?.interfaces.map(({ name }) => name)).toEqual(["eth0", "eth0"]);
  expect(file?.packets).toHaveLength(4);
  expect(new TextDecoder().decode(stop().subarray(0, 200))).toContain("seed 3");
});

test("withLab() says how to repeat what failed", async ({ task: _ }) => {
  const folder = mkdtempSync(join(tmpdir(), "uveth-with-lab-"));
  const failed = withLab(
    async (lab) => {
      lab.link(lab.host("h1"), lab.host("h2"));
      await lab.pingAll();
      await using cut = await lab.partition(["h1"], ["h2"]);
      void cut;
      throw new Error("as expected");
    },
    { name: "a lab", seed: 42, time: "virtual", captureDir: folder },
  );
  await expect(failed).rejects.toThrow(
    /as expected\n\(lab: repeat with UVETH_SEED=42, capture .*a-lab\.pcapng\)/,
  );
  expect(readdirSync(folder)).toEqual(["a-lab.pcapng"]);
  rmSync(folder, { recursive: true });
});

test("a failing test leaves its seed, capture and timeline", { timeout: 60_000 }, async ({ task: _ }) => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(root, "node_modules", ".uveth-fixture-"));
  try {
    writeFileSync(join(folder, "vitest.config.mjs"), "export default { test: { include: ['*.test.ts'] } };");
    writeFileSync(
      join(folder, "failing.test.ts"),
      `import { expect } from "vitest";
       import { test } from ${JSON.stringify(join(root, "src/lab/vitest.ts"))};
       test("fails over a wire", async ({ lab }) => {
         const link = lab.link(lab.host("h1"), lab.host("h2"));
         await lab.pingAll();
         await link.netem({ loss: "100%" });
         await expect(link).toCarry("tcp");
       });
       test("passes", async ({ lab }) => {
         lab.link(lab.host("h1"), lab.host("h2"));
         expect((await lab.pingAll()).lost).toEqual([]);
       });`,
    );
    const result = spawnSync(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", folder, "--reporter=verbose"],
      { encoding: "utf8", env: { ...process.env, UVETH_SEED: "77", VITEST: undefined, NO_COLOR: "1" } },
    );
    const said = result.stdout + result.stderr;
    expect(said).toContain('Expected the link "h1-h2" to carry "tcp"');
    expect(said).toContain("repeat with UVETH_SEED=77, capture ");
    expect(said).toMatch(/1 failed \| 1 passed/);
    const attachments = join(folder, ".vitest-attachments");
    const kept = readdirSync(attachments).sort();
    expect(kept.map((name) => name.replace(/.*(\.\w+)$/, "$1")).sort()).toEqual([".pcapng", ".txt"]);
    const timeline = readFileSync(join(attachments, kept.find((name) => name.endsWith(".txt"))!), "utf8");
    expect(timeline).toContain("seed 77");
    expect(timeline).toContain("— h1-h2: netem");
    expect(timeline).toContain("ICMP echo request");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
