// A packet of this host that is too large is cut into pieces, each behind a fragment header (RFC 8200 4.5). Routers do not
// do that.
//
// Mirrors net/ipv6/ip6_output.c (ip6_fragment) and net/ipv6/output_core.c (ip6_find_1stfragopt).

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import { completeChecksum } from "../../net/complete-checksum.ts";
import { copyMetadata, drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import { IPPROTO_FRAGMENT, IPPROTO_HOPOPTS } from "../../uapi/in6.ts";
import { IPV6_HEADER_SIZE, setIpv6PayloadLength } from "../../wire/ipv6.ts";
import { FRAGMENT_SIZE, ipv6ExtensionLength } from "../../wire/ipv6-extension.ts";

const nextHeaderOffset = 6;

/**
 * Cuts a packet, whose `start` is at its IPv6 header, into pieces of at most `mtu` bytes with the identification `id`, a list
 * by `next`. Takes ownership of the packet; null, and the packet dropped, when there is no memory.
 */
export function fragment6(frame: Frame, mtu: number, id: number): Frame | null {
  const { bytes, end, pool, start } = frame;
  const hasHopByHop = bytes[start + nextHeaderOffset] === IPPROTO_HOPOPTS;
  const firstExtension = start + IPV6_HEADER_SIZE;
  const headerLength =
    IPV6_HEADER_SIZE + (hasHopByHop ? ipv6ExtensionLength(bytes, firstExtension, IPPROTO_HOPOPTS) : 0);
  const nextHeaderAt = hasHopByHop ? IPV6_HEADER_SIZE : nextHeaderOffset;
  const room = (mtu - headerLength - FRAGMENT_SIZE) & ~7;
  if (room <= 0 || !completeChecksum(frame)) {
    drop(frame, room <= 0 ? "too-big" : "no-memory");
    return null;
  }
  let first: Frame | null = null;
  let last: Frame | null = null;
  for (let at = start + headerLength; at < end; at += room) {
    const size = Math.min(room, end - at);
    const piece = pool.alloc(headerLength + FRAGMENT_SIZE + size);
    if (piece === null) {
      freeList(first);
      drop(frame, "no-memory");
      return null;
    }
    const header = piece.start;
    const fragmentAt = header + headerLength;
    copyMetadata(frame, piece, header - start);
    piece.checksum = CHECKSUM_NONE;
    piece.end = fragmentAt + FRAGMENT_SIZE + size;
    bytes.copyWithin(header, start, start + headerLength);
    bytes.copyWithin(fragmentAt + FRAGMENT_SIZE, at, at + size);
    bytes[fragmentAt] = bytes[start + nextHeaderAt] ?? 0;
    bytes[fragmentAt + 1] = 0;
    setBe16(bytes, fragmentAt + 2, (at - start - headerLength) | (at + size < end ? 1 : 0));
    setBe32(bytes, fragmentAt + 4, id);
    bytes[header + nextHeaderAt] = IPPROTO_FRAGMENT;
    setIpv6PayloadLength(bytes, header, piece.end - header - IPV6_HEADER_SIZE);
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
