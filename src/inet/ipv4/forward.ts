// A packet for another host goes on: one hop less to live, and only if it fits the next link.
//
// Mirrors net/ipv4/ip_forward.c (ip_forward). Omitted: sockets that take packets with router alerts (IP_ROUTER_ALERT).

import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { GSO_NONE } from "../../net/netdevice.ts";
import {
  ICMP_DEST_UNREACH,
  ICMP_EXC_TTL,
  ICMP_FRAG_NEEDED,
  ICMP_SR_FAILED,
  ICMP_TIME_EXCEEDED,
} from "../../uapi/icmp.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { decreaseIpv4Ttl, IP_DF, ipv4Fragment, ipv4Ttl } from "../../wire/ipv4.ts";
import type { IpNetns } from "../netns.ts";
import { icmpSend } from "./icmp-error.ts";
import { optionsOf } from "./options.ts";
import { forwardOptions } from "./options-forward.ts";
import { ipOutput } from "./output.ts";
import { sendRedirect } from "./redirect.ts";
import type { Route4 } from "./route.ts";

/** Version 4, without options. */
const shortestHeader = 0x45;

/** Sends a received packet, whose `start` is at its IPv4 header, on its way. Takes ownership. */
export function ipForward(ip: IpNetns, frame: Frame, route: Route4): void {
  const { bytes, start } = frame;
  if (frame.packetType !== PACKET_HOST) return drop(frame, "otherhost");
  if (ipv4Ttl(bytes, start) <= 1) {
    icmpSend(ip, frame, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0, route.type);
    return drop(frame, "ttl");
  }
  const options = bytes[start] === shortestHeader ? null : optionsOf(frame);
  if (options?.isStrict === true && route.hasGateway) {
    icmpSend(ip, frame, ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0, route.type);
    return drop(frame, "no-route");
  }
  const isTooBig = frame.end - start > route.mtu && frame.gsoType === GSO_NONE;
  if (isTooBig && (ipv4Fragment(bytes, start) & IP_DF) !== 0) {
    icmpSend(ip, frame, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, route.mtu, route.type);
    return drop(frame, "too-big");
  }
  if (!frame.pool.writable(frame)) return drop(frame, "no-memory");
  decreaseIpv4Ttl(frame.bytes, frame.start);
  if (route.isDetour && (options === null || options.sourceRoute === 0)) sendRedirect(ip, frame, route);
  if (options !== null) forwardOptions(ip, frame, options, route);
  ipOutput(ip, frame, route);
}
