// The IPv4 header (RFC 791 3.1; TOS as of RFC 2474 and 3168). Options are in ipv4-option.ts.
//
//   0       1    2      4    6             8    9        10       12      16           20
//   │ver,ihl│tos│length│ id │flags,offset│ttl│protocol│checksum│source│destination│ options …
//
// Mirrors include/net/ip.h, net/ipv4/ip_input.c (ip_rcv_core's checks) and net/ipv4/ip_output.c.

import { checksum, checksumReplace16 } from "../bytes/checksum.ts";
import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { ipv4ToText } from "../bytes/ipv4.ts";

/** Bytes in a header without options. */
export const IPV4_SIZE = 20;

/**
 * Bits of the word with flags and fragment offset: do not fragment, more fragments, the offset in units of 8
 * bytes.
 */
export const IP_DF = 0x4000;
export const IP_MF = 0x2000;
export const IP_OFFSET = 0x1fff;

const TOS = 1;
const TOTAL_LENGTH = 2;
const ID = 4;
const FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
/** Where the destination address stands. */
export const IPV4_DESTINATION = 16;

/** What a header without options says. */
export interface Ipv4Header {
  readonly tos?: number;
  /** Length of the packet with this header. */
  readonly totalLength: number;
  readonly id?: number;
  /** IP_DF, IP_MF and the fragment offset. */
  readonly fragment?: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
}

/** Reads the version, which is 4. */
export function ipv4Version(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at) >>> 4;
}

/** Reads the header's length in bytes, options included. */
export function ipv4HeaderLength(bytes: Uint8Array, at: number): number {
  return (getU8(bytes, at) & 0xf) * 4;
}

/** Reads the type of service: DSCP and, in its two lowest bits, ECN. */
export function ipv4Tos(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + TOS);
}

/** Reads the length of the packet with its header. */
export function ipv4TotalLength(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + TOTAL_LENGTH);
}

/** Reads the identification, which fragments of one packet share. */
export function ipv4Id(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + ID);
}

/** Reads the word of IP_DF, IP_MF and fragment offset. */
export function ipv4Fragment(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + FRAGMENT);
}

/** Reads the fragment's offset in bytes. */
export function ipv4FragmentOffset(bytes: Uint8Array, at: number): number {
  return (ipv4Fragment(bytes, at) & IP_OFFSET) * 8;
}

/** Tells whether the packet is a fragment, the first and the last among them (`ip_is_fragment`). */
export function isIpv4Fragment(bytes: Uint8Array, at: number): boolean {
  return (ipv4Fragment(bytes, at) & (IP_MF | IP_OFFSET)) !== 0;
}

/** Reads the time to live. */
export function ipv4Ttl(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + TTL);
}

/** Reads the protocol of the payload, IPPROTO_*. */
export function ipv4Protocol(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + PROTOCOL);
}

/** Reads the header checksum. */
export function ipv4Checksum(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + CHECKSUM);
}

/** Reads the source address. */
export function ipv4Source(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + SOURCE);
}

/** Reads the destination address. */
export function ipv4Destination(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + IPV4_DESTINATION);
}

/**
 * Tells whether a header that makes sense lies between `at` and `end`: version, length, total length
 * (`ip_rcv_core`).
 */
export function isIpv4Header(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < IPV4_SIZE || ipv4Version(bytes, at) !== 4) return false;
  const headerLength = ipv4HeaderLength(bytes, at);
  const totalLength = ipv4TotalLength(bytes, at);
  return headerLength >= IPV4_SIZE && totalLength >= headerLength && at + headerLength <= end;
}

/** Tells whether the checksum over header and options is right (`ip_fast_csum`). */
export function isIpv4ChecksumCorrect(bytes: Uint8Array, at: number): boolean {
  return checksum(bytes, at, at + ipv4HeaderLength(bytes, at)) === 0;
}

/** Writes the checksum over header and options (`ip_send_check`). */
export function updateIpv4Checksum(bytes: Uint8Array, at: number): void {
  setBe16(bytes, at + CHECKSUM, 0);
  setBe16(bytes, at + CHECKSUM, checksum(bytes, at, at + ipv4HeaderLength(bytes, at)));
}

/**
 * Takes one from the time to live and brings the checksum along without reading the header
 * (`ip_decrease_ttl`).
 */
export function decreaseIpv4Ttl(bytes: Uint8Array, at: number): void {
  const before = getBe16(bytes, at + TTL);
  const after = before - 0x100;
  setBe16(bytes, at + TTL, after);
  setBe16(bytes, at + CHECKSUM, checksumReplace16(ipv4Checksum(bytes, at), before, after));
}

/** Overwrites the total length; the checksum is the caller's. */
export function setIpv4TotalLength(bytes: Uint8Array, at: number, length: number): void {
  setBe16(bytes, at + TOTAL_LENGTH, length);
}

/** Overwrites the identification; the checksum is the caller's. */
export function setIpv4Id(bytes: Uint8Array, at: number, id: number): void {
  setBe16(bytes, at + ID, id);
}

/** Overwrites IP_DF, IP_MF and fragment offset; the checksum is the caller's. */
export function setIpv4Fragment(bytes: Uint8Array, at: number, fragment: number): void {
  setBe16(bytes, at + FRAGMENT, fragment);
}

/** Writes a header of IPV4_SIZE with its checksum; what is not given is 0. */
export function emitIpv4(bytes: Uint8Array, at: number, header: Ipv4Header): void {
  setU8(bytes, at, 0x45);
  setU8(bytes, at + TOS, header.tos ?? 0);
  setBe16(bytes, at + TOTAL_LENGTH, header.totalLength);
  setBe16(bytes, at + ID, header.id ?? 0);
  setBe16(bytes, at + FRAGMENT, header.fragment ?? 0);
  setU8(bytes, at + TTL, header.ttl);
  setU8(bytes, at + PROTOCOL, header.protocol);
  setBe32(bytes, at + SOURCE, header.source);
  setBe32(bytes, at + IPV4_DESTINATION, header.destination);
  updateIpv4Checksum(bytes, at);
}

/** Describes source and destination, with ports if told, as every line of tcpdump's does. */
export function describeIpv4Addresses(
  bytes: Uint8Array,
  at: number,
  ports?: readonly [number, number],
): string {
  const source = ipv4ToText(ipv4Source(bytes, at));
  const destination = ipv4ToText(ipv4Destination(bytes, at));
  return ports === undefined
    ? `${source} > ${destination}: `
    : `${source}.${ports[0]} > ${destination}.${ports[1]}: `;
}
