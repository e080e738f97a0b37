// Routes: RTM_NEWROUTE, DELROUTE and GETROUTE requests, and RTM_NEWROUTE and DELROUTE messages.

import { getS32, getU16, getU32, setS32, setU16, setU32 } from "../../../src/bytes/endian.ts";
import type { Attribute } from "../../../src/netlink/attribute.ts";
import { attributes as walkAttributes } from "../../../src/netlink/attribute.ts";
import type { Message } from "../../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../src/netlink/message.ts";
import type { MessageWriter } from "../../../src/netlink/writer.ts";
import * as rt from "../../../src/uapi/rtnetlink.ts";
import type { AttributeWriters } from "./request.ts";
import { writeAttributes } from "./request.ts";
import { familyOf, ipBytes, ipText, splitPrefix } from "./text.ts";

/** The fields of struct rtmsg. */
export interface RouteHeader {
  readonly family?: number;
  readonly dstLen?: number;
  readonly srcLen?: number;
  readonly tos?: number;
  /** rtm_table; `table` writes RTA_TABLE. */
  readonly headerTable?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}

/** One next hop of RTA_MULTIPATH. */
export interface NextHop {
  readonly oif?: number | undefined;
  readonly gateway?: string | undefined;
  /** rtnh_hops: the weight less one. */
  readonly hops?: number | undefined;
  readonly flags?: number | undefined;
}

/** The attributes of a route request. */
export interface RouteAttributes {
  readonly dst?: string | Uint8Array;
  readonly src?: string;
  readonly gateway?: string | Uint8Array;
  readonly via?: string;
  readonly oif?: number;
  readonly iif?: number;
  readonly prefsrc?: string;
  readonly priority?: number;
  readonly table?: number;
  /** RTAX_* → value. */
  readonly metrics?: Readonly<Record<number, number>>;
  readonly multipath?: readonly NextHop[];
  readonly pref?: number;
  readonly expires?: number;
  readonly mark?: number;
  readonly uid?: number;
  /** Whatever else: written here. */
  readonly more?: (writer: MessageWriter) => void;
}

export interface RouteRequest extends RouteHeader, RouteAttributes {}

const routeWriters: AttributeWriters<RouteAttributes> = {
  dst: (writer, address) => writer.binary(rt.RTA_DST, bytesOf(address)),
  src: (writer, address) => writer.binary(rt.RTA_SRC, ipBytes(address)),
  gateway: (writer, address) => writer.binary(rt.RTA_GATEWAY, bytesOf(address)),
  via: (writer, address) => {
    const bytes = ipBytes(address);
    const at = writer.attribute(rt.RTA_VIA, rt.RTVIA_ADDR + bytes.length);
    setU16(writer.bytes, at, familyOf(address));
    writer.bytes.set(bytes, at + rt.RTVIA_ADDR);
  },
  oif: (writer, ifindex) => writer.u32(rt.RTA_OIF, ifindex),
  iif: (writer, ifindex) => writer.u32(rt.RTA_IIF, ifindex),
  prefsrc: (writer, address) => writer.binary(rt.RTA_PREFSRC, ipBytes(address)),
  priority: (writer, priority) => writer.u32(rt.RTA_PRIORITY, priority),
  table: (writer, table) => writer.u32(rt.RTA_TABLE, table),
  metrics: (writer, metrics) => {
    const nest = writer.nest(rt.RTA_METRICS);
    for (const [type, value] of Object.entries(metrics)) writer.u32(Number(type), value);
    writer.endNest(nest);
  },
  multipath: (writer, hops) => {
    const nest = writer.nest(rt.RTA_MULTIPATH);
    for (const hop of hops) writeNextHop(writer, hop);
    writer.endNest(nest);
  },
  pref: (writer, pref) => writer.u8(rt.RTA_PREF, pref),
  expires: (writer, seconds) => writer.u32(rt.RTA_EXPIRES, seconds),
  mark: (writer, mark) => writer.u32(rt.RTA_MARK, mark),
  uid: (writer, uid) => writer.u32(rt.RTA_UID, uid),
  more: (writer, write) => write(writer),
};

/** Writes struct rtmsg and the attributes. */
export function writeRoute(writer: MessageWriter, request: RouteRequest): void {
  const at = writer.reserve(rt.RTMSG_SIZE);
  writer.bytes[at + rt.RTMSG_FAMILY] = request.family ?? 0;
  writer.bytes[at + rt.RTMSG_DST_LEN] = request.dstLen ?? 0;
  writer.bytes[at + rt.RTMSG_SRC_LEN] = request.srcLen ?? 0;
  writer.bytes[at + rt.RTMSG_TOS] = request.tos ?? 0;
  writer.bytes[at + rt.RTMSG_TABLE] = request.headerTable ?? 0;
  writer.bytes[at + rt.RTMSG_PROTOCOL] = request.protocol ?? 0;
  writer.bytes[at + rt.RTMSG_SCOPE] = request.scope ?? 0;
  writer.bytes[at + rt.RTMSG_TYPE] = request.type ?? 0;
  setU32(writer.bytes, at + rt.RTMSG_FLAGS, request.flags ?? 0);
  writeAttributes<RouteAttributes>(writer, routeWriters, request);
}

function writeNextHop(writer: MessageWriter, hop: NextHop): void {
  const at = writer.reserve(rt.RTNEXTHOP_SIZE);
  writer.bytes[at + rt.RTNEXTHOP_FLAGS] = hop.flags ?? 0;
  writer.bytes[at + rt.RTNEXTHOP_HOPS] = hop.hops ?? 0;
  setS32(writer.bytes, at + rt.RTNEXTHOP_IFINDEX, hop.oif ?? 0);
  if (hop.gateway !== undefined) writer.binary(rt.RTA_GATEWAY, ipBytes(hop.gateway));
  setU16(writer.bytes, at + rt.RTNEXTHOP_LEN, writer.length - at);
}

function bytesOf(address: string | Uint8Array): Uint8Array {
  return typeof address === "string" ? ipBytes(address) : address;
}

/** The header and RTA_DST of a request for `prefix`: "10.0.0.0/24", or "default" of `family`. */
export function toPrefix(prefix: string, family: number): RouteRequest {
  if (prefix === "default") return { family, dstLen: 0 };
  const { address, length } = splitPrefix(prefix);
  return { family: familyOf(prefix), dstLen: length, dst: address };
}

/** A route as RTM_NEWROUTE and RTM_DELROUTE show it. */
export interface Route {
  readonly family: number;
  /** "10.0.0.0/24"; "default" when there is no RTA_DST. */
  readonly dst: string;
  readonly src: string | undefined;
  readonly tos: number;
  readonly headerTable: number;
  readonly table: number | undefined;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
  readonly gateway: string | undefined;
  readonly oif: number | undefined;
  readonly iif: number | undefined;
  readonly prefsrc: string | undefined;
  readonly priority: number | undefined;
  readonly metrics: Readonly<Record<number, number>> | undefined;
  readonly multipath: readonly NextHop[] | undefined;
  readonly pref: number | undefined;
  readonly uid: number | undefined;
  /** rta_error of RTA_CACHEINFO: 0 or a negative errno. */
  readonly error: number | undefined;
  readonly attributes: readonly number[];
}

/** Reads an RTM_NEWROUTE or RTM_DELROUTE. */
export function readRoute(message: Message): Route {
  const { bytes } = message;
  const header = (offset: number): number => bytes[NLMSG_HDRLEN + offset] ?? 0;
  const at = (type: number): Attribute | undefined => message.attribute(type, rt.RTMSG_SIZE);
  const dst = ipText(at(rt.RTA_DST));
  const src = ipText(at(rt.RTA_SRC));
  const cacheinfo = at(rt.RTA_CACHEINFO)?.copy();
  const metrics = at(rt.RTA_METRICS)?.children();
  const multipath = at(rt.RTA_MULTIPATH);
  return {
    family: header(rt.RTMSG_FAMILY),
    dst: dst === undefined ? "default" : `${dst}/${header(rt.RTMSG_DST_LEN)}`,
    src: src === undefined ? undefined : `${src}/${header(rt.RTMSG_SRC_LEN)}`,
    tos: header(rt.RTMSG_TOS),
    headerTable: header(rt.RTMSG_TABLE),
    table: at(rt.RTA_TABLE)?.u32(),
    protocol: header(rt.RTMSG_PROTOCOL),
    scope: header(rt.RTMSG_SCOPE),
    type: header(rt.RTMSG_TYPE),
    flags: getU32(bytes, NLMSG_HDRLEN + rt.RTMSG_FLAGS),
    gateway: ipText(at(rt.RTA_GATEWAY)),
    oif: at(rt.RTA_OIF)?.u32(),
    iif: at(rt.RTA_IIF)?.u32(),
    prefsrc: ipText(at(rt.RTA_PREFSRC)),
    priority: at(rt.RTA_PRIORITY)?.u32(),
    metrics: metrics && Object.fromEntries(metrics.map((metric) => [metric.type, metric.u32()])),
    multipath: multipath && readNextHops(multipath),
    pref: at(rt.RTA_PREF)?.u8(),
    uid: at(rt.RTA_UID)?.u32(),
    error: cacheinfo && getS32(cacheinfo, rt.RTA_CACHEINFO_ERROR),
    attributes: message.attributes(rt.RTMSG_SIZE).map(({ type }) => type),
  };
}

function readNextHops(multipath: Attribute): NextHop[] {
  const { bytes, start, end } = multipath;
  const hops: NextHop[] = [];
  for (let at = start; at + rt.RTNEXTHOP_SIZE <= end; ) {
    const length = getU16(bytes, at + rt.RTNEXTHOP_LEN);
    const inside = [...walkAttributes(bytes, at + rt.RTNEXTHOP_SIZE, at + length)];
    hops.push({
      oif: getU32(bytes, at + rt.RTNEXTHOP_IFINDEX),
      hops: bytes[at + rt.RTNEXTHOP_HOPS],
      flags: bytes[at + rt.RTNEXTHOP_FLAGS],
      gateway: ipText(inside.find(({ type }) => type === rt.RTA_GATEWAY)),
    });
    at += length;
  }
  return hops;
}

const TYPES = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
];
const PROTOCOLS: Readonly<Record<number, string>> = { 2: "kernel", 3: "boot", 4: "static" };
const SCOPES: Readonly<Record<number, string>> = {
  0: "global",
  200: "site",
  253: "link",
  254: "host",
  255: "nowhere",
};
const TABLES: Readonly<Record<number, string>> = { 254: "main", 255: "local" };

/**
 * A route as one line, everything named: "unicast 10.0.0.0/24 dev 3 table main proto kernel scope link src 10.0.0.1".
 * Devices are indexes.
 */
export function routeText(route: Route): string {
  const words = [TYPES[route.type] ?? String(route.type), route.dst];
  if (route.src !== undefined) words.push("from", route.src);
  if (route.tos !== 0) words.push("tos", String(route.tos));
  if (route.gateway !== undefined) words.push("via", route.gateway);
  if (route.oif !== undefined) words.push("dev", String(route.oif));
  const table = route.table ?? route.headerTable;
  words.push(
    "table",
    TABLES[table] ?? String(table),
    "proto",
    PROTOCOLS[route.protocol] ?? String(route.protocol),
  );
  words.push("scope", SCOPES[route.scope] ?? String(route.scope));
  if (route.prefsrc !== undefined) words.push("src", route.prefsrc);
  if (route.priority !== undefined) words.push("metric", String(route.priority));
  for (const hop of route.multipath ?? []) {
    words.push("nexthop");
    if (hop.gateway !== undefined) words.push("via", hop.gateway);
    words.push("dev", String(hop.oif), "weight", String((hop.hops ?? 0) + 1));
    if ((hop.flags ?? 0) !== 0) words.push("flags", String(hop.flags));
  }
  for (const [type, value] of Object.entries(route.metrics ?? {})) words.push(`rtax${type}`, String(value));
  if (route.flags !== 0) words.push("flags", String(route.flags));
  if (route.pref !== undefined && route.pref !== 0) words.push("pref", String(route.pref));
  if ((route.error ?? 0) !== 0) words.push("error", String(route.error));
  return words.join(" ");
}
