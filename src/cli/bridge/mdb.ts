// `bridge mdb`: multicast databases.
//
// Facts: the output and the errors of iproute2 6.1.

import { getBe16, getU16, getU32, setBe16, setS32, setU16 } from "../../bytes/endian.ts";
import { ipv4FromText } from "../../bytes/ipv4.ts";
import { ipv6FromText } from "../../bytes/ipv6.ts";
import { macFromText, macToBytes } from "../../bytes/mac.ts";
import { addressBytes } from "../../client/address-text.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { Message } from "../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../netlink/message.ts";
import * as db from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { MCAST_INCLUDE } from "../../uapi/in.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../../uapi/netlink.ts";
import { RTM_DELMDB, RTM_GETMDB, RTM_NEWMDB } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import type { IpContext } from "../ip/context.ts";
import { routeProtocols } from "../ip/tables.ts";
import { signed } from "../numbers.ts";
import type { Output } from "../output.ts";
import { addressText } from "../prefix.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { MDB_USAGE } from "./help.ts";
import { change, failure, needDevice } from "./request.ts";

const CLOCK = 100;
/** Types of a router port. */
const ROUTER_TYPES: readonly string[] = ["disabled", "temp_query", "permanent", "temp"];

/** Runs `bridge mdb`. */
export async function mdb(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return show(ip, words);
  if (matches(word, "add")) return modify(ip, words, RTM_NEWMDB, NLM_F_CREATE | NLM_F_EXCL);
  if (matches(word, "delete")) return modify(ip, words, RTM_DELMDB, 0);
  if (matches(word, "show") || matches(word, "lst") || matches(word, "list")) return show(ip, words);
  if (matches(word, "help")) throw failure(MDB_USAGE);
  throw failure(`Command "${word}" is unknown, try "bridge mdb help".\n`);
}

async function show(ip: IpContext, words: Words): Promise<number> {
  let wanted: number | undefined;
  let vid: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") wanted = await needDevice(ip, words.value());
    else if (word === "vid") vid = numberOf(words.value());
  }
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(RTM_GETMDB, (writer) => putHeader(writer.reserve(db.BR_PORT_MSG_SIZE), writer.bytes, 0)),
  );
  await ip.links.loadAll();
  await ip.print((out) => {
    const shown = messages.filter((message) => wanted === undefined || bridgeOf(message) === wanted);
    out.openObject();
    out.openArray("mdb");
    for (const message of shown)
      for (const entry of entriesOf(message)) printEntry(ip, out, message, entry, vid);
    out.closeArray();
    out.openObject("router");
    for (const message of shown) printRouters(ip, out, message);
    out.closeObject();
    out.closeObject();
  });
  return 0;
}

function putHeader(at: number, bytes: Uint8Array, ifindex: number): void {
  bytes[at] = AF_BRIDGE;
  setS32(bytes, at + db.BR_PORT_MSG_IFINDEX, ifindex);
}

function numberOf(word: string): number {
  return signed(/^\s*[+-]?\d+/.exec(word)?.[0] ?? "", 10) ?? 0;
}

function bridgeOf({ bytes }: Message): number {
  return getU32(bytes, NLMSG_HDRLEN + db.BR_PORT_MSG_IFINDEX);
}

function entriesOf(message: Message): Attribute[] {
  const groups = message.attribute(db.MDBA_MDB, db.BR_PORT_MSG_SIZE)?.children() ?? [];
  return groups.flatMap((group) => group.children());
}

/** Prints one listener of a message, unless another VLAN is asked for. */
function printEntry(ip: IpContext, out: Output, message: Message, info: Attribute, vid?: number): void {
  const { bytes, start } = info;
  const vlan = getU16(bytes, start + db.BR_MDB_ENTRY_VID);
  if (vid !== undefined && vid !== 0 && vid !== vlan) return;
  const device = ip.links.name(bridgeOf(message));
  const port = ip.links.name(getU32(bytes, start + db.BR_MDB_ENTRY_IFINDEX));
  out.openObject();
  out.field("index", bridgeOf(message), "");
  out.field("dev", device, `dev ${device}`);
  out.field("port", port, ` port ${port}`);
  const group = groupText(bytes, start + db.BR_MDB_ENTRY_ADDR);
  out.field("grp", group, ` grp ${group}`);
  const attribute = (type: number) => info.child(type, db.BR_MDB_ENTRY_SIZE);
  const source = attribute(db.MDBA_MDB_EATTR_SOURCE);
  if (source !== undefined) {
    const text = addressText(source.copy());
    out.field("src", text, ` src ${text}`);
  }
  const state = (bytes[start + db.BR_MDB_ENTRY_STATE] ?? 0) === db.MDB_PERMANENT ? "permanent" : "temp";
  out.field("state", state, ` ${state}`);
  if (ip.options.details) printDetails(ip, out, attribute);
  printFlags(out, bytes[start + db.BR_MDB_ENTRY_FLAGS] ?? 0);
  if (vlan !== 0) out.field("vid", vlan, ` vid ${vlan}`);
  const timer = attribute(db.MDBA_MDB_EATTR_TIMER)?.u32();
  if (ip.options.stats > 0 && timer !== undefined)
    out.field("timer", timerText(timer), ` ${timerText(timer)}`);
  out.text("\n");
  out.closeObject();
}

/** Prints how a port listens, to which sources, and who entered it. */
function printDetails(ip: IpContext, out: Output, attribute: (type: number) => Attribute | undefined): void {
  const mode = attribute(db.MDBA_MDB_EATTR_GROUP_MODE)?.u8();
  if (mode !== undefined) {
    const name = mode === MCAST_INCLUDE ? "include" : "exclude";
    out.field("filter_mode", name, ` filter_mode ${name}`);
  }
  const sources = attribute(db.MDBA_MDB_EATTR_SRC_LIST)?.children();
  if (sources !== undefined) printSources(out, sources);
  const protocol = attribute(db.MDBA_MDB_EATTR_RTPROT)?.u8();
  if (protocol === undefined) return;
  const name = routeProtocols.nameOf(protocol, ip.options.numeric);
  out.field("protocol", name, ` proto ${name} `);
}

function printSources(out: Output, sources: readonly Attribute[]): void {
  out.text(" source_list");
  out.openArray("source_list");
  let separator = " ";
  for (const source of sources) {
    const address = source.child(db.MDBA_MDB_SRCATTR_ADDRESS);
    if (address === undefined) continue;
    out.openObject();
    const text = addressText(address.copy());
    out.field("address", text, separator + text);
    const timer = source.child(db.MDBA_MDB_SRCATTR_TIMER)?.u32();
    if (timer !== undefined) out.field("timer", timerText(timer).trim(), `/${timerText(timer).trim()}`);
    out.closeObject();
    separator = ",";
  }
  out.closeArray();
}

function groupText(bytes: Uint8Array, at: number): string {
  const protocol = getBe16(bytes, at + 16);
  if (protocol === ETH_P_IP) return addressText(bytes.slice(at, at + 4));
  if (protocol === ETH_P_IPV6) return addressText(bytes.slice(at, at + 16));
  return [...bytes.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function printFlags(out: Output, flags: number): void {
  out.openArray("flags");
  const names: readonly (readonly [flag: number, name: string])[] = [
    [db.MDB_FLAGS_OFFLOAD, "offload"],
    [db.MDB_FLAGS_FAST_LEAVE, "fast_leave"],
    [db.MDB_FLAGS_STAR_EXCL, "added_by_star_ex"],
    [db.MDB_FLAGS_BLOCKED, "blocked"],
  ];
  for (const [flag, name] of names) if ((flags & flag) !== 0) out.item(name, ` ${name}`);
  out.closeArray();
}

function timerText(timer: number): string {
  const rest = String(timer % CLOCK).padStart(2, "0");
  return `${String(Math.floor(timer / CLOCK)).padStart(4)}.${rest}`;
}

/** Prints the ports behind which routers are: with details by themselves, else in a line. */
function printRouters(ip: IpContext, out: Output, message: Message): void {
  const routers = message.attribute(db.MDBA_ROUTER, db.BR_PORT_MSG_SIZE);
  const bridge = ip.links.name(bridgeOf(message));
  if (routers === undefined || (!out.isJson && !ip.options.details)) return;
  out.openArray(bridge);
  out.text(`router ports on ${bridge}: `);
  printRouterPorts(ip, out, routers);
  out.closeArray();
  if (ip.options.stats === 0) out.text("\n");
}

/** Prints the ports of MDBA_ROUTER, with statistics also since when and why. */
export function printRouterPorts(ip: IpContext, out: Output, routers: Attribute): void {
  const isLong = ip.options.stats > 0;
  for (const router of routers.children()) {
    const name = ip.links.name(router.u32());
    const type = router.child(db.MDBA_ROUTER_PATTR_TYPE, 4)?.u8();
    const timer = router.child(db.MDBA_ROUTER_PATTR_TIMER, 4)?.u32();
    out.openObject();
    out.field("port", name, name);
    if (isLong || (out.isJson && ip.options.details)) {
      const text = timer === undefined ? "" : timerText(timer);
      out.field("timer", text, ` ${text}`);
      if (type !== undefined) out.field("type", ROUTER_TYPES[type] ?? "", ` ${ROUTER_TYPES[type] ?? ""}`);
    }
    out.text(isLong ? "\n" : " ");
    out.closeObject();
  }
}

/** Prints what `bridge monitor` hears of groups and routers. */
export function printMdbEvent(ip: IpContext, out: Output, message: Message): void {
  if (message.type === RTM_DELMDB) out.text("Deleted ");
  for (const entry of entriesOf(message)) printEntry(ip, out, message, entry);
  const routers = message.attribute(db.MDBA_ROUTER, db.BR_PORT_MSG_SIZE)?.children() ?? [];
  for (const router of routers) {
    out.text(`router port dev ${ip.links.name(router.u32())} master ${ip.links.name(bridgeOf(message))}\n`);
  }
}

async function modify(ip: IpContext, words: Words, type: number, flags: number): Promise<number> {
  let dev: string | undefined;
  let port: string | undefined;
  let group: string | undefined;
  let source: string | undefined;
  let state = db.MDB_TEMPORARY;
  let vid = 0;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") dev = words.value();
    else if (word === "grp") group = words.value();
    else if (word === "port") port = words.value();
    else if (word === "vid") vid = numberOf(words.value()) & 0xffff;
    else if (word === "src") source = words.value();
    else if (matches(word, "permanent")) state = db.MDB_PERMANENT;
    else if (matches(word, "temp")) state = db.MDB_TEMPORARY;
    else if (matches(word, "help")) throw failure(MDB_USAGE);
  }
  if (dev === undefined || port === undefined || group === undefined) {
    throw failure("Device, group address and port name are required arguments.\n");
  }
  const bridge = await needDevice(ip, dev);
  const member = await needDevice(ip, port);
  const { protocol, bytes } = groupOf(group);
  const from = source === undefined ? undefined : sourceOf(source);
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(type, flags, (writer) => {
      putHeader(writer.reserve(db.BR_PORT_MSG_SIZE), writer.bytes, bridge);
      const at = writer.attribute(db.MDBA_SET_ENTRY, db.BR_MDB_ENTRY_SIZE);
      setS32(writer.bytes, at + db.BR_MDB_ENTRY_IFINDEX, member);
      writer.bytes[at + db.BR_MDB_ENTRY_STATE] = state;
      setU16(writer.bytes, at + db.BR_MDB_ENTRY_VID, vid);
      writer.bytes.set(bytes, at + db.BR_MDB_ENTRY_ADDR);
      setBe16(writer.bytes, at + db.BR_MDB_ENTRY_ADDR + 16, protocol);
      if (from === undefined) return;
      const nest = writer.nestFlagged(db.MDBA_SET_ENTRY_ATTRS);
      writer.binary(db.MDBE_ATTR_SOURCE, from).endNest(nest);
    }),
  );
}

function groupOf(text: string): { protocol: number; bytes: Uint8Array } {
  if (ipv4FromText(text) !== undefined) return { protocol: ETH_P_IP, bytes: addressBytes(text) };
  if (ipv6FromText(text) !== undefined) return { protocol: ETH_P_IPV6, bytes: addressBytes(text) };
  const mac = macFromText(text);
  if (mac === undefined) throw failure(`"${text}" is invalid lladdr.\nInvalid address "${text}"\n`);
  return { protocol: 0, bytes: macToBytes(mac) };
}

function sourceOf(text: string): Uint8Array {
  if (ipv4FromText(text) === undefined && ipv6FromText(text) === undefined) {
    throw failure(`Invalid source address "${text}"\n`);
  }
  return addressBytes(text);
}
