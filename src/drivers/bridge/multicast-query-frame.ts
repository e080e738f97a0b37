// The questions themselves: a whole frame of IGMP or MLD, of the version the bridge is set to.
//
// Mirrors net/bridge/br_multicast.c (br_ip4_multicast_alloc_query, br_ip6_multicast_alloc_query). RFC 2236, RFC 3376, RFC 2710,
// RFC 3810.

import { checksum } from "../../bytes/checksum.ts";
import { getBe32, setBe16, setBe32, setU8 } from "../../bytes/endian.ts";
import { ipv4MulticastMac } from "../../bytes/ipv4.ts";
import { ipv6MulticastMac } from "../../bytes/ipv6.ts";
import { selectSource } from "../../inet/ipv4/source.ts";
import { allNodes } from "../../inet/ipv6/nd-send.ts";
import { selectSource6 } from "../../inet/ipv6/source.ts";
import { ipNetns } from "../../inet/slots.ts";
import { ethHeader } from "../../net/ethernet.ts";
import { HZ } from "../../net/jiffies.ts";
import type { Frame } from "../../net/netdevice.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { IPPROTO_IGMP } from "../../uapi/in.ts";
import { IPPROTO_HOPOPTS } from "../../uapi/in6.ts";
import { RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import { IGMP_QUERY, IGMP_SIZE, IGMP3_QUERY_SIZE } from "../../wire/igmp.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import * as mld from "../../wire/mld.ts";
import type { MulticastContext } from "./multicast-state.ts";
import type { Bridge } from "./state.ts";

/** An IPv4 header with the router alert option. */
const header4Size = 24;
const ALL_HOSTS = 0xe0000001;
const internetControl = 0xc0;
const dontFragment = 0x4000;
const routerAlert = 0x94040000;
/** How often a message may be lost (QRV). */
const robustness = 2;
/** The S flag beside it. */
const suppressFlag = 1 << 3;

/** What is asked. */
export interface Query {
  /** null: for all groups. */
  readonly group: Uint8Array | null;
  /** It goes to the group rather than to all hosts. */
  readonly isToGroup: boolean;
  /** Whoever listens to these alone is asked; none: to any. */
  readonly sources: readonly Uint8Array[];
  /** Other routers are not to hurry (the S flag). */
  readonly isSuppressing: boolean;
}

/** A question for all groups. */
export const generalQuery: Query = { group: null, isToGroup: false, sources: [], isSuppressing: false };

/** A question by IGMP, as `context` has it, of version 3 if it has sources; null without memory. The caller owns the frame. */
export function makeIgmpQuery(
  { dev, multicast }: Bridge,
  context: MulticastContext,
  query: Query,
): Frame | null {
  const { group, sources } = query;
  const isVersion3 = context.igmpVersion === 3;
  const size = isVersion3 ? IGMP3_QUERY_SIZE + 4 * sources.length : IGMP_SIZE;
  const frame = dev.machine.frames.alloc(header4Size + size);
  if (frame === null) return null;
  const { bytes, start } = frame;
  frame.end = start + header4Size + size;
  frame.networkHeader = start;
  bytes.fill(0, start, frame.end);
  setU8(bytes, start, 0x46);
  setU8(bytes, start + 1, internetControl);
  setBe16(bytes, start + 2, header4Size + size);
  setBe16(bytes, start + 6, dontFragment);
  setU8(bytes, start + 8, 1);
  setU8(bytes, start + 9, IPPROTO_IGMP);
  if (multicast.usesIfaddr) {
    setBe32(bytes, start + 12, selectSource(ipNetns(dev.netns), dev, 0, RT_SCOPE_LINK));
  }
  const to = query.isToGroup && group !== null ? getBe32(group, 0) : ALL_HOSTS;
  setBe32(bytes, start + 16, to);
  setBe32(bytes, start + 20, routerAlert);
  setBe16(bytes, start + 10, checksum(bytes, start, start + header4Size));
  const at = start + header4Size;
  const delay = group === null ? context.queryResponseInterval : context.lastMemberInterval;
  setU8(bytes, at, IGMP_QUERY);
  setU8(bytes, at + 1, Math.floor(delay / Math.floor(HZ / 10)));
  if (group !== null) bytes.set(group, at + 4);
  if (isVersion3) writeVersion3(bytes, at + 8, context.queryInterval, query);
  setBe16(bytes, at + 2, checksum(bytes, at, at + size));
  ethHeader(frame, ETH_P_IP, dev.address, ipv4MulticastMac(to));
  return frame;
}

/** The part that questions of IGMPv3 and MLDv2 have alike: flags and robustness, interval, sources. */
function writeVersion3(
  bytes: Uint8Array,
  at: number,
  queryInterval: number,
  { isSuppressing, sources }: Query,
): void {
  setU8(bytes, at, (isSuppressing ? suppressFlag : 0) | robustness);
  setU8(bytes, at + 1, Math.floor(queryInterval / HZ));
  setBe16(bytes, at + 2, sources.length);
  let next = at + 4;
  for (const source of sources) {
    bytes.set(source, next);
    next += source.length;
  }
}

/**
 * The same by MLD; null also while the bridge has no address to ask from, which then is noted: it does not count as a querier.
 */
export function makeMldQuery(
  { dev, multicast }: Bridge,
  context: MulticastContext,
  query: Query,
): Frame | null {
  const { group, sources } = query;
  const to = query.isToGroup && group !== null ? group : allNodes();
  const source = selectSource6(ipNetns(dev.netns), dev, to);
  multicast.hasIpv6Address = source !== undefined;
  if (source === undefined) return null;
  const isVersion2 = context.mldVersion === 2;
  const size = isVersion2 ? mld.MLD2_QUERY_SIZE + 16 * sources.length : mld.MLD_SIZE;
  const length = mld.ROUTER_ALERT_HEADER_SIZE + size;
  const frame = dev.machine.frames.alloc(IPV6_HEADER_SIZE + length);
  if (frame === null) return null;
  const { bytes, start } = frame;
  frame.end = start + IPV6_HEADER_SIZE + length;
  frame.networkHeader = start;
  bytes.fill(0, start, frame.end);
  setBe32(bytes, start, 0x6000_0000);
  setBe16(bytes, start + 4, length);
  setU8(bytes, start + 6, IPPROTO_HOPOPTS);
  setU8(bytes, start + 7, 1);
  bytes.set(source, start + IPV6_SOURCE);
  bytes.set(to, start + IPV6_DESTINATION);
  const at = mld.emitRouterAlertHeader(bytes, start + IPV6_HEADER_SIZE);
  // A bridge pads its header byte by byte (Pad1), where a host does so at once (PadN).
  setBe16(bytes, at - 2, 0);
  if (group !== null) bytes.set(group, at + mld.MLD_GROUP);
  if (isVersion2) writeVersion3(bytes, at + mld.MLD_SIZE, context.queryInterval, query);
  const delay = group === null ? context.queryResponseInterval : context.lastMemberInterval;
  const delayMs = Math.floor((delay * 1_000) / HZ) & 0xffff;
  writeIcmpv6(bytes, at, frame.end, start, mld.MLD_QUERY, 0, delayMs * 0x1_0000);
  ethHeader(frame, ETH_P_IPV6, dev.address, ipv6MulticastMac(to));
  return frame;
}
