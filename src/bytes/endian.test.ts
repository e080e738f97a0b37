// What: the integer getters and setters agree with DataView, in both byte orders, at every offset.
//
// Source: ECMA-262's DataView; the values of the literal cases are written out in memory order.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as endian from "./endian.ts";
import { fromHex, toHex } from "./hex.ts";

const eightBytesAt = fc.record({
  bytes: fc.uint8Array({ minLength: 24, maxLength: 24 }),
  offset: fc.integer({ min: 0, max: 16 }),
});

describe("getters", () => {
  test("read the lowest byte first in host order and the highest first in network order", () => {
    const bytes = fromHex("01 02 03 84 05 06 07 88");
    expect(endian.getU16(bytes, 0)).toBe(0x0201);
    expect(endian.getU32(bytes, 0)).toBe(0x84030201);
    expect(endian.getS32(bytes, 0)).toBe(0x84030201 - 2 ** 32);
    expect(endian.getU64(bytes, 0)).toBe(0x8807060584030201n);
    expect(endian.getBe16(bytes, 0)).toBe(0x0102);
    expect(endian.getBe24(bytes, 0)).toBe(0x010203);
    expect(endian.getBe32(bytes, 4)).toBe(0x05060788);
    expect(endian.getBe64(bytes, 0)).toBe(0x0102038405060788n);
  });

  test("agree with DataView", () => {
    fc.assert(
      fc.property(eightBytesAt, ({ bytes, offset }) => {
        const view = endian.viewOf(bytes);
        expect(endian.getU8(bytes, offset)).toBe(view.getUint8(offset));
        expect(endian.getS8(bytes, offset)).toBe(view.getInt8(offset));
        expect(endian.getU16(bytes, offset)).toBe(view.getUint16(offset, true));
        expect(endian.getS16(bytes, offset)).toBe(view.getInt16(offset, true));
        expect(endian.getU32(bytes, offset)).toBe(view.getUint32(offset, true));
        expect(endian.getS32(bytes, offset)).toBe(view.getInt32(offset, true));
        expect(endian.getU64(bytes, offset)).toBe(view.getBigUint64(offset, true));
        expect(endian.getS64(bytes, offset)).toBe(view.getBigInt64(offset, true));
        expect(endian.getBe16(bytes, offset)).toBe(view.getUint16(offset));
        expect(endian.getBe32(bytes, offset)).toBe(view.getUint32(offset));
        expect(endian.getBe64(bytes, offset)).toBe(view.getBigUint64(offset));
      }),
    );
  });

  test("getU64Number() refuses what is not a safe integer", () => {
    const bytes = fromHex("ff ff ff ff ff ff 1f 00  00 00 00 00 00 00 20 00");
    expect(endian.getU64Number(bytes, 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => endian.getU64Number(bytes, 8)).toThrow("assertion failed");
  });
});

describe("setters", () => {
  test.each<[string, (bytes: Uint8Array) => void, string]>([
    ["setU8", (b) => endian.setU8(b, 1, 0x1ab), "00ab000000000000"],
    ["setU16", (b) => endian.setU16(b, 1, 0x1abcd), "00cdab0000000000"],
    ["setU32", (b) => endian.setU32(b, 1, 0xfedcba98), "0098badcfe000000"],
    ["setS32", (b) => endian.setS32(b, 1, -2), "00feffffff000000"],
    ["setU64", (b) => endian.setU64(b, 0, 0x0123456789abcdefn), "efcdab8967452301"],
    ["setU64 of a negative number", (b) => endian.setU64(b, 0, -2n), "feffffffffffffff"],
    ["setU64Number", (b) => endian.setU64Number(b, 0, Number.MAX_SAFE_INTEGER), "ffffffffffff1f00"],
    ["setBe16", (b) => endian.setBe16(b, 1, 0x1abcd), "00abcd0000000000"],
    ["setBe24", (b) => endian.setBe24(b, 1, 0xabcdef), "00abcdef00000000"],
    ["setBe32", (b) => endian.setBe32(b, 1, 0xfedcba98), "00fedcba98000000"],
    ["setBe64", (b) => endian.setBe64(b, 0, 0x0123456789abcdefn), "0123456789abcdef"],
  ])("%s writes its bytes and no others", (_name, write, hex) => {
    const bytes = new Uint8Array(8);
    write(bytes);
    expect(toHex(bytes)).toBe(hex);
  });

  test("are read back by their getters", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.maxSafeNat(), (big, safe) => {
        const bytes = new Uint8Array(8);
        endian.setU64(bytes, 0, big);
        expect(endian.getU64(bytes, 0)).toBe(big);
        endian.setBe64(bytes, 0, big);
        expect(endian.getBe64(bytes, 0)).toBe(big);
        endian.setU64Number(bytes, 0, safe);
        expect(endian.getU64Number(bytes, 0)).toBe(safe);
      }),
    );
  });

  test("setU64Number() refuses negative numbers, fractions and unsafe integers", () => {
    for (const value of [-1, 0.5, 2 ** 53]) {
      expect(() => endian.setU64Number(new Uint8Array(8), 0, value)).toThrow("assertion failed");
    }
  });
});

describe("viewOf()", () => {
  test("starts at the byte offset of the array and ends with it", () => {
    const view = endian.viewOf(fromHex("00 01 02 03").subarray(2, 3));
    expect(view.byteLength).toBe(1);
    expect(view.getUint8(0)).toBe(2);
  });
});

test("align4() rounds up to a multiple of four", () => {
  expect([0, 1, 3, 4, 5, 65_535].map(endian.align4)).toEqual([0, 4, 4, 4, 8, 65_536]);
});
