// A frame leaves by a VXLAN device: the forwarding table says to whom, one after the other, and each copy goes in a datagram.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_xmit, vxlan_xmit_one, encap_bypass_if_local) and include/net/udp.h
// (udp_flow_src_port).

import { getBe16, getBe32, getU8 } from "../../bytes/endian.ts";
import { isMulticast, readMac } from "../../bytes/mac.ts";
import { Route4, routeOutput } from "../../inet/ipv4/route.ts";
import { hopLimitOf } from "../../inet/ipv6/icmp-error.ts";
import { Route6, routeOutput6 } from "../../inet/ipv6/route.ts";
import { l3mdevIfindexBy } from "../../inet/l3mdev.ts";
import type { IpNetns } from "../../inet/netns.ts";
import type { NexthopObject } from "../../inet/nexthop/object.ts";
import { ipNetns } from "../../inet/slots.ts";
import { udpXmit4, udpXmit6 } from "../../inet/udp/send.ts";
import { completeChecksum } from "../../net/complete-checksum.ts";
import { COLLISIONS, TX_CARRIER_ERRORS, TX_ERRORS } from "../../net/counters.ts";
import { count, countRx, countTx } from "../../net/device.ts";
import { ethTypeTrans } from "../../net/ethernet.ts";
import { drop, dropTx } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { GSO_NONE } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { segmentFrame } from "../../net/segment.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { VXLAN_DF_INHERIT, VXLAN_DF_SET } from "../../uapi/if_link.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { RTN_LOCAL } from "../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../uapi/socket.ts";
import { IP_DF } from "../../wire/ipv4.ts";
import { emitVxlan, setVxlanGroupPolicy, VXLAN_SIZE } from "../../wire/vxlan.ts";
import { familyOf } from "./config.ts";
import { snoop } from "./fdb.ts";
import { selectRemote } from "./fdb-nexthop.ts";
import type { Remote } from "./fdb-table.ts";
import { notifyMiss } from "./miss.ts";
import { isForRouter, reduce, shortCircuit } from "./proxy.ts";
import type { Vxlan } from "./state.ts";
import * as vx from "./state.ts";
import { countRxDrop, countVniRx, countVniTx, countVniTxDrop, countVniTxError } from "./vni-stats.ts";

/** Whom this host's own frames are learned from. */
const loopback4 = Uint8Array.of(127, 0, 0, 1);
const loopback6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Sends a frame to every remote of its destination, or of what stands for those without an entry. */
export function startXmit(frame: Frame, dev: Vxlan): void {
  const { fdb, config, netns } = dev.state;
  let vni = 0;
  if ((config.flags & vx.VXLAN_F_COLLECT_METADATA) !== 0) {
    // Only what a bridge has given a tunnel key says where it belongs.
    if (frame.tunnel <= 0) {
      frame.dev = dev;
      return drop(frame, "no-tunnel");
    }
    vni = frame.tunnel;
  }
  if ((config.flags & vx.VXLAN_F_PROXY) !== 0 && reduce(frame, dev, vni)) return;
  let destination = frame.length < ETH_HLEN ? 0 : readMac(frame.bytes, frame.start);
  let entry = fdb.find(destination, vni);
  let isShort = false;
  if (entry !== undefined && (config.flags & vx.VXLAN_F_RSC) !== 0 && isForRouter(frame, entry)) {
    isShort = shortCircuit(frame, dev);
    if (isShort) {
      destination = readMac(frame.bytes, frame.start);
      entry = fdb.find(destination, vni);
    }
  }
  entry ??= fdb.find(0, vni);
  if (entry === undefined || netns === null) {
    if ((config.flags & vx.VXLAN_F_L2MISS) !== 0 && !isMulticast(destination)) notifyMiss(dev, destination);
    countVniTxDrop(dev, vni);
    return dropTx(frame, dev, "no-route");
  }
  entry.usedNs = dev.machine.clock.now();
  const ip = ipNetns(netns);
  if (entry.nexthop !== null) return sendByNexthop(ip, frame, dev, entry.nexthop, vni);
  const { remotes } = entry;
  for (let index = 1; index < remotes.length; index++) {
    const remote = remotes[index];
    const copy = remote === undefined ? null : frame.pool.clone(frame);
    if (remote !== undefined && copy !== null) sendWhole(ip, copy, dev, remote, vni, isShort);
  }
  const [first] = remotes;
  if (first === undefined) return dropTx(frame, dev, "no-route");
  sendWhole(ip, frame, dev, first, vni, isShort);
}

/** Sends a frame to the one of a group's hosts that its flow has (vxlan_xmit_nh). */
function sendByNexthop(ip: IpNetns, frame: Frame, dev: Vxlan, object: NexthopObject, vni: number): void {
  const { chosen } = dev.state;
  if (!selectRemote(dev, object, flowHash(ip, frame) >>> 1, chosen)) return dropTx(frame, dev, "no-route");
  sendWhole(ip, frame, dev, chosen, vni, false);
}

/** Nobody below cuts what is inside a datagram, or sums it: that is done here. */
function sendWhole(
  ip: IpNetns,
  frame: Frame,
  dev: Vxlan,
  remote: Remote,
  own: number,
  isShort: boolean,
): void {
  // An entry that names no identifier leaves the frame its own.
  const vni = remote.vni === 0 ? own : remote.vni;
  if (frame.gsoType === GSO_NONE) {
    if (!completeChecksum(frame)) return dropTx(frame, dev, "no-memory");
    return send(ip, frame, dev, remote, vni, isShort);
  }
  const segments = segmentFrame(frame, false);
  if (segments === null) return dropTx(frame, dev, "bad-segment");
  for (let segment: Frame | null = segments; segment !== null; ) {
    const next: Frame | null = segment.next;
    segment.next = null;
    send(ip, segment, dev, remote, vni, isShort);
    segment = next;
  }
}

/** Sends one frame to one remote (vxlan_xmit_one); what was readdressed to somebody at this very end comes back (`isShort`). */
function send(ip: IpNetns, frame: Frame, dev: Vxlan, remote: Remote, vni: number, isShort: boolean): void {
  if (remote.address.every((byte) => byte === 0)) {
    if (isShort) return deliver(frame, dev, dev, vni);
    countVniTxDrop(dev, vni);
    return dropTx(frame, dev, "no-route");
  }
  if (remote.address.length === 4) send4(ip, frame, dev, remote, vni);
  else send6(ip, frame, dev, remote, vni);
}

function send4(ip: IpNetns, frame: Frame, dev: Vxlan, remote: Remote, vni: number): void {
  const { config } = dev.state;
  const route = new Route4();
  const tos = config.tos === 1 ? innerTos(frame) : config.tos;
  route.flow.destination = getBe32(remote.address, 0);
  route.flow.source = config.local?.length === 4 ? getBe32(config.local, 0) : 0;
  route.flow.oif = remote.ifindex;
  route.flow.tos = tos & ~3;
  if (!routeOutput(ip, route)) return fail(frame, dev, vni, route.error === "ENETUNREACH");
  if (route.dev === dev) return circle(frame, dev, vni);
  if (route.type === RTN_LOCAL && bypass(frame, dev, remote, vni, AF_INET)) return;
  const header = {
    sourcePort: sourcePortOf(ip, frame, dev),
    destinationPort: remote.port || config.port,
    ttl: ttlOf(frame, dev, remote) || ip.tunables.defaultTtl,
    tos: encapsulateEcn(tos, innerTos(frame)),
    fragment: isDf(frame, config.df) ? IP_DF : 0,
    omitsChecksum: (config.flags & vx.VXLAN_F_UDP_ZERO_CSUM_TX) !== 0,
  };
  const length = push(frame, dev, vni);
  if (length < 0) return dropTx(frame, dev, "no-memory");
  if (udpXmit4(ip, frame, route, header) === "") sent(dev, vni, length);
  else countError(dev, vni);
}

function send6(ip: IpNetns, frame: Frame, dev: Vxlan, remote: Remote, vni: number): void {
  const { config } = dev.state;
  const route = new Route6();
  const tos = config.tos === 1 ? innerTos(frame) : config.tos;
  route.destination.set(remote.address);
  if (config.local?.length === 16) route.source.set(config.local);
  route.oif = remote.ifindex;
  if (!routeOutput6(ip, route)) return fail(frame, dev, vni, route.error === "ENETUNREACH");
  if (route.dev === dev) return circle(frame, dev, vni);
  if (route.type === RTN_LOCAL && bypass(frame, dev, remote, vni, AF_INET6)) return;
  const header = {
    sourcePort: sourcePortOf(ip, frame, dev),
    destinationPort: remote.port || config.port,
    ttl: ttlOf(frame, dev, remote) || hopLimitOf(route),
    tos: encapsulateEcn(tos, innerTos(frame)),
    fragment: 0,
    omitsChecksum: (config.flags & vx.VXLAN_F_UDP_ZERO_CSUM6_TX) !== 0,
  };
  const length = push(frame, dev, vni);
  if (length < 0) return dropTx(frame, dev, "no-memory");
  if (udpXmit6(ip, frame, route, header) === "") sent(dev, vni, length);
  else countError(dev, vni);
}

/** Puts the VXLAN header in front; the length of what Linux counts as sent, without the link header; -1 without memory. */
function push(frame: Frame, dev: Vxlan, vni: number): number {
  const length = frame.length - ETH_HLEN;
  if (!frame.pool.cowHead(frame, vx.headroomOf(vx.VXLAN_F_IPV6) + ETH_HLEN)) return -1;
  frame.start -= VXLAN_SIZE;
  emitVxlan(frame.bytes, frame.start, vni);
  if ((dev.state.config.flags & vx.VXLAN_F_GBP) !== 0) {
    // What came by no tunnel has its mark as its policy.
    setVxlanGroupPolicy(frame.bytes, frame.start, frame.mark);
  }
  frame.tunnel = 0;
  // The link header of the frame inside is none of the packet's, and its tag and marks stay there.
  frame.macHeader = -1;
  frame.packetType = 0;
  return length;
}

function sent(dev: Vxlan, vni: number, length: number): void {
  countTx(dev, length);
  countVniTx(dev, vni, length + ETH_HLEN);
}

function countError(dev: Vxlan, vni: number): void {
  count(dev, TX_ERRORS, 1);
  countVniTxError(dev, vni);
}

function fail(frame: Frame, dev: Vxlan, vni: number, isUnreachable: boolean): void {
  if (isUnreachable) count(dev, TX_CARRIER_ERRORS, 1);
  countError(dev, vni);
  frame.dev = dev;
  drop(frame, "no-route");
}

/** The way to the remote goes through the device itself. */
function circle(frame: Frame, dev: Vxlan, vni: number): void {
  count(dev, COLLISIONS, 1);
  countError(dev, vni);
  frame.dev = dev;
  drop(frame, "no-route");
}

/** Hands a frame for this very host to the device there without a datagram (encap_bypass_if_local); true when it is done. */
function bypass(frame: Frame, dev: Vxlan, remote: Remote, vni: number, family: number): boolean {
  const { config, netns } = dev.state;
  if ((config.flags & vx.VXLAN_F_LOCALBYPASS) === 0 || netns === null) return false;
  const port = remote.port || config.port;
  const flags = config.flags & vx.receiveFlags;
  const vrf = l3mdevIfindexBy(netns, config.ifindex);
  const socket = vx.findSocket(vx.vxlanNetns(netns), family, port, flags, vrf);
  const target = socket === undefined ? undefined : vx.findDevice(socket, vni, remote.ifindex);
  if (target === undefined) {
    fail(frame, dev, vni, false);
    return true;
  }
  deliver(frame, dev, target, vni);
  return true;
}

/** Has `target` receive a frame as if it had come from this host (vxlan_encap_bypass). */
function deliver(frame: Frame, dev: Vxlan, target: Vxlan, vni: number): void {
  const { length } = frame;
  if ((target.flags & IFF_UP) === 0) {
    countRxDrop(target, vni);
    frame.dev = dev;
    return drop(frame, "peer-down");
  }
  const { config } = target.state;
  if ((config.flags & vx.VXLAN_F_LEARN) !== 0) {
    const source = readMac(frame.bytes, frame.start + 6);
    snoop(target, source, familyOf(config) === 16 ? loopback6 : loopback4, 0, vni);
  }
  countTx(dev, length);
  countVniTx(dev, vni, length);
  ethTypeTrans(frame, target);
  frame.packetType = PACKET_HOST;
  if (!netifRx(frame, target)) return countRxDrop(target, vni);
  countRx(target, length);
  countVniRx(target, vni, length);
}

/** TTL or hop limit of the packet inside, when it is an IP packet; else 0. */
function innerTtl({ bytes, start }: Frame): number {
  const type = getBe16(bytes, start + 12);
  if (type === ETH_P_IP) return getU8(bytes, start + ETH_HLEN + 8);
  return type === ETH_P_IPV6 ? getU8(bytes, start + ETH_HLEN + 7) : 0;
}

/** Type of service or traffic class of the packet inside; 0 for another. */
function innerTos({ bytes, start }: Frame): number {
  const type = getBe16(bytes, start + 12);
  if (type === ETH_P_IP) return getU8(bytes, start + ETH_HLEN + 1);
  return type === ETH_P_IPV6 ? (getBe16(bytes, start + ETH_HLEN) >>> 4) & 0xff : 0;
}

/** The TTL of the datagram; 0 for the host's own. */
function ttlOf(frame: Frame, dev: Vxlan, remote: Remote): number {
  const { config } = dev.state;
  if ((config.flags & vx.VXLAN_F_TTL_INHERIT) !== 0) return innerTtl(frame);
  if (config.ttl !== 0) return config.ttl;
  return vx.isGroup(remote.address) ? 1 : 0;
}

/** The mark of the packet inside goes outside too, but not that there was congestion (INET_ECN_encapsulate). */
function encapsulateEcn(outer: number, inner: number): number {
  const ecn = inner & 3;
  return (outer & ~3) | (ecn === 3 ? 2 : ecn);
}

/** Whether the datagram may not be cut on its way: as it is set, or as the packet inside says. */
function isDf({ bytes, start }: Frame, df: number): boolean {
  if (df === VXLAN_DF_SET) return true;
  if (df !== VXLAN_DF_INHERIT) return false;
  const type = getBe16(bytes, start + 12);
  return type === ETH_P_IPV6 || (type === ETH_P_IP && (getBe16(bytes, start + ETH_HLEN + 6) & IP_DF) !== 0);
}

/** A port of the range that is the same for all frames of a flow: what is on the way spreads flows by it. */
function sourcePortOf(ip: IpNetns, frame: Frame, dev: Vxlan): number {
  const { portLow, portHigh } = dev.state.config;
  const [low, high] =
    portLow < portHigh ? [portLow, portHigh] : [ip.tunables.localPortMin, ip.tunables.localPortMax];
  return low + Math.floor((flowHash(ip, frame) / 0x1_0000_0000) * (high - low));
}

/** 32 bits that are the same for all frames of a flow (skb_get_hash). */
function flowHash(ip: IpNetns, frame: Frame): number {
  const { bytes, start, end } = frame;
  let hash = ip.hashSeed;
  const last = Math.min(end, start + (innerTtl(frame) === 0 ? 12 : 54));
  for (let at = start; at + 4 <= last; at += 4) {
    // Lengths, identifications and checksums differ from packet to packet of a flow.
    const place = at - start;
    if (place >= 12 && place < 24) continue;
    hash = Math.imul(hash ^ getBe32(bytes, at), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
