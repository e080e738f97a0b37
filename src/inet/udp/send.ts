// A datagram leaves: the way is found, header and checksum are put in front, and IP has it. Checksums are left to be made
// where a device asks for it.
//
// Mirrors net/ipv4/udp.c (udp_sendmsg, udp_send_skb), net/ipv6/udp.c (udpv6_sendmsg) and net/ipv4/udp_tunnel_core.c
// (udp_tunnel_xmit_skb). Omitted: corking, UDP_SEGMENT.

import { pseudoHeader4, pseudoHeader6 } from "../../bytes/checksum.ts";
import { getBe32, setBe16 } from "../../bytes/endian.ts";
import { isIpv6LinkLocal, isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE, CHECKSUM_PARTIAL } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IPPROTO_UDP } from "../../uapi/in.ts";
import { RTN_BROADCAST, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { IP_DF, IPV4_SIZE } from "../../wire/ipv4.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import { UDP_SIZE } from "../../wire/udp.ts";
import { isAnyAddress } from "../address.ts";
import { ipSend } from "../ipv4/output.ts";
import { Route4, routeOutput } from "../ipv4/route.ts";
import { hopLimitOf } from "../ipv6/icmp-error.ts";
import { ip6Send } from "../ipv6/output.ts";
import { Route6, routeOutput6 } from "../ipv6/route.ts";
import type { IpNetns } from "../netns.ts";
import type { PacketKey } from "../rules/match.ts";
import { ipNetns } from "../slots.ts";
import { autobindUdp } from "./bind.ts";
import type { UdpSocket } from "./socket.ts";

/** The longest payload: what a packet can hold beside its headers. */
const maxPayload4 = 0xffff - IPV4_SIZE - UDP_SIZE;
const maxPayload6 = 0xffff - UDP_SIZE;
const checksumOffset = 6;
const loopback6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Where a datagram goes; `ifindex` 0 for any way. */
export interface UdpDestination {
  readonly address: Uint8Array;
  readonly port: number;
  readonly ifindex: number;
}

/** What a datagram says beside its addresses. */
export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly ttl: number;
  readonly tos: number;
  /** IP_DF or 0; of no meaning over IPv6. */
  readonly fragment: number;
  /** Goes without a checksum. */
  readonly omitsChecksum: boolean;
}

/** Sends a datagram to `to`, or to the socket's correspondent; returns why it did not go, "" when it went. */
export function udpSend(socket: UdpSocket, payload: Uint8Array, to: UdpDestination | null): ErrnoName | "" {
  if (socket.isClosed) return "EBADF";
  const { error } = socket;
  socket.error = "";
  if (error !== "") return error;
  const address = to?.address ?? socket.remote;
  const port = to?.port ?? socket.remotePort;
  if (address === null) return "EDESTADDRREQ";
  if (port === 0) return "EINVAL";
  if (address.length === 16 && socket.family !== AF_INET6) return "EAFNOSUPPORT";
  if (address.length === 4 && socket.isV6Only) return "ENETUNREACH";
  if (socket.localPort === 0) {
    const refused = autobindUdp(socket);
    if (refused !== "") return refused;
  }
  const ifindex = socket.ifindex !== 0 ? socket.ifindex : (to?.ifindex ?? 0);
  const ip = ipNetns(socket.netns);
  return address.length === 4
    ? send4(ip, socket, payload, { address, port, ifindex })
    : send6(ip, socket, payload, { address, port, ifindex });
}

function send4(ip: IpNetns, socket: UdpSocket, payload: Uint8Array, to: UdpDestination): ErrnoName | "" {
  if (payload.length > maxPayload4) return "EMSGSIZE";
  const error = wayTo4(ip, socket, to);
  const route = socket.route4;
  if (error !== "" || route === null) return error === "" ? "ENETUNREACH" : error;
  if (route.type === RTN_BROADCAST && !socket.isBroadcast) return "EACCES";
  const frame = frameOf(ip, payload);
  if (frame === null) return "ENOBUFS";
  const ttl = socket.ttl < 0 ? ip.tunables.defaultTtl : socket.ttl;
  return udpXmit4(ip, frame, route, {
    sourcePort: socket.localPort,
    destinationPort: to.port,
    ttl: route.type === RTN_MULTICAST ? socket.multicastTtl : ttl,
    tos: socket.tos,
    fragment: payload.length + UDP_SIZE + IPV4_SIZE <= route.mtu ? IP_DF : 0,
    omitsChecksum: socket.omitsChecksum,
  });
}

/** Finds the way from a socket to an address; the socket's `route4` holds it. */
export function wayTo4(ip: IpNetns, socket: UdpSocket, to: UdpDestination): ErrnoName | "" {
  const { address, ifindex } = to;
  const route = (socket.route4 ??= new Route4());
  const destination = getBe32(address, 0);
  const isGroup = destination >>> 28 === 0xe;
  route.flow.destination = destination;
  route.flow.source = socket.local?.length === 4 ? getBe32(socket.local, 0) : 0;
  // A VRF is no link that a group could be on.
  const isOnLink = ifindex !== 0 && (ip.netns.devices.get(ifindex)?.l3mdevTable ?? 0) === 0;
  route.flow.oif = isGroup && !isOnLink ? socket.multicastIfindex : ifindex;
  route.flow.tos = socket.tos;
  noteFlow(route.flow, socket, to);
  if (!routeOutput(ip, route)) return route.error;
  if (!socket.multicastLoop && route.type === RTN_MULTICAST) route.isLocal = false;
  return "";
}

function send6(ip: IpNetns, socket: UdpSocket, payload: Uint8Array, to: UdpDestination): ErrnoName | "" {
  if (payload.length > maxPayload6) return "EMSGSIZE";
  const error = wayTo6(ip, socket, to);
  const route = socket.route6;
  if (error !== "" || route === null) return error === "" ? "ENETUNREACH" : error;
  const frame = frameOf(ip, payload);
  if (frame === null) return "ENOBUFS";
  const ttl = socket.ttl < 0 ? hopLimitOf(route) : socket.ttl;
  return udpXmit6(ip, frame, route, {
    sourcePort: socket.localPort,
    destinationPort: to.port,
    ttl: isIpv6Multicast(route.destination) ? socket.multicastTtl : ttl,
    tos: socket.tos,
    fragment: 0,
    omitsChecksum: false,
  });
}

/** As wayTo4, for `route6`. */
export function wayTo6(ip: IpNetns, socket: UdpSocket, to: UdpDestination): ErrnoName | "" {
  const { address, ifindex } = to;
  const route = (socket.route6 ??= new Route6());
  const isGroup = isIpv6Multicast(address);
  const oif = isGroup && ifindex === 0 ? socket.multicastIfindex : ifindex;
  if (isIpv6LinkLocal(address) && oif === 0) return "EINVAL";
  route.destination.set(isAnyAddress(address) ? loopback6 : address);
  if (socket.local?.length === 16) route.source.set(socket.local);
  else route.source.fill(0);
  route.oif = oif;
  route.lookup.trafficClass = socket.tos;
  noteFlow(route.lookup, socket, to);
  route.loopsBack = socket.multicastLoop;
  return routeOutput6(ip, route) ? "" : route.error;
}

/** What rules and hashes may ask of the flow. */
function noteFlow(key: PacketKey, socket: UdpSocket, to: UdpDestination): void {
  key.protocol = IPPROTO_UDP;
  key.sport = socket.localPort;
  key.dport = to.port;
}

/** A frame with a copy of the payload, and room for all headers before it. */
function frameOf(ip: IpNetns, payload: Uint8Array): Frame | null {
  const headers = UDP_SIZE + IPV6_HEADER_SIZE;
  const frame = ip.inet.machine.frames.alloc(headers + payload.length);
  if (frame === null) return null;
  frame.start += headers;
  frame.end = frame.start + payload.length;
  frame.bytes.set(payload, frame.start);
  return frame;
}

/**
 * Puts a UDP header in front of a payload, which `frame.start` is at, and sends it the way `route` found, from `route.source`.
 * Takes ownership. Returns why it did not go, "" when it went.
 */
export function udpXmit4(ip: IpNetns, frame: Frame, route: Route4, header: UdpHeader): ErrnoName | "" {
  if (!frame.pool.writable(frame)) {
    drop(frame, "no-memory");
    return "ENOBUFS";
  }
  const length = pushHeader(frame, header);
  if (header.omitsChecksum) frame.checksum = CHECKSUM_NONE;
  else leaveChecksum(frame, pseudoHeader4(route.source, route.flow.destination, IPPROTO_UDP, length));
  const { fragment, tos, ttl } = header;
  return ipSend(ip, frame, route, IPPROTO_UDP, ttl, tos, fragment);
}

/** As udpXmit4, over IPv6. */
export function udpXmit6(ip: IpNetns, frame: Frame, route: Route6, header: UdpHeader): ErrnoName | "" {
  if (!frame.pool.writable(frame)) {
    drop(frame, "no-memory");
    return "ENOBUFS";
  }
  const { bytes } = frame;
  const length = pushHeader(frame, header);
  const at = frame.start - IPV6_HEADER_SIZE;
  bytes.set(route.source, at + IPV6_SOURCE);
  bytes.set(route.destination, at + IPV6_DESTINATION);
  if (header.omitsChecksum) frame.checksum = CHECKSUM_NONE;
  else leaveChecksum(frame, pseudoHeader6(bytes, at + IPV6_SOURCE, IPPROTO_UDP, length));
  const { tos, ttl } = header;
  return ip6Send(ip, frame, route, IPPROTO_UDP, ttl, tos);
}

function pushHeader(frame: Frame, header: UdpHeader): number {
  const { bytes } = frame;
  const at = frame.start - UDP_SIZE;
  const length = frame.end - at;
  setBe16(bytes, at, header.sourcePort);
  setBe16(bytes, at + 2, header.destinationPort);
  setBe16(bytes, at + 4, length);
  setBe16(bytes, at + checksumOffset, 0);
  frame.start = at;
  return length;
}

/** The checksum is left to be made over what the pseudo header adds up to. */
function leaveChecksum(frame: Frame, pseudo: number): void {
  setBe16(frame.bytes, frame.start + checksumOffset, pseudo);
  frame.checksum = CHECKSUM_PARTIAL;
  frame.csumStart = frame.start;
  frame.csumOffset = checksumOffset;
}
