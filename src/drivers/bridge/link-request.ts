// RTM_SETLINK and RTM_DELLINK of the family AF_BRIDGE: settings of a port in IFLA_PROTINFO, VLANs in IFLA_AF_SPEC.
//
// Mirrors net/bridge/br_netlink.c (br_setlink, br_dellink, br_afspec, br_process_vlan_info) with their errno and texts.
// Omitted: MRP, CFM (EOPNOTSUPP).

import { getU16 } from "../../bytes/endian.ts";
import type { BridgeLinkRequest, Device } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import * as spec from "../../uapi/if_bridge.ts";
import { RTM_DELVLAN, RTM_NEWLINK, RTM_NEWVLAN } from "../../uapi/rtnetlink.ts";
import { announceBridge, announcePort } from "./link-message.ts";
import { processMst } from "./mst.ts";
import { portPolicy, setPort } from "./port-options.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { portOf } from "./state.ts";
import { setPortStateByUser } from "./stp-port.ts";
import { addBridgeVlan, addPortVlan, deleteBridgeVlan, deletePortVlan } from "./vlan-change.ts";
import { notifyVlan } from "./vlan-message.ts";
import type { TunnelInfo } from "./vlan-tunnel.ts";
import { changeTunnel } from "./vlan-tunnel.ts";

/** VLAN identifiers are below this, and above 0. */
const reservedVid = 0xfff;

/** Changes a port, or the VLANs of the bridge itself (br_setlink). */
export function setBridgeLink(dev: Device<Bridge>, target: Device, request: BridgeLinkRequest): void {
  const br = dev.state;
  const { protinfo, afSpec } = request;
  if (protinfo === undefined && afSpec === undefined) return;
  const port = portOf(target);
  if (port === null && afSpec === undefined) throw new NetlinkError("EINVAL");
  let isChanged = false;
  if (port !== null && protinfo !== undefined) {
    setProtinfo(port, protinfo);
    isChanged = true;
  }
  if (afSpec !== undefined && changeVlans(br, port, afSpec, true)) isChanged = true;
  if (isChanged) announce(br, port);
}

/** A nest of settings, or as of old one byte: the port's state. */
function setProtinfo(port: BridgePort, protinfo: Attribute): void {
  if (protinfo.isNested) return setPort(port, parseNested(protinfo, portPolicy));
  if (protinfo.length < 1) throw new NetlinkError("EINVAL");
  setPortStateByUser(port, protinfo.u8());
}

/** Takes VLANs away (br_dellink). */
export function delBridgeLink(dev: Device<Bridge>, target: Device, { afSpec }: BridgeLinkRequest): void {
  if (afSpec === undefined) return;
  const port = portOf(target);
  if (port === null && target !== dev) throw new NetlinkError("EINVAL");
  if (changeVlans(dev.state, port, afSpec, false)) announce(dev.state, port);
}

function announce(br: Bridge, port: BridgePort | null): void {
  if (port === null) announceBridge(RTM_NEWLINK, br);
  else announcePort(RTM_NEWLINK, port);
}

/** A VLAN of a request, and its flags. */
interface VlanInfo {
  readonly flags: number;
  readonly vid: number;
}

/** Applies IFLA_AF_SPEC; whether anything changed (br_afspec). */
function changeVlans(br: Bridge, port: BridgePort | null, afSpec: Attribute, isAdd: boolean): boolean {
  let isChanged = false;
  let begin: VlanInfo | undefined;
  let tunnel: TunnelInfo | undefined;
  for (const attribute of afSpec.children()) {
    switch (attribute.type) {
      case spec.IFLA_BRIDGE_VLAN_INFO: {
        if (attribute.length !== spec.BRIDGE_VLAN_INFO_SIZE) throw new NetlinkError("EINVAL");
        const info = {
          flags: getU16(attribute.bytes, attribute.start + spec.BRIDGE_VLAN_INFO_FLAGS),
          vid: getU16(attribute.bytes, attribute.start + spec.BRIDGE_VLAN_INFO_VID),
        };
        checkVlan(info, begin);
        if ((info.flags & spec.BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0) {
          begin = info;
        } else {
          if (changeVlanRange(br, port, begin ?? info, info.vid, isAdd)) isChanged = true;
          begin = undefined;
        }
        break;
      }
      case spec.IFLA_BRIDGE_VLAN_TUNNEL_INFO:
        if (port === null) throw new NetlinkError("EINVAL");
        tunnel = changeTunnel(port, attribute, tunnel, isAdd);
        isChanged = true;
        break;
      case spec.IFLA_BRIDGE_MST:
        if (port === null) throw new NetlinkError("EINVAL");
        if (!isAdd) throw new NetlinkError("EINVAL");
        processMst(port, attribute);
        isChanged = true;
        break;
      case spec.IFLA_BRIDGE_MRP:
      case spec.IFLA_BRIDGE_CFM:
        throw new NetlinkError("EOPNOTSUPP");
      default:
    }
  }
  return isChanged;
}

/** Refuses what cannot be a VLAN, or no range (br_vlan_valid_id, br_vlan_valid_range). */
function checkVlan(info: VlanInfo, begin: VlanInfo | undefined): void {
  if (info.vid === 0 || info.vid >= reservedVid) throw invalid("bridge: Vlan id is invalid");
  const isBegin = (info.flags & spec.BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0;
  // What ends no range stands for itself.
  if (!isBegin && begin === undefined) return;
  if ((info.flags & spec.BRIDGE_VLAN_INFO_PVID) !== 0) throw invalid("bridge: Pvid isn't allowed in a range");
  if (begin === undefined) return;
  if (isBegin) throw invalid("bridge: Found a new vlan range start while processing one");
  if ((info.flags & spec.BRIDGE_VLAN_INFO_RANGE_END) === 0) {
    throw invalid("bridge: Vlan range end flag is missing");
  }
  if (info.vid <= begin.vid) throw invalid("bridge: End vlan id is less than or equal to start vlan id");
}

/** Adds or deletes VLANs from `first` to the one with the identifier `last`, and tells of it (br_process_vlan_info). */
export function changeVlanRange(
  br: Bridge,
  port: BridgePort | null,
  first: VlanInfo,
  last: number,
  isAdd: boolean,
): boolean {
  const flags = first.flags & ~(spec.BRIDGE_VLAN_INFO_RANGE_BEGIN | spec.BRIDGE_VLAN_INFO_RANGE_END);
  let isChanged = false;
  let start = 0;
  for (let vid = first.vid; vid <= last; vid++) {
    const changed = isAdd ? addVlan(br, port, vid, flags) : deleteVlan(br, port, vid, flags);
    if (changed) isChanged = true;
    if (changed && start === 0) start = vid;
    if (!changed && start !== 0) {
      notifyVlan(br, port, start, vid - 1, isAdd ? RTM_NEWVLAN : RTM_DELVLAN);
      start = 0;
    }
  }
  if (start !== 0) notifyVlan(br, port, start, last, isAdd ? RTM_NEWVLAN : RTM_DELVLAN);
  return isChanged;
}

function addVlan(br: Bridge, port: BridgePort | null, vid: number, flags: number): boolean {
  if (port === null) return addBridgeVlan(br, vid, flags | spec.BRIDGE_VLAN_INFO_BRENTRY);
  if ((flags & spec.BRIDGE_VLAN_INFO_MASTER) !== 0) {
    if (addBridgeVlan(br, vid, flags | spec.BRIDGE_VLAN_INFO_BRENTRY)) {
      notifyVlan(br, null, vid, vid, RTM_NEWVLAN);
    }
  }
  return addPortVlan(port, vid, flags);
}

/** Deleting what is not there changes nothing. */
function deleteVlan(br: Bridge, port: BridgePort | null, vid: number, flags: number): boolean {
  let isChanged = false;
  if (port !== null && port.vlans.find(vid) !== undefined) {
    deletePortVlan(port, vid);
    isChanged = true;
  }
  const isOwn = port === null || (flags & spec.BRIDGE_VLAN_INFO_MASTER) !== 0;
  if (isOwn && br.vlans.member(vid) !== undefined) {
    deleteBridgeVlan(br, vid);
    isChanged = true;
  }
  return isChanged;
}
