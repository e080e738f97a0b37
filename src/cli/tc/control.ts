// What becomes of a frame that an action has seen: "pass", "drop", "stolen", "pipe", …
//
// Facts: tc-actions(8) and the output of iproute2 6.1. *Omitted:* goto chain and jump.

import * as cls from "../../uapi/pkt_cls.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";

/** Words and what they stand for, in the order they are tried. */
const CONTROLS: readonly (readonly [name: string, action: number])[] = [
  ["continue", cls.TC_ACT_UNSPEC],
  ["drop", cls.TC_ACT_SHOT],
  ["shot", cls.TC_ACT_SHOT],
  ["pass", cls.TC_ACT_OK],
  ["ok", cls.TC_ACT_OK],
  ["reclassify", cls.TC_ACT_RECLASSIFY],
  ["pipe", cls.TC_ACT_PIPE],
  ["stolen", cls.TC_ACT_STOLEN],
  ["trap", cls.TC_ACT_TRAP],
];

/** Takes the next word if it says what becomes of the frame. */
export function takeControl(words: Words): number | undefined {
  const word = words.peek;
  const found = word === undefined ? undefined : CONTROLS.find(([name]) => matches(word, name));
  if (found !== undefined) words.take();
  return found?.[1];
}

/** The words that begin an action of kind gact. */
export const controlWords: readonly string[] = CONTROLS.map(([name]) => name);

/** The name of what becomes of the frame (action_n2a). */
export function controlName(action: number): string {
  switch (action) {
    case cls.TC_ACT_UNSPEC:
      return "continue";
    case cls.TC_ACT_OK:
      return "pass";
    case cls.TC_ACT_SHOT:
      return "drop";
    case cls.TC_ACT_RECLASSIFY:
      return "reclassify";
    case cls.TC_ACT_PIPE:
      return "pipe";
    case cls.TC_ACT_STOLEN:
      return "stolen";
    case cls.TC_ACT_TRAP:
      return "trap";
    default:
      return String(action);
  }
}
