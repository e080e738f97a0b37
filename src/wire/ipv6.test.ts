// What: IPv6 headers are checked, read and written, and a walk leads over extension headers to the upper layer.
//
// Source: RFC 8200 3 and 4; the packets are an echo request and an MLDv2 report as Linux 6.18 sends them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { ipv6FromText, ipv6ToText } from "../bytes/ipv6.ts";
import { IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_FRAGMENT, IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import * as ipv6 from "./ipv6.ts";
import * as extension from "./ipv6-extension.ts";

const echo = fromHex(`
  6003ac14                          // version, traffic class, flow label
  0010 3a 40                        // payload length, ICMPv6, hop limit
  fe80000000000000 000000fffe000001
  fe80000000000000 000000fffe000002
  8000e0e5123400016162636465666768
`);
const report = fromHex(`
  60000000 0024 00 01  fe80000000000000 000000fffe000001  ff02000000000000 0000000000000016
  3a 00 0502 0000 0100              // hop-by-hop: router alert, padded
  8f00720700000001 04000000 ff02000000000000 00000001ff000001
`);
const address = (text: string): Uint8Array => ipv6FromText(text) ?? new Uint8Array(0);

describe("header", () => {
  test("is read", () => {
    expect(ipv6.ipv6Version(echo, 0)).toBe(6);
    expect(ipv6.ipv6TrafficClass(echo, 0)).toBe(0);
    expect(ipv6.ipv6FlowLabel(echo, 0)).toBe(0x3ac14);
    expect(ipv6.ipv6PayloadLength(echo, 0)).toBe(16);
    expect(ipv6.ipv6NextHeader(echo, 0)).toBe(IPPROTO_ICMPV6);
    expect(ipv6.ipv6HopLimit(echo, 0)).toBe(64);
    expect(ipv6ToText(ipv6.ipv6Source(echo, 0))).toBe("fe80::ff:fe00:1");
    expect(ipv6ToText(ipv6.ipv6Destination(echo, 0))).toBe("fe80::ff:fe00:2");
  });

  test("emitIpv6() writes the kernel's", () => {
    const bytes = new Uint8Array(40);
    const source = address("fe80::ff:fe00:1");
    const destination = address("fe80::ff:fe00:2");
    const numbers = { flowLabel: 0x3ac14, payloadLength: 16, nextHeader: IPPROTO_ICMPV6, hopLimit: 64 };
    ipv6.emitIpv6(bytes, 0, { ...numbers, source, destination });
    expect(bytes).toEqual(echo.subarray(0, 40));
  });

  test("traffic class and flow label do not touch each other", () => {
    const bytes = new Uint8Array(40);
    const rest = {
      payloadLength: 0,
      nextHeader: 59,
      hopLimit: 1,
      source: address("::1"),
      destination: address("::1"),
    };
    fc.assert(
      fc.property(fc.nat(0xff), fc.nat(0xfffff), (trafficClass, flowLabel) => {
        ipv6.emitIpv6(bytes, 0, { trafficClass, flowLabel, ...rest });
        expect([
          ipv6.ipv6Version(bytes, 0),
          ipv6.ipv6TrafficClass(bytes, 0),
          ipv6.ipv6FlowLabel(bytes, 0),
        ]).toEqual([6, trafficClass, flowLabel]);
      }),
    );
  });

  test("isIpv6Header() wants the version and all of the payload", () => {
    expect(ipv6.isIpv6Header(echo, 0, 56)).toBe(true);
    expect(ipv6.isIpv6Header(echo, 0, 55)).toBe(false);
    expect(ipv6.isIpv6Header(echo, 0, 39)).toBe(false);
    expect(ipv6.isIpv6Header(fromHex(`45${"00".repeat(39)}`), 0, 40)).toBe(false);
  });
});

describe("walkIpv6Extensions()", () => {
  const walk = extension.createExtensionWalk();
  const packet = (nextHeader: number, payload: string): Uint8Array => {
    const bytes = fromHex(
      `600000000000${nextHeader.toString(16).padStart(2, "0")}40${"00".repeat(32)}${payload}`,
    );
    return bytes;
  };

  test("stays where there is no extension", () => {
    expect(extension.walkIpv6Extensions(echo, 0, echo.length, walk)).toBe(true);
    expect(walk).toEqual({ protocol: IPPROTO_ICMPV6, offset: 40, protocolOffset: 6, fragmentOffset: 0 });
  });

  test("steps over the hop-by-hop header of a report", () => {
    expect(extension.walkIpv6Extensions(report, 0, report.length, walk)).toBe(true);
    expect(walk).toEqual({ protocol: IPPROTO_ICMPV6, offset: 48, protocolOffset: 40, fragmentOffset: 0 });
  });

  test("steps over destination options of 16 bytes, routing and a first fragment", () => {
    const bytes = packet(60, `2b01${"00".repeat(14)} 2c00${"00".repeat(6)} 11000001 0000002a 0005`);
    expect(extension.walkIpv6Extensions(bytes, 0, bytes.length, walk)).toBe(true);
    expect(walk).toEqual({ protocol: IPPROTO_UDP, offset: 72, protocolOffset: 64, fragmentOffset: 64 });
    expect(extension.hasMoreFragments(bytes, 64)).toBe(true);
    expect(extension.fragmentId(bytes, 64)).toBe(42);
  });

  test("stops behind the fragment header of a later fragment", () => {
    const bytes = packet(IPPROTO_FRAGMENT, "00 00 05a8 0000002a 0000000000000000");
    expect(extension.walkIpv6Extensions(bytes, 0, bytes.length, walk)).toBe(true);
    expect(walk).toEqual({ protocol: 0, offset: 48, protocolOffset: 40, fragmentOffset: 40 });
    expect(extension.fragmentPosition(bytes, 40)).toBe(1448);
  });

  test("counts an authentication header in units of four", () => {
    const bytes = packet(51, `1104${"00".repeat(22)}0005`);
    expect(extension.walkIpv6Extensions(bytes, 0, bytes.length, walk)).toBe(true);
    expect([walk.protocol, walk.offset]).toEqual([IPPROTO_UDP, 64]);
  });

  test("fails on a header that is cut off and on more than sixteen", () => {
    const cut = packet(60, "1101000000000000");
    expect(extension.walkIpv6Extensions(cut, 0, cut.length, walk)).toBe(false);
    const sixteen = packet(60, `${"3c00000000000000".repeat(15)}1100000000000000`);
    expect(extension.walkIpv6Extensions(sixteen, 0, sixteen.length, walk)).toBe(true);
    const seventeen = packet(60, `${"3c00000000000000".repeat(16)}1100000000000000`);
    expect(extension.walkIpv6Extensions(seventeen, 0, seventeen.length, walk)).toBe(false);
  });

  test("never arrives behind the end", () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 43, 44, 51, 60), fc.uint8Array({ maxLength: 60 }), (next, payload) => {
        const bytes = new Uint8Array(40 + payload.length);
        bytes[6] = next;
        bytes.set(payload, 40);
        if (extension.walkIpv6Extensions(bytes, 0, bytes.length, walk)) {
          expect(walk.offset).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
