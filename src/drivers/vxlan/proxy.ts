// What a VXLAN device does for hosts far away before it sends: it answers questions about neighbours it knows, in place of
// flooding them (proxy), and sends what is for a far router to the host behind it at once (rsc).
//
// Mirrors drivers/net/vxlan/vxlan_core.c (arp_reduce, neigh_reduce, route_shortcircuit); RFC 7432 section 10 has the purpose.

import { getBe16, getBe32 } from "../../bytes/endian.ts";
import { isMulticast, readMac, writeMac } from "../../bytes/mac.ts";
import { lookupNeighbour } from "../../inet/ipv4/neighbour.ts";
import { In6Device } from "../../inet/ipv6/device.ts";
import { findNeighbour6 } from "../../inet/ipv6/neighbour.ts";
import type { Neighbour } from "../../inet/neigh/neighbour.ts";
import { NUD_CONNECTED } from "../../inet/neigh/neighbour.ts";
import { ethTypeTrans } from "../../net/ethernet.ts";
import { dropTx } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { IFF_NOARP } from "../../uapi/if.ts";
import { ARPOP_REQUEST } from "../../uapi/if_arp.ts";
import { ETH_HLEN, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { NTF_ROUTER } from "../../uapi/neighbour.ts";
import * as arp from "../../wire/arp.ts";
import { icmpv6Code, icmpv6Type } from "../../wire/icmpv6.ts";
import { IPV4_SIZE } from "../../wire/ipv4.ts";
import * as ip6 from "../../wire/ipv6.ts";
import { ND_NEIGHBOUR_SOLICITATION, ND_TARGET } from "../../wire/nd.ts";
import { answerArp, answerNd, LEAST_ND } from "../neighbour-answer.ts";
import type { FdbEntry } from "./fdb-table.ts";
import { notifyIpMiss } from "./miss.ts";
import type { Vxlan } from "./state.ts";
import { VXLAN_F_L3MISS } from "./state.ts";
import { countRxDrop, countVniTxDrop } from "./vni-stats.ts";

/** Takes ARP packets and solicitations of neighbour discovery, answered or not; false for all else, which stays the caller's. */
export function reduce(frame: Frame, dev: Vxlan, vni: number): boolean {
  const { bytes, end, start } = frame;
  const at = start + ETH_HLEN;
  const protocol = getBe16(bytes, start + 12);
  if (protocol === ETH_P_ARP) {
    if ((dev.flags & IFF_NOARP) === 0 && end - at < arp.ARP_SIZE) {
      countVniTxDrop(dev, vni);
      dropTx(frame, dev, "bad-header");
      return true;
    }
    if ((dev.flags & IFF_NOARP) === 0) reduceArp(frame, at, dev, vni);
  } else if (protocol === ETH_P_IPV6 && isSolicitation(frame, at)) reduceNd(frame, at, dev, vni);
  else return false;
  frame.pool.free(frame);
  return true;
}

function isSolicitation({ bytes, end }: Frame, at: number): boolean {
  if (end - at < LEAST_ND || ip6.ipv6NextHeader(bytes, at) !== IPPROTO_ICMPV6) return false;
  const message = at + ip6.IPV6_HEADER_SIZE;
  return icmpv6Code(bytes, message) === 0 && icmpv6Type(bytes, message) === ND_NEIGHBOUR_SOLICITATION;
}

function reduceArp(frame: Frame, at: number, dev: Vxlan, vni: number): void {
  const { bytes, end } = frame;
  if (!arp.isEthernetArp(bytes, at, end) || arp.arpOperation(bytes, at) !== ARPOP_REQUEST) return;
  const target = arp.arpTargetIp(bytes, at);
  if (target >>> 24 === 127 || target >>> 28 === 0xe) return;
  const neigh = lookupNeighbour(dev, target);
  if (neigh === undefined) return missed(dev, bytes.slice(at + 24, at + 28));
  if (isFarNeighbour(neigh, dev.state.fdb.find(neigh.lladdr, vni)))
    answer(answerArp(frame, at, neigh), dev, vni);
}

function reduceNd(frame: Frame, at: number, dev: Vxlan, vni: number): void {
  const { bytes } = frame;
  if (!(dev.ip6 instanceof In6Device)) return;
  const target = at + ip6.IPV6_HEADER_SIZE + ND_TARGET;
  if (isLoopback(bytes, at + ip6.IPV6_DESTINATION) || bytes[target] === 0xff) return;
  const neigh = findNeighbour6(dev, bytes, target);
  if (neigh === undefined) return missed(dev, bytes.slice(target, target + 16));
  const entry = dev.state.fdb.find(neigh.lladdr, vni);
  if (!isFarNeighbour(neigh, entry)) return;
  answer(answerNd(frame, at, neigh, ((entry?.flags ?? 0) & NTF_ROUTER) !== 0), dev, vni);
}

function isLoopback(bytes: Uint8Array, at: number): boolean {
  for (let byte = 0; byte < 15; byte++) if (bytes[at + byte] !== 0) return false;
  return bytes[at + 15] === 1;
}

/** Whether a neighbour is known for sure, and not at this very end: that one answers for itself. */
function isFarNeighbour({ state }: Neighbour, entry: FdbEntry | undefined): boolean {
  if ((state & NUD_CONNECTED) === 0) return false;
  const remote = entry?.remotes[0];
  return remote === undefined || remote.address.some((byte) => byte !== 0);
}

function missed(dev: Vxlan, address: Uint8Array): void {
  if ((dev.state.config.flags & VXLAN_F_L3MISS) !== 0) notifyIpMiss(dev, address);
}

/** The device receives the answer that nobody has sent. */
function answer(reply: Frame | null, dev: Vxlan, vni: number): void {
  if (reply === null) return;
  ethTypeTrans(reply, dev);
  reply.packetType = PACKET_HOST;
  if (!netifRx(reply, dev)) countRxDrop(dev, vni);
}

/**
 * Readdresses a packet for a far router to the neighbour it is for, when that is known here; the router becomes its sender.
 * True when the destination is another now.
 */
export function shortCircuit(frame: Frame, dev: Vxlan): boolean {
  const { bytes, end, start } = frame;
  const destination = readMac(bytes, start);
  if (isMulticast(destination)) return false;
  const at = start + ETH_HLEN;
  const is6 = getBe16(bytes, start + 12) === ETH_P_IPV6;
  if (end - at < (is6 ? ip6.IPV6_HEADER_SIZE : IPV4_SIZE)) return false;
  const address = at + (is6 ? ip6.IPV6_DESTINATION : 16);
  const neigh = is6 ? findNeighbour6(dev, bytes, address) : lookupNeighbour(dev, getBe32(bytes, address));
  if (neigh === undefined) {
    missed(dev, bytes.slice(address, address + (is6 ? 16 : 4)));
    return false;
  }
  if (neigh.lladdr === destination || !frame.pool.writable(frame)) return false;
  writeMac(frame.bytes, frame.start + 6, destination);
  writeMac(frame.bytes, frame.start, neigh.lladdr);
  return true;
}

/** Whether a packet is one that `shortCircuit` may readdress: IP, for a router of the table. */
export function isForRouter({ bytes, start }: Frame, entry: FdbEntry): boolean {
  if ((entry.flags & NTF_ROUTER) === 0) return false;
  const protocol = getBe16(bytes, start + 12);
  return protocol === ETH_P_IP || protocol === ETH_P_IPV6;
}
