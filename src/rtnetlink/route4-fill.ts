// An IPv4 route as netlink tells it.
//
// Mirrors net/ipv4/fib_semantics.c (fib_dump_info, fib_nexthop_info, fib_add_nexthop).

import { setBe32, setU16 } from "../bytes/endian.ts";
import type { FibAlias } from "../inet/ipv4/fib.ts";
import type { FibNexthop } from "../inet/ipv4/fib-nexthop.ts";
import { isIgnoredForLinkdown } from "../inet/ipv4/fib-table.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { beginNexthop, endNexthop, putMetrics, putRtmsg } from "./route-msg.ts";

/** Writes a route's header and attributes; `table` is the one it is told to be in, and its own as a rule. */
export function fillRoute4(writer: MessageWriter, alias: FibAlias, table = alias.table.id): void {
  const { info, prefix, prefixLength, tos, type } = alias;
  const [first] = info.nexthops;
  const isSingle = info.nexthops.length === 1 && first !== undefined;
  putRtmsg(writer, {
    family: AF_INET,
    destinationLength: prefixLength,
    sourceLength: 0,
    tos,
    table,
    protocol: info.protocol,
    scope: info.scope,
    type: info.object?.isBlackhole === true ? rt.RTN_BLACKHOLE : type,
    flags: isSingle ? nexthopFlags(first, info.flags) : info.flags,
  });
  if (prefixLength > 0) putIpv4(writer, rt.RTA_DST, prefix);
  if (info.priority !== 0) writer.u32(rt.RTA_PRIORITY, info.priority);
  putMetrics(writer, info.metrics, info.congestion);
  if (info.prefsrc !== 0) putIpv4(writer, rt.RTA_PREFSRC, info.prefsrc);
  if (info.object !== null) {
    writer.u32(rt.RTA_NH_ID, info.object.id);
    if (info.object.isCompact) return;
  }
  if (isSingle) {
    putGateway(writer, first);
    if (first.dev !== null) writer.u32(rt.RTA_OIF, first.dev.ifindex);
    if (info.flow !== 0) writer.u32(rt.RTA_FLOW, info.flow);
  } else putMultipath(writer, info.nexthops);
}

/** Flags of the header or of one next hop: what is wrong with it now, and what was asked for. */
function nexthopFlags(nexthop: FibNexthop, flags: number): number {
  const told = nexthop.flags & (rt.RTNH_F_DEAD | rt.RTNH_F_LINKDOWN | rt.RTNH_F_ONLINK);
  return flags | told | (isIgnoredForLinkdown(nexthop) ? rt.RTNH_F_DEAD : 0);
}

function putGateway(writer: MessageWriter, { gatewayFamily, gateway, gateway6 }: FibNexthop): void {
  if (gatewayFamily === AF_INET) putIpv4(writer, rt.RTA_GATEWAY, gateway);
  else if (gatewayFamily === AF_INET6 && gateway6 !== null) putVia6(writer, gateway6);
}

/** Writes RTA_VIA with a gateway of the other family. */
export function putVia6(writer: MessageWriter, gateway: Uint8Array): void {
  const at = writer.attribute(rt.RTA_VIA, rt.RTVIA_SIZE + gateway.length);
  setU16(writer.bytes, at + rt.RTVIA_FAMILY, AF_INET6);
  writer.bytes.set(gateway, at + rt.RTVIA_ADDR);
}

function putMultipath(writer: MessageWriter, nexthops: readonly FibNexthop[]): void {
  if (nexthops.length === 0) return;
  const nest = writer.nest(rt.RTA_MULTIPATH);
  for (const nexthop of nexthops) {
    const at = beginNexthop(writer, nexthopFlags(nexthop, 0) & 0xff, nexthop.weight, nexthop.ifindex);
    putGateway(writer, nexthop);
    endNexthop(writer, at);
  }
  writer.endNest(nest);
}

/** Writes an attribute with an IPv4 address. */
export function putIpv4(writer: MessageWriter, type: number, address: number): void {
  const at = writer.attribute(type, 4);
  setBe32(writer.bytes, at, address);
}
