// The UDP header (RFC 768; RFC 8200 8.1 over IPv6, where the checksum may not be left out).
//
//   0           2                4      6        8
//   │source port│destination port│length│checksum│ payload …
//
// Mirrors include/linux/udp.h and net/ipv4/udp.c (udp_set_csum, udp_csum).

import { checksum, checksumAdd, checksumOf } from "../bytes/checksum.ts";
import { getBe16, setBe16 } from "../bytes/endian.ts";

/** Bytes in the header. */
export const UDP_SIZE = 8;

const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;

/** Reads the source port. */
export function udpSourcePort(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at);
}

/** Reads the destination port. */
export function udpDestinationPort(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + DESTINATION_PORT);
}

/** Reads the length of header and payload. */
export function udpLength(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + LENGTH);
}

/** Reads the checksum; 0 when the sender made none. */
export function udpChecksum(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + CHECKSUM);
}

/**
 * Tells whether the checksum is right; `pseudo` is the pseudo header's sum. The caller knows what 0 means to
 * it.
 */
export function isUdpChecksumCorrect(bytes: Uint8Array, at: number, pseudo: number): boolean {
  return checksum(bytes, at, at + udpLength(bytes, at), pseudo) === 0;
}

/**
 * Writes the header in front of a payload that ends at `end`, with the checksum over both and the pseudo
 * header's sum.
 */
export function writeUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  sourcePort: number,
  destinationPort: number,
  pseudo: number,
): void {
  setBe16(bytes, at, sourcePort);
  setBe16(bytes, at + DESTINATION_PORT, destinationPort);
  setBe16(bytes, at + LENGTH, end - at);
  setBe16(bytes, at + CHECKSUM, 0);
  // A sum whose complement is 0 is sent as its twin 0xffff: 0 says that there is none.
  setBe16(bytes, at + CHECKSUM, checksumOf(checksumAdd(bytes, at, end, pseudo)) || 0xffff);
}

/**
 * Describes the datagram at `at`, of which the IP packet had `length` bytes; a fragment's length may go
 * beyond them.
 */
export function describeUdp(bytes: Uint8Array, at: number, length: number, isFragment: boolean): string {
  const stated = udpLength(bytes, at);
  if (stated < UDP_SIZE) return `truncated-udplength ${stated}`;
  if (stated > length && !isFragment) return `UDP, bad length ${stated - UDP_SIZE} > ${length - UDP_SIZE}`;
  return `UDP, length ${stated - UDP_SIZE}`;
}
