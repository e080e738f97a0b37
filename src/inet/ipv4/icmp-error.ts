// A host tells the sender of a packet what went wrong with it: at most so often, never about an error, a fragment that is
// not the first, or a packet to many (RFC 1122 3.2.2, RFC 1812 4.3.2).
//
// Mirrors net/ipv4/icmp.c (__icmp_send, icmpv4_xrlim_allow). Omitted: RFC 4884 extensions.

import type { Frame } from "../../net/netdevice.ts";
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED } from "../../uapi/icmp.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { IPPROTO_ICMP } from "../../uapi/in.ts";
import { RT_SCOPE_LINK, RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import { ICMP_SIZE, icmpType, isIcmpError, writeIcmp } from "../../wire/icmp.ts";
import {
  IPV4_SIZE,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4Tos,
} from "../../wire/ipv4.ts";
import { l3mdevIfindex } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { isIpv4Broadcast } from "./broadcast.ts";
import { echoOptions, ipSendOptions } from "./options-echo.ts";
import { Route4, routeOutput } from "./route.ts";
import { selectSource } from "./source.ts";

const MS = 1_000_000;
/** Every host takes packets of this size (RFC 1122 3.3.2); errors are no longer. */
const maxErrorSize = 576;
/** Errors have the precedence of routing (IPTOS_PREC_INTERNETCONTROL). */
const internetControl = 0xc0;
/** Says who has no address of his own (INADDR_DUMMY). */
const dummyAddress = 0xc000_0008;
/** Bits of the offending packet's TOS that its error has too. */
const tosMask = 0x1e;
/** The largest ICMP type there is (NR_ICMP_TYPES); unknown ones might be errors. */
const largestType = 18;

/**
 * Sends an ICMP error about `frame`, whose `networkHeader` is at its IPv4 header and which stays the caller's. `routeType` is
 * how the packet was routed, RTN_*: RTN_LOCAL when it was for this host. `info` is the message's second word.
 */
export function icmpSend(
  ip: IpNetns,
  frame: Frame,
  type: number,
  code: number,
  info: number,
  routeType: number,
): void {
  const { bytes, networkHeader } = frame;
  if (frame.packetType !== PACKET_HOST || !mayAnswer(frame, type, routeType)) return;
  const route = new Route4();
  const source = ipv4Source(bytes, networkHeader);
  const options = echoOptions(ip, frame);
  if (options === "invalid") return;
  route.flow.destination = options === null || options.firstHop === 0 ? source : options.firstHop;
  if (frame.dev !== null) route.flow.oif = l3mdevIfindex(frame.dev);
  route.flow.source = sourceFor(ip, frame, routeType);
  route.flow.tos = (ipv4Tos(bytes, networkHeader) & tosMask) | internetControl;
  if (source === 0 || !routeOutput(ip, route) || isIpv4Broadcast(route)) return;
  if (!isAllowed(ip, route, type, code)) return;
  // A host without an address answers all the same (RFC 7600 6).
  if (route.source === 0) route.source = dummyAddress;
  const optionsSize = options?.length ?? 0;
  const room = Math.min(route.mtu, maxErrorSize) - IPV4_SIZE - optionsSize - ICMP_SIZE;
  const size = Math.min(frame.end - networkHeader, room);
  const answer = frame.pool.alloc(optionsSize + ICMP_SIZE + size);
  if (answer === null || size <= 0) return;
  answer.start += optionsSize;
  bytes.copyWithin(answer.start + ICMP_SIZE, networkHeader, networkHeader + size);
  answer.end = answer.start + ICMP_SIZE + size;
  writeIcmp(bytes, answer.start, answer.end, type, code, info);
  const { tos } = route.flow;
  ipSendOptions(ip, answer, route, IPPROTO_ICMP, { ttl: ip.tunables.defaultTtl, tos, flags: 0 }, options);
}

/** Whether the packet is one that errors may be sent about. */
function mayAnswer(frame: Frame, type: number, routeType: number): boolean {
  const { bytes, end, networkHeader } = frame;
  if (routeType === RTN_BROADCAST || routeType === RTN_MULTICAST) return false;
  if (ipv4FragmentOffset(bytes, networkHeader) !== 0) return false;
  if (!isIcmpError(type) || ipv4Protocol(bytes, networkHeader) !== IPPROTO_ICMP) return true;
  const at = networkHeader + ipv4HeaderLength(bytes, networkHeader);
  if (at >= end) return false;
  const inner = icmpType(bytes, at);
  return inner <= largestType && !isIcmpError(inner);
}

/** The address to answer from: the one the packet was for, if it is ours; 0 for any. */
function sourceFor(ip: IpNetns, frame: Frame, routeType: number): number {
  if (routeType === RTN_LOCAL) return ipv4Destination(frame.bytes, frame.networkHeader);
  if (ip.tunables.icmpErrorsUseInboundIfaddr === 0) return 0;
  return selectSource(ip, frame.dev, ipv4Source(frame.bytes, frame.networkHeader), RT_SCOPE_LINK);
}

/** Whether the limits let another error go: in all, and to this destination. */
function isAllowed(ip: IpNetns, route: Route4, type: number, code: number): boolean {
  const { tunables, limits } = ip;
  if (type > largestType || (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED)) return true;
  if (((tunables.icmpRatemask >>> type) & 1) === 0) return true;
  if (route.dev !== null && (route.dev.flags & IFF_LOOPBACK) !== 0) return true;
  if (!limits.allowTo(route.flow.destination, tunables.icmpRatelimitMs * MS)) return false;
  return limits.allowAny(tunables.icmpMessagesPerSecond, tunables.icmpMessagesBurst);
}
