// The extension headers of IPv6 (RFC 8200 4): hop-by-hop, routing, fragment, destination options,
// authentication. A walk leads from the IPv6 header to the upper layer, at most EXTENSION_LIMIT headers deep.
//
// Mirrors net/ipv6/exthdrs_core.c (ipv6_skip_exthdr). *Omitted:* ESP, whose inside cannot be walked, and
// mobility headers.

import { getBe16, getBe32, getU8 } from "../bytes/endian.ts";
import { IPPROTO_AH } from "../uapi/in.ts";
import {
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
} from "../uapi/in6.ts";
import { IPV6_HEADER_SIZE, ipv6NextHeader } from "./ipv6.ts";

/** Headers in one packet beyond which a walk gives up: more serve nobody but an attacker (RFC 8504 5.3). */
export const EXTENSION_LIMIT = 16;

/** Bytes in a fragment header. */
export const FRAGMENT_SIZE = 8;

/** Where a walk has arrived. One object serves many packets: a walk overwrites all of it. */
export interface ExtensionWalk {
  /** The type of the header at `offset`: the upper layer's, or one that cannot be walked over. */
  protocol: number;
  /** Where the header of type `protocol` begins. */
  offset: number;
  /** Where the byte with `protocol` lies, which a parameter problem points at. */
  protocolOffset: number;
  /** Offset of the fragment header; 0 when there is none. */
  fragmentOffset: number;
}

/** Makes a walk to be handed to walkIpv6Extensions(). */
export function createExtensionWalk(): ExtensionWalk {
  return { protocol: IPPROTO_NONE, offset: 0, protocolOffset: 0, fragmentOffset: 0 };
}

/** Tells whether a next header is an extension that can be walked over (`ipv6_ext_hdr`, but for NONE). */
export function isIpv6Extension(nextHeader: number): boolean {
  return (
    nextHeader === IPPROTO_HOPOPTS ||
    nextHeader === IPPROTO_ROUTING ||
    nextHeader === IPPROTO_FRAGMENT ||
    nextHeader === IPPROTO_DSTOPTS ||
    nextHeader === IPPROTO_AH
  );
}

/** The length of the extension header of type `nextHeader` at `at`, whose first two bytes are there. */
export function ipv6ExtensionLength(bytes: Uint8Array, at: number, nextHeader: number): number {
  if (nextHeader === IPPROTO_FRAGMENT) return FRAGMENT_SIZE;
  const units = getU8(bytes, at + 1);
  return nextHeader === IPPROTO_AH ? (units + 2) * 4 : (units + 1) * 8;
}

/**
 * Walks from the IPv6 header at `at` over its extensions into `walk`. Stops in front of the upper layer, of
 * ESP and of what follows the fragment header of a fragment that is not the first. False if a header is cut
 * off or there are too many.
 */
export function walkIpv6Extensions(bytes: Uint8Array, at: number, end: number, walk: ExtensionWalk): boolean {
  walk.protocol = ipv6NextHeader(bytes, at);
  walk.protocolOffset = at + 6;
  walk.offset = at + IPV6_HEADER_SIZE;
  walk.fragmentOffset = 0;
  for (let count = 0; isIpv6Extension(walk.protocol); count++) {
    if (count === EXTENSION_LIMIT || end - walk.offset < 8) return false;
    const length = ipv6ExtensionLength(bytes, walk.offset, walk.protocol);
    if (end - walk.offset < length) return false;
    const isFragment = walk.protocol === IPPROTO_FRAGMENT;
    if (isFragment) walk.fragmentOffset = walk.offset;
    walk.protocol = getU8(bytes, walk.offset);
    walk.protocolOffset = walk.offset;
    walk.offset += length;
    if (isFragment && fragmentPosition(bytes, walk.fragmentOffset) !== 0) return true;
  }
  return true;
}

/** Reads where in the whole packet the data behind the fragment header at `at` belong, in bytes. */
export function fragmentPosition(bytes: Uint8Array, at: number): number {
  return getBe16(bytes, at + 2) & 0xfff8;
}

/** Tells whether more fragments follow the one whose fragment header is at `at`. */
export function hasMoreFragments(bytes: Uint8Array, at: number): boolean {
  return (getBe16(bytes, at + 2) & 1) === 1;
}

/** Reads the identification that fragments of one packet share. */
export function fragmentId(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + 4);
}

/** Describes the fragment header at `at` with `length` bytes behind it, as tcpdump does. */
export function describeFragment(bytes: Uint8Array, at: number, length: number): string {
  return `frag (${fragmentPosition(bytes, at)}|${length})`;
}
