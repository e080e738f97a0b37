// What: whoever asks a lab for its events is told of each as schemas/events.schema.json says, and how many came too fast to read.
//
//   lab ── NAME.sock ─▶ askLab({ op: "events" }) ─▶ a line of JSON for each
//
// Source: containerlab's events --format json, one object a line.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { schemaErrors } from "../../test/json-schema.ts";
import { askLab, serveLab } from "./control.ts";
import { createLab } from "./index.ts";
import { labPlace, makeLabPlace } from "./place.ts";
import { RunningPrograms } from "./running-programs.ts";

const schema: unknown = JSON.parse(
  readFileSync(new URL("../../schemas/events.schema.json", import.meta.url), "utf8"),
);

test("events of every kind meet the schema, and those that were not read are counted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "uveth-control-"));
  const env = { XDG_RUNTIME_DIR: folder };
  const place = labPlace("events", env);
  makeLabPlace(place);
  const lab = createLab({ seed: 1, ipv6: false });
  const link = lab.link(lab.host("h1"), lab.host("h2"));
  await lab.start();
  const served = { lab, programs: new RunningPrograms(lab), place, env, ready: Promise.resolve() };
  const server = await serveLab({ ...served, down: () => lab.close() });
  const events: Readonly<Record<string, unknown>>[] = [];
  const isTold = (event: string) =>
    expect.poll(() => events.some((line) => line["event"] === event)).toBe(true);
  const reader = askLab(place, { op: "events" }, (line) => events.push(line));
  try {
    await isTold("lab");
    lab.link(lab.host("h3"), "h2");
    await lab.start();
    const socket = lab.get("h2").udp({ port: 9 });
    const cut = await lab.partition(["h1"], ["h2"]);
    await lab.get("h1").ping("h2", { timeoutMs: 20 });
    await cut.heal();
    socket.close();
    await link.down();
    await link.up();
    lab.note("h1: true: started, pid 7", "program");
    // More than may wait for a reader who is not given the time to read.
    const long = "x".repeat(10_000);
    for (let count = 0; count < 1_000; count++) lab.note(long);
    await expect.poll(() => events.filter(({ text }) => text === long).length).toBeGreaterThan(1);
    await isTold("drop");
    await expect
      .poll(() => {
        lab.note("and then");
        return events.some(({ event }) => event === "missed");
      })
      .toBe(true);
  } finally {
    await server.close();
    await reader;
    await lab.close();
    rmSync(folder, { recursive: true });
  }
  expect(events.flatMap((line) => schemaErrors(schema, line))).toEqual([]);
  expect([...new Set(events.map(({ event }) => event))].sort()).toEqual([
    "drop",
    "fault",
    "lab",
    "link",
    "missed",
    "node",
    "program",
  ]);
  const read = events.filter(({ text }) => String(text).startsWith("xxx")).length;
  expect(events.find(({ event }) => event === "missed")?.["count"]).toBe(1_000 - read);
});

test.each([
  [{ event: "link", atNs: 1 }, "has no text"],
  [{ event: "nonsense", atNs: 1, text: "" }, "is none of"],
  [{ event: "drop", atNs: 1, text: "", node: "h1", dev: "eth0" }, "has no reason"],
  [{ event: "missed", atNs: 1, count: 0 }, "is less than 1"],
  [{ event: "lab", atNs: -1, text: "" }, "is less than 0"],
  [{ event: "lab", atNs: 1, text: "", more: 1 }, "more is unknown"],
])("%j does not meet the schema", (line, reason) => {
  expect(schemaErrors(schema, line).join()).toContain(reason);
});
