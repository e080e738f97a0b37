// The words of an expression as they are read, one after the other.

import type { FilterError } from "./error.ts";
import { syntaxError } from "./error.ts";
import type { Token } from "./token.ts";
import { tokenize } from "./token.ts";

/** An expression that is being read. FilterError when what comes is not what must come. */
export class Words {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  /** How many words have been read; may be set back. */
  at = 0;

  constructor(expression: string) {
    this.#tokens = tokenize(expression);
    this.#length = expression.length;
  }

  /** Whether all have been read. */
  get isOver(): boolean {
    return this.at >= this.#tokens.length;
  }

  /** The word that is next. */
  peek(): Token | undefined {
    return this.#tokens[this.at];
  }

  /** Reads the next word, whatever it is. */
  next(): Token {
    const token = this.peek();
    if (token === undefined) throw this.error();
    this.at++;
    return token;
  }

  /** The next word, which is no operator. */
  word(): Token {
    const token = this.next();
    if (!token.isWord) throw this.error(token);
    return token;
  }

  /** Reads a number. */
  plainNumber(): number {
    const token = this.word();
    const number = numberOf(token.text);
    if (number === undefined) throw this.error(token);
    return number;
  }

  /** Reads one of these words if it is next. */
  takes(...texts: readonly string[]): boolean {
    const token = this.peek();
    if (token === undefined || token.isEscaped || !texts.includes(token.text)) return false;
    this.at++;
    return true;
  }

  /** Reads this word, which must be next. */
  expect(text: string): void {
    if (!this.takes(text)) throw this.error();
  }

  /** What was written from a word on, up to what has been read. */
  written(from: Token): string {
    const begin = this.#tokens.indexOf(from);
    return this.#tokens
      .slice(begin, this.at)
      .map(({ text }) => text)
      .join("");
  }

  /** That a word, by default the next, cannot stand where it does. */
  error(token = this.peek()): FilterError {
    return syntaxError(token?.position ?? this.#length);
  }
}

/** A number in C's words; undefined for what is none. */
export function numberOf(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= 0xffffffff ? number : undefined;
}
