// What becomes of a frame that an action has seen: "pass", "drop", "stolen", "pipe", …
//
// Facts: tc-actions(8) and the output of iproute2 6.1. *Omitted:* jump.

import * as cls from "../../uapi/pkt_cls.ts";
import { usage } from "../exit.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { GACT_USAGE } from "./help.ts";

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

/**
 * Takes the next words if they say what becomes of the frame; `isOwn` where they are the action itself. Elsewhere tc takes words that are
 * wrong for another action, and says of that what it has said already.
 */
export function takeControl(words: Words, isOwn = false): number | undefined {
  const word = words.peek;
  if (word === "goto") return takeGoto(words, isOwn);
  const found = word === undefined ? undefined : CONTROLS.find(([name]) => matches(word, name));
  if (found !== undefined) words.take();
  return found?.[1];
}

/** Takes `goto chain NUMBER`. */
function takeGoto(words: Words, isOwn: boolean): number {
  const wrong = (text: string) => usage(`${isOwn ? "" : text}${text}${GACT_USAGE}`);
  words.take();
  if (!matches(words.value(), "chain_index")) throw wrong('"chain index" expected\n');
  const chain = unsigned(words.value(), 32, 10);
  if (chain === undefined || chain > cls.TC_ACT_EXT_VAL_MASK) throw wrong('Illegal "chain index"\n');
  return cls.TC_ACT_GOTO_CHAIN | chain;
}

/** The words that begin an action of kind gact. */
export const controlWords: readonly string[] = ["goto", ...CONTROLS.map(([name]) => name)];

/** Prints what becomes of the frame (print_action_control). */
export function printControl(out: Output, before: string, action: number): void {
  out.openObject("control_action");
  if ((action & ~cls.TC_ACT_EXT_VAL_MASK) === cls.TC_ACT_GOTO_CHAIN) {
    const chain = action & cls.TC_ACT_EXT_VAL_MASK;
    out.field("type", "goto", `${before}goto`);
    out.field("chain", chain, ` chain ${chain}`);
  } else out.field("type", controlName(action), `${before}${controlName(action)}`);
  out.closeObject();
}

/** The name of what becomes of the frame (action_n2a). */
function controlName(action: number): string {
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
