// What: UDP and TCP headers and TCP's options are read and written, checksums with their pseudo header right.
//
// Source: RFC 768, RFC 9293 3; the reset and the options of the SYN were sent by Linux 6.18, and so was the datagram, whose
// checksum the kernel had left at the pseudo header's sum for an offload that did not come.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pseudoHeader4 } from "../bytes/checksum.ts";
import { fromHex } from "../bytes/hex.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import * as tcp from "./tcp.ts";
import { parseTcpOptions } from "./tcp-option.ts";
import * as udp from "./udp.ts";

describe("UDP", () => {
  const datagram = fromHex("03e8 0009 000d 1421 68656c6c6f");
  const pseudo = pseudoHeader4(0x0a000001, 0x0a000002, IPPROTO_UDP, 13);

  test("getters read the header", () => {
    expect(udp.udpSourcePort(datagram, 0)).toBe(1000);
    expect(udp.udpDestinationPort(datagram, 0)).toBe(9);
    expect(udp.udpLength(datagram, 0)).toBe(13);
  });

  test("a partial checksum of the kernel's is the pseudo header's sum", () => {
    expect(udp.udpChecksum(datagram, 0)).toBe(pseudo);
    expect(udp.isUdpChecksumCorrect(datagram, 0, pseudo)).toBe(false);
  });

  test("writeUdp() writes a header whose checksum is right", () => {
    const bytes = Uint8Array.from(datagram).fill(0, 0, 8);
    udp.writeUdp(bytes, 0, 13, 1000, 9, pseudo);
    expect(bytes.subarray(0, 6)).toEqual(datagram.subarray(0, 6));
    expect(udp.isUdpChecksumCorrect(bytes, 0, pseudo)).toBe(true);
    bytes[12] = 0;
    expect(udp.isUdpChecksumCorrect(bytes, 0, pseudo)).toBe(false);
  });

  test("writeUdp() sends a checksum of zero as 0xffff", () => {
    // A length of 10 and this payload sum up to 0xffff, whose complement is zero.
    const bytes = new Uint8Array(10);
    bytes.set([0xff, 0xff - 10], 8);
    udp.writeUdp(bytes, 0, 10, 0, 0, 0);
    expect(udp.udpChecksum(bytes, 0)).toBe(0xffff);
  });
});

describe("TCP", () => {
  const reset = fromHex("0050 bc3e 00000000 111d38e7 50 14 0000 953b 0000");
  const pseudo = pseudoHeader4(0x0a000002, 0x0a000001, IPPROTO_TCP, 20);

  test("getters read the header", () => {
    expect(tcp.tcpSourcePort(reset, 0)).toBe(80);
    expect(tcp.tcpDestinationPort(reset, 0)).toBe(48_190);
    expect(tcp.tcpSequence(reset, 0)).toBe(0);
    expect(tcp.tcpAcknowledgement(reset, 0)).toBe(0x111d38e7);
    expect(tcp.tcpHeaderLength(reset, 0)).toBe(20);
    expect(tcp.tcpFlags(reset, 0)).toBe(tcp.TCP_RST | tcp.TCP_ACK);
    expect(tcp.tcpWindow(reset, 0)).toBe(0);
    expect(tcp.tcpUrgent(reset, 0)).toBe(0);
    expect(tcp.isTcpChecksumCorrect(reset, 0, 20, pseudo)).toBe(true);
  });

  test("writeTcp() writes the kernel's reset", () => {
    const bytes = new Uint8Array(20);
    const numbers = { sequence: 0, acknowledgement: 0x111d38e7, window: 0 };
    const header = { sourcePort: 80, destinationPort: 48_190, ...numbers, flags: tcp.TCP_RST | tcp.TCP_ACK };
    tcp.writeTcp(bytes, 0, 20, header, 20, pseudo);
    expect(bytes).toEqual(reset);
  });
});

describe("parseTcpOptions()", () => {
  test("reads those of a SYN of the kernel's", () => {
    const options = fromHex("020405b4 0402 080af5f5684300000000 01 03030a");
    expect(parseTcpOptions(options, 0, options.length)).toEqual({
      mss: 1460,
      isSackPermitted: true,
      timestamp: 0xf5f56843,
      timestampEcho: 0,
      windowShift: 10,
    });
  });

  test.each([
    [
      "selective acknowledgements",
      "0101 0512 00000001 00000002 00000003 00000004",
      { sackEdges: [1, 2, 3, 4] },
    ],
    ["nothing behind an end", "00 020405b4", {}],
    ["nothing behind a length that cannot be", "0200 020405b4", {}],
    ["nothing of an option that is cut off", "020405", {}],
    ["nothing of a wrong length", "020301 03030a", { windowShift: 10 }],
    ["what follows an unknown kind", "2204abcd 020405b4", { mss: 1460 }],
  ])("%s", (_name, hex, wanted) => {
    const bytes = fromHex(hex);
    expect(parseTcpOptions(bytes, 0, bytes.length)).toEqual(wanted);
  });

  test("ends on any bytes and reads none behind the end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const padded = new Uint8Array(60).fill(7);
        padded.set(bytes);
        expect(parseTcpOptions(padded, 0, bytes.length)).toEqual(parseTcpOptions(bytes, 0, bytes.length));
      }),
      { numRuns: 1000 },
    );
  });
});
