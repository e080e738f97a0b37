// A route of IPv6 is made and checked: a device that is up and has IPv6, a gateway that is on a link, a preferred source that
// is the host's own.
//
// Mirrors net/ipv6/route.c (ip6_route_info_create, fib6_nh_init, ip6_validate_gw, ip6_route_check_nh) with its order, errno
// and texts. Omitted: source-specific routes, encapsulations.

import {
  equalsIpv6,
  ipv6Network,
  isIpv4Mapped,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isIpv6Multicast,
  isIpv6Unspecified,
} from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../../netlink/error.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { DEVCONF_DISABLE_IPV6 } from "../../uapi/ipv6.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import type { GatewayCheck6 } from "../inet.ts";
import { l3mdevTable } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { checkForRoute6 } from "../nexthop/check.ts";
import { hasInet6, in6Device } from "../slots.ts";
import { hasUsableAddress, isInVrf } from "./address-find.ts";
import { Fib6Result, Fib6Route, Lookup6 } from "./fib.ts";
import { table6For } from "./fib-change.ts";
import { fib6Lookup, selectSibling } from "./fib-lookup.ts";
import { tableLookup6 } from "./fib-table.ts";
import type { NexthopConfig6, RouteConfig6 } from "./route-config.ts";
import { kernelRoute6, METRIC_USER } from "./route-config.ts";
import { applyNexthop6 } from "./route-nexthop.ts";

const S = 1_000_000_000;

/** Whether routes of a type lead to an error instead of a next hop. */
export function isRejectType(type: number): boolean {
  return (
    type === rt.RTN_BLACKHOLE ||
    type === rt.RTN_UNREACHABLE ||
    type === rt.RTN_PROHIBIT ||
    type === rt.RTN_THROW
  );
}

/** Makes the route that `config` asks for, by the next hop `hop` of it; throws NetlinkError. */
export function createRoute6(ip: IpNetns, config: RouteConfig6, hop: NexthopConfig6 = config): Fib6Route {
  if (config.type > rt.RTN_MAX) throw invalid("Invalid route type");
  if (config.destinationLength > 128) throw invalid("Invalid prefix length");
  const prefix = ipv6Network(config.destination, config.destinationLength);
  const route = new Fib6Route(table6For(ip, config.table), prefix, config.destinationLength);
  route.metric = config.metric === 0 ? METRIC_USER : config.metric;
  route.protocol = config.protocol === rt.RTPROT_UNSPEC ? rt.RTPROT_BOOT : config.protocol;
  route.type = config.type === rt.RTN_UNSPEC ? rt.RTN_UNICAST : config.type;
  route.metrics = config.metrics;
  route.congestion = config.congestion;
  route.pref = config.pref;
  route.weight = hop.weight;
  route.isLocal = config.type === rt.RTN_LOCAL;
  route.isAnycast = config.type === rt.RTN_ANYCAST;
  if (config.expiresS !== 0) route.expiresNs = ip.inet.machine.clock.now() + config.expiresS * S;
  if (config.nhId !== 0) takeObject(ip, config, route);
  else initNexthop(ip, config, { ...hop, flags: hop.flags | config.flags }, route);
  if (config.prefsrc !== null) setPrefsrc(ip, route, config.prefsrc);
  return route;
}

/** Has the route go by the nexthop object it names. */
function takeObject(ip: IpNetns, config: RouteConfig6, route: Fib6Route): void {
  const object = ip.nexthops.get(config.nhId);
  if (object === undefined) throw invalid("Nexthop id does not exist");
  checkForRoute6(object.value);
  if (isRejectType(config.type)) {
    route.isReject = true;
    route.dev = ip.netns.loopback;
    return;
  }
  applyNexthop6(ip, route, object);
}

/** Finds the device and the gateway of a nexthop object. */
export function checkNexthop6(
  ip: IpNetns,
  hop: NexthopConfig6,
): { readonly dev: Device; readonly flags: number } {
  const route = new Fib6Route(ip.main6, new Uint8Array(16), 128);
  initNexthop(ip, { ...kernelRoute6(), ...hop, destination: loopbackAddress }, hop, route);
  if (route.dev === null) throw noDevice();
  return { dev: route.dev, flags: route.flags };
}

const loopbackAddress = Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0));

/** Finds the device and the gateway (fib6_nh_init). */
function initNexthop(ip: IpNetns, config: RouteConfig6, hop: NexthopConfig6, route: Fib6Route): void {
  let dev: Device | undefined;
  if (hop.oif !== 0) {
    dev = ip.netns.devices.get(hop.oif);
    if (dev === undefined || !hasInet6(dev)) throw noDevice();
  }
  if ((hop.flags & rt.RTNH_F_ONLINK) !== 0) {
    if (dev === undefined) throw noDevice("Nexthop device required for onlink");
    if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN", "Nexthop device is not up");
    route.flags |= rt.RTNH_F_ONLINK;
  }
  if (isRejectType(config.type)) {
    route.isReject = true;
    route.dev = ip.netns.loopback;
    return;
  }
  if (hop.hasGateway) {
    dev = validateGateway(ip, hop, config.table, dev);
    route.gateway = hop.gateway.slice();
  }
  if (dev === undefined) throw noDevice();
  if (isDisabled(dev)) throw new NetlinkError("EACCES", "IPv6 is disabled on nexthop device");
  if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN", "Nexthop device is not up");
  if (!route.isLocal && !route.isAnycast && !dev.hasCarrier) route.flags |= rt.RTNH_F_LINKDOWN;
  route.dev = dev;
  if (goesInCircles(config, dev)) route.isReject = true;
}

function isDisabled(dev: Device): boolean {
  return in6Device(dev)?.conf.get(DEVCONF_DISABLE_IPV6) !== 0;
}

/** Routes by the loopback to addresses that are not its own would go in circles: they lead nowhere (fib6_is_reject). */
function goesInCircles({ destination, type }: RouteConfig6, dev: Device): boolean {
  if ((dev.flags & IFF_LOOPBACK) === 0 || isIpv6Loopback(destination)) return false;
  return type !== rt.RTN_LOCAL && type !== rt.RTN_ANYCAST;
}

/** Sees that a gateway can be one, and returns the device it is reached by (ip6_validate_gw). */
function validateGateway(
  ip: IpNetns,
  hop: NexthopConfig6,
  table: number,
  wanted: Device | undefined,
): Device {
  const { gateway } = hop;
  const isLinkLocal = isIpv6LinkLocal(gateway);
  if (wanted !== undefined && isOwn(ip, gateway, wanted, isLinkLocal)) {
    throw invalid("Gateway can not be a local address");
  }
  let dev = wanted;
  if (!isLinkLocal) {
    if (!isPossibleGateway(gateway)) throw invalid("Invalid gateway address");
    if ((hop.flags & rt.RTNH_F_ONLINK) !== 0) checkOnlink(ip, gateway, dev);
    else dev = checkNexthop(ip, hop, table, dev);
  }
  if (dev === undefined) throw invalid("Egress device not specified");
  if ((dev.flags & IFF_LOOPBACK) !== 0)
    throw invalid("Egress device can not be loopback device for this route");
  if (wanted === undefined && isOwn(ip, gateway, dev, isLinkLocal)) {
    throw invalid("Gateway can not be a local address");
  }
  return dev;
}

/** An address of this host; a link-local one counts only on its own link. */
function isOwn(ip: IpNetns, gateway: Uint8Array, dev: Device, isLinkLocal: boolean): boolean {
  return isLinkLocal ? hasUsableAddress(ip, gateway, 0, dev, true) : isInVrf(ip, gateway, 0, dev);
}

function isPossibleGateway(gateway: Uint8Array): boolean {
  if (isIpv4Mapped(gateway)) return true;
  return !isIpv6Multicast(gateway) && !isIpv6Unspecified(gateway);
}

/** The device by which a gateway that is no link-local address is reached, directly (ip6_route_check_nh). */
function checkNexthop(ip: IpNetns, hop: NexthopConfig6, tableId: number, wanted: Device | undefined): Device {
  const result = new Fib6Result();
  const lookup = gatewayLookup(hop.oif, true);
  const table = ip.tables6.get(tableId);
  let isFound = table !== undefined && tableLookup6(ip, table, hop.gateway, 0, lookup, result);
  if (!isFound || !isDirect(result, wanted)) {
    lookup.isStrict = wanted !== undefined;
    isFound = fib6Lookup(ip, hop.gateway, 0, lookup, result);
    if (!isFound || result.route === null || result.route.gateway !== null)
      throw new NetlinkError("EHOSTUNREACH");
    selectSibling(ip, result, hop.gateway, 0, hop.gateway, 0, hop.oif, lookup);
  }
  const dev = result.route?.dev ?? null;
  if (dev === null || (wanted !== undefined && dev !== wanted)) throw new NetlinkError("EHOSTUNREACH");
  return dev;
}

/** How a gateway is looked up: it may be behind a device without carrier. */
function gatewayLookup(ifindex: number, isStrict: boolean): Lookup6 {
  const lookup = new Lookup6();
  lookup.device = ifindex;
  lookup.oif = ifindex;
  lookup.isStrict = isStrict;
  lookup.ignoresLinkstate = true;
  return lookup;
}

function isDirect({ route }: Fib6Result, wanted: Device | undefined): boolean {
  if (route === null || route.gateway !== null || route.isReject) return false;
  return wanted === undefined || route.dev === wanted;
}

/** A gateway said to be on the link must not be known to be elsewhere (ip6_route_check_nh_onlink). */
function checkOnlink(ip: IpNetns, gateway: Uint8Array, dev: Device | undefined): void {
  const result = new Fib6Result();
  const lookup = gatewayLookup(dev?.ifindex ?? 0, false);
  const vrf = dev === undefined ? 0 : l3mdevTable(dev);
  const table = vrf === 0 ? ip.main6 : ip.tables6.get(vrf);
  if (table === undefined || !tableLookup6(ip, table, gateway, 0, lookup, result)) return;
  const { route } = result;
  if (route === null || route.prefixLength === 0 || isIpv6Unspecified(route.prefix)) return;
  if (route.type !== rt.RTN_UNICAST || route.dev !== dev) {
    throw invalid("Nexthop has invalid gateway or device mismatch");
  }
}

function setPrefsrc(ip: IpNetns, route: Fib6Route, prefsrc: Uint8Array): void {
  if (isIpv6Unspecified(prefsrc)) return;
  if (!hasUsableAddress(ip, prefsrc, 0, route.dev)) throw invalid("Invalid source address");
  route.prefsrc = prefsrc.slice();
  ip.routesWithSource6.add(route);
}

/** Routes that prefer an address as their source do so no longer: it is gone (rt6_remove_prefsrc). */
export function removePrefsrc(ip: IpNetns, address: Uint8Array): void {
  for (const route of ip.routesWithSource6) {
    if (route.isInserted && route.prefsrc !== null && !equalsIpv6(route.prefsrc, address)) continue;
    route.prefsrc = null;
    ip.routesWithSource6.delete(route);
  }
}

/** Finds the device of a gateway of IPv6 that a route of IPv4 names (fib_check_nh_v6_gw). */
export function checkGatewayOf4(ip: IpNetns, { gateway, ifindex, onlink, table }: GatewayCheck6): Device {
  const flags = onlink ? rt.RTNH_F_ONLINK : 0;
  const hop = { oif: ifindex, hasGateway: true, gateway, flags, weight: 1 };
  const config = { ...kernelRoute6(), ...hop, table };
  const route = new Fib6Route(table6For(ip, table), gateway, 128);
  initNexthop(ip, config, hop, route);
  if (route.dev === null) throw noDevice();
  return route.dev;
}
