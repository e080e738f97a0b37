// The socket options of a program's netlink socket that are not the system's to keep.
//
// Mirrors netlink_setsockopt and netlink_getsockopt of net/netlink/af_netlink.c, sk_setsockopt of net/core/sock.c for the
// size of the receive queue.

import { readFileSync } from "node:fs";
import type { NetlinkSession } from "../index.ts";
import { NetlinkError } from "../netlink/error.ts";
import * as nl from "../uapi/netlink.ts";
import {
  AF_NETLINK,
  SO_DOMAIN,
  SO_ERROR,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_TYPE,
  SOL_NETLINK,
  SOL_SOCKET,
} from "../uapi/socket.ts";
import { wordBytes } from "./seqpacket-protocol.ts";

type RawSocket = ReturnType<NetlinkSession["openRaw"]>;

/** SOCK_MIN_RCVBUF. */
const SMALLEST_RECEIVE_BUFFER = 2_304;
/** The most that SO_RCVBUFFORCE gives, doubled as always. */
const LARGEST_FORCED = 32 * 1024 * 1024;

/** Sets an option; NetlinkError (ENOPROTOOPT, EINVAL, …) when it cannot be. SO_RCVBUF gives `largestBuffer` at most. */
export function setOption(
  socket: RawSocket,
  level: number,
  option: number,
  value: number,
  largestBuffer: number,
): void {
  if (level === SOL_NETLINK) return socket.setOption(option, value);
  if (level !== SOL_SOCKET) throw new NetlinkError("ENOPROTOOPT");
  switch (option) {
    case SO_RCVBUF:
      socket.receiveBuffer = doubled(Math.min(value, largestBuffer));
      return;
    case SO_RCVBUFFORCE:
      if (!socket.session.isAdmin(socket.netns)) throw new NetlinkError("EPERM");
      socket.receiveBuffer = doubled(Math.min(value, LARGEST_FORCED));
      return;
    default:
      throw new NetlinkError("ENOPROTOOPT");
  }
}

/** An option's value; NetlinkError (ENOPROTOOPT) for an unknown one. `type` is the socket's. */
export function getOption(socket: RawSocket, type: number, level: number, option: number): Uint8Array {
  if (level === SOL_NETLINK) return getNetlinkOption(socket, option);
  switch (option) {
    case SO_ERROR:
      return wordBytes(socket.takeError());
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
      return wordBytes(socket.receiveBuffer);
    case SO_TYPE:
      return wordBytes(type);
    case SO_DOMAIN:
      return wordBytes(AF_NETLINK);
    case SO_PROTOCOL:
      return wordBytes(socket.protocolNumber);
    default:
      throw new NetlinkError("ENOPROTOOPT");
  }
}

function getNetlinkOption(socket: RawSocket, option: number): Uint8Array {
  switch (option) {
    case nl.NETLINK_PKTINFO:
      return wordBytes(Number(socket.wantsPacketInfo));
    case nl.NETLINK_NO_ENOBUFS:
      return wordBytes(Number(socket.ignoresOverrun));
    case nl.NETLINK_BROADCAST_ERROR:
      return wordBytes(Number(socket.wantsBroadcastErrors));
    case nl.NETLINK_LISTEN_ALL_NSID:
      return wordBytes(Number(socket.listensToAll));
    case nl.NETLINK_CAP_ACK:
      return wordBytes(Number(socket.hasCappedAck));
    case nl.NETLINK_EXT_ACK:
      return wordBytes(Number(socket.hasExtendedAck));
    case nl.NETLINK_GET_STRICT_CHK:
      return wordBytes(Number(socket.isStrict));
    case nl.NETLINK_LIST_MEMBERSHIPS:
      return memberships(socket);
    default:
      throw new NetlinkError("ENOPROTOOPT");
  }
}

/** Groups as a bitmap of u32, as long as it takes for all groups of the protocol. */
function memberships(socket: RawSocket): Uint8Array {
  const words: number[] = new Array(Math.ceil(socket.protocol.groups / 32)).fill(0);
  for (const group of socket.groups) {
    const index = (group - 1) >> 5;
    words[index] = ((words[index] ?? 0) | (1 << ((group - 1) & 31))) >>> 0;
  }
  return wordBytes(...words);
}

function doubled(bytes: number): number {
  return Math.max(2 * bytes, SMALLEST_RECEIVE_BUFFER);
}

/** net.core.rmem_max of this system, as a program would find it. */
export function largestReceiveBuffer(): number {
  try {
    return Number(readFileSync("/proc/sys/net/core/rmem_max", "utf8"));
  } catch {
    return 212_992;
  }
}
