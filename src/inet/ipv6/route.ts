// The way of a packet of IPv6: of one that this host sends, and of one that came in.
//
// Mirrors net/ipv6/route.c (ip6_route_output_flags, ip6_route_input, ip6_rt_init_dst) and net/ipv6/ip6_output.c
// (ip6_dst_lookup_tail).

import {
  equalsIpv6,
  ipv6ToText,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isIpv6Multicast,
  isIpv6Unspecified,
} from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { RTAX_MTU, RTN_ANYCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import { l3mdevMaster } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { LOOPBACK_IFINDEX } from "../rules/match.ts";
import { findAddress6, hasUsableAddress } from "./address-find.ts";
import type { Fib6Route } from "./fib.ts";
import { Fib6Result, Lookup6 } from "./fib.ts";
import { fib6Lookup, selectSibling } from "./fib-lookup.ts";
import { selectSource6 } from "./source.ts";

const maxMtu = 65_535;

/** A way that was found (struct rt6_info). One object serves many packets: a look-up overwrites all but what asks. */
export class Route6 {
  /** What is asked: where to, from where (unspecified: to be chosen), by which device (0: any). */
  readonly destination = new Uint8Array(16);
  readonly source = new Uint8Array(16);
  oif = 0;
  /** Whether this host's own members of a group get what is sent to it (IPV6_MULTICAST_LOOP). */
  loopsBack = true;

  /** RTN_UNICAST: on by `dev`; RTN_LOCAL, RTN_ANYCAST, RTN_MULTICAST. */
  type = RTN_UNICAST;
  /** The device to leave by; the loopback for the host's own addresses. */
  dev: Device | null = null;
  /** The next hop: an address at an offset. */
  nexthop: Uint8Array = this.destination;
  nexthopOffset = 0;
  /** The next hop is one that a redirect told. */
  isRedirected = false;
  mtu = 0;
  route: Fib6Route | null = null;
  /** Why there is none; "" when there is one. */
  error: ErrnoName | "" = "";
  readonly result = new Fib6Result();
  /** What else is minded; callers set mark, user, protocol, ports and traffic class. */
  readonly lookup = new Lookup6();
}

/** Finds the way to `route.destination`; the source is chosen if it is not given. False: `error` says why not. */
export function routeOutput6(ip: IpNetns, route: Route6): boolean {
  const { destination, lookup, result, source } = route;
  const choosesSource = isIpv6Unspecified(source);
  // A device with a table of its own stands for all ways in there, and is no link itself (vrf_link_scope_lookup).
  const isVrf = (ip.netns.devices.get(route.oif)?.l3mdevTable ?? 0) !== 0;
  if (isVrf && (isIpv6Multicast(destination) || isIpv6LinkLocal(destination)))
    return fail(route, "ENETUNREACH");
  const device = isVrf ? 0 : route.oif;
  lookup.device = device;
  lookup.oif = route.oif;
  lookup.iif = LOOPBACK_IFINDEX;
  lookup.source = source;
  lookup.sourceOffset = 0;
  lookup.hasSource = !choosesSource;
  lookup.isStrict = needsStrict(destination, 0) || (device !== 0 && choosesSource);
  let isFound = fib6Lookup(ip, destination, 0, lookup, result);
  if (isFound) selectSibling(ip, result, source, 0, destination, 0, device, lookup);
  if (!choosesSource) return setWay(ip, route, destination, 0);
  if (isFound) setWay(ip, route, destination, 0);
  else route.route = result.route;
  const error = result.error;
  const found = isFound ? result.route : null;
  const chosen = found?.prefsrc ?? selectSource6(ip, found?.dev ?? null, destination);
  if (chosen === undefined) return fail(route, isFound ? "EADDRNOTAVAIL" : error || "ENETUNREACH");
  source.set(chosen);
  if (isFound) return true;
  // There may be a way for packets from this very source.
  lookup.hasSource = true;
  isFound = fib6Lookup(ip, destination, 0, lookup, result);
  if (isFound) selectSibling(ip, result, source, 0, destination, 0, device, lookup);
  return setWay(ip, route, destination, 0);
}

/** Finds the way of the packet whose addresses are at `bytes[source]` and `bytes[destination]`, which came in on `dev`. */
export function routeInput6(
  ip: IpNetns,
  dev: Device,
  bytes: Uint8Array,
  source: number,
  destination: number,
  route: Route6,
): boolean {
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0;
  if (isLoopback && hasUsableAddress(ip, bytes, destination, null)) return here(route, dev);
  return lookUpInput6(ip, dev, bytes, source, destination, route);
}

/** As routeInput6, by the tables alone: what came by the loopback for this host has been looked up when it was sent. */
export function lookUpInput6(
  ip: IpNetns,
  dev: Device,
  bytes: Uint8Array,
  source: number,
  destination: number,
  route: Route6,
): boolean {
  const { lookup, result } = route;
  lookup.device = dev.ifindex;
  lookup.oif = 0;
  lookup.iif = dev.ifindex;
  lookup.source = bytes;
  lookup.sourceOffset = source;
  lookup.hasSource = true;
  lookup.isStrict = needsStrict(bytes, destination);
  const isFound = fib6Lookup(ip, bytes, destination, lookup, result);
  if (isFound) selectSibling(ip, result, bytes, source, bytes, destination, 0, lookup);
  return setWay(ip, route, bytes, destination);
}

function here(route: Route6, dev: Device): boolean {
  route.type = RTN_LOCAL;
  route.dev = dev;
  route.route = null;
  route.error = "";
  return true;
}

/** Whether only routes by one device will do for a destination (rt6_need_strict). */
function needsStrict(bytes: Uint8Array, offset: number): boolean {
  return isIpv6Multicast(bytes, offset) || isIpv6LinkLocal(bytes, offset) || isIpv6Loopback(bytes, offset);
}

function fail(route: Route6, error: ErrnoName): boolean {
  route.error = error;
  route.dev = null;
  return false;
}

/** Takes what the look-up found as the way. */
function setWay(ip: IpNetns, route: Route6, destination: Uint8Array, offset: number): boolean {
  const found = route.result.route;
  route.route = found;
  if (route.result.error !== "" || found === null || found.dev === null) {
    return fail(route, route.result.error === "" ? "ENETUNREACH" : route.result.error);
  }
  const isOwn = found.isLocal || found.isAnycast;
  route.error = "";
  route.type = found.isLocal ? RTN_LOCAL : found.isAnycast ? RTN_ANYCAST : RTN_UNICAST;
  if (isIpv6Multicast(destination, offset)) route.type = RTN_MULTICAST;
  route.dev = isOwn ? (l3mdevMaster(found.dev) ?? ip.netns.loopback) : found.dev;
  route.nexthop = found.gateway ?? destination;
  route.nexthopOffset = found.gateway === null ? offset : 0;
  route.mtu = route.dev === null ? 0 : mtuOf6(route.dev, found);
  if (!ip.pathMtus6.isEmpty && destination === route.destination) {
    const path = ip.pathMtus6.get(ipv6ToText(destination, offset));
    if (path !== undefined) route.mtu = Math.min(route.mtu, path.mtu);
  }
  route.isRedirected = false;
  if (!ip.redirects6.isEmpty && destination === route.destination) followRedirect(ip, route, found);
  return route.dev !== null;
}

/** Goes the shorter way that somebody told of, as long as it is instead of the one that was found. */
function followRedirect(ip: IpNetns, route: Route6, { dev, gateway }: Fib6Route): void {
  const shorter = ip.redirects6.get(ipv6ToText(route.destination));
  if (shorter === undefined || gateway === null || shorter.dev !== dev) return;
  if (!equalsIpv6(shorter.via, gateway)) return;
  route.nexthop = shorter.gateway;
  route.nexthopOffset = 0;
  route.isRedirected = true;
}

/** The largest packet for a route by a device: what the route says, else what the device's IPv6 takes. */
function mtuOf6(dev: Device, route: Fib6Route | null): number {
  const own = route === null || route.metrics === null ? 0 : (route.metrics.get(RTAX_MTU) ?? 0);
  return own !== 0 ? own : Math.min(dev.mtu, maxMtu);
}

/** The device an address of the host that came by the loopback belongs to; `dev` itself for others. */
export function ownerOf(ip: IpNetns, dev: Device, bytes: Uint8Array, offset: number): Device {
  if ((dev.flags & IFF_LOOPBACK) === 0) return dev;
  return findAddress6(ip, bytes, offset, null)?.dev ?? dev;
}
