// Runs cases on both sides, and cuts one that differs down to what it takes to differ.

import { checksum } from "../../src/bytes/checksum.ts";
import { getBe16 } from "../../src/bytes/endian.ts";
import { describe as describeFrame } from "../../src/wire/describe.ts";
import type { Case, Topology } from "./case.ts";
import { placesOf } from "./case.ts";
import type { Heard, Outcome, Side } from "./side.ts";
import { runCase } from "./side.ts";

/** The kernel may have to be given time, when it leaves work to another thread. */
const patiencesMs = [0, 2, 20];

/** The two sides. */
export interface Sides {
  readonly kernel: Side;
  readonly uveth: Side;
}

/** Runs a case; undefined when both sides heard the same, else what each heard. */
export async function differenceOf(
  sides: Sides,
  each: Case,
): Promise<{ kernel: Outcome; uveth: Outcome } | undefined> {
  const uveth = await runCase(sides.uveth, each, 0);
  let kernel: Outcome = { heard: [], groups: [] };
  for (const patience of patiencesMs) {
    kernel = await runCase(sides.kernel, each, patience);
    if (textOf(kernel) === textOf(uveth)) return undefined;
  }
  return { kernel, uveth };
}

/** Takes away frames, ports' settings and entries as long as the case still differs. */
export async function shrink(sides: Sides, each: Case): Promise<Case> {
  let smallest = each;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smallerThan(smallest)) {
      if ((await differenceOf(sides, candidate)) === undefined) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* smallerThan(each: Case): Generator<Case> {
  for (const index of each.frames.keys()) yield { ...each, frames: without(each.frames, index) };
  const { topology } = each;
  if (topology.kind === "ifb") {
    for (const index of topology.filters.keys())
      yield { ...each, topology: { ...topology, filters: without(topology.filters, index) } };
  }
  if (topology.kind === "vxlan") {
    for (const index of topology.settings.keys())
      yield { ...each, topology: { ...topology, settings: without(topology.settings, index) } };
    for (const index of topology.entries.keys())
      yield { ...each, topology: { ...topology, entries: without(topology.entries, index) } };
  }
  if (topology.kind !== "bridge") return;
  const withBridge = (change: Partial<Extract<Topology, { kind: "bridge" }>>): Case => ({
    ...each,
    topology: { ...topology, ...change },
  });
  for (const index of topology.settings.keys())
    yield withBridge({ settings: without(topology.settings, index) });
  for (const index of topology.entries.keys())
    yield withBridge({ entries: without(topology.entries, index) });
  for (const index of topology.lateSettings.keys())
    yield withBridge({ lateSettings: without(topology.lateSettings, index) });
  for (const index of topology.neighbours.keys())
    yield withBridge({ neighbours: without(topology.neighbours, index) });
  if (topology.hasAddress) yield withBridge({ hasAddress: false });
  if (topology.isPromiscuous) yield withBridge({ isPromiscuous: false });
  for (const [index, port] of topology.ports.entries()) {
    for (const setting of port.settings.keys()) {
      const ports = [...topology.ports];
      ports[index] = { ...port, settings: without(port.settings, setting) };
      yield withBridge({ ports });
    }
  }
}

function without<Item>(items: readonly Item[], index: number): Item[] {
  return items.filter((_, at) => at !== index);
}

/** What was heard, in an order that does not depend on the sides: by place, then in the order of arrival. */
function textOf(outcome: Outcome): string {
  const frames = outcome.heard.map((heard) => heard.map(keyOf).join(" "));
  return [...frames, ...outcome.groups].join("\n");
}

function keyOf({ place, tag, bytes }: Heard): string {
  return `${place}:${tag}:${Buffer.from(withoutIdentification(bytes)).toString("hex")}`;
}

/** A tunnel's packets are numbered from chance on: neither that nor the checksum over it can be the same. */
function withoutIdentification(bytes: Uint8Array): Uint8Array {
  const isTunnelled = bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 17 && getBe16(bytes, 36) === 4_789;
  if (!isTunnelled || checksum(bytes, 14, 34) !== 0) return bytes;
  const masked = bytes.slice();
  masked.fill(0, 18, 20).fill(0, 24, 26);
  // The answer of ARP to a tunnelled question is sent without DF, whatever the device says: its metadata are the question's.
  if (getBe16(bytes, 62) === 0x0806 && getBe16(bytes, 70) === 2) masked.fill(0, 20, 22);
  return masked;
}

/** A case and what was heard after each of its frames on either side, decoded. */
export function report(each: Case, { kernel, uveth }: { kernel: Outcome; uveth: Outcome }): string {
  const places = placesOf(each.topology);
  const lines = [`seed ${each.seed}: ${JSON.stringify(each.topology)}`];
  for (const [index, { place, bytes }] of each.frames.entries()) {
    lines.push(`> ${places[place]?.name}: ${lineOf(bytes, 0)}`);
    lines.push(
      ...listOf("kernel", kernel.heard[index] ?? [], places),
      ...listOf("uveth", uveth.heard[index] ?? [], places),
    );
  }
  if (kernel.groups.join() !== uveth.groups.join()) {
    lines.push(...kernel.groups.map((group) => `    kernel ${group}`));
    lines.push(...uveth.groups.map((group) => `    uveth  ${group}`));
  }
  return lines.join("\n");
}

function listOf(side: string, heard: readonly Heard[], places: readonly { name: string }[]): string[] {
  return heard.map(
    ({ place, tag, bytes }) => `    ${side.padEnd(6)} ${places[place]?.name}: ${lineOf(bytes, tag)}`,
  );
}

function lineOf(bytes: Uint8Array, tag: number): string {
  const beside = tag === 0 ? "" : `[tag ${tag.toString(16)}] `;
  return `${beside}${describeFrame(bytes, 0, bytes.length, { linkLevel: true })} (${bytes.length} B)`;
}
