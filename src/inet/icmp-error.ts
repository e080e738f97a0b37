// What ICMP errors mean to a socket, and what a protocol is told of one.
//
// Mirrors net/ipv4/icmp.c (icmp_err_convert) and net/ipv6/icmp.c (tab_unreach, icmpv6_err_convert).

import type { Netns } from "../net/netdevice.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import * as icmp from "../uapi/icmp.ts";
import * as icmp6 from "../uapi/icmpv6.ts";

/** An error about a packet that this host sent. Offsets are into `bytes`, which are valid during the call only. */
export interface IcmpError {
  readonly bytes: Uint8Array;
  /** The header of the packet at fault, and what it carried, of which 8 bytes are there at least. */
  readonly networkHeader: number;
  readonly transportHeader: number;
  readonly end: number;
  /** ICMP's or ICMPv6's. */
  readonly type: number;
  readonly code: number;
  /** The second word: the next hop's MTU, or a pointer. */
  readonly info: number;
  /** The device the error came in on. */
  readonly ifindex: number;
}

/** A protocol's part of an error (net_protocol.err_handler): whether the packet at fault is one of its own. */
export type ErrorHandler = (netns: Netns, error: IcmpError) => boolean;

/** What an error is to a socket: its errno, and whether it is final. */
export interface SocketError {
  readonly errno: ErrnoName;
  readonly isFatal: boolean;
}

/** By code of ICMP_DEST_UNREACH. */
const unreachable4: readonly SocketError[] = [
  { errno: "ENETUNREACH", isFatal: false },
  { errno: "EHOSTUNREACH", isFatal: false },
  { errno: "ENOPROTOOPT", isFatal: true },
  { errno: "ECONNREFUSED", isFatal: true },
  { errno: "EMSGSIZE", isFatal: false },
  { errno: "EOPNOTSUPP", isFatal: false },
  { errno: "ENETUNREACH", isFatal: true },
  { errno: "EHOSTDOWN", isFatal: true },
  { errno: "ENONET", isFatal: true },
  { errno: "ENETUNREACH", isFatal: true },
  { errno: "EHOSTUNREACH", isFatal: true },
  { errno: "ENETUNREACH", isFatal: false },
  { errno: "EHOSTUNREACH", isFatal: false },
  { errno: "EHOSTUNREACH", isFatal: true },
  { errno: "EHOSTUNREACH", isFatal: true },
  { errno: "EHOSTUNREACH", isFatal: true },
];

/** By code of ICMPV6_DEST_UNREACH. */
const unreachable6: readonly SocketError[] = [
  { errno: "ENETUNREACH", isFatal: false },
  { errno: "EACCES", isFatal: true },
  { errno: "EHOSTUNREACH", isFatal: false },
  { errno: "EHOSTUNREACH", isFatal: false },
  { errno: "ECONNREFUSED", isFatal: true },
  { errno: "EACCES", isFatal: true },
  { errno: "EACCES", isFatal: true },
];

const unreachable: SocketError = { errno: "EHOSTUNREACH", isFatal: false };
const protocolError: SocketError = { errno: "EPROTO", isFatal: true };

/** What an error of ICMP means; null for those no socket is told of. */
export function socketError4(type: number, code: number): SocketError | null {
  if (type === icmp.ICMP_DEST_UNREACH) return unreachable4[code] ?? unreachable;
  if (type === icmp.ICMP_TIME_EXCEEDED) return unreachable;
  return type === icmp.ICMP_PARAMETERPROB ? protocolError : null;
}

/** What an error of ICMPv6 means; null for those no socket is told of. */
export function socketError6(type: number, code: number): SocketError | null {
  if (type === icmp6.ICMPV6_DEST_UNREACH) return unreachable6[code] ?? protocolError;
  if (type === icmp6.ICMPV6_PKT_TOOBIG) return { errno: "EMSGSIZE", isFatal: false };
  if (type === icmp6.ICMPV6_TIME_EXCEED) return unreachable;
  return type === icmp6.ICMPV6_PARAMPROB ? protocolError : null;
}
