// Settings of multicast snooping, of a bridge and of a port.
//
// Mirrors the IGMP part of net/bridge/br_netlink.c (br_changelink) and the setters of net/bridge/br_multicast.c.

import { HZ, JIFFY_NS, jiffiesFromClock } from "../../net/jiffies.ts";
import type { Warn } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { MDB_RTR_TYPE_PERM, MDB_RTR_TYPE_TEMP, MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";
import { RTM_DELMDB, RTM_NEWMDB } from "../../uapi/rtnetlink.ts";
import { notifyRouter } from "./mdb-message.ts";
import { disableMulticastPort, enableMulticastPort } from "./multicast.ts";
import { openMulticast, setQuerier } from "./multicast-query.ts";
import { isRouterPort } from "./multicast-router.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_DISABLED } from "./state.ts";

/** The longest time that is told exactly; Linux wraps far beyond it. */
const maxInterval = 2 ** 50;
/** Queries are not sent more often than this, nor less (BR_MULTICAST_QUERY_INTVL_MIN, _MAX). */
const minQueryInterval = HZ;
const maxQueryInterval = 86_400 * HZ;

/** What changes of a bridge's multicast, as IFLA_INFO_DATA names it. */
export interface MulticastAttributes {
  readonly mcastRouter?: number;
  readonly mcastSnooping?: number;
  readonly mcastQueryUseIfaddr?: number;
  readonly mcastQuerier?: number;
  readonly mcastHashMax?: number;
  readonly mcastLastMemberCnt?: number;
  readonly mcastStartupQueryCnt?: number;
  readonly mcastLastMemberIntvl?: bigint;
  readonly mcastMembershipIntvl?: bigint;
  readonly mcastQuerierIntvl?: bigint;
  readonly mcastQueryIntvl?: bigint;
  readonly mcastQueryResponseIntvl?: bigint;
  readonly mcastStartupQueryIntvl?: bigint;
  readonly mcastStatsEnabled?: number;
  readonly mcastIgmpVersion?: number;
  readonly mcastMldVersion?: number;
}

/** Applies what concerns multicast (br_changelink). */
export function changeMulticast(br: Bridge, data: MulticastAttributes, _warn: Warn): void {
  const mc = br.multicast;
  if (data.mcastRouter !== undefined) setRouter(br, data.mcastRouter);
  if (data.mcastSnooping !== undefined) setSnooping(br, data.mcastSnooping !== 0);
  if (data.mcastQueryUseIfaddr !== undefined) mc.usesIfaddr = data.mcastQueryUseIfaddr !== 0;
  if (data.mcastQuerier !== undefined) setQuerier(br, data.mcastQuerier !== 0);
  if (data.mcastHashMax !== undefined) mc.hashMax = data.mcastHashMax;
  if (data.mcastLastMemberCnt !== undefined) mc.lastMemberCount = data.mcastLastMemberCnt;
  if (data.mcastStartupQueryCnt !== undefined) mc.startupQueryCount = data.mcastStartupQueryCnt;
  changeIntervals(br, data);
  if (data.mcastStatsEnabled !== undefined) mc.hasStats = data.mcastStatsEnabled !== 0;
  if (data.mcastIgmpVersion !== undefined) {
    if (data.mcastIgmpVersion !== 2 && data.mcastIgmpVersion !== 3) throw new NetlinkError("EINVAL");
    mc.igmpVersion = data.mcastIgmpVersion;
  }
  if (data.mcastMldVersion !== undefined) {
    if (data.mcastMldVersion !== 1 && data.mcastMldVersion !== 2) throw new NetlinkError("EINVAL");
    mc.mldVersion = data.mcastMldVersion;
  }
}

function changeIntervals(br: Bridge, data: MulticastAttributes): void {
  const mc = br.multicast;
  const ticks = (clock: bigint): number => Math.min(jiffiesFromClock(Number(clock)), maxInterval);
  const queryTicks = (clock: bigint): number =>
    Math.min(Math.max(ticks(clock), minQueryInterval), maxQueryInterval);
  if (data.mcastLastMemberIntvl !== undefined) mc.lastMemberInterval = ticks(data.mcastLastMemberIntvl);
  if (data.mcastMembershipIntvl !== undefined) mc.membershipInterval = ticks(data.mcastMembershipIntvl);
  if (data.mcastQuerierIntvl !== undefined) mc.querierInterval = ticks(data.mcastQuerierIntvl);
  if (data.mcastQueryIntvl !== undefined) mc.queryInterval = queryTicks(data.mcastQueryIntvl);
  if (data.mcastQueryResponseIntvl !== undefined) {
    mc.queryResponseInterval = ticks(data.mcastQueryResponseIntvl);
  }
  if (data.mcastStartupQueryIntvl !== undefined)
    mc.startupQueryInterval = queryTicks(data.mcastStartupQueryIntvl);
}

/** Turns snooping on or off; with it go the groups that ports have joined (br_multicast_toggle). */
function setSnooping(br: Bridge, isOn: boolean): void {
  const mc = br.multicast;
  if (mc.isSnooping === isOn) return;
  mc.isSnooping = isOn;
  if (isOn && (br.dev.flags & IFF_UP) !== 0) openMulticast(br);
  for (const port of br.ports) {
    if (port.state === BR_STATE_DISABLED) continue;
    if (isOn) enableMulticastPort(port);
    else disableMulticastPort(port);
  }
}

/** Says whether the bridge itself is a multicast router (br_multicast_set_router). */
function setRouter(br: Bridge, router: number): void {
  if (router > MDB_RTR_TYPE_PERM) throw new NetlinkError("EINVAL");
  br.multicast.router = router;
  if (router === MDB_RTR_TYPE_TEMP_QUERY) return;
  for (const state of [br.multicast.ip4, br.multicast.ip6]) state.router.stop();
}

/** Says whether a multicast router is behind a port (br_multicast_set_port_router). */
export function setPortRouter(port: BridgePort, router: number): void {
  const { multicast } = port;
  if (router > MDB_RTR_TYPE_TEMP) throw new NetlinkError("EINVAL");
  const wasRouter = isRouterPort(port, false) || isRouterPort(port, true);
  if (multicast.router === router) {
    if (router === MDB_RTR_TYPE_TEMP) startRouterTimers(port);
    return;
  }
  multicast.router = router;
  if (router === MDB_RTR_TYPE_TEMP) startRouterTimers(port);
  else for (const state of [multicast.ip4, multicast.ip6]) state.router.stop();
  const isRouter = isRouterPort(port, false) || isRouterPort(port, true);
  if (isRouter !== wasRouter) notifyRouter(port.br, port, isRouter ? RTM_NEWMDB : RTM_DELMDB);
}

function startRouterTimers({ br, multicast }: BridgePort): void {
  const intervalNs = br.multicast.querierInterval * JIFFY_NS;
  for (const state of [multicast.ip4, multicast.ip6]) state.router.start(intervalNs);
}
