// What: a lab that runs becomes what its file says now: what differs, and nothing else; all of it, or nothing.
//
//   h1 ── s1 ── h2      and whatever the plans add
//
// Source: containerlab's apply (a running lab is made to match its edited file), in steps that can be taken back.

import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { leaks } from "../testkit/index.ts";
import { findChanges, makeChanges } from "./changes.ts";
import { createLab, type Lab, type LabNode } from "./index.ts";
import { readLabFile } from "./lab-file.ts";
import { declarePlan } from "./plan.ts";
import type { ProgramRunner } from "./programs.ts";
import { RunningPrograms } from "./running-programs.ts";

const first = `
hosts: { h1: , h2: { run: [one, two] } }
switches: [s1]
links:
  - h1 - s1
  - { between: [h2, s1], delay: 10ms }
`;

/** Programs that exist in name only; a line that says "refuse" cannot be started. */
class FakePrograms implements ProgramRunner {
  readonly log: string[] = [];

  async spawn(netns: string, argv: readonly string[]): Promise<ChildProcess> {
    const line = argv.at(-1) ?? "";
    if (line.includes("refuse")) throw new Error(`no ${line}`);
    this.log.push(`${netns}: ${line}`);
    // As far as anybody looks at it: one that has ended.
    return Object.assign(new EventEmitter(), { exitCode: 0, signalCode: null }) as unknown as ChildProcess;
  }

  nativeOf(): undefined {}

  async end(netns: string): Promise<void> {
    this.log.push(`${netns}: ended`);
  }

  async close(): Promise<void> {}
}

interface Running {
  readonly lab: Lab;
  readonly log: string[];
  apply(text: string): Promise<string[]>;
}

async function running(body: (running: Running) => Promise<void>): Promise<void> {
  const runner = new FakePrograms();
  const lab = createLab({ seed: 1, programs: runner });
  const programs = new RunningPrograms(lab);
  const plan = readLabFile(first, "first.yml");
  declarePlan(lab, plan);
  await lab.start();
  for (const { name, run } of plan.nodes) for (const line of run) await programs.start(name, line);
  runner.log.splice(0);
  try {
    await body({
      lab,
      log: runner.log,
      async apply(text) {
        const changes = await findChanges(lab, programs, readLabFile(text, "next.yml"));
        await makeChanges(changes);
        return changes.map((change) => change.text);
      },
    });
  } finally {
    await lab.close();
  }
  expect(leaks(lab.machine)).toEqual([]);
}

function endState({ ifname, mac, addresses }: LabNode["ends"][number]): object {
  return { ifname, mac, addresses };
}

/** All that a lab is, as its users see it. */
async function stateOf(lab: Lab): Promise<object> {
  const nodes: { readonly name: string; readonly [more: string]: unknown }[] = [];
  for (const { name, kind, netns, ends } of lab.nodes.values()) {
    const links = (await netns.link.list()).map(({ ifname, address, mtu, flags }) => ({
      ifname,
      address,
      mtu,
      flags,
    }));
    const routes = (await netns.route.list()).map(({ dst, via }) => `${dst} ${via}`);
    nodes.push({
      name,
      kind,
      ends: ends.map(endState),
      links: links.sort((one, other) => (one.ifname ?? "").localeCompare(other.ifname ?? "")),
      routes: routes.sort(),
    });
  }
  const wires = lab.links.map(({ name, options, a, b }) => ({ name, options, faults: [a.faults, b.faults] }));
  return { nodes: nodes.sort((one, other) => one.name.localeCompare(other.name)), wires };
}

test("what does not differ is left alone", () =>
  running(async ({ lab, log, apply }) => {
    const before = await stateOf(lab);
    expect(await apply(first)).toEqual([]);
    expect([await stateOf(lab), log]).toEqual([before, []]);
  }));

test("hosts, links, faults and programs come, change and go, while a connection lasts", () =>
  running(async ({ lab, log, apply }) => {
    const listener = lab.get("h2").listen({ port: 80 });
    const client = await lab.get("h1").connect({ host: "h2", port: 80 });
    const server = await listener.accept();
    const changes = await apply(
      `
hosts: { h1: , h2: { run: [two, three] }, h3: { run: four } }
switches: [s1, { s2: { stp: true } }]
links:
  - h1 - s1
  - { between: [h2, s1], delay: 20ms, mtu: 1400 }
  - h3 - s1
`.replace("[s1, { s2: { stp: true } }]", "{ s1: , s2: { stp: true } }"),
    );
    expect(changes).toEqual([
      "+ host h3",
      "+ switch s2",
      "+ link h3-s1: h3 ── s1",
      '~ link h2-s1: delay "20ms", mtu 1400',
      "+ program in h2: three",
      "+ program in h3: four",
      "- program in h2: one",
    ]);
    expect(log).toEqual(["h2: three", "h3: four"]);
    await client.write(Uint8Array.of(7));
    expect(await server?.read()).toEqual(Uint8Array.of(7));
    expect((await lab.pingAll()).lost).toEqual([]);
    expect((await lab.get("h1").ping("h2")).rttNs[0]).toBeGreaterThanOrEqual(40_000_000);
    expect((await lab.get("h2").netns.link.get("eth0")).mtu).toBe(1400);
    client.close();
    server?.close();
    listener.close();
    expect(await apply(first)).toEqual([
      "- link h3-s1",
      '~ link h2-s1: delay "10ms"',
      "+ program in h2: one",
      "- program in h2: three",
      "- host h3",
      "- switch s2",
    ]);
    expect(lab.machine.netnsNames().sort()).toEqual(["h1", "h2", "s1"]);
  }));

test("what was broken by hand is mended, and a host that becomes a router is made anew", () =>
  running(async ({ lab, apply }) => {
    const before = await stateOf(lab);
    await lab.links[0]?.netem({ loss: "100%" });
    await lab.links[1]?.down();
    expect(await apply(first)).toEqual(["~ link h1-s1: no faults", '~ link h2-s1: up delay "10ms"']);
    expect(await stateOf(lab)).toEqual(before);
    expect(await apply(first.replace("hosts: { h1: ,", "routers: [h1]\nhosts: {"))).toEqual([
      "- link h1-s1",
      "- host h1",
      "+ router h1",
      "+ link h1-s1: h1 ── s1",
    ]);
    expect(await lab.get("h1").netns.getSysctl("net.ipv4.ip_forward")).toBe("1");
    expect((await lab.pingAll()).lost).toEqual([]);
  }));

test.each([
  [
    "a program that cannot be started",
    "hosts: { h3: { run: refuse }, h2: }\nswitches: [s2]\nlinks: [h3 - s2, h2 - s2]",
    "no refuse",
  ],
  [
    "a size that no device can have",
    "hosts: [h1, h2, h3]\nlinks: [h1 - h3, { between: [h2, h3], mtu: 10 }]",
    "",
  ],
  [
    "an address that is none",
    "hosts: [h1, h2]\nlinks: [{ between: [h1, h2], addresses: [[10.0.0.300/24], []] }]",
    "300",
  ],
  ["a delay that is none", "hosts: [h1, h2]\nlinks: [{ between: [h1, h2], delay: soon }]", "soon"],
  ["a link to nowhere", "hosts: [h1, h2]\nlinks: [h1 - h9]", "h9"],
])("%s leaves the lab as it was", (_, text, message) =>
  running(async ({ lab, log, apply }) => {
    await lab.links[0]?.netem({ delay: "3ms" });
    await lab.pingAll();
    const before = await stateOf(lab);
    await expect(apply(text)).rejects.toThrow(message);
    expect(await stateOf(lab)).toEqual(before);
    expect(log.filter((line) => !line.endsWith("ended"))).toEqual([]);
    expect((await lab.pingAll()).lost).toEqual([]);
  }),
);
