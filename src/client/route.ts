// Routes over rtnetlink: list, look up, add, change, delete.
//
// Mirrors <linux/rtnetlink.h> (struct rtmsg) and inet_rtm_newroute, inet_rtm_getroute, inet_dump_fib (net/ipv4) with their
// IPv6 counterparts (net/ipv6/route.c). Names are those of Documentation/netlink/specs/rt-route.yaml in camelCase.
// *Omitted:* encapsulations, MPLS, next hop objects' own messages.

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { onlyMessage } from "./answer.ts";
import type { NexthopRequest } from "./nexthop.ts";
import { writeNexthops, writeVia } from "./nexthop.ts";
import type { RouteMetrics } from "./route-attributes.ts";
import { routeAttributes, writeMetrics } from "./route-attributes.ts";

/** A route as the kernel reports it. Addresses are 4 or 16 bytes; `type` is RTN_*, `flags` are RTM_F_* and RTNH_F_*. */
export type Route = Parsed<typeof routeAttributes> & {
  readonly family: number;
  readonly dstLen: number;
  readonly srcLen: number;
  readonly tos: number;
  /** The table, whole where the header has room for eight bits only. */
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
};

/** Reads an RTM_NEWROUTE or RTM_DELROUTE. */
export function parseRoute(message: Message): Route {
  const { bytes } = message;
  const attributes = parseMessage(message, rt.RTMSG_SIZE, routeAttributes);
  const field = (offset: number): number => bytes[NLMSG_HDRLEN + offset] ?? 0;
  return {
    ...attributes,
    family: field(rt.RTMSG_FAMILY),
    dstLen: field(rt.RTMSG_DST_LEN),
    srcLen: field(rt.RTMSG_SRC_LEN),
    tos: field(rt.RTMSG_TOS),
    table: attributes.longTable ?? field(rt.RTMSG_TABLE),
    protocol: field(rt.RTMSG_PROTOCOL),
    scope: field(rt.RTMSG_SCOPE),
    type: field(rt.RTMSG_TYPE),
    flags: getU32(bytes, NLMSG_HDRLEN + rt.RTMSG_FLAGS),
  };
}

/** A route as it is asked for. What is undefined is zero in the header, or left out. */
export interface RouteRequest {
  family: number;
  /** Undefined or empty means every destination. */
  dst?: Uint8Array | undefined;
  dstLen?: number | undefined;
  src?: Uint8Array | undefined;
  srcLen?: number | undefined;
  tos?: number | undefined;
  table?: number | undefined;
  protocol?: number | undefined;
  scope?: number | undefined;
  type?: number | undefined;
  flags?: number | undefined;
  gateway?: Uint8Array | undefined;
  /** A gateway of another family. */
  via?: { readonly family: number; readonly address: Uint8Array } | undefined;
  /** A destination to rewrite to. */
  newdst?: Uint8Array | undefined;
  oif?: number | undefined;
  iif?: number | undefined;
  priority?: number | undefined;
  prefsrc?: Uint8Array | undefined;
  metrics?: RouteMetrics | undefined;
  multipath?: readonly NexthopRequest[] | undefined;
  /** Realms. */
  flow?: number | undefined;
  mark?: number | undefined;
  uid?: number | undefined;
  ipProto?: number | undefined;
  /** Ports in host order; network order on the wire. */
  sport?: number | undefined;
  dport?: number | undefined;
  nhId?: number | undefined;
  pref?: number | undefined;
  expiresSeconds?: number | undefined;
  ttlPropagate?: boolean | undefined;
}

/** The ways to put a route in, as `ip route` calls them, with the flags of each. */
export const ROUTE_FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  change: NLM_F_REPLACE,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  append: NLM_F_CREATE | NLM_F_APPEND,
  prepend: NLM_F_CREATE,
  test: NLM_F_EXCL,
} as const;

/** Puts a route in; NetlinkError EEXIST for `add` when there is one like it, ENOENT for `change` when there is none. */
export function putRoute(
  client: NetlinkClient,
  verb: keyof typeof ROUTE_FLAGS,
  request: RouteRequest,
): Promise<Answer> {
  return client.request(rt.RTM_NEWROUTE, ROUTE_FLAGS[verb], (writer) => writeRoute(writer, request));
}

/** Deletes a route; NetlinkError ESRCH if there is none like it. */
export function deleteRoute(client: NetlinkClient, request: RouteRequest): Promise<Answer> {
  return client.request(rt.RTM_DELROUTE, 0, (writer) => writeRoute(writer, request));
}

/** Asks which route a packet would take; with RTM_F_FIB_MATCH in `flags` for the table's entry itself. */
export async function lookUpRoute(client: NetlinkClient, request: RouteRequest): Promise<Route> {
  const answer = await client.request(rt.RTM_GETROUTE, 0, (writer) => writeRoute(writer, request));
  return parseRoute(onlyMessage(answer));
}

/** Which routes a dump is to list; the kernel filters where checking is strict. */
export type RouteFilter = Pick<RouteRequest, "family" | "table" | "protocol" | "type" | "oif" | "flags">;

/** Lists routes. */
export async function dumpRoutes(client: NetlinkClient, filter: RouteFilter): Promise<Route[]> {
  const answer = await client.dump(rt.RTM_GETROUTE, (writer) => writeRoute(writer, filter));
  return answer.messages.map(parseRoute);
}

/** Writes the rtmsg and the attributes of `request`. */
export function writeRoute(writer: MessageWriter, request: RouteRequest): void {
  writeHeader(writer, request);
  if (request.dst !== undefined && request.dst.length > 0) writer.binary(rt.RTA_DST, request.dst);
  if (request.src !== undefined && request.src.length > 0) writer.binary(rt.RTA_SRC, request.src);
  if (request.gateway !== undefined) writer.binary(rt.RTA_GATEWAY, request.gateway);
  if (request.via !== undefined) writeVia(writer, request.via);
  if (request.newdst !== undefined) writer.binary(rt.RTA_NEWDST, request.newdst);
  if (request.prefsrc !== undefined) writer.binary(rt.RTA_PREFSRC, request.prefsrc);
  for (const [type, value] of numbersOf(request)) if (value !== undefined) writer.u32(type, value);
  if (request.pref !== undefined) writer.u8(rt.RTA_PREF, request.pref);
  if (request.ttlPropagate !== undefined) writer.u8(rt.RTA_TTL_PROPAGATE, request.ttlPropagate ? 1 : 0);
  if (request.ipProto !== undefined) writer.u8(rt.RTA_IP_PROTO, request.ipProto);
  if (request.sport !== undefined) writer.u16(rt.RTA_SPORT, swapped(request.sport));
  if (request.dport !== undefined) writer.u16(rt.RTA_DPORT, swapped(request.dport));
  if (request.metrics !== undefined) writeMetrics(writer, request.metrics);
  if (request.multipath !== undefined) writeNexthops(writer, request.multipath);
}

function writeHeader(writer: MessageWriter, request: RouteRequest): void {
  const { table = 0 } = request;
  const header = writer.reserve(rt.RTMSG_SIZE);
  const { bytes } = writer;
  bytes[header + rt.RTMSG_FAMILY] = request.family;
  bytes[header + rt.RTMSG_DST_LEN] = request.dstLen ?? (request.dst?.length ?? 0) * 8;
  bytes[header + rt.RTMSG_SRC_LEN] = request.srcLen ?? (request.src?.length ?? 0) * 8;
  bytes[header + rt.RTMSG_TOS] = request.tos ?? 0;
  bytes[header + rt.RTMSG_TABLE] = table < 256 ? table : rt.RT_TABLE_UNSPEC;
  bytes[header + rt.RTMSG_PROTOCOL] = request.protocol ?? 0;
  bytes[header + rt.RTMSG_SCOPE] = request.scope ?? 0;
  bytes[header + rt.RTMSG_TYPE] = request.type ?? 0;
  setU32(bytes, header + rt.RTMSG_FLAGS, request.flags ?? 0);
}

function numbersOf(request: RouteRequest): readonly (readonly [type: number, value: number | undefined])[] {
  const { table = 0 } = request;
  return [
    [rt.RTA_TABLE, table < 256 ? undefined : table],
    [rt.RTA_OIF, request.oif],
    [rt.RTA_IIF, request.iif],
    [rt.RTA_PRIORITY, request.priority],
    [rt.RTA_FLOW, request.flow],
    [rt.RTA_MARK, request.mark],
    [rt.RTA_UID, request.uid],
    [rt.RTA_NH_ID, request.nhId],
    [rt.RTA_EXPIRES, request.expiresSeconds],
  ];
}

function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8);
}
