// What: bytes to hexadecimal text and back, comments and white space left out.
//
// Source: the layout of the annotated byte lists that the codec tests use.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "./hex.ts";

describe("toHex()", () => {
  test("writes two lower-case digits a byte, separated if told", () => {
    expect(toHex(Uint8Array.of(0, 10, 255))).toBe("000aff");
    expect(toHex(Uint8Array.of(0, 10, 255), 1, 3, ":")).toBe("0a:ff");
    expect(toHex(Uint8Array.of())).toBe("");
  });
});

describe("fromHex()", () => {
  test("leaves out white space and comments", () => {
    expect(fromHex("08 00 // length 8 and more\n 0A0b\n")).toEqual(Uint8Array.of(8, 0, 10, 11));
  });

  test("asserts pairs of digits", () => {
    expect(() => fromHex("0")).toThrow("assertion failed: hex text is pairs of hexadecimal digits");
    expect(() => fromHex("0x10")).toThrow("assertion failed");
  });

  test("reads what toHex() wrote", () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        (bytes) => toHex(fromHex(toHex(bytes, 0, bytes.length, " "))) === toHex(bytes),
      ),
    );
  });
});
