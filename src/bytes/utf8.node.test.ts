// What: the hand-written UTF-8 codec equals the platform's TextEncoder and TextDecoder on every input, broken
// ones too.
//
// Source: RFC 3629; the WHATWG Encoding Standard's replacement rule, as Node implements it.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "./hex.ts";
import { decodeUtf8, encodeUtf8, encodeUtf8Into, utf8Length } from "./utf8.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

describe("encodeUtf8()", () => {
  test("equals TextEncoder, lone surrogates included", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
        (text) => {
          expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
        },
      ),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });

  test("encodeUtf8Into() writes at the offset and returns the offset behind", () => {
    const bytes = new Uint8Array(8);
    expect(encodeUtf8Into("é€", bytes, 1)).toBe(6);
    expect(bytes).toEqual(fromHex("00 c3 a9 e2 82 ac 00 00"));
  });
});

describe("decodeUtf8()", () => {
  test.each([
    ["a NUL is a character", "61 00 62", "a\0b"],
    ["four bytes are one character", "f0 9f 90 a7", "🐧"],
    ["an overlong slash is two replacements", "c0 af", "\ufffd\ufffd"],
    ["a surrogate is three replacements", "ed a0 80", "\ufffd\ufffd\ufffd"],
    ["a cut sequence is one replacement", "e2 82", "\ufffd"],
    ["what interrupts a sequence is decoded", "f0 9f 41", "\ufffdA"],
    ["nothing is above U+10FFFF", "f4 90 80 80", "\ufffd\ufffd\ufffd\ufffd"],
  ])("%s", (_name, hex, text) => {
    expect(decodeUtf8(fromHex(hex))).toBe(text);
  });

  test("reads only from start to end", () => {
    expect(decodeUtf8(fromHex("61 e2 82 ac 62"), 1, 3)).toBe("\ufffd");
  });

  test("equals TextDecoder on any bytes", () => {
    const sequenceBytes = fc.constantFrom(
      0x41,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.array(sequenceBytes).map((list) => Uint8Array.from(list)),
        ),
        (bytes) => {
          expect(decodeUtf8(bytes)).toBe(decoder.decode(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("gives back what encodeUtf8() was given", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => decodeUtf8(encodeUtf8(text)) === text));
  });
});
