// VLANs of ports and bridges as the VLAN database tells of them: with their options, with what they count, for all of a bridge; and
// those that are mapped to tunnel keys.
//
// Facts: the output of iproute2 6.1.

import { getU16, getU32 } from "../../bytes/endian.ts";
import { parseLink } from "../../client/link.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import * as il from "../../uapi/if_link.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import type { IpContext } from "../ip/context.ts";
import type { Output } from "../output.ts";
import { STATES } from "./link.ts";
import { printRouterPorts } from "./mdb.ts";
import { GLOBAL_OPTIONS } from "./vlan-set.ts";

const NAME_WIDTH = 16;
/** What begins a line of options. */
const INDENT = " ".repeat(NAME_WIDTH + 4);

/** Which VLANs are shown. */
export interface VlanFilter {
  readonly ifindex: number | undefined;
  readonly vid: number | undefined;
}

/** Runs `bridge -d vlan show`, and with BRIDGE_VLANDB_DUMPF_GLOBAL among the flags `bridge vlan global show`. */
export async function showDatabase(ip: IpContext, filter: VlanFilter, flags: number): Promise<number> {
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(rt.RTM_GETVLAN, (writer) => {
      writer.bytes[writer.reserve(vdb.BR_VLAN_MSG_SIZE) + vdb.BR_VLAN_MSG_FAMILY] = AF_BRIDGE;
      writer.u32(vdb.BRIDGE_VLANDB_DUMP_FLAGS, flags);
    }),
  );
  await ip.links.loadAll();
  await ip.print((out) => {
    out.text(`${"port".padEnd(NAME_WIDTH)}  vlan-id  \n`);
    for (const message of messages) printMessage(ip, out, message, filter);
  });
  return 0;
}

/** Prints what a message of RTNLGRP_BRVLAN tells. */
export function printVlanEvent(ip: IpContext, out: Output, message: Message): void {
  if (message.type === rt.RTM_DELVLAN) out.text("Deleted ");
  printMessage(ip, out, message, { ifindex: undefined, vid: undefined });
}

function printMessage(ip: IpContext, out: Output, message: Message, { ifindex, vid }: VlanFilter): void {
  const index = getU32(message.bytes, NLMSG_HDRLEN + vdb.BR_VLAN_MSG_IFINDEX);
  if (ifindex !== undefined && index !== ifindex) return;
  let isFirst = true;
  for (const entry of message.attributes(vdb.BR_VLAN_MSG_SIZE)) {
    const isGlobal = entry.type === vdb.BRIDGE_VLANDB_GLOBAL_OPTIONS;
    if (entry.type !== vdb.BRIDGE_VLANDB_ENTRY && !isGlobal) continue;
    const { first, last } = isGlobal ? globalRange(entry) : entryRange(entry);
    if (vid !== undefined && (vid < first || vid > last)) continue;
    const name = ip.links.name(index);
    if (isFirst) {
      out.openObject();
      out.field("ifname", name, name.padEnd(NAME_WIDTH), "ifname");
      out.text("  ");
      out.openArray("vlans");
    } else out.text(" ".repeat(NAME_WIDTH + 2));
    isFirst = false;
    out.openObject();
    printRange(out, "vlan", first, last);
    if (isGlobal) printGlobal(ip, out, entry);
    else printEntry(out, entry);
    out.closeObject();
  }
  if (isFirst) return;
  out.closeArray();
  out.closeObject();
}

function entryRange(entry: Attribute): { readonly first: number; readonly last: number } {
  const info = entry.child(vdb.BRIDGE_VLANDB_ENTRY_INFO);
  const first = info === undefined ? 0 : getU16(info.bytes, info.start + vdb.BRIDGE_VLAN_INFO_VID);
  return { first, last: entry.child(vdb.BRIDGE_VLANDB_ENTRY_RANGE)?.u16() ?? first };
}

function globalRange(entry: Attribute): { readonly first: number; readonly last: number } {
  const first = entry.child(vdb.BRIDGE_VLANDB_GOPTS_ID)?.u16() ?? 0;
  return { first, last: entry.child(vdb.BRIDGE_VLANDB_GOPTS_RANGE)?.u16() ?? first };
}

/** A number, or where more follow it the last of them too. */
export function printRange(out: Output, key: string, first: number, last: number): void {
  out.field(key, first, String(first));
  if (last > first) out.field(`${key}End`, last, `-${last}`);
}

/** The flags of a VLAN. */
export function printFlags(out: Output, flags: number): void {
  const isPvid = (flags & vdb.BRIDGE_VLAN_INFO_PVID) !== 0;
  const isUntagged = (flags & vdb.BRIDGE_VLAN_INFO_UNTAGGED) !== 0;
  if (!isPvid && !isUntagged) return;
  out.openArray("flags");
  if (isPvid) out.item("PVID", " PVID");
  if (isUntagged) out.item("Egress Untagged", " Egress Untagged");
  out.closeArray();
}

function printEntry(out: Output, entry: Attribute): void {
  const info = entry.child(vdb.BRIDGE_VLANDB_ENTRY_INFO);
  if (info !== undefined) printFlags(out, getU16(info.bytes, info.start + vdb.BRIDGE_VLAN_INFO_FLAGS));
  out.newline();
  out.text(INDENT);
  const state = entry.child(vdb.BRIDGE_VLANDB_ENTRY_STATE)?.u8() ?? 0;
  const name = STATES[state];
  if (name === undefined) out.field("state_index", state, `state (${state}) `);
  else out.field("state", name, `state ${name} `);
  const router = entry.child(vdb.BRIDGE_VLANDB_ENTRY_MCAST_ROUTER)?.u8();
  if (router !== undefined) out.field("mcast_router", router, `mcast_router ${router} `);
  out.newline();
  const stats = entry.child(vdb.BRIDGE_VLANDB_ENTRY_STATS);
  if (stats === undefined) return;
  const count = (type: number): number => Number(stats.child(type)?.u64() ?? 0n);
  out.text(INDENT);
  printCounts(
    out,
    ["rx", count(vdb.BRIDGE_VLANDB_STATS_RX_BYTES), count(vdb.BRIDGE_VLANDB_STATS_RX_PACKETS)],
    ["tx", count(vdb.BRIDGE_VLANDB_STATS_TX_BYTES), count(vdb.BRIDGE_VLANDB_STATS_TX_PACKETS)],
  );
}

type Counts = readonly [way: "rx" | "tx", bytes: number, packets: number];

/** What a VLAN has counted, each way on a line. */
export function printCounts(out: Output, ...ways: readonly Counts[]): void {
  for (const [index, [way, bytes, packets]] of ways.entries()) {
    if (index > 0) out.text(INDENT);
    out.text(`${way.toUpperCase()}: `);
    out.field(`${way}_bytes`, bytes, `${bytes} bytes`);
    out.field(`${way}_packets`, packets, ` ${packets} packets`);
    out.newline();
  }
}

function printGlobal(ip: IpContext, out: Output, entry: Attribute): void {
  out.newline();
  out.text(INDENT);
  for (const [word, type, bits] of GLOBAL_OPTIONS) {
    const attribute = entry.child(type);
    if (attribute === undefined) continue;
    const value = bits === 8 ? attribute.u8() : bits === 32 ? attribute.u32() : Number(attribute.u64());
    out.field(word, value, `${word} ${value} `);
  }
  out.newline();
  const routers = entry.child(vdb.BRIDGE_VLANDB_GOPTS_MCAST_ROUTER_PORTS)?.child(vdb.MDBA_ROUTER);
  if (routers === undefined) return;
  out.text(`${INDENT}router ports: `);
  out.openArray("router_ports");
  printRouterPorts(ip, out, routers);
  out.closeArray();
  if (ip.options.stats === 0) out.newline();
}

/** Runs `bridge vlan tunnelshow`. */
export async function showTunnels(ip: IpContext, { ifindex, vid }: VlanFilter): Promise<number> {
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(rt.RTM_GETLINK, (writer) => {
      writer.bytes[writer.reserve(rt.IFINFOMSG_SIZE)] = AF_BRIDGE;
      writer.u32(il.IFLA_EXT_MASK, rt.RTEXT_FILTER_BRVLAN);
    }),
  );
  await ip.print((out) => {
    out.text(`${"port".padEnd(NAME_WIDTH)}  vlan-id    tunnel-id\n`);
    for (const message of messages) {
      const link = parseLink(message);
      if (ifindex !== undefined && link.ifindex !== ifindex) continue;
      const runs = tunnelsOf(message).filter(({ first, last }) => {
        return vid === undefined || (first <= vid && vid <= last);
      });
      if (runs.length > 0) printTunnels(out, link.ifname ?? "", runs);
    }
  });
  return 0;
}

/** A run of VLANs and of the keys they are mapped to. */
interface TunnelRun {
  readonly first: number;
  readonly last: number;
  readonly id: number;
  readonly lastId: number;
}

function tunnelsOf(message: Message): TunnelRun[] {
  const runs: TunnelRun[] = [];
  let begin: { readonly vid: number; readonly id: number } | undefined;
  for (const attribute of message.attribute(il.IFLA_AF_SPEC, rt.IFINFOMSG_SIZE)?.children() ?? []) {
    if (attribute.type !== vdb.IFLA_BRIDGE_VLAN_TUNNEL_INFO) continue;
    const flags = attribute.child(vdb.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS)?.u16() ?? 0;
    const vid = attribute.child(vdb.IFLA_BRIDGE_VLAN_TUNNEL_VID)?.u16() ?? 0;
    const id = attribute.child(vdb.IFLA_BRIDGE_VLAN_TUNNEL_ID)?.u32() ?? 0;
    if ((flags & vdb.BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0) begin = { vid, id };
    else {
      runs.push({ first: begin?.vid ?? vid, last: vid, id: begin?.id ?? id, lastId: id });
      begin = undefined;
    }
  }
  return runs;
}

function printTunnels(out: Output, name: string, runs: readonly TunnelRun[]): void {
  out.openObject();
  out.field("ifname", name, name.padEnd(NAME_WIDTH), "ifname");
  out.text("  ");
  out.openArray("tunnels");
  for (const [index, { first, last, id, lastId }] of runs.entries()) {
    if (index > 0) out.text(" ".repeat(NAME_WIDTH + 2));
    out.openObject();
    printRange(out, "vlan", first, last);
    out.text(" ".repeat(Math.max(0, 11 - rangeWidth(first, last))));
    printRange(out, "tunid", id, lastId);
    out.newline();
    out.closeObject();
  }
  out.closeArray();
  out.closeObject();
}

function rangeWidth(first: number, last: number): number {
  return String(first).length + (last > first ? String(last).length + 1 : 0);
}
