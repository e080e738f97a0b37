// The bridge asks who listens: generally, as the querier of its segment, and for one group that somebody has left. It asks
// behind its ports and the bridge itself, each by a timer of its own, while nobody with a better claim asks.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_send_query, __br_multicast_send_query, br_multicast_select_own_querier,
// br_multicast_set_querier, br_multicast_start_querier, br_multicast_querier_expired, br_multicast_open,
// __grp_src_query_marked_and_rexmit, __grp_send_query_and_rexmit, br_multicast_port_group_rexmit).

import { ethTypeTrans } from "../../net/ethernet.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import { netifRx } from "../../net/receive.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { MCAST_EXCLUDE } from "../../uapi/in.ts";
import { IPV6_SOURCE } from "../../wire/ipv6.ts";
import {
  askedVlans,
  contextOf,
  hasVlanSnooping,
  isAsking,
  isInUse,
  isSnooped,
  portContextOf,
  readContext,
} from "./multicast-context.ts";
import type { Query } from "./multicast-query-frame.ts";
import { generalQuery, makeIgmpQuery, makeMldQuery } from "./multicast-query-frame.ts";
import type { GroupAddress, MulticastContext, OwnQuery, PortGroup } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { VLAN_UNTAGGED } from "./vlan-group.ts";

const IPV4_SOURCE = 12;
const noSources: readonly Uint8Array[] = [];

// --- General queries ---------------------------------------------------------------------------------------------------

/** The time has come to ask behind a port (br_multicast_port_query_expired). */
export function queryPort(port: BridgePort, vid: number, isIpv6: boolean): void {
  if (isAsking(port, vid)) queryExpired(port.br, port, vid, isIpv6);
}

/** The time has come to ask the bridge itself (br_multicast_query_expired). */
export function queryBridge(br: Bridge, vid: number, isIpv6: boolean): void {
  if (isSnooped(br, vid)) queryExpired(br, null, vid, isIpv6);
}

function queryExpired(br: Bridge, port: BridgePort | null, vid: number, isIpv6: boolean): void {
  const own = ownQuery(br, port, vid, isIpv6);
  if (own.startupSent < contextOf(br, vid).startupQueryCount) own.startupSent++;
  sendQuery(br, port, vid, isIpv6);
}

/** What a port, or with null the bridge itself, is asked by in a VLAN. */
function ownQuery(br: Bridge, port: BridgePort | null, vid: number, isIpv6: boolean): OwnQuery {
  if (port === null) {
    const { ip4, ip6 } = contextOf(br, vid);
    return (isIpv6 ? ip6 : ip4).own;
  }
  const { ip4, ip6 } = portContextOf(port, vid);
  return isIpv6 ? ip6 : ip4;
}

/** Sends a general query by a port, or to the bridge itself, unless another querier is heard (br_multicast_send_query). */
function sendQuery(br: Bridge, port: BridgePort | null, vid: number, isIpv6: boolean): void {
  const mc = contextOf(br, vid);
  const own = ownQuery(br, port, vid, isIpv6);
  if (!br.multicast.isSnooping || !mc.isQuerier || (br.dev.flags & IFF_UP) === 0) return;
  if ((isIpv6 ? mc.ip6 : mc.ip4).other.isPending) return;
  send(br, port, vid, isIpv6 ? ETH_P_IPV6 : ETH_P_IP, generalQuery);
  const interval = own.startupSent < mc.startupQueryCount ? mc.startupQueryInterval : mc.queryInterval;
  own.timer.start(interval * JIFFY_NS);
}

// --- Queries for a group -----------------------------------------------------------------------------------------------

/** Asks behind a port, or the bridge itself, whether others still listen to a group, and soon after for all groups. */
export function sendGroupQuery(br: Bridge, port: BridgePort | null, group: GroupAddress): void {
  const { bytes, protocol, vid } = group;
  send(br, port, vid, protocol, { ...generalQuery, group: bytes });
  ownQuery(br, port, vid, protocol === ETH_P_IPV6).timer.start(lastMemberTimeNs(contextOf(br, vid)));
}

/** How long the last members have to answer (br_multicast_lmqt). */
function lastMemberTimeNs({ lastMemberCount, lastMemberInterval }: MulticastContext): number {
  return lastMemberCount * lastMemberInterval * JIFFY_NS;
}

/** Whether the bridge asks in a family now. */
function asks({ ip4, ip6, isQuerier }: MulticastContext, protocol: number): boolean {
  return isQuerier && !(protocol === ETH_P_IPV6 ? ip6 : ip4).other.isPending;
}

/** Asks for the sources of a group that are marked, and gives them no longer than that takes (__grp_src_query_marked_and_rexmit). */
export function askForSources(br: Bridge, member: PortGroup<BridgePort>): void {
  const { protocol, vid } = member.entry.group;
  const context = contextOf(br, vid);
  const { lastMemberCount, lastMemberInterval } = context;
  const delayNs = lastMemberTimeNs(context);
  const isQuerier = asks(context, protocol);
  for (const source of member.sources) {
    if (!source.isAsked) continue;
    source.isAsked = false;
    if (source.timer.remainingNs <= delayNs) continue;
    if (isQuerier) source.queriesLeft = lastMemberCount;
    source.timer.start(delayNs);
  }
  if (!isQuerier) return;
  sendSourceQuery(br, member, true);
  const nextNs = lastMemberInterval * JIFFY_NS;
  const { queryTimer } = member;
  if (!queryTimer.isPending || nextNs > queryTimer.remainingNs) queryTimer.start(nextNs);
}

/** Asks for a group, and gives whoever listens to all sources no longer than that takes (__grp_send_query_and_rexmit). */
export function askForGroup(br: Bridge, member: PortGroup<BridgePort>): void {
  const { entry, queryTimer, timer } = member;
  const context = contextOf(br, entry.group.vid);
  const { lastMemberCount, lastMemberInterval } = context;
  if (asks(context, entry.group.protocol)) {
    member.queriesLeft = lastMemberCount - 1;
    sendMemberQuery(br, member, false);
    const nextNs = lastMemberInterval * JIFFY_NS;
    if (!queryTimer.isPending || queryTimer.remainingNs > nextNs) queryTimer.start(nextNs);
  }
  const delayNs = lastMemberTimeNs(context);
  const isLong = !timer.isPending || timer.remainingNs > delayNs;
  if (member.filterMode === MCAST_EXCLUDE && isLong) timer.start(delayNs);
}

/** Asks again (br_multicast_port_group_rexmit). */
export function repeatQueries(br: Bridge, member: PortGroup<BridgePort>): void {
  const context = contextOf(br, member.entry.group.vid);
  if (!br.multicast.isSnooping || !asks(context, member.entry.group.protocol)) return;
  if (member.queriesLeft > 0) {
    member.queriesLeft--;
    sendMemberQuery(br, member, true);
  }
  const isLeft = sendSourceQuery(br, member, false);
  if (member.queriesLeft > 0 || isLeft) member.queryTimer.start(context.lastMemberInterval * JIFFY_NS);
}

/** Asks for a group behind a port; `isSuppressing` tells other routers not to hurry. */
function sendMemberQuery(br: Bridge, { entry, port }: PortGroup<BridgePort>, isSuppressing: boolean): void {
  const { bytes, protocol, vid } = entry.group;
  if (!isInUse(br, port, vid)) return;
  send(br, port, vid, protocol, { group: bytes, isToGroup: true, sources: noSources, isSuppressing });
}

/**
 * Asks for the sources of a group that are to be asked for and have no more than the last members' time; with `isSuppressing` for
 * those that have more, and only when there are any for the others. Whether some are to be asked for again.
 */
function sendSourceQuery(br: Bridge, member: PortGroup<BridgePort>, isSuppressing: boolean): boolean {
  const { entry, port, sources } = member;
  const { bytes, protocol, vid } = entry.group;
  if (!isInUse(br, port, vid)) return false;
  const limitNs = lastMemberTimeNs(contextOf(br, vid));
  let isLeft = false;
  for (const isOver of isSuppressing ? [true, false] : [false]) {
    const asked = sources.filter(
      ({ queriesLeft, timer }) => queriesLeft > 0 && timer.remainingNs > limitNs === isOver,
    );
    if (asked.length === 0) return isLeft;
    for (const source of asked) if (--source.queriesLeft > 0) isLeft = true;
    const addresses = asked.map(({ address }) => address);
    send(br, port, vid, protocol, { group: bytes, isToGroup: true, sources: addresses, isSuppressing });
  }
  return isLeft;
}

/** Sends a query; what the bridge asks itself says who the querier is. */
function send(br: Bridge, port: BridgePort | null, vid: number, protocol: number, query: Query): void {
  const { dev } = br;
  const context = contextOf(br, vid);
  const frame =
    protocol === ETH_P_IPV6 ? makeMldQuery(br, context, query) : makeIgmpQuery(br, context, query);
  if (frame === null) return;
  const vlan = (port?.vlans ?? br.vlans).find(vid);
  if (vlan !== undefined && hasVlanSnooping(br) && (vlan.flags & VLAN_UNTAGGED) === 0) {
    frame.vlanProtocol = br.vlanProtocol;
    frame.vlanTci = vid;
  }
  if (port !== null) {
    frame.dev = port.dev;
    devQueueXmit(frame);
    return;
  }
  const { bytes, networkHeader } = frame;
  const isIpv6 = protocol === ETH_P_IPV6;
  const at = networkHeader + (isIpv6 ? IPV6_SOURCE : IPV4_SOURCE);
  (isIpv6 ? context.ip6 : context.ip4).querier = bytes.slice(at, at + (isIpv6 ? 16 : 4));
  ethTypeTrans(frame, dev);
  netifRx(frame, dev);
}

// --- Who asks ----------------------------------------------------------------------------------------------------------

/** Lets the bridge ask in `mc`, that of VLAN `vid` or with 0 its own, or no longer (br_multicast_set_querier). */
export function setQuerier(br: Bridge, mc: MulticastContext, vid: number, isQuerier: boolean): void {
  if (mc.isQuerier === isQuerier) return;
  mc.isQuerier = isQuerier;
  if (!isQuerier) return;
  const until = br.dev.machine.clock.now() + mc.queryResponseInterval * JIFFY_NS;
  for (const isIpv6 of [false, true]) {
    const state = isIpv6 ? mc.ip6 : mc.ip4;
    if (!state.other.isPending) state.delayUntilNs = until;
    startQuerier(br, vid, isIpv6);
  }
}

/** No other querier has been heard for long: the bridge asks again (br_multicast_querier_expired). */
export function otherExpired(br: Bridge, vid: number, isIpv6: boolean): void {
  if ((br.dev.flags & IFF_UP) === 0 || !br.multicast.isSnooping || !isSnooped(br, vid)) return;
  startQuerier(br, vid, isIpv6);
}

/** Asks everywhere, soon and then at its intervals (br_multicast_start_querier). */
function startQuerier(br: Bridge, vid: number, isIpv6: boolean): void {
  // The bridge's own counts where VLANs are not told apart, and a VLAN's where they are.
  if (!br.multicast.isSnooping || hasVlanSnooping(br) !== (vid !== 0)) return;
  startQueries(ownQuery(br, null, vid, isIpv6));
  for (const port of br.ports) {
    if (vid !== 0 && port.vlans.find(vid) === undefined) continue;
    if (isAsking(port, vid)) startQueries(ownQuery(br, port, vid, isIpv6));
  }
}

/** The bridge comes up, or begins to snoop: it is asked too (br_multicast_open). */
export function openMulticast(br: Bridge): void {
  if (!br.multicast.isSnooping) return;
  for (const vid of askedVlans(br, null)) {
    const context = readContext(br, vid);
    if (context !== br.multicast.untouched) openContext(context);
  }
}

/** The bridge itself is asked, in one VLAN or by its own (__br_multicast_open). */
export function openContext({ ip4, ip6 }: MulticastContext): void {
  for (const { own } of [ip4, ip6]) startQueries(own);
}

/** Begins with queries that follow one another quickly (br_multicast_enable). */
export function startQueries(own: OwnQuery): void {
  own.startupSent = 0;
  own.timer.start(0);
}
