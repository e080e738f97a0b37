// VLANs come to ports and to the bridge, and go; filtering is turned on and off.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_add, nbp_vlan_add, br_vlan_delete, nbp_vlan_delete, __br_vlan_set_default_pvid,
// __br_vlan_set_proto, br_vlan_filter_toggle, br_vlan_set_stats, br_vlan_set_stats_per_port) with their errno and texts.
// Omitted: switchdev.

import { NetlinkError } from "../../netlink/error.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../../uapi/if_ether.ts";
import { RTM_DELVLAN, RTM_NEWVLAN } from "../../uapi/rtnetlink.ts";
import { addLocal, deleteByPort, findDeleteLocal } from "./fdb.ts";
import { stopPortTimers } from "./multicast.ts";
import { startBridgeVlan, startPortVlan, stopBridgeVlan, stopPortVlan } from "./multicast-vlan.ts";
import { managePromiscuity } from "./promiscuity.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_MST_ENABLE, BR_STATE_FORWARDING } from "./state.ts";
import { portVlansChanged } from "./vlan-binding.ts";
import type { Vlan, VlanGroup, VlanStats } from "./vlan-group.ts";
import { VLAN_BRENTRY, VLAN_PVID, VLAN_UNTAGGED } from "./vlan-group.ts";
import { notifyVlan } from "./vlan-message.ts";
import { unmapTunnel } from "./vlan-tunnel.ts";

/** 802.1X's group address, which an 802.1Q bridge keeps and a provider bridge forwards. */
const requiredFwdMask8021ad = 0xb801;

// --- The bridge's own --------------------------------------------------------------------------------------------------

/** Puts the bridge itself into a VLAN, or changes its flags there; whether anything changed (br_vlan_add). */
export function addBridgeVlan(br: Bridge, vid: number, flags: number): boolean {
  const { vlans } = br;
  const known = vlans.find(vid);
  const vlan = known ?? makeVlan(vid, newStats());
  if (known === undefined) vlans.add(vlan);
  let changed = known === undefined;
  const isNew = (vlan.flags & VLAN_BRENTRY) === 0;
  if (isNew) {
    vlan.flags |= VLAN_BRENTRY;
    vlan.users++;
    addLocal(br, null, br.dev.address, vid);
    changed = true;
  }
  if (commitFlags(vlans, vlan, flags)) changed = true;
  if (isNew) startBridgeVlan(br, vid);
  return changed;
}

/** Takes the bridge itself out of a VLAN: ENOENT when it is not in it (br_vlan_delete). */
export function deleteBridgeVlan(br: Bridge, vid: number): void {
  const vlan = br.vlans.member(vid);
  if (vlan === undefined) throw new NetlinkError("ENOENT");
  findDeleteLocal(br, null, br.dev.address, vid);
  deleteByPort(br, null, vid, false);
  if (br.vlans.pvid === vid) br.vlans.pvid = 0;
  vlan.flags &= ~VLAN_BRENTRY;
  putMaster(br, vlan);
}

/** Gives up one user's part in a VLAN of the bridge, which goes with the last (br_vlan_put_master). */
function putMaster(br: Bridge, vlan: Vlan): void {
  vlan.users--;
  if (vlan.users > 0) return;
  stopBridgeVlan(br, vlan.vid);
  br.vlans.remove(vlan);
}

// --- Ports -------------------------------------------------------------------------------------------------------------

/** Puts a port into a VLAN, or changes its flags there; whether anything changed (nbp_vlan_add). */
export function addPortVlan(port: BridgePort, vid: number, flags: number): boolean {
  const { br, vlans } = port;
  const known = vlans.find(vid);
  if (known !== undefined) return commitFlags(vlans, known, flags);
  let master = br.vlans.find(vid);
  if (master === undefined) {
    master = makeVlan(vid, newStats());
    br.vlans.add(master);
  }
  master.users++;
  const vlan = makeVlan(vid, br.hasVlanStatsPerPort ? newStats() : master.stats);
  addLocal(br, port, port.dev.address, vid);
  // With multiple spanning trees a VLAN begins in that of all, as its port is there.
  if ((br.options & BR_BOOLOPT_MST_ENABLE) !== 0) vlan.state = port.state;
  vlans.add(vlan);
  commitFlags(vlans, vlan, flags);
  startPortVlan(port, vid);
  portVlansChanged(br, vid);
  return true;
}

/** Takes a port out of a VLAN: ENOENT when it is not in it (nbp_vlan_delete). */
export function deletePortVlan(port: BridgePort, vid: number): void {
  const { br, vlans } = port;
  const vlan = vlans.find(vid);
  if (vlan === undefined) throw new NetlinkError("ENOENT");
  findDeleteLocal(br, port, port.dev.address, vid);
  deleteByPort(br, port, vid, false);
  if (vlans.pvid === vid) vlans.pvid = 0;
  unmapTunnel(port, vid);
  stopPortVlan(port, vid);
  if (vlan.portMulticast !== null) stopPortTimers(vlan.portMulticast);
  vlans.remove(vlan);
  portVlansChanged(br, vid);
  const master = br.vlans.find(vid);
  if (master !== undefined) putMaster(br, master);
}

/** Puts a new port where untagged frames belong by default (nbp_vlan_init). */
export function initPortVlans(port: BridgePort): void {
  const { br } = port;
  if (br.defaultPvid === 0) return;
  addPortVlan(port, br.defaultPvid, VLAN_PVID | VLAN_UNTAGGED);
  notifyVlan(br, port, br.defaultPvid, br.defaultPvid, RTM_NEWVLAN);
}

/** Takes a port that leaves out of all its VLANs (nbp_vlan_flush). */
export function flushPortVlans(port: BridgePort): void {
  flush(port.br, port, port.vlans, (vid) => deletePortVlan(port, vid));
}

/** See flushPortVlans, for a bridge that goes away (br_vlan_flush). */
export function flushBridgeVlans(br: Bridge): void {
  flush(br, null, br.vlans, (vid) => deleteBridgeVlan(br, vid));
}

/** Deletes all, and tells of runs of those that are alike. */
function flush(br: Bridge, port: BridgePort | null, group: VlanGroup, remove: (vid: number) => void): void {
  const { pvid } = group;
  let first = 0;
  let last = 0;
  let flags = 0;
  for (const vlan of group.members) {
    const own = vlan.flags & VLAN_UNTAGGED;
    const continues =
      first !== 0 && vlan.vid === last + 1 && own === flags && vlan.vid !== pvid && last !== pvid;
    if (first !== 0 && !continues) notifyVlan(br, port, first, last, RTM_DELVLAN);
    if (!continues) {
      first = vlan.vid;
      flags = own;
    }
    last = vlan.vid;
    remove(vlan.vid);
  }
  if (first !== 0) notifyVlan(br, port, first, last, RTM_DELVLAN);
}

// --- Flags -------------------------------------------------------------------------------------------------------------

function newStats(): VlanStats {
  return { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 };
}

function makeVlan(vid: number, stats: VlanStats): Vlan {
  return {
    vid,
    flags: 0,
    state: BR_STATE_FORWARDING,
    stats,
    users: 0,
    tunnelId: null,
    msti: 0,
    neighSuppress: false,
    multicast: null,
    isMulticastOff: false,
    portMulticast: null,
  };
}

/** Whether `flags` would change a VLAN (__vlan_flags_would_change). */
function commitFlags(group: VlanGroup, vlan: Vlan, flags: number): boolean {
  const { pvid } = group;
  const untagged = vlan.flags & VLAN_UNTAGGED;
  if ((flags & VLAN_PVID) !== 0) group.pvid = vlan.vid;
  else if (group.pvid === vlan.vid) group.pvid = 0;
  vlan.flags = (vlan.flags & ~VLAN_UNTAGGED) | (flags & VLAN_UNTAGGED);
  return group.pvid !== pvid || (vlan.flags & VLAN_UNTAGGED) !== untagged;
}

// --- The bridge's settings ---------------------------------------------------------------------------------------------

/** Turns filtering on or off (br_vlan_filter_toggle). */
export function setVlanFiltering(br: Bridge, isOn: boolean): void {
  if (br.isVlanFiltering === isOn) return;
  br.isVlanFiltering = isOn;
  managePromiscuity(br);
  recalculateGroupAddress(br);
  recalculateFwdMask(br);
}

/** Whether the bridge is one of provider VLANs. */
function isProvider(br: Bridge): boolean {
  return br.isVlanFiltering && br.vlanProtocol === ETH_P_8021AD;
}

/** A provider bridge has another group address, unless a user chose one (recalculate_group_addr). */
function recalculateGroupAddress(br: Bridge): void {
  if (br.isGroupAddressSet) return;
  br.groupAddress = isProvider(br) ? 0x0180c2000008 : 0x0180c2000000;
}

/** Which reserved groups pass a bridge of its kind in any case (br_recalculate_fwd_mask). */
export function recalculateFwdMask(br: Bridge): void {
  // The group address itself never passes.
  br.groupFwdMaskRequired = isProvider(br) ? requiredFwdMask8021ad & ~(1 << (br.groupAddress & 0xf)) : 0;
}

/** Sets the protocol of the tags that tell VLANs apart (__br_vlan_set_proto); the kind has validated it. */
export function setVlanProtocol(br: Bridge, protocol: number): void {
  if (protocol !== ETH_P_8021Q && protocol !== ETH_P_8021AD) throw new NetlinkError("EPROTONOSUPPORT");
  if (br.vlanProtocol === protocol) return;
  br.vlanProtocol = protocol;
  recalculateGroupAddress(br);
  recalculateFwdMask(br);
}

/** Puts the bridge, and every port that is where it was put by default, into another VLAN (br_vlan_set_default_pvid). */
export function setDefaultPvid(br: Bridge, vid: number): void {
  if (vid >= 0xfff) throw new NetlinkError("EINVAL");
  if (vid === br.defaultPvid) return;
  const old = br.defaultPvid;
  if (isAtDefault(br.vlans, old) && !(vid !== 0 && br.vlans.member(vid) !== undefined)) {
    if (vid !== 0) addBridgeVlan(br, vid, VLAN_PVID | VLAN_UNTAGGED | VLAN_BRENTRY);
    if (vid !== 0) notifyVlan(br, null, vid, vid, RTM_NEWVLAN);
    if (old !== 0 && br.vlans.member(old) !== undefined) {
      deleteBridgeVlan(br, old);
      notifyVlan(br, null, old, old, RTM_DELVLAN);
    }
  }
  for (const port of br.ports) movePortDefault(port, old, vid);
  br.defaultPvid = vid;
}

/** Only a port that is where ports are put by default moves on, unless it is in the other VLAN already. */
function movePortDefault(port: BridgePort, old: number, vid: number): void {
  const { br, vlans } = port;
  if (!isAtDefault(vlans, old) || (vid !== 0 && vlans.find(vid) !== undefined)) return;
  if (vid !== 0) {
    addPortVlan(port, vid, VLAN_PVID | VLAN_UNTAGGED);
    notifyVlan(br, port, vid, vid, RTM_NEWVLAN);
  }
  if (old === 0 || vlans.find(old) === undefined) return;
  deletePortVlan(port, old);
  notifyVlan(br, port, old, old, RTM_DELVLAN);
}

function isAtDefault(group: VlanGroup, pvid: number): boolean {
  if (pvid === 0) return true;
  const vlan = group.find(pvid);
  return group.pvid === pvid && vlan !== undefined && (vlan.flags & VLAN_UNTAGGED) !== 0;
}

/** Counts frames by VLAN, or not (br_vlan_set_stats): EINVAL for anything but 0 and 1. */
export function setVlanStats(br: Bridge, value: number): void {
  if (value > 1) throw new NetlinkError("EINVAL");
  br.hasVlanStats = value === 1;
}

/** Lets each port count by itself (br_vlan_set_stats_per_port): EBUSY while ports have VLANs. */
export function setVlanStatsPerPort(br: Bridge, value: number): void {
  if (br.ports.some(({ vlans }) => vlans.list.length > 0)) throw new NetlinkError("EBUSY");
  if (value > 1) throw new NetlinkError("EINVAL");
  br.hasVlanStatsPerPort = value === 1;
}
