// Routes of IPv6 that go by a nexthop object: they take its way, or each of its ways when it is a group.
//
// Mirrors net/ipv6/route.c (fib6_select_path with a nexthop, rt6_nh_find_match).

import type { IpNetns } from "../netns.ts";
import type { NexthopObject } from "../nexthop/object.ts";
import { in6Device } from "../slots.ts";
import { In6Device } from "./device.ts";
import { Fib6Route } from "./fib.ts";
import { rebalancePaths } from "./fib-lookup.ts";

/** Gives a route the ways an object has now. */
export function applyNexthop6(ip: IpNetns, route: Fib6Route, object: NexthopObject): void {
  const [first] = object.paths;
  if (first === undefined) return;
  if (route.isInserted && route.dev?.ip6 instanceof In6Device) route.dev.ip6.routes.delete(route);
  route.object = object;
  route.dev = object.isBlackhole ? ip.netns.loopback : first.dev;
  route.gateway = first.gateway6;
  route.flags = first.flags;
  route.isReject = object.isBlackhole;
  if (route.isInserted && route.dev !== null) in6Device(route.dev)?.routes.add(route);
  route.paths = null;
  if (object.paths.length < 2) return;
  route.paths = object.paths.map((hop) => {
    const path = new Fib6Route(route.table, route.prefix, route.prefixLength);
    Object.assign(path, route);
    path.whole = route;
    path.paths = null;
    path.dev = hop.dev;
    path.gateway = hop.gateway6;
    path.flags = hop.flags;
    path.weight = hop.weight;
    return path;
  });
  rebalancePaths(route.paths);
}
