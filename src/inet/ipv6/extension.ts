// The extension headers of a received packet, one after the other: options that must be understood are, or the packet is
// refused as the option says (RFC 8200 4.2).
//
// Mirrors net/ipv6/exthdrs.c (ipv6_parse_hopopts, ip6_parse_tlv, ipv6_destopt_rcv, ipv6_rthdr_rcv). Omitted: jumbograms,
// segment routing, mobility.

import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmpv6.ts";
import { IPV6_TLV_PAD1, IPV6_TLV_PADN, IPV6_TLV_ROUTERALERT } from "../../uapi/in6.ts";
import { IPV6_DESTINATION } from "../../wire/ipv6.ts";
import type { IpNetns } from "../netns.ts";
import { icmp6Send } from "./icmp-error.ts";

/** Padding in one piece that nobody needs more of. */
const maxPadding = 7;

/**
 * Reads the options of the header at `frame.start` and moves `start` behind it; false when the packet was dropped. `maxOptions`
 * other than padding are let pass. The frame's `networkHeader` is at the IPv6 header.
 */
export function parseOptions(ip: IpNetns, frame: Frame, maxOptions: number): boolean {
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
      if (type !== IPV6_TLV_ROUTERALERT && !skipsUnknown(ip, frame, type, at)) return false;
    }
    at += size;
  }
  frame.start = start + length;
  return true;
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
