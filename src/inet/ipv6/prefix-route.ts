// The route to an address's prefix, in the main table: it comes with the first address of the prefix and goes with the
// last.
//
// Mirrors net/ipv6/addrconf.c (addrconf_prefix_route, addrconf_get_prefix_route, check_cleanup_prefix_route,
// cleanup_prefix_route, modify_prefix_route, addrconf_add_mroute).

import { ipv6FromText, ipv6Network, ipv6SamePrefix } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFA_F_NOPREFIXROUTE, IFA_F_PERMANENT } from "../../uapi/if_addr.ts";
import { RT_TABLE_LOCAL, RT_TABLE_MAIN, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import type { PrefixInfo } from "../../wire/nd-option.ts";
import { l3mdevTable } from "../l3mdev.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import type { In6Device } from "./device.ts";
import type { Fib6Route } from "./fib.ts";
import { deleteRoute6, insertRoute6, table6For } from "./fib-change.ts";
import { findNode } from "./fib-tree.ts";
import type { RouteConfig6 } from "./route-config.ts";
import { kernelRoute6, METRIC_ADDRCONF } from "./route-config.ts";
import { createRoute6 } from "./route-create.ts";

const S = 1_000_000_000;
const forever = 0xffff_ffff;
const multicastPrefixLength = 8;

/** Adds the route to the first `prefixLength` bits of `address`; `metric` 0 is the default, `expiresS` 0 never. */
export function addPrefixRoute(
  dev: Device,
  address: Uint8Array,
  prefixLength: number,
  metric: number,
  expiresS: number,
): void {
  addKernelRoute(dev, {
    ...kernelRoute6(),
    destination: address,
    destinationLength: prefixLength,
    metric: metric === 0 ? METRIC_ADDRCONF : metric,
    oif: dev.ifindex,
    expiresS,
  });
}

/** Adds, renews or deletes the route to a prefix that a router tells to be on the link; `isFull` forbids more of them. */
export function takeOnLinkPrefix(in6Dev: In6Device, info: PrefixInfo, isFull: boolean): void {
  const { dev } = in6Dev;
  const { prefix, prefixLength, validS } = info;
  const ip = ipNetns(dev.netns);
  const table = table6For(ip, l3mdevTable(dev) || RT_TABLE_MAIN);
  const node = findNode(table, ipv6Network(prefix, prefixLength), prefixLength);
  const known = node?.routes.find((each) => each.isAddrconf && each.dev === dev && each.gateway === null);
  if (known !== undefined && validS === 0) return deleteRoute6(ip, known);
  if (known !== undefined) {
    known.expiresNs = validS === forever ? Number.NaN : dev.machine.clock.now() + validS * S;
  } else if (validS !== 0 && !isFull) {
    const route = addKernelRoute(dev, {
      ...kernelRoute6(),
      destination: ipv6Network(prefix, prefixLength),
      destinationLength: prefixLength,
      oif: dev.ifindex,
      expiresS: validS === forever ? 0 : validS,
    });
    if (route !== undefined) {
      route.isAddrconf = true;
      route.isPrefixRoute = true;
    }
  }
}

/** Adds the route to all groups by a device. */
export function addMulticastRoute(dev: Device): void {
  const destination = ipv6FromText("ff00::") ?? new Uint8Array(16);
  addKernelRoute(dev, {
    ...kernelRoute6(),
    destination,
    destinationLength: multicastPrefixLength,
    table: RT_TABLE_LOCAL,
    type: RTN_MULTICAST,
    oif: dev.ifindex,
  });
}

/** Adds a route as far as that goes: it may be there, the device may be down. */
function addKernelRoute(dev: Device, config: RouteConfig6): Fib6Route | undefined {
  const ip = ipNetns(dev.netns);
  try {
    const route = createRoute6(ip, { ...config, table: l3mdevTable(dev) || config.table });
    insertRoute6(ip, route);
    return route;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return undefined;
  }
}

/** The route to a prefix by a device without a gateway, whoever made it. */
function findPrefixRoute(dev: Device, address: Uint8Array, prefixLength: number): Fib6Route | undefined {
  const prefix = ipv6Network(address, prefixLength);
  const ip = ipNetns(dev.netns);
  const own = l3mdevTable(dev);
  const node = findNode(own === 0 ? ip.main6 : table6For(ip, own), prefix, prefixLength);
  return node?.routes.find((route) => route.dev === dev && route.gateway === null);
}

/** What is to become of the route to an address's prefix when the address goes. */
export type Cleanup = "keep" | "delete" | { readonly expiresNs: number };

/** Looks which other addresses need the route. */
export function prefixCleanup(in6Dev: In6Device, address: Ipv6Address): Cleanup {
  let cleanup: Cleanup = "delete";
  let latestNs = 0;
  for (const other of in6Dev.addresses) {
    if (other === address || other.prefixLength !== address.prefixLength) continue;
    if (!ipv6SamePrefix(other.address, address.address, address.prefixLength)) continue;
    if ((other.flags & (IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE)) !== 0) return "keep";
    if (other.validS !== forever) latestNs = Math.max(latestNs, other.updatedNs + other.validS * S);
    cleanup = { expiresNs: latestNs };
  }
  return cleanup;
}

/** Deletes the route to `address`'s prefix, or has it end with the last address that needs it. */
export function cleanPrefixRoute(
  dev: Device,
  address: Uint8Array,
  prefixLength: number,
  cleanup: Cleanup,
): void {
  if (cleanup === "keep") return;
  const route = findPrefixRoute(dev, address, prefixLength);
  if (route === undefined) return;
  if (cleanup === "delete") deleteRoute6(ipNetns(dev.netns), route);
  else if (Number.isNaN(route.expiresNs)) route.expiresNs = cleanup.expiresNs;
}

/** Gives the route to an address's prefix the address's metric and end; false when there is none. */
export function changePrefixRoute(
  dev: Device,
  address: Uint8Array,
  prefixLength: number,
  metric: number,
  expiresS: number,
): boolean {
  const route = findPrefixRoute(dev, address, prefixLength);
  if (route === undefined) return false;
  if (route.metric !== (metric === 0 ? METRIC_ADDRCONF : metric)) {
    deleteRoute6(ipNetns(dev.netns), route);
    addPrefixRoute(dev, address, prefixLength, metric, expiresS);
  } else {
    route.expiresNs = expiresS === 0 ? Number.NaN : dev.machine.clock.now() + expiresS * S;
  }
  return true;
}
