// What: what is not of a lab is a node of it by an endpoint: frames cross, faults and partitions hold for it, nothing stays.
//
//   h1 ── s1 ── vm ═══ listen:PATH ═══ a program elsewhere, here another machine that connects
//
// Source: `uveth attach`, whose words the endpoints are; partition as Linux hosts see it, by silence.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import schema from "../../schemas/lab.schema.json" with { type: "json" };
import { schemaErrors } from "../../test/json-schema.ts";
import { attachChannel, realTime } from "../attach/index.ts";
import { attachEndpoint } from "../attach/node/index.ts";
import { createMachine } from "../index.ts";
import { findChanges, makeChanges } from "./changes.ts";
import { toDot, toMermaid } from "./graph.ts";
import { createLab } from "./index.ts";
import { readLabFile } from "./lab-file.ts";
import { declarePlan } from "./plan.ts";
import { RunningPrograms } from "./running-programs.ts";

const test = base.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads what a fixture needs from its first argument
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "uveth-outside-"));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

/** A machine that stands for a virtual one: one device, with the address 10.0.0.9, whose wire `join` leads somewhere. */
async function elsewhere() {
  const machine = createMachine(realTime());
  const netns = await machine.netns("vm");
  const tap = netns.tap({ name: "eth0" });
  await netns.link.set("eth0", { isUp: true });
  await netns.addr.add("10.0.0.9/24", { dev: "eth0" });
  return { machine, netns, tap };
}

test("pings cross an endpoint, are late by the link's delay, and not at all across a partition", async ({
  folder,
}) => {
  const path = join(folder, "vm.sock");
  const lab = createLab({ seed: 1 });
  const { machine, netns, tap } = await elsewhere();
  try {
    const [h1, h2] = lab.hosts("h1", "h2");
    const [s1, vm] = [lab.switch("s1"), lab.outside("vm", `listen:${path}`)];
    for (const host of [h1, h2]) if (host !== undefined) lab.link(host, s1);
    const wire = lab.link(vm, s1);
    await lab.start();
    await attachEndpoint(tap, `connect:${path}`);
    const answers = async (): Promise<number> => (await netns.ping("10.0.0.1", { timeoutMs: 300 })).received;
    await expect.poll(answers, { timeout: 5_000 }).toBe(1);
    expect((await lab.pingAll()).lost).toEqual([]);
    await wire.netem({ delay: "30ms" });
    const { rttNs } = await netns.ping("10.0.0.1");
    expect(rttNs[0]).toBeGreaterThanOrEqual(60e6);
    await wire.netem(null);
    const cut = await lab.partition([vm], ["h1"]);
    expect(await answers()).toBe(0);
    expect((await netns.ping("10.0.0.2")).received).toBe(1);
    await cut.heal();
    expect(await answers()).toBe(1);
  } finally {
    await lab.close();
    machine.close();
  }
  await expect.poll(() => existsSync(path)).toBe(false);
});

test("a channel of messages leads out as an endpoint does", async () => {
  const { port1, port2 } = new MessageChannel();
  const lab = createLab({ seed: 1 });
  const { machine, netns, tap } = await elsewhere();
  try {
    lab.link(lab.host("h1"), lab.outside("page", port1), { delay: "10ms" });
    await lab.start();
    attachChannel(tap, port2);
    const { received, rttNs } = await netns.ping("10.0.0.1");
    expect(received).toBe(1);
    expect(rttNs[0]).toBeGreaterThanOrEqual(20e6);
  } finally {
    await lab.close();
    machine.close();
    port1.close();
  }
});

test("a file says where wires lead, a changed file leads them elsewhere", async ({ folder }) => {
  const text = (socket: string) => `name: out
hosts: [h1]
outside:
  vm: listen:${join(folder, socket)}
  far: { endpoint: "udp:19513,127.0.0.1:19514", mtu: 1400 }
links: [h1 - vm, h1 - far]
`;
  writeFileSync(join(folder, "lab.yml"), text("a.sock"));
  const plan = readLabFile(text("a.sock"), "lab.yml");
  expect(toMermaid(plan)).toContain('  vm[/"vm"/]\n');
  expect(toDot(plan)).toContain('  "vm" [shape=parallelogram];\n');
  const lab = createLab({ seed: 1 });
  try {
    declarePlan(lab, plan);
    await lab.start();
    const out0 = (await lab.node("far").netns.link.list()).find(({ ifname }) => ifname === "out0");
    expect(out0).toMatchObject({ mtu: 1400, ifalias: "udp:19513,127.0.0.1:19514" });
    const programs = new RunningPrograms(lab);
    expect(await findChanges(lab, programs, plan)).toEqual([]);
    const changes = await findChanges(lab, programs, readLabFile(text("b.sock"), "lab.yml"));
    expect(changes.map((change) => change.text)).toEqual([
      "- link h1-vm",
      "- outside vm",
      "+ outside vm",
      "+ link h1-vm: h1 ── vm",
    ]);
    await makeChanges(changes);
    await expect
      .poll(() => [existsSync(join(folder, "a.sock")), existsSync(join(folder, "b.sock"))])
      .toEqual([false, true]);
  } finally {
    await lab.close();
  }
});

test("what cannot be joined is refused, with its name or its place", async ({ folder }) => {
  const file = (outside: string) => () => readLabFile(`outside: ${outside}`, "lab.yml");
  expect(file("{ vm: foo }")).toThrow('lab.yml:1:16: "foo" is no endpoint: it begins with listen:, connect:');
  expect(file("{ vm: { mtu: 9000 } }")).toThrow("an endpoint is a text");
  expect(file("[vm]")).toThrow("outside is a mapping of names to endpoints");
  const still = createLab({ time: "virtual" });
  expect(() => still.outside("vm", "listen:5000")).toThrow("what is outside takes real time");
  await still.close();
  const lab = createLab();
  lab.outside("sw", `vde:${folder}`);
  await expect(lab.start()).rejects.toThrow(`Cannot join "sw": There is no vde_switch in ${folder}`);
  await lab.close();
});

test("the schema knows outside nodes", () => {
  expect(
    schemaErrors(schema, { outside: { vm: "listen:5000", far: { endpoint: "vde:/x", mtu: 9000 } } }),
  ).toEqual([]);
  expect(schemaErrors(schema, { outside: { far: { mtu: 9000 } } })).not.toEqual([]);
});
