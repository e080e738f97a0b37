// A packet for this host: put together if it came in pieces, then to the protocol it carries.
//
// Mirrors net/ipv4/ip_input.c (ip_local_deliver, ip_protocol_deliver_rcu).

import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { ICMP_DEST_UNREACH, ICMP_PROT_UNREACH } from "../../uapi/icmp.ts";
import { ipv4HeaderLength, ipv4Protocol, isIpv4Fragment } from "../../wire/ipv4.ts";
import type { IpNetns } from "../netns.ts";
import { icmpSend } from "./icmp-error.ts";
import { reassemble4 } from "./reassemble.ts";

/** Delivers a packet, whose `start` is at its IPv4 header, that was routed as `routeType` (RTN_LOCAL, …). Takes ownership. */
export function ipLocalDeliver(ip: IpNetns, frame: Frame, dev: Device, routeType: number): void {
  let whole: Frame | null = frame;
  if (isIpv4Fragment(frame.bytes, frame.start)) whole = reassemble4(ip, frame, dev);
  if (whole === null) return;
  const { bytes, start } = whole;
  whole.networkHeader = start;
  const handler = ip.inet.protocols4.get(ipv4Protocol(bytes, start));
  if (handler === undefined) {
    icmpSend(ip, whole, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0, routeType);
    return drop(whole, "no-protocol");
  }
  whole.start = start + ipv4HeaderLength(bytes, start);
  whole.transportHeader = whole.start;
  handler(whole, dev);
}
