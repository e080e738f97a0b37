// What a namespace has of addresses, routes, neighbours and rules when it turns native: asked of the machine as any client
// would ask, and told to the kernel in an order in which one thing finds what it needs.
//
// Left out is what the kernel makes by itself: addresses of the link, routes of addresses, neighbours of the moment.

import { getU16, getU32, setU32 } from "../../../bytes/endian.ts";
import type { Machine } from "../../../index.ts";
import type { Netns } from "../../../net/netdevice.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { Message } from "../../../netlink/message.ts";
import { messages, NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { MessageWriter } from "../../../netlink/writer.ts";
import * as ifa from "../../../uapi/if_addr.ts";
import * as nd from "../../../uapi/neighbour.ts";
import {
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "../../../uapi/netlink.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET6 } from "../../../uapi/socket.ts";
import type { SyncNetlink } from "./sync-netlink.ts";

/** What was there, as messages of RTM_NEW*. */
export interface Snapshot {
  readonly addresses: readonly Message[];
  readonly routes: readonly Message[];
  readonly neighbours: readonly Message[];
}

/** States of neighbours that are worth taking along. */
const keptStates = nd.NUD_PERMANENT | nd.NUD_REACHABLE | nd.NUD_STALE | nd.NUD_DELAY | nd.NUD_PROBE;

/** Reads it. */
export function takeSnapshot(machine: Machine, netns: Netns): Snapshot {
  const dump = (type: number, headerSize: number): Message[] => dumpOf(machine, netns, type, headerSize);
  return {
    addresses: dump(rt.RTM_GETADDR, ifa.IFADDRMSG_SIZE).filter(isOwnAddress),
    routes: dump(rt.RTM_GETROUTE, rt.RTMSG_SIZE).filter(isOwnRoute),
    neighbours: dump(rt.RTM_GETNEIGH, nd.NDMSG_SIZE).filter(isOwnNeighbour),
  };
}

/** Tells the kernel the addresses; before links come up, so that what hangs on both comes of itself. */
export function moveAddresses({ addresses }: Snapshot, rtnl: SyncNetlink): void {
  for (const message of addresses) {
    replay(rtnl, rt.RTM_NEWADDR, message, (bytes) => {
      // It is known to be nobody else's: the kernel need not ask again.
      const flags = ifa.IFA_F_NODAD;
      const isChecked = bytes[0] === AF_INET6 && (addressFlags(message) & ifa.IFA_F_TENTATIVE) === 0;
      patchFlags(bytes, isChecked ? flags : 0);
    });
  }
}

/** Tells it the rest, with the links up; routes by way of others may have to be told twice. */
export function moveRoutes({ routes, neighbours }: Snapshot, rtnl: SyncNetlink): void {
  let left = routes;
  for (let before = left.length + 1; left.length > 0 && left.length < before; ) {
    before = left.length;
    left = left.filter((message) => !replay(rtnl, rt.RTM_NEWROUTE, message, () => {}));
  }
  for (const message of neighbours) replay(rtnl, rt.RTM_NEWNEIGH, message, () => {});
}

/** Sends what a dump held as a request; false when it is refused. `patch` may change what is behind the message's header. */
function replay(
  rtnl: SyncNetlink,
  type: number,
  message: Message,
  patch: (payload: Uint8Array) => void,
): boolean {
  const payload = message.bytes.slice(NLMSG_HDRLEN);
  patch(payload);
  try {
    rtnl.request(type, NLM_F_CREATE | NLM_F_REPLACE, (writer) => writer.raw(payload));
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return false;
  }
}

function dumpOf(machine: Machine, netns: Netns, type: number, headerSize: number): Message[] {
  const session = machine.openSession({ pid: 1 });
  const socket = session.openRaw(netns, NETLINK_ROUTE);
  const found: Message[] = [];
  try {
    socket.setOption(NETLINK_GET_STRICT_CHK, 1);
    const writer = new MessageWriter().begin(type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0);
    writer.reserve(headerSize);
    socket.send(writer.end().finish());
    for (let got = socket.receive(); got !== undefined; got = socket.receive()) {
      for (const message of messages(got.bytes)) {
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) return found;
        found.push(message);
      }
    }
    return found;
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
  for (let at = ifa.IFADDRMSG_SIZE; at + 4 <= payload.length; ) {
    const length = getU16(payload, at);
    if (length < 4) return;
    if (getU16(payload, at + 2) === ifa.IFA_FLAGS) {
      setU32(payload, at + 4, (getU32(payload, at + 4) & userFlags) | added);
    }
    at += (length + 3) & ~3;
  }
}

/** Not one that the kernel gives a link of itself. */
function isOwnAddress(message: Message): boolean {
  const protocol = message.attribute(ifa.IFA_PROTO, ifa.IFADDRMSG_SIZE)?.u8() ?? 0;
  return protocol !== ifa.IFAPROT_KERNEL_LL && protocol !== ifa.IFAPROT_KERNEL_LO;
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
