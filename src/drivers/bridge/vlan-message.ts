// A VLAN of a port or a bridge in the words of the VLAN database, and the word to RTNLGRP_BRVLAN when one comes or goes.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_notify, br_vlan_fill_vids, br_vlan_stats_fill) and net/bridge/br_vlan_options.c
// (br_vlan_opts_fill, br_vlan_opts_eq_range).

import { setS32, setU16 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { RTM_DELVLAN, RTNLGRP_BRVLAN } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { hasVlanSnooping, isSnooped } from "./multicast-context.ts";
import type { Bridge, BridgePort } from "./state.ts";
import type { Vlan } from "./vlan-group.ts";

/** What a message tells of a run of VLANs. */
interface VlanReport {
  readonly vid: number;
  /** The last one; `vid` for a single VLAN. */
  readonly lastVid: number;
  /** The first VLAN, whose options are told; absent for one that is gone. */
  readonly vlan?: Vlan | undefined;
  readonly br: Bridge;
  readonly port: BridgePort | null;
  readonly hasStats?: boolean;
}

/** Tells of VLANs `vid` to `lastVid` of a port, or of the bridge itself (br_vlan_notify). */
export function notifyVlan(
  br: Bridge,
  port: BridgePort | null,
  vid: number,
  lastVid: number,
  type: number,
): void {
  const group = port?.vlans ?? br.vlans;
  const vlan = type === RTM_DELVLAN ? undefined : group.member(vid);
  if (vlan === undefined && type !== RTM_DELVLAN) return;
  br.dev.machine.announce(RTNLGRP_BRVLAN, br.dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillVlanHeader(writer, (port?.dev ?? br.dev).ifindex);
    fillVlanEntry(writer, { vid, lastVid, vlan, br, port });
    writer.end();
  });
}

/** Writes `struct br_vlan_msg`. */
export function fillVlanHeader(writer: MessageWriter, ifindex: number): void {
  const at = writer.reserve(vdb.BR_VLAN_MSG_SIZE);
  writer.bytes[at + vdb.BR_VLAN_MSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + vdb.BR_VLAN_MSG_IFINDEX, ifindex);
}

/** Writes BRIDGE_VLANDB_ENTRY. */
export function fillVlanEntry(writer: MessageWriter, report: VlanReport): void {
  const { vid, lastVid, vlan, br, port } = report;
  const group = port?.vlans ?? br.vlans;
  const isPvid = vlan !== undefined && group.pvid === vid;
  const nest = writer.nestFlagged(vdb.BRIDGE_VLANDB_ENTRY);
  const at = writer.attribute(vdb.BRIDGE_VLANDB_ENTRY_INFO, vdb.BRIDGE_VLAN_INFO_SIZE);
  const untagged = (vlan?.flags ?? 0) & vdb.BRIDGE_VLAN_INFO_UNTAGGED;
  setU16(
    writer.bytes,
    at + vdb.BRIDGE_VLAN_INFO_FLAGS,
    isPvid ? untagged | vdb.BRIDGE_VLAN_INFO_PVID : untagged,
  );
  setU16(writer.bytes, at + vdb.BRIDGE_VLAN_INFO_VID, vid);
  if (vid < lastVid && !isPvid) writer.u16(vdb.BRIDGE_VLANDB_ENTRY_RANGE, lastVid);
  if (vlan !== undefined) {
    fillOptions(writer, br, port, vlan);
    if (report.hasStats === true) fillStats(writer, vlan);
  }
  writer.endNest(nest);
}

function fillOptions(writer: MessageWriter, br: Bridge, port: BridgePort | null, vlan: Vlan): void {
  writer.u8(vdb.BRIDGE_VLANDB_ENTRY_STATE, vlan.state);
  if (vlan.tunnelId !== null) {
    const nest = writer.nestFlagged(vdb.BRIDGE_VLANDB_ENTRY_TUNNEL_INFO);
    writer.u32(vdb.BRIDGE_VLANDB_TINFO_ID, vlan.tunnelId).endNest(nest);
  }
  writer.u8(vdb.BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS, vlan.neighSuppress ? 1 : 0);
  writer.u8(vdb.BRIDGE_VLANDB_ENTRY_MCAST_ROUTER, routerOf(vlan));
  if (port === null || !isCounted(br, vlan)) return;
  const { groups = 0, maxGroups = 0 } = vlan.portMulticast ?? {};
  writer.u32(vdb.BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS, groups);
  writer.u32(vdb.BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS, maxGroups);
}

/** Whether the groups of a VLAN are counted by themselves (br_multicast_port_ctx_vlan_disabled). */
export function isCounted(br: Bridge, { vid }: Vlan): boolean {
  return hasVlanSnooping(br) && isSnooped(br, vid);
}

/** MDB_RTR_TYPE_* of a VLAN, of a port or of the bridge (br_vlan_multicast_router). */
function routerOf({ multicast, portMulticast }: Vlan): number {
  return (portMulticast ?? multicast)?.router ?? vdb.MDB_RTR_TYPE_TEMP_QUERY;
}

/** Whether the VLAN `next` can be told of together with the one before it (br_vlan_can_enter_range). */
export function continuesRange(br: Bridge, port: BridgePort | null, vlan: Vlan, next: Vlan): boolean {
  const { pvid } = port?.vlans ?? br.vlans;
  if (next.vid !== vlan.vid + 1 || vlan.vid === pvid || next.vid === pvid) return false;
  if (next.flags !== vlan.flags || next.state !== vlan.state) return false;
  if (next.neighSuppress !== vlan.neighSuppress || routerOf(next) !== routerOf(vlan)) return false;
  const [one, other] = [vlan.portMulticast, next.portMulticast];
  const isCountedAlike =
    (one?.groups ?? 0) === (other?.groups ?? 0) && (one?.maxGroups ?? 0) === (other?.maxGroups ?? 0);
  if (port !== null && isCounted(br, vlan) && !isCountedAlike) return false;
  return vlan.tunnelId === null ? next.tunnelId === null : next.tunnelId === vlan.tunnelId + 1;
}

function fillStats(writer: MessageWriter, { stats }: Vlan): void {
  const nest = writer.nestFlagged(vdb.BRIDGE_VLANDB_ENTRY_STATS);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_RX_BYTES, stats.rxBytes);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_RX_PACKETS, stats.rxPackets);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_TX_BYTES, stats.txBytes);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_TX_PACKETS, stats.txPackets);
  writer.endNest(nest);
}
