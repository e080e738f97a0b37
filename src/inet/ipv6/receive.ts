// An IPv6 packet comes in: its header must be sound and its addresses possible, then routing says where it goes.
//
// Mirrors net/ipv6/ip6_input.c (ipv6_rcv, ip6_rcv_core, ip6_mc_input) and net/ipv6/route.c (ip6_pkt_discard). Omitted:
// multicast routing.

import {
  ipv6MulticastScope,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isIpv6Multicast,
  isIpv6Unspecified,
} from "../../bytes/ipv6.ts";
import { RX_OTHERHOST_DROPPED } from "../../net/counters.ts";
import { count } from "../../net/device.ts";
import type { DropReason } from "../../net/drop-reason.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmpv6.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { PACKET_HOST, PACKET_LOOPBACK, PACKET_OTHERHOST } from "../../uapi/if_packet.ts";
import { IPPROTO_HOPOPTS, IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { DEVCONF_DISABLE_IPV6, DEVCONF_DROP_UNICAST_IN_L2_MULTICAST } from "../../uapi/ipv6.ts";
import { RTN_ANYCAST, RTN_LOCAL } from "../../uapi/rtnetlink.ts";
import * as snmp from "../../uapi/snmp.ts";
import { icmpv6Type } from "../../wire/icmpv6.ts";
import {
  IPV6_DESTINATION,
  IPV6_HEADER_SIZE,
  IPV6_SOURCE,
  ipv6NextHeader,
  ipv6PayloadLength,
  ipv6TrafficClass,
} from "../../wire/ipv6.ts";
import { MLD_DONE, MLD_QUERY, MLD_REPORT, MLD2_REPORT } from "../../wire/mld.ts";
import type { IpNetns } from "../netns.ts";
import { dissect6, forgetPorts } from "../rules/dissect.ts";
import { in6Device, ipNetns } from "../slots.ts";
import type { In6Device } from "./device.ts";
import { parseOptions } from "./extension.ts";
import { ip6Forward } from "./forward.ts";
import { icmp6Send } from "./icmp-error.ts";
import { ip6Deliver } from "./input.ts";
import { hearsGroup6, isMember } from "./multicast.ts";
import { Route6, routeInput6 } from "./route.ts";
import { countIp6 } from "./stats.ts";

const nextHeaderOffset = 6;
const interfaceScope = 1;

/** Receives IPv6 packets; what it works with is made once. */
export class Ipv6Receiver {
  readonly #route = new Route6();

  /** Takes a frame of ETH_P_IPV6, whose `start` is at the IPv6 header (ipv6_rcv). Takes ownership. */
  receive(frame: Frame, dev: Device): void {
    if (frame.packetType === PACKET_OTHERHOST) {
      count(dev, RX_OTHERHOST_DROPPED, 1);
      return drop(frame, "otherhost");
    }
    const in6Dev = in6Device(dev);
    if (in6Dev === null) return drop(frame, "not-for-us");
    countIp6(dev, snmp.IPSTATS_MIB_INPKTS);
    countIp6(dev, snmp.IPSTATS_MIB_INOCTETS, frame.end - frame.start);
    if (in6Dev.conf.get(DEVCONF_DISABLE_IPV6) !== 0) {
      countIp6(dev, snmp.IPSTATS_MIB_INDISCARDS);
      return drop(frame, "not-for-us");
    }
    const fault = checkHeader(frame, in6Dev);
    if (fault !== "") {
      countIp6(dev, snmp.IPSTATS_MIB_INHDRERRORS);
      return drop(frame, fault);
    }
    const { bytes, start } = frame;
    countIp6(dev, snmp.IPSTATS_MIB_NOECTPKTS + (((bytes[start + 1] ?? 0) >>> 4) & 3));
    frame.networkHeader = start;
    frame.start = start + IPV6_HEADER_SIZE;
    const ip = ipNetns(dev.netns);
    if (
      ipv6NextHeader(bytes, start) === IPPROTO_HOPOPTS &&
      !parseOptions(ip, frame, ip.tunables.maxHopByHopOptions, true)
    ) {
      countIp6(dev, snmp.IPSTATS_MIB_INHDRERRORS);
      return;
    }
    if (dev.master !== null) dev.master.ops.l3Receive?.(dev.master, frame);
    this.#finish(ip, frame, in6Dev);
  }

  /** The frame's `networkHeader` is at the IPv6 header, its `start` behind that and the hop-by-hop options. */
  #finish(ip: IpNetns, frame: Frame, in6Dev: In6Device): void {
    const { bytes, networkHeader } = frame;
    const { dev } = in6Dev;
    const destination = networkHeader + IPV6_DESTINATION;
    const hasHopByHop = frame.start !== networkHeader + IPV6_HEADER_SIZE;
    const namedAt = networkHeader + (hasHopByHop ? IPV6_HEADER_SIZE : nextHeaderOffset);
    if (isIpv6Multicast(bytes, destination)) {
      countIp6(dev, snmp.IPSTATS_MIB_INMCASTPKTS);
      countIp6(dev, snmp.IPSTATS_MIB_INMCASTOCTETS, frame.end - networkHeader);
      const isHeard = hearsGroup6(in6Dev, bytes, destination, networkHeader + IPV6_SOURCE);
      if (!isHeard && !isAboutGroups(in6Dev, frame, namedAt)) return drop(frame, "not-for-us");
      return ip6Deliver(ip, frame, dev, namedAt);
    }
    const route = this.#route;
    const { lookup } = route;
    lookup.mark = frame.mark;
    lookup.trafficClass = ipv6TrafficClass(bytes, networkHeader);
    if (ip.looksDeep6) dissect6(bytes, networkHeader, frame.end, lookup);
    else forgetPorts(lookup);
    if (!routeInput6(ip, dev, bytes, networkHeader + IPV6_SOURCE, destination, route))
      return reject(ip, frame, dev, route);
    if (route.type === RTN_LOCAL || route.type === RTN_ANYCAST) {
      if (frame.packetType === PACKET_LOOPBACK) frame.packetType = PACKET_HOST;
      return ip6Deliver(ip, frame, dev, namedAt);
    }
    if (ip.isIntercepting && frame.packetType === PACKET_HOST) return ip6Deliver(ip, frame, dev, namedAt);
    frame.start = networkHeader;
    ip6Forward(ip, frame, dev, route);
  }
}

/** What is wrong with the header, "" if nothing is; cuts off what is behind the packet (ip6_rcv_core). */
function checkHeader(frame: Frame, in6Dev: In6Device): DropReason | "" {
  const { bytes, end, packetType, start } = frame;
  const { dev } = in6Dev;
  if (end - start < IPV6_HEADER_SIZE || (bytes[start] ?? 0) >>> 4 !== 6) return "bad-header";
  const source = start + IPV6_SOURCE;
  const destination = start + IPV6_DESTINATION;
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0 || packetType === PACKET_LOOPBACK;
  if (!isLoopback && (isIpv6Loopback(bytes, source) || isIpv6Loopback(bytes, destination)))
    return "bad-source";
  if (isIpv6Multicast(bytes, source)) return "bad-source";
  if (isIpv6Unspecified(bytes, destination)) return "bad-destination";
  if (isIpv6Multicast(bytes, destination)) {
    const scope = ipv6MulticastScope(bytes, destination);
    if (scope === 0 || (scope === interfaceScope && !isLoopback)) return "bad-destination";
  } else if (packetType !== PACKET_HOST && packetType !== PACKET_LOOPBACK) {
    if (in6Dev.conf.get(DEVCONF_DROP_UNICAST_IN_L2_MULTICAST) !== 0) return "bad-destination";
  }
  const length = ipv6PayloadLength(bytes, start);
  // A length of 0 in front of hop-by-hop options would be a jumbogram.
  if (length === 0 && ipv6NextHeader(bytes, start) === IPPROTO_HOPOPTS) return "bad-header";
  if (start + IPV6_HEADER_SIZE + length > end) return "bad-header";
  frame.end = start + IPV6_HEADER_SIZE + length;
  return "";
}

/** There is no way for the packet: its sender is told (ip6_pkt_drop). */
function reject(ip: IpNetns, frame: Frame, dev: Device, route: Route6): void {
  countIp6(dev, snmp.IPSTATS_MIB_INNOROUTES);
  const code = codeOf(route.error);
  if (code >= 0) icmp6Send(ip, frame, icmp.ICMPV6_DEST_UNREACH, code, 0);
  drop(
    frame,
    isIpv6LinkLocal(frame.bytes, frame.networkHeader + IPV6_DESTINATION) ? "not-for-us" : "no-route",
  );
}

function codeOf(error: Route6["error"]): number {
  switch (error) {
    case "EINVAL":
      return -1;
    case "EACCES":
      return icmp.ICMPV6_ADM_PROHIBITED;
    default:
      return icmp.ICMPV6_NOROUTE;
  }
}

/** Whether a packet to a group asks or tells who listens, which every member hears whoever sent it (ipv6_is_mld). */
function isAboutGroups(in6Dev: In6Device, { bytes, networkHeader, start }: Frame, namedAt: number): boolean {
  if (bytes[namedAt] !== IPPROTO_ICMPV6 || !isMember(in6Dev, bytes, networkHeader + IPV6_DESTINATION))
    return false;
  const type = icmpv6Type(bytes, start);
  return type === MLD_QUERY || type === MLD_REPORT || type === MLD_DONE || type === MLD2_REPORT;
}
