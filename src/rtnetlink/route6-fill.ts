// An IPv6 route as netlink tells it.
//
// Mirrors net/ipv6/route.c (rt6_fill_node) for routes of a table; answers to a look-up are in route6-get.ts.

import { In6Device } from "../inet/ipv6/device.ts";
import type { Fib6Route } from "../inet/ipv6/fib.ts";
import type { MachineContext } from "../net/netdevice.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN } from "../uapi/ipv6.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import { beginNexthop, endNexthop, putMetrics, putRouteCacheinfo, putRtmsg } from "./route-msg.ts";

const nsPerCentisecond = 10_000_000;

/** Writes a route's header and attributes; of one that shares load, all siblings. */
export function fillRoute6(writer: MessageWriter, machine: MachineContext, route: Fib6Route): void {
  const { object, prefix, prefixLength, siblings } = route;
  putRtmsg(writer, {
    family: AF_INET6,
    destinationLength: prefixLength,
    sourceLength: 0,
    tos: 0,
    table: route.table.id,
    protocol: route.protocol,
    scope: rt.RT_SCOPE_UNIVERSE,
    type: object?.isBlackhole === true ? rt.RTN_BLACKHOLE : route.type,
    flags: siblings === null && route.paths === null ? nexthopFlags6(route) : 0,
  });
  if (prefixLength > 0) writer.binary(rt.RTA_DST, prefix);
  if (route.prefsrc !== null) writer.binary(rt.RTA_PREFSRC, route.prefsrc);
  putMetrics(writer, route.metrics, route.congestion);
  writer.u32(rt.RTA_PRIORITY, route.metric);
  if (object !== null) writer.u32(rt.RTA_NH_ID, object.id);
  if (object !== null && (object.isCompact || object.paths.length > 1)) {
    if (!object.isCompact) putSiblings(writer, route.paths ?? []);
  } else if (siblings === null) {
    if (route.gateway !== null) writer.binary(rt.RTA_GATEWAY, route.gateway);
    if (route.dev !== null) writer.u32(rt.RTA_OIF, route.dev.ifindex);
  } else putSiblings(writer, fromItself(route, siblings));
  putRouteCacheinfo(writer, expiresIn(machine, route), 0);
  writer.u8(rt.RTA_PREF, route.pref);
}

/** Hundredths of a second until the route goes; 0: never. */
export function expiresIn({ clock }: MachineContext, { expiresNs }: Fib6Route): number {
  return Number.isNaN(expiresNs) ? 0 : Math.floor((expiresNs - clock.now()) / nsPerCentisecond);
}

/** What is wrong with a next hop now, and what was asked for. */
function nexthopFlags6({ dev, flags }: Fib6Route): number {
  const told = flags & (rt.RTNH_F_DEAD | rt.RTNH_F_LINKDOWN | rt.RTNH_F_ONLINK);
  const slot = dev?.ip6;
  const isIgnored =
    (flags & rt.RTNH_F_LINKDOWN) !== 0 &&
    slot instanceof In6Device &&
    slot.conf.get(DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN) !== 0;
  return told | (isIgnored ? rt.RTNH_F_DEAD : 0);
}

/** The siblings as a ring that begins with the route that is told of. */
function fromItself(route: Fib6Route, siblings: readonly Fib6Route[]): readonly Fib6Route[] {
  const at = siblings.indexOf(route);
  return at <= 0 ? siblings : [...siblings.slice(at), ...siblings.slice(0, at)];
}

function putSiblings(writer: MessageWriter, siblings: readonly Fib6Route[]): void {
  const nest = writer.nest(rt.RTA_MULTIPATH);
  for (const sibling of siblings) {
    const at = beginNexthop(writer, nexthopFlags6(sibling) & 0xff, sibling.weight, sibling.dev?.ifindex ?? 0);
    if (sibling.gateway !== null) writer.binary(rt.RTA_GATEWAY, sibling.gateway);
    endNexthop(writer, at);
  }
  writer.endNest(nest);
}
