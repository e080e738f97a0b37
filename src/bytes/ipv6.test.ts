// What: IPv6 addresses in text as glibc reads and writes them, prefixes, scopes, and the addresses made from
// others.
//
// Source: every text was given to glibc 2.36's inet_pton(3) and inet_ntop(3); RFC 4291 for ranges, EUI-64 and
// solicited-node groups; RFC 2464 7 for the Ethernet group.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ipv6 from "./ipv6.ts";

const address = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
    .map((list) => Uint8Array.from(list)),
);
const of = (text: string): Uint8Array => ipv6.ipv6FromText(text) ?? new Uint8Array(0);

describe("text", () => {
  test.each([
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["::1.2.3.4", "::1.2.3.4"],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["::ffff:0:1.2.3.4", "::ffff:0:102:304"],
    ["2001:db8::1", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["0:0:0:2:0:0:0:3", "::2:0:0:0:3"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["fe80::0202:b3ff:fe1e:8329", "fe80::202:b3ff:fe1e:8329"],
    ["::ffff", "::ffff"],
    ["::1:0", "::0.1.0.0"],
    ["::1:2", "::0.1.0.2"],
    ["0:0:0:0:0:ffff:0:0", "::ffff:0.0.0.0"],
    ["0:0:0:0:1:ffff:1.2.3.4", "::1:ffff:102:304"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["::0.0.0.1", "::1"],
    ["ABCD:EF01::", "abcd:ef01::"],
  ])("%s is written as %s", (text, written) => {
    expect(ipv6.ipv6ToText(of(text))).toBe(written);
  });

  test.each([
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "1:2:3:4::5:6:7:8",
    "1::2::3",
    "12345::",
    "::12345",
    "::00001",
    "::1%lo",
    "::g",
    " ::1",
    "::1 ",
    "1:2:3:4:5:6:7:",
    ":1::",
    "1:::2",
    "::1.2.3",
    "::1.2.3.256",
    "::01.2.3.4",
    "1.2.3.4",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "fe80::1/64",
  ])("%j is refused", (text) => {
    expect(ipv6.ipv6FromText(text)).toBeUndefined();
  });

  test("survives a round trip from any place in a packet", () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 3 }), (bytes, offset) => {
        const packet = new Uint8Array(20);
        packet.set(bytes, offset);
        expect(ipv6.ipv6FromText(ipv6.ipv6ToText(packet, offset))).toEqual(bytes);
      }),
    );
  });
});

describe("comparison", () => {
  test("addresses agree in a prefix as their strings of bits do", () => {
    const bits = (bytes: Uint8Array): string =>
      Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 128 }), (a, b, length) => {
        expect(ipv6.ipv6SamePrefix(a, b, length)).toBe(bits(a).slice(0, length) === bits(b).slice(0, length));
        expect(ipv6.equalsIpv6(a, b)).toBe(bits(a) === bits(b));
        const network = ipv6.ipv6Network(a, length);
        expect(bits(network)).toBe(bits(a).slice(0, length).padEnd(128, "0"));
      }),
    );
  });

  test("equalsIpv6() looks at the offsets it is given", () => {
    const packet = new Uint8Array(33);
    packet.set(of("2001:db8::1"), 1);
    packet.set(of("2001:db8::2"), 17);
    expect(ipv6.equalsIpv6(packet, of("2001:db8::1"), 1)).toBe(true);
    expect(ipv6.equalsIpv6(packet, packet, 1, 17)).toBe(false);
  });
});

describe("ranges", () => {
  test.each<[string, (bytes: Uint8Array) => boolean, string[], string[]]>([
    ["unspecified", ipv6.isIpv6Unspecified, ["::"], ["::1", "1::"]],
    ["loopback", ipv6.isIpv6Loopback, ["::1"], ["::", "::2", "1::1"]],
    ["multicast", ipv6.isIpv6Multicast, ["ff00::", "ff02::1"], ["fe80::1"]],
    ["link-local", ipv6.isIpv6LinkLocal, ["fe80::1", "febf::1"], ["fec0::1", "fe7f::1"]],
    ["site-local", ipv6.isIpv6SiteLocal, ["fec0::1", "feff::1"], ["fe80::1", "ff05::1"]],
    ["mapped", ipv6.isIpv4Mapped, ["::ffff:192.0.2.1"], ["::192.0.2.1", "1::ffff:0:0"]],
    [
      "solicited-node",
      ipv6.isSolicitedNode,
      ["ff02::1:ff00:1"],
      ["ff02::1:ff", "ff02::1:fe00:1", "ff05::1:ff00:1", "ff02::1:1:ff00:1"],
    ],
  ])("%s", (_name, predicate, inside, outside) => {
    expect(inside.map((text) => predicate(of(text)))).toEqual(inside.map(() => true));
    expect(outside.map((text) => predicate(of(text)))).toEqual(outside.map(() => false));
  });

  test("the scope of a multicast address is its second hexadecimal digit pair's lower half", () => {
    expect(["ff01::1", "ff12::1", "ff0e::1"].map((text) => ipv6.ipv6MulticastScope(of(text)))).toEqual([
      1, 2, 14,
    ]);
  });
});

describe("made from others", () => {
  test("solicitedNode() takes the last 24 bits (RFC 4291 2.7.1)", () => {
    expect(ipv6.ipv6ToText(ipv6.solicitedNode(of("4037::01:800:200e:8c6c")))).toBe("ff02::1:ff0e:8c6c");
  });

  test("linkLocalFromMac() inverts the universal/local bit (RFC 4291, appendix A)", () => {
    expect(ipv6.ipv6ToText(ipv6.linkLocalFromMac(0x34_56_78_9a_bc_de))).toBe("fe80::3656:78ff:fe9a:bcde");
    expect(ipv6.ipv6ToText(ipv6.linkLocalFromMac(0x02_00_00_00_00_01))).toBe("fe80::ff:fe00:1");
  });

  test("ipv6MulticastMac() takes the last 32 bits", () => {
    expect(ipv6.ipv6MulticastMac(of("ff02::1:ff9a:bcde"))).toBe(0x3333ff9abcde);
  });
});
