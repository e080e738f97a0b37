// ICMP messages to this host: echoes are answered, answers and errors go to whoever waits for them.
//
// Mirrors net/ipv4/icmp.c (icmp_rcv, icmp_echo, icmp_timestamp, icmp_reply, icmp_unreach) and net/ipv4/ping.c (ping_rcv, ping_err).
// Omitted: extended echo.

import { checksumAdd } from "../../bytes/checksum.ts";
import { getBe32, setBe32 } from "../../bytes/endian.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import * as uapi from "../../uapi/icmp.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { IPPROTO_ICMP } from "../../uapi/in.ts";
import { AF_INET } from "../../uapi/socket.ts";
import * as wire from "../../wire/icmp.ts";
import {
  IPV4_SIZE,
  ipv4Destination,
  ipv4FragmentOffset,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4Tos,
  ipv4Ttl,
} from "../../wire/ipv4.ts";
import type { ErrorHandler } from "../icmp-error.ts";
import { l3mdevIfindex } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { readPassingEcho } from "../passing-echo.ts";
import { ipNetns } from "../slots.ts";
import { isIpv4Broadcast } from "./broadcast.ts";
import { millisecondsOfDay } from "./options.ts";
import type { ReplyOptions } from "./options-echo.ts";
import { echoOptions, ipSendOptions } from "./options-echo.ts";
import { takeRedirect } from "./redirect.ts";
import { Route4, routeOutput } from "./route.ts";

/** A message that asks for the time: three times of four bytes each, in milliseconds since midnight UT. */
const timestampSize = wire.ICMP_SIZE + 12;

/** Takes a message, whose `start` is at its ICMP header (icmp_rcv). */
export function icmpReceive(frame: Frame, dev: Device): void {
  const { bytes, start, end } = frame;
  if (end - start < wire.ICMP_SIZE) return drop(frame, "bad-header");
  if (frame.checksum === CHECKSUM_NONE && checksumAdd(bytes, start, end) !== 0xffff)
    return drop(frame, "bad-checksum");
  const ip = ipNetns(dev.netns);
  switch (wire.icmpType(bytes, start)) {
    case uapi.ICMP_TIMESTAMP:
      if (end - start < wire.ICMP_SIZE + 4) return drop(frame, "bad-header");
      return timestamp(ip, frame, dev);
    case uapi.ICMP_ECHO:
      return echo(ip, frame, dev);
    case uapi.ICMP_ECHOREPLY:
      return echoReply(ip, frame);
    case uapi.ICMP_DEST_UNREACH:
    case uapi.ICMP_TIME_EXCEEDED:
    case uapi.ICMP_PARAMETERPROB:
    case uapi.ICMP_REDIRECT:
      return error(ip, frame);
    default:
      return drop(frame, "unhandled-protocol");
  }
}

/** Answers an echo request, from the address it was sent to; those to many are left unanswered unless told otherwise. */
function echo(ip: IpNetns, frame: Frame, dev: Device): void {
  if (ip.takePassingEcho !== null && frame.packetType === PACKET_HOST) {
    if (ip.takePassingEcho(readPassingEcho(frame, AF_INET))) return frame.pool.free(frame);
  }
  const options = echoOptions(ip, frame);
  if (options === "invalid") return drop(frame, "bad-header");
  const route = ip.tunables.icmpEchoIgnoreAll === 0 ? wayBack(ip, frame, dev, options) : null;
  if (route === null) return drop(frame, "filtered");
  if (!frame.pool.writable(frame)) return drop(frame, "no-memory");
  const { bytes, end, start } = frame;
  // The code is the request's, whatever it means.
  const code = wire.icmpCode(bytes, start);
  wire.writeIcmp(bytes, start, end, uapi.ICMP_ECHOREPLY, code, wire.icmpRest(bytes, start));
  frame.checksum = CHECKSUM_NONE;
  frame.control = null;
  answer(ip, frame, route, options);
}

/** Answers who asks for the time, which is milliseconds since midnight UT (icmp_timestamp, icmp_reply). */
function timestamp(ip: IpNetns, frame: Frame, dev: Device): void {
  const { bytes, pool, start } = frame;
  const options = echoOptions(ip, frame);
  if (options === "invalid") return drop(frame, "bad-header");
  const route = wayBack(ip, frame, dev, options);
  const room = options?.length ?? 0;
  const reply = route === null ? null : pool.alloc(room + timestampSize);
  if (route === null || reply === null) return drop(frame, route === null ? "filtered" : "no-memory");
  reply.start += room;
  reply.end = reply.start + timestampSize;
  const nowMs = millisecondsOfDay(ip);
  const times = reply.start + wire.ICMP_SIZE;
  setBe32(reply.bytes, times, getBe32(bytes, start + wire.ICMP_SIZE));
  setBe32(reply.bytes, times + 4, nowMs);
  setBe32(reply.bytes, times + 8, nowMs);
  const rest = wire.icmpRest(bytes, start);
  wire.writeIcmp(reply.bytes, reply.start, reply.end, uapi.ICMP_TIMESTAMPREPLY, 0, rest);
  pool.free(frame);
  answer(ip, reply, route, options);
}

/** The way back to the sender of a request; null: it is not to be answered, as it was for many, or there is none. */
function wayBack(
  ip: IpNetns,
  { bytes, networkHeader }: Frame,
  dev: Device,
  options: ReplyOptions | null,
): Route4 | null {
  const route = new Route4();
  route.flow.oif = l3mdevIfindex(dev);
  const destination = ipv4Destination(bytes, networkHeader);
  const isOurs = ip.addresses4.has(destination | 0) || isLocalRoute(ip, route, destination);
  if (!isOurs && ip.tunables.icmpEchoIgnoreBroadcasts !== 0) return null;
  const isRouted = options !== null && options.firstHop !== 0;
  route.flow.destination = isRouted ? options.firstHop : ipv4Source(bytes, networkHeader);
  route.flow.source = isOurs ? destination : 0;
  route.flow.tos = ipv4Tos(bytes, networkHeader);
  return routeOutput(ip, route) ? route : null;
}

function answer(ip: IpNetns, frame: Frame, route: Route4, options: ReplyOptions | null): void {
  const { tos } = route.flow;
  ipSendOptions(ip, frame, route, IPPROTO_ICMP, { ttl: ip.tunables.defaultTtl, tos, flags: 0 }, options);
}

/** Whether an address no device has is this host's by a route. */
function isLocalRoute(ip: IpNetns, route: Route4, address: number): boolean {
  route.flow.destination = address;
  route.flow.source = 0;
  return routeOutput(ip, route) && route.isLocal && !isIpv4Broadcast(route);
}

function echoReply(ip: IpNetns, frame: Frame): void {
  const { bytes, end, networkHeader, start } = frame;
  const ping = ip.pings.get(wire.icmpEchoId(bytes, start));
  if (ping === undefined || ping.family !== AF_INET) return drop(frame, "no-socket");
  const reply = {
    sequence: wire.icmpEchoSequence(bytes, start),
    source: bytes.slice(networkHeader + 12, networkHeader + 16),
    ttl: ipv4Ttl(bytes, networkHeader),
    size: end - start,
    payload: bytes.slice(start + wire.ICMP_SIZE, end),
  };
  frame.pool.free(frame);
  ping.reply(reply);
}

/** Takes an error to the ping, or to the protocol, whose packet it is about. */
function error(ip: IpNetns, frame: Frame): void {
  const { bytes, end, networkHeader, start } = frame;
  const inner = start + wire.ICMP_SIZE;
  const handler =
    end - inner < IPV4_SIZE ? undefined : ip.inet.errorHandlers4.get(ipv4Protocol(bytes, inner));
  if (handler !== undefined) return tellProtocol(ip, frame, handler);
  const ping = end - inner < IPV4_SIZE ? undefined : pingOf(ip, bytes, inner, end);
  if (ping !== undefined || isAboutReply(bytes, inner, end)) {
    learnPathMtu(ip, frame, inner);
    takeRedirect(ip, frame, inner);
  }
  if (ping === undefined) return drop(frame, "no-socket");
  const echoAt = inner + ipv4HeaderLength(bytes, inner);
  const type = wire.icmpType(bytes, start);
  const code = wire.icmpCode(bytes, start);
  const report = {
    sequence: wire.icmpEchoSequence(bytes, echoAt),
    source: bytes.slice(networkHeader + 12, networkHeader + 16),
    type,
    code,
    info: wire.icmpRest(bytes, start),
  };
  frame.pool.free(frame);
  ping.error(report);
}

/** The protocol needs the first 8 bytes of what it sent to know whose they were (icmp_socket_deliver). */
function tellProtocol(ip: IpNetns, frame: Frame, handler: ErrorHandler): void {
  const { bytes, dev, end, start } = frame;
  const inner = start + wire.ICMP_SIZE;
  const transportHeader = inner + ipv4HeaderLength(bytes, inner);
  const isFirst = ipv4FragmentOffset(bytes, inner) === 0;
  if (ipv4HeaderLength(bytes, inner) < IPV4_SIZE || end - transportHeader < 8 || !isFirst) {
    return drop(frame, "bad-header");
  }
  const isOurs = handler(ip.netns, {
    bytes,
    networkHeader: inner,
    transportHeader,
    end,
    type: wire.icmpType(bytes, start),
    code: wire.icmpCode(bytes, start),
    info: wire.icmpRest(bytes, start),
    ifindex: dev?.ifindex ?? 0,
  });
  if (isOurs) {
    learnPathMtu(ip, frame, inner);
    takeRedirect(ip, frame, inner);
  }
  frame.pool.free(frame);
}

/** Whether an error is about an answer that this host gave to an echo request, which no socket waits for. */
function isAboutReply(bytes: Uint8Array, inner: number, end: number): boolean {
  const at = inner + ipv4HeaderLength(bytes, inner);
  const isIcmp = ipv4Protocol(bytes, inner) === IPPROTO_ICMP && end - at >= wire.ICMP_SIZE;
  return isIcmp && wire.icmpType(bytes, at) === uapi.ICMP_ECHOREPLY;
}

/** A packet of this host was too big for a link on its way (ipv4_update_pmtu). */
function learnPathMtu(ip: IpNetns, { bytes, start }: Frame, inner: number): void {
  const isTooBig =
    wire.icmpType(bytes, start) === uapi.ICMP_DEST_UNREACH &&
    wire.icmpCode(bytes, start) === uapi.ICMP_FRAG_NEEDED;
  const mtu = wire.icmpRest(bytes, start) & 0xffff;
  if (!isTooBig || mtu === 0 || !ip.addresses4.has(ipv4Source(bytes, inner) | 0)) return;
  const destination = ipv4Destination(bytes, inner);
  const route = new Route4();
  route.flow.destination = destination;
  if (!routeOutput(ip, route) || route.mtu < mtu) return;
  const { minPathMtu, pathMtuExpiresS } = ip.tunables;
  const believed = Math.max(mtu, Math.min(route.mtu, minPathMtu));
  ip.pathMtus4.learn(destination, believed, pathMtuExpiresS, mtu < minPathMtu);
  ip.routeGeneration++;
}

function pingOf(ip: IpNetns, bytes: Uint8Array, inner: number, end: number) {
  const at = inner + ipv4HeaderLength(bytes, inner);
  if (ipv4Protocol(bytes, inner) !== IPPROTO_ICMP || end - at < wire.ICMP_SIZE) return undefined;
  if (wire.icmpType(bytes, at) !== uapi.ICMP_ECHO) return undefined;
  const ping = ip.pings.get(wire.icmpEchoId(bytes, at));
  return ping?.family === AF_INET ? ping : undefined;
}
