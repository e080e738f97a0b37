// Neighbour solicitations to the targets of a bond, and what answers and other slaves' questions say of a slave.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_ns_send_all, bond_ns_send, bond_na_rcv, bond_validate_na). Differs: a target
// behind VLAN devices in one another is asked with the outer tag alone.

import { equalsIpv6, ipv6MulticastMac, isIpv6Unspecified, solicitedNode } from "../../bytes/ipv6.ts";
import { In6Device } from "../../inet/ipv6/device.ts";
import { allNodes } from "../../inet/ipv6/nd-send.ts";
import { Route6, routeOutput6 } from "../../inet/ipv6/route.ts";
import { selectSource6 } from "../../inet/ipv6/source.ts";
import { ipNetns } from "../../inet/slots.ts";
import { ethHeader } from "../../net/ethernet.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { ETH_HLEN, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { ICMPV6_SIZE, icmpv6Type, writeIcmpv6 } from "../../wire/icmpv6.ts";
import * as ipv6 from "../../wire/ipv6.ts";
import * as nd from "../../wire/nd.ts";
import * as option from "../../wire/nd-option.ts";
import { VLAN_TAG_SIZE } from "../../wire/vlan.ts";
import type { Bond, Slave } from "./state.ts";
import { intervalsSince } from "./state.ts";
import type { Tag } from "./targets.ts";
import { lastHeard, noteTarget, pathTo, sendProbe } from "./targets.ts";

const unspecified = new Uint8Array(16);

/** Asks for every target of IPv6 by one slave. */
export function askNsTargets(dev: Bond, slave: Slave): void {
  const ip = ipNetns(dev.netns);
  for (const target of dev.state.nsTargets) {
    const route = new Route6();
    route.destination.set(target);
    // Without a source the way is found all the same.
    const isFound = routeOutput6(ip, route) || route.error === "EADDRNOTAVAIL";
    const end = isFound ? route.dev : null;
    const tags = end === null ? [] : pathTo(dev, end);
    if (tags === null) continue;
    ask(slave, target, end === null ? unspecified : (selectSource6(ip, end, target) ?? unspecified), tags);
  }
}

function ask(slave: Slave, target: Uint8Array, source: Uint8Array, tags: readonly Tag[]): void {
  const { dev } = slave;
  const hasSource = !isIpv6Unspecified(source);
  const size = nd.ND_NEIGHBOUR_SIZE + (hasSource ? option.ND_OPT_LL_ADDR_SIZE : 0);
  const frame = dev.machine.frames.alloc(ipv6.IPV6_HEADER_SIZE + size, ETH_HLEN + VLAN_TAG_SIZE);
  if (frame === null) return;
  const { bytes, start } = frame;
  const at = start + ipv6.IPV6_HEADER_SIZE;
  const group = solicitedNode(target);
  frame.end = at + size;
  frame.networkHeader = start;
  frame.dev = dev;
  ipv6.emitIpv6(bytes, start, {
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: size,
    nextHeader: IPPROTO_ICMPV6,
    hopLimit: nd.ND_HOP_LIMIT,
    source,
    destination: group,
  });
  const next = nd.emitNeighbourTarget(bytes, at, target);
  if (hasSource) option.emitNdLinkLayerAddress(bytes, next, option.ND_OPT_SOURCE_LL_ADDR, dev.address);
  writeIcmpv6(bytes, at, frame.end, start, nd.ND_NEIGHBOUR_SOLICITATION, 0, 0);
  ethHeader(frame, ETH_P_IPV6, dev.address, ipv6MulticastMac(group));
  sendProbe(frame, slave, tags);
}

/**
 * Whether the packet is of the conversation with a target: its answer on the slave that asks, on another the question that
 * came round by the switch, once the asking one has been answered.
 */
export function validateNs(frame: Frame, dev: Bond, slave: Slave): void {
  const { bytes, start, end } = frame;
  const at = start + ipv6.IPV6_HEADER_SIZE;
  if (end - at < ICMPV6_SIZE || ipv6.ipv6NextHeader(bytes, start) !== IPPROTO_ICMPV6) return;
  const type = icmpv6Type(bytes, at);
  if (type !== nd.ND_NEIGHBOUR_SOLICITATION && type !== nd.ND_NEIGHBOUR_ADVERTISEMENT) return;
  const { active, asking } = dev.state;
  const [from, to] = [start + ipv6.IPV6_SOURCE, start + ipv6.IPV6_DESTINATION];
  if (!slave.isBackup) note(dev, slave, bytes, from, to);
  else if (active !== null && lastHeard(dev, active) > active.lastLinkUp) note(dev, slave, bytes, to, from);
  else if (asking !== null && intervalsSince(dev, asking.lastTx, 1)) note(dev, slave, bytes, from, to);
}

/** A target is known by its address or by the group that it is asked in; ours by an address of the bond, or as all hosts. */
function note(dev: Bond, slave: Slave, bytes: Uint8Array, target: number, own: number): void {
  if (isIpv6Unspecified(bytes, target)) return;
  if (!equalsIpv6(allNodes(), bytes, 0, own) && !hasAddress(dev, bytes, own)) return;
  const index = dev.state.nsTargets.findIndex(
    (each) => equalsIpv6(each, bytes, 0, target) || equalsIpv6(solicitedNode(each), bytes, 0, target),
  );
  if (index >= 0) noteTarget(dev, slave, index);
}

/** Whether an address is the bond's or one of a device above it (bond_has_this_ip6). */
function hasAddress(dev: Device, bytes: Uint8Array, at: number): boolean {
  const isOwn =
    dev.ip6 instanceof In6Device &&
    dev.ip6.addresses.some(({ address }) => equalsIpv6(address, bytes, 0, at));
  return isOwn || (dev.uppers ?? []).some((upper) => hasAddress(upper, bytes, at));
}
