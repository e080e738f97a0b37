// ICMPv6 (RFC 4443): as ICMP, but its checksum covers a pseudo header of the IPv6 addresses. Neighbour
// discovery is in nd.ts, multicast listener discovery in mld.ts.
//
//   0    1    2        4              8
//   │type│code│checksum│ rest of word │ payload: echo data, or as much of the packet at fault as fits into 1,280 bytes
//
// Mirrors include/uapi/linux/icmpv6.h and net/ipv6/icmp.c.

import { checksum, pseudoHeader6 } from "../bytes/checksum.ts";
import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST, ICMPV6_INFOMSG_MASK } from "../uapi/icmpv6.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { IPV6_SOURCE } from "./ipv6.ts";

/** Bytes in a header. */
export const ICMPV6_SIZE = 8;

const CODE = 1;
const CHECKSUM = 2;
const REST = 4;

/** Reads the type, ICMPV6_* or ND's or MLD's. */
export function icmpv6Type(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at);
}

/** Reads the code, whose meaning depends on the type. */
export function icmpv6Code(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + CODE);
}

/** Reads the word behind the checksum: an MTU, a pointer, flags, an echo's identifier and sequence number. */
export function icmpv6Rest(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + REST);
}

/** Reads the identifier of an echo. */
export function icmpv6EchoId(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + REST);
}

/** Reads the sequence number of an echo. */
export function icmpv6EchoSequence(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + REST + 2);
}

/** Tells whether a type reports an error, about which no other error may be sent (`icmpv6_is_err`). */
export function isIcmpv6Error(type: number): boolean {
  return (type & ICMPV6_INFOMSG_MASK) === 0;
}

/** Tells whether a type is an echo request or its reply. */
export function isIcmpv6Echo(type: number): boolean {
  return type === ICMPV6_ECHO_REQUEST || type === ICMPV6_ECHO_REPLY;
}

/**
 * Tells whether the checksum over the message from `at` to `end` is right; `header` is the offset of the IPv6
 * header.
 */
export function isIcmpv6ChecksumCorrect(bytes: Uint8Array, at: number, end: number, header: number): boolean {
  const pseudo = pseudoHeader6(bytes, header + IPV6_SOURCE, IPPROTO_ICMPV6, end - at);
  return checksum(bytes, at, end, pseudo) === 0;
}

/**
 * Writes type, code and the word behind the checksum in front of a payload that ends at `end`, and the
 * checksum over all; the IPv6 header at `header` must hold its final addresses.
 */
export function writeIcmpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  header: number,
  type: number,
  code: number,
  rest: number,
): void {
  setU8(bytes, at, type);
  setU8(bytes, at + CODE, code);
  setBe32(bytes, at + REST, rest);
  updateIcmpv6Checksum(bytes, at, end, header);
}

/**
 * Writes the checksum over the message from `at` to `end`; the IPv6 header at `header` must hold its final
 * addresses.
 */
export function updateIcmpv6Checksum(bytes: Uint8Array, at: number, end: number, header: number): void {
  setBe16(bytes, at + CHECKSUM, 0);
  const pseudo = pseudoHeader6(bytes, header + IPV6_SOURCE, IPPROTO_ICMPV6, end - at);
  setBe16(bytes, at + CHECKSUM, checksum(bytes, at, end, pseudo));
}
