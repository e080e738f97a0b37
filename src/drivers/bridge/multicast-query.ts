// The bridge asks who listens: generally, as the querier of its segment, and for one group that somebody has left. It asks
// behind its ports and the bridge itself, each by a timer of its own, while nobody with a better claim asks.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_send_query, __br_multicast_send_query, br_multicast_select_own_querier,
// br_multicast_set_querier, br_multicast_start_querier, br_multicast_querier_expired, br_multicast_open). Omitted: queries for
// sources.

import { ethTypeTrans } from "../../net/ethernet.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import { netifRx } from "../../net/receive.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { IPV6_SOURCE } from "../../wire/ipv6.ts";
import { makeIgmpQuery, makeMldQuery } from "./multicast-query-frame.ts";
import type { GroupAddress, OwnQuery } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_BLOCKING, BR_STATE_DISABLED } from "./state.ts";

const IPV4_SOURCE = 12;

// --- General queries ---------------------------------------------------------------------------------------------------

/** The time has come to ask behind a port (br_multicast_port_query_expired). */
export function queryPort(port: BridgePort, isIpv6: boolean): void {
  if (!isAsking(port)) return;
  const { br, multicast } = port;
  queryExpired(br, port, isIpv6 ? multicast.ip6 : multicast.ip4, isIpv6);
}

/** The time has come to ask the bridge itself (br_multicast_query_expired). */
export function queryBridge(br: Bridge, isIpv6: boolean): void {
  queryExpired(br, null, (isIpv6 ? br.multicast.ip6 : br.multicast.ip4).own, isIpv6);
}

function queryExpired(br: Bridge, port: BridgePort | null, own: OwnQuery, isIpv6: boolean): void {
  if (own.startupSent < br.multicast.startupQueryCount) own.startupSent++;
  sendQuery(br, port, own, isIpv6);
}

/** Sends a general query by a port, or to the bridge itself, unless another querier is heard (br_multicast_send_query). */
function sendQuery(br: Bridge, port: BridgePort | null, own: OwnQuery, isIpv6: boolean): void {
  const mc = br.multicast;
  if (!mc.isSnooping || !mc.isQuerier || (br.dev.flags & IFF_UP) === 0) return;
  if ((isIpv6 ? mc.ip6 : mc.ip4).other.isPending) return;
  send(br, port, isIpv6 ? ETH_P_IPV6 : ETH_P_IP, null);
  const interval = own.startupSent < mc.startupQueryCount ? mc.startupQueryInterval : mc.queryInterval;
  own.timer.start(interval * JIFFY_NS);
}

// --- Queries for a group -----------------------------------------------------------------------------------------------

/** Asks behind a port, or the bridge itself, whether others still listen to a group, and soon after for all groups. */
export function sendGroupQuery(br: Bridge, port: BridgePort | null, group: GroupAddress): void {
  const { ip4, ip6, lastMemberCount, lastMemberInterval } = br.multicast;
  send(br, port, group.protocol, group.bytes);
  const isIpv6 = group.protocol === ETH_P_IPV6;
  const own = port === null ? (isIpv6 ? ip6 : ip4).own : isIpv6 ? port.multicast.ip6 : port.multicast.ip4;
  own.timer.start(lastMemberCount * lastMemberInterval * JIFFY_NS);
}

/** Sends a query; what the bridge asks itself says who the querier is. */
function send(br: Bridge, port: BridgePort | null, protocol: number, group: Uint8Array | null): void {
  const { dev, multicast } = br;
  const frame = protocol === ETH_P_IPV6 ? makeMldQuery(br, group) : makeIgmpQuery(br, group);
  if (frame === null) return;
  if (port !== null) {
    frame.dev = port.dev;
    devQueueXmit(frame);
    return;
  }
  const { bytes, networkHeader } = frame;
  const isIpv6 = protocol === ETH_P_IPV6;
  const at = networkHeader + (isIpv6 ? IPV6_SOURCE : IPV4_SOURCE);
  (isIpv6 ? multicast.ip6 : multicast.ip4).querier = bytes.slice(at, at + (isIpv6 ? 16 : 4));
  ethTypeTrans(frame, dev);
  netifRx(frame, dev);
}

// --- Who asks ----------------------------------------------------------------------------------------------------------

/** Lets the bridge ask, or no longer (br_multicast_set_querier). */
export function setQuerier(br: Bridge, isQuerier: boolean): void {
  const mc = br.multicast;
  if (mc.isQuerier === isQuerier) return;
  mc.isQuerier = isQuerier;
  if (!isQuerier) return;
  const until = br.dev.machine.clock.now() + mc.queryResponseInterval * JIFFY_NS;
  for (const isIpv6 of [false, true]) {
    const state = isIpv6 ? mc.ip6 : mc.ip4;
    if (!state.other.isPending) state.delayUntilNs = until;
    startQuerier(br, isIpv6);
  }
}

/** No other querier has been heard for long: the bridge asks again (br_multicast_querier_expired). */
export function otherExpired(br: Bridge, isIpv6: boolean): void {
  if ((br.dev.flags & IFF_UP) === 0 || !br.multicast.isSnooping) return;
  startQuerier(br, isIpv6);
}

/** Asks everywhere, soon and then at its intervals (br_multicast_start_querier). */
function startQuerier(br: Bridge, isIpv6: boolean): void {
  if (!br.multicast.isSnooping) return;
  startQueries((isIpv6 ? br.multicast.ip6 : br.multicast.ip4).own);
  for (const port of br.ports) {
    if (isAsking(port)) startQueries(isIpv6 ? port.multicast.ip6 : port.multicast.ip4);
  }
}

/** The bridge comes up, or begins to snoop: it is asked too (br_multicast_open). */
export function openMulticast(br: Bridge): void {
  if (!br.multicast.isSnooping) return;
  for (const { own } of [br.multicast.ip4, br.multicast.ip6]) startQueries(own);
}

/** Begins with queries that follow one another quickly (br_multicast_enable). */
export function startQueries(own: OwnQuery): void {
  own.startupSent = 0;
  own.timer.start(0);
}

function isAsking({ state }: BridgePort): boolean {
  return state !== BR_STATE_DISABLED && state !== BR_STATE_BLOCKING;
}
