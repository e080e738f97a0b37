// A packet with its IPv4 header leaves: a copy to this host if it is for a group that includes it, in pieces if it is too
// large, to the neighbour that is next.
//
// Mirrors net/ipv4/ip_output.c (ip_local_out, ip_output, ip_mc_output, ip_finish_output2).

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_UNNECESSARY, GSO_NONE } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { ETH_P_IP } from "../../uapi/if_ether.ts";
import { PACKET_HOST, PACKET_LOOPBACK } from "../../uapi/if_packet.ts";
import { RTN_BROADCAST, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import { IP_DF, IPV4_SIZE, ipv4Fragment, ipv4Ttl, updateIpv4Checksum } from "../../wire/ipv4.ts";
import { neighbour6For } from "../ipv6/neighbour.ts";
import { neighOutput } from "../neigh/output.ts";
import type { IpNetns } from "../netns.ts";
import { fragment } from "./fragment.ts";
import { neighbourFor } from "./neighbour.ts";
import type { Route4 } from "./route.ts";

/**
 * Puts a header in front of a payload, which `frame.start` is at, and sends it the way `route` found (ip_build_and_send_pkt).
 * `flags` is IP_DF or 0; options that `headerSize` counts are written already. Takes ownership. Returns why it did not go: EMSGSIZE, ENOBUFS; "" when it went. Each segment comes this
 * way, so the header's fields are no object.
 */
export function ipSend(
  ip: IpNetns,
  frame: Frame,
  route: Route4,
  protocol: number,
  ttl: number,
  tos: number,
  flags: number,
  headerSize = IPV4_SIZE,
): ErrnoName | "" {
  const { bytes } = frame;
  const at = frame.start - headerSize;
  frame.transportHeader = frame.start;
  ip.lastId4 = (ip.lastId4 + 1) & 0xffff;
  bytes[at] = 0x40 | (headerSize >> 2);
  bytes[at + 1] = tos;
  setBe16(bytes, at + 2, frame.end - at);
  setBe16(bytes, at + 4, ip.lastId4);
  setBe16(bytes, at + 6, flags);
  bytes[at + 8] = ttl;
  bytes[at + 9] = protocol;
  setBe32(bytes, at + 12, route.source);
  setBe32(bytes, at + 16, route.flow.destination);
  updateIpv4Checksum(bytes, at);
  frame.start = at;
  frame.packetType = PACKET_HOST;
  return ipOutput(ip, frame, route);
}

/** Sends a packet, whose `start` is at its complete IPv4 header, the way `route` found. As ipSend. */
export function ipOutput(ip: IpNetns, frame: Frame, route: Route4): ErrnoName | "" {
  const { dev, type } = route;
  if (dev === null) {
    drop(frame, "no-route");
    return "ENETUNREACH";
  }
  frame.dev = dev;
  frame.protocol = ETH_P_IP;
  frame.networkHeader = frame.start;
  if ((type === RTN_MULTICAST || type === RTN_BROADCAST) && (dev.flags & IFF_LOOPBACK) === 0) {
    if (route.isLocal) loopBack(frame, dev);
    if (type === RTN_MULTICAST && ipv4Ttl(frame.bytes, frame.start) === 0) {
      frame.pool.free(frame);
      return "";
    }
  }
  return finish(ip, frame, dev, route);
}

/** Gives this host its own copy of a packet to a group (ip_dev_loopback_xmit). */
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

/** Cuts the packet if it is too large and sends it, or its pieces. */
function finish(ip: IpNetns, frame: Frame, dev: Device, route: Route4): ErrnoName | "" {
  if (frame.end - frame.start <= route.mtu || frame.gsoType !== GSO_NONE)
    return transmit(ip, frame, dev, route);
  if ((ipv4Fragment(frame.bytes, frame.start) & IP_DF) !== 0) {
    drop(frame, "too-big");
    return "EMSGSIZE";
  }
  let error: ErrnoName | "" = "";
  for (let piece = fragment(frame, route.mtu); piece !== null; ) {
    const { next } = piece;
    piece.next = null;
    error = transmit(ip, piece, dev, route);
    piece = next;
  }
  return error;
}

/** Hands a packet that fits to the next hop's neighbour. */
function transmit(ip: IpNetns, frame: Frame, dev: Device, route: Route4): ErrnoName | "" {
  const neigh =
    route.nexthop6 === null
      ? neighbourFor(ip, dev, route.nexthop)
      : neighbour6For(ip, dev, route.nexthop6, 0);
  if (neigh === null) {
    drop(frame, "neigh-failed");
    return "ENOBUFS";
  }
  neighOutput(neigh, frame);
  return "";
}
