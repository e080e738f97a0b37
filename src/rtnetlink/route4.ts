// IPv4 routes: RTM_NEWROUTE, RTM_DELROUTE, dumps, and what RTNLGRP_IPV4_ROUTE hears.
//
// Mirrors net/ipv4/fib_frontend.c (inet_rtm_newroute, inet_rtm_delroute, inet_dump_fib, ip_valid_fib_dump_req),
// net/ipv4/fib_trie.c (fib_table_dump) and net/ipv4/fib_semantics.c (rtmsg_fib) with their errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import type { FibAlias, FibTable } from "../inet/ipv4/fib.ts";
import { deleteRoute, insertRoute } from "../inet/ipv4/fib-change.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Device, Netns, Origin } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { NLM_F_DUMP_FILTERED, NLM_F_MULTI } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { readRtmsg } from "./route-msg.ts";
import { routeConfigOf, routePolicy4 } from "./route4-config.ts";
import { fillRoute4 } from "./route4-fill.ts";

/** Answers RTM_NEWROUTE. */
export function newRoute4(request: Request): void {
  insertRoute(ipNetns(request.netns), routeConfigOf(request));
}

/** Answers RTM_DELROUTE: the first route that fits goes. */
export function delRoute4(request: Request): void {
  deleteRoute(ipNetns(request.netns), routeConfigOf(request));
}

/** What a dump is to hold. */
interface RouteFilter {
  readonly table: number;
  readonly protocol: number;
  readonly type: number;
  readonly dev: Device | undefined;
  readonly flags: number;
}

const noFilter: RouteFilter = { table: 0, protocol: 0, type: 0, dev: undefined, flags: 0 };

/** Dumps the routes of all tables, or of those a strict request filters by. */
export function* dumpRoutes4(request: Request, control: DumpControl): Dump {
  const { netns, message } = request;
  const ip = ipNetns(netns);
  control.generation = () => netns.generation;
  const filter = filterOf(request);
  if (isFiltered(filter)) control.answerFlags |= NLM_F_DUMP_FILTERED;
  // IPv4 has no prefixes of its own to tell, and no cache of clones.
  if ((filter.flags & (rt.RTM_F_PREFIX | rt.RTM_F_CLONED)) !== 0) return;
  if (filter.table !== 0) {
    const table = ip.tables.get(filter.table);
    if (table === undefined) {
      if (message.bytes[NLMSG_HDRLEN] !== AF_INET) return;
      throw new NetlinkError("ENOENT", "ipv4: FIB table does not exist");
    }
    yield* dumpTable(request, control, table, filter);
    return;
  }
  for (const table of [...ip.tables.values()].sort(byHash)) yield* dumpTable(request, control, table, filter);
}

/** Tables stand in 256 lists by their number. */
function byHash(one: FibTable, other: FibTable): number {
  return (one.id & 0xff) - (other.id & 0xff);
}

function* dumpTable(request: Request, control: DumpControl, table: FibTable, filter: RouteFilter): Dump {
  const { portId, seq } = request.origin;
  for (const alias of table.aliases()) {
    if (!passes(alias, filter)) continue;
    control.writer.begin(rt.RTM_NEWROUTE, NLM_F_MULTI | control.answerFlags, seq, portId);
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

function isFiltered({ table, protocol, type, dev, flags }: RouteFilter): boolean {
  return table !== 0 || protocol !== 0 || type !== 0 || dev !== undefined || flags !== 0;
}

/** What a request filters by; one that is not checked strictly only by flags. */
function filterOf({ message, netns, sender }: Request): RouteFilter {
  const isLong = message.bytes.length >= NLMSG_HDRLEN + rt.RTMSG_SIZE;
  if (!sender.isStrict) {
    if (!isLong) return noFilter;
    const { flags } = readRtmsg(message);
    // Not counted as a filter: nothing says so in the answer.
    return { ...noFilter, flags: flags & (rt.RTM_F_PREFIX | rt.RTM_F_CLONED) };
  }
  if (!isLong) throw invalid("Invalid header for FIB dump request");
  const header = readRtmsg(message);
  if (header.destinationLength !== 0 || header.sourceLength !== 0 || header.tos !== 0 || header.scope !== 0) {
    throw invalid("Invalid values in header for FIB dump request");
  }
  if ((header.flags & ~(rt.RTM_F_CLONED | rt.RTM_F_PREFIX)) !== 0) {
    throw invalid("Invalid flags for FIB dump request");
  }
  const { table = header.table, oif } = strictAttributes(message);
  return {
    table,
    protocol: header.protocol,
    type: header.type,
    dev: deviceOf(netns, oif),
    flags: header.flags,
  };
}

function strictAttributes(message: Request["message"]) {
  const attrs = parseMessage(message, rt.RTMSG_SIZE, routePolicy4, "no-unknown");
  for (const { type } of message.attributes(rt.RTMSG_SIZE)) {
    if (type !== rt.RTA_TABLE && type !== rt.RTA_OIF) throw invalid("Unsupported attribute in dump request");
  }
  return attrs;
}

function deviceOf(netns: Netns, ifindex: number | undefined): Device | undefined {
  if (ifindex === undefined) return undefined;
  const dev = netns.devices.get(ifindex);
  if (dev === undefined) throw noDevice();
  return dev;
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
