// The identifiers that a device in external mode takes part in (vnifilter): frames of others are not its own. Each may have a
// remote of its own for what no entry is for, and counts.
//
// Mirrors drivers/net/vxlan/vxlan_vnifilter.c (vxlan_vnifilter_process, vxlan_vni_add, vxlan_vni_del, vxlan_vni_update_group,
// vxlan_vnifilter_dump_dev) with their order, errno and texts. Linux keeps up to 16,777,216 of a device; here there is room for
// `maxVnis` (ENOSPC).

import { setS32 } from "../../bytes/endian.ts";
import { joinUdpGroup, leaveUdpGroup } from "../../inet/udp/membership.ts";
import type { TunnelOps } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import { parseMessage, parseNested } from "../../netlink/parse.ts";
import { binary, nest, policy, u32 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as link from "../../uapi/if_link.ts";
import { RTM_DELTUNNEL, RTM_NEWTUNNEL, RTNLGRP_TUNNEL } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_INET } from "../../uapi/socket.ts";
import { isVniInUse } from "./config.ts";
import { clearDefault, setDefault } from "./fdb.ts";
import { enterVni, leaveVni } from "./socket.ts";
import type { VniNode, Vxlan, VxlanState } from "./state.ts";
import { isGroup, isGroupUsed, VXLAN_F_VNIFILTER } from "./state.ts";

/** Most identifiers of a device. */
const maxVnis = 1 << 16;

export const tunnelOps: TunnelOps<VxlanState> = { change, fill };

/** vni_filter_policy */
const messagePolicy = policy(link.VXLAN_VNIFILTER_MAX, { [link.VXLAN_VNIFILTER_ENTRY]: nest("entry") });

/** vni_filter_entry_policy */
const entryPolicy = policy(link.VXLAN_VNIFILTER_ENTRY_MAX, {
  [link.VXLAN_VNIFILTER_ENTRY_START]: u32("start"),
  [link.VXLAN_VNIFILTER_ENTRY_END]: u32("end"),
  [link.VXLAN_VNIFILTER_ENTRY_GROUP]: binary("group", 4),
  [link.VXLAN_VNIFILTER_ENTRY_GROUP6]: binary("group6", 16),
});

/** Whether a device has a filter of identifiers. */
function hasVniFilter({ state }: Vxlan): boolean {
  return (state.config.flags & VXLAN_F_VNIFILTER) !== 0;
}

// --- Requests ------------------------------------------------------------------------------------------------------------

/** Applies RTM_NEWTUNNEL or RTM_DELTUNNEL; what was done before a refusal stays. */
function change(dev: Vxlan, message: Message, isAdd: boolean): void {
  parseMessage(message, link.TUNNEL_MSG_SIZE, messagePolicy, "strict");
  if (!hasVniFilter(dev)) throw new NetlinkError("EOPNOTSUPP");
  const entries = message
    .attributes(link.TUNNEL_MSG_SIZE)
    .filter(({ type }) => type === link.VXLAN_VNIFILTER_ENTRY);
  if (entries.length === 0) throw invalid("vxlan: No vnis found to process");
  for (const entry of entries) changeEntry(dev, entry, isAdd);
}

/** One identifier, or a range of them (vxlan_process_vni_filter). */
function changeEntry(dev: Vxlan, entry: Attribute, isAdd: boolean): void {
  const { end, group, group6, start = 0 } = parseNested(entry, entryPolicy, "strict");
  const last = end ?? start;
  if (start === 0 && last === 0) {
    throw new NetlinkError("EINVAL", "vni start nor end found in vni entry", { offset: entry.offset });
  }
  const given = group ?? group6;
  const remote = given === undefined || given.every((byte) => byte === 0) ? null : given;
  if (remote !== null && isGroup(remote) && dev.state.config.ifindex === 0) {
    throw invalid("Local interface required for multicast remote group");
  }
  for (let vni = start; vni <= last; vni++) {
    if (isAdd) addVni(dev, vni, remote);
    else deleteVni(dev, vni);
  }
}

// --- Identifiers ---------------------------------------------------------------------------------------------------------

/** Takes part in an identifier, or sends its frames elsewhere (vxlan_vni_add, vxlan_vni_update). */
function addVni(dev: Vxlan, vni: number, remote: Uint8Array | null): void {
  const { config, netns, vnis } = dev.state;
  const known = vnis.get(vni);
  if (known !== undefined) {
    updateRemote(dev, known, remote);
    notify(dev, known, RTM_NEWTUNNEL);
    return;
  }
  if (netns === null) return;
  if (isVniInUse(netns, config, vni, dev)) throw new NetlinkError("EEXIST", "VNI in use");
  if (vnis.size >= maxVnis) throw new NetlinkError("ENOSPC");
  const node: VniNode = { vni, remote: null, stats: newStats() };
  vnis.set(vni, node);
  if ((dev.flags & IFF_UP) !== 0) enterVni(dev, vni);
  if (updateRemote(dev, node, remote)) notify(dev, node, RTM_NEWTUNNEL);
}

function newStats(): VniNode["stats"] {
  return {
    rxBytes: 0,
    rxPackets: 0,
    rxDrops: 0,
    rxErrors: 0,
    txBytes: 0,
    txPackets: 0,
    txDrops: 0,
    txErrors: 0,
  };
}

/** Where the frames of an identifier go that no entry is for: its remote or the device's; whether there is any (vxlan_vni_update_group). */
function updateRemote(dev: Vxlan, node: VniNode, remote: Uint8Array | null): boolean {
  const { config } = dev.state;
  const old = node.remote;
  const next = remote ?? config.remote;
  if (next === null && old === null) return false;
  setDefault(dev, next, node.vni);
  if (next === null) clearDefault(dev, old, node.vni);
  node.remote = remote;
  if ((dev.flags & IFF_UP) === 0) return true;
  if (old !== null && isGroup(old)) leaveGroup(dev, old);
  if (remote !== null) joinGroup(dev, remote);
  return true;
}

/** Takes part in an identifier no longer (vxlan_vni_del): ENOENT when it did not. */
function deleteVni(dev: Vxlan, vni: number): void {
  const { config, vnis } = dev.state;
  const node = vnis.get(vni);
  if (node === undefined) throw new NetlinkError("ENOENT");
  clearDefault(dev, node.remote ?? config.remote, vni);
  if ((dev.flags & IFF_UP) !== 0 && node.remote !== null && isGroup(node.remote))
    leaveGroup(dev, node.remote);
  vnis.delete(vni);
  notify(dev, node, RTM_DELTUNNEL);
  if ((dev.flags & IFF_UP) !== 0) leaveVni(dev, vni);
}

/** The device goes: so do its identifiers (vxlan_vnigroup_uninit). */
export function clearVnis(dev: Vxlan): void {
  const { vnis } = dev.state;
  for (const node of [...vnis.values()]) {
    vnis.delete(node.vni);
    notify(dev, node, RTM_DELTUNNEL);
  }
}

// --- Groups --------------------------------------------------------------------------------------------------------------

/** Joins the groups of all identifiers, as the device comes up (vxlan_multicast_join_vnigrp). */
export function joinGroups(dev: Vxlan): void {
  for (const { remote } of dev.state.vnis.values()) if (remote !== null) joinGroup(dev, remote);
}

/** Leaves them, as it goes down (vxlan_multicast_leave_vnigrp). */
export function leaveGroups(dev: Vxlan): void {
  for (const { remote } of dev.state.vnis.values()) {
    if (remote !== null && isGroup(remote)) leaveGroup(dev, remote);
  }
}

function joinGroup({ state }: Vxlan, address: Uint8Array): void {
  if (!isGroup(address)) return;
  const socket = state.sockets.find(({ udp }) => (udp.family === AF_INET) === (address.length === 4));
  const lower = state.netns?.devices.get(state.config.ifindex);
  if (socket === undefined || lower === undefined) return;
  const error = joinUdpGroup(socket.udp, address, lower);
  if (error !== "" && error !== "EADDRINUSE") throw new NetlinkError(error);
}

/** Leaves a group that no other device of the socket is in. */
function leaveGroup(dev: Vxlan, address: Uint8Array): void {
  const { config, sockets } = dev.state;
  const socket = sockets.find(({ udp }) => (udp.family === AF_INET) === (address.length === 4));
  if (socket === undefined || isGroupUsed(socket, dev, address)) return;
  leaveUdpGroup(socket.udp, address, config.ifindex);
}

// --- What is told --------------------------------------------------------------------------------------------------------

/** Tells of an identifier (vxlan_vnifilter_notify). */
function notify(dev: Vxlan, node: VniNode, type: number): void {
  dev.machine.announce(RTNLGRP_TUNNEL, dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillHeader(writer, dev);
    fillEntry(writer, node, node, false);
    writer.end();
  });
}

/** Writes `struct tunnel_msg`. */
function fillHeader(writer: MessageWriter, dev: Vxlan): void {
  const at = writer.reserve(link.TUNNEL_MSG_SIZE);
  writer.bytes[at + link.TUNNEL_MSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + link.TUNNEL_MSG_IFINDEX, dev.ifindex);
}

/** Writes the identifiers of a device behind the message header, runs of them as ranges; false for none (vxlan_vnifilter_dump_dev). */
function fill(dev: Vxlan, writer: MessageWriter, hasStats: boolean): boolean {
  if (!hasVniFilter(dev)) throw new NetlinkError("EINVAL");
  let first: VniNode | undefined;
  let last: VniNode | undefined;
  const nodes = [...dev.state.vnis.values()].sort((one, other) => one.vni - other.vni);
  for (const node of nodes) {
    if (first === undefined || last === undefined) {
      fillHeader(writer, dev);
      first = node;
    } else if (hasStats || node.vni !== last.vni + 1 || `${node.remote}` !== `${last.remote}`) {
      fillEntry(writer, first, last, hasStats);
      first = node;
    }
    last = node;
  }
  if (first === undefined || last === undefined) return false;
  fillEntry(writer, first, last, hasStats);
  return true;
}

function fillEntry(writer: MessageWriter, first: VniNode, last: VniNode, hasStats: boolean): void {
  const entry = writer.nestFlagged(link.VXLAN_VNIFILTER_ENTRY);
  writer.u32(link.VXLAN_VNIFILTER_ENTRY_START, first.vni);
  if (first !== last) writer.u32(link.VXLAN_VNIFILTER_ENTRY_END, last.vni);
  const { remote } = first;
  if (remote !== null) {
    const isFour = remote.length === 4;
    writer.binary(isFour ? link.VXLAN_VNIFILTER_ENTRY_GROUP : link.VXLAN_VNIFILTER_ENTRY_GROUP6, remote);
  }
  if (hasStats) fillStats(writer, first);
  writer.endNest(entry);
}

function fillStats(writer: MessageWriter, { stats }: VniNode): void {
  const nested = writer.nestFlagged(link.VXLAN_VNIFILTER_ENTRY_STATS);
  writer.u64(link.VNIFILTER_ENTRY_STATS_RX_BYTES, stats.rxBytes);
  writer.u64(link.VNIFILTER_ENTRY_STATS_RX_PKTS, stats.rxPackets);
  writer.u64(link.VNIFILTER_ENTRY_STATS_RX_DROPS, stats.rxDrops);
  writer.u64(link.VNIFILTER_ENTRY_STATS_RX_ERRORS, stats.rxErrors);
  writer.u64(link.VNIFILTER_ENTRY_STATS_TX_BYTES, stats.txBytes);
  writer.u64(link.VNIFILTER_ENTRY_STATS_TX_PKTS, stats.txPackets);
  writer.u64(link.VNIFILTER_ENTRY_STATS_TX_DROPS, stats.txDrops);
  writer.u64(link.VNIFILTER_ENTRY_STATS_TX_ERRORS, stats.txErrors);
  writer.endNest(nested);
}
