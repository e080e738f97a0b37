// A packet with its IPv6 header leaves: a copy to this host if it is in the group it is for, in pieces if it is too large and
// ours, to the neighbour that is next.
//
// Mirrors net/ipv6/ip6_output.c (ip6_output, ip6_finish_output, ip6_finish_output2).

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import { ipv6MulticastScope, isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_UNNECESSARY, GSO_NONE } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { PACKET_HOST, PACKET_LOOPBACK } from "../../uapi/if_packet.ts";
import * as snmp from "../../uapi/snmp.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6HopLimit } from "../../wire/ipv6.ts";
import { neighOutput } from "../neigh/output.ts";
import type { IpNetns } from "../netns.ts";
import { In6Device } from "./device.ts";
import { fragment6 } from "./fragment.ts";
import { isMember } from "./multicast.ts";
import { neighbour6For } from "./neighbour.ts";
import type { Route6 } from "./route.ts";
import { countIp6 } from "./stats.ts";

/** Scope of groups that stay on the host. */
const interfaceScope = 1;

/**
 * Puts a header in front of a payload, which `frame.start` is at: see pushHeader6, ip6Output. Takes ownership. Returns why it
 * did not go, "" when it went.
 */
export function ip6Send(
  ip: IpNetns,
  frame: Frame,
  route: Route6,
  nextHeader: number,
  hopLimit: number,
  trafficClass: number,
): ErrnoName | "" {
  pushHeader6(frame, route, nextHeader, hopLimit, trafficClass);
  return ip6Output(ip, frame, route);
}

/** Puts the header of a packet of this host in front of its payload. */
function pushHeader6(
  frame: Frame,
  route: Route6,
  nextHeader: number,
  hopLimit: number,
  trafficClass: number,
): void {
  const { bytes } = frame;
  const at = frame.start - IPV6_HEADER_SIZE;
  frame.transportHeader = frame.start;
  setBe32(bytes, at, 0x6000_0000 | (trafficClass << 20));
  setBe16(bytes, at + 4, frame.end - frame.start);
  bytes[at + 6] = nextHeader;
  bytes[at + 7] = hopLimit;
  bytes.set(route.source, at + IPV6_SOURCE);
  bytes.set(route.destination, at + IPV6_DESTINATION);
  frame.start = at;
  frame.networkHeader = at;
  frame.packetType = PACKET_HOST;
}

/** Sends a packet of this host, whose `start` is at its complete IPv6 header, the way `route` found, in pieces if need be. */
export function ip6Output(ip: IpNetns, frame: Frame, route: Route6): ErrnoName | "" {
  const { dev } = route;
  if (dev === null) {
    drop(frame, "no-route");
    return "ENETUNREACH";
  }
  frame.dev = dev;
  frame.protocol = ETH_P_IPV6;
  frame.networkHeader = frame.start;
  countIp6(dev, snmp.IPSTATS_MIB_OUTREQUESTS);
  if (frame.end - frame.start <= route.mtu || frame.gsoType !== GSO_NONE)
    return finish6(ip, frame, dev, route);
  let error: ErrnoName | "" = "";
  ip.lastFragmentId6 = (ip.lastFragmentId6 + 1) >>> 0;
  for (let piece = fragment6(frame, route.mtu, ip.lastFragmentId6); piece !== null; ) {
    const { next } = piece;
    piece.next = null;
    countIp6(dev, snmp.IPSTATS_MIB_FRAGCREATES);
    error = finish6(ip, piece, dev, route);
    piece = next;
  }
  countIp6(dev, snmp.IPSTATS_MIB_FRAGOKS);
  return error;
}

/** Hands a packet that fits to the next hop's neighbour (ip6_finish_output2). Takes ownership. */
export function finish6(ip: IpNetns, frame: Frame, dev: Device, route: Route6): ErrnoName | "" {
  const { bytes, end, start } = frame;
  frame.dev = dev;
  if (isIpv6Multicast(bytes, start + IPV6_DESTINATION)) {
    if (!sendsToGroup(frame, dev, route.loopsBack)) {
      frame.pool.free(frame);
      return "";
    }
    countIp6(dev, snmp.IPSTATS_MIB_OUTMCASTPKTS);
    countIp6(dev, snmp.IPSTATS_MIB_OUTMCASTOCTETS, end - start);
  }
  countIp6(dev, snmp.IPSTATS_MIB_OUTPKTS);
  countIp6(dev, snmp.IPSTATS_MIB_OUTOCTETS, end - start);
  const isInFrame = route.nexthop === route.destination || route.nexthop === bytes;
  const neigh = isInFrame
    ? neighbour6For(ip, dev, bytes, start + IPV6_DESTINATION)
    : neighbour6For(ip, dev, route.nexthop, route.nexthopOffset);
  if (neigh === null) {
    drop(frame, "neigh-failed");
    return "ENOBUFS";
  }
  neighOutput(neigh, frame);
  return "";
}

/** Gives this host its own copy of a packet to a group it is in; false when the packet goes no further. */
function sendsToGroup(frame: Frame, dev: Device, loopsBack: boolean): boolean {
  const { bytes, start } = frame;
  if ((dev.flags & IFF_LOOPBACK) !== 0) return true;
  if (loopsBack && dev.ip6 instanceof In6Device && isMember(dev.ip6, bytes, start + IPV6_DESTINATION)) {
    loopBack(frame, dev);
    if (ipv6HopLimit(bytes, start) === 0) return false;
  }
  return ipv6MulticastScope(bytes, start + IPV6_DESTINATION) > interfaceScope;
}

function loopBack(frame: Frame, dev: Device): void {
  const copy = frame.pool.clone(frame);
  if (copy === null) return;
  copy.packetType = PACKET_LOOPBACK;
  copy.checksum = CHECKSUM_UNNECESSARY;
  copy.macHeader = copy.start;
  dev.machine.loop.enter();
  netifRx(copy, dev);
  dev.machine.loop.leave();
}
