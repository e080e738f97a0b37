// What: the fast Internet checksum equals the definition, and incremental updates equal a computation from
// scratch.
//
// Source: RFC 1071 1 (definition) and 3 (its numerical example), RFC 1624 4 (its example), RFC 8200 8.1.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as sums from "./checksum.ts";
import { getBe16, setBe16, setBe32 } from "./endian.ts";
import { fromHex } from "./hex.ts";

/** RFC 1071 word by word: pad with zero, add 16-bit words, bring every carry around. */
function naiveSum(bytes: Uint8Array, initial = 0): number {
  const padded = bytes.length % 2 === 0 ? bytes : Uint8Array.from([...bytes, 0]);
  let sum = initial;
  for (let i = 0; i < padded.length; i += 2) {
    sum += getBe16(padded, i);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

const word = fc.integer({ min: 0, max: 0xffff });

describe("checksumAdd()", () => {
  test("gives RFC 1071's example", () => {
    expect(sums.checksumAdd(fromHex("00 01 f2 03 f4 f5 f6 f7"), 0, 8)).toBe(0xddf2);
  });

  test("equals the definition for every range and initial sum", () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 70 }),
      fc.nat(40).map((length) => new Uint8Array(length).fill(0xff)),
    );
    fc.assert(
      fc.property(anyBytes, fc.nat(70), fc.nat(70), word, (bytes, a, b, initial) => {
        const start = Math.min(a, b, bytes.length);
        const end = Math.min(Math.max(a, b), bytes.length);
        expect(sums.checksumAdd(bytes, start, end, initial)).toBe(
          naiveSum(bytes.subarray(start, end), initial),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("does not overflow on the largest packet", () => {
    const bytes = new Uint8Array(0xffff).fill(0xff);
    expect(sums.checksumAdd(bytes, 0, bytes.length, 0xffff)).toBe(naiveSum(bytes, 0xffff));
    const jumbo = new Uint8Array(8 * 1024 * 1024).fill(0xff);
    expect(sums.checksumAdd(jumbo, 0, jumbo.length)).toBe(0xffff);
  });

  test("chains over pieces of even length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(32), (bytes, half) => {
        const cut = Math.min(2 * half, bytes.length & ~1);
        const first = sums.checksumAdd(bytes, 0, cut);
        expect(sums.checksumAdd(bytes, cut, bytes.length, first)).toBe(
          sums.checksumAdd(bytes, 0, bytes.length),
        );
      }),
    );
  });
});

describe("checksum()", () => {
  test("is zero over a packet that holds its own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 60 }), (bytes) => {
        setBe16(bytes, 2, 0);
        setBe16(bytes, 2, sums.checksum(bytes, 0, bytes.length));
        expect(sums.checksum(bytes, 0, bytes.length)).toBe(0);
      }),
    );
  });
});

describe("incremental update", () => {
  test("gives RFC 1624's example, which its predecessor got wrong", () => {
    expect(sums.checksumReplace16(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  test("equals a computation from scratch while another word is not zero", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        word,
        fc.nat(0xffff_ffff),
        (bytes, to16, to32) => {
          setBe16(bytes, 0, 0x4500);
          const before = sums.checksum(bytes, 0, 8);
          const from16 = getBe16(bytes, 2);
          setBe16(bytes, 2, to16);
          const after = sums.checksum(bytes, 0, 8);
          expect(sums.checksumReplace16(before, from16, to16)).toBe(after);
          const from32 = getBe16(bytes, 4) * 0x10000 + getBe16(bytes, 6);
          setBe32(bytes, 4, to32);
          expect(sums.checksumReplace32(after, from32, to32)).toBe(sums.checksum(bytes, 0, 8));
        },
      ),
    );
  });
});

describe("pseudo headers", () => {
  test("of IPv4 sum addresses, protocol and length", () => {
    const bytes = fromHex("c0 00 02 01  c6 33 64 02  00 11  00 0c");
    expect(sums.pseudoHeader4(0xc0000201, 0xc6336402, 17, 12)).toBe(naiveSum(bytes));
  });

  test("of IPv6 sum the addresses in place, protocol and a 32-bit length", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 35, maxLength: 35 }),
        fc.nat(0xff),
        fc.nat(0x2_0000),
        (bytes, protocol, length) => {
          const pseudo = new Uint8Array(40);
          pseudo.set(bytes.subarray(3));
          setBe32(pseudo, 32, length);
          setBe32(pseudo, 36, protocol);
          expect(sums.pseudoHeader6(bytes, 3, protocol, length)).toBe(naiveSum(pseudo));
        },
      ),
    );
  });
});
