// The VLAN database as users ask for and change it.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_rtm_process, br_vlan_rtm_process_one, br_vlan_dump_dev) with its errno and texts.
// Omitted: options of single VLANs (state, multicast router, tunnels) and global ones, which are told and not taken.

import { getU16 } from "../../bytes/endian.ts";
import type { Device, VlanOps } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { changeVlanRange } from "./link-request.ts";
import type { Bridge } from "./state.ts";
import { portOf } from "./state.ts";
import type { Vlan, VlanGroup } from "./vlan-group.ts";
import { fillVlanEntry, fillVlanHeader } from "./vlan-message.ts";

/** VLAN identifiers are below this, and above 0. */
const reservedVid = 0xfff;

export const vlanOps: VlanOps<Bridge> = {
  add: (dev, target, message) => change(dev, target, message, true),
  del: (dev, target, message) => change(dev, target, message, false),
  fill,
};

function change(dev: Device<Bridge>, target: Device, message: Message, isAdd: boolean): void {
  const entries = message
    .attributes(vdb.BR_VLAN_MSG_SIZE)
    .filter(({ type }) => type === vdb.BRIDGE_VLANDB_ENTRY);
  if (entries.length === 0) throw invalid("bridge: No vlan entries to process");
  for (const entry of entries) changeEntry(dev, target, entry, isAdd);
}

/** One entry: a VLAN, or a run of them up to BRIDGE_VLANDB_ENTRY_RANGE. */
function changeEntry(dev: Device<Bridge>, target: Device, entry: Attribute, isAdd: boolean): void {
  const info = entry.child(vdb.BRIDGE_VLANDB_ENTRY_INFO);
  if (info === undefined || info.length !== vdb.BRIDGE_VLAN_INFO_SIZE) {
    throw invalid("bridge: Missing vlan entry info");
  }
  const flags = getU16(info.bytes, info.start + vdb.BRIDGE_VLAN_INFO_FLAGS);
  const vid = getU16(info.bytes, info.start + vdb.BRIDGE_VLAN_INFO_VID);
  const range = vdb.BRIDGE_VLAN_INFO_RANGE_BEGIN | vdb.BRIDGE_VLAN_INFO_RANGE_END;
  if ((flags & range) !== 0) {
    throw invalid("bridge: Old-style vlan ranges are not allowed when using RTM vlan calls");
  }
  if (vid === 0 || vid >= reservedVid) throw invalid("bridge: Vlan id is invalid");
  if ((flags & vdb.BRIDGE_VLAN_INFO_ONLY_OPTS) !== 0) throw new NetlinkError("EOPNOTSUPP");
  const last = entry.child(vdb.BRIDGE_VLANDB_ENTRY_RANGE)?.u16() ?? vid;
  if (last !== vid) {
    if (last <= vid || last >= reservedVid) {
      throw invalid("bridge: End vlan id is less than or equal to start vlan id");
    }
    if ((flags & vdb.BRIDGE_VLAN_INFO_PVID) !== 0) throw invalid("bridge: Pvid isn't allowed in a range");
  }
  changeVlanRange(dev.state, portOf(target), { flags, vid }, last, isAdd);
}

/** Writes runs of VLANs that are alike; what they have counted makes each one of its own. */
function fill(dev: Device<Bridge>, target: Device, writer: MessageWriter, hasStats: boolean): boolean {
  const port = portOf(target);
  const group = port?.vlans ?? dev.state.vlans;
  const vlans = group.members;
  if (vlans.length === 0) return false;
  fillVlanHeader(writer, target.ifindex);
  for (let first = 0; first < vlans.length; ) {
    let last = first;
    while (!hasStats && continues(group, vlans[last], vlans[last + 1])) last++;
    const vlan = vlans[first];
    const vid = vlan?.vid ?? 0;
    fillVlanEntry(writer, {
      vid,
      lastVid: vlans[last]?.vid ?? vid,
      vlan,
      group,
      isPort: port !== null,
      hasStats,
    });
    first = last + 1;
  }
  return true;
}

function continues(group: VlanGroup, vlan: Vlan | undefined, next: Vlan | undefined): boolean {
  if (vlan === undefined || next === undefined || next.vid !== vlan.vid + 1) return false;
  const isPvid = vlan.vid === group.pvid || next.vid === group.pvid;
  return !isPvid && vlan.flags === next.flags && vlan.state === next.state && vlan.tunnelId === next.tunnelId;
}
