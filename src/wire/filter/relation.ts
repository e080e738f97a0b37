// Comparisons of numbers: `ip[8] < 5 and len > 100`.

import type { Operand } from "./arithmetic.ts";
import * as arithmetic from "./arithmetic.ts";
import { FilterError } from "./error.ts";
import type { Match } from "./input.ts";
import type { Reading } from "./reading.ts";
import { numberOf } from "./words.ts";

const relations: readonly string[] = ["=", "==", "!=", "<", "<=", ">", ">="];

/** A comparison of two numbers; undefined, and nothing read, when there is none here. */
export function readRelation(reading: Reading): Match | undefined {
  const { words } = reading;
  const begin = words.at;
  const left = readNumbers(reading, 0);
  const operator = words.peek()?.text ?? "";
  if (left === undefined || !relations.includes(operator)) {
    words.at = begin;
    return undefined;
  }
  words.at++;
  const right = readNumbers(reading, 0);
  if (right === undefined) throw words.error();
  return arithmetic.compare(operator, left, right);
}

function readNumbers(reading: Reading, level: number): Operand | undefined {
  const { words } = reading;
  const operators = arithmetic.operatorLevels[level];
  if (operators === undefined) return readUnranked(reading);
  let left = readNumbers(reading, level + 1);
  for (;;) {
    const operator = words.peek();
    if (left === undefined || operator === undefined || !operators.includes(operator.text)) return left;
    words.at++;
    const right = readNumbers(reading, level + 1);
    if (right === undefined) return undefined;
    left = arithmetic.combine(operator.text, left, right);
  }
}

/** `^` and `%` have no rank in libpcap's grammar: what follows, to the last operator, is their right side. */
function readUnranked(reading: Reading): Operand | undefined {
  const { words } = reading;
  const left = readNumber(reading);
  const operator = words.peek()?.text ?? "";
  if (left === undefined || (operator !== "^" && operator !== "%")) return left;
  words.at++;
  const right = readNumbers(reading, 0);
  return right && arithmetic.combine(operator, left, right);
}

function readNumber(reading: Reading): Operand | undefined {
  const { words } = reading;
  const token = words.peek();
  if (token === undefined) return undefined;
  if (words.takes("-")) {
    const operand = readNumber(reading);
    return operand && arithmetic.combine("-", arithmetic.constant(0), operand);
  }
  if (words.takes("(")) {
    const inner = readNumbers(reading, 0);
    return inner !== undefined && words.takes(")") ? inner : undefined;
  }
  if (!token.isWord || token.isEscaped) return undefined;
  words.at++;
  if (token.text === "len") return arithmetic.frameLength;
  const named = arithmetic.namedNumbers[token.text] ?? numberOf(token.text);
  if (named !== undefined) return arithmetic.constant(named);
  if (!arithmetic.isIndexable(token.text) || !words.takes("[")) return undefined;
  return readHeader(reading, token.text);
}

/** What is in the brackets behind a protocol. */
function readHeader(reading: Reading, protocol: string): Operand {
  const { words } = reading;
  const index = readNumbers(reading, 0);
  if (index === undefined) throw words.error();
  let size = 1;
  if (words.takes(":")) {
    const token = words.next();
    size = numberOf(token.text) ?? 0;
    if (size !== 1 && size !== 2 && size !== 4) {
      throw new FilterError("data size must be 1, 2, or 4", token.position);
    }
  }
  words.expect("]");
  return arithmetic.headerBytes(reading.link, protocol, index, size);
}
