// A packet for another host goes on: one hop less to live, and only if it fits the next link and may leave its own.
//
// Mirrors net/ipv6/ip6_output.c (ip6_forward). Omitted: proxying for hosts of the same link.

import { isIpv6LinkLocal, isIpv6Loopback, isIpv6Multicast, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { GSO_NONE } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmpv6.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { DEVCONF_FORCE_FORWARDING, DEVCONF_FORWARDING } from "../../uapi/ipv6.ts";
import * as snmp from "../../uapi/snmp.ts";
import { IPV6_SOURCE, ipv6HopLimit, setIpv6HopLimit } from "../../wire/ipv6.ts";
import type { IpNetns } from "../netns.ts";
import { In6Device } from "./device.ts";
import { icmp6Send } from "./icmp-error.ts";
import { finish6 } from "./output.ts";
import { sendRedirect6 } from "./redirect.ts";
import type { Route6 } from "./route.ts";
import { countIp6 } from "./stats.ts";

/** The least MTU of a link: what is told to a sender of packets that are too big is never less. */
const minMtu = 1_280;

/** Sends a received packet, whose `start` is at its IPv6 header, on its way. Takes ownership. */
export function ip6Forward(ip: IpNetns, frame: Frame, from: Device, route: Route6): void {
  const { bytes, start } = frame;
  const { dev } = route;
  if (dev === null || !forwards(ip, from)) return drop(frame, "not-for-us");
  if (frame.packetType !== PACKET_HOST) return drop(frame, "otherhost");
  if (ipv6HopLimit(bytes, start) <= 1) {
    icmp6Send(ip, frame, icmp.ICMPV6_TIME_EXCEED, icmp.ICMPV6_EXC_HOPLIMIT, 0);
    countIp6(from, snmp.IPSTATS_MIB_INHDRERRORS);
    return drop(frame, "ttl");
  }
  const source = start + IPV6_SOURCE;
  if (isIpv6Unspecified(bytes, source) || isIpv6Multicast(bytes, source) || isIpv6Loopback(bytes, source)) {
    return drop(frame, "bad-source");
  }
  if (isIpv6LinkLocal(bytes, source) && dev !== from) {
    icmp6Send(ip, frame, icmp.ICMPV6_DEST_UNREACH, icmp.ICMPV6_NOT_NEIGHBOUR, 0);
    return drop(frame, "bad-source");
  }
  if (dev === from) sendRedirect6(ip, frame, route, dev);
  const mtu = Math.max(route.mtu, minMtu);
  if (frame.end - start > mtu && frame.gsoType === GSO_NONE) {
    icmp6Send(ip, frame, icmp.ICMPV6_PKT_TOOBIG, 0, mtu);
    countIp6(from, snmp.IPSTATS_MIB_INTOOBIGERRORS);
    countIp6(dev, snmp.IPSTATS_MIB_FRAGFAILS);
    return drop(frame, "too-big");
  }
  if (!frame.pool.writable(frame)) return drop(frame, "no-memory");
  setIpv6HopLimit(frame.bytes, frame.start, ipv6HopLimit(frame.bytes, frame.start) - 1);
  countIp6(dev, snmp.IPSTATS_MIB_OUTFORWDATAGRAMS);
  finish6(ip, frame, dev, route);
}

/** Whether packets that came in on `dev` go on: when all devices forward, or this one is forced to. */
function forwards(ip: IpNetns, dev: Device): boolean {
  if ((ip.all6[DEVCONF_FORWARDING] ?? 0) !== 0) return true;
  return dev.ip6 instanceof In6Device && dev.ip6.conf.get(DEVCONF_FORCE_FORWARDING) !== 0;
}
