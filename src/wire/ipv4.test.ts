// What: IPv4 headers are checked, read and written, their checksum kept right, their options listed.
//
// Source: RFC 791 3.1, RFC 1624; the headers are an echo request's and an IGMPv3 report's as Linux 6.18 sends them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import * as ipv4 from "./ipv4.ts";
import * as options from "./ipv4-option.ts";

const echo = fromHex(`
  45 00 0024           // version and length, TOS, total length
  ff49 4000            // identification, DF
  40 01 278d           // TTL, ICMP, checksum
  0a000001 0a000002
`);
const report = fromHex("46c0 0028 0000 4000 0102 f9f8 0a000001 e0000016 94040000");

describe("getters", () => {
  test("read an echo request's header", () => {
    expect(ipv4.ipv4Version(echo, 0)).toBe(4);
    expect(ipv4.ipv4HeaderLength(echo, 0)).toBe(20);
    expect(ipv4.ipv4Tos(report, 0)).toBe(0xc0);
    expect(ipv4.ipv4TotalLength(echo, 0)).toBe(36);
    expect(ipv4.ipv4Id(echo, 0)).toBe(0xff49);
    expect(ipv4.ipv4Fragment(echo, 0)).toBe(ipv4.IP_DF);
    expect(ipv4.isIpv4Fragment(echo, 0)).toBe(false);
    expect(ipv4.ipv4Ttl(echo, 0)).toBe(64);
    expect(ipv4.ipv4Protocol(echo, 0)).toBe(1);
    expect(ipv4.ipv4Checksum(echo, 0)).toBe(0x278d);
    expect(ipv4.ipv4Source(echo, 0)).toBe(0x0a000001);
    expect(ipv4.ipv4Destination(echo, 0)).toBe(0x0a000002);
  });

  test("tell fragments by more-to-come or an offset", () => {
    const header = Uint8Array.from(echo);
    ipv4.setIpv4Fragment(header, 0, ipv4.IP_MF);
    expect(ipv4.isIpv4Fragment(header, 0)).toBe(true);
    ipv4.setIpv4Fragment(header, 0, ipv4.IP_DF | 185);
    expect(ipv4.isIpv4Fragment(header, 0)).toBe(true);
    expect(ipv4.ipv4FragmentOffset(header, 0)).toBe(1480);
  });
});

describe("isIpv4Header()", () => {
  test.each([
    ["a whole header", 0, 0x45, 20, true],
    ["one byte missing", 0, 0x45, 19, false],
    ["another version", 0, 0x65, 20, false],
    ["a header shorter than 20 bytes", 0, 0x44, 20, false],
    ["options behind the end", 0, 0x46, 20, false],
    ["a total length shorter than the header", 3, 19, 20, false],
  ])("%s", (_name, at, value, end, wanted) => {
    const header = Uint8Array.from(echo);
    header[at] = value;
    expect(ipv4.isIpv4Header(header, 0, end)).toBe(wanted);
  });
});

describe("checksum", () => {
  test("is right in the kernel's headers, options included, and wrong after a change", () => {
    expect(ipv4.isIpv4ChecksumCorrect(echo, 0)).toBe(true);
    expect(ipv4.isIpv4ChecksumCorrect(report, 0)).toBe(true);
    const changed = Uint8Array.from(report);
    changed[23] = 1;
    expect(ipv4.isIpv4ChecksumCorrect(changed, 0)).toBe(false);
  });

  test("follows decreaseIpv4Ttl() as if computed anew", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 255 }),
        (bytes, ttl) => {
          bytes[0] = 0x45;
          bytes[8] = ttl;
          ipv4.updateIpv4Checksum(bytes, 0);
          ipv4.decreaseIpv4Ttl(bytes, 0);
          const updated = ipv4.ipv4Checksum(bytes, 0);
          expect(ipv4.ipv4Ttl(bytes, 0)).toBe(ttl - 1);
          ipv4.updateIpv4Checksum(bytes, 0);
          expect(updated).toBe(ipv4.ipv4Checksum(bytes, 0));
        },
      ),
    );
  });
});

describe("emitIpv4()", () => {
  test("writes the kernel's header", () => {
    const bytes = new Uint8Array(20);
    const addresses = { source: 0x0a000001, destination: 0x0a000002 };
    ipv4.emitIpv4(bytes, 0, {
      totalLength: 36,
      id: 0xff49,
      fragment: ipv4.IP_DF,
      ttl: 64,
      protocol: 1,
      ...addresses,
    });
    expect(bytes).toEqual(echo);
  });
});

describe("parseIpv4Options()", () => {
  test("finds the router alert of a report", () => {
    expect(options.parseIpv4Options(report, 0)).toEqual([{ type: options.IPOPT_RA, start: 20, length: 4 }]);
    expect(options.ROUTER_ALERT).toEqual([...report.subarray(20)]);
  });

  test.each([
    ["padding in front and an end", "01 07030400 000000", [[7, 21, 3]]],
    ["a length of one", "07010000 00000000", undefined],
    ["a length behind the header", "07090000 00000000", undefined],
    ["a missing length", "01010101 01010107", undefined],
  ])("%s", (_name, hex, wanted) => {
    const header = new Uint8Array(28);
    header[0] = 0x47;
    header.set(fromHex(hex), 20);
    const found = options
      .parseIpv4Options(header, 0)
      ?.map(({ type, start, length }) => [type, start, length]);
    expect(found).toEqual(wanted);
  });

  test("stay inside the header for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 60 }), (bytes) => {
        const end = Math.min(ipv4.ipv4HeaderLength(bytes, 0), bytes.length);
        for (const option of options.parseIpv4Options(bytes, 0) ?? []) {
          expect(option.start + option.length).toBeLessThanOrEqual(end);
        }
      }),
    );
  });
});
