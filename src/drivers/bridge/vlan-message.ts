// A VLAN of a port or a bridge in the words of the VLAN database, and the word to RTNLGRP_BRVLAN when one comes or goes.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_notify, br_vlan_fill_vids, br_vlan_stats_fill) and net/bridge/br_vlan_options.c
// (br_vlan_opts_fill).

import { setS32, setU16 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { RTNLGRP_BRVLAN } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import type { Bridge, BridgePort } from "./state.ts";
import type { Vlan, VlanGroup } from "./vlan-group.ts";

/** What a message tells of a run of VLANs. */
interface VlanReport {
  readonly vid: number;
  /** The last one; `vid` for a single VLAN. */
  readonly lastVid: number;
  /** The first VLAN, whose options are told; absent for one that is gone. */
  readonly vlan?: Vlan | undefined;
  readonly group: VlanGroup;
  readonly isPort: boolean;
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
  const vlan = group.find(vid);
  br.dev.machine.announce(RTNLGRP_BRVLAN, br.dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillVlanHeader(writer, (port?.dev ?? br.dev).ifindex);
    fillVlanEntry(writer, { vid, lastVid, vlan, group, isPort: port !== null });
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
  const { vid, lastVid, vlan, group, isPort } = report;
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
    fillOptions(writer, vlan, isPort);
    if (report.hasStats === true) fillStats(writer, vlan);
  }
  writer.endNest(nest);
}

function fillOptions(writer: MessageWriter, vlan: Vlan, isPort: boolean): void {
  writer.u8(vdb.BRIDGE_VLANDB_ENTRY_STATE, vlan.state);
  if (vlan.tunnelId !== 0) {
    const nest = writer.nestFlagged(vdb.BRIDGE_VLANDB_ENTRY_TUNNEL_INFO);
    writer.u32(vdb.BRIDGE_VLANDB_TINFO_ID, vlan.tunnelId).endNest(nest);
  }
  writer.u8(vdb.BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS, isPort && vlan.neighSuppress ? 1 : 0);
  writer.u8(vdb.BRIDGE_VLANDB_ENTRY_MCAST_ROUTER, vlan.mcastRouter);
}

function fillStats(writer: MessageWriter, { stats }: Vlan): void {
  const nest = writer.nest(vdb.BRIDGE_VLANDB_ENTRY_STATS);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_RX_BYTES, stats.rxBytes);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_RX_PACKETS, stats.rxPackets);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_TX_BYTES, stats.txBytes);
  writer.u64(vdb.BRIDGE_VLANDB_STATS_TX_PACKETS, stats.txPackets);
  writer.endNest(nest);
}
