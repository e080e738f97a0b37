// The VLAN database as users ask for and change it.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_rtm_process, br_vlan_rtm_process_one, br_vlan_dump_dev) with its errno and texts.

import { getU16 } from "../../bytes/endian.ts";
import type { Device, VlanOps } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import { parseNested } from "../../netlink/parse.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { RTM_DELLINK, RTM_SETLINK } from "../../uapi/rtnetlink.ts";
import { announceBridge, announcePort } from "./link-message.ts";
import { changeVlanRange } from "./link-request.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { portOf } from "./state.ts";
import { continuesGlobalRange, fillGlobalOptions, setGlobalOptions } from "./vlan-global.ts";
import type { Vlan } from "./vlan-group.ts";
import { continuesRange, fillVlanEntry, fillVlanHeader } from "./vlan-message.ts";
import { entryPolicy, setVlanOptions } from "./vlan-options.ts";

/** VLAN identifiers are below this, and above 0. */
const reservedVid = 0xfff;

export const vlanOps: VlanOps<Bridge> = {
  add: (dev, target, message) => change(dev, target, message, true),
  del: (dev, target, message) => change(dev, target, message, false),
  fill,
};

function change(dev: Device<Bridge>, target: Device, message: Message, isAdd: boolean): void {
  const attributes = [...checkedAttributes(message)];
  const isKnown = ({ type }: Attribute): boolean =>
    type === vdb.BRIDGE_VLANDB_ENTRY || type === vdb.BRIDGE_VLANDB_GLOBAL_OPTIONS;
  if (!attributes.some(isKnown)) throw invalid("bridge: No vlan entries to process");
  for (const entry of attributes) {
    if (entry.type === vdb.BRIDGE_VLANDB_ENTRY) changeEntry(dev.state, portOf(target), entry, isAdd);
    else if (isKnown(entry)) changeGlobal(dev, target, entry, isAdd);
  }
}

/** The attributes of a message, none of which may be of a type there is not (nlmsg_parse). */
function checkedAttributes(message: Message): readonly Attribute[] {
  const attributes = message.attributes(vdb.BR_VLAN_MSG_SIZE);
  for (const { offset, type } of attributes) {
    if (type === 0 || type > vdb.BRIDGE_VLANDB_MAX) {
      throw new NetlinkError("EINVAL", "Unknown attribute type", { offset });
    }
  }
  return attributes;
}

function changeGlobal(dev: Device<Bridge>, target: Device, entry: Attribute, isAdd: boolean): void {
  if (!isAdd) throw invalid("bridge: Global vlan options support only set operation");
  if (target !== dev) throw invalid("bridge: Global vlan options can only be set on bridge device");
  setGlobalOptions(dev.state, entry);
}

/** One entry: a VLAN, or a run of them up to BRIDGE_VLANDB_ENTRY_RANGE (br_vlan_rtm_process_one). */
function changeEntry(br: Bridge, port: BridgePort | null, entry: Attribute, isAdd: boolean): void {
  const attrs = parseNested(entry, entryPolicy, "strict");
  if (attrs.info === undefined) throw invalid("bridge: Missing vlan entry info");
  const flags = getU16(attrs.info, vdb.BRIDGE_VLAN_INFO_FLAGS);
  const first = getU16(attrs.info, vdb.BRIDGE_VLAN_INFO_VID);
  const range = vdb.BRIDGE_VLAN_INFO_RANGE_BEGIN | vdb.BRIDGE_VLAN_INFO_RANGE_END;
  if ((flags & range) !== 0) {
    throw invalid("bridge: Old-style vlan ranges are not allowed when using RTM vlan calls");
  }
  const last = attrs.range ?? first;
  for (const vid of [first, last]) {
    if (vid === 0 || vid >= reservedVid) throw invalid("bridge: Vlan id is invalid");
  }
  if (attrs.range !== undefined) {
    if ((flags & vdb.BRIDGE_VLAN_INFO_PVID) !== 0) throw invalid("bridge: Pvid isn't allowed in a range");
    if (last <= first) throw invalid("bridge: End vlan id is less than or equal to start vlan id");
  }
  const hasOnlyOptions = isAdd && (flags & vdb.BRIDGE_VLAN_INFO_ONLY_OPTS) !== 0;
  if (!hasOnlyOptions && changeVlanRange(br, port, { flags, vid: first }, last, isAdd)) {
    // Linux tells of the port with the type that the request would have had as one about links.
    const type = isAdd ? RTM_SETLINK : RTM_DELLINK;
    if (port === null) announceBridge(type, br);
    else announcePort(type, port);
  }
  if (isAdd) setVlanOptions(br, port, { first, last }, attrs);
}

/** Writes runs of VLANs that are alike; what they have counted makes each one of its own (br_vlan_dump_dev). */
function fill(dev: Device<Bridge>, target: Device, writer: MessageWriter, flags: number): boolean {
  const br = dev.state;
  const port = portOf(target);
  fillVlanHeader(writer, target.ifindex);
  if ((flags & vdb.BRIDGE_VLANDB_DUMPF_GLOBAL) !== 0) {
    if (port !== null) return false;
    for (const { first, last } of runsOf(br.vlans.list, (vlan, next) =>
      continuesGlobalRange(br, vlan, next),
    )) {
      fillGlobalOptions(writer, br, first, last.vid);
    }
    return true;
  }
  const hasStats = (flags & vdb.BRIDGE_VLANDB_DUMPF_STATS) !== 0;
  const { members } = port?.vlans ?? br.vlans;
  const runs = runsOf(members, (vlan, next) => !hasStats && continuesRange(br, port, vlan, next));
  for (const { first, last } of runs) {
    fillVlanEntry(writer, { vid: first.vid, lastVid: last.vid, vlan: first, br, port, hasStats });
  }
  return true;
}

/** VLANs that follow one another in runs, in which each continues the one before it. */
function* runsOf(
  vlans: readonly Vlan[],
  continues: (vlan: Vlan, next: Vlan) => boolean,
): Generator<{ readonly first: Vlan; readonly last: Vlan }> {
  let first: Vlan | undefined;
  let last: Vlan | undefined;
  for (const vlan of vlans) {
    if (first !== undefined && last !== undefined && !continues(last, vlan)) {
      yield { first, last };
      first = vlan;
    }
    first ??= vlan;
    last = vlan;
  }
  if (first !== undefined && last !== undefined) yield { first, last };
}
