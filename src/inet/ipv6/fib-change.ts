// Routes enter a table and leave it. Static routes to one prefix with one metric and a gateway each share the load, as
// siblings.
//
// Mirrors net/ipv6/ip6_fib.c (fib6_add, fib6_add_rt2node, fib6_del) and net/ipv6/route.c (rt6_qualify_for_ecmp).

import { equalsIpv6 } from "../../bytes/ipv6.ts";
import type { Origin } from "../../net/netdevice.ts";
import { exists, NetlinkError } from "../../netlink/error.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RTAX_MTU } from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import { addUser, removeUser } from "../nexthop/users.ts";
import { in6Device } from "../slots.ts";
import { In6Device } from "./device.ts";
import type { Fib6Node, Fib6Route } from "./fib.ts";
import { Fib6Table } from "./fib.ts";
import { rebalance6 } from "./fib-lookup.ts";
import { findNode, nodeFor, pruneNode } from "./fib-tree.ts";

/** The table `id`, made if need be (fib6_new_table). */
export function table6For(ip: IpNetns, id: number): Fib6Table {
  let table = ip.tables6.get(id);
  if (table === undefined) {
    table = new Fib6Table(id);
    ip.tables6.set(id, table);
  }
  return table;
}

/** How a route is to be inserted. */
export interface Insertion6 {
  /** NLM_F_* of the request; undefined for routes of the kernel's own making. */
  readonly nlFlags?: number | undefined;
  readonly origin?: Origin | undefined;
  /** Nobody is told; the caller does that. */
  readonly isSilent?: boolean;
}

/** Whether the route shares the load with others like it. */
function sharesLoad(route: Fib6Route): boolean {
  return !route.isAddrconf && route.gateway !== null && route.object === null;
}

/** Whether two routes have the same next hop (rt6_duplicate_nexthop). */
export function isSameNexthop(one: Fib6Route, other: Fib6Route): boolean {
  if (one.object !== other.object) return false;
  if (one.dev !== other.dev || (one.gateway === null) !== (other.gateway === null)) return false;
  return one.gateway === null || other.gateway === null || equalsIpv6(one.gateway, other.gateway);
}

/** Inserts a route as NLM_F_* say (fib6_add): EEXIST, ENOENT. */
export function insertRoute6(ip: IpNetns, route: Fib6Route, insertion: Insertion6 = {}): void {
  const { nlFlags } = insertion;
  const mayCreate = nlFlags === undefined || (nlFlags & NLM_F_CREATE) !== 0;
  const mustReplace = nlFlags !== undefined && (nlFlags & NLM_F_REPLACE) !== 0;
  const { table, prefix, prefixLength } = route;
  const known = findNode(table, prefix, prefixLength);
  if (known === undefined && !mayCreate && mustReplace) {
    throw new NetlinkError("ENOENT", "Can not replace route - no match found");
  }
  const node = known ?? nodeFor(table, prefix, prefixLength);
  try {
    place(ip, node, route, insertion, mustReplace, mayCreate);
  } catch (error) {
    pruneNode(node);
    throw error;
  }
}

/** Finds the route's place among those of its prefix, and puts it there. */
function place(
  ip: IpNetns,
  node: Fib6Node,
  route: Fib6Route,
  insertion: Insertion6,
  mustReplace: boolean,
  mayCreate: boolean,
): void {
  const { nlFlags = 0 } = insertion;
  let flags = NLM_F_EXCL | (nlFlags & NLM_F_APPEND);
  const peers = node.routes.filter(({ metric }) => metric === route.metric);
  if (peers.length > 0) {
    if ((nlFlags & NLM_F_EXCL) !== 0) throw exists();
    flags &= ~NLM_F_EXCL;
  }
  if (mustReplace) {
    const old = peers.find((peer) => sharesLoad(peer) === sharesLoad(route)) ?? peers[0];
    if (old !== undefined) return replace(ip, node, old, route, insertion);
    if (!mayCreate) throw new NetlinkError("ENOENT");
  }
  for (const peer of mustReplace ? [] : peers) {
    if (!isSameNexthop(peer, route)) continue;
    refresh(peer, route);
    throw exists();
  }
  const siblings = mustReplace || !sharesLoad(route) ? [] : peers.filter(sharesLoad);
  let index = node.routes.findIndex(({ metric }) => metric > route.metric);
  if (index < 0) index = node.routes.length;
  node.routes.splice(index, 0, route);
  enter(ip, route);
  if (siblings.length > 0) join(siblings, route);
  if (insertion.isSilent !== true)
    ip.inet.announcer.route6(ip.netns, "new", route, flags | NLM_F_CREATE, insertion.origin);
}

/** A route that is there already lives on as the new one would have. */
function refresh(known: Fib6Route, route: Fib6Route): void {
  if (Number.isNaN(known.expiresNs)) return;
  known.expiresNs = route.expiresNs;
  const mtu = route.metrics?.get(RTAX_MTU);
  if (mtu !== undefined) known.metrics = new Map([...(known.metrics ?? []), [RTAX_MTU, mtu]]);
}

function join(siblings: readonly Fib6Route[], route: Fib6Route): void {
  const all = siblings[0]?.siblings ?? [...siblings];
  all.push(route);
  for (const sibling of all) sibling.siblings = all;
  rebalance6(route);
}

/** Puts `route` in the place of `old`, and of all that shared load with it. */
function replace(ip: IpNetns, node: Fib6Node, old: Fib6Route, route: Fib6Route, insertion: Insertion6): void {
  const index = node.routes.indexOf(old);
  const gone = old.siblings ?? [old];
  node.routes.splice(index, 1, route);
  enter(ip, route);
  if (insertion.isSilent !== true)
    ip.inet.announcer.route6(ip.netns, "new", route, NLM_F_REPLACE, insertion.origin);
  for (const each of [...gone]) {
    node.routes = node.routes.filter((other) => other !== each);
    forget(ip, each);
  }
}

function enter(ip: IpNetns, route: Fib6Route): void {
  ip.routeGeneration++;
  route.isInserted = true;
  addUser(ip.routesByNexthop6, route.object, route);
  if (route.dev !== null) in6Device(route.dev)?.routes.add(route);
}

function forget(ip: IpNetns, route: Fib6Route): void {
  ip.routeGeneration++;
  route.isInserted = false;
  removeUser(ip.routesByNexthop6, route.object, route);
  if (route.dev?.ip6 instanceof In6Device) route.dev.ip6.routes.delete(route);
  const { siblings } = route;
  if (siblings === null) return;
  route.siblings = null;
  siblings.splice(siblings.indexOf(route), 1);
  const [first] = siblings;
  if (first === undefined) return;
  if (siblings.length === 1) first.siblings = null;
  else rebalance6(first);
}

/** Takes a route off its table (fib6_del); nothing happens when it is not there. */
export function deleteRoute6(
  ip: IpNetns,
  route: Fib6Route,
  { origin, isSilent = false }: Insertion6 = {},
): void {
  if (!route.isInserted) return;
  const node = findNode(route.table, route.prefix, route.prefixLength);
  if (node === undefined) return;
  node.routes = node.routes.filter((other) => other !== route);
  forget(ip, route);
  pruneNode(node);
  if (!isSilent) ip.inet.announcer.route6(ip.netns, "del", route, 0, origin);
}

/** Takes a route off with all that share load with it, and tells of them as one (__ip6_del_rt_siblings). */
export function deleteSiblings6(ip: IpNetns, route: Fib6Route, origin: Origin | undefined): void {
  const { siblings } = route;
  if (siblings === null) return deleteRoute6(ip, route, { origin });
  ip.inet.announcer.route6(ip.netns, "del", route, 0, origin);
  for (const sibling of [...siblings]) deleteRoute6(ip, sibling, { isSilent: true });
}
