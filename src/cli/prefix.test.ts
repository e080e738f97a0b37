// What: addresses and prefixes are read as iproute2 reads them, short, octal and masked ones too.
//
// Source: iproute2 6.1.0, which was given these words behind `ip address add`.

import { describe, expect, test } from "vitest";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";
import { addressText, isInPrefix, parseAddress, parsePrefix } from "./prefix.ts";

describe("parsePrefix()", () => {
  test.each([
    ["10.0.0.1/24", "10.0.0.1", 24],
    ["10", "10.0.0.0", 32],
    ["10.1", "10.1.0.0", 32],
    ["10/8", "10.0.0.0", 8],
    ["010.1.1.1", "8.1.1.1", 32],
    ["0x0a.1.1.1", "10.1.1.1", 32],
    ["1.2.3.4/0x10", "1.2.3.4", 16],
    ["1.2.3.4/010", "1.2.3.4", 8],
    ["1.2.3.4/255.255.0.0", "1.2.3.4", 16],
    ["1.2.3.4/255.255", "1.2.3.4", 16],
    ["2001:db8::1/64", "2001:db8::1", 64],
    ["::ffff:1.2.3.4/96", "::ffff:1.2.3.4", 96],
  ])("reads %s", (word, address, length) => {
    const prefix = parsePrefix(word);
    expect([addressText(prefix.address), prefix.prefixLength]).toEqual([address, length]);
  });

  test.each([
    ["256.1.1.1", AF_UNSPEC, "any valid"],
    ["1.2.3.4.5", AF_UNSPEC, "any valid"],
    ["1..2", AF_UNSPEC, "any valid"],
    ["1.2.3.-4", AF_UNSPEC, "any valid"],
    ["1.2.3.4/33", AF_UNSPEC, "any valid"],
    ["1.2.3.4/255.0.255.0", AF_UNSPEC, "any valid"],
    ["1.2.3.4/", AF_INET, "inet"],
    ["::1", AF_INET, "inet"],
    ["10.0.0.1", AF_INET6, "inet6"],
    ["fe80::1%v0/64", AF_UNSPEC, "any valid"],
    ["localhost", AF_UNSPEC, "any valid"],
    ["", AF_UNSPEC, "any valid"],
  ])("refuses %j of family %i", (word, family, kind) => {
    expect(() => parsePrefix(word, family)).toThrow(
      expect.objectContaining({
        code: 1,
        text: `Error: ${kind} prefix is expected rather than "${word}".\n`,
      }),
    );
  });

  test("default has the zero address of a known family, any has none", () => {
    expect(parsePrefix("default", AF_INET)).toMatchObject({ address: new Uint8Array(4), prefixLength: 0 });
    expect(parsePrefix("default")).toMatchObject({ family: AF_UNSPEC, address: new Uint8Array(0) });
    expect(parsePrefix("any", AF_INET6)).toMatchObject({ address: new Uint8Array(0), prefixLength: 0 });
  });
});

test("parseAddress() takes no length", () => {
  expect(() => parseAddress("1.2.3.4/8", AF_INET)).toThrow(
    expect.objectContaining({ text: 'Error: inet address is expected rather than "1.2.3.4/8".\n' }),
  );
});

describe("isInPrefix()", () => {
  test.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/9", "10.128.0.1", false],
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10.0.0.2", false],
    ["2001:db8::/33", "2001:db8:7fff::", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["0.0.0.0/0", "::1", false],
    ["any", "::1", true],
  ])("%s has %s: %s", (prefix, address, expected) => {
    expect(isInPrefix(parsePrefix(prefix), parseAddress(address).address)).toBe(expected);
  });
});
