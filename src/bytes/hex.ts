// Hexadecimal text of bytes, for messages, dumps and tests.

import { assert } from "./assert.ts";

/**
 * Writes the bytes from `start` to `end` as lower-case pairs of digits, with `separator` between the pairs.
 */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length, separator = ""): string {
  let text = "";
  for (let i = start; i < end; i++) {
    if (i > start) text += separator;
    text += hexByte(bytes[i] ?? 0);
  }
  return text;
}

/** Writes one byte as two lower-case digits. */
export function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/**
 * Reads pairs of hexadecimal digits; white space and what follows `//` on a line are left out, so that a
 * message can be written one attribute a line. Asserts that nothing else is there: for texts of our own, not
 * for input.
 */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\/\/.*$/gm, "").replace(/\s+/g, "");
  assert(/^([0-9a-fA-F]{2})*$/.test(digits), "hex text is pairs of hexadecimal digits");
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
