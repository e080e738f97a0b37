// IPv6 routes: RTM_NEWROUTE, RTM_DELROUTE, dumps, and what RTNLGRP_IPV6_ROUTE hears.
//
// Mirrors net/ipv6/route.c (inet6_rtm_newroute, ip6_route_multipath_add, inet6_rtm_delroute, ip6_route_del,
// ip6_route_multipath_del) and net/ipv6/ip6_fib.c (inet6_dump_fib) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { equalsIpv6 } from "../bytes/ipv6.ts";
import type { Fib6Node, Fib6Route, Fib6Table } from "../inet/ipv6/fib.ts";
import { deleteRoute6, deleteSiblings6, insertRoute6, isSameNexthop } from "../inet/ipv6/fib-change.ts";
import { findNode } from "../inet/ipv6/fib-tree.ts";
import type { NexthopConfig6, RouteConfig6 } from "../inet/ipv6/route-config.ts";
import { METRIC_USER } from "../inet/ipv6/route-config.ts";
import { createRoute6 } from "../inet/ipv6/route-create.ts";
import type { IpNetns } from "../inet/netns.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Netns, Origin } from "../net/netdevice.ts";
import { exists, invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { RouteFilter } from "./route-filter.ts";
import { routeFilterOf, tablesOf } from "./route-filter.ts";
import { readRtmsg } from "./route-msg.ts";
import { routeConfig6Of, routePolicy6 } from "./route6-config.ts";
import { fillRoute6 } from "./route6-fill.ts";

/** Answers RTM_NEWROUTE. */
export function newRoute6(request: Request): void {
  const ip = ipNetns(request.netns);
  const asked = routeConfig6Of(request);
  if ((readRtmsg(request.message).flags & rt.RTM_F_CLONED) !== 0)
    throw invalid("Userspace can not set RTF_CACHE");
  const config = { ...asked, metric: asked.metric === 0 ? METRIC_USER : asked.metric };
  const { multipath, nlFlags, origin } = config;
  if (multipath !== null) return newMultipath(ip, config, multipath);
  insertRoute6(ip, createRoute6(ip, config), { nlFlags, origin });
}

/** Inserts a route with several next hops: all of them or none, told as one. */
function newMultipath(ip: IpNetns, config: RouteConfig6, hops: readonly NexthopConfig6[]): void {
  const { nlFlags = 0, origin } = config;
  if (!hops.every((hop) => hop.hasGateway || config.hasGateway)) {
    throw invalid("Device only routes can not be added for IPv6 using the multipath API.");
  }
  const routes: Fib6Route[] = [];
  for (const hop of hops) {
    const route = createRoute6(ip, config, hop);
    if (routes.some((other) => isSameNexthop(other, route))) throw exists();
    routes.push(route);
  }
  const inserted: Fib6Route[] = [];
  try {
    for (const route of routes) {
      const further = (nlFlags & ~(NLM_F_EXCL | NLM_F_REPLACE)) | NLM_F_CREATE;
      insertRoute6(ip, route, { nlFlags: inserted.length === 0 ? nlFlags : further, origin, isSilent: true });
      inserted.push(route);
    }
  } catch (error) {
    for (const route of inserted) deleteRoute6(ip, route, { isSilent: true });
    throw error;
  }
  const [first] = inserted;
  const flags = ((nlFlags & NLM_F_REPLACE) !== 0 ? NLM_F_REPLACE : NLM_F_CREATE) | (nlFlags & NLM_F_APPEND);
  if (first !== undefined) ip.inet.announcer.route6(ip.netns, "new", first, flags, origin);
}

/** Answers RTM_DELROUTE: the first route that fits goes, with all that share its load unless a gateway was named. */
export function delRoute6(request: Request): void {
  const ip = ipNetns(request.netns);
  const config = routeConfig6Of(request);
  if (config.nhId !== 0 && !ip.nexthops.has(config.nhId)) throw invalid("Nexthop id does not exist");
  const { multipath } = config;
  if (multipath === null) return deleteFirst(ip, config, config);
  let failure: unknown;
  for (const hop of multipath) {
    try {
      deleteFirst(ip, config, hop);
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
}

function deleteFirst(ip: IpNetns, config: RouteConfig6, hop: NexthopConfig6): void {
  const table = ip.tables6.get(config.table);
  if (table === undefined) throw new NetlinkError("ESRCH", "FIB table does not exist");
  const node = findNode(table, config.destination, config.destinationLength);
  const route = node?.routes.find((each) => fits(each, config, hop));
  if (route === undefined) throw new NetlinkError(fitsNull(node, config, hop) ? "ENOENT" : "ESRCH");
  if (hop.hasGateway) deleteRoute6(ip, route, { origin: config.origin });
  else deleteSiblings6(ip, route, config.origin);
}

/** A table without a default route has a stand-in for one, by lo, which cannot be deleted (fib6_null_entry). */
function fitsNull(
  node: Fib6Node | undefined,
  { metric, protocol }: RouteConfig6,
  hop: NexthopConfig6,
): boolean {
  if (node?.prefixLength !== 0 || node.routes.length > 0 || hop.hasGateway || metric !== 0) return false;
  return (hop.oif === 0 || hop.oif === 1) && (protocol === 0 || protocol === rt.RTPROT_KERNEL);
}

function fits(route: Fib6Route, config: RouteConfig6, hop: NexthopConfig6): boolean {
  if (config.nhId !== 0 && route.object?.id !== config.nhId) return false;
  if (route.object !== null && config.nhId === 0 && (hop.oif !== 0 || hop.hasGateway)) return false;
  if (hop.oif !== 0 && route.dev?.ifindex !== hop.oif) return false;
  if (hop.hasGateway && (route.gateway === null || !equalsIpv6(route.gateway, hop.gateway))) return false;
  if (config.metric !== 0 && route.metric !== config.metric) return false;
  return config.protocol === 0 || route.protocol === config.protocol;
}

/** Dumps the routes of all tables, or of those a strict request filters by. */
export function* dumpRoutes6(request: Request, control: DumpControl): Dump {
  const { netns, message } = request;
  control.generation = () => netns.generation;
  const filter = routeFilterOf(request, control, routePolicy6);
  // There is no cache of clones.
  if ((filter.flags & rt.RTM_F_CLONED) !== 0) return;
  const isOwnFamily = message.bytes[NLMSG_HDRLEN] === AF_INET6;
  const { tables6 } = ipNetns(netns);
  for (const table of tablesOf(tables6, filter, isOwnFamily, "ipv6: FIB table does not exist")) {
    yield* dumpTable(request, control, table, filter);
  }
}

function* dumpTable(request: Request, control: DumpControl, table: Fib6Table, filter: RouteFilter): Dump {
  const { origin, machine } = request;
  for (const route of table.routes()) {
    const isFirst = route.siblings === null || route.siblings[0] === route;
    if (!route.isInserted || !isFirst || !passes(route, filter)) continue;
    control.writer.begin(rt.RTM_NEWROUTE, filter.messageFlags, origin.seq, origin.portId);
    fillRoute6(control.writer, machine, route);
    control.writer.end();
    yield;
  }
}

function passes(route: Fib6Route, { type, protocol, dev, flags }: RouteFilter): boolean {
  if ((flags & rt.RTM_F_PREFIX) !== 0 && !route.isPrefixRoute) return false;
  if (type !== 0 && route.type !== type) return false;
  if (protocol !== 0 && route.protocol !== protocol) return false;
  return dev === undefined || (route.siblings ?? [route]).some((each) => each.dev === dev);
}

/** Tells RTNLGRP_IPV6_ROUTE of a route that came or went (inet6_rt_notify); `flags` are the message's. */
export function announceRoute6(
  rtnetlink: Rtnetlink,
  netns: Netns,
  type: "new" | "del",
  route: Fib6Route,
  flags: number,
  origin: Origin | undefined,
): void {
  rtnetlink.notify(rt.RTNLGRP_IPV6_ROUTE, netns, origin, (writer) => {
    const message = type === "new" ? rt.RTM_NEWROUTE : rt.RTM_DELROUTE;
    writer.begin(message, flags, origin?.seq ?? 0, origin?.portId ?? 0);
    fillRoute6(writer, netns.machine, route);
    writer.end();
  });
}
