// What a namespace has of addresses, routes, neighbours and rules when it turns native: asked of the machine as any client
// would ask, and told to the kernel in an order in which one thing finds what it needs.
//
// Left out is what the kernel makes by itself: addresses of the link, routes of addresses, neighbours of the moment.

import { align4, getU16, getU32, setU32 } from "../../../bytes/endian.ts";
import type { Machine } from "../../../index.ts";
import type { Netns } from "../../../net/netdevice.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { Message } from "../../../netlink/message.ts";
import { messages, NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { MessageWriter } from "../../../netlink/writer.ts";
import { FIB_RULE_HDR_SIZE } from "../../../uapi/fib_rules.ts";
import * as ifa from "../../../uapi/if_addr.ts";
import * as nd from "../../../uapi/neighbour.ts";
import {
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  NLA_TYPE_MASK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../../uapi/netlink.ts";
import * as nh from "../../../uapi/nexthop.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import type { SyncNetlink } from "./sync-netlink.ts";

/** What was there, as messages of RTM_NEW*. */
export interface Snapshot {
  readonly addresses: readonly Message[];
  readonly rules: readonly Message[];
  readonly nexthops: readonly Message[];
  readonly routes: readonly Message[];
  readonly neighbours: readonly Message[];
}

export const emptySnapshot: Snapshot = {
  addresses: [],
  rules: [],
  nexthops: [],
  routes: [],
  neighbours: [],
};

/** States of neighbours that are worth taking along. */
const keptStates = nd.NUD_PERMANENT | nd.NUD_REACHABLE | nd.NUD_STALE | nd.NUD_DELAY | nd.NUD_PROBE;

/** Reads it. */
export function takeSnapshot(machine: Machine, netns: Netns): Snapshot {
  return withDumps(machine, netns, (dump) => ({
    addresses: dump(rt.RTM_GETADDR, ifa.IFADDRMSG_SIZE).filter(isOwnAddress),
    rules: dump(rt.RTM_GETRULE, FIB_RULE_HDR_SIZE),
    nexthops: dump(rt.RTM_GETNEXTHOP, nh.NHMSG_SIZE),
    routes: dump(rt.RTM_GETROUTE, rt.RTMSG_SIZE).filter(isOwnRoute),
    neighbours: dump(rt.RTM_GETNEIGH, nd.NDMSG_SIZE).filter(isOwnNeighbour),
  }));
}

/** All addresses of a namespace, whatever stack it has. */
export function addressesOf(machine: Machine, netns: Netns): Message[] {
  return withDumps(machine, netns, (dump) => dump(rt.RTM_GETADDR, ifa.IFADDRMSG_SIZE));
}

/** Tells the kernel the addresses; before links come up, so that what hangs on both comes of itself. */
export function moveAddresses({ addresses }: Snapshot, rtnl: SyncNetlink): void {
  for (const message of addresses) {
    replay(rtnl, rt.RTM_NEWADDR, message, (bytes) => {
      // It is known to be nobody else's: the kernel need not ask again.
      const flags = ifa.IFA_F_NODAD;
      const isChecked = bytes[0] === AF_INET6 && (addressFlags(message) & ifa.IFA_F_TENTATIVE) === 0;
      patchFlags(bytes, isChecked ? flags : 0);
      return bytes;
    });
  }
}

/** Tells it the rest, with the links up. */
export function moveRoutes({ rules, nexthops, routes, neighbours }: Snapshot, rtnl: SyncNetlink): void {
  moveRules(rules, rtnl);
  replayAll(rtnl, rt.RTM_NEWNEXTHOP, nexthops, patchNexthop);
  replayAll(rtnl, rt.RTM_NEWROUTE, routes, patchRoute);
  replayAll(rtnl, rt.RTM_NEWNEIGH, neighbours, asItIs);
}

/** Adds the rules that the kernel lacks, and deletes those that were not there. */
function moveRules(rules: readonly Message[], rtnl: SyncNetlink): void {
  const wanted = new Map(rules.map((message) => [textOf(message), message]));
  const there = new Map<string, Message>();
  for (const family of [AF_INET, AF_INET6]) {
    const ask = (writer: MessageWriter): void => {
      const header = writer.reserve(FIB_RULE_HDR_SIZE);
      writer.bytes[header] = family;
    };
    rtnl.dump(rt.RTM_GETRULE, ask, (message) => there.set(textOf(message), message));
  }
  for (const [text, message] of wanted) if (!there.has(text)) replay(rtnl, rt.RTM_NEWRULE, message, asItIs);
  for (const [text, message] of there) if (!wanted.has(text)) replay(rtnl, rt.RTM_DELRULE, message, asItIs);
}

/** What a message says, to be compared. */
function textOf({ bytes }: Message): string {
  return bytes.subarray(NLMSG_HDRLEN).join();
}

/** Sends them all, some of them more than once: one may go by way of another. */
function replayAll(rtnl: SyncNetlink, type: number, all: readonly Message[], patch: Patch): void {
  let left = all;
  for (let before = left.length + 1; left.length > 0 && left.length < before; ) {
    before = left.length;
    left = left.filter((message) => !replay(rtnl, type, message, patch));
  }
}

/** Makes a request of what is behind a message's header in a dump. */
type Patch = (payload: Uint8Array) => Uint8Array;

function asItIs(payload: Uint8Array): Uint8Array {
  return payload;
}

/** What an answer alone tells of a nexthop. */
const told: ReadonlySet<number> = new Set([nh.NHA_OP_FLAGS]);

/** A request says neither the scope nor what has become of the nexthop. */
function patchNexthop(payload: Uint8Array): Uint8Array {
  payload[nh.NHMSG_SCOPE] = 0;
  setU32(payload, nh.NHMSG_FLAGS, getU32(payload, nh.NHMSG_FLAGS) & rt.RTNH_F_ONLINK);
  return without(payload, nh.NHMSG_SIZE, told);
}

/** Nor does one for a route; one by a nexthop object does not repeat what that says. */
function patchRoute(payload: Uint8Array): Uint8Array {
  setU32(payload, rt.RTMSG_FLAGS, getU32(payload, rt.RTMSG_FLAGS) & rt.RTNH_F_ONLINK);
  const all = attributesOf(payload, rt.RTMSG_SIZE);
  for (const { type, start, end } of all) if (type === rt.RTA_MULTIPATH) patchHops(payload, start + 4, end);
  return all.some(({ type }) => type === rt.RTA_NH_ID) ? without(payload, rt.RTMSG_SIZE, repeated) : payload;
}

/** A payload less the attributes of some types. */
function without(payload: Uint8Array, headerSize: number, types: ReadonlySet<number>): Uint8Array {
  const writer = new MessageWriter(payload.length);
  writer.raw(payload.subarray(0, headerSize));
  for (const { type, start, end } of attributesOf(payload, headerSize)) {
    if (!types.has(type)) writer.raw(payload.subarray(start, end));
  }
  return writer.finish();
}

const repeated: ReadonlySet<number> = new Set([rt.RTA_OIF, rt.RTA_GATEWAY, rt.RTA_VIA, rt.RTA_MULTIPATH]);

function patchHops(payload: Uint8Array, start: number, end: number): void {
  for (let at = start; at + rt.RTNEXTHOP_SIZE <= end; ) {
    payload[at + rt.RTNEXTHOP_FLAGS] = (payload[at + rt.RTNEXTHOP_FLAGS] ?? 0) & rt.RTNH_F_ONLINK;
    at += Math.max(rt.RTNEXTHOP_SIZE, align4(getU16(payload, at + rt.RTNEXTHOP_LEN)));
  }
}

/** Where an attribute stands in a payload. */
interface Piece {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

function attributesOf(payload: Uint8Array, headerSize: number): Piece[] {
  const found: Piece[] = [];
  for (let start = headerSize; start + 4 <= payload.length; ) {
    const length = getU16(payload, start);
    if (length < 4) break;
    found.push({ type: getU16(payload, start + 2) & NLA_TYPE_MASK, start, end: start + length });
    start += align4(length);
  }
  return found;
}

/** Sends what a dump held as a request; false when it is refused. `patch` may change what is behind the message's header. */
function replay(rtnl: SyncNetlink, type: number, message: Message, patch: Patch): boolean {
  const payload = patch(message.bytes.slice(NLMSG_HDRLEN));
  try {
    rtnl.request(type, NLM_F_CREATE | NLM_F_REPLACE, (writer) => writer.raw(payload));
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return false;
  }
}

/** Asks for a dump, and gives its messages. */
type Dump = (type: number, headerSize: number) => Message[];

/** Lets `use` ask a namespace of the machine for dumps. */
function withDumps<Result>(machine: Machine, netns: Netns, use: (dump: Dump) => Result): Result {
  const session = machine.openSession({ pid: 1 });
  try {
    const socket = session.openRaw(netns, NETLINK_ROUTE);
    socket.setOption(NETLINK_GET_STRICT_CHK, 1);
    return use((type, headerSize) => {
      const writer = new MessageWriter().begin(type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0);
      writer.reserve(headerSize);
      socket.send(writer.end().finish());
      const found: Message[] = [];
      for (let got = socket.receive(); got !== undefined; got = socket.receive()) {
        for (const message of messages(got.bytes)) {
          if (message.type !== NLMSG_DONE && message.type !== NLMSG_ERROR) found.push(message);
        }
      }
      return found;
    });
  } finally {
    session.close();
  }
}

function addressFlags(message: Message): number {
  return (
    message.attribute(ifa.IFA_FLAGS, ifa.IFADDRMSG_SIZE)?.u32() ??
    message.bytes[NLMSG_HDRLEN + ifa.IFADDRMSG_FLAGS] ??
    0
  );
}

/** The flags of an address that are a user's to set. */
const userFlags =
  ifa.IFA_F_NODAD | ifa.IFA_F_HOMEADDRESS | ifa.IFA_F_MANAGETEMPADDR | ifa.IFA_F_NOPREFIXROUTE;

/** Leaves of an address's flags what a request may have, and adds some. */
function patchFlags(payload: Uint8Array, added: number): void {
  const header = payload[ifa.IFADDRMSG_FLAGS] ?? 0;
  payload[ifa.IFADDRMSG_FLAGS] = (header & userFlags & 0xff) | (added & 0xff);
  for (const { type, start } of attributesOf(payload, ifa.IFADDRMSG_SIZE)) {
    if (type === ifa.IFA_FLAGS) setU32(payload, start + 4, (getU32(payload, start + 4) & userFlags) | added);
  }
}

/**
 * Not one that the kernel gives a link of itself, but for a link-local one that is known to be nobody else's: the kernel would ask
 * for it anew, and the host could speak to no neighbour meanwhile.
 */
function isOwnAddress(message: Message): boolean {
  const protocol = message.attribute(ifa.IFA_PROTO, ifa.IFADDRMSG_SIZE)?.u8() ?? 0;
  if (protocol === ifa.IFAPROT_KERNEL_LL) return (addressFlags(message) & ifa.IFA_F_TENTATIVE) === 0;
  return protocol !== ifa.IFAPROT_KERNEL_LO;
}

/** Not one that comes with an address, nor one that has been learned for a while. */
function isOwnRoute({ bytes }: Message): boolean {
  const at = NLMSG_HDRLEN;
  const protocol = bytes[at + rt.RTMSG_PROTOCOL] ?? 0;
  if (protocol === rt.RTPROT_KERNEL || protocol === rt.RTPROT_REDIRECT) return false;
  return (bytes[at + rt.RTMSG_TABLE] ?? 0) !== rt.RT_TABLE_LOCAL;
}

function isOwnNeighbour({ bytes }: Message): boolean {
  const state = getU16(bytes, NLMSG_HDRLEN + nd.NDMSG_STATE);
  return (state & keptStates) !== 0;
}
