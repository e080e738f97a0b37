// The way of a packet that came in: for this host, on to another, or neither.
//
// Mirrors net/ipv4/route.c (ip_route_input_slow, ip_route_input_rcu, ip_mkroute_input) and net/ipv4/fib_frontend.c
// (fib_validate_source). Omitted: multicast routing.

import { isIpv4LimitedBroadcast, isIpv4Loopback, isIpv4Multicast, isIpv4ZeroNet } from "../../bytes/ipv4.ts";
import type { Device } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import * as conf from "../../uapi/ip.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import { LOOPBACK_IFINDEX } from "../rules/match.ts";
import type { InDevice } from "./device.ts";
import type { FibResult, Flow4 } from "./fib.ts";
import { fibLookup, selectPath } from "./fib-lookup.ts";
import { isDetour } from "./redirect.ts";
import type { Route4 } from "./route.ts";
import { groupDevice, mtuOf, routesLocalnet, setNexthop } from "./route.ts";

/** What the reverse path check works with; one serves many packets. */
export interface SourceCheck {
  readonly flow: Flow4;
  readonly result: FibResult;
}

/**
 * Finds the way of a packet from `source` to `destination` that came in on `inDev`'s device, whose mark, protocol and ports
 * are in `route.flow` already as far as they matter; false: it is dropped,
 * `route.error` says why: EINVAL for addresses that cannot be ("martians"), EXDEV for a source that is elsewhere,
 * EHOSTUNREACH, ENETUNREACH and EACCES for want of a way.
 */
export function routeInput(
  ip: IpNetns,
  inDev: InDevice,
  source: number,
  destination: number,
  tos: number,
  route: Route4,
  check: SourceCheck,
): boolean {
  const { dev } = inDev;
  const { flow, result } = route;
  route.error = "";
  route.alias = null;
  route.source = 0;
  flow.destination = destination;
  flow.source = source;
  flow.oif = 0;
  flow.iif = dev.ifindex;
  flow.uid = 0;
  flow.tos = tos;
  flow.scope = 0;
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0;
  if (isIpv4Multicast(destination)) {
    if (groupDevice(inDev, destination) === null) return refuse(route, "EINVAL");
    if (!isLoopback && !isGroupSource(ip, inDev, source)) return refuse(route, "EINVAL");
    return here(route, RTN_MULTICAST, dev);
  }
  if (isIpv4Multicast(source) || isIpv4LimitedBroadcast(source)) return refuse(route, "EINVAL");
  if (isIpv4LimitedBroadcast(destination) || (source === 0 && destination === 0)) {
    return broadcastHere(ip, inDev, source, route, check);
  }
  if (isIpv4ZeroNet(source) || isIpv4ZeroNet(destination)) return refuse(route, "EINVAL");
  if (!isLoopback && (isIpv4Loopback(destination) || isIpv4Loopback(source)) && !routesLocalnet(ip, dev)) {
    return refuse(route, "EINVAL");
  }
  const forwards = inDev.conf.get(conf.IPV4_DEVCONF_FORWARDING) !== 0;
  if (!fibLookup(ip, flow, result)) {
    return refuse(route, forwards && result.error !== "" ? result.error : "EHOSTUNREACH");
  }
  if (result.type === RTN_BROADCAST) return broadcastHere(ip, inDev, source, route, check);
  if (result.type === RTN_LOCAL) {
    if (!isLoopback) {
      const error = validateSource(ip, inDev, route.flow, null, check);
      if (error !== "") return refuse(route, error);
    }
    return here(route, RTN_LOCAL, dev);
  }
  if (!forwards) return refuse(route, "EHOSTUNREACH");
  if (result.type !== RTN_UNICAST) return refuse(route, "EINVAL");
  return onward(ip, inDev, destination, route, check);
}

function refuse(route: Route4, error: ErrnoName): boolean {
  route.error = error;
  return false;
}

function here(route: Route4, type: number, dev: Device): boolean {
  route.type = type;
  route.isLocal = true;
  route.dev = dev;
  return true;
}

function broadcastHere(
  ip: IpNetns,
  inDev: InDevice,
  source: number,
  route: Route4,
  check: SourceCheck,
): boolean {
  if (!isIpv4ZeroNet(source) && (inDev.dev.flags & IFF_LOOPBACK) === 0) {
    const error = validateSource(ip, inDev, route.flow, null, check);
    if (error !== "") return refuse(route, error);
  }
  return here(route, RTN_BROADCAST, inDev.dev);
}

/** Whether a packet to a group may have this source (ip_mc_validate_source). */
function isGroupSource(ip: IpNetns, inDev: InDevice, source: number): boolean {
  if (isIpv4Multicast(source) || isIpv4LimitedBroadcast(source)) return false;
  if (isIpv4Loopback(source) && !routesLocalnet(ip, inDev.dev)) return false;
  return !ip.addresses4.has(source | 0);
}

/** On to another host (ip_mkroute_input). */
function onward(
  ip: IpNetns,
  inDev: InDevice,
  destination: number,
  route: Route4,
  check: SourceCheck,
): boolean {
  selectPath(ip, route.flow, route.result);
  const { alias, nexthop } = route.result;
  const dev = nexthop?.dev ?? null;
  if (dev === null || alias === null) return refuse(route, "EINVAL");
  const error = validateSource(ip, inDev, route.flow, dev, check);
  if (error !== "") return refuse(route, error);
  route.type = RTN_UNICAST;
  route.isLocal = false;
  route.dev = dev;
  route.alias = alias;
  setNexthop(ip, route, nexthop, destination);
  route.isDetour = dev === inDev.dev && isDetour(ip, inDev, route.flow.source, route, check.result);
  route.mtu = mtuOf(dev, alias.info);
  return true;
}

/**
 * Whether the source is one that may come in here: not one of the host's own, and with rp_filter one that the host would
 * answer by this device (`1`) or by any (`2`). Returns the errno, "" when all is well.
 */
function validateSource(
  ip: IpNetns,
  inDev: InDevice,
  packet: Flow4,
  out: Device | null,
  check: SourceCheck,
): ErrnoName | "" {
  const { source } = packet;
  const filter = Math.max(
    ip.all4[conf.IPV4_DEVCONF_RP_FILTER] ?? 0,
    inDev.conf.get(conf.IPV4_DEVCONF_RP_FILTER),
  );
  const acceptsLocal =
    (ip.all4[conf.IPV4_DEVCONF_ACCEPT_LOCAL] ?? 0) !== 0 ||
    inDev.conf.get(conf.IPV4_DEVCONF_ACCEPT_LOCAL) !== 0;
  if (filter === 0 && out !== inDev.dev && !ip.rules4.isCustom)
    return !acceptsLocal && ip.addresses4.has(source | 0) ? "EINVAL" : "";
  const { flow, result } = check;
  flow.destination = source;
  flow.source = packet.destination;
  flow.oif = 0;
  flow.iif = out?.ifindex ?? LOOPBACK_IFINDEX;
  flow.mark = usesMark(ip, inDev) ? packet.mark : 0;
  flow.tos = packet.tos;
  flow.scope = 0;
  flow.protocol = packet.protocol;
  flow.sport = packet.dport;
  flow.dport = packet.sport;
  if (!fibLookup(ip, flow, result)) return filter !== 0 ? "EXDEV" : "";
  if (result.type !== RTN_UNICAST && (result.type !== RTN_LOCAL || !acceptsLocal)) return "EINVAL";
  if (usesDevice(result, inDev.dev) || filter !== 1) return "";
  return "EXDEV";
}

/** Whether the mark of a packet counts when the way back is looked for (src_valid_mark). */
function usesMark(ip: IpNetns, { conf: own }: InDevice): boolean {
  return (ip.all4[conf.IPV4_DEVCONF_SRC_VMARK] ?? 0) !== 0 || own.get(conf.IPV4_DEVCONF_SRC_VMARK) !== 0;
}

/** Whether the host would answer by `dev`. */
function usesDevice({ alias }: FibResult, dev: Device): boolean {
  const { nexthops } = alias?.info ?? {};
  if (nexthops === undefined) return false;
  for (let index = 0; index < nexthops.length; index++) {
    if (nexthops[index]?.dev === dev) return true;
  }
  return false;
}
