// What an IPv4 or IPv6 packet says, down to its transport, in tcpdump's words: the half of describe.ts below
// the link. A tunnel leads back up through the functions that the capture carries.

import { getU8 } from "../bytes/endian.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_IGMP,
  IPPROTO_IPIP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from "../uapi/in.ts";
import {
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPPROTO_NONE,
} from "../uapi/in6.ts";
import { describeIcmp } from "./icmp-describe.ts";
import { describeIcmpv6 } from "./icmpv6-describe.ts";
import { describeIgmp } from "./igmp.ts";
import * as ipv4 from "./ipv4.ts";
import * as ipv6 from "./ipv6.ts";
import { describeFragment, fragmentPosition, ipv6ExtensionLength } from "./ipv6-extension.ts";
import { describeTcp, tcpDestinationPort, tcpSourcePort } from "./tcp.ts";
import { describeUdp, UDP_SIZE, udpDestinationPort, udpLength, udpSourcePort } from "./udp.ts";
import { describeVxlan, VXLAN_PORT, VXLAN_SIZE } from "./vxlan.ts";

/** What a walk carries along. */
export interface Capture {
  readonly bytes: Uint8Array;
  /** Where the captured bytes of the layer end: nothing behind is read. */
  readonly end: number;
  /** Whether the link level is wanted, which leaves out the names of the layers under it. */
  readonly linkLevel: boolean;
  /** How many tunnels may still be walked into. */
  readonly tunnels: number;
  /** Describes the Ethernet frame inside a tunnel, `length` bytes long on the wire. */
  readonly describeFrame: (capture: Capture, start: number, length: number) => string;
}

/**
 * What the network layer found: where its payload begins, how long it was on the wire, and how to write who
 * talks to whom.
 */
interface Transport {
  readonly protocol: number;
  readonly at: number;
  readonly length: number;
  readonly isFragment: boolean;
  readonly addresses: (ports?: readonly [number, number]) => string;
}

/** Describes the IPv4 packet at `at`, for which the link had `length` bytes. */
export function describeIpv4(capture: Capture, at: number, length: number): string {
  const { bytes, linkLevel } = capture;
  const prefix = linkLevel ? "" : "IP ";
  if (capture.end === at) return " [|ip]";
  if (ipv4.ipv4Version(bytes, at) !== 4) return describeWrongVersion(bytes, at, prefix);
  const headerLength = ipv4.ipv4HeaderLength(bytes, at);
  if (headerLength < ipv4.IPV4_SIZE) return `${prefix}bad-hlen ${headerLength}`;
  if (capture.end - at < ipv4.IPV4_SIZE) return `${prefix} [|ip]`;
  const stated = ipv4.ipv4TotalLength(bytes, at);
  if (stated < headerLength) return `${prefix}bad-len ${stated}`;
  const missing = length < stated ? `truncated-ip - ${stated - length} bytes missing! ` : "";
  const payload = { ...capture, end: Math.min(capture.end, at + stated) };
  const protocol = ipv4.ipv4Protocol(bytes, at);
  const addresses = (ports?: readonly [number, number]): string =>
    ipv4.describeIpv4Addresses(bytes, at, ports);
  if (ipv4.ipv4FragmentOffset(bytes, at) !== 0)
    return `${prefix}${missing}${addresses()}ip-proto-${protocol}`;
  const captured = payload.end - at;
  if (captured < headerLength) {
    return `${prefix}${missing}${addresses()} [remaining caplen(${captured}) < header length(${headerLength})] [|ip]`;
  }
  const isFragment = ipv4.isIpv4Fragment(bytes, at);
  const transport = { protocol, at: at + headerLength, length: stated - headerLength, isFragment, addresses };
  return `${prefix}${missing}${describeTransport(payload, transport)}`;
}

function describeWrongVersion(bytes: Uint8Array, at: number, prefix: string): string {
  const version = ipv4.ipv4Version(bytes, at);
  return `${version === 6 ? "IP6" : prefix.trim()}, wrong link-layer encapsulation (invalid)`;
}

/** Describes the IPv6 packet at `at`, for which the link had `length` bytes. */
export function describeIpv6(capture: Capture, at: number, length: number): string {
  const { bytes, linkLevel } = capture;
  const prefix = linkLevel ? "" : "IP6 ";
  if (capture.end - at < ipv6.IPV6_HEADER_SIZE) return " [|ip6]";
  if (length < ipv6.IPV6_HEADER_SIZE) return `${prefix}truncated-ip6 ${length}`;
  const version = ipv6.ipv6Version(bytes, at);
  if (version !== 6) return `${prefix}version error: ${version} != 6`;
  const stated = ipv6.ipv6PayloadLength(bytes, at);
  const available = length - ipv6.IPV6_HEADER_SIZE;
  const missing = available < stated ? `truncated-ip6 - ${stated - available} bytes missing!` : "";
  let start = at + ipv6.IPV6_HEADER_SIZE;
  const wireEnd = start + (stated === 0 ? available : stated);
  const payload = { ...capture, end: Math.min(capture.end, wireEnd) };
  let protocol = ipv6.ipv6NextHeader(bytes, at);
  let extensions = "";
  let isFragment = false;
  while (protocol === IPPROTO_HOPOPTS || protocol === IPPROTO_DSTOPTS || protocol === IPPROTO_FRAGMENT) {
    if (extensions === "") extensions = ipv6.describeIpv6Addresses(bytes, at);
    const name = protocol === IPPROTO_HOPOPTS ? "HBH" : protocol === IPPROTO_DSTOPTS ? "DSTOPT" : "frag";
    if (payload.end - start < 8) return `${prefix}${missing}${extensions}${name} [|ip6]`;
    const next = start + ipv6ExtensionLength(bytes, start, protocol);
    if (protocol === IPPROTO_FRAGMENT) {
      isFragment = true;
      extensions += describeFragment(bytes, start, wireEnd - next);
      if (fragmentPosition(bytes, start) !== 0) return `${prefix}${missing}${extensions}`;
    } else {
      extensions += name;
    }
    extensions += " ";
    if (payload.end < next) return `${prefix}${missing}${extensions}[|ip6]`;
    protocol = getU8(bytes, start);
    start = next;
  }
  const addresses = (ports?: readonly [number, number]): string => {
    if (extensions === "") return ipv6.describeIpv6Addresses(bytes, at, ports);
    return ports === undefined ? extensions : `${extensions}${ports[0]} > ${ports[1]}: `;
  };
  const transport = { protocol, at: start, length: wireEnd - start, isFragment, addresses };
  return `${prefix}${missing}${describeTransport(payload, transport)}`;
}

function describeTransport(capture: Capture, transport: Transport): string {
  const { bytes, end } = capture;
  const { protocol, at, length, addresses } = transport;
  const inside = enterTunnel(capture);
  switch (protocol) {
    case IPPROTO_TCP:
      if (end - at < 4) return `${addresses().trimEnd()} [|tcp]`;
      return (
        addresses([tcpSourcePort(bytes, at), tcpDestinationPort(bytes, at)]) +
        describeTcp(bytes, at, end, length)
      );
    case IPPROTO_UDP:
      return describeDatagram(capture, transport);
    case IPPROTO_ICMP:
      return addresses() + describeIcmp(bytes, at, end, length);
    case IPPROTO_ICMPV6:
      return addresses() + describeIcmpv6(bytes, at, end, length);
    case IPPROTO_IGMP:
      return addresses() + describeIgmp(bytes, at, end, length);
    case IPPROTO_NONE:
      return `${addresses()}no next header`;
    case IPPROTO_IPIP:
      return addresses() + (inside === undefined ? "IP …" : describeIpv4(inside, at, length));
    case IPPROTO_IPV6:
      return addresses() + (inside === undefined ? "IP6 …" : describeIpv6(inside, at, length));
    default:
      return `${addresses()} ip-proto-${protocol} ${length}`;
  }
}

function describeDatagram(capture: Capture, transport: Transport): string {
  const { bytes, end } = capture;
  const { at, length, addresses, isFragment } = transport;
  if (end - at < 4) return `${addresses()} [|udp]`;
  const sourcePort = udpSourcePort(bytes, at);
  const destinationPort = udpDestinationPort(bytes, at);
  const parties = addresses([sourcePort, destinationPort]);
  if (length < UDP_SIZE) return `${parties}truncated-udp ${length}`;
  if (end - at < UDP_SIZE) return `${parties} [|udp]`;
  const payload = at + UDP_SIZE;
  const isVxlan = sourcePort === VXLAN_PORT || destinationPort === VXLAN_PORT;
  if (!isVxlan || udpLength(bytes, at) < UDP_SIZE)
    return parties + describeUdp(bytes, at, length, isFragment);
  if (end - payload < VXLAN_SIZE) return `${parties}VXLAN [|vxlan]`;
  const inner = payload + VXLAN_SIZE;
  const header = parties + describeVxlan(bytes, payload);
  const inside = enterTunnel(capture);
  if (inside === undefined) return `${header}: …`;
  const innerLength = Math.min(length, udpLength(bytes, at)) - UDP_SIZE - VXLAN_SIZE;
  return `${header}: ${inside.describeFrame(inside, inner, innerLength)}`;
}

/** The capture one tunnel deeper; undefined if that is too deep. */
function enterTunnel(capture: Capture): Capture | undefined {
  return capture.tunnels === 0 ? undefined : { ...capture, tunnels: capture.tunnels - 1 };
}
