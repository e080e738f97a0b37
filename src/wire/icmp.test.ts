// What: ICMP and ICMPv6 messages are read, written and checksummed as the kernel's.
//
// Source: RFC 792, RFC 4443 2.3; the messages were sent by Linux 6.18.

import { describe, expect, test } from "vitest";
import { fromHex } from "../bytes/hex.ts";
import { ICMP_DEST_UNREACH, ICMP_ECHO, ICMP_ECHOREPLY, ICMP_TIMESTAMP } from "../uapi/icmp.ts";
import { ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST, ICMPV6_PKT_TOOBIG } from "../uapi/icmpv6.ts";
import * as icmp from "./icmp.ts";
import * as icmpv6 from "./icmpv6.ts";

describe("ICMP", () => {
  const request = fromHex("08 00 5435 1234 0001 6162636465666768");
  const reply = fromHex("00 00 5c35 1234 0001 6162636465666768");

  test("getters read an echo", () => {
    expect(icmp.icmpType(request, 0)).toBe(ICMP_ECHO);
    expect(icmp.icmpCode(request, 0)).toBe(0);
    expect(icmp.icmpRest(request, 0)).toBe(0x12340001);
    expect(icmp.icmpEchoId(request, 0)).toBe(0x1234);
    expect(icmp.icmpEchoSequence(request, 0)).toBe(1);
    expect(icmp.icmpEchoRest(0x1234, 1)).toBe(0x12340001);
  });

  test("the checksum covers header and payload", () => {
    expect(icmp.isIcmpChecksumCorrect(reply, 0, 16)).toBe(true);
    expect(icmp.isIcmpChecksumCorrect(reply, 0, 15)).toBe(false);
  });

  test("writeIcmp() turns the request into the kernel's reply", () => {
    const bytes = Uint8Array.from(request);
    icmp.writeIcmp(bytes, 0, bytes.length, ICMP_ECHOREPLY, 0, icmp.icmpRest(request, 0));
    expect(bytes).toEqual(reply);
  });

  test("errors are told from questions and answers", () => {
    expect([ICMP_DEST_UNREACH, 4, 5, 11, 12].map(icmp.isIcmpError)).toEqual([true, true, true, true, true]);
    expect([ICMP_ECHO, ICMP_ECHOREPLY, ICMP_TIMESTAMP].map(icmp.isIcmpError)).toEqual([false, false, false]);
    expect([ICMP_ECHO, ICMP_ECHOREPLY, ICMP_TIMESTAMP].map(icmp.isIcmpEcho)).toEqual([true, true, false]);
  });

  test("the next hop's MTU is the lower half of the word", () => {
    expect(icmp.icmpNextHopMtu(fromHex("03 04 0000 0000 0578"), 0)).toBe(1400);
  });
});

describe("ICMPv6", () => {
  const header = "6000a61f 0010 3a 40 fe80000000000000000000fffe000002 fe80000000000000000000fffe000001";
  const reply = fromHex(`${header} 81 00 dfe5 1234 0001 6162636465666768`);

  test("getters read an echo", () => {
    expect(icmpv6.icmpv6Type(reply, 40)).toBe(ICMPV6_ECHO_REPLY);
    expect(icmpv6.icmpv6Code(reply, 40)).toBe(0);
    expect(icmpv6.icmpv6Rest(reply, 40)).toBe(0x12340001);
    expect(icmpv6.icmpv6EchoId(reply, 40)).toBe(0x1234);
    expect(icmpv6.icmpv6EchoSequence(reply, 40)).toBe(1);
    expect([ICMPV6_ECHO_REQUEST, ICMPV6_ECHO_REPLY, ICMPV6_PKT_TOOBIG].map(icmpv6.isIcmpv6Echo)).toEqual([
      true,
      true,
      false,
    ]);
    expect([ICMPV6_ECHO_REQUEST, ICMPV6_PKT_TOOBIG].map(icmpv6.isIcmpv6Error)).toEqual([false, true]);
  });

  test("the checksum covers the addresses too", () => {
    expect(icmpv6.isIcmpv6ChecksumCorrect(reply, 40, 56, 0)).toBe(true);
    const moved = Uint8Array.from(reply);
    moved[39] = 3;
    expect(icmpv6.isIcmpv6ChecksumCorrect(moved, 40, 56, 0)).toBe(false);
  });

  test("writeIcmpv6() writes the kernel's reply", () => {
    const bytes = Uint8Array.from(reply).fill(0xff, 40, 48);
    icmpv6.writeIcmpv6(bytes, 40, 56, 0, ICMPV6_ECHO_REPLY, 0, 0x12340001);
    expect(bytes).toEqual(reply);
  });
});
