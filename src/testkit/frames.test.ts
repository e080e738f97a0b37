// What: the builders make frames that tcpdump's words describe as they were asked for, with right checksums.
//
// Reference: tcpdump 4.99 on frames with the same content ("bad cksum" and "cksum incorrect" are its words for wrong ones).

import { expect, test } from "vitest";
import { describe as describeFrame } from "../wire/describe.ts";
import { isIcmpChecksumCorrect } from "../wire/icmp.ts";
import { isIcmpv6ChecksumCorrect } from "../wire/icmpv6.ts";
import { isIpv4ChecksumCorrect } from "../wire/ipv4.ts";
import { arpFrame, echoFrame, ethernetFrame, udpFrame } from "./index.ts";

const text = (frame: Uint8Array): string => describeFrame(frame, 0, frame.length);

test("arpFrame() asks, and answers when it knows the target's address", () => {
  const question = arpFrame({ senderIp: "10.0.0.1", targetIp: "10.0.0.2" });
  expect(text(question)).toBe("ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
  const answer = arpFrame({
    from: "02:00:00:00:00:02",
    to: "02:00:00:00:00:01",
    senderIp: "10.0.0.2",
    targetIp: "10.0.0.1",
    targetMac: "02:00:00:00:00:01",
  });
  expect(text(answer)).toBe("ARP, Reply 10.0.0.2 is-at 02:00:00:00:00:02, length 28");
});

test("echoFrame() makes an ICMP or an ICMPv6 echo, as its addresses are", () => {
  const four = echoFrame({
    source: "10.0.0.1",
    destination: "10.0.0.2",
    id: 7,
    seq: 3,
    payload: "x".repeat(56),
  });
  expect(text(four)).toBe("IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 3, length 64");
  expect(isIpv4ChecksumCorrect(four, 14)).toBe(true);
  expect(isIcmpChecksumCorrect(four, 34, four.length)).toBe(true);
  const six = echoFrame({
    source: "fd00::1",
    destination: "fd00::2",
    isReply: true,
    id: 7,
    seq: 3,
    payload: "abc",
  });
  expect(text(six)).toBe("IP6 fd00::1 > fd00::2: ICMP6, echo reply, id 7, seq 3, length 11");
  expect(isIcmpv6ChecksumCorrect(six, 54, six.length, 14)).toBe(true);
});

test("udpFrame() carries a payload from port to port", () => {
  const ports = { sourcePort: 4000, destinationPort: 5000, payload: "hello" };
  expect(text(udpFrame({ source: "10.0.0.1", destination: "10.0.0.2", ...ports }))).toBe(
    "IP 10.0.0.1.4000 > 10.0.0.2.5000: UDP, length 5",
  );
  expect(text(udpFrame({ source: "fd00::1", destination: "fd00::2", ...ports }))).toBe(
    "IP6 fd00::1.4000 > fd00::2.5000: UDP, length 5",
  );
});

test("ethernetFrame() puts a header in front of any payload", () => {
  const frame = ethernetFrame({ to: "02:00:00:00:00:02" }, 0x88b5, Uint8Array.of(1, 2, 3));
  expect([...frame]).toEqual([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 1, 2, 3]);
});

test("a builder refuses what is no address", () => {
  expect(() => arpFrame({ senderIp: "10.0.0", targetIp: "10.0.0.2" })).toThrow("Not an IPv4 address: 10.0.0");
});
