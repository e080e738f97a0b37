// A large frame becomes frames of the size the wire takes: TCP segments with their own sequence numbers and flags, or UDP
// datagrams. Done only where a frame leaves to something that cannot take it whole.
//
// Mirrors net/core/gso.c (skb_gso_segment), net/ipv4/tcp_offload.c (tcp_gso_segment), net/ipv4/udp_offload.c
// (__udp_gso_segment), net/ipv4/af_inet.c (inet_gso_segment) and net/ipv6/ip6_offload.c. Omitted: tunnels, which segment
// before they encapsulate; SCTP; lists of fragments.

import { checksum, pseudoHeader4, pseudoHeader6 } from "../bytes/checksum.ts";
import { getBe16, getBe32, setBe16, setBe32 } from "../bytes/endian.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import {
  IPV4_SIZE,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Id,
  ipv4Protocol,
  ipv4Source,
  isIpv4Header,
  setIpv4Id,
  setIpv4TotalLength,
  updateIpv4Checksum,
} from "../wire/ipv4.ts";
import {
  IPV6_HEADER_SIZE,
  IPV6_SOURCE,
  ipv6NextHeader,
  isIpv6Header,
  setIpv6PayloadLength,
} from "../wire/ipv6.ts";
import { createExtensionWalk, isIpv6Extension, walkIpv6Extensions } from "../wire/ipv6-extension.ts";
import { TCP_CWR, TCP_FIN, TCP_PSH, TCP_SIZE, tcpHeaderLength } from "../wire/tcp.ts";
import { UDP_SIZE } from "../wire/udp.ts";
import { isVlanType, VLAN_TAG_SIZE } from "../wire/vlan.ts";
import { copyMetadata } from "./frame.ts";
import type { Frame } from "./netdevice.ts";
import { CHECKSUM_NONE, CHECKSUM_PARTIAL, GSO_NONE, GSO_UDP_L4 } from "./netdevice.ts";

/** Where the sequence number, the flags and the checksum stand in a TCP header; length and checksum in a UDP header. */
const tcpSequenceOffset = 4;
const tcpFlagsOffset = 13;
const tcpChecksumOffset = 16;
const udpLengthOffset = 4;
const udpChecksumOffset = 6;

/**
 * Cuts a large frame, whose `start` is at its MAC header, into frames of `gsoSize` bytes of payload (skb_gso_segment):
 * a list by `next`, in order. With `keepPartial` their checksums are left to be made (CHECKSUM_PARTIAL), else made. Takes
 * ownership when it succeeds; null when the frame is malformed or memory is short, and the frame is still the caller's.
 */
export function segmentFrame(frame: Frame, keepPartial: boolean): Frame | null {
  const { bytes, start, end, gsoSize } = frame;
  const network = networkHeader(frame);
  const transport = network === 0 ? 0 : transportHeader(bytes, network, end);
  if (transport === 0 || gsoSize === 0) return null;
  const isUdp = frame.gsoType === GSO_UDP_L4;
  const length = isUdp ? UDP_SIZE : tcpHeaderLength(bytes, transport);
  const payload = transport + length;
  if ((!isUdp && length < TCP_SIZE) || payload > end) return null;
  let first: Frame | null = null;
  let last: Frame | null = null;
  const segments = Math.max(1, Math.ceil((end - payload) / gsoSize));
  for (let index = 0; index < segments; index++) {
    const from = payload + index * gsoSize;
    const size = Math.min(gsoSize, end - from);
    const segment = frame.pool.alloc(payload - start + size);
    if (segment === null) {
      freeList(first);
      return null;
    }
    const moved = segment.start - start;
    copyMetadata(frame, segment, moved);
    bytes.copyWithin(segment.start, start, payload);
    bytes.copyWithin(segment.start + payload - start, from, from + size);
    segment.end = segment.start + payload - start + size;
    segment.gsoType = GSO_NONE;
    segment.networkHeader = network + moved;
    segment.transportHeader = transport + moved;
    fixNetworkHeader(segment, index);
    if (!isUdp) fixTcpHeader(segment, index * gsoSize, index === 0, index === segments - 1);
    finishChecksum(segment, isUdp, keepPartial);
    if (last === null) first = segment;
    else last.next = segment;
    last = segment;
  }
  frame.pool.free(frame);
  return first;
}

/** The offset of the IP header, behind the tags that stand in the bytes; 0 when there is none. */
function networkHeader({ bytes, start, end }: Frame): number {
  let at = start + ETH_HLEN;
  while (at + IPV4_SIZE <= end && isVlanType(getBe16(bytes, at - 2))) at += VLAN_TAG_SIZE;
  const type = getBe16(bytes, at - 2);
  if (type === ETH_P_IP) return isIpv4Header(bytes, at, end) ? at : 0;
  if (type === ETH_P_IPV6) return isIpv6Header(bytes, at, end) ? at : 0;
  return 0;
}

/** The offset of the TCP or UDP header; 0 when the packet holds none. */
function transportHeader(bytes: Uint8Array, network: number, end: number): number {
  if (isVersion4(bytes, network)) {
    const at = network + ipv4HeaderLength(bytes, network);
    return holdsHeader(ipv4Protocol(bytes, network), at, end) ? at : 0;
  }
  const next = ipv6NextHeader(bytes, network);
  const behind = network + IPV6_HEADER_SIZE;
  if (!isIpv6Extension(next)) return holdsHeader(next, behind, end) ? behind : 0;
  const walk = createExtensionWalk();
  if (!walkIpv6Extensions(bytes, network, end, walk)) return 0;
  return holdsHeader(walk.protocol, walk.offset, end) ? walk.offset : 0;
}

function holdsHeader(protocol: number, at: number, end: number): boolean {
  if (protocol === IPPROTO_TCP) return at + TCP_SIZE <= end;
  return protocol === IPPROTO_UDP && at + UDP_SIZE <= end;
}

function isVersion4(bytes: Uint8Array, network: number): boolean {
  return (bytes[network] ?? 0) >>> 4 === 4;
}

/** Writes a segment's lengths; IPv4's identification counts up (inet_gso_segment, ipv6_gso_segment). */
function fixNetworkHeader(segment: Frame, index: number): void {
  const { bytes, networkHeader: at, end } = segment;
  if (isVersion4(bytes, at)) {
    setIpv4TotalLength(bytes, at, end - at);
    setIpv4Id(bytes, at, (ipv4Id(bytes, at) + index) & 0xffff);
    updateIpv4Checksum(bytes, at);
  } else setIpv6PayloadLength(bytes, at, end - at - IPV6_HEADER_SIZE);
}

/** CWR belongs to the first segment, FIN and PSH to the last (tcp_gso_segment). */
function fixTcpHeader(segment: Frame, offset: number, isFirst: boolean, isLast: boolean): void {
  const { bytes, transportHeader: at } = segment;
  setBe32(bytes, at + tcpSequenceOffset, (getBe32(bytes, at + tcpSequenceOffset) + offset) >>> 0);
  let flags = bytes[at + tcpFlagsOffset] ?? 0;
  if (!isFirst) flags &= ~TCP_CWR;
  if (!isLast) flags &= ~(TCP_FIN | TCP_PSH);
  bytes[at + tcpFlagsOffset] = flags;
}

/** Makes a segment's checksum, or leaves the pseudo header's sum for whoever makes it. */
function finishChecksum(segment: Frame, isUdp: boolean, keepPartial: boolean): void {
  const { bytes, networkHeader: network, transportHeader: at, end } = segment;
  const offset = isUdp ? udpChecksumOffset : tcpChecksumOffset;
  if (isUdp) setBe16(bytes, at + udpLengthOffset, end - at);
  const protocol = isUdp ? IPPROTO_UDP : IPPROTO_TCP;
  const pseudo = isVersion4(bytes, network)
    ? pseudoHeader4(ipv4Source(bytes, network), ipv4Destination(bytes, network), protocol, end - at)
    : pseudoHeader6(bytes, network + IPV6_SOURCE, protocol, end - at);
  segment.csumStart = at;
  segment.csumOffset = offset;
  if (keepPartial) {
    setBe16(bytes, at + offset, pseudo);
    segment.checksum = CHECKSUM_PARTIAL;
    return;
  }
  setBe16(bytes, at + offset, 0);
  setBe16(bytes, at + offset, checksum(bytes, at, end, pseudo) || (isUdp ? 0xffff : 0));
  segment.checksum = CHECKSUM_NONE;
}

/** Gives back the segments made so far. */
function freeList(first: Frame | null): void {
  for (let frame = first; frame !== null; ) {
    const next: Frame | null = frame.next;
    frame.next = null;
    frame.pool.free(frame);
    frame = next;
  }
}
