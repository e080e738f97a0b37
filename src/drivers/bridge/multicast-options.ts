// Settings of multicast snooping, of a bridge and of a port.
//
// Mirrors the IGMP part of net/bridge/br_netlink.c (br_changelink) and the setters of net/bridge/br_multicast.c.

import { HZ, jiffiesFromClock } from "../../net/jiffies.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { MDB_RTR_TYPE_PERM, MDB_RTR_TYPE_TEMP, MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";
import { disableMulticastPort, enableMulticastPort } from "./multicast.ts";
import { portVlanContext } from "./multicast-context.ts";
import { openMulticast, setQuerier } from "./multicast-query.ts";
import { addRouter, markRouter, removeRouters } from "./multicast-router.ts";
import type { MulticastContext } from "./multicast-state.ts";
import { joinSnoopers, leaveSnoopers } from "./snoopers.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_DISABLED } from "./state.ts";

/** The longest time that is told exactly; Linux wraps far beyond it. */
const maxInterval = 2 ** 50;
/** Queries are not sent more often than this, nor less (BR_MULTICAST_QUERY_INTVL_MIN, _MAX). */
const minQueryInterval = HZ;
const maxQueryInterval = 86_400 * HZ;

/** What changes of how a bridge, or a VLAN of it, asks. */
interface ContextAttributes {
  readonly mcastQuerier?: number;
  readonly mcastLastMemberCnt?: number;
  readonly mcastStartupQueryCnt?: number;
  readonly mcastLastMemberIntvl?: bigint;
  readonly mcastMembershipIntvl?: bigint;
  readonly mcastQuerierIntvl?: bigint;
  readonly mcastQueryIntvl?: bigint;
  readonly mcastQueryResponseIntvl?: bigint;
  readonly mcastStartupQueryIntvl?: bigint;
  readonly mcastIgmpVersion?: number;
  readonly mcastMldVersion?: number;
}

/** What changes of a bridge's multicast, as IFLA_INFO_DATA names it. */
interface MulticastAttributes extends ContextAttributes {
  readonly mcastRouter?: number;
  readonly mcastSnooping?: number;
  readonly mcastQueryUseIfaddr?: number;
  readonly mcastHashMax?: number;
  readonly mcastStatsEnabled?: number;
}

/** Applies what concerns multicast (br_changelink). */
export function changeMulticast(br: Bridge, data: MulticastAttributes): void {
  const { multicast } = br;
  if (data.mcastRouter !== undefined) setRouter(multicast.own, data.mcastRouter);
  if (data.mcastSnooping !== undefined) setSnooping(br, data.mcastSnooping !== 0);
  if (data.mcastQueryUseIfaddr !== undefined) multicast.usesIfaddr = data.mcastQueryUseIfaddr !== 0;
  if (data.mcastHashMax !== undefined) multicast.hashMax = data.mcastHashMax;
  if (data.mcastStatsEnabled !== undefined) multicast.hasStats = data.mcastStatsEnabled !== 0;
  changeContext(br, multicast.own, 0, data);
  changeVersions(multicast.own, data);
}

/** Applies how the bridge asks in `mc`, that of VLAN `vid` or with 0 its own. */
export function changeContext(br: Bridge, mc: MulticastContext, vid: number, data: ContextAttributes): void {
  if (data.mcastQuerier !== undefined) setQuerier(br, mc, vid, data.mcastQuerier !== 0);
  if (data.mcastLastMemberCnt !== undefined) mc.lastMemberCount = data.mcastLastMemberCnt;
  if (data.mcastStartupQueryCnt !== undefined) mc.startupQueryCount = data.mcastStartupQueryCnt;
  changeIntervals(mc, data);
}

/** Sets the versions that are spoken: EINVAL for one that there is not. */
export function changeVersions(mc: MulticastContext, data: ContextAttributes): void {
  if (data.mcastIgmpVersion !== undefined) {
    if (data.mcastIgmpVersion !== 2 && data.mcastIgmpVersion !== 3) throw new NetlinkError("EINVAL");
    mc.igmpVersion = data.mcastIgmpVersion;
  }
  if (data.mcastMldVersion !== undefined) {
    if (data.mcastMldVersion !== 1 && data.mcastMldVersion !== 2) throw new NetlinkError("EINVAL");
    mc.mldVersion = data.mcastMldVersion;
  }
}

function changeIntervals(mc: MulticastContext, data: ContextAttributes): void {
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
  if ((br.dev.flags & IFF_UP) === 0) return;
  if (isOn) joinSnoopers(br);
  else leaveSnoopers(br);
}

/** Says whether the bridge itself is a multicast router (br_multicast_set_router). */
export function setRouter(mc: MulticastContext, router: number): void {
  if (router > MDB_RTR_TYPE_PERM) throw new NetlinkError("EINVAL");
  mc.router = router;
  if (router === MDB_RTR_TYPE_TEMP_QUERY) return;
  for (const state of [mc.ip4, mc.ip6]) state.router.stop();
}

/** Says whether a multicast router is behind a port, in VLAN `vid` or with 0 in none (br_multicast_set_port_router). */
export function setPortRouter(port: BridgePort, vid: number, router: number): void {
  const vlan = port.vlans.find(vid);
  const multicast = vlan === undefined ? port.multicast : portVlanContext(port, vlan);
  if (router > MDB_RTR_TYPE_TEMP) throw new NetlinkError("EINVAL");
  const isSame = multicast.router === router;
  multicast.router = router;
  const families = [false, true];
  if (router === MDB_RTR_TYPE_TEMP) {
    for (const isIpv6 of families) markRouter(port, vid, multicast, isIpv6);
  } else if (router === MDB_RTR_TYPE_PERM) {
    for (const { router } of [multicast.ip4, multicast.ip6]) router.stop();
    for (const isIpv6 of families) addRouter(port, vid, multicast, isIpv6);
  } else if (!isSame) removeRouters(port, vid, multicast);
}
