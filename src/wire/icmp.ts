// ICMP (RFC 792; RFC 1191 for the next-hop MTU): a type, a code, a checksum and a word that depends on the
// type.
//
//   0    1    2        4              8
//   │type│code│checksum│ rest of word │ payload: echo data, or the header and the beginning of the packet at fault
//
// Mirrors include/linux/icmp.h and net/ipv4/icmp.c. *Omitted:* extensions (RFC 4884), router discovery.

import { checksum } from "../bytes/checksum.ts";
import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import {
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
} from "../uapi/icmp.ts";

/** Bytes in a header. */
export const ICMP_SIZE = 8;

const CODE = 1;
const CHECKSUM = 2;
const REST = 4;

/** Reads the type, ICMP_*. */
export function icmpType(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at);
}

/** Reads the code, whose meaning depends on the type. */
export function icmpCode(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at + CODE);
}

/** Reads the word behind the checksum. */
export function icmpRest(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + REST);
}

/** Reads the identifier of an echo. */
export function icmpEchoId(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + REST);
}

/** Reads the sequence number of an echo. */
export function icmpEchoSequence(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + REST + 2);
}

/** Reads the next hop's MTU of "fragmentation needed" (RFC 1191 4). */
export function icmpNextHopMtu(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + REST + 2);
}

/** Tells whether a type reports an error, about which no other error may be sent (`icmp_is_err`). */
export function isIcmpError(type: number): boolean {
  return (
    type === ICMP_DEST_UNREACH ||
    type === ICMP_SOURCE_QUENCH ||
    type === ICMP_REDIRECT ||
    type === ICMP_TIME_EXCEEDED ||
    type === ICMP_PARAMETERPROB
  );
}

/** Tells whether a type is an echo request or its reply, whose word is identifier and sequence number. */
export function isIcmpEcho(type: number): boolean {
  return type === ICMP_ECHO || type === ICMP_ECHOREPLY;
}

/** Tells whether the checksum over the message from `at` to `end` is right. */
export function isIcmpChecksumCorrect(bytes: Uint8Array, at: number, end: number): boolean {
  return checksum(bytes, at, end) === 0;
}

/** Writes the header in front of a payload that ends at `end`, with the checksum over both. */
export function writeIcmp(
  bytes: Uint8Array,
  at: number,
  end: number,
  type: number,
  code: number,
  rest: number,
): void {
  setU8(bytes, at, type);
  setU8(bytes, at + CODE, code);
  setBe16(bytes, at + CHECKSUM, 0);
  setBe32(bytes, at + REST, rest);
  setBe16(bytes, at + CHECKSUM, checksum(bytes, at, end));
}

/** The word of an echo: identifier and sequence number, each of 16 bits. */
export function icmpEchoRest(id: number, sequence: number): number {
  return (((id & 0xffff) << 16) | (sequence & 0xffff)) >>> 0;
}
