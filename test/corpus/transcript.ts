// What a side made of a sequence: the records that its script wrote, read back, and without what differs by right.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sequence } from "./sequence.ts";

/** What came of one line. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined for a monitor, which is ended. */
  readonly status: number | undefined;
}

/** The outcomes of a sequence's steps by their number. A step without one was not come to. */
export type Transcript = ReadonlyMap<number, Outcome>;

/** What a kernel that was built otherwise differs by; no mask for a golden sequence. */
const BUILD = "VLANs";

/**
 * All that is taken out before two sides are compared. What is random is told apart (the first one seen, the second one, …),
 * so that it must be the same thing in the same places.
 */
const MASKS: readonly (readonly [what: string, pattern: RegExp, mask: string | "number each"])[] = [
  // Ids of bridges made of addresses that nobody chose; before the addresses, which some of them look like.
  ["bridge id", /\b[0-9a-f]{4}\.(?!2:0:|0:0:)[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}\b/g, "number each"],
  // Addresses that nobody chose; those that sequences choose begin with 02:00.
  ["MAC", /\b(?!02:00|00:00:00|ff:ff|33:33|01:)[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, "number each"],
  // Link-local addresses made of these.
  ["EUI64", /\bfe80::[0-9a-f]{1,4}:[0-9a-f]{1,4}ff:fe[0-9a-f]{2}:[0-9a-f]{1,4}\b/g, "number each"],
  // How long ago a neighbour was used, until when an address or a route lasts.
  ["ages", /\bused \d+\/\d+\/\d+/g, "used A/B/C"],
  ["age", /"(used|confirmed|updated|expires)":( ?)\d+/g, '"$1":$2T'],
  ["expiry", /\b(expires) -?\d+sec/g, "$1 Tsec"],
  ["lifetime", /\b(valid_lft|preferred_lft) \d+sec/g, "$1 Tsec"],
  ["lifetime", /"(valid_life_time|preferred_life_time)":( ?)(?!4294967295)\d+/g, '"$1":$2T'],
  // For how long a bucket of a nexthop group has been idle, and the group out of balance.
  ["idle", /\b(idle_time|unbalanced_time) [\d.]+/g, "$1 T"],
  ["idle", /"(idle_time|unbalanced_time)":( ?)[\d.]+/g, '"$1":$2T'],
  // How long a neighbour counts as reachable is drawn by lot.
  ["reachable", /\b(reachable) \d+ (base_)/g, "$1 T $2"],
  ["reachable", /"(reachable)":( ?)\d+/g, '"$1":$2T'],
  // How many hold a cached route at this moment, and since when it was used.
  ["users", / (users \d+|age \d+sec)|,"(users|age)":( ?)\d+/g, ""],
  ["time", /\bboot-time\+[0-9a-z ]+/g, "boot-time+T "],
  ["time", /\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\]?/g, "TIME"],
  ["time", /^Timestamp: .*$/gm, "Timestamp"],
  // Since when a filter's action is there and was used, which is not told within the first hundredth of a second.
  ["action's age", / (installed|used|expires|firstused) \d+ sec/g, ""],
  ["action's age", /,"(installed|last_used|first_used|expires)":( ?)\d+/g, ""],
  // Bridges: timers that run, how long ago a station was heard.
  ["timer", /\b(gc_timer) +\d+\.\d\d/g, "$1 T"],
  ["timer", /\b([a-z_]+_timer) +(?! *0\.00)\d+\.\d\d/g, "$1 T"],
  ["timer", /"(gc_timer)":( ?)\d+\.\d\d/g, '"$1":$2T'],
  ["timer", /"([a-z_]+_timer)":( ?)(?!0\.00)\d+\.\d\d/g, '"$1":$2T'],
  ["ages", /\bused \d+\/\d+ /g, "used A/B "],
  ["timer", /( temp(?: [a-z ]+)?) +(?! *0\.00)\d+\.\d\d$/gm, "$1 T"],
  ["timer", /"timer":( ?)" *(?! *0\.00)\d+\.\d\d"/g, '"timer":$1"T"'],
  // Nothing but that the bridge could filter VLANs, which is a question of how a kernel is built.
  [BUILD, /vlan_protocol 802\.1Q |vlan_default_pvid 0 vlan_stats_enabled 0 vlan_stats_per_port 0 /g, ""],
  [
    BUILD,
    /"vlan_protocol":"802\.1Q",|"vlan_default_pvid":0,"vlan_stats_enabled":0,"vlan_stats_per_port":0,/g,
    "",
  ],
];

/** What the file of a golden sequence says that comes of it. */
export function goldenTranscript(sequence: Sequence): Transcript {
  const mask = masker(sequence);
  const outcomes = new Map<number, Outcome>();
  for (const [number, step] of sequence.steps.entries()) {
    if ((step.kind !== "run" && step.kind !== "monitor") || step.golden === undefined) continue;
    const { stdout, stderr, status } = step.golden;
    outcomes.set(number, { stdout: mask(stdout), stderr: mask(stderr), status });
  }
  return outcomes;
}

/** Reads what the script of a sequence wrote in `folder`. */
export function readTranscript(folder: string, sequence: Sequence): Transcript {
  const monitors = sequence.steps.flatMap(({ kind }, index) => (kind === "monitor" ? [index] : []));
  const mask = masker(sequence);
  const errors = new Map(records(folder, "stderr").map(([number, text]) => [number, text]));
  const outcomes = new Map<number, Outcome>();
  for (const [number, text] of records(folder, "stdout")) {
    const [, stdout = "", status] = /^([\s\S]*)\n%%status (\d+)\n$/.exec(text) ?? [];
    if (status === undefined) continue;
    const stderr = errors.get(number) ?? "";
    outcomes.set(number, { stdout: mask(stdout), stderr: mask(stderr), status: Number(status) });
  }
  for (const number of monitors) {
    const [record] = records(folder, `monitor.${number}`);
    if (record !== undefined)
      outcomes.set(number, { stdout: mask(record[1]), stderr: "", status: undefined });
  }
  return outcomes;
}

/** Cuts a file into its records. */
function records(folder: string, file: string): (readonly [number: number, text: string])[] {
  let text: string;
  try {
    text = readFileSync(join(folder, file), "utf8");
  } catch {
    return [];
  }
  const parts = text.split(/\n%%line (\d+)\n/);
  const found: (readonly [number, string])[] = [];
  for (let at = 1; at < parts.length; at += 2) found.push([Number(parts[at]), parts[at + 1] ?? ""]);
  return found;
}

/** A function that masks texts of one sequence. */
function masker({ isGolden }: Sequence): (text: string) => string {
  const masks = isGolden ? MASKS.filter(([what]) => what !== BUILD) : MASKS;
  const seen = new Map<string, Map<string, string>>();
  const numbered = (what: string, found: string): string => {
    const names = seen.get(what) ?? new Map<string, string>();
    seen.set(what, names);
    const name = names.get(found) ?? `<${what}${names.size + 1}>`;
    names.set(found, name);
    return name;
  };
  return (text) =>
    masks.reduce(
      (masked, [what, pattern, mask]) =>
        mask === "number each"
          ? masked.replace(pattern, (found) => numbered(what, found))
          : masked.replace(pattern, mask),
      text,
    );
}
