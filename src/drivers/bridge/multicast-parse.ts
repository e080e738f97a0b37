// What a frame to a group says of memberships: IGMP and MLD messages that are whole, and whether it is a broken packet,
// which goes nowhere.
//
// Mirrors net/ipv4/igmp.c (ip_mc_check_igmp), net/ipv6/mcast_snoop.c (ipv6_mc_check_mld) and the way
// net/bridge/br_multicast.c reads them.

import { checksum } from "../../bytes/checksum.ts";
import { getBe16, getBe32, getU8 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { IPPROTO_AH, IPPROTO_IGMP } from "../../uapi/in.ts";
import {
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
  IPPROTO_ROUTING,
} from "../../uapi/in6.ts";
import { isIcmpv6ChecksumCorrect } from "../../wire/icmpv6.ts";
import * as igmp from "../../wire/igmp.ts";
import { ipv4HeaderLength } from "../../wire/ipv4.ts";
import * as mld from "../../wire/mld.ts";

/** A frame is a packet of no interest, one that is broken, or a message whose bounds are here. */
export interface MembershipMessage {
  kind: "other" | "broken" | "message";
  /** Where the message begins and ends. */
  at: number;
  end: number;
}

const noMessage: MembershipMessage = { kind: "other", at: 0, end: 0 };
const broken: MembershipMessage = { kind: "broken", at: 0, end: 0 };
const ALL_HOSTS = 0xe0000001 | 0;

/** Looks at a frame whose `start` is at its network header. */
export function findMessage(frame: Frame): MembershipMessage {
  if (frame.protocol === ETH_P_IP) return findIgmp(frame);
  return frame.protocol === ETH_P_IPV6 ? findMld(frame) : noMessage;
}

function findIgmp({ bytes, start, end }: Frame): MembershipMessage {
  if (end - start < 20) return broken;
  const headerLength = ipv4HeaderLength(bytes, start);
  const isHeader = getU8(bytes, start) >>> 4 === 4 && headerLength >= 20 && headerLength <= end - start;
  if (!isHeader || checksum(bytes, start, start + headerLength) !== 0) return broken;
  const length = getBe16(bytes, start + 2);
  if (length > end - start || length < headerLength) return broken;
  if (getU8(bytes, start + 9) !== IPPROTO_IGMP) return noMessage;
  const at = start + headerLength;
  const last = start + length;
  if (last - at < igmp.IGMP_SIZE || checksum(bytes, at, last) !== 0) return broken;
  switch (igmp.igmpType(bytes, at)) {
    case igmp.IGMP2_LEAVE:
    case igmp.IGMP1_REPORT:
    case igmp.IGMP2_REPORT:
    case igmp.IGMP3_REPORT:
      return { kind: "message", at, end: last };
    case igmp.IGMP_QUERY: {
      const size = last - at;
      if (size !== igmp.IGMP_SIZE && size < igmp.IGMP3_QUERY_SIZE) return broken;
      if (igmp.igmpGroup(bytes, at) === 0 && (getBe32(bytes, start + 16) | 0) !== ALL_HOSTS) return broken;
      return { kind: "message", at, end: last };
    }
    default:
      return noMessage;
  }
}

function findMld({ bytes, start, end }: Frame): MembershipMessage {
  if (end - start < 40 || getU8(bytes, start) >>> 4 !== 6) return broken;
  const last = start + 40 + getBe16(bytes, start + 4);
  if (last > end || last === start + 40) return broken;
  // Only packets with a hop-by-hop header in front can be of MLD.
  if (getU8(bytes, start + 6) !== IPPROTO_HOPOPTS) return noMessage;
  const at = skipExtensions(bytes, start, last);
  if (at < 0) return broken;
  if (at === 0) return noMessage;
  if (last - at < 8 || !isIcmpv6ChecksumCorrect(bytes, at, last, start)) return broken;
  const size = last - at;
  // What is too short for a message of version 1 is none at all.
  if (size < mld.MLD_SIZE) return noMessage;
  const type = getU8(bytes, at);
  if (type === mld.MLD_QUERY) {
    return isWholeQuery(bytes, start, at, size) ? { kind: "message", at, end: last } : broken;
  }
  const isTold = type === mld.MLD_REPORT || type === mld.MLD_DONE || type === mld.MLD2_REPORT;
  return isTold ? { kind: "message", at, end: last } : noMessage;
}

/** Where the ICMPv6 message of a packet is behind its extension headers; 0 for another protocol, -1 for a broken packet (ipv6_skip_exthdr). */
function skipExtensions(bytes: Uint8Array, start: number, last: number): number {
  let at = start + 40;
  for (let protocol: number = IPPROTO_HOPOPTS; ; ) {
    switch (protocol) {
      case IPPROTO_ICMPV6:
        return at;
      case IPPROTO_NONE:
        return -1;
      case IPPROTO_HOPOPTS:
      case IPPROTO_ROUTING:
      case IPPROTO_DSTOPTS:
      case IPPROTO_AH:
      case IPPROTO_FRAGMENT:
        break;
      default:
        return 0;
    }
    if (at + 8 > last) return -1;
    const length = getU8(bytes, at + 1);
    // A fragment that is not the first has no message.
    if (protocol === IPPROTO_FRAGMENT && (getBe16(bytes, at + 2) & 0xfff8) !== 0) return 0;
    const next = getU8(bytes, at);
    if (protocol === IPPROTO_FRAGMENT) at += 8;
    else at += protocol === IPPROTO_AH ? (length + 2) * 4 : (length + 1) * 8;
    protocol = next;
  }
}

/** A query comes from a link-local address, and a general one goes to all nodes. */
function isWholeQuery(bytes: Uint8Array, start: number, at: number, size: number): boolean {
  if (size !== mld.MLD_SIZE && size < mld.MLD2_QUERY_SIZE) return false;
  const isLinkLocal = getU8(bytes, start + 8) === 0xfe && (getU8(bytes, start + 9) & 0xc0) === 0x80;
  if (!isLinkLocal) return false;
  return !isZero(bytes, at + mld.MLD_GROUP, 16) || isAllNodes(bytes, start + 24);
}

/** Whether `length` bytes at `at` are zero. */
export function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[at + index] !== 0) return false;
  return true;
}

/** Whether the address at `at` is ff02::1. */
export function isAllNodes(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff && bytes[at + 1] === 2 && isZero(bytes, at + 2, 13) && bytes[at + 15] === 1;
}
