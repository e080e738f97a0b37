// The states of a neighbour (NUD_*) and their words.

import * as nd from "../../../uapi/neighbour.ts";
import { unsigned } from "../../numbers.ts";
import { matches } from "../../words.ts";

/** In the order they are shown. */
export const STATES: readonly (readonly [state: number, name: string])[] = [
  [nd.NUD_INCOMPLETE, "INCOMPLETE"],
  [nd.NUD_REACHABLE, "REACHABLE"],
  [nd.NUD_STALE, "STALE"],
  [nd.NUD_DELAY, "DELAY"],
  [nd.NUD_PROBE, "PROBE"],
  [nd.NUD_FAILED, "FAILED"],
  [nd.NUD_NOARP, "NOARP"],
  [nd.NUD_PERMANENT, "PERMANENT"],
];

/** Words that can be shortened. */
const SHORT_WORDS: readonly (readonly [word: string, state: number])[] = [
  ["permanent", nd.NUD_PERMANENT],
  ["reachable", nd.NUD_REACHABLE],
  ["failed", nd.NUD_FAILED],
];

/** The state that a word or number stands for (nud_state_a2n); undefined if there is none. */
export function stateOf(word: string): number | undefined {
  if (word === "none") return nd.NUD_NONE;
  const short = SHORT_WORDS.find(([name]) => matches(word, name));
  const whole = STATES.find(([, name]) => name.toLowerCase() === word);
  return short?.[1] ?? whole?.[0] ?? unsigned(word, 8);
}
