// VLAN filtering on a frame's way: which VLAN it is in when it comes, whether a port takes part in that, and whether its
// tag stays on.
//
// Mirrors net/bridge/br_vlan.c (br_allowed_ingress, br_allowed_egress, br_should_learn, br_handle_vlan; IEEE 802.1Q).

import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { vlanUntag } from "../../net/receive.ts";
import { IFF_PROMISC } from "../../uapi/if.ts";
import { ETH_HLEN } from "../../uapi/if_ether.ts";
import { pushVlanTag, VLAN_TAG_SIZE, VLAN_VID_MASK } from "../../wire/vlan.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_FORWARDING, BR_STATE_LEARNING, BR_VLAN_TUNNEL } from "./state.ts";
import type { Vlan, VlanGroup } from "./vlan-group.ts";
import { VLAN_UNTAGGED } from "./vlan-group.ts";
import { leaveByTunnel } from "./vlan-tunnel.ts";

/** What `allowIngress` says of a frame that it has dropped. */
export const vlanRefused = -1;

/** Whether a VLAN in this state lets frames in, or lets their senders be learned. */
export function isStateAllowed(state: number, isLearning: boolean): boolean {
  return state === BR_STATE_FORWARDING || (isLearning && state === BR_STATE_LEARNING);
}

/**
 * The VLAN a frame comes in by, with its tag beside the bytes from here on (__allowed_ingress); vlanRefused when it was
 * dropped. `state` is the port's; a VLAN that only learns makes the frame one to learn from (see isOnlyLearning).
 */
export function allowIngress(br: Bridge, group: VlanGroup, frame: Frame, state: number): number {
  if (frame.vlanProtocol === 0 && frame.protocol === br.vlanProtocol && !vlanUntag(frame)) return vlanRefused;
  let vid = 0;
  let isTagged = false;
  if (frame.vlanProtocol === br.vlanProtocol) {
    vid = frame.vlanTci & VLAN_VID_MASK;
    isTagged = true;
  } else if (frame.vlanProtocol !== 0 && !pushForeignTag(frame)) {
    return vlanRefused;
  }
  if (vid === 0) {
    vid = group.pvid;
    if (vid === 0) return refuse(frame);
    if (isTagged) frame.vlanTci |= vid;
    else {
      frame.vlanProtocol = br.vlanProtocol;
      frame.vlanTci = vid;
    }
  }
  const vlan = group.member(vid);
  if (vlan === undefined) return refuse(frame);
  if (state === BR_STATE_FORWARDING && !isStateAllowed(vlan.state, true)) return refuse(frame);
  if (br.hasVlanStats) {
    vlan.stats.rxBytes += frame.end - frame.start;
    vlan.stats.rxPackets++;
  }
  return vid;
}

function refuse(frame: Frame): number {
  drop(frame, "vlan-filtered");
  return vlanRefused;
}

/** A tag of the other protocol is content to this bridge: it goes into the bytes. */
function pushForeignTag(frame: Frame): boolean {
  if (!frame.pool.cowHead(frame, ETH_HLEN + VLAN_TAG_SIZE)) {
    drop(frame, "no-memory");
    return false;
  }
  const mac = frame.start - ETH_HLEN;
  pushVlanTag(frame.bytes, mac, frame.vlanProtocol, frame.vlanTci);
  frame.macHeader = mac - VLAN_TAG_SIZE;
  frame.start -= VLAN_TAG_SIZE;
  frame.networkHeader = frame.start;
  frame.protocol = frame.vlanProtocol;
  frame.vlanProtocol = 0;
  return true;
}

/** Whether the frame's VLAN only learns on this port. */
export function isOnlyLearning(group: VlanGroup, vid: number): boolean {
  return group.find(vid)?.state === BR_STATE_LEARNING;
}

/** Whether a port, or the bridge itself, may be given a frame of VLAN `vid` (br_allowed_egress). */
export function allowsEgress(group: VlanGroup, vid: number): boolean {
  const vlan = group.member(vid);
  return vlan !== undefined && isStateAllowed(vlan.state, false);
}

/** The VLAN the sender of a frame to a reserved group is learned in; vlanRefused where it is not to be (br_should_learn). */
export function learningVlan(port: BridgePort, frame: Frame): number {
  const { br, vlans } = port;
  if (!br.isVlanFiltering) return 0;
  const tagged = frame.vlanProtocol === br.vlanProtocol ? frame.vlanTci & VLAN_VID_MASK : 0;
  const vlan = vlans.find(tagged === 0 ? vlans.pvid : tagged);
  return vlan !== undefined && isStateAllowed(vlan.state, true) ? vlan.vid : vlanRefused;
}

/** Counts a frame that leaves by a port and takes its tag off where its VLAN goes untagged (br_handle_vlan). */
export function leaveByPort({ br, flags, vlans }: BridgePort, frame: Frame): void {
  const vlan = vlans.find(frame.vlanTci & VLAN_VID_MASK);
  if (vlan === undefined) return;
  leave(br, vlan, frame);
  if ((flags & BR_VLAN_TUNNEL) !== 0) leaveByTunnel(vlan, frame);
}

/** See leaveByPort, for a frame that is the bridge's own; false when it was dropped. */
export function leaveByBridge(br: Bridge, frame: Frame): boolean {
  const vlan = br.vlans.member(frame.vlanTci & VLAN_VID_MASK);
  if (vlan !== undefined) {
    leave(br, vlan, frame);
    return true;
  }
  if ((br.dev.flags & IFF_PROMISC) !== 0) return true;
  drop(frame, "vlan-filtered");
  return false;
}

function leave(br: Bridge, vlan: Vlan, frame: Frame): void {
  if (br.hasVlanStats) {
    vlan.stats.txBytes += frame.end - frame.start;
    vlan.stats.txPackets++;
  }
  if ((vlan.flags & VLAN_UNTAGGED) !== 0) frame.vlanProtocol = 0;
}
