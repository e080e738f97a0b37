// What is set of a VLAN for all of the bridge: how its multicast is looked after, and the spanning tree it is in.
//
// Mirrors net/bridge/br_vlan_options.c (br_vlan_rtm_process_global_options, br_vlan_process_global_one_opts,
// br_vlan_global_opts_fill, br_vlan_global_opts_can_enter_range) with its errno and texts.

import { clockFromJiffies } from "../../net/jiffies.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { policy, u8, u16, u32, u64 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { RTM_NEWVLAN, RTNLGRP_BRVLAN } from "../../uapi/rtnetlink.ts";
import { fillQuerierState } from "./fill.ts";
import { fillRouters, hasRouters } from "./mdb-message.ts";
import { setVlanMsti } from "./mst.ts";
import { vlanContext } from "./multicast-context.ts";
import { changeContext, changeVersions } from "./multicast-options.ts";
import type { MulticastContext } from "./multicast-state.ts";
import { toggleVlanSnooping } from "./multicast-vlan.ts";
import type { Bridge } from "./state.ts";
import type { Vlan } from "./vlan-group.ts";
import { fillVlanHeader } from "./vlan-message.ts";

/** VLAN identifiers, and those of spanning trees, are below this. */
const reservedVid = 0xfff;

/** br_vlan_db_gpol */
const globalPolicy = policy(vdb.BRIDGE_VLANDB_GOPTS_MAX, {
  [vdb.BRIDGE_VLANDB_GOPTS_ID]: u16("id"),
  [vdb.BRIDGE_VLANDB_GOPTS_RANGE]: u16("range"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING]: u8("mcastSnooping"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION]: u8("mcastIgmpVersion"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION]: u8("mcastMldVersion"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT]: u32("mcastLastMemberCnt"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT]: u32("mcastStartupQueryCnt"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL]: u64("mcastLastMemberIntvl"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL]: u64("mcastMembershipIntvl"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL]: u64("mcastQuerierIntvl"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL]: u64("mcastQueryIntvl"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL]: u64("mcastQueryResponseIntvl"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL]: u64("mcastStartupQueryIntvl"),
  [vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER]: u8("mcastQuerier"),
  [vdb.BRIDGE_VLANDB_GOPTS_MSTI]: u16("msti", { range: [0, reservedVid] }),
});

type GlobalAttributes = Parsed<typeof globalPolicy>;

/** Applies BRIDGE_VLANDB_GLOBAL_OPTIONS to one VLAN or a range, and tells of those that changed. */
export function setGlobalOptions(br: Bridge, entry: Attribute): void {
  const attrs = parseNested(entry, globalPolicy, "strict");
  if (attrs.id === undefined) throw invalid("bridge: Missing vlan entry id");
  const { id: first, range: last = first } = attrs;
  for (const vid of [first, last]) {
    if (vid === 0 || vid >= reservedVid) throw invalid("bridge: Vlan id is invalid");
  }
  if (attrs.range !== undefined && first >= last) {
    throw invalid("bridge: End vlan id is less than or equal to start vlan id");
  }
  let run: { readonly first: Vlan; last: Vlan } | undefined;
  const tell = (): void => {
    if (run !== undefined) notifyGlobal(br, run.first, run.last.vid);
    run = undefined;
  };
  try {
    for (let vid = first; vid <= last; vid++) {
      const vlan = br.vlans.find(vid);
      if (vlan === undefined) {
        throw new NetlinkError("ENOENT", "bridge: Vlan in range doesn't exist, can't process global options");
      }
      if (!setOptions(br, vlan, attrs)) tell();
      else if (run !== undefined && continuesGlobalRange(br, run.last, vlan)) run.last = vlan;
      else {
        tell();
        run = { first: vlan, last: vlan };
      }
    }
  } finally {
    tell();
  }
}

/** Applies the options to one VLAN; whether anything changed. */
function setOptions(br: Bridge, vlan: Vlan, attrs: GlobalAttributes): boolean {
  const { id: _id, range: _range, mcastSnooping, msti, ...multicast } = attrs;
  let isChanged = false;
  if (mcastSnooping !== undefined && toggleVlanSnooping(br, vlan, mcastSnooping !== 0)) isChanged = true;
  if (Object.values(multicast).some((value) => value !== undefined)) {
    const context = vlanContext(br, vlan);
    changeVersions(context, multicast);
    changeContext(br, context, vlan.vid, multicast);
    isChanged = true;
  }
  if (msti !== undefined) {
    setVlanMsti(br, vlan, msti);
    isChanged = true;
  }
  return isChanged;
}

/** Whether the VLAN `next` can be told of together with the one before it. */
export function continuesGlobalRange(br: Bridge, vlan: Vlan, next: Vlan): boolean {
  if (next.vid !== vlan.vid + 1) return false;
  if (next.isMulticastOff !== vlan.isMulticastOff || next.msti !== vlan.msti) return false;
  const [one, other] = [contextFor(br, vlan), contextFor(br, next)];
  return settings.every((name) => one[name] === other[name]) && !isAlone(br, vlan) && !isAlone(br, next);
}

/** What two VLANs have alike that are told of together (br_multicast_ctx_options_equal). */
const settings = [
  "isQuerier",
  "igmpVersion",
  "mldVersion",
  "lastMemberCount",
  "startupQueryCount",
  "lastMemberInterval",
  "membershipInterval",
  "querierInterval",
  "queryInterval",
  "queryResponseInterval",
  "startupQueryInterval",
] as const satisfies readonly (keyof MulticastContext)[];

/** What is told of a VLAN for which nothing was set is what all such VLANs have. */
function contextFor(br: Bridge, vlan: Vlan): MulticastContext {
  return vlan.multicast ?? br.multicast.untouched;
}

/** A querier or a router in a VLAN is told of by itself. */
function isAlone(br: Bridge, { multicast, vid }: Vlan): boolean {
  if (multicast !== null && (multicast.ip4.other.isPending || multicast.ip6.other.isPending)) return true;
  return hasRouters(br, vid);
}

/** Tells of VLANs from `vlan` to `lastVid` (br_vlan_global_opts_notify). */
function notifyGlobal(br: Bridge, vlan: Vlan, lastVid: number): void {
  br.dev.machine.announce(RTNLGRP_BRVLAN, br.dev.netns, (writer) => {
    writer.begin(RTM_NEWVLAN, 0, 0, 0);
    fillVlanHeader(writer, br.dev.ifindex);
    fillGlobalOptions(writer, br, vlan, lastVid);
    writer.end();
  });
}

/** Writes BRIDGE_VLANDB_GLOBAL_OPTIONS of VLANs from `vlan` to `lastVid` (br_vlan_global_opts_fill). */
export function fillGlobalOptions(writer: MessageWriter, br: Bridge, vlan: Vlan, lastVid: number): void {
  const mc = contextFor(br, vlan);
  const interval = (type: number, jiffies: number): void => void writer.u64(type, clockFromJiffies(jiffies));
  const nest = writer.nestFlagged(vdb.BRIDGE_VLANDB_GLOBAL_OPTIONS);
  writer.u16(vdb.BRIDGE_VLANDB_GOPTS_ID, vlan.vid);
  if (vlan.vid < lastVid) writer.u16(vdb.BRIDGE_VLANDB_GOPTS_RANGE, lastVid);
  writer.u8(vdb.BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING, vlan.isMulticastOff ? 0 : 1);
  writer.u8(vdb.BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION, mc.igmpVersion);
  writer.u32(vdb.BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT, mc.lastMemberCount);
  writer.u32(vdb.BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT, mc.startupQueryCount);
  writer.u8(vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER, mc.isQuerier ? 1 : 0);
  fillQuerierState(writer, br, mc, vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_STATE);
  interval(vdb.BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL, mc.lastMemberInterval);
  interval(vdb.BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL, mc.membershipInterval);
  interval(vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL, mc.querierInterval);
  interval(vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL, mc.queryInterval);
  interval(vdb.BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL, mc.queryResponseInterval);
  interval(vdb.BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL, mc.startupQueryInterval);
  if (hasRouters(br, vlan.vid)) {
    const routers = writer.nestFlagged(vdb.BRIDGE_VLANDB_GOPTS_MCAST_ROUTER_PORTS);
    fillRouters(writer, br, vlan.vid);
    writer.endNest(routers);
  }
  writer.u8(vdb.BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION, mc.mldVersion);
  writer.u16(vdb.BRIDGE_VLANDB_GOPTS_MSTI, vlan.msti);
  writer.endNest(nest);
}
