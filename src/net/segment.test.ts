// What: a large frame is cut into segments that together say what it said, with right lengths, numbers, flags and checksums.
//
// Source: RFC 9293 3.1, RFC 768, RFC 791; net/ipv4/tcp_offload.c (tcp_gso_segment) for the flags.

import { describe, expect, test } from "vitest";
import { pseudoHeader4, pseudoHeader6 } from "../bytes/checksum.ts";
import { setBe16 } from "../bytes/endian.ts";
import { ETH_HLEN, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { emitIpv4, IPV4_SIZE, ipv4Id, ipv4TotalLength, isIpv4ChecksumCorrect } from "../wire/ipv4.ts";
import { emitIpv6, IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6PayloadLength } from "../wire/ipv6.ts";
import * as tcp from "../wire/tcp.ts";
import * as udp from "../wire/udp.ts";
import { FramePool, frameFrom } from "./frame.ts";
import type { Frame } from "./netdevice.ts";
import { CHECKSUM_NONE, CHECKSUM_PARTIAL, GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4 } from "./netdevice.ts";
import { segmentFrame } from "./segment.ts";

const source = 0x0a000001;
const destination = 0x0a000002;
const flags = tcp.TCP_ACK | tcp.TCP_PSH | tcp.TCP_FIN | tcp.TCP_CWR;

/** Payload whose every byte tells where it stood. */
function payloadOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}

/** Bytes of an Ethernet frame with a TCP segment of `size` bytes. */
function tcpFrame(version: 4 | 6, size: number): Uint8Array {
  const ipSize = version === 4 ? IPV4_SIZE : IPV6_HEADER_SIZE;
  const bytes = new Uint8Array(ETH_HLEN + ipSize + tcp.TCP_SIZE + size);
  const at = ETH_HLEN + ipSize;
  setBe16(bytes, 12, version === 4 ? ETH_P_IP : ETH_P_IPV6);
  writeIp(bytes, version, IPPROTO_TCP);
  bytes.set(payloadOf(size), at + tcp.TCP_SIZE);
  const header = {
    sourcePort: 1,
    destinationPort: 2,
    sequence: 0xfffffff0,
    acknowledgement: 9,
    flags,
    window: 100,
  };
  tcp.writeTcp(bytes, at, bytes.length, header, tcp.TCP_SIZE, 0);
  return bytes;
}

function writeIp(bytes: Uint8Array, version: 4 | 6, protocol: number): void {
  const length = bytes.length - ETH_HLEN;
  if (version === 4) {
    const common = { tos: 0, totalLength: length, id: 0xffff, fragment: 0, ttl: 64, protocol };
    emitIpv4(bytes, ETH_HLEN, { ...common, source, destination });
    return;
  }
  const ends = { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) };
  const payloadLength = length - IPV6_HEADER_SIZE;
  emitIpv6(bytes, ETH_HLEN, {
    trafficClass: 0,
    flowLabel: 0,
    payloadLength,
    nextHeader: protocol,
    hopLimit: 64,
    ...ends,
  });
}

function largeFrame(pool: FramePool, bytes: Uint8Array, gsoType: number, gsoSize: number): Frame {
  const frame = frameFrom(pool, bytes);
  if (frame === null) throw new Error("The pool is empty");
  frame.gsoType = gsoType;
  frame.gsoSize = gsoSize;
  frame.checksum = CHECKSUM_PARTIAL;
  frame.mark = 5;
  return frame;
}

/** Copies of the bytes of a list of frames, which are given back. */
function take(first: Frame | null): { bytes: Uint8Array; checksum: number; gsoType: number; mark: number }[] {
  const seen = [];
  for (let frame = first; frame !== null; ) {
    const next: Frame | null = frame.next;
    const { checksum, gsoType, mark } = frame;
    seen.push({ bytes: frame.bytes.slice(frame.start, frame.end), checksum, gsoType, mark });
    frame.pool.free(frame);
    frame = next;
  }
  return seen;
}

describe.each([
  { version: 4 as const, gsoType: GSO_TCPV4, ipSize: IPV4_SIZE },
  { version: 6 as const, gsoType: GSO_TCPV6, ipSize: IPV6_HEADER_SIZE },
])("TCP over IPv$version", ({ version, gsoType, ipSize }) => {
  const at = ETH_HLEN + ipSize;

  test("segmentFrame() keeps the payload, counts sequence numbers up and makes right checksums", () => {
    const pool = new FramePool({ limitBytes: 1 << 22, poison: true });
    const segments = take(segmentFrame(largeFrame(pool, tcpFrame(version, 3_000), gsoType, 1_448), false));
    expect(segments.map(({ bytes }) => bytes.length - at - tcp.TCP_SIZE)).toEqual([1_448, 1_448, 104]);
    const joined = segments.flatMap(({ bytes }) => [...bytes.subarray(at + tcp.TCP_SIZE)]);
    expect(Uint8Array.from(joined)).toEqual(payloadOf(3_000));
    const base = 0xfffffff0;
    expect(segments.map(({ bytes }) => tcp.tcpSequence(bytes, at))).toEqual(
      [0, 1_448, 2_896].map((offset) => (base + offset) % 2 ** 32),
    );
    for (const { bytes, checksum, gsoType: left, mark } of segments) {
      const length = bytes.length - at;
      const pseudo =
        version === 4
          ? pseudoHeader4(source, destination, IPPROTO_TCP, length)
          : pseudoHeader6(bytes, ETH_HLEN + IPV6_SOURCE, IPPROTO_TCP, length);
      expect(tcp.isTcpChecksumCorrect(bytes, at, bytes.length, pseudo)).toBe(true);
      expect({ checksum, left, mark }).toEqual({ checksum: CHECKSUM_NONE, left: GSO_NONE, mark: 5 });
    }
    expect(pool.inUse).toBe(0);
  });

  test("segmentFrame() leaves CWR to the first segment, PSH and FIN to the last", () => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const segments = take(segmentFrame(largeFrame(pool, tcpFrame(version, 3_000), gsoType, 1_448), false));
    expect(segments.map(({ bytes }) => tcp.tcpFlags(bytes, at))).toEqual([
      tcp.TCP_ACK | tcp.TCP_CWR,
      tcp.TCP_ACK,
      tcp.TCP_ACK | tcp.TCP_PSH | tcp.TCP_FIN,
    ]);
  });

  test("segmentFrame() leaves checksums partial when asked, with the pseudo header's sum in the field", () => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const segments = take(segmentFrame(largeFrame(pool, tcpFrame(version, 2_000), gsoType, 1_448), true));
    for (const { bytes, checksum } of segments) {
      expect(checksum).toBe(CHECKSUM_PARTIAL);
      const length = bytes.length - at;
      const pseudo =
        version === 4
          ? pseudoHeader4(source, destination, IPPROTO_TCP, length)
          : pseudoHeader6(bytes, ETH_HLEN + IPV6_SOURCE, IPPROTO_TCP, length);
      expect(((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0)).toBe(pseudo);
    }
  });
});

describe("headers", () => {
  test("segmentFrame() writes IPv4 lengths, identifications and header checksums", () => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const segments = take(segmentFrame(largeFrame(pool, tcpFrame(4, 2_000), GSO_TCPV4, 1_448), false));
    expect(segments.map(({ bytes }) => ipv4TotalLength(bytes, ETH_HLEN))).toEqual([1_488, 592]);
    expect(segments.map(({ bytes }) => ipv4Id(bytes, ETH_HLEN))).toEqual([0xffff, 0]);
    expect(segments.every(({ bytes }) => isIpv4ChecksumCorrect(bytes, ETH_HLEN))).toBe(true);
  });

  test("segmentFrame() writes IPv6 payload lengths", () => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const segments = take(segmentFrame(largeFrame(pool, tcpFrame(6, 2_000), GSO_TCPV6, 1_448), false));
    expect(segments.map(({ bytes }) => ipv6PayloadLength(bytes, ETH_HLEN))).toEqual([1_468, 572]);
  });

  test("segmentFrame() finds the packet behind a VLAN tag in the bytes", () => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const plain = tcpFrame(4, 2_000);
    const tagged = new Uint8Array(plain.length + 4);
    tagged.set(plain.subarray(0, 12));
    setBe16(tagged, 12, ETH_P_8021Q);
    setBe16(tagged, 14, 7);
    tagged.set(plain.subarray(12), 16);
    const segments = take(segmentFrame(largeFrame(pool, tagged, GSO_TCPV4, 1_448), false));
    expect(segments.map(({ bytes }) => ipv4TotalLength(bytes, ETH_HLEN + 4))).toEqual([1_488, 592]);
  });
});

describe("UDP", () => {
  test("segmentFrame() makes datagrams with headers of their own", () => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const bytes = new Uint8Array(ETH_HLEN + IPV4_SIZE + udp.UDP_SIZE + 2_500);
    const at = ETH_HLEN + IPV4_SIZE;
    setBe16(bytes, 12, ETH_P_IP);
    writeIp(bytes, 4, IPPROTO_UDP);
    udp.writeUdp(bytes, at, bytes.length, 1, 2, 0);
    const segments = take(segmentFrame(largeFrame(pool, bytes, GSO_UDP_L4, 1_000), false));
    expect(segments.map((segment) => udp.udpLength(segment.bytes, at))).toEqual([1_008, 1_008, 508]);
    for (const segment of segments) {
      const pseudo = pseudoHeader4(source, destination, IPPROTO_UDP, segment.bytes.length - at);
      expect(udp.isUdpChecksumCorrect(segment.bytes, at, pseudo)).toBe(true);
    }
  });
});

describe("refusal", () => {
  test.each([
    { why: "no segment size", change: (frame: Frame) => Object.assign(frame, { gsoSize: 0 }) },
    { why: "no IP", change: (frame: Frame) => setBe16(frame.bytes, frame.start + 12, 0x1234) },
    {
      why: "no TCP",
      change: (frame: Frame) => frame.bytes.fill(99, frame.start + ETH_HLEN + 9, frame.start + ETH_HLEN + 10),
    },
    {
      why: "a TCP header longer than the frame",
      change: (frame: Frame) => Object.assign(frame, { end: frame.start + 60 }),
    },
  ])("segmentFrame() leaves a frame with $why to the caller", ({ change }) => {
    const pool = new FramePool({ limitBytes: 1 << 22 });
    const bytes = tcpFrame(4, 2_000);
    bytes[ETH_HLEN + IPV4_SIZE + 12] = 0xf0;
    const frame = largeFrame(pool, bytes, GSO_TCPV4, 1_448);
    change(frame);
    expect(segmentFrame(frame, false)).toBeNull();
    expect(frame.isHeld).toBe(true);
    pool.free(frame);
    expect(pool.inUse).toBe(0);
  });

  test("segmentFrame() gives back what it made when memory runs out", () => {
    const pool = new FramePool({ limitBytes: 1 << 20 });
    const frame = largeFrame(pool, tcpFrame(4, 60_000), GSO_TCPV4, 1_448);
    expect(segmentFrame(frame, false)).toBeNull();
    pool.free(frame);
    expect(pool.inUse).toBe(0);
  });
});
