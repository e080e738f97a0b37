// IPv4 routes: RTM_NEWROUTE, RTM_DELROUTE, dumps, and what RTNLGRP_IPV4_ROUTE hears.
//
// Mirrors net/ipv4/fib_frontend.c (inet_rtm_newroute, inet_rtm_delroute, inet_dump_fib),
// net/ipv4/fib_trie.c (fib_table_dump) and net/ipv4/fib_semantics.c (rtmsg_fib) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import type { FibAlias, FibTable } from "../inet/ipv4/fib.ts";
import { deleteRoute, insertRoute } from "../inet/ipv4/fib-change.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Netns, Origin } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { RouteFilter } from "./route-filter.ts";
import { routeFilterOf, tablesOf } from "./route-filter.ts";
import { routeConfigOf, routePolicy4 } from "./route4-config.ts";
import { fillRoute4 } from "./route4-fill.ts";

/** Answers RTM_NEWROUTE. */
export function newRoute4(request: Request): void {
  insertRoute(ipNetns(request.netns), routeConfigOf(request));
}

/** Answers RTM_DELROUTE: the first route that fits goes. */
export function delRoute4(request: Request): void {
  const ip = ipNetns(request.netns);
  const config = routeConfigOf(request);
  if (config.nhId !== 0 && !ip.nexthops.has(config.nhId)) throw invalid("Nexthop id does not exist");
  deleteRoute(ip, config);
}

/** Dumps the routes of all tables, or of those a strict request filters by. */
export function* dumpRoutes4(request: Request, control: DumpControl): Dump {
  const { netns, message } = request;
  control.generation = () => netns.generation;
  const filter = routeFilterOf(request, control, routePolicy4);
  // IPv4 has no prefixes of its own to tell, and no cache of clones.
  if ((filter.flags & (rt.RTM_F_PREFIX | rt.RTM_F_CLONED)) !== 0) return;
  const isOwnFamily = message.bytes[NLMSG_HDRLEN] === AF_INET;
  const { tables } = ipNetns(netns);
  for (const table of tablesOf(tables, filter, isOwnFamily, "ipv4: FIB table does not exist")) {
    yield* dumpTable(request, control, table, filter);
  }
}

function* dumpTable(request: Request, control: DumpControl, table: FibTable, filter: RouteFilter): Dump {
  const { portId, seq } = request.origin;
  for (const alias of table.aliases()) {
    if (!passes(alias, filter)) continue;
    control.writer.begin(rt.RTM_NEWROUTE, filter.messageFlags, seq, portId);
    fillRoute4(control.writer, alias);
    control.writer.end();
    yield;
  }
}

function passes({ type, info }: FibAlias, filter: RouteFilter): boolean {
  if (filter.type !== 0 && type !== filter.type) return false;
  if (filter.protocol !== 0 && info.protocol !== filter.protocol) return false;
  return filter.dev === undefined || info.nexthops.some(({ dev }) => dev === filter.dev);
}

/** Tells RTNLGRP_IPV4_ROUTE of a route that came or went (rtmsg_fib); `flags` are the message's. */
export function announceRoute4(
  rtnetlink: Rtnetlink,
  netns: Netns,
  type: "new" | "del",
  alias: FibAlias,
  flags: number,
  origin: Origin | undefined,
): void {
  rtnetlink.notify(rt.RTNLGRP_IPV4_ROUTE, netns, origin, (writer) => {
    const message = type === "new" ? rt.RTM_NEWROUTE : rt.RTM_DELROUTE;
    writer.begin(message, flags, origin?.seq ?? 0, origin?.portId ?? 0);
    fillRoute4(writer, alias);
    writer.end();
  });
}
