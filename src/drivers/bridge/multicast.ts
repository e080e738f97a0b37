// Multicast snooping: what hosts and routers tell one another by IGMP and MLD says behind which ports a group's frames are
// wanted.
//
// Mirrors net/bridge/br_multicast.c. Omitted: hosts tracked one by one (EHT), statistics of messages, PIM
// hellos and multicast router discovery.

import { getBe16, getU8 } from "../../bytes/endian.ts";
import { readMac } from "../../bytes/mac.ts";
import { HZ, JIFFY_NS } from "../../net/jiffies.ts";
import type { Frame } from "../../net/netdevice.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { MDB_RTR_TYPE_PERM, MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { MCAST_EXCLUDE } from "../../uapi/in.ts";
import * as igmp from "../../wire/igmp.ts";
import * as mld from "../../wire/mld.ts";
import type { Entry } from "./mdb.ts";
import { deleteMember, findGroup, stopTimers } from "./mdb.ts";
import {
  askedVlans,
  contextOf,
  handlesSources,
  isInUse,
  isSnooped,
  portContextOf,
  readContext,
} from "./multicast-context.ts";
import { findMessage, isAllNodes, isZero } from "./multicast-parse.ts";
import { startQueries } from "./multicast-query.ts";
import { bringForward, isLocalGroup, joinGroup, leaveGroup, reportRecords } from "./multicast-report.ts";
import { addRouter, markRouter, removeRouters } from "./multicast-router.ts";
import type { MulticastContext, PortMulticast } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";

/** What snooping says of a frame to a group: it is broken and dropped; or how it is to go. */
export const MCAST_DROP = 0;
/** To whoever listens, to all where that is not known. */
export const MCAST_PLAIN = 1;
/** It is a packet to a group that none but members and routers need. */
export const MCAST_ROUTERS_ONLY = 2;
/** A message of IGMP or MLD itself: it goes to all, or to routers only. */
export const MCAST_MESSAGE = 4;
/** The S flag of a query, beside its robustness. */
const suppressFlag = 1 << 3;

/** Looks at a frame to a group that came in by `port`, null for the bridge's own (br_multicast_rcv). */
export function snoop(br: Bridge, port: BridgePort | null, frame: Frame, vid: number): number {
  if (!br.multicast.isSnooping || !isSnooped(br, vid)) return MCAST_PLAIN;
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
      if (!joinGroup(br, port, bytes, at + 4, 4, vid, host)) return MCAST_DROP;
      return MCAST_MESSAGE | MCAST_ROUTERS_ONLY;
    case igmp.IGMP3_REPORT: {
      const ignoresSources = contextOf(br, vid).igmpVersion === 2;
      return reportRecords(br, port, bytes, at, end, vid, host, 4, ignoresSources)
        ? MCAST_MESSAGE
        : MCAST_DROP;
    }
    case igmp.IGMP_QUERY:
      receiveIgmpQuery(br, port, frame, at, end, vid);
      return MCAST_MESSAGE;
    default:
      leaveGroup(
        br,
        port,
        { protocol: ETH_P_IP, bytes: bytes.slice(at + 4, at + 8), vid, source: null },
        host,
      );
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
    if (contextOf(br, vid).igmpVersion === 3 && group !== 0 && isSuppressing(bytes, at + 8)) return;
    delay = delay === 0 ? 1 : igmp.igmpMaxResponseTenths(bytes, at, size) * tick;
  }
  if (group === 0) return receiveQuery(br, port, vid, bytes.slice(start + 12, start + 16), delay);
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
      if (!joinGroup(br, port, bytes, at + mld.MLD_GROUP, 16, vid, host)) return MCAST_DROP;
      return MCAST_MESSAGE | MCAST_ROUTERS_ONLY;
    case mld.MLD2_REPORT: {
      const ignoresSources = contextOf(br, vid).mldVersion === 1;
      return reportRecords(br, port, bytes, at, end, vid, host, 16, ignoresSources)
        ? MCAST_MESSAGE
        : MCAST_DROP;
    }
    case mld.MLD_QUERY:
      receiveMldQuery(br, port, frame, at, end, vid);
      return MCAST_MESSAGE;
    default: {
      const group = bytes.slice(at + mld.MLD_GROUP, at + mld.MLD_GROUP + 16);
      leaveGroup(br, port, { protocol: ETH_P_IPV6, bytes: group, vid, source: null }, host);
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
  const isVersion2 = size > mld.MLD_SIZE && contextOf(br, vid).mldVersion === 2;
  if (isVersion2 && !isGeneral && isSuppressing(bytes, at + mld.MLD_SIZE)) return;
  if (isGeneral) return receiveQuery(br, port, vid, bytes.slice(start + 8, start + 24), delay);
  hurry(br, findGroup(br, ETH_P_IPV6, bytes, at + mld.MLD_GROUP, 16, vid), delay);
}

// --- Queries for a group -----------------------------------------------------------------------------------------------------------

/** Whether the S flag of a query of version 3, or 2, is set: timers are to be left alone. */
function isSuppressing(bytes: Uint8Array, at: number): boolean {
  return (getU8(bytes, at) & suppressFlag) !== 0;
}

/** A query for a group: whoever does not answer in time is forgotten. */
function hurry(br: Bridge, entry: Entry | undefined, delay: number): void {
  if (entry === undefined) return;
  const { protocol, vid } = entry.group;
  const delayNs = delay * contextOf(br, vid).lastMemberCount * JIFFY_NS;
  if (entry.isHostJoined) bringForward(entry.timer, delayNs);
  const countsSources = handlesSources(br, protocol, vid);
  for (const { filterMode, timer } of entry.ports) {
    if (timer.isPending || !countsSources || filterMode === MCAST_EXCLUDE) bringForward(timer, delayNs);
  }
}

// --- Queriers and routers ------------------------------------------------------------------------------------------------

/** A general query came in: its sender is the querier if its address is the lowest (br_multicast_query_received, br_multicast_select_querier). */
function receiveQuery(
  br: Bridge,
  port: BridgePort | null,
  vid: number,
  address: Uint8Array,
  delay: number,
): void {
  if (!isInUse(br, port, vid)) return;
  const isIpv6 = address.length === 16;
  const context = contextOf(br, vid);
  const state = isIpv6 ? context.ip6 : context.ip4;
  const isAsked = state.own.timer.isPending || state.other.isPending;
  // 0.0.0.0, from where a bridge asks by IGMP, gives way to any; :: is the lowest like any other address.
  const givesWay = !isIpv6 && isZero(state.querier, 0, state.querier.length);
  if (isAsked && !givesWay && compare(address, state.querier) > 0) return;
  state.querier = address;
  state.querierPort = port?.dev.ifindex ?? 0;
  const now = br.dev.machine.clock.now();
  if (!state.other.isPending) state.delayUntilNs = now + delay * JIFFY_NS;
  state.other.start(context.querierInterval * JIFFY_NS);
  noteRouter(br, port, vid, isIpv6);
}

function compare(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < one.length; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A router is where queries come from: behind a port, or in the bridge itself. */
function noteRouter(br: Bridge, port: BridgePort | null, vid: number, isIpv6: boolean): void {
  if (port !== null) return markRouter(port, vid, portContextOf(port, vid), isIpv6);
  const { ip4, ip6, querierInterval, router } = contextOf(br, vid);
  if (router === MDB_RTR_TYPE_TEMP_QUERY) (isIpv6 ? ip6 : ip4).router.start(querierInterval * JIFFY_NS);
}

/** Whether somebody asks for members, so that it is known who listens (br_multicast_querier_exists). */
export function hasQuerier(br: Bridge, protocol: number, entry: Entry | undefined, vid: number): boolean {
  if (protocol !== ETH_P_IP && protocol !== ETH_P_IPV6) return entry?.group.protocol === 0;
  const mc = readContext(br, vid);
  const state = protocol === ETH_P_IP ? mc.ip4 : mc.ip6;
  const asksItself = mc.isQuerier && (protocol === ETH_P_IP || br.multicast.hasIpv6Address);
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
  const countsSources = handlesSources(br, protocol, vid);
  if (protocol === ETH_P_IP) {
    const single = countsSources ? findGroup(br, ETH_P_IP, bytes, start + 16, 4, vid, start + 12) : undefined;
    return single ?? findGroup(br, ETH_P_IP, bytes, start + 16, 4, vid);
  }
  if (protocol === ETH_P_IPV6) {
    const single = countsSources
      ? findGroup(br, ETH_P_IPV6, bytes, start + 24, 16, vid, start + 8)
      : undefined;
    return single ?? findGroup(br, ETH_P_IPV6, bytes, start + 24, 16, vid);
  }
  return findGroup(br, 0, bytes, macHeader, 6, vid);
}

// --- Ports and the bridge ------------------------------------------------------------------------------------------------

/** A port takes part: it is asked who listens behind it, in all its VLANs where they are told apart (br_multicast_enable_port). */
export function enableMulticastPort(port: BridgePort): void {
  for (const vid of askedVlans(port.br, port)) enableMulticastContext(port, vid);
}

/** The same for one VLAN of a port, or with 0 for the port (br_multicast_enable_port_ctx). */
export function enableMulticastContext(port: BridgePort, vid: number): void {
  const { br } = port;
  if (!br.multicast.isSnooping || (br.dev.flags & IFF_UP) === 0) return;
  // Where nothing was set or heard, nobody asks and no router is.
  const isUntouched = vid !== 0 && port.vlans.find(vid)?.portMulticast == null;
  if (isUntouched && !readContext(br, vid).isQuerier) return;
  const multicast = portContextOf(port, vid);
  const { ip4, ip6, router } = multicast;
  for (const own of [ip4, ip6]) startQueries(own);
  if (router === MDB_RTR_TYPE_PERM)
    for (const isIpv6 of [false, true]) addRouter(port, vid, multicast, isIpv6);
}

/** A port no longer takes part: nobody behind it listens, but those a user entered for good (br_multicast_disable_port). */
export function disableMulticastPort(port: BridgePort, isAll = false): void {
  for (const entry of [...port.br.multicast.entries]) {
    for (const member of entry.ports) {
      if (member.port === port && (isAll || !member.isPermanent)) deleteMember(port.br, member);
    }
  }
  for (const vid of askedVlans(port.br, port)) silenceContext(port, vid);
}

/** See disableMulticastPort, for one VLAN of a port, or with 0 for what the port has of none (br_multicast_disable_port_ctx). */
export function disableMulticastContext(port: BridgePort, vid: number): void {
  for (const entry of [...port.br.multicast.entries]) {
    if (vid !== 0 && entry.group.vid !== vid) continue;
    for (const member of entry.ports) {
      if (member.port === port && !member.isPermanent) deleteMember(port.br, member);
    }
  }
  silenceContext(port, vid);
}

/** Nobody asks behind a port, and no router is there. */
function silenceContext(port: BridgePort, vid: number): void {
  const multicast = vid === 0 ? port.multicast : port.vlans.find(vid)?.portMulticast;
  if (multicast == null) return;
  for (const { timer } of [multicast.ip4, multicast.ip6]) timer.stop();
  removeRouters(port, vid, multicast);
}

/** Stops all that a port, or a VLAN of it, waits for. */
export function stopPortTimers({ ip4, ip6 }: PortMulticast): void {
  for (const state of [ip4, ip6]) {
    state.router.stop();
    state.timer.stop();
  }
}

/** The bridge goes down: nobody asks any more (br_multicast_stop). */
export function stopMulticast(br: Bridge): void {
  for (const vid of askedVlans(br, null)) {
    const context = readContext(br, vid);
    if (context !== br.multicast.untouched) stopContext(context);
  }
}

/** Stops all that a bridge, or a VLAN of it, waits for (__br_multicast_stop). */
export function stopContext({ ip4, ip6 }: MulticastContext): void {
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
    for (const member of entry.ports) stopTimers(member);
  }
  br.multicast.entries = [];
  br.multicast.byKey.clear();
}
