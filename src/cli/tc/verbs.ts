// What `tc qdisc`, `tc class` and `tc filter` have in common: the word behind them, which shows, explains, or changes something.
//
// Facts: tc(8) and the behaviour of iproute2 6.1.

import { CommandExit, EXIT_USAGE, usage } from "../exit.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { TcContext } from "./context.ts";

/** The words of one object. */
export interface Verbs {
  /** "qdisc", "class" or "filter". */
  readonly object: string;
  readonly help: string;
  readonly show: (tc: TcContext, words: Words) => Promise<number>;
  /** Sends a request of this type with these flags, as the words that follow say. */
  readonly modify: (tc: TcContext, words: Words, type: number, flags: number) => Promise<number>;
  /** Commands that change something: the message and its flags. The first that a word begins is meant. */
  readonly changes: readonly (readonly [name: string, type: number, flags: number])[];
}

/** Runs what the next word asks for; without one it shows. */
export async function runVerb(tc: TcContext, words: Words, verbs: Verbs): Promise<number> {
  const word = words.take();
  if (word === undefined || word === "lst" || matches(word, "list") || matches(word, "show"))
    return verbs.show(tc, words);
  if (matches(word, "help")) throw usage(verbs.help, 0);
  const change = verbs.changes.find(([name]) => matches(word, name));
  if (change === undefined)
    throw new CommandExit(
      EXIT_USAGE,
      `Command "${word}" is unknown, try "tc ${verbs.object} help".\n`,
      false,
    );
  return verbs.modify(tc, words, change[1], change[2]);
}
