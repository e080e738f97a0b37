// Multicast snooping: what hosts and routers tell one another by IGMP and MLD says behind which ports a group's frames are
// wanted.
//
// Mirrors net/bridge/br_multicast.c. Omitted: source lists (IGMPv3 and MLDv2 reports count by their groups), hosts tracked one
// by one (EHT), snooping by VLAN, statistics of messages, PIM hellos and multicast router discovery.

import { getBe16, getU8 } from "../../bytes/endian.ts";
import { readMac } from "../../bytes/mac.ts";
import { HZ, JIFFY_NS } from "../../net/jiffies.ts";
import type { Frame } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import {
  MDB_FLAGS_FAST_LEAVE,
  MDB_RTR_TYPE_DISABLED,
  MDB_RTR_TYPE_PERM,
  MDB_RTR_TYPE_TEMP_QUERY,
} from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { RTM_DELMDB, RTM_NEWMDB } from "../../uapi/rtnetlink.ts";
import * as igmp from "../../wire/igmp.ts";
import * as mld from "../../wire/mld.ts";
import type { Entry } from "./mdb.ts";
import { deleteMember, findEntry, findGroup, join, memberOf } from "./mdb.ts";
import { notifyRouter } from "./mdb-message.ts";
import { findMessage, isAllNodes, isZero } from "./multicast-parse.ts";
import { sendGroupQuery, startQueries } from "./multicast-query.ts";
import { isRouterPort } from "./multicast-router.ts";
import type { GroupAddress, QueryState } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_MULTICAST_FAST_LEAVE, BR_STATE_BLOCKING, BR_STATE_DISABLED } from "./state.ts";

/** What snooping says of a frame to a group: it is broken and dropped; or how it is to go. */
export const MCAST_DROP = 0;
/** To whoever listens, to all where that is not known. */
export const MCAST_PLAIN = 1;
/** It is a packet to a group that none but members and routers need. */
export const MCAST_ROUTERS_ONLY = 2;
/** A message of IGMP or MLD itself: it goes to all, or to routers only. */
export const MCAST_MESSAGE = 4;

/** Looks at a frame to a group that came in by `port`, null for the bridge's own (br_multicast_rcv). */
export function snoop(br: Bridge, port: BridgePort | null, frame: Frame, vid: number): number {
  if (!br.multicast.isSnooping) return MCAST_PLAIN;
  if (frame.protocol !== ETH_P_IP && frame.protocol !== ETH_P_IPV6) return MCAST_PLAIN;
  const isIpv6 = frame.protocol === ETH_P_IPV6;
  const { kind, at, end } = findMessage(frame);
  if (kind === "broken") return MCAST_DROP;
  if (kind === "other") return isSpread(frame, isIpv6) ? MCAST_PLAIN : MCAST_ROUTERS_ONLY;
  const host = readMac(frame.bytes, frame.macHeader + 6);
  return isIpv6
    ? snoopMld(br, port, frame, at, end, vid, host)
    : snoopIgmp(br, port, frame, at, end, vid, host);
}

/** Whether packets to this group go to all whoever listens: 224.0.0.x, and ff02::1. */
function isSpread({ bytes, start }: Frame, isIpv6: boolean): boolean {
  return isIpv6 ? isAllNodes(bytes, start + 24) : isLocalGroup(bytes, start + 16);
}

function isLocalGroup(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 224 && bytes[at + 1] === 0 && bytes[at + 2] === 0;
}

// --- IGMP --------------------------------------------------------------------------------------------------------------

function snoopIgmp(
  br: Bridge,
  port: BridgePort | null,
  frame: Frame,
  at: number,
  end: number,
  vid: number,
  host: number,
): number {
  const { bytes } = frame;
  switch (igmp.igmpType(bytes, at)) {
    case igmp.IGMP1_REPORT:
    case igmp.IGMP2_REPORT:
      joinGroup(br, port, bytes, at + 4, 4, vid, host);
      return MCAST_MESSAGE | MCAST_ROUTERS_ONLY;
    case igmp.IGMP3_REPORT:
      return reportRecords(br, port, bytes, at, end, vid, host, 4) ? MCAST_MESSAGE : MCAST_DROP;
    case igmp.IGMP_QUERY:
      receiveIgmpQuery(br, port, frame, at, end, vid);
      return MCAST_MESSAGE;
    default:
      leaveGroup(br, port, { protocol: ETH_P_IP, bytes: bytes.slice(at + 4, at + 8), vid }, host);
      return MCAST_MESSAGE;
  }
}

function receiveIgmpQuery(
  br: Bridge,
  port: BridgePort | null,
  { bytes, start }: Frame,
  at: number,
  end: number,
  vid: number,
): void {
  const tick = Math.floor(HZ / 10);
  const size = end - at;
  let group = igmp.igmpGroup(bytes, at);
  let delay = getU8(bytes, at + 1) * tick;
  if (size === igmp.IGMP_SIZE) {
    if (delay === 0) {
      delay = 10 * HZ;
      group = 0;
    }
  } else {
    if (getBe16(bytes, at + 10) !== 0) return;
    delay = delay === 0 ? 1 : igmp.igmpMaxResponseTenths(bytes, at, size) * tick;
  }
  if (group === 0)
    return receiveQuery(br, port, br.multicast.ip4, bytes.slice(start + 12, start + 16), delay, false);
  hurry(br, findGroup(br, ETH_P_IP, bytes, at + 4, 4, vid), delay);
}

// --- MLD ---------------------------------------------------------------------------------------------------------------

function snoopMld(
  br: Bridge,
  port: BridgePort | null,
  frame: Frame,
  at: number,
  end: number,
  vid: number,
  host: number,
): number {
  const { bytes } = frame;
  switch (getU8(bytes, at)) {
    case mld.MLD_REPORT:
      joinGroup(br, port, bytes, at + mld.MLD_GROUP, 16, vid, host);
      return MCAST_MESSAGE | MCAST_ROUTERS_ONLY;
    case mld.MLD2_REPORT:
      return reportRecords(br, port, bytes, at, end, vid, host, 16) ? MCAST_MESSAGE : MCAST_DROP;
    case mld.MLD_QUERY:
      receiveMldQuery(br, port, frame, at, end, vid);
      return MCAST_MESSAGE;
    default: {
      const group = bytes.slice(at + mld.MLD_GROUP, at + mld.MLD_GROUP + 16);
      leaveGroup(br, port, { protocol: ETH_P_IPV6, bytes: group, vid }, host);
      return MCAST_MESSAGE;
    }
  }
}

function receiveMldQuery(
  br: Bridge,
  port: BridgePort | null,
  { bytes, start }: Frame,
  at: number,
  end: number,
  vid: number,
): void {
  const size = end - at;
  if (size > mld.MLD_SIZE && getBe16(bytes, at + 26) !== 0) return;
  const delayMs = mld.mldMaxResponseMs(bytes, at, size);
  // An old query that leaves no time for answers asks nothing.
  if (size === mld.MLD_SIZE && delayMs === 0) return;
  const delay = Math.max(1, Math.ceil((delayMs * HZ) / 1_000));
  const isGeneral = isZero(bytes, at + mld.MLD_GROUP, 16);
  if (isGeneral)
    return receiveQuery(br, port, br.multicast.ip6, bytes.slice(start + 8, start + 24), delay, true);
  hurry(br, findGroup(br, ETH_P_IPV6, bytes, at + mld.MLD_GROUP, 16, vid), delay);
}

// --- Reports -----------------------------------------------------------------------------------------------------------

/** Somebody listens to the group at `at`; groups that go to all in any case are not entered. */
function joinGroup(
  br: Bridge,
  port: BridgePort | null,
  bytes: Uint8Array,
  at: number,
  size: number,
  vid: number,
  host: number,
): void {
  if (!isInUse(br, port)) return;
  if (size === 4 ? isLocalGroup(bytes, at) : isAllNodes(bytes, at)) return;
  const protocol = size === 4 ? ETH_P_IP : ETH_P_IPV6;
  join(br, port, { protocol, bytes: bytes.slice(at, at + size), vid }, host);
}

/** The records of a version 3, or version 2, report; false for one that ends too early. */
function reportRecords(
  br: Bridge,
  port: BridgePort | null,
  bytes: Uint8Array,
  at: number,
  end: number,
  vid: number,
  host: number,
  size: 4 | 16,
): boolean {
  let next = at + 8;
  for (let left = getBe16(bytes, at + 6); left > 0; left--) {
    if (next + 4 + size > end) return false;
    const type = getU8(bytes, next);
    const sources = getBe16(bytes, next + 2);
    const group = next + 4;
    next += 4 + size + sources * size;
    if (next > end) return false;
    if (type < 1 || type > 6) continue;
    const isLeave =
      sources === 0 && (type === igmp.IGMP3_CHANGE_TO_INCLUDE || type === igmp.IGMP3_MODE_IS_INCLUDE);
    if (isLeave) {
      const protocol = size === 4 ? ETH_P_IP : ETH_P_IPV6;
      leaveGroup(br, port, { protocol, bytes: bytes.slice(group, group + size), vid }, host);
    } else {
      joinGroup(br, port, bytes, group, size, vid, host);
    }
  }
  return true;
}

/** Whether anything is entered for a port now (br_multicast_ctx_should_use). */
function isInUse(br: Bridge, port: BridgePort | null): boolean {
  if ((br.dev.flags & 1) === 0) return false;
  return port === null || (port.state !== BR_STATE_DISABLED && port.state !== BR_STATE_BLOCKING);
}

/** Somebody behind a port, or the bridge itself, leaves a group (br_multicast_leave_group). */
function leaveGroup(br: Bridge, port: BridgePort | null, group: GroupAddress, host: number): void {
  const { bytes, protocol } = group;
  if (protocol === ETH_P_IP ? isLocalGroup(bytes, 0) : isAllNodes(bytes, 0)) return;
  if (!isInUse(br, port)) return;
  const entry = findEntry(br, group);
  if (entry === undefined) return;
  if (port !== null && (port.flags & BR_MULTICAST_FAST_LEAVE) !== 0) {
    const member = memberOf(entry, port, host);
    if (member === undefined || member.isPermanent) return;
    member.flags |= MDB_FLAGS_FAST_LEAVE;
    return deleteMember(br, entry, member);
  }
  const mc = br.multicast;
  const state = protocol === ETH_P_IP ? mc.ip4 : mc.ip6;
  if (state.other.isPending) return;
  if (mc.isQuerier) sendGroupQuery(br, port, group);
  const delayNs = mc.lastMemberCount * mc.lastMemberInterval * JIFFY_NS;
  if (port === null) {
    if (entry.isHostJoined) bringForward(entry.timer, delayNs);
    return;
  }
  const member = entry.ports.find((each) => each.port === port);
  if (member !== undefined) bringForward(member.timer, delayNs);
}

/** Makes a pending timer run within `delayNs`. */
function bringForward(timer: Timer, delayNs: number): void {
  if (timer.isPending && timer.remainingNs > delayNs) timer.start(delayNs);
}

/** A query for a group: whoever does not answer in time is forgotten. */
function hurry(br: Bridge, entry: Entry | undefined, delay: number): void {
  if (entry === undefined) return;
  const delayNs = delay * br.multicast.lastMemberCount * JIFFY_NS;
  if (entry.isHostJoined) bringForward(entry.timer, delayNs);
  for (const { timer } of entry.ports) bringForward(timer, delayNs);
}

// --- Queriers and routers ------------------------------------------------------------------------------------------------

/** A general query came in: its sender is the querier if its address is the lowest (br_multicast_query_received, br_multicast_select_querier). */
function receiveQuery(
  br: Bridge,
  port: BridgePort | null,
  state: QueryState,
  address: Uint8Array,
  delay: number,
  isIpv6: boolean,
): void {
  if (!isInUse(br, port)) return;
  const isAsked = state.own.timer.isPending || state.other.isPending;
  const isKnown = !isZero(state.querier, 0, state.querier.length);
  if (isAsked && isKnown && compare(address, state.querier) > 0) return;
  state.querier = address;
  state.querierPort = port?.dev.ifindex ?? 0;
  const now = br.dev.machine.clock.now();
  if (!state.other.isPending) state.delayUntilNs = now + delay * JIFFY_NS;
  state.other.start(br.multicast.querierInterval * JIFFY_NS);
  markRouter(br, port, isIpv6);
}

function compare(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < one.length; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A router is where queries come from (br_ip4_multicast_mark_router). */
function markRouter(br: Bridge, port: BridgePort | null, isIpv6: boolean): void {
  const interval = br.multicast.querierInterval * JIFFY_NS;
  if (port === null) {
    if (br.multicast.router !== MDB_RTR_TYPE_TEMP_QUERY) return;
    (isIpv6 ? br.multicast.ip6 : br.multicast.ip4).router.start(interval);
    return;
  }
  const { multicast } = port;
  if (multicast.router === MDB_RTR_TYPE_DISABLED || multicast.router === MDB_RTR_TYPE_PERM) return;
  const wasRouter = isRouterPort(port, false) || isRouterPort(port, true);
  (isIpv6 ? multicast.ip6 : multicast.ip4).router.start(interval);
  if (!wasRouter) notifyRouter(br, port, RTM_NEWMDB);
}

/** No query has come in by a port for long: no router is there any more (br_multicast_router_expired). */
export function routerExpired(port: BridgePort): void {
  if (!isRouterPort(port, false) && !isRouterPort(port, true)) notifyRouter(port.br, port, RTM_DELMDB);
}

/** Whether somebody asks for members, so that it is known who listens (br_multicast_querier_exists). */
export function hasQuerier(br: Bridge, protocol: number, entry: Entry | undefined): boolean {
  const mc = br.multicast;
  if (protocol !== ETH_P_IP && protocol !== ETH_P_IPV6) return entry?.group.protocol === 0;
  const state = protocol === ETH_P_IP ? mc.ip4 : mc.ip6;
  const asksItself = mc.isQuerier && (protocol === ETH_P_IP || mc.hasIpv6Address);
  return state.delayUntilNs < br.dev.machine.clock.now() && (asksItself || state.other.isPending);
}

/** The group a frame is for, when somebody has said so (br_mdb_entry_skb_get). */
export function entryOf(
  br: Bridge,
  { bytes, protocol, start, macHeader }: Frame,
  vid: number,
): Entry | undefined {
  const mc = br.multicast;
  if (!mc.isSnooping || mc.entries.length === 0) return undefined;
  if (protocol === ETH_P_IP) return findGroup(br, ETH_P_IP, bytes, start + 16, 4, vid);
  if (protocol === ETH_P_IPV6) return findGroup(br, ETH_P_IPV6, bytes, start + 24, 16, vid);
  return findGroup(br, 0, bytes, macHeader, 6, vid);
}

// --- Ports and the bridge ------------------------------------------------------------------------------------------------

/** A port takes part: it is asked who listens behind it (br_multicast_enable_port). */
export function enableMulticastPort(port: BridgePort): void {
  const { br, multicast } = port;
  if (!br.multicast.isSnooping || (br.dev.flags & 1) === 0) return;
  for (const own of [multicast.ip4, multicast.ip6]) startQueries(own);
}

/** A port no longer takes part: nobody behind it listens, but those a user entered for good (br_multicast_disable_port). */
export function disableMulticastPort(port: BridgePort, isAll = false): void {
  const { br, multicast } = port;
  for (const entry of [...br.multicast.entries]) {
    for (const member of entry.ports) {
      if (member.port === port && (isAll || !member.isPermanent)) deleteMember(br, entry, member);
    }
  }
  const wasRouter = isRouterPort(port, false) || isRouterPort(port, true);
  for (const state of [multicast.ip4, multicast.ip6]) {
    state.router.stop();
    state.timer.stop();
  }
  if (wasRouter && multicast.router !== MDB_RTR_TYPE_PERM) notifyRouter(br, port, RTM_DELMDB);
}

/** The bridge goes down: nobody asks any more (br_multicast_stop). */
export function stopMulticast(br: Bridge): void {
  const { ip4, ip6 } = br.multicast;
  for (const state of [ip4, ip6]) {
    state.own.timer.stop();
    state.other.stop();
    state.router.stop();
  }
}

/** The bridge goes away, with all groups (br_multicast_dev_del). */
export function clearMulticast(br: Bridge): void {
  stopMulticast(br);
  for (const entry of br.multicast.entries) {
    entry.timer.stop();
    for (const { timer } of entry.ports) timer.stop();
  }
  br.multicast.entries = [];
  br.multicast.byKey.clear();
}
