// Values that rules are asked for by, as words: marks with masks, ranges of users and ports.
//
// Facts: iproute2 6.1, which reads the ranges with sscanf(3): what stands behind them is not looked at.

import type { NumberRange } from "../../../client/rule.ts";
import { wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";

/** A mark, and its mask if one was typed. */
export interface Mark {
  readonly mark: number;
  readonly mask: number | undefined;
}

/** Takes "MARK" or "MARK/MASK". */
export function takeMark(words: Words): Mark {
  const word = words.value();
  const slash = word.indexOf("/");
  const text = slash < 0 ? word : word.slice(0, slash);
  const mark = unsigned(text);
  if (mark === undefined) throw wrongArgument(text, "fwmark value is invalid\n");
  if (slash < 0) return { mark, mask: undefined };
  const maskText = word.slice(slash + 1);
  const mask = unsigned(maskText);
  if (mask === undefined) throw wrongArgument(maskText, "fwmask value is invalid\n");
  return { mark, mask };
}

/** Takes "UID-UID". */
export function takeUidRange(words: Words): NumberRange {
  const word = words.value();
  const found = /^\s*\+?(\d+)-\s*\+?(\d+)/.exec(word);
  if (found === null) throw wrongArgument(word, "invalid UID range\n");
  return { start: Number(found[1]) >>> 0, end: Number(found[2]) >>> 0 };
}

const portMask = 0xffff;

/** Takes "PORT" or "PORT-PORT". */
export function takePortRange(words: Words, key: "sport" | "dport"): NumberRange {
  const word = words.value();
  const found = /^\s*\+?(\d+)(?:-\s*\+?(\d+))?/.exec(word);
  if (found === null) throw wrongArgument(word, `invalid ${key} range\n`);
  const start = Number(found[1]) & portMask;
  return { start, end: found[2] === undefined ? start : Number(found[2]) & portMask };
}
