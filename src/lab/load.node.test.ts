// What: labs are read from files of our own, from containerlab's and from Kathará's folders, and what cannot be followed is said.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { toDot, toMermaid } from "./graph.ts";
import { createLab } from "./index.ts";
import { readLabFile } from "./lab-file.ts";
import { loadPlan } from "./load.ts";
import { declarePlan } from "./plan.ts";
import { runLine } from "./prompt.ts";

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
      { a: "a", b: "b", options: { mtu: 9500 } },
      { a: "a", b: "br", options: { mtu: 9500 } },
    ],
    notes: [
      "a: image not followed",
      "b: image not followed",
      "b: kind nokia_srlinux needs an image; it is a router here",
      "links[0]: interfaces are named eth0, eth1, … by the order of links",
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
  expect(notes).toEqual(["pc3: image is not followed"]);
});

test("a drawing has every node and link", () => {
  const plan = loadPlan(`${folder}demo.yml`, {});
  expect(toMermaid(plan).split("\n")).toContain('  h2 ---|"50ms loss 1%"| s1');
  expect(toDot(plan).split("\n")).toContain('  "r" -- "h3" [label="3g"];');
});

test.each([
  ["hosts: [h1", "x.yml:1: "],
  ["host: [h1]", 'x.yml: there is no "host", only name, seed, ipv6, hosts, routers, switches, links'],
  ["hosts: { h1: { runs: a } }", 'x.yml: hosts.h1: there is no "runs"'],
  ["links: [h1]", 'x.yml: links[0]: write "h1 - h2"'],
  ["links: [{ between: [h1, h2], dealy: 5ms }]", 'x.yml: links[0]: there is no "dealy"'],
])("%j is refused", (text, message) => {
  expect(() => readLabFile(text, "x.yml")).toThrow(message);
});

test("the schema for editors knows the same words", () => {
  const schema: unknown = JSON.parse(
    readFileSync(new URL("../../schemas/lab.schema.json", import.meta.url), "utf8"),
  );
  expect(schema).toMatchObject({ properties: { links: { items: { anyOf: [{}, { properties: {} }] } } } });
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
