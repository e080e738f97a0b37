// ICMPv6 messages to this host: echoes are answered, neighbour and multicast listener discovery are served, answers and errors
// go to whoever waits for them.
//
// Mirrors net/ipv6/icmp.c (icmpv6_rcv, icmpv6_echo_reply, icmpv6_notify). Omitted: node information, mobility.

import { ipv6ToText, isIpv6LinkLocal, isIpv6Multicast, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import * as uapi from "../../uapi/icmpv6.ts";
import { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST } from "../../uapi/if_packet.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import * as snmp from "../../uapi/snmp.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import * as wire from "../../wire/icmpv6.ts";
import {
  IPV6_DESTINATION,
  IPV6_HEADER_SIZE,
  IPV6_SOURCE,
  ipv6HopLimit,
  ipv6TrafficClass,
} from "../../wire/ipv6.ts";
import { createExtensionWalk, walkIpv6Extensions } from "../../wire/ipv6-extension.ts";
import { hasMldRouterAlert, MLD_GROUP, MLD_QUERY, MLD_REPORT, MLD_SIZE } from "../../wire/mld.ts";
import {
  ND_NEIGHBOUR_ADVERTISEMENT,
  ND_NEIGHBOUR_SOLICITATION,
  ND_REDIRECT,
  ND_ROUTER_ADVERTISEMENT,
  ND_ROUTER_SOLICITATION,
} from "../../wire/nd.ts";
import { l3mdevIfindex, l3mdevMaster } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { readPassingEcho } from "../passing-echo.ts";
import { ipNetns } from "../slots.ts";
import { hasUsableAddress } from "./address-find.ts";
import { isAnycast } from "./anycast.ts";
import { In6Device } from "./device.ts";
import { hopLimitOf, sendIcmp6 } from "./icmp-error.ts";
import { mldReporterOf } from "./mld.ts";
import { ndReceive } from "./nd-receive.ts";
import { routerAdvertisement, routerSolicitation } from "./ra-receive.ts";
import { redirectReceive } from "./redirect.ts";
import { ownerOf, Route6, routeOutput6 } from "./route.ts";
import { countIcmp6 } from "./stats.ts";

/** Takes a message, whose `start` is at its ICMPv6 header (icmpv6_rcv). */
export function icmp6Receive(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, start } = frame;
  countIcmp6(dev, snmp.ICMP6_MIB_INMSGS);
  const isSound =
    end - start >= wire.ICMPV6_SIZE || (end - start >= 4 && wire.icmpv6Type(bytes, start) === MLD_QUERY);
  if (!isSound) {
    countIcmp6(dev, snmp.ICMP6_MIB_INERRORS);
    return drop(frame, "bad-header");
  }
  if (frame.checksum === CHECKSUM_NONE && !wire.isIcmpv6ChecksumCorrect(bytes, start, end, networkHeader)) {
    countIcmp6(dev, snmp.ICMP6_MIB_CSUMERRORS);
    countIcmp6(dev, snmp.ICMP6_MIB_INERRORS);
    return drop(frame, "bad-checksum");
  }
  const ip = ipNetns(dev.netns);
  switch (wire.icmpv6Type(bytes, start)) {
    case uapi.ICMPV6_ECHO_REQUEST:
      return echo(ip, frame, dev);
    case uapi.ICMPV6_ECHO_REPLY:
      return echoReply(ip, frame);
    case uapi.ICMPV6_DEST_UNREACH:
    case uapi.ICMPV6_PKT_TOOBIG:
    case uapi.ICMPV6_TIME_EXCEED:
    case uapi.ICMPV6_PARAMPROB:
      return error(ip, frame);
    case ND_ROUTER_SOLICITATION:
      return routerSolicitation(frame, dev);
    case ND_ROUTER_ADVERTISEMENT:
      return routerAdvertisement(frame, dev);
    case ND_NEIGHBOUR_SOLICITATION:
    case ND_NEIGHBOUR_ADVERTISEMENT:
      return ndReceive(frame, dev);
    case ND_REDIRECT:
      return redirectReceive(frame, dev);
    case MLD_QUERY:
      return query(frame, dev);
    case MLD_REPORT:
      return report(frame, dev);
    default:
      return drop(frame, "unhandled-protocol");
  }
}

/** Answers an echo request, from the address it was sent to unless that is for many. */
function echo(ip: IpNetns, frame: Frame, dev: Device): void {
  const { bytes, networkHeader } = frame;
  const destination = networkHeader + IPV6_DESTINATION;
  const slot = dev.ip6;
  const isToMany = isIpv6Multicast(bytes, destination);
  if (ip.takePassingEcho !== null && !isToMany && frame.packetType === PACKET_HOST) {
    if (ip.takePassingEcho(readPassingEcho(frame, AF_INET6))) return frame.pool.free(frame);
  }
  const isToAny = slot instanceof In6Device && isAnycast(slot, bytes, destination);
  const { icmp6EchoIgnoreAll, icmp6EchoIgnoreAnycast, icmp6EchoIgnoreMulticast } = ip.tunables;
  const isIgnored = (isToMany && icmp6EchoIgnoreMulticast !== 0) || (isToAny && icmp6EchoIgnoreAnycast !== 0);
  if (icmp6EchoIgnoreAll !== 0 || isIgnored || isIpv6Unspecified(bytes, networkHeader + IPV6_SOURCE)) {
    return drop(frame, "filtered");
  }
  const route = new Route6();
  const trafficClass = ipv6TrafficClass(bytes, networkHeader);
  route.destination.set(bytes.subarray(networkHeader + IPV6_SOURCE, destination));
  if (!isToMany && !isToAny) route.source.set(bytes.subarray(destination, destination + 16));
  route.oif = l3mdevIfindex(dev);
  if (isIpv6LinkLocal(route.destination)) route.oif = ownerOf(ip, dev, bytes, destination).ifindex;
  if (!routeOutput6(ip, route)) return drop(frame, "no-route");
  if (!frame.pool.writable(frame)) return drop(frame, "no-memory");
  frame.checksum = CHECKSUM_NONE;
  frame.packetType = PACKET_HOST;
  const info = wire.icmpv6Rest(frame.bytes, frame.start);
  sendIcmp6(ip, frame, route, {
    type: uapi.ICMPV6_ECHO_REPLY,
    code: 0,
    info,
    hopLimit: hopLimitOf(route),
    trafficClass,
  });
}

function echoReply(ip: IpNetns, frame: Frame): void {
  const { bytes, end, networkHeader, start } = frame;
  const ping = ip.pings.get(wire.icmpv6EchoId(bytes, start));
  if (ping === undefined || ping.family !== AF_INET6) return drop(frame, "no-socket");
  const reply = {
    sequence: wire.icmpv6EchoSequence(bytes, start),
    source: bytes.slice(networkHeader + IPV6_SOURCE, networkHeader + IPV6_DESTINATION),
    ttl: ipv6HopLimit(bytes, networkHeader),
    size: end - start,
    payload: bytes.slice(start + wire.ICMPV6_SIZE, end),
  };
  frame.pool.free(frame);
  ping.reply(reply);
}

/** Takes an error to the ping, or to the protocol, whose packet it is about (icmpv6_notify). */
function error(ip: IpNetns, frame: Frame): void {
  const { bytes, end, networkHeader, start } = frame;
  const inner = start + wire.ICMPV6_SIZE;
  const walk = createExtensionWalk();
  const isWalked = end - inner >= IPV6_HEADER_SIZE && walkIpv6Extensions(bytes, inner, end, walk);
  const handler = isWalked ? ip.inet.errorHandlers6.get(walk.protocol) : undefined;
  if (handler !== undefined && end - walk.offset >= 8) {
    const isOurs = handler(ip.netns, {
      bytes,
      networkHeader: inner,
      transportHeader: walk.offset,
      end,
      type: wire.icmpv6Type(bytes, start),
      code: wire.icmpv6Code(bytes, start),
      info: wire.icmpv6Rest(bytes, start),
      ifindex: frame.dev?.ifindex ?? 0,
    });
    if (isOurs) learnPathMtu(ip, frame, inner);
    frame.pool.free(frame);
    return;
  }
  if (isWalked && walk.protocol === IPPROTO_ICMPV6) learnPathMtu(ip, frame, inner);
  const isEcho =
    isWalked &&
    walk.protocol === IPPROTO_ICMPV6 &&
    end - walk.offset >= wire.ICMPV6_SIZE &&
    wire.icmpv6Type(bytes, walk.offset) === uapi.ICMPV6_ECHO_REQUEST;
  const ping = isEcho ? ip.pings.get(wire.icmpv6EchoId(bytes, walk.offset)) : undefined;
  if (ping === undefined || ping.family !== AF_INET6) return drop(frame, "no-socket");
  const report = {
    sequence: wire.icmpv6EchoSequence(bytes, walk.offset),
    source: bytes.slice(networkHeader + IPV6_SOURCE, networkHeader + IPV6_DESTINATION),
    type: wire.icmpv6Type(bytes, start),
    code: wire.icmpv6Code(bytes, start),
    info: wire.icmpv6Rest(bytes, start),
  };
  frame.pool.free(frame);
  ping.error(report);
}

/** The least MTU of a link: a smaller one is not believed. */
const leastMtu = 1_280;

/** A packet of this host was too big for a link on its way (ip6_update_pmtu). */
function learnPathMtu(ip: IpNetns, { bytes, dev, start }: Frame, inner: number): void {
  if (wire.icmpv6Type(bytes, start) !== uapi.ICMPV6_PKT_TOOBIG || dev === null) return;
  if (!hasUsableAddress(ip, bytes, inner + IPV6_SOURCE, l3mdevMaster(dev))) return;
  const route = new Route6();
  route.oif = l3mdevIfindex(dev);
  const destination = inner + IPV6_DESTINATION;
  route.destination.set(bytes.subarray(destination, destination + 16));
  const mtu = wire.icmpv6Rest(bytes, start);
  if (mtu < leastMtu || !routeOutput6(ip, route) || route.mtu <= mtu) return;
  ip.pathMtus6.learn(ipv6ToText(route.destination), mtu, ip.tunables.pathMtu6ExpiresS);
  ip.routeGeneration++;
}

/** A router asks who listens to which group; it must be on the link (RFC 3810 6.2). */
function query(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, start } = frame;
  const isOnLink =
    isIpv6LinkLocal(bytes, networkHeader + IPV6_SOURCE) &&
    ipv6HopLimit(bytes, networkHeader) === 1 &&
    hasMldRouterAlert(bytes, networkHeader);
  if (!isOnLink || end - start < MLD_SIZE) return drop(frame, "bad-header");
  const group = start + MLD_GROUP;
  if (!isIpv6Unspecified(bytes, group) && !isIpv6Multicast(bytes, group)) return drop(frame, "bad-header");
  if (dev.ip6 instanceof In6Device) {
    mldReporterOf(dev.ip6).query(bytes, start, end - start);
  }
  frame.pool.free(frame);
}

/** Another host tells of a group in version 1, from an address of the link or none (igmp6_event_report). */
function report(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, packetType, start } = frame;
  const source = networkHeader + IPV6_SOURCE;
  const isOnLink = isIpv6LinkLocal(bytes, source) || isIpv6Unspecified(bytes, source);
  const isToMany = packetType === PACKET_MULTICAST || packetType === PACKET_BROADCAST;
  if (!isToMany || !isOnLink || end - start < MLD_SIZE) return drop(frame, "bad-header");
  if (dev.ip6 instanceof In6Device) {
    dev.ip6.mld?.heard(bytes.subarray(start + MLD_GROUP, start + MLD_SIZE));
  }
  frame.pool.free(frame);
}
