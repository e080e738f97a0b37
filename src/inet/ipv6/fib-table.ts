// The search of one routing table of IPv6: the longest prefix, the lowest metric, the best next hop.
//
// Mirrors net/ipv6/route.c (fib6_table_lookup, rt6_select, rt6_score_route). Omitted: probing of routers that do not answer
// (RFC 4191 3.5), round robin among them.

import { ICMPV6_ROUTER_PREF_HIGH, ICMPV6_ROUTER_PREF_LOW } from "../../uapi/icmpv6.ts";
import { DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN } from "../../uapi/ipv6.ts";
import { NUD_FAILED } from "../../uapi/neighbour.ts";
import {
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_THROW,
  RTN_UNREACHABLE,
  RTNH_F_DEAD,
  RTNH_F_LINKDOWN,
} from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import { In6Device } from "./device.ts";
import type { Fib6Node, Fib6Result, Fib6Route, Fib6Table, Lookup6 } from "./fib.ts";
import { deepestNode } from "./fib-tree.ts";

/** Looks the address at `bytes[offset]` up in one table; see fib6Lookup. */
export function tableLookup6(
  ip: IpNetns,
  table: Fib6Table,
  bytes: Uint8Array,
  offset: number,
  lookup: Lookup6,
  result: Fib6Result,
): boolean {
  const deepest = deepestNode(table, bytes, offset);
  // A router takes any way; a host tries next hops first that are not known to be gone.
  let route = isRouter(ip) ? null : selectUpward(deepest, lookup, true);
  route ??= selectUpward(deepest, lookup, false);
  result.route = route;
  result.error = route === null ? "ENETUNREACH" : errorOf(route);
  return result.error === "";
}

function isRouter(ip: IpNetns): boolean {
  return (ip.all6[0] ?? 0) !== 0;
}

/** Tries a prefix and those it is in, the longest first. */
function selectUpward(deepest: Fib6Node, lookup: Lookup6, wantsReachable: boolean): Fib6Route | null {
  for (let node: Fib6Node | null = deepest; node !== null; node = node.parent) {
    const route = select(node.routes, lookup, wantsReachable);
    if (route !== null) return route;
  }
  return null;
}

/** The best route of a prefix among those of the lowest metric that will do at all. */
function select(routes: readonly Fib6Route[], lookup: Lookup6, wantsReachable: boolean): Fib6Route | null {
  let best: Fib6Route | null = null;
  let bestScore = -1;
  for (let index = 0; index < routes.length; index++) {
    const route = routes[index];
    if (route === undefined) break;
    if (best !== null && route.metric !== best.metric) break;
    const score = scoreOf(route, lookup, wantsReachable);
    if (score <= bestScore) continue;
    best = route;
    bestScore = score;
  }
  return best;
}

/** How good a route is, -1 when it will not do; of one with several ways the best of them. */
function scoreOf(route: Fib6Route, lookup: Lookup6, wantsReachable: boolean): number {
  if (route.paths === null) return scoreOfWay(route, lookup, wantsReachable);
  let best = -1;
  for (let index = 0; index < route.paths.length; index++) {
    const path = route.paths[index];
    if (path !== undefined) best = Math.max(best, scoreOfWay(path, lookup, wantsReachable));
  }
  return best;
}

/** How good a way is (rt6_score_route). */
function scoreOfWay(route: Fib6Route, lookup: Lookup6, wantsReachable: boolean): number {
  const { dev, flags } = route;
  if ((flags & RTNH_F_DEAD) !== 0 || isExpired(route)) return -1;
  if ((flags & RTNH_F_LINKDOWN) !== 0 && !lookup.ignoresLinkstate && ignoresLinkdown(route)) return -1;
  const isMatch = lookup.device === 0 || dev?.ifindex === lookup.device;
  if (!isMatch && lookup.isStrict) return -1;
  if (wantsReachable && hasFailed(route)) return -1;
  return (isMatch ? 2 : 0) + (preferenceOf(route) << 2);
}

function preferenceOf({ pref }: Fib6Route): number {
  if (pref === ICMPV6_ROUTER_PREF_HIGH) return 3;
  return pref === ICMPV6_ROUTER_PREF_LOW ? 1 : 2;
}

function isExpired(route: Fib6Route): boolean {
  return route.dev !== null && route.expiresNs <= route.dev.machine.clock.now();
}

/** Whether the route is by a device that is told to have routes ignored while it has no carrier. */
export function ignoresLinkdown({ dev }: Fib6Route): boolean {
  return dev?.ip6 instanceof In6Device && dev.ip6.conf.get(DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN) !== 0;
}

/** Whether the gateway is known not to answer (rt6_check_neigh). */
function hasFailed({ dev, gateway }: Fib6Route): boolean {
  if (gateway === null || !(dev?.ip6 instanceof In6Device)) return false;
  return dev.ip6.neighbours.get(gateway)?.state === NUD_FAILED;
}

function errorOf({ isReject, object, type }: Fib6Route): Fib6Result["error"] {
  if (!isReject) return "";
  if (object !== null) return "EINVAL";
  switch (type) {
    case RTN_BLACKHOLE:
      return "EINVAL";
    case RTN_PROHIBIT:
      return "EACCES";
    case RTN_THROW:
      return "EAGAIN";
    case RTN_UNREACHABLE:
      return "EHOSTUNREACH";
    default:
      return "ENETUNREACH";
  }
}
