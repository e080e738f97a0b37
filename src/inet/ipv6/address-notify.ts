// An address can be used, or no longer: users are told, and its host route, the route to its peer and the anycast address
// of its subnet come and go with it.
//
// Mirrors net/ipv6/addrconf.c (__ipv6_ifa_notify).

import type { Origin } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { DEVCONF_FORWARDING } from "../../uapi/ipv6.ts";
import { RTN_LOCAL } from "../../uapi/rtnetlink.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import { joinAnycast, leaveAnycast } from "./anycast.ts";
import type { In6Device } from "./device.ts";
import { deleteRoute6, insertRoute6 } from "./fib-change.ts";
import { hostRoute } from "./host-route.ts";
import { leaveSolicitedNode } from "./multicast.ts";
import { addPrefixRoute, cleanPrefixRoute } from "./prefix-route.ts";

const hostLength = 128;

/** Tells users of an address that is new or has changed. */
export function tellAddress(address: Ipv6Address, origin?: Origin): void {
  ipNetns(address.dev.netns).inet.announcer.address6("new", address, origin);
}

/** Puts the route to an address into the local table, unless it is there. */
export function insertHostRoute(address: Ipv6Address): void {
  const ip = ipNetns(address.dev.netns);
  address.route ??= hostRoute(ip, address.dev, address.address, RTN_LOCAL);
  if (address.route.isInserted) return;
  try {
    insertRoute6(ip, address.route);
  } catch (error) {
    // A user may have put the same route there.
    if (!(error instanceof NetlinkError)) throw error;
  }
}

/** An address can be used from now on. */
export function addressUp(in6Dev: In6Device, address: Ipv6Address): void {
  tellAddress(address);
  insertHostRoute(address);
  if (in6Dev.conf.get(DEVCONF_FORWARDING) !== 0) joinAnycast(in6Dev, address);
  if (address.peer !== null) addPrefixRoute(address.dev, address.peer, hostLength, address.metric, 0);
}

/** An address is gone. */
export function addressDown(in6Dev: In6Device, address: Ipv6Address, origin?: Origin): void {
  const ip = ipNetns(address.dev.netns);
  ip.inet.announcer.address6("del", address, origin);
  leaveGroups(in6Dev, address);
  if (address.peer !== null) cleanPrefixRoute(address.dev, address.peer, hostLength, "delete");
  if (address.route !== null) deleteRoute6(ip, address.route);
  address.route = null;
}

/** Leaves the groups an address brought. */
export function leaveGroups(in6Dev: In6Device, address: Ipv6Address): void {
  if (in6Dev.conf.get(DEVCONF_FORWARDING) !== 0) leaveAnycast(in6Dev, address);
  leaveSolicitedNode(in6Dev, address.address);
}
