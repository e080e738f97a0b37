// `bridge vni`: the identifiers that VXLAN devices in external mode take part in.
//
// Facts: bridge(8), and the output and the errors of iproute2 6.1.

import { getU32, setS32 } from "../../bytes/endian.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import * as link from "../../uapi/if_link.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { CommandExit } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import type { Output } from "../output.ts";
import type { Prefix } from "../prefix.ts";
import { addressText, parseAddress } from "../prefix.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { VNI_USAGE } from "./help.ts";
import { change, failure } from "./request.ts";
import { leadingNumber, splitRange } from "./vlan-range.ts";

const NAME_WIDTH = 16;
/** Width of an identifier, or of a range of them. */
const VNI_WIDTH = 15;
/** How a word that is no address ends. */
const EXIT_NO_ADDRESS = 1;

/** Runs `bridge vni`. */
export async function vni(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined || word === "show" || word === "lst" || word === "list") return show(ip, words);
  if (word === "add") return modify(ip, words, rt.RTM_NEWTUNNEL);
  if (word === "delete") return modify(ip, words, rt.RTM_DELTUNNEL);
  if (word === "help") throw failure(VNI_USAGE);
  throw failure(`Command "${word}" is unknown, try "bridge vni help".\n`);
}

async function show(ip: IpContext, words: Words): Promise<number> {
  let wanted = 0;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word !== "dev") continue;
    const name = words.value();
    if (wanted !== 0) throw failure(`Error: duplicate "dev": "${name}" is the second value.\n`);
    const ifindex = await ip.links.find(name);
    if (ifindex === undefined) throw failure(`Cannot find device "${name}"\n`);
    wanted = ifindex;
  }
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(rt.RTM_GETTUNNEL, (writer) => {
      const at = writer.reserve(link.TUNNEL_MSG_SIZE);
      writer.bytes[at + link.TUNNEL_MSG_FAMILY] = AF_BRIDGE;
      writer.bytes[at + link.TUNNEL_MSG_FLAGS] = ip.options.stats > 0 ? link.TUNNEL_MSG_FLAG_STATS : 0;
      setS32(writer.bytes, at + link.TUNNEL_MSG_IFINDEX, wanted);
    }),
  );
  await ip.links.loadAll();
  await ip.print((out) => {
    out.text(`${"dev".padEnd(NAME_WIDTH)}  ${"vni".padEnd(VNI_WIDTH)}  group/remote   \n`);
    for (const message of messages) printVnis(ip, out, message);
  });
  return 0;
}

/** Prints what a message of RTNLGRP_TUNNEL tells. */
export function printVniEvent(ip: IpContext, out: Output, message: Message): void {
  if (message.type === rt.RTM_DELTUNNEL) out.text("Deleted ");
  printVnis(ip, out, message);
}

function printVnis(ip: IpContext, out: Output, message: Message): void {
  const entries = message
    .attributes(link.TUNNEL_MSG_SIZE)
    .filter(({ type }) => type === link.VXLAN_VNIFILTER_ENTRY);
  if (entries.length === 0) return;
  const name = ip.links.name(getU32(message.bytes, NLMSG_HDRLEN + link.TUNNEL_MSG_IFINDEX));
  out.openObject();
  out.field("ifname", name, name.padEnd(NAME_WIDTH), "ifname");
  out.text("  ");
  out.openArray("vnis");
  for (const [index, entry] of entries.entries()) {
    if (index > 0) out.text(" ".repeat(NAME_WIDTH + 2));
    printVni(out, entry);
  }
  out.closeArray();
  out.newline();
  out.closeObject();
}

function printVni(out: Output, entry: Attribute): void {
  const first = entry.child(link.VXLAN_VNIFILTER_ENTRY_START)?.u32() ?? 0;
  const last = entry.child(link.VXLAN_VNIFILTER_ENTRY_END)?.u32();
  out.openObject();
  out.text(" ");
  out.field("vni", first, last === undefined ? String(first).padEnd(14) : String(first));
  if (last !== undefined) out.field("vniEnd", last, `-${String(last).padEnd(14)}`);
  const four = entry.child(link.VXLAN_VNIFILTER_ENTRY_GROUP)?.copy();
  const remote = four ?? entry.child(link.VXLAN_VNIFILTER_ENTRY_GROUP6)?.copy();
  if (remote !== undefined) {
    const text = addressText(remote);
    out.field(isGroup(remote) ? "group" : "remote", text, ` ${text}`);
  }
  out.newline();
  const stats = entry.child(link.VXLAN_VNIFILTER_ENTRY_STATS);
  if (stats !== undefined) printStats(out, stats);
  out.closeObject();
}

function isGroup(address: Uint8Array): boolean {
  const [first = 0] = address;
  return address.length === 4 ? first >>> 4 === 0xe : first === 0xff;
}

function printStats(out: Output, stats: Attribute): void {
  out.openObject("stats");
  for (const [way, from] of [
    ["rx", link.VNIFILTER_ENTRY_STATS_RX_BYTES],
    ["tx", link.VNIFILTER_ENTRY_STATS_TX_BYTES],
  ] as const) {
    out.text(`${" ".repeat(NAME_WIDTH + 3)}${way.toUpperCase()}: `);
    for (const [index, word] of ["bytes", "pkts", "drops", "errors"].entries()) {
      const value = Number(stats.child(from + index)?.u64() ?? 0n);
      out.field(`${way}_${word}`, value, `${word} ${value} `);
    }
    out.newline();
  }
  out.closeObject();
}

async function modify(ip: IpContext, words: Words, type: number): Promise<number> {
  let ifindex: number | undefined;
  let range: { readonly first: number; readonly last: number | undefined } | undefined;
  let remote: { readonly type: number; readonly bytes: Uint8Array } | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") {
      const name = words.value();
      ifindex = await ip.links.find(name);
      if (ifindex === undefined) throw failure(`Cannot find vxlan device "${name}"\n`);
    } else if (word === "vni") {
      const [from, to] = splitRange(words.value());
      range = { first: leadingNumber(from), last: to === undefined ? undefined : leadingNumber(to) };
    } else if (word === "group" || word === "remote") {
      const typed = words.value();
      if (remote !== undefined) throw failure(`Error: argument "${typed}" is wrong: invalid group address\n`);
      remote = remoteOf(typed, word === "group");
    } else if (matches(word, "help")) throw failure(VNI_USAGE);
  }
  if (ifindex === undefined || range === undefined)
    throw failure("Device and VNI ID are required arguments.\n");
  const { first, last } = range;
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(type, 0, (writer) => {
      const at = writer.reserve(link.TUNNEL_MSG_SIZE);
      writer.bytes[at + link.TUNNEL_MSG_FAMILY] = AF_BRIDGE;
      setS32(writer.bytes, at + link.TUNNEL_MSG_IFINDEX, ifindex ?? 0);
      const entry = writer.nestFlagged(link.VXLAN_VNIFILTER_ENTRY);
      writer.u32(link.VXLAN_VNIFILTER_ENTRY_START, first);
      if (last !== undefined && last > 0) writer.u32(link.VXLAN_VNIFILTER_ENTRY_END, last);
      if (remote !== undefined) writer.binary(remote.type, remote.bytes);
      writer.endNest(entry);
    }),
  );
}

/** Reads an address, which with `group` has to be one's. */
function remoteOf(typed: string, isOfGroup: boolean): { readonly type: number; readonly bytes: Uint8Array } {
  const { address: bytes } = addressOf(typed);
  if (isOfGroup && !isGroup(bytes)) {
    throw failure(`Error: argument "${typed}" is wrong: invalid group address\n`);
  }
  const isFour = bytes.length === 4;
  return { type: isFour ? link.VXLAN_VNIFILTER_ENTRY_GROUP : link.VXLAN_VNIFILTER_ENTRY_GROUP6, bytes };
}

function addressOf(typed: string): Prefix {
  try {
    return parseAddress(typed);
  } catch (error) {
    if (error instanceof CommandExit) throw new CommandExit(EXIT_NO_ADDRESS, error.text);
    throw error;
  }
}
