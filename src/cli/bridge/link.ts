// `bridge link`: the ports of bridges, and their settings.
//
// Facts: the output and the errors of iproute2 6.1.

import { setS32 } from "../../bytes/endian.ts";
import type { Link } from "../../client/link.ts";
import { parseLink } from "../../client/link.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { Message } from "../../netlink/message.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as spec from "../../uapi/if_bridge.ts";
import * as il from "../../uapi/if_link.ts";
import {
  IFINFOMSG_INDEX,
  IFINFOMSG_SIZE,
  RTEXT_FILTER_BRVLAN,
  RTM_GETLINK,
  RTM_SETLINK,
} from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { CommandExit } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { loadForPrint, printFlags, printName } from "../ip/link/print.ts";
import { signed, unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { LINK_USAGE } from "./help.ts";
import { change, failure, needDevice } from "./request.ts";

/** BR_STATE_* by name. */
export const STATES: readonly string[] = ["disabled", "listening", "learning", "forwarding", "blocking"];
/** How a wrong "on" or "off" ends: -EINVAL as a byte. */
const EXIT_NOT_ON_OFF = 234;

/** Runs `bridge link`. */
export async function link(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return show(ip, words);
  if (matches(word, "set") || matches(word, "change")) return set(ip, words);
  if (matches(word, "show") || matches(word, "lst") || matches(word, "list")) return show(ip, words);
  if (matches(word, "help")) throw failure(LINK_USAGE);
  throw failure(`Command "${word}" is unknown, try "bridge link help".\n`);
}

async function show(ip: IpContext, words: Words): Promise<number> {
  let wanted: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") wanted = await needDevice(ip, words.value());
  }
  await ip.links.loadAll();
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(RTM_GETLINK, (writer) => {
      const at = writer.reserve(IFINFOMSG_SIZE);
      writer.bytes[at] = AF_BRIDGE;
      if (ip.options.details) writer.u32(il.IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
    }),
  );
  const links = messages.map((message) => ({ message, link: parseLink(message) }));
  await loadForPrint(
    ip,
    links.map(({ link }) => link),
  );
  await ip.print((out) => {
    for (const each of links) {
      const hasPort = each.message.attribute(il.IFLA_PROTINFO, IFINFOMSG_SIZE) !== undefined;
      if (!hasPort || (wanted !== undefined && wanted !== each.link.ifindex)) continue;
      out.openObject();
      printBridgeLink(ip, out, each.link, each.message);
      out.closeObject();
    }
  });
  return 0;
}

/** Prints a port, or a bridge whose VLANs changed. */
export function printBridgeLink(ip: IpContext, out: Output, each: Link, message: Message): void {
  out.field("ifindex", each.ifindex, `${each.ifindex}: `);
  printName(ip, out, each, (name) => `${name}: `);
  printFlags(ip, out, each);
  if (each.mtu !== undefined) out.field("mtu", each.mtu, `mtu ${each.mtu} `);
  if (each.master !== undefined) {
    const master = ip.links.name(each.master);
    out.field("master", master, `master ${master} `);
  }
  const port = message.attribute(il.IFLA_PROTINFO, IFINFOMSG_SIZE);
  if (port !== undefined) printPort(ip, out, port);
  out.text("\n");
}

/** Settings that are told with details, on or off, in their order. */
const DETAILS: readonly (readonly [word: string, type: number])[] = [
  ["hairpin", il.IFLA_BRPORT_MODE],
  ["guard", il.IFLA_BRPORT_GUARD],
  ["root_block", il.IFLA_BRPORT_PROTECT],
  ["fastleave", il.IFLA_BRPORT_FAST_LEAVE],
  ["learning", il.IFLA_BRPORT_LEARNING],
  ["learning_sync", il.IFLA_BRPORT_LEARNING_SYNC],
  ["flood", il.IFLA_BRPORT_UNICAST_FLOOD],
  ["mcast_flood", il.IFLA_BRPORT_MCAST_FLOOD],
  ["bcast_flood", il.IFLA_BRPORT_BCAST_FLOOD],
  ["mcast_router", il.IFLA_BRPORT_MULTICAST_ROUTER],
  ["mcast_to_unicast", il.IFLA_BRPORT_MCAST_TO_UCAST],
  ["neigh_suppress", il.IFLA_BRPORT_NEIGH_SUPPRESS],
  ["vlan_tunnel", il.IFLA_BRPORT_VLAN_TUNNEL],
  ["isolated", il.IFLA_BRPORT_ISOLATED],
  ["locked", il.IFLA_BRPORT_LOCKED],
];

function printPort(ip: IpContext, out: Output, port: Attribute): void {
  if (!port.isNested) return;
  const state = port.child(il.IFLA_BRPORT_STATE)?.u8();
  if (state !== undefined) {
    const name = STATES[state];
    if (name === undefined) out.field("state_index", state, `state (${state}) `);
    else out.field("state", name, `state ${name} `);
  }
  const priority = port.child(il.IFLA_BRPORT_PRIORITY)?.u16();
  if (priority !== undefined) out.field("priority", priority, `priority ${priority} `);
  const cost = port.child(il.IFLA_BRPORT_COST)?.u32();
  if (cost !== undefined) out.field("cost", cost, `cost ${cost} `);
  if (!ip.options.details) return;
  out.newline();
  out.text("    ");
  for (const [word, type] of DETAILS) {
    const value = port.child(type)?.u8();
    if (value === undefined) continue;
    if (type === il.IFLA_BRPORT_MULTICAST_ROUTER) out.field(word, value, `${word} ${value} `);
    else out.field(word, value !== 0, `${word} ${value === 0 ? "off" : "on"} `);
  }
  const backup = port.child(il.IFLA_BRPORT_BACKUP_PORT)?.u32();
  if (backup === undefined) return;
  const name = ip.links.name(backup);
  out.field("backup_port", name, `backup_port ${name} `);
}

/** Words of `set` that are on or off. */
const FLAGS: Readonly<Record<string, number>> = Object.fromEntries(
  DETAILS.filter(([word]) => word !== "mcast_router"),
);

async function set(ip: IpContext, words: Words): Promise<number> {
  let dev: string | undefined;
  let flags = 0;
  let mode: number | undefined;
  const writes: ((writer: MessageWriter) => void)[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const flag = FLAGS[word];
    if (word === "dev") dev = words.value();
    else if (word === "self") flags |= spec.BRIDGE_FLAGS_SELF;
    else if (word === "master") flags |= spec.BRIDGE_FLAGS_MASTER;
    else if (word === "hwmode") mode = modeOf(words.value());
    else if (flag !== undefined) {
      const isOn = onOrOff(word, words.value());
      writes.push((writer) => writer.u8(flag, isOn ? 1 : 0));
    } else writes.push(await setting(ip, word, words));
  }
  if (dev === undefined) throw failure("Device is a required argument.\n");
  const ifindex = await needDevice(ip, dev, "bridge device");
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(RTM_SETLINK, 0, (writer) => {
      const at = writer.reserve(IFINFOMSG_SIZE);
      writer.bytes[at] = AF_BRIDGE;
      setS32(writer.bytes, at + IFINFOMSG_INDEX, ifindex);
      const nest = writer.nestFlagged(il.IFLA_PROTINFO);
      for (const write of writes) write(writer);
      writer.endNest(nest);
      if (mode === undefined && flags === 0) return;
      const own = writer.nest(il.IFLA_AF_SPEC);
      if (mode !== undefined) writer.u16(spec.IFLA_BRIDGE_MODE, mode);
      if (flags !== 0 || mode !== undefined) {
        writer.u16(spec.IFLA_BRIDGE_FLAGS, mode === undefined ? flags : flags | spec.BRIDGE_FLAGS_SELF);
      }
      writer.endNest(own);
    }),
  );
}

async function setting(ip: IpContext, word: string, words: Words): Promise<(writer: MessageWriter) => void> {
  switch (word) {
    case "cost": {
      const cost = leadingNumber(words.value());
      return (writer) => (cost > 0 ? writer.u32(il.IFLA_BRPORT_COST, cost) : writer);
    }
    case "priority": {
      const priority = leadingNumber(words.value());
      return (writer) => writer.u16(il.IFLA_BRPORT_PRIORITY, priority);
    }
    case "mcast_router": {
      const router = leadingNumber(words.value());
      return (writer) => writer.u8(il.IFLA_BRPORT_MULTICAST_ROUTER, router);
    }
    case "state": {
      const typed = words.value();
      const known = STATES.indexOf(typed);
      const state = known < 0 ? (unsigned(typed, 8) ?? -1) : known;
      if (state < 0) throw failure("Error: invalid STP port state\n");
      return (writer) => writer.u8(il.IFLA_BRPORT_STATE, state);
    }
    case "backup_port": {
      const name = words.value();
      const ifindex = await ip.links.find(name);
      if (ifindex === undefined) throw failure(`Error: device ${name} does not exist\n`);
      return (writer) => writer.u32(il.IFLA_BRPORT_BACKUP_PORT, ifindex);
    }
    case "nobackup_port":
      return (writer) => writer.u32(il.IFLA_BRPORT_BACKUP_PORT, 0);
    default:
      throw failure(LINK_USAGE);
  }
}

/** A number as atoi(3) reads it: 0 for a word that is none. */
function leadingNumber(word: string): number {
  return signed(/^\s*[+-]?\d+/.exec(word)?.[0] ?? "", 10) ?? 0;
}

function modeOf(word: string): number {
  if (word === "vepa") return 1;
  if (word === "veb") return 0;
  throw failure('Mode argument must be "vepa" or "veb".\n');
}

function onOrOff(word: string, value: string): boolean {
  if (value === "on" || value === "off") return value === "on";
  const text = `Error: argument of "${word}" must be one of "off", "on", not "${value}"\n`;
  throw new CommandExit(EXIT_NOT_ON_OFF, text);
}
