// The bridge answers ARP and neighbour discovery for hosts behind other ports, from what its own neighbour table and its
// forwarding table know, and keeps such questions off ports that are spared them.
//
// Mirrors net/bridge/br_arp_nd_proxy.c (br_do_proxy_suppress_arp, br_do_suppress_nd, br_is_neigh_suppress_enabled).

import { equalsIpv6, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import { InDevice } from "../../inet/ipv4/device.ts";
import { lookupNeighbour } from "../../inet/ipv4/neighbour.ts";
import { hasUsableAddress } from "../../inet/ipv6/address-find.ts";
import { findNeighbour6 } from "../../inet/ipv6/neighbour.ts";
import type { Neighbour } from "../../inet/neigh/neighbour.ts";
import { NUD_VALID } from "../../inet/neigh/neighbour.ts";
import { ipNetns } from "../../inet/slots.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_NOARP } from "../../uapi/if.ts";
import { ARPOP_REQUEST, ARPOP_RREPLY, ARPOP_RREQUEST } from "../../uapi/if_arp.ts";
import { ETH_P_ARP, ETH_P_IPV6, ETH_P_RARP } from "../../uapi/if_ether.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { NTF_ROUTER } from "../../uapi/neighbour.ts";
import * as arp from "../../wire/arp.ts";
import * as icmpv6 from "../../wire/icmpv6.ts";
import * as ip6 from "../../wire/ipv6.ts";
import * as nd from "../../wire/nd.ts";
import { VLAN_VID_MASK } from "../../wire/vlan.ts";
import { answerArp, answerNd, LEAST_ND } from "../neighbour-answer.ts";
import { VlanGroup as VlanDevices } from "../vlan/group.ts";
import { noEntry } from "./fdb-table.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_NEIGH_SUPPRESS, BR_NEIGH_VLAN_SUPPRESS, BR_PROXYARP, BR_PROXYARP_WIFI } from "./state.ts";

/** NA_SOLICITED in the byte it lies in. */
const solicited = 0x40;

/** Whether `suppress` looks at a frame at all: most are of no concern to it, and are spared the call. */
export function concernsNeighbours(br: Bridge, frame: Frame): boolean {
  const { protocol } = frame;
  return protocol === ETH_P_ARP || protocol === ETH_P_RARP || br.suppressesNeighbours;
}

/**
 * Looks at a frame that came in by `port`, null for the bridge's own, in VLAN `vid`, 0 for none; answers it where the bridge
 * knows the answer. Whether flooding spares it to ports that suppress it (proxyarp_replied). The frame stays the caller's.
 */
export function suppress(br: Bridge, port: BridgePort | null, frame: Frame, vid: number): boolean {
  const { protocol } = frame;
  if (protocol === ETH_P_ARP || protocol === ETH_P_RARP) {
    return (port !== null || br.suppressesNeighbours) && suppressArp(br, port, frame, vid);
  }
  return br.suppressesNeighbours && protocol === ETH_P_IPV6 && suppressIpv6(br, port, frame, vid);
}

/** Looks at an IPv6 packet: only questions and answers of neighbour discovery count. */
function suppressIpv6(br: Bridge, port: BridgePort | null, frame: Frame, vid: number): boolean {
  const { bytes, end, start } = frame;
  if (end - start < LEAST_ND || ip6.ipv6NextHeader(bytes, start) !== IPPROTO_ICMPV6) return false;
  const at = start + ip6.IPV6_HEADER_SIZE;
  if (icmpv6.icmpv6Code(bytes, at) !== 0) return false;
  const type = icmpv6.icmpv6Type(bytes, at);
  if (type !== nd.ND_NEIGHBOUR_SOLICITATION && type !== nd.ND_NEIGHBOUR_ADVERTISEMENT) return false;
  return suppressNd(br, port, frame, vid, type);
}

/** Whether a port is spared what others can answer (br_is_neigh_suppress_enabled). */
export function isSuppressed(port: BridgePort | null, vid: number): boolean {
  if (port === null) return false;
  if (vid !== 0 && (port.flags & BR_NEIGH_VLAN_SUPPRESS) !== 0)
    return port.vlans.find(vid)?.neighSuppress === true;
  return (port.flags & BR_NEIGH_SUPPRESS) !== 0;
}

/** Notes whether any port suppresses (br_recalculate_neigh_suppress_enabled). */
export function recalculateSuppression(br: Bridge): void {
  br.suppressesNeighbours = br.ports.some(
    ({ flags }) => (flags & (BR_NEIGH_SUPPRESS | BR_NEIGH_VLAN_SUPPRESS)) !== 0,
  );
}

// --- ARP -----------------------------------------------------------------------------------------------------------------

function suppressArp(br: Bridge, port: BridgePort | null, frame: Frame, vid: number): boolean {
  const { bytes, end, macHeader, start: at } = frame;
  if ((br.dev.flags & IFF_NOARP) !== 0 || end - at < arp.ARP_SIZE || !arp.hasEthernetLayout(bytes, at))
    return false;
  const operation = arp.arpOperation(bytes, at);
  const target = arp.arpTargetIp(bytes, at);
  if (target >>> 24 === 127 || target >>> 28 === 0xe) return false;
  if (br.suppressesNeighbours) {
    if (isSuppressed(port, vid)) return false;
    // What one station asks another for is between the two.
    if (isUnicast(bytes, macHeader) && operation === ARPOP_REQUEST) return false;
    const sender = arp.arpSenderIp(bytes, at);
    const isReverse = operation === ARPOP_RREQUEST || operation === ARPOP_RREPLY;
    // A probe or an announcement.
    if (!isReverse && (sender === 0 || sender === target)) return true;
  }
  if (operation !== ARPOP_REQUEST) return false;
  const dev = addressedDevice(br, frame, vid);
  if (dev === undefined) return false;
  if (br.suppressesNeighbours && isLocalAddress(dev, target)) return true;
  const neigh = lookupNeighbour(dev, target);
  const behind = portBehind(br, neigh, vid);
  if (neigh === undefined || behind === undefined) return false;
  const answers =
    (port !== null && (port.flags & BR_PROXYARP) !== 0) ||
    (behind !== null && (behind.flags & BR_PROXYARP_WIFI) !== 0) ||
    isSuppressed(behind, vid);
  if (answers) sendBack(br, port, answerArp(frame, at, neigh), frame);
  return answers || br.suppressesNeighbours;
}

/** Whether an IPv4 address is one of the device's, or of one above it (br_is_local_ip). */
function isLocalAddress(dev: Device, address: number): boolean {
  if (dev.ip instanceof InDevice) {
    for (const { local } of dev.ip.addresses) if ((local | 0) === (address | 0)) return true;
  }
  for (const upper of dev.uppers ?? []) if (isLocalAddress(upper, address)) return true;
  return false;
}

// --- Neighbour discovery -------------------------------------------------------------------------------------------------

function suppressNd(br: Bridge, port: BridgePort | null, frame: Frame, vid: number, type: number): boolean {
  const { bytes, macHeader, start } = frame;
  const at = start + ip6.IPV6_HEADER_SIZE;
  if (isSuppressed(port, vid)) return false;
  if (type === nd.ND_NEIGHBOUR_ADVERTISEMENT) return ((bytes[at + 4] ?? 0) & solicited) === 0;
  if (isUnicast(bytes, macHeader)) return false;
  // Duplicate detection.
  const source = ip6.ipv6Source(bytes, start);
  if (isIpv6Unspecified(source) || equalsIpv6(source, bytes, 0, start + ip6.IPV6_DESTINATION)) return true;
  const dev = addressedDevice(br, frame, vid);
  if (dev === undefined) return false;
  if (isLocalAddress6(dev, bytes, at + nd.ND_TARGET)) return true;
  const neigh = findNeighbour6(dev, bytes, at + nd.ND_TARGET);
  const behind = portBehind(br, neigh, vid);
  if (neigh === undefined || behind === undefined) return false;
  if (isSuppressed(behind, vid)) {
    sendBack(br, port, answerNd(frame, start, neigh, (neigh.flags & NTF_ROUTER) !== 0), frame);
  }
  return true;
}

/** Whether an IPv6 address is the host's as the device, or one above it, sees it (br_is_local_ip6). */
function isLocalAddress6(dev: Device, bytes: Uint8Array, at: number): boolean {
  if (hasUsableAddress(ipNetns(dev.netns), bytes, at, dev)) return true;
  for (const upper of dev.uppers ?? []) if (isLocalAddress6(upper, bytes, at)) return true;
  return false;
}

// --- Both ----------------------------------------------------------------------------------------------------------------

function isUnicast(bytes: Uint8Array, mac: number): boolean {
  return ((bytes[mac] ?? 0) & 1) === 0;
}

/** The device whose neighbours are asked for: the bridge, or a VLAN device on it (__vlan_find_dev_deep_rcu). */
function addressedDevice({ dev }: Bridge, { vlanProtocol }: Frame, vid: number): Device | undefined {
  if (vid === 0) return dev;
  for (let each: Device | null = dev; each !== null; each = each.master) {
    if (each.vlans instanceof VlanDevices) return each.vlans.find(vlanProtocol, vid);
  }
  return undefined;
}

/** The port a neighbour is behind, null for the bridge itself; undefined where that is not known. */
function portBehind(br: Bridge, neigh: Neighbour | undefined, vid: number): BridgePort | null | undefined {
  if (neigh === undefined || (neigh.state & NUD_VALID) === 0) return undefined;
  const entry = br.fdb.find((vid << 16) | neigh.lladdrHigh, neigh.lladdrLow);
  return entry === noEntry ? undefined : (br.fdb.ports[entry] ?? null);
}

/** Sends an answer by the port its question came in by, or by the bridge itself, in the question's VLAN. */
function sendBack(br: Bridge, port: BridgePort | null, reply: Frame | null, request: Frame): void {
  if (reply === null) return;
  const { pvid } = port?.vlans ?? br.vlans;
  const tci = request.vlanProtocol === 0 ? 0 : request.vlanTci;
  if (br.isVlanFiltering && tci !== 0 && (tci & VLAN_VID_MASK) !== pvid) {
    reply.vlanProtocol = request.vlanProtocol;
    reply.vlanTci = tci;
  }
  reply.dev = (port ?? br).dev;
  devQueueXmit(reply);
}
