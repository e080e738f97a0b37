// What: IPv4 addresses in text as glibc reads and writes them, prefixes, and the ranges the kernel knows.
//
// Source: the accepted and refused texts were given to glibc 2.36's inet_pton(3); RFC 1112 6.4; RFC 5735 for
// the ranges.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ipv4 from "./ipv4.ts";

const address = fc.integer({ min: 0, max: 0xffff_ffff });
const prefixLength = fc.integer({ min: 0, max: 32 });
const of = (text: string): number => ipv4.ipv4FromText(text) ?? Number.NaN;

describe("text", () => {
  test.each([
    ["0.0.0.0", 0],
    ["1.2.3.4", 0x0102_0304],
    ["1.2.3.0", 0x0102_0300],
    ["255.255.255.255", 0xffff_ffff],
  ])("%s is read and written", (text, number) => {
    expect(ipv4.ipv4FromText(text)).toBe(number);
    expect(ipv4.ipv4ToText(number)).toBe(text);
  });

  test.each([
    "",
    "01.2.3.4",
    "1.2.3.00",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1000.2.3.4",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "0x1.2.3.4",
    "1.2.3.-1",
    "1.2.3.4/24",
  ])("%j is refused", (text) => {
    expect(ipv4.ipv4FromText(text)).toBeUndefined();
  });

  test("survives a round trip", () => {
    fc.assert(fc.property(address, (number) => ipv4.ipv4FromText(ipv4.ipv4ToText(number)) === number));
  });
});

describe("prefixes", () => {
  test.each([
    [0, "0.0.0.0"],
    [1, "128.0.0.0"],
    [24, "255.255.255.0"],
    [31, "255.255.255.254"],
    [32, "255.255.255.255"],
  ])("the mask of /%i is %s", (length, text) => {
    expect(ipv4.ipv4ToText(ipv4.ipv4Mask(length))).toBe(text);
    expect(ipv4.ipv4PrefixLength(of(text))).toBe(length);
  });

  test("a mask with a hole has no length", () => {
    expect(ipv4.ipv4PrefixLength(of("255.0.255.0"))).toBeUndefined();
    expect(ipv4.ipv4PrefixLength(of("0.0.0.1"))).toBeUndefined();
  });

  test("network and broadcast address clear and set the rest", () => {
    expect(ipv4.ipv4ToText(ipv4.ipv4Network(of("192.0.2.200"), 25))).toBe("192.0.2.128");
    expect(ipv4.ipv4ToText(ipv4.ipv4Broadcast(of("192.0.2.1"), 24))).toBe("192.0.2.255");
  });

  test("addresses of one network share its prefix, and agree as their strings of bits do", () => {
    const bits = (number: number): string => number.toString(2).padStart(32, "0");
    fc.assert(
      fc.property(address, address, prefixLength, (a, b, length) => {
        const same = bits(a).slice(0, length) === bits(b).slice(0, length);
        expect(ipv4.ipv4SamePrefix(a, b, length)).toBe(same);
        expect(ipv4.ipv4SamePrefix(a, ipv4.ipv4Network(a, length), length)).toBe(true);
        expect(ipv4.ipv4SamePrefix(a, ipv4.ipv4Broadcast(a, length), length)).toBe(true);
      }),
    );
  });
});

describe("ranges", () => {
  test.each<[string, (address: number) => boolean, string[], string[]]>([
    ["loopback", ipv4.isIpv4Loopback, ["127.0.0.1", "127.255.255.255"], ["126.255.255.255", "128.0.0.0"]],
    ["multicast", ipv4.isIpv4Multicast, ["224.0.0.0", "239.255.255.255"], ["223.255.255.255", "240.0.0.0"]],
    ["local multicast", ipv4.isIpv4LocalMulticast, ["224.0.0.0", "224.0.0.255"], ["224.0.1.0"]],
    ["link-local", ipv4.isIpv4LinkLocal, ["169.254.0.0", "169.254.255.255"], ["169.253.0.0", "169.255.0.0"]],
    ["limited broadcast", ipv4.isIpv4LimitedBroadcast, ["255.255.255.255"], ["255.255.255.254"]],
    ["zero net", ipv4.isIpv4ZeroNet, ["0.0.0.0"], ["0.0.0.1", "0.255.255.255", "1.0.0.0"]],
  ])("%s", (_name, predicate, inside, outside) => {
    expect(inside.map((text) => predicate(of(text)))).toEqual(inside.map(() => true));
    expect(outside.map((text) => predicate(of(text)))).toEqual(outside.map(() => false));
  });

  test("the Ethernet group of a multicast address holds its lower 23 bits", () => {
    expect(ipv4.ipv4MulticastMac(of("224.0.0.251"))).toBe(0x01005e0000fb);
    expect(ipv4.ipv4MulticastMac(of("239.255.255.255"))).toBe(0x01005e7fffff);
  });
});
