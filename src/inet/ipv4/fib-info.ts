// A route's properties are made and checked: types and scopes, devices that are up, gateways that can be reached,
// preferred sources that are the host's own.
//
// Mirrors net/ipv4/fib_semantics.c (fib_create_info, fib_check_nh, fib_valid_prefsrc) with its order, errno and texts.
// Omitted: encapsulations.

import { invalid, NetlinkError, noDevice } from "../../netlink/error.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../uapi/socket.ts";
import { isSameMetrics } from "../metrics.ts";
import type { IpNetns } from "../netns.ts";
import { checkForRoute4 } from "../nexthop/check.ts";
import type { NexthopObject } from "../nexthop/object.ts";
import { hasInet } from "../slots.ts";
import { addressType, addressTypeBy } from "./address-type.ts";
import type { FibInfo, FibTable } from "./fib.ts";
import { FibResult, Flow4 } from "./fib.ts";
import { fibLookup, fibTableLookup, rebalance } from "./fib-lookup.ts";
import { FibNexthop } from "./fib-nexthop.ts";
import type { NexthopConfig4, RouteConfig4 } from "./route-config.ts";

/** What each type of route asks for: its least scope, and whether it leads nowhere (fib_props). */
function leastScope(type: number): number {
  switch (type) {
    case rt.RTN_UNSPEC:
    case rt.RTN_NAT:
    case rt.RTN_XRESOLVE:
      return rt.RT_SCOPE_NOWHERE;
    case rt.RTN_LOCAL:
      return rt.RT_SCOPE_HOST;
    case rt.RTN_BROADCAST:
    case rt.RTN_ANYCAST:
      return rt.RT_SCOPE_LINK;
    default:
      return rt.RT_SCOPE_UNIVERSE;
  }
}

/** Whether routes of a type lead to an error instead of a next hop. */
function isErrorType(type: number): boolean {
  return type >= rt.RTN_BLACKHOLE && type <= rt.RTN_XRESOLVE;
}

/** Makes the properties of a route (fib_create_info); throws NetlinkError. */
export function createInfo(ip: IpNetns, config: RouteConfig4): FibInfo {
  if (config.type > rt.RTN_MAX) throw invalid("Invalid route type");
  if (leastScope(config.type) > config.scope) throw invalid("Invalid scope");
  if ((config.flags & (rt.RTNH_F_DEAD | rt.RTNH_F_LINKDOWN)) !== 0) {
    throw invalid("Invalid rtm_flags - can not contain DEAD or LINKDOWN");
  }
  const object = objectOf(ip, config);
  const info = {
    nexthops: object?.paths ?? nexthopsOf(config),
    object,
    protocol: config.protocol,
    scope: config.scope,
    type: config.type,
    priority: config.priority,
    prefsrc: config.prefsrc,
    metrics: config.metrics,
    congestion: config.congestion,
    flow: config.flow,
    flags: config.flags,
    table: config.table,
    isDead: false,
  };
  if (isErrorType(config.type)) {
    if (config.gatewayFamily !== 0 || config.oif !== 0 || config.multipath !== null) {
      throw invalid("Gateway, device and multipath can not be specified for this route type");
    }
    return info;
  }
  if (config.type === rt.RTN_UNSPEC) throw invalid("Invalid route type");
  if (config.scope > rt.RT_SCOPE_HOST) throw invalid("Invalid scope");
  if (object !== null) checkForRoute4(object.value, config.scope);
  else if (config.scope === rt.RT_SCOPE_HOST) checkLocal(ip, info);
  else checkNexthops(ip, config, info);
  if (config.prefsrc !== 0 && !isValidPrefsrc(ip, config)) throw invalid("Invalid prefsrc address");
  rebalance(info);
  return info;
}

/** The nexthop object a route names. */
function objectOf(ip: IpNetns, { nhId }: RouteConfig4): NexthopObject | null {
  if (nhId === 0) return null;
  const object = ip.nexthops.get(nhId);
  if (object === undefined) throw invalid("Nexthop id does not exist");
  return object;
}

function nexthopsOf(config: RouteConfig4): FibNexthop[] {
  if (config.multipath === null) return [nexthopOf(config, config.flags)];
  const nexthops = config.multipath.map((hop) => nexthopOf(hop, (config.flags & ~0xff) | hop.flags));
  const [first] = nexthops;
  if (first === undefined) throw invalid();
  if (config.oif !== 0 && first.ifindex !== config.oif) {
    throw invalid("Nexthop device index does not match RTA_OIF");
  }
  if (config.gatewayFamily !== 0 && !isSameGateway(config, first)) {
    throw invalid("Nexthop gateway does not match RTA_GATEWAY or RTA_VIA");
  }
  return nexthops;
}

/** A next hop as asked for, not checked yet. */
function nexthopOf(config: NexthopConfig4, flags: number): FibNexthop {
  const nexthop = new FibNexthop();
  nexthop.ifindex = config.oif;
  nexthop.gatewayFamily = config.gatewayFamily;
  nexthop.gateway = config.gateway;
  nexthop.gateway6 = config.gateway6;
  nexthop.flags = flags;
  nexthop.weight = config.weight;
  return nexthop;
}

/** Whether two next hops have the same gateway. */
export function isSameGateway(
  one: Pick<NexthopConfig4, "gatewayFamily" | "gateway" | "gateway6">,
  other: Pick<NexthopConfig4, "gatewayFamily" | "gateway" | "gateway6">,
): boolean {
  if (one.gatewayFamily !== other.gatewayFamily || one.gateway !== other.gateway) return false;
  return one.gateway6 === other.gateway6 || `${one.gateway6}` === `${other.gateway6}`;
}

/** A route to an address of this host: one device, no gateway. */
function checkLocal(ip: IpNetns, info: FibInfo): void {
  const [nexthop] = info.nexthops;
  if (info.nexthops.length !== 1 || nexthop === undefined) {
    throw invalid("Route with host scope can not have multiple nexthops");
  }
  if (nexthop.gatewayFamily !== 0) throw invalid("Route with host scope can not have a gateway");
  nexthop.scope = rt.RT_SCOPE_NOWHERE;
  nexthop.dev = ip.netns.devices.get(nexthop.ifindex) ?? null;
  if (nexthop.dev === null) throw noDevice();
}

function checkNexthops(ip: IpNetns, config: RouteConfig4, info: FibInfo): void {
  let down = 0;
  for (const nexthop of info.nexthops) {
    checkNexthop(ip, config, nexthop);
    if ((nexthop.flags & rt.RTNH_F_LINKDOWN) !== 0) down++;
  }
  if (down === info.nexthops.length) info.flags |= rt.RTNH_F_LINKDOWN;
}

/** What a next hop is checked for: a route of a table and a scope. */
type Purpose = Pick<RouteConfig4, "table" | "scope">;

/** Finds the device of a next hop and sees that it can be used (fib_check_nh). */
export function checkNexthop(ip: IpNetns, config: Purpose, nexthop: FibNexthop): void {
  if (nexthop.gatewayFamily === AF_INET) checkGateway(ip, config, nexthop);
  else if (nexthop.gatewayFamily === AF_INET6) checkGateway6(ip, config, nexthop);
  else checkDevice(ip, nexthop);
  if (nexthop.dev !== null && !nexthop.dev.hasCarrier) nexthop.flags |= rt.RTNH_F_LINKDOWN;
}

function checkDevice(ip: IpNetns, nexthop: FibNexthop): void {
  if ((nexthop.flags & (rt.RTNH_F_PERVASIVE | rt.RTNH_F_ONLINK)) !== 0) {
    throw invalid("Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
  }
  const dev = ip.netns.devices.get(nexthop.ifindex);
  if (dev === undefined || !hasInet(dev)) throw noDevice();
  if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN", "Device for nexthop is not up");
  nexthop.dev = dev;
  nexthop.scope = rt.RT_SCOPE_HOST;
}

function checkGateway(ip: IpNetns, config: Purpose, nexthop: FibNexthop): void {
  if ((nexthop.flags & rt.RTNH_F_ONLINK) !== 0) return checkOnlinkGateway(ip, config, nexthop);
  const flow = new Flow4();
  flow.destination = nexthop.gateway;
  flow.scope = Math.max(config.scope + 1, rt.RT_SCOPE_LINK);
  flow.oif = nexthop.ifindex;
  const result = new FibResult();
  if (!lookUpGateway(ip, config.table, flow, result)) {
    throw new NetlinkError(result.error === "" ? "ENETUNREACH" : result.error, "Nexthop has invalid gateway");
  }
  if (result.type !== rt.RTN_UNICAST && result.type !== rt.RTN_LOCAL)
    throw invalid("Nexthop has invalid gateway");
  const dev = result.nexthop?.dev ?? null;
  nexthop.scope = result.alias?.info.scope ?? rt.RT_SCOPE_UNIVERSE;
  if (dev === null) throw invalid("No egress device for nexthop gateway");
  nexthop.ifindex = dev.ifindex;
  nexthop.dev = dev;
  if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN");
}

/** Looks a gateway up in the route's own table, and in all when it is not found there. */
function lookUpGateway(ip: IpNetns, tableId: number, flow: Flow4, result: FibResult): boolean {
  const table: FibTable | undefined = tableId === rt.RT_TABLE_MAIN ? undefined : ip.tables.get(tableId);
  if (table !== undefined && fibTableLookup(ip, table, flow, result, true)) return true;
  return fibLookup(ip, flow, result, true);
}

function checkOnlinkGateway(ip: IpNetns, config: Purpose, nexthop: FibNexthop): void {
  if (config.scope >= rt.RT_SCOPE_LINK) throw invalid("Nexthop has invalid scope");
  const dev = ip.netns.devices.get(nexthop.ifindex);
  if (dev === undefined) throw noDevice("Nexthop device required for onlink");
  if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN", "Nexthop device is not up");
  if (addressTypeBy(ip, nexthop.gateway, dev) !== rt.RTN_UNICAST)
    throw invalid("Nexthop has invalid gateway");
  nexthop.dev = dev;
  nexthop.scope = rt.RT_SCOPE_LINK;
}

/** A gateway of the other family is checked by that family (fib_check_nh_v6_gw). */
function checkGateway6(ip: IpNetns, config: Purpose, nexthop: FibNexthop): void {
  const gateway = nexthop.gateway6;
  if (gateway === null) throw invalid("Nexthop has invalid gateway");
  const onlink = (nexthop.flags & rt.RTNH_F_ONLINK) !== 0;
  const dev = ip.inet.checkGateway6(ip.netns, {
    gateway,
    ifindex: nexthop.ifindex,
    table: config.table,
    onlink,
  });
  nexthop.dev = dev;
  nexthop.ifindex = dev.ifindex;
  nexthop.scope = rt.RT_SCOPE_LINK;
}

/** Whether the preferred source is an address of this host, or about to be one (fib_valid_prefsrc). */
function isValidPrefsrc(ip: IpNetns, config: RouteConfig4): boolean {
  const { prefsrc, type, destination } = config;
  if (type === rt.RTN_LOCAL && destination !== 0 && destination === prefsrc) return true;
  const table = config.table === rt.RT_TABLE_MAIN ? ip.local : (ip.tables.get(config.table) ?? ip.local);
  if (addressType(ip, prefsrc, null, table) === rt.RTN_LOCAL) return true;
  return addressType(ip, prefsrc) === rt.RTN_LOCAL;
}

/** Whether two routes say the same (fib_find_info): they would share one fib_info. */
export function isSameInfo(one: FibInfo, other: FibInfo): boolean {
  return (
    one.protocol === other.protocol &&
    one.scope === other.scope &&
    one.type === other.type &&
    one.priority === other.priority &&
    one.prefsrc === other.prefsrc &&
    one.table === other.table &&
    one.congestion === other.congestion &&
    one.object === other.object &&
    ((one.flags ^ other.flags) & ~compareMask) === 0 &&
    isSameMetrics(one.metrics, other.metrics) &&
    one.nexthops.length === other.nexthops.length &&
    one.nexthops.every((nexthop, index) => isSameNexthop(nexthop, other.nexthops[index]))
  );
}

/** Flags that a route's state decides (RTNH_COMPARE_MASK). */
const compareMask = rt.RTNH_F_DEAD | rt.RTNH_F_LINKDOWN | rt.RTNH_F_OFFLOAD | rt.RTNH_F_TRAP;

function isSameNexthop(one: FibNexthop, other: FibNexthop | undefined): boolean {
  if (other === undefined || one.ifindex !== other.ifindex || one.scope !== other.scope) return false;
  if (one.weight !== other.weight || ((one.flags ^ other.flags) & ~compareMask) !== 0) return false;
  return isSameGateway(one, other);
}
