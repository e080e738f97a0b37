// Whether what is said of a wire can be: words that netem does not have, values that are none, and options that do nothing
// without another one, as tc(8) refuses them. A fault that silently does nothing is worse than none.

import type { NetemOptions } from "./netem-options.ts";
import { bytesPerSecond, chance, nanoseconds } from "./units.ts";

const u32Max = 0xffff_ffff;
const s32Max = 0x7fff_ffff;
const distributions: readonly unknown[] = ["uniform", "normal", "pareto", "paretonormal"];

/** What cannot be, and the option that says so. */
export interface NetemComplaint {
  readonly key: string;
  readonly text: string;
}

/** Throws a RangeError that says what its value should have been. */
type Check = (value: unknown, key: string) => void;

const time: Check = (value) => void nanoseconds(isText(value) ? value : String(value));
const share: Check = (value) => void chance(isText(value) ? value : String(value));
const rate: Check = (value) => void bytesPerSecond(isText(value) ? value : String(value));

function isText(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function whole(least: number, most: number): Check {
  return (value, key) => {
    if (!(Number.isInteger(value) && Number(value) >= least && Number(value) <= most))
      throw new RangeError(
        `Cannot use ${shown(value)} as ${key}: it is a whole number from ${least} to ${most}`,
      );
  };
}

const flag: Check = (value, key) => {
  if (typeof value !== "boolean")
    throw new RangeError(`Cannot use ${shown(value)} as ${key}: it is true or false`);
};

/** A mapping with these keys and no others, the first of which must be there. */
function mapping(checks: Readonly<Record<string, Check>>): Check {
  return (value, key) => {
    const [first = ""] = Object.keys(checks);
    if (typeof value !== "object" || value === null || !(first in value))
      throw new RangeError(`Cannot use ${shown(value)} as ${key}: it has "${first}"`);
    for (const [name, said] of Object.entries(value)) {
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (check === undefined)
        throw new RangeError(`There is no "${name}" in ${key}, only ${Object.keys(checks).join(", ")}`);
      if (said !== undefined) check(said, `${key}.${name}`);
    }
  };
}

const correlated = mapping({ probability: share, correlation: share });
const byState = mapping({ p13: share, p31: share, p32: share, p23: share, p14: share });
const byGilbertElliott = mapping({ p: share, r: share, h: share, k: share });

const chances: Check = (value, key) => (typeof value === "object" ? correlated : share)(value, key);

const losses: Check = (value, key) => {
  const isModel = typeof value === "object" && value !== null;
  if (isModel && "p13" in value) byState(value, key);
  else if (isModel && "p" in value) byGilbertElliott(value, key);
  else chances(value, key);
};

const CHECKS = {
  delay: time,
  jitter: time,
  delayCorrelation: share,
  distribution(value, key) {
    if (!distributions.includes(value))
      throw new RangeError(`There is no ${key} ${shown(value)}, only ${distributions.join(", ")}`);
  },
  loss: losses,
  ecn: flag,
  duplicate: chances,
  corrupt: chances,
  reorder: chances,
  gap: whole(0, u32Max),
  rate,
  packetOverhead: whole(-s32Max, s32Max),
  cellSize: whole(0, u32Max),
  cellOverhead: whole(-s32Max, s32Max),
  slot: mapping({ min: time, max: time, packets: whole(0, s32Max), bytes: whole(0, s32Max) }),
  limit: whole(0, u32Max),
  seed(value, key) {
    if (typeof value !== "bigint") whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)(value, key);
  },
  perSegment: flag,
} as const satisfies Readonly<Record<keyof NetemOptions, Check>>;
const byName: ReadonlyMap<string, Check> = new Map(Object.entries(CHECKS));

/** The words there are. */
export const netemWords: readonly string[] = [...byName.keys()];

/** What does nothing unless one of the others is there. */
const TAKES: readonly (readonly [option: keyof NetemOptions, needed: keyof NetemOptions])[] = [
  ["delayCorrelation", "jitter"],
  ["distribution", "jitter"],
  ["ecn", "loss"],
  ["reorder", "delay"],
  ["gap", "delay"],
  ["packetOverhead", "rate"],
  ["cellSize", "rate"],
  ["cellOverhead", "cellSize"],
];

/** What of `options` cannot be, the first of it; undefined when all can. */
export function netemComplaint(options: NetemOptions): NetemComplaint | undefined {
  for (const [key, value] of Object.entries(options)) {
    const check = byName.get(key);
    if (check === undefined)
      return { key, text: `There is no "${key}" for a wire, only ${netemWords.join(", ")}` };
    if (value === undefined) continue;
    try {
      check(value, key);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { key, text: error.message };
    }
  }
  for (const [key, needed] of TAKES) {
    if (options[key] !== undefined && options[key] !== false && options[needed] === undefined)
      return { key, text: `"${key}" does nothing without "${needed}"` };
  }
  return undefined;
}

function shown(value: unknown): string {
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value));
}
