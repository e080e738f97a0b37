// The words of a filter expression: names, numbers, addresses, operators.
//
// Mirrors libpcap's scanner as pcap-filter(7) describes it. A backslash takes the meaning off a keyword.

import { syntaxError } from "./error.ts";

/** A word and where it stands. */
export interface Token {
  readonly text: string;
  readonly position: number;
  /** A name or number or address, not an operator. */
  readonly isWord: boolean;
  /** It was written with a backslash: a name, whatever else it may mean. */
  readonly isEscaped: boolean;
}

const space = /\s+/y;
const operator = /&&|\|\||<<|>>|<=|>=|!=|==|[()[\]!&|^<>=+\-*/%:]/y;
/** Hardware and IPv6 addresses stand before plain words, which have no colons. */
const address =
  /[0-9A-Fa-f]{1,2}([:-][0-9A-Fa-f]{1,2}){5}(?![:\w])|(?=[0-9A-Fa-f:]*::|([0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:]*[0-9A-Fa-f:.]*[0-9A-Fa-f:]/y;
const word = /\\?[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y;

/** Cuts an expression into words. FilterError for a character that starts none. */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let brackets = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(expression)?.[0];
  };
  while (position < expression.length) {
    const blank = take(space);
    if (blank !== undefined) {
      position += blank.length;
      continue;
    }
    const name = (brackets === 0 ? take(address) : undefined) ?? take(word);
    const text = name ?? take(operator);
    if (text === undefined) throw syntaxError(position);
    if (text === "[") brackets++;
    if (text === "]") brackets--;
    const isEscaped = text.startsWith("\\");
    tokens.push({ text: isEscaped ? text.slice(1) : text, position, isWord: name !== undefined, isEscaped });
    position += text.length;
  }
  return tokens;
}
