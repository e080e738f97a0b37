// Where the headers of a frame stand that filters and actions work on, whether it comes in or is sent.
//
// Mirrors include/linux/skbuff.h (skb_mac_offset, skb_network_offset) and include/linux/if_vlan.h (skb_protocol with skip_vlan). A frame
// that comes in stands at its network header, one that is sent at its MAC header.

import type { Frame } from "../net/netdevice.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_DSTOPTS, IPPROTO_FRAGMENT, IPPROTO_HOPOPTS, IPPROTO_ROUTING } from "../uapi/in6.ts";
import { IPV4_SIZE, ipv4FragmentOffset, ipv4HeaderLength, ipv4Protocol } from "../wire/ipv4.ts";
import { IPV6_HEADER_SIZE, ipv6NextHeader } from "../wire/ipv6.ts";
import { FRAGMENT_SIZE, fragmentPosition, ipv6ExtensionLength } from "../wire/ipv6-extension.ts";
import { isVlanType, VLAN_TAG_SIZE, vlanInnerType } from "../wire/vlan.ts";

/** Tags one inside the other, and extension headers one behind the other, that are looked through. */
const maxHeaders = 8;

/** Whether the frame comes in (skb_at_tc_ingress). */
export function isIncoming({ macHeader, start }: Frame): boolean {
  return macHeader >= 0 && macHeader < start;
}

/** Where the MAC header is. */
export function macStart(frame: Frame): number {
  return isIncoming(frame) ? frame.macHeader : frame.start;
}

/** What is behind the MAC header, a tag perhaps. */
function behindMac(frame: Frame): number {
  return isIncoming(frame) ? frame.start : frame.start + ETH_HLEN;
}

/** Where the network header is, behind tags. */
export function networkStart(frame: Frame): number {
  const { bytes, end } = frame;
  let { protocol } = frame;
  let at = behindMac(frame);
  for (let tags = 0; tags < maxHeaders && isVlanType(protocol) && at + VLAN_TAG_SIZE <= end; tags++) {
    protocol = vlanInnerType(bytes, at);
    at += VLAN_TAG_SIZE;
  }
  return at;
}

/** The protocol behind tags, in host order. */
export function networkProtocol(frame: Frame): number {
  const { bytes, end } = frame;
  let { protocol } = frame;
  let at = behindMac(frame);
  for (let tags = 0; tags < maxHeaders && isVlanType(protocol) && at + VLAN_TAG_SIZE <= end; tags++) {
    protocol = vlanInnerType(bytes, at);
    at += VLAN_TAG_SIZE;
  }
  return protocol;
}

/** Where the header of `protocol` is behind that of IPv4 or IPv6; -1 when there is none, or in a later fragment. */
export function transportStart(frame: Frame, protocol: number): number {
  const type = networkProtocol(frame);
  const at = networkStart(frame);
  if (type === ETH_P_IP) return behindIpv4(frame, at, protocol);
  return type === ETH_P_IPV6 ? behindIpv6(frame, at, protocol) : -1;
}

function behindIpv4({ bytes, end }: Frame, at: number, protocol: number): number {
  if (at + IPV4_SIZE > end || ipv4Protocol(bytes, at) !== protocol) return -1;
  return ipv4FragmentOffset(bytes, at) === 0 ? at + ipv4HeaderLength(bytes, at) : -1;
}

function behindIpv6({ bytes, end }: Frame, at: number, protocol: number): number {
  if (at + IPV6_HEADER_SIZE > end) return -1;
  let next = ipv6NextHeader(bytes, at);
  let header = at + IPV6_HEADER_SIZE;
  for (let count = 0; count < maxHeaders && next !== protocol; count++) {
    const isFragment = next === IPPROTO_FRAGMENT;
    if (!isFragment && next !== IPPROTO_HOPOPTS && next !== IPPROTO_ROUTING && next !== IPPROTO_DSTOPTS)
      return -1;
    if (header + FRAGMENT_SIZE > end || (isFragment && fragmentPosition(bytes, header) !== 0)) return -1;
    const length = isFragment ? FRAGMENT_SIZE : ipv6ExtensionLength(bytes, header, next);
    next = bytes[header] ?? 0;
    header += length;
  }
  return next === protocol ? header : -1;
}
