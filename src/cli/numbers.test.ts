// What: numbers are read as strtoul(3) and strtol(3) read them for iproute2.
//
// Source: iproute2 6.1.0, which was given these words as `mtu`, `index` and prefix lengths.

import { describe, expect, test } from "vitest";
import { signed, unsigned } from "./numbers.ts";

describe("unsigned()", () => {
  test.each([
    ["0", 0],
    ["1500", 1500],
    ["0x10", 16],
    ["010", 8],
    [" 8", 8],
    ["+8", 8],
    ["4294967295", 4294967295],
  ])("reads %j", (text, value) => {
    expect(unsigned(text)).toBe(value);
  });

  test.each(["", "x", "8 ", "8x", "-1", "08", "0x", "0xg", "4294967296", "99999999999", "1.5"])(
    "refuses %j",
    (text) => {
      expect(unsigned(text)).toBeUndefined();
    },
  );

  test("keeps to its bits and its base", () => {
    expect(unsigned("255", 8)).toBe(255);
    expect(unsigned("256", 8)).toBeUndefined();
    expect(unsigned("ff", 32, 16)).toBe(255);
    expect(unsigned("010", 32, 10)).toBe(10);
    expect(unsigned("0x10", 32, 10)).toBeUndefined();
  });
});

describe("signed()", () => {
  test.each([
    ["-1", -1],
    ["2147483647", 2147483647],
    ["-0x10", -16],
  ])("reads %j", (text, value) => {
    expect(signed(text)).toBe(value);
  });

  test("refuses what does not fit into 32 bits", () => {
    expect(signed("2147483648")).toBeUndefined();
    expect(signed("-2147483649")).toBeUndefined();
  });
});
