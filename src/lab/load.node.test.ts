// What: labs are read from files of our own, from containerlab's and from Kathará's folders, and what cannot be followed is said.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { schemaErrors } from "../../test/json-schema.ts";
import { toDot, toMermaid } from "./graph.ts";
import { readContainerlab } from "./import-clab.ts";
import { readKathara } from "./import-kathara.ts";
import { createLab } from "./index.ts";
import { readLabFile } from "./lab-file.ts";
import { loadPlan } from "./load.ts";
import type { LabPlan } from "./plan.ts";
import { declarePlan } from "./plan.ts";
import { runLine } from "./prompt.ts";
import { YamlText } from "./yaml-text.ts";

const folder = fileURLToPath(new URL("../../test/fixtures/labs/", import.meta.url));

test("a file of our own becomes a lab, whose prompt pings, breaks and heals", async () => {
  const plan = loadPlan(`${folder}demo.yml`, {});
  expect(plan).toMatchObject({ name: "demo", seed: 7, notes: [] });
  const lab = createLab({ seed: 7, time: "virtual" });
  declarePlan(lab, plan);
  await lab.start();
  expect(await runLine(lab, "pingall")).toBe("12 of 12 answered\n");
  expect(await runLine(lab, "h1 ping h2")).toMatch(/^h1 → h2: 100\.\d{3} ms\n$/);
  expect(await runLine(lab, "links")).toContain(
    "h2-s1                h2:eth0 ── s1:eth1  delay 50ms, loss 1%",
  );
  await runLine(lab, "partition h1 | h2,h3");
  expect(await runLine(lab, "h1 ping h2")).toBe("h1 → h2: no answer\n");
  await runLine(lab, "heal");
  await runLine(lab, "netem h1-s1 delay=30ms");
  expect(await runLine(lab, "h1 ping h2")).toMatch(/^h1 → h2: 60\.\d{3} ms\n$/);
  await expect(runLine(lab, "netem h1-s1 delay=30parsecs")).rejects.toThrow(
    'Cannot read the time "30parsecs"',
  );
  await expect(runLine(lab, "nope")).rejects.toThrow('neither a command nor a node "nope"');
  await lab.close();
});

test("containerlab's nodes and links are taken over, and the rest is named", () => {
  expect(loadPlan(`${folder}two.clab.yml`, {})).toEqual({
    name: "two",
    nodes: [
      { name: "a", kind: "host", run: [] },
      { name: "b", kind: "router", run: [] },
      { name: "br", kind: "switch", run: [] },
    ],
    links: [
      { a: "a", b: "b", options: { mtu: 9500, interfaces: ["eth1", "e1-1"] } },
      { a: "a", b: "br", options: { mtu: 9500, interfaces: ["eth2", "eth1"] } },
    ],
    notes: [
      "a: image not followed",
      "b: image not followed",
      "b: kind nokia_srlinux needs an image; it is a router here",
      "links[2]: leads out of the lab and is left out",
    ],
  });
});

test("Kathará's collision domains of two are links, larger ones switches", () => {
  const { nodes, links, notes } = loadPlan(`${folder}kathara`, {});
  expect(nodes.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    "router r1",
    "router pc1",
    "router pc2",
    "router pc3",
    "switch lan-A",
  ]);
  expect(links.map(({ a, b }) => `${a} ${b}`)).toEqual(["r1 lan-A", "pc1 lan-A", "pc2 lan-A", "r1 pc3"]);
  expect(notes).toEqual(["LAB_NAME is not followed", "pc3: image is not followed"]);
});

/** Reads a containerlab topology that is written here. */
function readClab(topology: string): LabPlan {
  return readContainerlab(`name: x\ntopology:\n${topology.replace(/^/gm, "  ")}`, "x.clab.yml", {
    IMAGE: "a:1",
  });
}

test("containerlab's kinds, groups, defaults, merge keys, and both forms of links are followed", () => {
  const { nodes, links, notes } = readClab(`
defaults: { kind: linux, exec: [ip link] }
kinds: { ceos: { image: "\${IMAGE}" } }
groups: { spine: { kind: ceos, exec: [] } }
nodes:
  c1: &client { binds: ["a:/b"], exec: [ip addr] }
  c2: { <<: *client }
  s1: { group: spine }
links:
  - { endpoints: ["c1:eth1", "s1:ethernet-1/1"], ipv4: [10.1.0.1/24, ""], labels: { a: b } }
  - type: veth
    mtu: 1500
    endpoints:
      - { node: c2, interface: eth1, mac: "02:00:00:00:00:01", ipv4: 10.2.0.1/24, ipv6: "fd00::1/64" }
      - { node: s1, interface: eth2 }
  - { type: vxlan, endpoint: { node: c1, interface: eth9 }, remote: 10.0.0.9, vni: 7 }
  - endpoints: ["c1:eth3", "mgmt-net:c1"]`);
  expect(nodes).toEqual([
    { name: "c1", kind: "host", run: ["ip addr"] },
    { name: "c2", kind: "host", run: ["ip addr"] },
    { name: "s1", kind: "router", run: [] },
  ]);
  expect(links).toEqual([
    {
      a: "c1",
      b: "s1",
      options: { mtu: 9500, interfaces: ["eth1", undefined], addresses: [["10.1.0.1/24"], []] },
    },
    {
      a: "c2",
      b: "s1",
      options: { mtu: 1500, interfaces: ["eth1", "eth2"], addresses: [["10.2.0.1/24", "fd00::1/64"], []] },
    },
  ]);
  expect(notes).toEqual([
    "c1: binds not followed",
    "c2: binds not followed",
    "s1: image not followed",
    "s1: kind ceos needs an image; it is a router here",
    "links[0]: labels not followed",
    'links[0]: "ethernet-1/1" of s1 is no name on Linux; it is the next of eth0, eth1, …',
    "links[1].endpoints[0]: mac not followed",
    "links[2]: type vxlan is left out",
    "links[3]: leads out of the lab and is left out",
  ]);
});

test("a containerlab link to a node that is not there is an error where it stands", () => {
  expect(() => readClab('nodes: { a: }\nlinks:\n  - endpoints: ["a:eth1", "b:eth1"]')).toThrow(
    'x.clab.yml:5:29: there is no node "b"',
  );
});

test("interfaces have the names and numbers of their files, in whatever order the lines stand", async () => {
  const plan = readKathara(
    'LAB_AUTHOR="me"\nr[1]=B\nr[0]="A" # later\na[2]=A\nb[0]=B/02:00:00:00:00:01\nb[ipv6]=false\n',
    "k",
    { startup: new Map([["c", "true"]]), others: ["lab.dep"] },
  );
  expect(plan.notes).toEqual([
    "LAB_AUTHOR is not followed",
    "b: the hardware address of eth0 is the lab's own",
    "b: ipv6 is not followed",
    'c.startup is not followed: lab.conf has no "c"',
    "lab.dep is not followed",
  ]);
  const lab = createLab({ seed: 1, time: "virtual" });
  declarePlan(lab, plan);
  expect((await lab.pingAll()).lost).toEqual([]);
  expect(lab.links.map(({ name, a, b }) => `${name} ${a.ifname} ${b.ifname}`)).toEqual([
    "B eth1 eth0",
    "A eth0 eth2",
  ]);
  await expect(lab.get("a").netns.link.get("eth2")).resolves.toBeDefined();
  await expect(lab.get("a").netns.link.get("eth0")).rejects.toMatchObject({ code: "ENODEV" });
  await lab.close();
});

test("a drawing has every node and link", () => {
  const plan = loadPlan(`${folder}demo.yml`, {});
  expect(toMermaid(plan).split("\n")).toContain('  h2 ---|"50ms loss 1%"| s1');
  expect(toDot(plan).split("\n")).toContain('  "r" -- "h3" [label="3g"];');
});

test("Graphviz reads a drawing, whatever nodes are called", ({ skip }) => {
  const text = `name: 'od"d \\ lab'
hosts: { end: , a.b: , a-b: , graph: }
switches: [node, s1]
outside: { vm: "listen:5001" }
links: [{ between: [end, s1], delay: 50ms, loss: { p: 1%, r: 10% } }, a.b - s1, a-b - node, vm - graph]
`;
  const dot = toDot(readLabFile(text, "odd.yml"));
  const { error, status, stderr, stdout } = spawnSync("dot", ["-Tplain"], { input: dot, encoding: "utf8" });
  if (error !== undefined) skip("dot is not installed");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const lines = stdout.split("\n").map((line) => line.split(" "));
  const nodes = lines.filter(([what]) => what === "node").map(([, name]) => name?.replaceAll('"', ""));
  expect(nodes.sort()).toEqual(["a-b", "a.b", "end", "graph", "node", "s1", "vm"]);
  expect(lines.filter(([what]) => what === "edge")).toHaveLength(4);
});

test("a drawing keeps nodes apart whose names differ in a sign, and is no program of Mermaid's", () => {
  const plan = readLabFile(
    "hosts: [a-b, a_b, end]\nlinks:\n  - a-b - a_b\n  - { between: [end, a-b], loss: { p: 1% } }",
    "x.yml",
  );
  expect(toMermaid(plan).split("\n")).toEqual([
    "graph LR",
    '  a_b["a-b"]',
    '  a_b_2["a_b"]',
    '  end_2["end"]',
    "  a_b --- a_b_2",
    '  end_2 ---|"loss {#quot;p#quot;:#quot;1%#quot;}"| a_b',
    "",
  ]);
});

const two = "hosts: [h1, h2]\nlinks:\n";

test.each([
  ["hosts: [h1", "x.yml:1:11: Flow sequence"],
  ["hosts: [h1]\nhosts: [h2]", "x.yml:2:1: Map keys must be unique"],
  ["hosts: [*who]", "x.yml:1:9: Unresolved alias"],
  ["- h1", "x.yml:1:1: a lab is a mapping"],
  ["", "x.yml:1:1: a lab is a mapping"],
  [
    "host: [h1]",
    'x.yml:1:1: there is no "host", only name, seed, ipv6, hosts, routers, switches, outside, links',
  ],
  ["name: a\nseed: seven", 'x.yml:2:7: seed is a whole number, not "seven"'],
  ["hosts: { h1: { runs: a } }", 'x.yml:1:16: there is no "runs", only run'],
  ["hosts: [h1]\nrouters:\n  - h1", 'x.yml:3:5: there is a node "h1" already'],
  ["hosts:\n  h/1:", 'x.yml:2:3: "h/1" names no node'],
  ["switches: { s: { run: date } }", 'x.yml:1:18: there is no "run", only stp'],
  ["links: [h1]", 'x.yml:1:9: write "h1 - h2", not "h1"'],
  ["hosts: [h1]\nlinks:\n  - h1 - h9", 'x.yml:3:5: there is no node "h9"'],
  ["hosts: [h1]\nlinks:\n  - h1 - h1", 'x.yml:3:5: a link leads from "h1" to another node'],
  [`${two}  - { between: [h1, h3] }`, 'x.yml:3:21: there is no node "h3"'],
  [`${two}  - { between: [h1, h2], dealy: 5ms }`, 'x.yml:3:26: there is no "dealy", only between, name, mtu'],
  [`${two}  - { between: [h1, h2], seed: 5 }`, 'x.yml:3:26: there is no "seed"'],
  [`${two}  - between: [h1, h2]\n    delay: soon`, 'x.yml:4:12: Cannot read the time "soon"'],
  [`${two}  - { between: [h1, h2], reorder: 5% }`, 'x.yml:3:35: "reorder" does nothing without "delay"'],
  [`${two}  - { between: [h1, h2], preset: 6g }`, 'x.yml:3:34: There is no preset "6g": gprs'],
  [
    `${two}  - { between: [h1, h2], direction: up }`,
    "x.yml:3:37: direction is one of both, to, from, h1, h2",
  ],
  [`${two}  - { between: [h1, h2], interfaces: [a b, c] }`, "x.yml:3:39: an interface's name"],
  [`${two}  - { between: [h1, h2], addresses: [[10.0.0.300/24], []] }`, "x.yml:3:39: an address is"],
])("%j is refused", (text, message) => {
  expect(() => readLabFile(text, "x.yml")).toThrow(message);
});

test("the schema for editors knows the same words", () => {
  const schema: unknown = JSON.parse(
    readFileSync(new URL("../../schemas/lab.schema.json", import.meta.url), "utf8"),
  );
  expect(schema).toMatchObject({ properties: { links: { items: { anyOf: [{}, { properties: {} }] } } } });
  const demo: unknown = new YamlText(readFileSync(`${folder}demo.yml`, "utf8"), "demo.yml").value;
  expect(schemaErrors(schema, demo)).toEqual([]);
  expect(schemaErrors(schema, { hosts: ["a"], links: [{ between: ["a"] }] })).not.toEqual([]);
  const text = JSON.stringify(schema);
  for (const key of [
    "delay",
    "jitter",
    "loss",
    "duplicate",
    "corrupt",
    "reorder",
    "gap",
    "rate",
    "preset",
    "run",
    "stp",
  ]) {
    expect(text).toContain(`"${key}"`);
  }
});
