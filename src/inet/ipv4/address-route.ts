// The routes an address brings: to itself and its broadcasts in the local table, to its subnet in the main one. They go with
// it, unless another address of the device needs them too.
//
// Mirrors net/ipv4/fib_frontend.c (fib_add_ifaddr, fib_del_ifaddr, fib_modify_prefix_metric, fib_magic).

import { ipv4Broadcast, ipv4Network, isIpv4LimitedBroadcast, isIpv4ZeroNet } from "../../bytes/ipv4.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { IFA_F_NOPREFIXROUTE, IFA_F_SECONDARY } from "../../uapi/if_addr.ts";
import { NLM_F_APPEND, NLM_F_CREATE } from "../../uapi/netlink.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { l3mdevTable } from "../l3mdev.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv4Address } from "./address.ts";
import { addressTypeBy } from "./address-type.ts";
import type { InDevice } from "./device.ts";
import { deleteRoute, flushSource, insertRoute } from "./fib-change.ts";
import { invalidateNeighbour } from "./neighbour.ts";
import { kernelRoute4 } from "./route-config.ts";

/** The primary address of a subnet on a device (inet_ifa_byprefix). */
function primaryOf(inDev: InDevice, prefix: number, prefixLength: number): Ipv4Address | undefined {
  return inDev.addresses.find((each) => each.prefixLength === prefixLength && each.matches(prefix));
}

/** Adds the routes of an address; those to other hosts only when its device is up. */
export function addAddressRoutes(inDev: InDevice, address: Ipv4Address): void {
  const { dev, broadcast, local, prefixLength } = address;
  const prefix = ipv4Network(address.address, prefixLength);
  const isSecondary = (address.flags & IFA_F_SECONDARY) !== 0;
  const primary = isSecondary ? primaryOf(inDev, prefix, prefixLength) : address;
  if (primary === undefined) return;
  change("new", rt.RTN_LOCAL, local, 32, primary);
  if ((dev.flags & IFF_UP) === 0) return;
  if (broadcast !== 0 && !isIpv4LimitedBroadcast(broadcast)) {
    change("new", rt.RTN_BROADCAST, broadcast, 32, primary);
    invalidateNeighbour(dev, broadcast);
  }
  if (isSecondary || !hasSubnet(address, prefix)) return;
  if ((address.flags & IFA_F_NOPREFIXROUTE) === 0) {
    change("new", subnetType(address), prefix, prefixLength, primary, address.metric);
  }
  if (prefixLength < 31) {
    const last = ipv4Broadcast(prefix, prefixLength);
    change("new", rt.RTN_BROADCAST, last, 32, primary);
    invalidateNeighbour(dev, last);
  }
}

function hasSubnet(address: Ipv4Address, prefix: number): boolean {
  return !isIpv4ZeroNet(prefix) && (prefix !== address.local || address.prefixLength < 32);
}

function subnetType({ dev }: Ipv4Address): number {
  return (dev.flags & IFF_LOOPBACK) !== 0 ? rt.RTN_LOCAL : rt.RTN_UNICAST;
}

/** Gives the route to an address's subnet another metric. */
export function changeSubnetMetric(address: Ipv4Address, metric: number): void {
  const prefix = ipv4Network(address.address, address.prefixLength);
  if ((address.dev.flags & IFF_UP) === 0) return;
  if ((address.flags & (IFA_F_SECONDARY | IFA_F_NOPREFIXROUTE)) !== 0 || !hasSubnet(address, prefix)) return;
  change("new", subnetType(address), prefix, address.prefixLength, address, metric);
  change("del", subnetType(address), prefix, address.prefixLength, address, address.metric);
}

/** What other addresses of the device still need. */
interface Needed {
  isLocal: boolean;
  isBroadcast: boolean;
  isHighest: boolean;
  isLowest: boolean;
}

/**
 * Deletes the routes of an address that is on its way out. `promotedFor` is the primary address whose going lets another
 * be promoted: then the address itself stays, and its routes are about to come back with another source.
 */
export function deleteAddressRoutes(
  inDev: InDevice,
  address: Ipv4Address,
  promotedFor?: Ipv4Address,
  isDying = false,
): void {
  const { prefixLength } = address;
  const lowest = ipv4Network(address.address, prefixLength);
  const highest = ipv4Broadcast(address.address, prefixLength);
  let primary: Ipv4Address | undefined = address;
  let deletesSubnet = false;
  if ((address.flags & IFA_F_SECONDARY) !== 0) {
    primary = primaryOf(inDev, lowest, prefixLength);
    if (primary === undefined || (promotedFor !== undefined && promotedFor !== primary)) return;
  } else if (hasSubnet(address, lowest)) {
    if ((address.flags & IFA_F_NOPREFIXROUTE) === 0) {
      change("del", subnetType(address), lowest, prefixLength, primary);
    }
    deletesSubnet = true;
  }
  const needed: Needed = { isLocal: false, isBroadcast: false, isHighest: false, isLowest: false };
  if (!isDying) noteNeeded(inDev, address, primary, promotedFor, needed);
  if (!needed.isBroadcast) change("del", rt.RTN_BROADCAST, address.broadcast, 32, primary);
  if (deletesSubnet && prefixLength < 31) {
    if (!needed.isHighest) change("del", rt.RTN_BROADCAST, highest, 32, primary);
    if (!needed.isLowest) change("del", rt.RTN_BROADCAST, lowest, 32, primary);
  }
  if (needed.isLocal) return;
  change("del", rt.RTN_LOCAL, address.local, 32, primary);
  const ip = ipNetns(address.dev.netns);
  const isGone = isDying || !inDev.addresses.includes(address);
  if (isGone && addressTypeBy(ip, address.local, address.dev) !== rt.RTN_LOCAL)
    flushSource(ip, address.local, l3mdevTable(address.dev) || rt.RT_TABLE_MAIN);
}

/** Looks which routes of `address` another address with the same source has as well. */
function noteNeeded(
  inDev: InDevice,
  address: Ipv4Address,
  primary: Ipv4Address,
  promotedFor: Ipv4Address | undefined,
  needed: Needed,
): void {
  const lowest = ipv4Network(address.address, address.prefixLength);
  const highest = ipv4Broadcast(address.address, address.prefixLength);
  let sharesSource = false;
  for (const other of inDev.addresses) {
    if (other === address || (promotedFor !== undefined && isSameSubnet(other, promotedFor))) continue;
    let source: Ipv4Address | undefined = other;
    if ((other.flags & IFA_F_SECONDARY) === 0) {
      if (other.local !== primary.local) continue;
      if (other !== primary) sharesSource = true;
    } else if (isSameSubnet(other, primary)) source = primary;
    else {
      source = sharesSource ? primaryOf(inDev, other.address, other.prefixLength) : undefined;
      if (source?.local !== primary.local) continue;
    }
    if (address.local === other.local) needed.isLocal = true;
    if (address.broadcast === other.broadcast) needed.isBroadcast = true;
    if (highest === other.broadcast) needed.isHighest = true;
    if (lowest === other.broadcast) needed.isLowest = true;
    if (source === other && other.prefixLength < 31)
      noteSubnet(address.broadcast, lowest, highest, other, needed);
  }
}

/** A primary address has the broadcasts of its subnet. */
function noteSubnet(
  broadcast: number,
  lowest: number,
  highest: number,
  other: Ipv4Address,
  needed: Needed,
): void {
  const its = [
    ipv4Broadcast(other.address, other.prefixLength),
    ipv4Network(other.address, other.prefixLength),
  ];
  if (isIpv4ZeroNet(its[1] ?? 0)) return;
  if (its.includes(broadcast)) needed.isBroadcast = true;
  if (its.includes(highest)) needed.isHighest = true;
  if (its.includes(lowest)) needed.isLowest = true;
}

/** Whether two addresses share a subnet and its length. */
export function isSameSubnet(one: Ipv4Address, other: Ipv4Address): boolean {
  return one.prefixLength === other.prefixLength && other.matches(one.address);
}

/** Adds or deletes one route (fib_magic); that it is there already, or not there, is no matter. */
function change(
  what: "new" | "del",
  type: number,
  destination: number,
  destinationLength: number,
  primary: Ipv4Address,
  priority = 0,
): void {
  const ip = ipNetns(primary.dev.netns);
  const config = {
    ...kernelRoute4,
    type,
    destination,
    destinationLength,
    priority,
    prefsrc: primary.local,
    oif: primary.dev.ifindex,
    table: l3mdevTable(primary.dev) || (type === rt.RTN_UNICAST ? rt.RT_TABLE_MAIN : rt.RT_TABLE_LOCAL),
    scope: type === rt.RTN_LOCAL ? rt.RT_SCOPE_HOST : rt.RT_SCOPE_LINK,
    nlFlags: NLM_F_CREATE | NLM_F_APPEND,
  };
  try {
    if (what === "new") insertRoute(ip, config);
    else deleteRoute(ip, config);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
  }
}
