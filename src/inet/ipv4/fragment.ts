// A packet too large for the next link is cut into pieces that fit (RFC 791 3.2).
//
// Mirrors net/ipv4/ip_output.c (ip_do_fragment, ip_fraglist_*) and net/ipv4/ip_options.c (ip_options_fragment).

import { completeChecksum } from "../../net/complete-checksum.ts";
import { copyMetadata, drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import {
  IP_MF,
  IP_OFFSET,
  IPV4_SIZE,
  ipv4Fragment,
  ipv4HeaderLength,
  setIpv4Fragment,
  setIpv4TotalLength,
  updateIpv4Checksum,
} from "../../wire/ipv4.ts";
import { IPOPT_END, IPOPT_NOOP } from "../../wire/ipv4-option.ts";

/** The bit of an option's type that has it copied to every fragment. */
const copiedBit = 0x80;

/**
 * Cuts a packet, whose `start` is at its IPv4 header, into pieces of at most `mtu` bytes, a list by `next`. Takes ownership of
 * the packet; null, and the packet dropped, when there is no memory or the MTU leaves no room for data.
 */
export function fragment(frame: Frame, mtu: number): Frame | null {
  const { bytes, start, end, pool } = frame;
  const headerLength = ipv4HeaderLength(bytes, start);
  const room = (mtu - headerLength) & ~7;
  if (room <= 0 || !completeChecksum(frame)) {
    drop(frame, room <= 0 ? "too-big" : "no-memory");
    return null;
  }
  const word = ipv4Fragment(bytes, start);
  let first: Frame | null = null;
  let last: Frame | null = null;
  for (let at = start + headerLength; at < end; at += room) {
    const size = Math.min(room, end - at);
    const piece = pool.alloc(headerLength + size);
    if (piece === null) {
      freeList(first);
      drop(frame, "no-memory");
      return null;
    }
    const header = piece.start;
    copyMetadata(frame, piece, header - start);
    piece.end = header + headerLength + size;
    piece.checksum = CHECKSUM_NONE;
    bytes.copyWithin(header, start, start + headerLength);
    bytes.copyWithin(header + headerLength, at, at + size);
    const isLast = at + size >= end;
    const offset = (word & IP_OFFSET) + ((at - start - headerLength) >> 3);
    setIpv4Fragment(bytes, header, offset | (isLast ? word & IP_MF : IP_MF));
    setIpv4TotalLength(bytes, header, headerLength + size);
    if (offset !== 0) blankOptions(bytes, header, headerLength);
    updateIpv4Checksum(bytes, header);
    if (last === null) first = piece;
    else last.next = piece;
    last = piece;
  }
  pool.free(frame);
  return first;
}

function freeList(first: Frame | null): void {
  for (let frame = first; frame !== null; ) {
    const { next } = frame;
    frame.pool.free(frame);
    frame = next;
  }
}

/** Options that only the first fragment has make way for ones that do nothing. */
function blankOptions(bytes: Uint8Array, header: number, headerLength: number): void {
  const end = header + headerLength;
  for (let at = header + IPV4_SIZE; at < end; ) {
    const type = bytes[at] ?? IPOPT_END;
    if (type === IPOPT_END) return;
    const length = type === IPOPT_NOOP ? 1 : (bytes[at + 1] ?? 0);
    if (length < 1 || at + length > end) return;
    if ((type & copiedBit) === 0) bytes.fill(IPOPT_NOOP, at, at + length);
    at += length;
  }
}
