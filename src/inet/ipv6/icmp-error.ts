// A host tells the sender of a packet what went wrong with it (RFC 4443 2.4): at most so often, never about an error or a
// redirect, nor a packet to many unless that says how large a packet may be or which option is unknown.
//
// Mirrors net/ipv6/icmp.c (icmp6_send, icmpv6_rt_has_prefsrc, icmpv6_xrlim_allow). Omitted: anycast destinations as sources, RFC 4884 extensions.

import { ipv6ToText, isIpv6LinkLocal, isIpv6Multicast, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import * as uapi from "../../uapi/icmpv6.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import * as conf from "../../uapi/ipv6.ts";
import * as snmp from "../../uapi/snmp.ts";
import { ICMPV6_SIZE, icmpv6Type, isIcmpv6Error, writeIcmpv6 } from "../../wire/icmpv6.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import { createExtensionWalk, fragmentPosition, walkIpv6Extensions } from "../../wire/ipv6-extension.ts";
import { ND_REDIRECT } from "../../wire/nd.ts";
import { l3mdevIfindex } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { hasUsableAddress } from "./address-find.ts";
import { In6Device } from "./device.ts";
import { ip6Send } from "./output.ts";
import { ownerOf, Route6, routeOutput6 } from "./route.ts";
import { selectSource6 } from "./source.ts";
import { countIcmp6 } from "./stats.ts";

const MS = 1_000_000;
/** An error is no larger than a packet that every link carries. */
const maxErrorSize = 1_280;
const defaultHopLimit = 64;
/** RFC 4443 2.4 (e.3): these may be about packets to many. */
const unknownOption = uapi.ICMPV6_UNK_OPTION;

/**
 * Sends an ICMPv6 error about `frame`, whose `networkHeader` is at its IPv6 header and which stays the caller's. `info` is the
 * message's second word: an MTU or a pointer.
 */
export function icmp6Send(ip: IpNetns, frame: Frame, type: number, code: number, info: number): void {
  const { bytes, dev, end, networkHeader } = frame;
  if (dev === null || end - networkHeader < IPV6_HEADER_SIZE || !mayAnswer(frame, type, code)) return;
  const route = new Route6();
  route.destination.set(bytes.subarray(networkHeader + IPV6_SOURCE, networkHeader + IPV6_DESTINATION));
  const destination = networkHeader + IPV6_DESTINATION;
  if (hasUsableAddress(ip, bytes, destination, dev))
    route.source.set(bytes.subarray(destination, destination + 16));
  route.oif = l3mdevIfindex(dev);
  if (isIpv6LinkLocal(route.destination)) route.oif = ownerOf(ip, dev, bytes, destination).ifindex;
  const input = ip.netns.devices.get(frame.iif);
  if (input !== undefined && isIpv6Unspecified(route.source)) setIncomingSource(ip, route, input);
  if (!routeOutput6(ip, route) || route.dev === null || !isAllowed6(ip, route, type)) return;
  const size = Math.min(end - networkHeader, maxErrorSize - IPV6_HEADER_SIZE - ICMPV6_SIZE);
  const answer = frame.pool.alloc(IPV6_HEADER_SIZE + ICMPV6_SIZE + size);
  if (answer === null) return;
  answer.start += IPV6_HEADER_SIZE;
  answer.end = answer.start + ICMPV6_SIZE + size;
  bytes.copyWithin(answer.start + ICMPV6_SIZE, networkHeader, networkHeader + size);
  sendIcmp6(ip, answer, route, { type, code, info, hopLimit: hopLimitOf(route), trafficClass: 0 });
}

/** Speaks from where the packet came in, which says more than where the error goes out, unless the route prefers a source. */
function setIncomingSource(ip: IpNetns, { destination, source, oif }: Route6, dev: Device): void {
  const way = new Route6();
  way.destination.set(destination);
  way.oif = oif;
  if (!routeOutput6(ip, way) || way.route?.prefsrc != null) return;
  const own = selectSource6(ip, dev, destination);
  if (own !== undefined) source.set(own);
}

/** An ICMPv6 message of this host. */
export interface Icmp6Message {
  readonly type: number;
  readonly code: number;
  readonly info: number;
  readonly hopLimit: number;
  readonly trafficClass: number;
}

/** Sends a message whose place for the ICMPv6 header is at `frame.start`, with its payload behind. Takes ownership. */
export function sendIcmp6(ip: IpNetns, frame: Frame, route: Route6, message: Icmp6Message) {
  const { bytes, end, start } = frame;
  const header = start - IPV6_HEADER_SIZE;
  // The checksum covers the addresses, which the header will have.
  bytes.set(route.source, header + IPV6_SOURCE);
  bytes.set(route.destination, header + IPV6_DESTINATION);
  writeIcmpv6(bytes, start, end, header, message.type, message.code, message.info);
  if (route.dev !== null) countIcmp6(route.dev, snmp.ICMP6_MIB_OUTMSGS);
  const { hopLimit, trafficClass } = message;
  return ip6Send(ip, frame, route, IPPROTO_ICMPV6, hopLimit, trafficClass);
}

/** The hop limit of packets by a device (ip6_dst_hoplimit). */
export function hopLimitOf({ route }: Route6): number {
  const slot = route?.dev?.ip6;
  return slot instanceof In6Device ? slot.conf.get(conf.DEVCONF_HOPLIMIT) : defaultHopLimit;
}

/** Whether the packet is one that errors may be sent about. */
function mayAnswer(frame: Frame, type: number, code: number): boolean {
  const { bytes, end, networkHeader, packetType } = frame;
  const source = networkHeader + IPV6_SOURCE;
  const isToMany = isIpv6Multicast(bytes, networkHeader + IPV6_DESTINATION) || packetType !== PACKET_HOST;
  const isAllowedToMany =
    type === uapi.ICMPV6_PKT_TOOBIG || (type === uapi.ICMPV6_PARAMPROB && code === unknownOption);
  if (isToMany && !isAllowedToMany) return false;
  if (isIpv6Unspecified(bytes, source) || isIpv6Multicast(bytes, source)) return false;
  return !isAboutError(bytes, networkHeader, end);
}

/** Whether the packet is an error or a redirect itself, or what is left of one (is_ineligible). */
function isAboutError(bytes: Uint8Array, at: number, end: number): boolean {
  const walk = createExtensionWalk();
  if (!walkIpv6Extensions(bytes, at, end, walk)) return true;
  if (walk.fragmentOffset !== 0 && fragmentPosition(bytes, walk.fragmentOffset) !== 0) return false;
  if (walk.protocol !== IPPROTO_ICMPV6) return false;
  if (walk.offset >= end) return true;
  const type = icmpv6Type(bytes, walk.offset);
  return isIcmpv6Error(type) || type === ND_REDIRECT;
}

/** Whether the limits let another message go: in all, and to this destination. */
function isAllowed6(ip: IpNetns, { destination, dev, route }: Route6, type: number): boolean {
  const { limits, tunables } = ip;
  if (!isIcmpv6Error(type) || type === uapi.ICMPV6_PKT_TOOBIG) return true;
  if (dev !== null && (dev.flags & IFF_LOOPBACK) !== 0) return true;
  // The larger the network behind the route, the more may be told to it.
  const share = route === null ? 0 : (128 - route.prefixLength) >> 5;
  const intervalNs = (tunables.icmp6RatelimitMs * MS) / 2 ** share;
  if (!limits.allowTo(ipv6ToText(destination), intervalNs)) return false;
  return limits.allowAny(tunables.icmpMessagesPerSecond, tunables.icmpMessagesBurst);
}
