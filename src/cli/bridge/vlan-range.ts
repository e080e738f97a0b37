// Ranges of numbers as `bridge` reads them: `5`, `5-7`.
//
// Facts: the behaviour of iproute2 6.1.

import { unsigned } from "../numbers.ts";

/** What is before and behind the first dash; without one all of it, and nothing. */
export function splitRange(word: string): readonly [string, string | undefined] {
  const dash = word.indexOf("-");
  return dash < 0 ? [word, undefined] : [word.slice(0, dash), word.slice(dash + 1)];
}

/** The number a word begins with, as atoi(3) reads it. */
export function leadingNumber(word: string): number {
  return unsigned(/^\d+/.exec(word)?.[0] ?? "", 31, 10) ?? 0;
}
