// Kinds of access with human names, as other tools have them: delays are one way, rates those of the slower direction.

import type { NetemOptions } from "../index.ts";
import { LabError } from "./lab-error.ts";

/** Names of presets. */
export type Preset = keyof typeof PRESETS;

const PRESETS = {
  gprs: { delay: "250ms", jitter: "50ms", rate: "50kbit", loss: "2%" },
  edge: { delay: "150ms", jitter: "30ms", rate: "250kbit", loss: "1.5%" },
  "3g": { delay: "100ms", jitter: "20ms", rate: "1500kbit", loss: "1%" },
  "4g": { delay: "30ms", jitter: "8ms", rate: "20mbit", loss: "0.3%" },
  "5g": { delay: "8ms", jitter: "2ms", rate: "200mbit", loss: "0.1%" },
  dialup: { delay: "90ms", jitter: "10ms", rate: "40kbit", loss: "1%" },
  dsl: { delay: "20ms", jitter: "3ms", rate: "8mbit", loss: "0.1%" },
  cable: { delay: "10ms", jitter: "2ms", rate: "50mbit" },
  wifi: { delay: "3ms", jitter: "2ms", rate: "40mbit", loss: "0.2%" },
  "bad-wifi": { delay: "20ms", jitter: "15ms", rate: "5mbit", loss: "5%" },
  satellite: { delay: "300ms", jitter: "10ms", rate: "10mbit", loss: "0.5%" },
  wan: { delay: "40ms", jitter: "1ms" },
  lan: { delay: "100us", rate: "1gbit" },
} as const satisfies Readonly<Record<string, NetemOptions>>;

const byName: ReadonlyMap<string, NetemOptions> = new Map(Object.entries(PRESETS));

/** What a preset stands for; LabError where there is none of that name. */
export function presetOf(name: string): NetemOptions {
  const preset: NetemOptions | undefined = byName.get(name);
  if (preset === undefined)
    throw new LabError(`There is no preset "${name}": ${[...byName.keys()].join(", ")}`);
  return preset;
}
