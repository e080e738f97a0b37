// Keywords of `ip route` and `ip neigh`: tables from word to what it does, tried in iproute2's order, where most words can be
// shortened and some cannot.

import { wrongArgument } from "../exit.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { IpContext } from "./context.ts";

/** Takes a keyword's values and notes them in `said`. */
export type Take<Said> = (said: Said, words: Words, ip: IpContext) => void | Promise<void>;

/** Words and what they do, in the order they are tried. A name with a `!` must be typed whole. */
export type Keywords<Said> = readonly (readonly [names: readonly string[], take: Take<Said>])[];

/** What the keyword `typed` does; undefined if there is none. */
export function keywordOf<Said>(keywords: Keywords<Said>, typed: string): Take<Said> | undefined {
  const found = keywords.find(([names]) =>
    names.some((name) => (name.startsWith("!") ? name.slice(1) === typed : matches(typed, name))),
  );
  return found?.[1];
}

/** Takes the next word as `parse` reads it; ends the command for the `reason` if it cannot. */
export function needed<Value>(
  words: Words,
  parse: (word: string) => Value | undefined,
  reason: string,
): Value {
  const word = words.value();
  const value = parse(word);
  if (value === undefined) throw wrongArgument(word, reason);
  return value;
}
