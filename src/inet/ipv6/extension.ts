// The extension headers of a received packet, one after the other: options that must be understood are, or the packet is
// refused as the option says (RFC 8200 4.2).
//
// Mirrors net/ipv6/exthdrs.c (ipv6_parse_hopopts, ip6_parse_tlv, ipv6_destopt_rcv, ipv6_rthdr_rcv). Omitted: packets
// larger than 64 KiB, segment routing, mobility.

import { getBe32 } from "../../bytes/endian.ts";
import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmpv6.ts";
import { IPV6_TLV_JUMBO, IPV6_TLV_PAD1, IPV6_TLV_PADN, IPV6_TLV_ROUTERALERT } from "../../uapi/in6.ts";
import { IPV6_DESTINATION, ipv6PayloadLength } from "../../wire/ipv6.ts";
import type { IpNetns } from "../netns.ts";
import { icmp6Send } from "./icmp-error.ts";

/** Types of routing headers: RFC 6554, RFC 8754. */
const SRCRT_RPL = 3;
const SRCRT_SEGMENT = 4;
/** What the payload length of a header can say. */
const maxPayload = 0xffff;
/** Padding in one piece that nobody needs more of. */
const maxPadding = 7;

/**
 * Reads the options of the header at `frame.start` and moves `start` behind it; false when the packet was dropped. `maxOptions`
 * other than padding are let pass. Those of `isHopByHop` that every router knows are looked at. The frame's `networkHeader` is at the IPv6 header.
 */
export function parseOptions(ip: IpNetns, frame: Frame, maxOptions: number, isHopByHop: boolean): boolean {
  const { bytes, end, start } = frame;
  const length = ((bytes[start + 1] ?? 0) + 1) * 8;
  if (end - start < 8 || end - start < length) return refuse(frame);
  let count = 0;
  let padding = 0;
  for (let at = start + 2; at < start + length; ) {
    const type = bytes[at] ?? IPV6_TLV_PAD1;
    if (type === IPV6_TLV_PAD1) {
      padding++;
      at++;
      if (padding > maxPadding) return refuse(frame);
      continue;
    }
    const size = (bytes[at + 1] ?? 0) + 2;
    if (at + 1 >= start + length || at + size > start + length) return refuse(frame);
    if (type === IPV6_TLV_PADN) {
      padding += size;
      if (padding > maxPadding || !isZero(bytes, at + 2, at + size)) return refuse(frame);
    } else {
      padding = 0;
      count++;
      if (count > maxOptions && maxOptions >= 0) return refuse(frame);
      if (!understands(ip, frame, type, at, isHopByHop)) return false;
    }
    at += size;
  }
  frame.start = start + length;
  return true;
}

/** Takes an option; false when the packet was dropped for it. */
function understands(ip: IpNetns, frame: Frame, type: number, at: number, isHopByHop: boolean): boolean {
  if (!isHopByHop) return skipsUnknown(ip, frame, type, at);
  if (type === IPV6_TLV_JUMBO) return acceptsJumbo(ip, frame, at);
  if (type !== IPV6_TLV_ROUTERALERT) return skipsUnknown(ip, frame, type, at);
  return frame.bytes[at + 1] === 2 || refuse(frame);
}

/** A jumbogram (RFC 2675) must be one, and no packet here is so large (ipv6_hop_jumbo). */
function acceptsJumbo(ip: IpNetns, frame: Frame, at: number): false {
  const { bytes, networkHeader } = frame;
  const place = at - networkHeader;
  if (bytes[at + 1] !== 4 || (place & 3) !== 2) return refuse(frame);
  const length = getBe32(bytes, at + 2);
  const isSmall = length <= maxPayload;
  if (isSmall || ipv6PayloadLength(bytes, networkHeader) !== 0) {
    icmp6Send(ip, frame, icmp.ICMPV6_PARAMPROB, icmp.ICMPV6_HDR_FIELD, isSmall ? place + 2 : place);
  }
  return refuse(frame);
}

function refuse(frame: Frame): false {
  drop(frame, "bad-header");
  return false;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** What an unknown option's two highest bits ask for: skip it, drop the packet, or tell the sender too. */
function skipsUnknown(ip: IpNetns, frame: Frame, type: number, at: number): boolean {
  const action = type >>> 6;
  if (action === 0) return true;
  const isToMany = isIpv6Multicast(frame.bytes, frame.networkHeader + IPV6_DESTINATION);
  if (action === 2 || (action === 3 && !isToMany)) {
    icmp6Send(ip, frame, icmp.ICMPV6_PARAMPROB, icmp.ICMPV6_UNK_OPTION, at - frame.networkHeader);
  }
  drop(frame, "bad-header");
  return false;
}

/**
 * Takes a routing header: one with no segments left is passed over, any other is refused, as no type is supported. False when the
 * packet was dropped.
 */
export function parseRouting(ip: IpNetns, frame: Frame): boolean {
  const { bytes, end, networkHeader, start } = frame;
  const length = ((bytes[start + 1] ?? 0) + 1) * 8;
  if (end - start < 8 || end - start < length) return refuse(frame);
  // Whoever takes part in segment routing has to be told to (seg6_enabled, rpl_seg_enabled).
  if (bytes[start + 2] === SRCRT_RPL || bytes[start + 2] === SRCRT_SEGMENT) return refuse(frame);
  const segmentsLeft = bytes[start + 3] ?? 0;
  if (segmentsLeft === 0) {
    frame.start = start + length;
    return true;
  }
  // The type is at fault (RFC 8200 4.4).
  icmp6Send(ip, frame, icmp.ICMPV6_PARAMPROB, icmp.ICMPV6_HDR_FIELD, start + 2 - networkHeader);
  drop(frame, "bad-header");
  return false;
}
