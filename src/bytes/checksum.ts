// The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words, and its incremental update (RFC
// 1624). On the way of every frame, so nothing here allocates, and all sums stay small integers.
//
// A *sum* is a number of at most 16 bits, not yet complemented, as the kernel's __wsum after folding. A
// *checksum* is what a header holds: the complement of a sum. Sums of several pieces are chained through
// `initial`; every piece but the last must have an even length.
//
// Mirrors lib/checksum.c, include/net/checksum.h (csum_partial, csum_fold, csum_replace2, csum_tcpudp_magic).

/**
 * Adds the bytes from `start` to `end` (exclusive, at most 8 MiB) to `initial`; an odd last byte counts as a
 * high byte.
 */
export function checksumAdd(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  // Even and odd bytes are summed apart: each sum stays below 2^31 without a carry to look at in the loop.
  let high = 0;
  let low = 0;
  let at = start;
  for (const last = end - 7; at < last; at += 8) {
    high += (bytes[at] ?? 0) + (bytes[at + 2] ?? 0) + (bytes[at + 4] ?? 0) + (bytes[at + 6] ?? 0);
    low += (bytes[at + 1] ?? 0) + (bytes[at + 3] ?? 0) + (bytes[at + 5] ?? 0) + (bytes[at + 7] ?? 0);
  }
  for (const last = end - 1; at < last; at += 2) {
    high += bytes[at] ?? 0;
    low += bytes[at + 1] ?? 0;
  }
  if (at < end) high += bytes[at] ?? 0;
  // high * 256 modulo 0xffff: what a shift by eight pushes out of the 16 bits comes back at the bottom.
  return foldSum((high >>> 8) + ((high & 0xff) << 8) + low + initial);
}

/**
 * Brings a sum of less than 2^32 back to 16 bits by adding the carries (`csum_fold` without its complement).
 */
function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** Turns a sum into the checksum to be written (`csum_fold`). */
export function checksumOf(sum: number): number {
  return ~sum & 0xffff;
}

/**
 * Computes the checksum of the bytes from `start` to `end` (`ip_compute_csum`); 0 when they hold a correct
 * one.
 */
export function checksum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  return checksumOf(checksumAdd(bytes, start, end, initial));
}

/**
 * The checksum after the 16-bit word `from` under it has become `to` (RFC 1624, equation 3; `csum_replace2`).
 */
export function checksumReplace16(check: number, from: number, to: number): number {
  return checksumOf(foldSum((~check & 0xffff) + (~from & 0xffff) + (to & 0xffff)));
}

/** The checksum after the 32-bit word `from` under it has become `to` (`csum_replace4`). */
export function checksumReplace32(check: number, from: number, to: number): number {
  return checksumReplace16(checksumReplace16(check, from >>> 16, to >>> 16), from & 0xffff, to & 0xffff);
}

/**
 * The sum of the pseudo header of TCP and UDP over IPv4 (RFC 768, RFC 9293 3.1); `length` counts the
 * transport header too.
 */
export function pseudoHeader4(source: number, destination: number, protocol: number, length: number): number {
  const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
  return foldSum(addresses + protocol + length);
}

/**
 * The sum of the pseudo header over IPv6 (RFC 8200 8.1). `addresses` is the offset of source and destination,
 * 32 bytes as they lie in the header; `length` counts the upper-layer header too.
 */
export function pseudoHeader6(
  bytes: Uint8Array,
  addresses: number,
  protocol: number,
  length: number,
): number {
  return checksumAdd(
    bytes,
    addresses,
    addresses + 32,
    foldSum(protocol + (length >>> 16) + (length & 0xffff)),
  );
}
