// Fills the record that flower filters look at from the headers of a frame.
//
// Mirrors net/core/flow_dissector.c (__skb_flow_dissect) as flower asks for it: it stops before what is inside a tunnel. Allocates
// nothing.

import { getBe16, getBe32, setBe16, setBe32, setU32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import { ETH_HLEN, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_RARP } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import {
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_ROUTING,
} from "../uapi/in6.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { ARP_SIZE, arpOperation, isEthernetArp } from "../wire/arp.ts";
import { IP_MF, IP_OFFSET, IPV4_SIZE, ipv4Fragment, ipv4HeaderLength } from "../wire/ipv4.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6TrafficClass } from "../wire/ipv6.ts";
import { FRAGMENT_SIZE, fragmentPosition, ipv6ExtensionLength } from "../wire/ipv6-extension.ts";
import { TCP_SIZE } from "../wire/tcp.ts";
import { isVlanType, VLAN_TAG_SIZE, vlanInnerType, vlanTci } from "../wire/vlan.ts";
import * as f from "./flower-fields.ts";

/** ~VLAN_CFI_MASK: what a filter sees of a tag's TCI. */
const tciMask = 0xefff;
/** Bits of the word with a TCP header's length that are flags (TCP_FLAGS). */
const tcpFlagsMask = 0x0fff;
const tcpFlagsOffset = 12;
/** Headers one behind the other that are looked through (MAX_FLOW_DISSECT_HDRS). */
const maxHeaders = 15;

/** Writes the fields of `frame` into `flow`, FLOW_SIZE bytes; those it does not have are 0. */
export function dissectFlow(frame: Frame, flow: Uint8Array): void {
  flow.fill(0);
  const { bytes, start, end, macHeader } = frame;
  const isIncoming = macHeader >= 0 && macHeader < start;
  const mac = isIncoming ? macHeader : start;
  setU32(flow, f.F_IFINDEX, frame.iif);
  if (mac + ETH_HLEN <= end) copy(bytes, mac, flow, f.F_ETH_DST, 12);
  dissectTags(frame, isIncoming ? start : start + ETH_HLEN, flow);
}

function copy(from: Uint8Array, at: number, to: Uint8Array, offset: number, size: number): void {
  for (let index = 0; index < size; index++) to[offset + index] = from[at + index] ?? 0;
}

/** Tags beside the bytes and in them, then what is behind them. */
function dissectTags(frame: Frame, network: number, flow: Uint8Array): void {
  const { bytes, end } = frame;
  let protocol = frame.protocol;
  let at = network;
  let tags = 0;
  if (frame.vlanProtocol !== 0) putTag(flow, tags++, frame.vlanProtocol, frame.vlanTci, protocol);
  while (isVlanType(protocol) && at + VLAN_TAG_SIZE <= end && tags < maxHeaders) {
    const inner = vlanInnerType(bytes, at);
    putTag(flow, tags++, protocol, vlanTci(bytes, at), inner);
    protocol = inner;
    at += VLAN_TAG_SIZE;
  }
  flow[f.F_VLANS] = tags;
  setBe16(flow, f.F_ETH_TYPE, protocol);
  if (protocol === ETH_P_IP) dissectIpv4(bytes, at, end, flow);
  else if (protocol === ETH_P_IPV6) dissectIpv6(bytes, at, end, flow);
  else if (protocol === ETH_P_ARP || protocol === ETH_P_RARP) dissectArp(bytes, at, end, flow);
}

/** The first two tags are looked at. */
function putTag(flow: Uint8Array, index: number, tpid: number, tci: number, next: number): void {
  if (index > 1) return;
  const at = index === 0 ? f.F_VLAN_TCI : f.F_CVLAN_TCI;
  setBe16(flow, at, tci & tciMask);
  setBe16(flow, at + f.F_VLAN_TPID - f.F_VLAN_TCI, tpid);
  setBe16(flow, at + f.F_VLAN_ETH_TYPE - f.F_VLAN_TCI, next);
}

function dissectIpv4(bytes: Uint8Array, at: number, end: number, flow: Uint8Array): void {
  if (at + IPV4_SIZE > end) return;
  const length = ipv4HeaderLength(bytes, at);
  if (length < IPV4_SIZE) return;
  const protocol = bytes[at + 9] ?? 0;
  flow[f.F_ADDRESS_TYPE] = f.ADDRESS_IPV4;
  flow[f.F_IP_PROTO] = protocol;
  flow[f.F_IP_TOS] = bytes[at + 1] ?? 0;
  flow[f.F_IP_TTL] = bytes[at + 8] ?? 0;
  setBe32(flow, f.F_SRC, getBe32(bytes, at + 12));
  setBe32(flow, f.F_DST, getBe32(bytes, at + 16));
  const fragment = ipv4Fragment(bytes, at);
  if ((fragment & (IP_MF | IP_OFFSET)) !== 0) return putFragment(flow, (fragment & IP_OFFSET) === 0);
  dissectTransport(bytes, at + length, end, protocol, flow);
}

function putFragment(flow: Uint8Array, isFirst: boolean): void {
  const first = isFirst ? cls.TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST : 0;
  setBe32(flow, f.F_FLAGS, cls.TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT | first);
}

function dissectIpv6(bytes: Uint8Array, at: number, end: number, flow: Uint8Array): void {
  if (at + IPV6_HEADER_SIZE > end) return;
  flow[f.F_ADDRESS_TYPE] = f.ADDRESS_IPV6;
  flow[f.F_IP_TOS] = ipv6TrafficClass(bytes, at);
  flow[f.F_IP_TTL] = bytes[at + 7] ?? 0;
  copy(bytes, at + IPV6_SOURCE, flow, f.F_SRC, 16);
  copy(bytes, at + IPV6_DESTINATION, flow, f.F_DST, 16);
  let protocol = bytes[at + 6] ?? 0;
  let header = at + IPV6_HEADER_SIZE;
  for (let count = 0; count < maxHeaders; count++) {
    flow[f.F_IP_PROTO] = protocol;
    if (protocol === IPPROTO_FRAGMENT) {
      if (header + FRAGMENT_SIZE > end) return;
      flow[f.F_IP_PROTO] = bytes[header] ?? 0;
      return putFragment(flow, fragmentPosition(bytes, header) === 0);
    }
    if (protocol !== IPPROTO_HOPOPTS && protocol !== IPPROTO_ROUTING && protocol !== IPPROTO_DSTOPTS) break;
    if (header + 2 > end) return;
    const length = ipv6ExtensionLength(bytes, header, protocol);
    protocol = bytes[header] ?? 0;
    header += length;
  }
  dissectTransport(bytes, header, end, protocol, flow);
}

function dissectTransport(
  bytes: Uint8Array,
  at: number,
  end: number,
  protocol: number,
  flow: Uint8Array,
): void {
  if (at + 4 > end) return;
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    flow[f.F_ICMP_TYPE] = bytes[at] ?? 0;
    flow[f.F_ICMP_CODE] = bytes[at + 1] ?? 0;
    return;
  }
  if (protocol === IPPROTO_TCP && at + TCP_SIZE <= end)
    setBe16(flow, f.F_TCP_FLAGS, getBe16(bytes, at + tcpFlagsOffset) & tcpFlagsMask);
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP && protocol !== IPPROTO_SCTP) return;
  const ports = getBe32(bytes, at);
  setBe32(flow, f.F_SPORT, ports);
  setBe32(flow, f.F_RANGE_SPORT, ports);
}

function dissectArp(bytes: Uint8Array, at: number, end: number, flow: Uint8Array): void {
  if (at + ARP_SIZE > end || !isEthernetArp(bytes, at, end)) return;
  const operation = arpOperation(bytes, at);
  // Requests and answers only.
  if (operation !== 1 && operation !== 2) return;
  flow[f.F_ARP_OP] = operation;
  copy(bytes, at + 8, flow, f.F_ARP_SHA, 6);
  setBe32(flow, f.F_ARP_SIP, getBe32(bytes, at + 14));
  copy(bytes, at + 18, flow, f.F_ARP_THA, 6);
  setBe32(flow, f.F_ARP_TIP, getBe32(bytes, at + 24));
}
