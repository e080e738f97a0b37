// `bridge vlan`: the VLANs of ports and bridges.
//
// Facts: bridge(8), and the output and the errors of iproute2 6.1. *Omitted:* `set`, `global`, `tunnelshow`, statistics.

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

const NAME_WIDTH = 16;

/** Runs `bridge vlan`; `isCompressed`: runs of VLANs as ranges. */
export async function vlan(ip: IpContext, words: Words, isCompressed: boolean): Promise<number> {
  const word = words.take();
  if (word === undefined) return show(ip, words, isCompressed);
  if (matches(word, "add")) return modify(ip, words, rt.RTM_SETLINK);
  if (matches(word, "delete")) return modify(ip, words, rt.RTM_DELLINK);
  if (matches(word, "show") || matches(word, "lst") || matches(word, "list"))
    return show(ip, words, isCompressed);
  if (matches(word, "tunnelshow") || matches(word, "set") || matches(word, "global")) {
    throw failure(`"bridge vlan ${word}" is not supported by uveth.\n`);
  }
  if (matches(word, "help")) throw failure(VLAN_USAGE);
  throw failure(`Command "${word}" is unknown, try "bridge vlan help".\n`);
}

/** A run of VLANs with the same flags. */
interface VlanRun {
  readonly first: number;
  readonly last: number;
  readonly flags: number;
}

async function show(ip: IpContext, words: Words, isCompressed: boolean): Promise<number> {
  let wanted: number | undefined;
  let vid: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") wanted = await needDevice(ip, words.value());
    else if (word === "vid") vid = signed(words.value()) ?? 0;
  }
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
  out.field("vlan", first, String(first));
  if (last > first) out.field("vlanEnd", last, `-${last}`);
  const isPvid = (flags & spec.BRIDGE_VLAN_INFO_PVID) !== 0;
  const isUntagged = (flags & spec.BRIDGE_VLAN_INFO_UNTAGGED) !== 0;
  if (isPvid || isUntagged) {
    out.openArray("flags");
    if (isPvid) out.item("PVID", " PVID");
    if (isUntagged) out.item("Egress Untagged", " Egress Untagged");
    out.closeArray();
  }
  out.text("\n");
  out.closeObject();
}

async function modify(ip: IpContext, words: Words, type: number): Promise<number> {
  let dev: string | undefined;
  let range: { first: number; last: number } | undefined;
  let flags = 0;
  let owner = 0;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") dev = words.value();
    else if (word === "vid") range = rangeOf(words.value());
    else if (word === "self") owner |= spec.BRIDGE_FLAGS_SELF;
    else if (word === "master") owner |= spec.BRIDGE_FLAGS_MASTER;
    else if (word === "pvid") flags |= spec.BRIDGE_VLAN_INFO_PVID;
    else if (word === "untagged") flags |= spec.BRIDGE_VLAN_INFO_UNTAGGED;
    else if (word === "tunnel_info") throw failure('"tunnel_info" is not supported by uveth.\n');
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
      if (last > first) {
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

/** `5` or `5-7`, each as atoi(3) reads it. */
function rangeOf(word: string): { first: number; last: number } {
  const [first = "", last] = word.split("-");
  const number = (text: string): number => unsigned(/^\d+/.exec(text)?.[0] ?? "", 31, 10) ?? 0;
  return { first: number(first), last: number(last ?? first) };
}
