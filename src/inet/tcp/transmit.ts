// A segment is put together and leaves: payload, options, header, then IP. Its checksum is left to be made, and it may be larger
// than the path takes: whichever device cannot do with that has it mended.
//
// Mirrors net/ipv4/tcp_output.c (__tcp_transmit_skb, tcp_established_options, tcp_syn_options) and net/ipv4/ip_output.c
// (__ip_queue_xmit).

import { pseudoHeader4, pseudoHeader6 } from "../../bytes/checksum.ts";
import { getBe32, setBe16, setBe32 } from "../../bytes/endian.ts";
import { NETIF_F_GSO } from "../../net/features.ts";
import type { Frame } from "../../net/netdevice.ts";
import { CHECKSUM_PARTIAL, GSO_TCPV4, GSO_TCPV6 } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IPPROTO_TCP } from "../../uapi/in.ts";
import { IP_DF } from "../../wire/ipv4.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import { TCP_ACK, TCP_CWR, TCP_ECE, TCP_RST, TCP_SIZE, TCP_SYN } from "../../wire/tcp.ts";
import { TCPOPT_NOP, TCPOPT_SACK, TCPOPT_TIMESTAMP } from "../../wire/tcp-option.ts";
import type { ReplyOptions } from "../ipv4/options-echo.ts";
import { ipSendOptions } from "../ipv4/options-echo.ts";
import { ipSend } from "../ipv4/output.ts";
import { Route4, routeOutput } from "../ipv4/route.ts";
import { hopLimitOf } from "../ipv6/icmp-error.ts";
import { ip6Send } from "../ipv6/output.ts";
import { Route6, routeOutput6 } from "../ipv6/route.ts";
import type { IpNetns } from "../netns.ts";
import type { PacketKey } from "../rules/match.ts";
import { ipNetns } from "../slots.ts";
import { ECT_0 } from "./ecn.ts";
import type { EndpointPair } from "./endpoint.ts";
import { advertisedMss } from "./mtu.ts";
import { before } from "./sequence.ts";
import type { TcpSocket } from "./socket.ts";
import type { SynOffer } from "./syn-options.ts";
import { pushSynOptions } from "./syn-options.ts";
import { timestampAt } from "./timestamp.ts";
import { receiveWindow } from "./window.ts";

/** Room before the payload: an IPv6 header and a TCP header with all options. */
const headerRoom = IPV6_HEADER_SIZE + 60;
const timestampSize = 12;
/** The largest packet, its IP header counted where IP counts it. */
const largestPacket = 65_535;
const checksumOffset = 16;

/**
 * Sends the bytes from `sequence` on, none of them if `length` is 0, with `flags` beside ACK. Returns why it did not go, "" when
 * it went; what was sent is the caller's to note.
 */
export function transmit(
  socket: TcpSocket,
  sequence: number,
  length: number,
  flags: number,
  nowNs: number,
): ErrnoName | "" {
  const ip = ipNetns(socket.netns);
  const refused = findWay(ip, socket);
  if (refused !== "") return refused;
  const frame = ip.inet.machine.frames.alloc(headerRoom + length);
  if (frame === null) return "ENOBUFS";
  frame.start += headerRoom;
  frame.end = frame.start + length;
  if (length > 0) socket.sendQueue.copy(sequence, length, frame.start);
  const isMarkable = socket.isEcnOk && length > 0 && !before(sequence, socket.sndNxt);
  pushHeader(socket, frame, sequence, flags | ecnFlags(socket, flags, isMarkable), nowNs);
  if (length > socket.mss) {
    frame.gsoType = socket.isFour ? GSO_TCPV4 : GSO_TCPV6;
    frame.gsoSize = socket.mss;
    frame.gsoSegments = Math.ceil(length / socket.mss);
  }
  if ((flags & TCP_ACK) !== 0) noteAcknowledged(socket, length);
  return sendToPeer(ip, socket, frame, isMarkable ? ECT_0 : 0);
}

/** What a segment says of marks: that the window was cut, on new bytes alone; that there was one, on all (tcp_ecn_send). */
function ecnFlags(socket: TcpSocket, flags: number, isMarkable: boolean): number {
  if (!socket.isEcnOk || (flags & TCP_SYN) !== 0) return 0;
  let more = socket.isEchoDue ? TCP_ECE : 0;
  if (isMarkable && socket.isCwrDue) {
    socket.isCwrDue = false;
    more |= TCP_CWR;
  }
  return more;
}

/** Puts the header with its options in front of the payload. */
function pushHeader(socket: TcpSocket, frame: Frame, sequence: number, flags: number, nowNs: number): void {
  const { bytes } = frame;
  const isSyn = (flags & TCP_SYN) !== 0;
  const options = isSyn
    ? pushSynOptions(frame, ownOffer(socket), advertisedMss(socket), timestampAt(socket, nowNs))
    : pushOptions(socket, frame, nowNs);
  const at = frame.start - TCP_SIZE;
  const window = (flags & TCP_RST) !== 0 ? 0 : receiveWindow(socket);
  setBe32(bytes, at, socket.ports);
  setBe32(bytes, at + 4, sequence);
  setBe32(bytes, at + 8, (flags & TCP_ACK) !== 0 ? socket.rcvNxt : 0);
  bytes[at + 12] = (TCP_SIZE + options) << 2;
  bytes[at + 13] = flags;
  setBe16(bytes, at + 14, isSyn ? Math.min(window, 0xffff) : Math.min(window >>> socket.rcvScale, 0xffff));
  setBe16(bytes, at + 18, 0);
  frame.start = at;
}

/** What our SYN offers, whatever the peer has said meanwhile (tcp_syn_options). */
function ownOffer({ rcvScale, recentTimestamp, tunables }: TcpSocket): SynOffer {
  return {
    isSackOk: tunables.tcpSack !== 0,
    isTimestampOk: tunables.tcpTimestamps !== 0,
    isWindowScaleOk: tunables.tcpWindowScaling !== 0,
    rcvScale,
    recentTimestamp,
  };
}

/** Writes timestamps and what came early in front of the payload; returns how many bytes that took. */
function pushOptions(socket: TcpSocket, frame: Frame, nowNs: number): number {
  const { bytes } = frame;
  const isBare = frame.start === frame.end;
  const size = isBare && hasBlocks(socket) ? pushBlocks(socket, frame) : 0;
  if (!socket.isTimestampOk) return size;
  const at = frame.start - timestampSize;
  bytes[at] = TCPOPT_NOP;
  bytes[at + 1] = TCPOPT_NOP;
  bytes[at + 2] = TCPOPT_TIMESTAMP;
  bytes[at + 3] = 10;
  setBe32(bytes, at + 4, timestampAt(socket, nowNs));
  setBe32(bytes, at + 8, socket.recentTimestamp);
  frame.start = at;
  return size + timestampSize;
}

/** Whether there is something to report by SACK: only segments without bytes do, whose size does not matter. */
function hasBlocks(socket: TcpSocket): boolean {
  return socket.isSackOk && (socket.receiveQueue.early !== null || socket.hasDuplicate);
}

/** Writes SACK blocks: a duplicate first, then what came early, the latest first (RFC 2018 4, RFC 2883 4). */
function pushBlocks(socket: TcpSocket, frame: Frame): number {
  const most = socket.isTimestampOk ? 3 : 4;
  const { bytes } = frame;
  const duplicates = socket.hasDuplicate ? 1 : 0;
  const ranges = Math.min(most - duplicates, socket.receiveQueue.rangeCount);
  const count = duplicates + ranges;
  const at = frame.start - 4 - 8 * count;
  let next = at + 4;
  if (socket.hasDuplicate) {
    setBe32(bytes, next, socket.duplicateStart);
    setBe32(bytes, next + 4, socket.duplicateEnd);
    next += 8;
    socket.hasDuplicate = false;
  }
  let below = Number.POSITIVE_INFINITY;
  for (let left = ranges; left > 0; left--) {
    const range = socket.receiveQueue.latestBefore(below);
    if (range === null) break;
    setBe32(bytes, next, range.sequence);
    setBe32(bytes, next + 4, range.end);
    next += 8;
    below = range.stamp;
  }
  bytes[at] = TCPOPT_NOP;
  bytes[at + 1] = TCPOPT_NOP;
  bytes[at + 2] = TCPOPT_SACK;
  bytes[at + 3] = 2 + 8 * count;
  frame.start = at;
  return 4 + 8 * count;
}

/** An acknowledgement has gone, with `length` bytes: none is owed, unless there was more to say (tcp_event_ack_sent). */
function noteAcknowledged(socket: TcpSocket, length: number): void {
  socket.rcvWup = socket.rcvNxt;
  if (length > 0 && hasBlocks(socket)) return;
  socket.isAckPending = false;
  socket.isAckNow = false;
  if (socket.quickAcks > 0) socket.quickAcks--;
}

/** Hands the segment to IP. Takes ownership. */
function sendToPeer(ip: IpNetns, socket: TcpSocket, frame: Frame, ecn: number): ErrnoName | "" {
  const { route4, route6, ttl } = socket;
  const tos = socket.tos | ecn;
  if (socket.isFour) {
    if (route4 === null) return "ENETUNREACH";
    return sendSegment4(ip, frame, route4, tos, ttl < 0 ? ip.tunables.defaultTtl : ttl);
  }
  if (route6 === null) return "ENETUNREACH";
  return sendSegment6(ip, frame, route6, tos, ttl < 0 ? hopLimitOf(route6) : ttl);
}

/** Sends a segment, whose `start` is at its header, over IPv4, with options of IPv4 if there are. Takes ownership. */
export function sendSegment4(
  ip: IpNetns,
  frame: Frame,
  route: Route4,
  tos: number,
  ttl: number,
  options: ReplyOptions | null = null,
): ErrnoName | "" {
  const { source } = route;
  const length = frame.end - frame.start;
  const destination = options === null ? route.flow.destination : options.destination;
  leaveChecksum(frame, pseudoHeader4(source, destination, IPPROTO_TCP, length));
  if (options === null) return ipSend(ip, frame, route, IPPROTO_TCP, ttl, tos, IP_DF);
  return ipSendOptions(ip, frame, route, IPPROTO_TCP, { ttl, tos, flags: IP_DF }, options);
}

/** As sendSegment4, over IPv6. */
export function sendSegment6(
  ip: IpNetns,
  frame: Frame,
  route: Route6,
  tos: number,
  ttl: number,
): ErrnoName | "" {
  const { bytes } = frame;
  const at = frame.start - IPV6_HEADER_SIZE;
  bytes.set(route.source, at + IPV6_SOURCE);
  bytes.set(route.destination, at + IPV6_DESTINATION);
  leaveChecksum(frame, pseudoHeader6(bytes, at + IPV6_SOURCE, IPPROTO_TCP, frame.end - frame.start));
  return ip6Send(ip, frame, route, IPPROTO_TCP, ttl, tos);
}

function leaveChecksum(frame: Frame, pseudo: number): void {
  setBe16(frame.bytes, frame.start + checksumOffset, pseudo);
  frame.checksum = CHECKSUM_PARTIAL;
  frame.csumStart = frame.start;
  frame.csumOffset = checksumOffset;
}

/** Finds the way to the peer, unless it is known and the routes are as they were (inet_csk_rebuild_header, __sk_dst_check). */
export function findWay(ip: IpNetns, socket: TcpSocket): ErrnoName | "" {
  if (socket.routeGeneration === ip.routeGeneration) return "";
  const errno = socket.isFour ? findWay4(ip, socket) : findWay6(ip, socket);
  if (errno !== "") {
    socket.routeGeneration = -1;
    return errno;
  }
  socket.routeGeneration = ip.routeGeneration;
  const dev = socket.route4?.dev ?? socket.route6?.dev ?? null;
  socket.canSegment = dev !== null && (dev.features & NETIF_F_GSO) !== 0n;
  return "";
}

function findWay4(ip: IpNetns, socket: TcpSocket): ErrnoName | "" {
  const route = (socket.route4 ??= new Route4());
  fillRoute4(route, socket, socket.ifindex, socket.tos);
  return routeOutput(ip, route) ? "" : route.error;
}

function findWay6(ip: IpNetns, socket: TcpSocket): ErrnoName | "" {
  const route = (socket.route6 ??= new Route6());
  fillRoute6(route, socket, socket.ifindex, socket.tos);
  return routeOutput6(ip, route) ? "" : route.error;
}

/** Asks for the way between two ends over IPv4. */
export function fillRoute4(route: Route4, pair: EndpointPair, ifindex: number, tos: number): void {
  route.flow.destination = getBe32(pair.remote, 0);
  route.flow.source = getBe32(pair.local, 0);
  route.flow.oif = ifindex;
  route.flow.tos = tos;
  noteFlow(route.flow, pair.localPort, pair.remotePort);
}

/** Asks for the way between two ends over IPv6. */
export function fillRoute6(route: Route6, pair: EndpointPair, ifindex: number, tos: number): void {
  route.destination.set(pair.remote);
  route.source.set(pair.local);
  route.oif = ifindex;
  route.lookup.trafficClass = tos;
  noteFlow(route.lookup, pair.localPort, pair.remotePort);
}

/** What rules and hashes may ask of the flow. */
export function noteFlow(key: PacketKey, localPort: number, remotePort: number): void {
  key.protocol = IPPROTO_TCP;
  key.sport = localPort;
  key.dport = remotePort;
}

/** The largest payload a segment may have, large frames allowed or not. */
export function largestPayload(socket: TcpSocket): number {
  if (!socket.canSegment) return socket.mss;
  // As with one segment, no more than half of what the peer has ever had room for.
  const room = Math.min(largestPacket - IPV6_HEADER_SIZE - TCP_SIZE - 40, socket.maxWindow >> 1);
  return Math.max(Math.floor(room / socket.mss), 1) * socket.mss;
}
