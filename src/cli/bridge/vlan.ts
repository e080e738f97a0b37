// `bridge vlan`: the VLANs of ports and bridges.
//
// Facts: bridge(8), and the output and the errors of iproute2 6.1.

import { getU16, setS32, setU16 } from "../../bytes/endian.ts";
import { parseLink } from "../../client/link.ts";
import type { Message } from "../../netlink/message.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as spec from "../../uapi/if_bridge.ts";
import * as il from "../../uapi/if_link.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import type { IpContext } from "../ip/context.ts";
import { signed, unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { VLAN_USAGE } from "./help.ts";
import { change, failure, needDevice } from "./request.ts";
import { showCounts } from "./vlan-counts.ts";
import { leadingNumber, splitRange } from "./vlan-range.ts";
import { setGlobalOptions, setOptions } from "./vlan-set.ts";
import type { VlanFilter } from "./vlan-show.ts";
import { printFlags, printRange, showDatabase, showTunnels } from "./vlan-show.ts";

const NAME_WIDTH = 16;
/** Tunnel keys are below this. */
const maxTunnel = 1 << 24;

/** Runs `bridge vlan`; `isCompressed`: runs of VLANs as ranges. */
export async function vlan(ip: IpContext, words: Words, isCompressed: boolean): Promise<number> {
  const word = words.take();
  if (word === undefined) return show(ip, words, isCompressed);
  if (matches(word, "add")) return modify(ip, words, rt.RTM_SETLINK);
  if (matches(word, "delete")) return modify(ip, words, rt.RTM_DELLINK);
  if (matches(word, "show") || matches(word, "lst") || matches(word, "list"))
    return show(ip, words, isCompressed);
  if (matches(word, "tunnelshow")) return showTunnels(ip, await filterOf(ip, words));
  if (matches(word, "set")) return setOptions(ip, words);
  if (matches(word, "global")) return global(ip, words);
  if (matches(word, "help")) throw failure(VLAN_USAGE);
  throw failure(`Command "${word}" is unknown, try "bridge vlan help".\n`);
}

function global(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined || matches(word, "show") || matches(word, "lst") || matches(word, "list")) {
    return filterOf(ip, words).then((filter) => showDatabase(ip, filter, spec.BRIDGE_VLANDB_DUMPF_GLOBAL));
  }
  if (matches(word, "set")) return setGlobalOptions(ip, words);
  throw failure(VLAN_USAGE);
}

async function filterOf(ip: IpContext, words: Words): Promise<VlanFilter> {
  let ifindex: number | undefined;
  let vid: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") ifindex = await needDevice(ip, words.value());
    else if (word === "vid") vid = signed(words.value()) ?? 0;
  }
  return { ifindex, vid };
}

/** A run of VLANs with the same flags. */
interface VlanRun {
  readonly first: number;
  readonly last: number;
  readonly flags: number;
}

async function show(ip: IpContext, words: Words, isCompressed: boolean): Promise<number> {
  const filter = await filterOf(ip, words);
  const { ifindex: wanted, vid } = filter;
  if (ip.options.details) {
    return showDatabase(ip, filter, ip.options.stats > 0 ? spec.BRIDGE_VLANDB_DUMPF_STATS : 0);
  }
  if (ip.options.stats > 0) return showCounts(ip, filter);
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(rt.RTM_GETLINK, (writer) => {
      writer.bytes[writer.reserve(rt.IFINFOMSG_SIZE)] = AF_BRIDGE;
      const mask = isCompressed ? rt.RTEXT_FILTER_BRVLAN_COMPRESSED : rt.RTEXT_FILTER_BRVLAN;
      writer.u32(il.IFLA_EXT_MASK, mask);
    }),
  );
  await ip.print((out) => {
    out.text(`${"port".padEnd(NAME_WIDTH)}  vlan-id  \n`);
    for (const message of messages) {
      const link = parseLink(message);
      if (wanted !== undefined && link.ifindex !== wanted) continue;
      const runs = runsOf(message).filter(
        ({ first, last }) => vid === undefined || (first <= vid && vid <= last),
      );
      if (runs.length > 0) printRuns(out, link.ifname ?? "", runs);
    }
  });
  return 0;
}

function runsOf(message: Message): VlanRun[] {
  const runs: VlanRun[] = [];
  let begin: number | undefined;
  for (const attribute of message.attribute(il.IFLA_AF_SPEC, rt.IFINFOMSG_SIZE)?.children() ?? []) {
    if (attribute.type !== spec.IFLA_BRIDGE_VLAN_INFO) continue;
    const flags = getU16(attribute.bytes, attribute.start + spec.BRIDGE_VLAN_INFO_FLAGS);
    const vid = getU16(attribute.bytes, attribute.start + spec.BRIDGE_VLAN_INFO_VID);
    if ((flags & spec.BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0) begin = vid;
    else {
      runs.push({ first: begin ?? vid, last: vid, flags });
      begin = undefined;
    }
  }
  return runs;
}

function printRuns(out: Output, name: string, runs: readonly VlanRun[]): void {
  out.openObject();
  out.field("ifname", name, name.padEnd(NAME_WIDTH), "ifname");
  out.text("  ");
  out.openArray("vlans");
  for (const [index, run] of runs.entries()) {
    if (index > 0) out.text(" ".repeat(NAME_WIDTH + 2));
    printRun(out, run);
  }
  out.closeArray();
  out.closeObject();
}

function printRun(out: Output, { first, last, flags }: VlanRun): void {
  out.openObject();
  printRange(out, "vlan", first, last);
  printFlags(out, flags);
  out.text("\n");
  out.closeObject();
}

async function modify(ip: IpContext, words: Words, type: number): Promise<number> {
  let dev: string | undefined;
  let range: { first: number; last: number } | undefined;
  let flags = 0;
  let owner = 0;
  let tunnels: string | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") dev = words.value();
    else if (word === "vid") range = rangeOf(words.value());
    else if (word === "self") owner |= spec.BRIDGE_FLAGS_SELF;
    else if (word === "master") owner |= spec.BRIDGE_FLAGS_MASTER;
    else if (word === "pvid") flags |= spec.BRIDGE_VLAN_INFO_PVID;
    else if (word === "untagged") flags |= spec.BRIDGE_VLAN_INFO_UNTAGGED;
    else if (word === "tunnel_info") tunnels = tunnelWords(words);
    else if (matches(word, "help")) throw failure(VLAN_USAGE);
  }
  if (dev === undefined || range === undefined) throw failure("Device and VLAN ID are required arguments.\n");
  const { first, last } = range;
  const ifindex = await needDevice(ip, dev, "bridge device");
  if (first >= 4_096 || last >= 4_096) throw failure(`Invalid VLAN ID "${first >= 4_096 ? first : last}"\n`);
  if (last < first) throw failure(`Invalid VLAN range "${first}-${last}"\n`);
  if (last > first && (flags & spec.BRIDGE_VLAN_INFO_PVID) !== 0) {
    throw failure("pvid cannot be configured for a vlan range\n");
  }
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(type, 0, (writer) => {
      const at = writer.reserve(rt.IFINFOMSG_SIZE);
      writer.bytes[at] = AF_BRIDGE;
      setS32(writer.bytes, at + rt.IFINFOMSG_INDEX, ifindex);
      const nest = writer.nest(il.IFLA_AF_SPEC);
      if (owner !== 0) writer.u16(spec.IFLA_BRIDGE_FLAGS, owner);
      if (tunnels !== undefined) putTunnels(writer, first, last, tunnels);
      else if (last > first) {
        putVlan(writer, first, flags | spec.BRIDGE_VLAN_INFO_RANGE_BEGIN);
        putVlan(writer, last, flags | spec.BRIDGE_VLAN_INFO_RANGE_END);
      } else putVlan(writer, first, flags);
      writer.endNest(nest);
    }),
  );
}

function putVlan(writer: MessageWriter, vid: number, flags: number): void {
  const at = writer.attribute(spec.IFLA_BRIDGE_VLAN_INFO, spec.BRIDGE_VLAN_INFO_SIZE);
  setU16(writer.bytes, at + spec.BRIDGE_VLAN_INFO_FLAGS, flags);
  setU16(writer.bytes, at + spec.BRIDGE_VLAN_INFO_VID, vid);
}

/** Writes what maps VLANs to the keys of a range, or takes that back. */
function putTunnels(writer: MessageWriter, first: number, last: number, tunnels: string): void {
  const [from, to] = splitRange(tunnels);
  const [id, lastId] = [leadingNumber(from), leadingNumber(to ?? from)];
  if (last === first && to === undefined) return putTunnel(writer, first, id, 0);
  putTunnel(writer, first, id, spec.BRIDGE_VLAN_INFO_RANGE_BEGIN);
  putTunnel(writer, last, lastId, spec.BRIDGE_VLAN_INFO_RANGE_END);
}

function putTunnel(writer: MessageWriter, vid: number, id: number, flags: number): void {
  const nest = writer.nest(spec.IFLA_BRIDGE_VLAN_TUNNEL_INFO);
  writer.u32(spec.IFLA_BRIDGE_VLAN_TUNNEL_ID, id).u16(spec.IFLA_BRIDGE_VLAN_TUNNEL_VID, vid);
  writer.u16(spec.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, flags).endNest(nest);
}

/** The keys behind `tunnel_info id`. */
function tunnelWords(words: Words): string {
  const word = words.value();
  if (word !== "id") throw failure(`Error: argument "${word}" is wrong: tunnel id expected\n`);
  const typed = words.value();
  const [from, to] = splitRange(typed);
  for (const id of [from, to ?? from]) {
    if ((unsigned(id, 32) ?? maxTunnel) >= maxTunnel) {
      throw failure(`Error: argument "${typed}" is wrong: invalid tun id\n`);
    }
  }
  return typed;
}

/** `5` or `5-7`, each as atoi(3) reads it. */
function rangeOf(word: string): { first: number; last: number } {
  const [first, last] = splitRange(word);
  return { first: leadingNumber(first), last: leadingNumber(last ?? first) };
}
