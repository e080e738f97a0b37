// The words of a command line, read from left to right, and the rule by which iproute2 shortens them: what was typed is a
// prefix of the keyword, and the first keyword in the command's own order wins.

import { incomplete } from "./exit.ts";

/** True when `typed` abbreviates `keyword` (matches): a prefix, not empty. */
export function matches(typed: string, keyword: string): boolean {
  return typed !== "" && keyword.startsWith(typed);
}

/** The first of `keywords` that `typed` abbreviates. */
export function firstMatch<Keyword extends string>(
  typed: string,
  keywords: readonly Keyword[],
): Keyword | undefined {
  return keywords.find((keyword) => matches(typed, keyword));
}

/** A cursor over the words that are left. */
export class Words {
  readonly #words: readonly string[];
  #position: number;

  constructor(words: readonly string[], position = 0) {
    this.#words = words;
    this.#position = position;
  }

  /** How many words are left. */
  get count(): number {
    return this.#words.length - this.#position;
  }

  /** The next word, left where it is. */
  get peek(): string | undefined {
    return this.#words[this.#position];
  }

  /** Takes the next word; undefined at the end. */
  take(): string | undefined {
    const word = this.peek;
    if (word !== undefined) this.#position++;
    return word;
  }

  /** Takes the next word, which must be there (NEXT_ARG). */
  value(): string {
    const word = this.take();
    if (word === undefined) throw incomplete();
    return word;
  }

  /** Takes the next word if it is exactly `keyword`. */
  takeIf(keyword: string): boolean {
    if (this.peek !== keyword) return false;
    this.#position++;
    return true;
  }

  /** Puts back the word that was taken last (PREV_ARG). */
  back(): void {
    this.#position--;
  }

  /** Takes all that is left. */
  rest(): string[] {
    const rest = this.#words.slice(this.#position);
    this.#position = this.#words.length;
    return rest;
  }
}
