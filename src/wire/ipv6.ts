// The IPv6 header (RFC 8200 3). Extension headers are in ipv6-extension.ts.
//
//   0                     4      6    7         8       24           40
//   │ver,class,flow label│length│next│hop limit│source│destination│ payload …
//
// Mirrors include/net/ipv6.h and net/ipv6/ip6_input.c (ip6_rcv_core's checks). An address in a packet is
// named by its offset.

import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { ipv6ToText } from "../bytes/ipv6.ts";

/** Bytes in the header. */
export const IPV6_HEADER_SIZE = 40;

/**
 * Offsets of the two addresses in the header; they lie together as the pseudo header of a checksum wants
 * them.
 */
export const IPV6_SOURCE = 8;
export const IPV6_DESTINATION = 24;

const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;

/** What a header says. */
export interface Ipv6Header {
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  /** Length of what follows this header. */
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** Reads the version, which is 6. */
export function ipv6Version(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at) >>> 4;
}

/** Reads the traffic class: DSCP and, in its two lowest bits, ECN. */
export function ipv6TrafficClass(bytes: Uint8Array, at: number): number {
  return (getBe16(bytes, at) >>> 4) & 0xff;
}

/** Reads the flow label. */
export function ipv6FlowLabel(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at) & 0xfffff;
}

/** Reads the length of what follows the header; 0 in a jumbogram. */
export function ipv6PayloadLength(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + PAYLOAD_LENGTH);
}

/** Reads the type of the header that follows, IPPROTO_*. */
export function ipv6NextHeader(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + NEXT_HEADER);
}

/** Reads the hop limit. */
export function ipv6HopLimit(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + HOP_LIMIT);
}

/** Overwrites the hop limit; no checksum covers it. */
export function setIpv6HopLimit(bytes: Uint8Array, at: number, hopLimit: number): void {
  setU8(bytes, at + HOP_LIMIT, hopLimit);
}

/** Overwrites the length of what follows the header. */
export function setIpv6PayloadLength(bytes: Uint8Array, at: number, length: number): void {
  setBe16(bytes, at + PAYLOAD_LENGTH, length);
}

/** Returns the source address, a copy. */
export function ipv6Source(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice(at + IPV6_SOURCE, at + IPV6_DESTINATION);
}

/** Returns the destination address, a copy. */
export function ipv6Destination(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice(at + IPV6_DESTINATION, at + IPV6_HEADER_SIZE);
}

/**
 * Tells whether a header of version 6 lies between `at` and `end` with all of its payload behind it
 * (`ip6_rcv_core`).
 */
export function isIpv6Header(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= IPV6_HEADER_SIZE &&
    ipv6Version(bytes, at) === 6 &&
    at + IPV6_HEADER_SIZE + ipv6PayloadLength(bytes, at) <= end
  );
}

/** Writes a header; traffic class and flow label are 0 unless given. */
export function emitIpv6(bytes: Uint8Array, at: number, header: Ipv6Header): void {
  setBe32(bytes, at, 0x6000_0000 | ((header.trafficClass ?? 0) << 20) | (header.flowLabel ?? 0));
  setBe16(bytes, at + PAYLOAD_LENGTH, header.payloadLength);
  setU8(bytes, at + NEXT_HEADER, header.nextHeader);
  setU8(bytes, at + HOP_LIMIT, header.hopLimit);
  bytes.set(header.source, at + IPV6_SOURCE);
  bytes.set(header.destination, at + IPV6_DESTINATION);
}

/** Describes source and destination, with ports if told, as every line of tcpdump's does. */
export function describeIpv6Addresses(
  bytes: Uint8Array,
  at: number,
  ports?: readonly [number, number],
): string {
  const source = ipv6ToText(bytes, at + IPV6_SOURCE);
  const destination = ipv6ToText(bytes, at + IPV6_DESTINATION);
  return ports === undefined
    ? `${source} > ${destination}: `
    : `${source}.${ports[0]} > ${destination}.${ports[1]}: `;
}
