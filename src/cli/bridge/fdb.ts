// `bridge fdb`: forwarding tables.
//
// Facts: the output and the errors of iproute2 6.1.

import { setS32, setU16 } from "../../bytes/endian.ts";
import { macFromText, macToBytes } from "../../bytes/mac.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as nd from "../../uapi/neighbour.ts";
import { NLM_F_APPEND, NLM_F_BULK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { garbage, wrongArgument } from "../exit.ts";
import type { IpContext } from "../ip/context.ts";
import { signed, unsigned } from "../numbers.ts";
import { parseAddress } from "../prefix.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import { fdbIndexes, isFdbShown, printFdb } from "./fdb-print.ts";
import { FDB_USAGE } from "./help.ts";
import { change, failure, needDevice } from "./request.ts";

/** How a get that is refused ends. */
const EXIT_NOT_FOUND = 254;

/** Runs `bridge fdb`. */
export async function fdb(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) return show(ip, words);
  if (matches(word, "add")) return modify(ip, words, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL);
  if (matches(word, "append")) return modify(ip, words, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND);
  if (matches(word, "replace")) return modify(ip, words, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  if (matches(word, "delete")) return modify(ip, words, RTM_DELNEIGH, 0);
  if (matches(word, "get")) return get(ip, words);
  if (matches(word, "show") || matches(word, "lst") || matches(word, "list")) return show(ip, words);
  if (word === "flush") return flush(ip, words);
  if (matches(word, "help")) throw failure(FDB_USAGE);
  throw failure(`Command "${word}" is unknown, try "bridge fdb help".\n`);
}

function putHeader(writer: MessageWriter, ifindex: number, state: number, flags: number): void {
  const at = writer.reserve(nd.NDMSG_SIZE);
  writer.bytes[at + nd.NDMSG_FAMILY] = AF_BRIDGE;
  setS32(writer.bytes, at + nd.NDMSG_IFINDEX, ifindex);
  setU16(writer.bytes, at + nd.NDMSG_STATE, state);
  writer.bytes[at + nd.NDMSG_FLAGS] = flags;
}

async function show(ip: IpContext, words: Words): Promise<number> {
  let master = 0;
  let ifindex = 0;
  let state = 0;
  let vid: number | undefined;
  let isDynamic = false;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "brport" || word === "dev") ifindex = await needDevice(ip, words.value(), "bridge device");
    else if (word === "br") master = await needDevice(ip, words.value(), "bridge device");
    else if (word === "vlan") vid = leadingNumber(words.value());
    else if (word === "state") state = stateOf(words.value());
    else if (word === "dynamic") isDynamic = true;
    else if (matches(word, "help")) throw failure(FDB_USAGE);
  }
  const client = await ip.rtnl();
  const { messages } = await ip.dump(
    client.dump(RTM_GETNEIGH, (writer) => {
      putHeader(writer, ifindex, 0, 0);
      if (master !== 0) writer.u32(nd.NDA_MASTER, master);
    }),
  );
  await ip.links.load(messages.flatMap(fdbIndexes));
  await ip.print((out) => {
    for (const message of messages) {
      if (!isFdbShown(message, { ifindex, state, vid, isDynamic })) continue;
      printFdb(ip, out, message, ifindex === 0);
    }
  });
  return 0;
}

/** A number as atoi(3) reads it. */
function leadingNumber(word: string): number {
  return signed(/^\s*[+-]?\d+/.exec(word)?.[0] ?? "", 10) ?? 0;
}

function stateOf(word: string): number {
  const named: Readonly<Record<string, number>> = {
    permanent: nd.NUD_PERMANENT,
    static: nd.NUD_NOARP,
    temp: nd.NUD_NOARP,
    stale: nd.NUD_STALE,
    all: 0xffff,
  };
  const state = Object.entries(named).find(([name]) => matches(word, name))?.[1] ?? unsigned(word);
  if (state === undefined) throw wrongArgument(word, "invalid state");
  return state;
}

/** What the words of a change say. */
interface Entry {
  address: string | undefined;
  dev: string | undefined;
  state: number;
  flags: number;
  readonly writes: ((writer: MessageWriter) => void)[];
  hasDestination: boolean;
  hasNexthop: boolean;
}

async function modify(ip: IpContext, words: Words, type: number, nlFlags: number): Promise<number> {
  const entry: Entry = {
    ...{ address: undefined, dev: undefined, state: nd.NUD_NOARP, flags: 0, writes: [] },
    ...{ hasDestination: false, hasNexthop: false },
  };
  for (let word = words.take(); word !== undefined; word = words.take())
    await takeWord(ip, entry, word, words);
  const { address, dev } = entry;
  if (dev === undefined || address === undefined)
    throw failure("Device and address are required arguments.\n");
  if (entry.hasDestination && entry.hasNexthop) {
    throw failure("dst, port, vni are mutually exclusive with nhid\n");
  }
  if ((entry.flags & (nd.NTF_SELF | nd.NTF_MASTER)) === 0) entry.flags |= nd.NTF_SELF;
  if ((entry.state & (nd.NUD_PERMANENT | nd.NUD_REACHABLE)) === 0) entry.state |= nd.NUD_PERMANENT;
  const mac = macOf(address);
  const ifindex = await needDevice(ip, dev);
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(type, nlFlags, (writer) => {
      putHeader(writer, ifindex, entry.state, entry.flags);
      writer.binary(nd.NDA_LLADDR, mac);
      for (const write of entry.writes) write(writer);
    }),
  );
}

function macOf(text: string): Uint8Array {
  const mac = macFromText(text);
  if (mac === undefined) throw failure(`Invalid mac address ${text}\n`);
  return macToBytes(mac);
}

const FLAG_WORDS: readonly (readonly [word: string, flag: number])[] = [
  ["self", nd.NTF_SELF],
  ["master", nd.NTF_MASTER],
  ["router", nd.NTF_ROUTER],
  ["use", nd.NTF_USE],
  ["extern_learn", nd.NTF_EXT_LEARNED],
  ["sticky", nd.NTF_STICKY],
];

async function takeWord(ip: IpContext, entry: Entry, word: string, words: Words): Promise<void> {
  const number = (bits: number, reason: string): number => {
    const typed = words.value();
    const value = unsigned(typed, bits);
    if (value === undefined) throw wrongArgument(typed, reason);
    return value;
  };
  const flag = FLAG_WORDS.find(([name]) =>
    name === "use" || name === "sticky" ? name === word : matches(word, name),
  );
  switch (word) {
    case "dev":
      entry.dev = words.value();
      return;
    case "dst": {
      const destination = parseAddress(words.value(), 0);
      entry.hasDestination = true;
      entry.writes.push((writer) => writer.binary(nd.NDA_DST, destination.address));
      return;
    }
    case "nhid": {
      const id = number(32, "invalid nexthop id");
      entry.hasNexthop = true;
      entry.writes.push((writer) => writer.u32(nd.NDA_NH_ID, id));
      return;
    }
    case "port": {
      const port = number(16, "invalid port");
      entry.hasDestination = true;
      entry.writes.push((writer) => writer.u16(nd.NDA_PORT, ((port & 0xff) << 8) | (port >>> 8)));
      return;
    }
    case "vni":
    case "src_vni": {
      const vni = number(24, `invalid ${word}`);
      entry.hasDestination ||= word === "vni";
      entry.writes.push((writer) => writer.u32(word === "vni" ? nd.NDA_VNI : nd.NDA_SRC_VNI, vni));
      return;
    }
    case "via": {
      const via = await needDevice(ip, words.value());
      entry.writes.push((writer) => writer.u32(nd.NDA_IFINDEX, via));
      return;
    }
    case "vlan": {
      const vid = leadingNumber(words.value()) & 0xffff;
      entry.writes.push((writer) => writer.u16(nd.NDA_VLAN, vid));
      return;
    }
    default:
  }
  if (flag !== undefined) entry.flags |= flag[1];
  else if (matches(word, "local") || matches(word, "permanent")) entry.state |= nd.NUD_PERMANENT;
  else if (matches(word, "temp") || matches(word, "static")) entry.state |= nd.NUD_REACHABLE;
  else if (matches(word, "dynamic")) entry.state = (entry.state | nd.NUD_REACHABLE) & ~nd.NUD_NOARP;
  else {
    const address = word === "to" ? words.value() : word;
    if (matches(address, "help")) throw failure(FDB_USAGE);
    if (entry.address !== undefined) throw garbage("to", address);
    entry.address = address;
  }
}

async function get(ip: IpContext, words: Words): Promise<number> {
  let address: string | undefined;
  let dev: string | undefined;
  let master: string | undefined;
  let vid: number | undefined;
  let flags = 0;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "brport" || word === "dev") dev = words.value();
    else if (word === "br") master = words.value();
    else if (word === "vlan") vid = leadingNumber(words.value()) & 0xffff;
    else if (matches(word, "self")) flags |= nd.NTF_SELF;
    else if (matches(word, "master")) flags |= nd.NTF_MASTER;
    else if (word !== "dynamic") {
      const next = word === "to" ? words.value() : word;
      if (matches(next, "help")) throw failure(FDB_USAGE);
      if (address !== undefined) throw garbage("to", next);
      address = next;
    }
  }
  if ((dev === undefined && master === undefined) || address === undefined) {
    throw failure("Device or master and address are required arguments.\n");
  }
  const mac = macOf(address);
  const ifindex = dev === undefined ? 0 : await needDevice(ip, dev);
  const bridge = master === undefined ? undefined : await needDevice(ip, master, "bridge device");
  const client = await ip.rtnl();
  const request = client.request(RTM_GETNEIGH, 0, (writer) => {
    putHeader(writer, ifindex, 0, flags);
    writer.binary(nd.NDA_LLADDR, mac);
    if (bridge !== undefined) writer.u32(nd.NDA_MASTER, bridge);
    if (vid !== undefined) writer.u16(nd.NDA_VLAN, vid);
  });
  const { messages } = await ip.dump(request, { code: EXIT_NOT_FOUND, text: "" });
  await ip.links.load(messages.flatMap(fdbIndexes));
  await ip.print((out) => {
    for (const message of messages) printFdb(ip, out, message, true);
  });
  return 0;
}

/** What a flush may select by: `static` is neither permanent nor learned. */
const FLUSH_STATES: Readonly<Record<string, number>> = {
  permanent: nd.NUD_PERMANENT,
  static: nd.NUD_NOARP | nd.NUD_PERMANENT,
  dynamic: nd.NUD_NOARP | nd.NUD_PERMANENT,
};
const FLUSH_FLAGS: Readonly<Record<string, number>> = {
  added_by_user: nd.NTF_USE,
  extern_learn: nd.NTF_EXT_LEARNED,
  sticky: nd.NTF_STICKY,
  offloaded: nd.NTF_OFFLOADED,
};

async function flush(ip: IpContext, words: Words): Promise<number> {
  let dev: string | undefined;
  let brport: string | undefined;
  let vid: number | undefined;
  const want = { state: 0, stateMask: 0, flags: 0, flagsMask: 0 };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") dev = words.value();
    else if (word === "brport") brport = words.value();
    else if (word === "vlan") vid = leadingNumber(words.value()) & 0xffff;
    else if (word === "self") want.flags |= nd.NTF_SELF;
    else if (word === "master") want.flags |= nd.NTF_MASTER;
    else if (!selects(want, word) && matches(word, "help")) throw failure(FDB_USAGE);
  }
  if (dev === undefined) throw failure("Device is a required argument.\n");
  const ifindex = await needDevice(ip, dev, "bridge device");
  const port = brport === undefined ? undefined : await needDevice(ip, brport, "bridge port");
  if ((want.flags & (nd.NTF_SELF | nd.NTF_MASTER)) === 0) want.flags |= nd.NTF_SELF;
  const client = await ip.rtnl();
  return change(
    ip,
    client.request(RTM_DELNEIGH, NLM_F_BULK, (writer) => {
      putHeader(writer, ifindex, want.state, want.flags);
      if (port !== undefined) writer.u32(nd.NDA_IFINDEX, port);
      if (vid !== undefined) writer.u16(nd.NDA_VLAN, vid);
      if (want.flagsMask !== 0) writer.u8(nd.NDA_NDM_FLAGS_MASK, want.flagsMask);
      if (want.stateMask !== 0) writer.u16(nd.NDA_NDM_STATE_MASK, want.stateMask);
    }),
  );
}

function selects(
  want: { state: number; stateMask: number; flags: number; flagsMask: number },
  word: string,
): boolean {
  const isNot = word.startsWith("no");
  const name = isNot ? word.slice(2) : word;
  const flag = FLUSH_FLAGS[name];
  if (flag !== undefined) {
    want.flagsMask |= flag;
    if (!isNot) want.flags |= flag;
    return true;
  }
  const mask = FLUSH_STATES[name];
  if (mask === undefined) return false;
  if (name === "permanent") {
    want.stateMask |= nd.NUD_PERMANENT;
    if (!isNot) want.state |= nd.NUD_PERMANENT;
  } else if (name === "static") {
    want.stateMask |= isNot ? nd.NUD_NOARP : mask;
    if (!isNot) want.state |= nd.NUD_NOARP;
  } else {
    want.stateMask |= isNot ? nd.NUD_NOARP : mask;
    if (isNot) want.state |= nd.NUD_NOARP;
  }
  return true;
}
