// The header and the attributes of a route that both families have in common: `struct rtmsg`, metrics, cache information.
//
// Mirrors include/uapi/linux/rtnetlink.h (struct rtmsg, struct rta_cacheinfo), net/ipv4/metrics.c (ip_metrics_convert) and
// net/core/rtnetlink.c (rtnetlink_put_metrics, rtnl_put_cacheinfo).

import { align4, getU32, setS32, setU32 } from "../bytes/endian.ts";
import type { Metrics } from "../inet/metrics.ts";
import { checkCongestion, clampMetric } from "../inet/metrics.ts";
import type { IpNetns } from "../inet/netns.ts";
import type { PathMtu } from "../inet/path-mtu.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { attributes } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** The family header of a route. */
export interface Rtmsg {
  readonly family: number;
  readonly destinationLength: number;
  readonly sourceLength: number;
  readonly tos: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
}

/** Reads the header behind the message header; the message is long enough. */
export function readRtmsg({ bytes }: Message): Rtmsg {
  const at = (offset: number) => bytes[NLMSG_HDRLEN + offset] ?? 0;
  return {
    family: at(rt.RTMSG_FAMILY),
    destinationLength: at(rt.RTMSG_DST_LEN),
    sourceLength: at(rt.RTMSG_SRC_LEN),
    tos: at(rt.RTMSG_TOS),
    table: at(rt.RTMSG_TABLE),
    protocol: at(rt.RTMSG_PROTOCOL),
    scope: at(rt.RTMSG_SCOPE),
    type: at(rt.RTMSG_TYPE),
    flags: getU32(bytes, NLMSG_HDRLEN + rt.RTMSG_FLAGS),
  };
}

/** Writes the header, and the table in full as the first attribute, where both families have it. */
export function putRtmsg(writer: MessageWriter, header: Rtmsg): void {
  const at = writer.reserve(rt.RTMSG_SIZE);
  const { bytes } = writer;
  bytes[at + rt.RTMSG_FAMILY] = header.family;
  bytes[at + rt.RTMSG_DST_LEN] = header.destinationLength;
  bytes[at + rt.RTMSG_SRC_LEN] = header.sourceLength;
  bytes[at + rt.RTMSG_TOS] = header.tos;
  bytes[at + rt.RTMSG_TABLE] = header.table < 256 ? header.table : rt.RT_TABLE_COMPAT;
  bytes[at + rt.RTMSG_PROTOCOL] = header.protocol;
  bytes[at + rt.RTMSG_SCOPE] = header.scope;
  bytes[at + rt.RTMSG_TYPE] = header.type;
  setU32(bytes, at + rt.RTMSG_FLAGS, header.flags >>> 0);
  writer.u32(rt.RTA_TABLE, header.table);
}

/** The protocol of the packet a look-up is about, UDP by default; `icmp` is the family's (rtm_getroute_parse_ip_proto). */
export function packetProtocol(protocol: number | undefined, icmp: number): number {
  if (protocol === undefined) return IPPROTO_UDP;
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP && protocol !== icmp)
    throw notSupported("Unsupported ip proto");
  return protocol;
}

/** A route's metrics with what is known of the path's MTU. */
export function withPathMtu(metrics: Metrics | null, path: PathMtu | undefined): Metrics | null {
  if (path === undefined) return metrics;
  const lock: readonly (readonly [number, number])[] = path.isLocked
    ? [[rt.RTAX_LOCK, 1 << rt.RTAX_MTU]]
    : [];
  return new Map([...(metrics ?? []), ...lock, [rt.RTAX_MTU, path.mtu]]);
}

const nsPerCentisecond = 10_000_000;

/** Hundredths of a second until what is known of the path is forgotten; 0 when nothing is. */
export function expiryOf({ inet }: IpNetns, path: { readonly untilNs: number } | undefined): number {
  if (path === undefined) return 0;
  return Math.max(Math.floor((path.untilNs - inet.machine.clock.now()) / nsPerCentisecond), 0);
}

/** What RTA_METRICS says. */
export interface ParsedMetrics {
  readonly metrics: Metrics | null;
  /** The congestion control by name, "" for none. */
  readonly congestion: string;
}

/** Reads RTA_METRICS; refuses what no metric is, with the kernel's texts. */
export function metricsOf(nest: Attribute | undefined): ParsedMetrics {
  const metrics = new Map<number, number>();
  let congestion = "";
  for (const attribute of nest?.children() ?? []) {
    const { type } = attribute;
    if (type === 0) continue;
    if (type > rt.RTAX_MAX) throw invalid("Invalid metric type");
    if (type === rt.RTAX_CC_ALGO) {
      congestion = attribute.text();
      checkCongestion(congestion);
      continue;
    }
    if (attribute.length !== 4) throw invalid("Invalid attribute in metrics");
    metrics.set(type, clampMetric(type, attribute.u32()));
  }
  return { metrics: metrics.size > 0 ? metrics : null, congestion };
}

/** Writes RTA_METRICS, where there are any. */
export function putMetrics(writer: MessageWriter, metrics: Metrics | null, congestion = ""): void {
  const hasValue = [...(metrics?.values() ?? [])].some((value) => value !== 0);
  if (!hasValue && congestion === "") return;
  const nest = writer.nest(rt.RTA_METRICS);
  for (let type = 1; type <= rt.RTAX_MAX; type++) {
    const value = metrics?.get(type) ?? 0;
    if (type === rt.RTAX_CC_ALGO && congestion !== "") writer.string(type, congestion);
    else if (value !== 0) writer.u32(type, value);
  }
  writer.endNest(nest);
}

/** Writes RTA_CACHEINFO; `expires` in hundredths of a second, 0 for never, `error` as a negative errno or 0. */
export function putRouteCacheinfo(writer: MessageWriter, expires: number, error: number, used = 0): void {
  const at = writer.attribute(rt.RTA_CACHEINFO, rt.RTA_CACHEINFO_SIZE);
  setS32(writer.bytes, at + rt.RTA_CACHEINFO_EXPIRES, expires);
  setS32(writer.bytes, at + rt.RTA_CACHEINFO_ERROR, error);
  setU32(writer.bytes, at + rt.RTA_CACHEINFO_USED, used);
}

/** One entry of RTA_MULTIPATH (`struct rtnexthop`). */
export interface Rtnexthop {
  readonly flags: number;
  /** The weight less one. */
  readonly hops: number;
  readonly ifindex: number;
  /** Its attributes. */
  readonly attributes: readonly Attribute[];
}

const rtnexthopSize = 8;

/** Reads RTA_MULTIPATH; undefined when something is left over behind the last next hop. */
export function nexthopsOf(nest: Attribute): Rtnexthop[] | undefined {
  const { bytes, end } = nest;
  const nexthops: Rtnexthop[] = [];
  let at = nest.start;
  while (end - at >= rtnexthopSize) {
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    if (length < rtnexthopSize || length > end - at) return undefined;
    nexthops.push({
      flags: bytes[at + 2] ?? 0,
      hops: bytes[at + 3] ?? 0,
      ifindex: getU32(bytes, at + 4) | 0,
      attributes: [...attributes(bytes, at + rtnexthopSize, at + length)],
    });
    at += align4(length);
  }
  return at < end ? undefined : nexthops;
}

/** Begins an entry of RTA_MULTIPATH; `endNexthop` patches its length. */
export function beginNexthop(writer: MessageWriter, flags: number, weight: number, ifindex: number): number {
  const at = writer.reserve(rtnexthopSize);
  writer.bytes[at + 2] = flags;
  writer.bytes[at + 3] = weight - 1;
  setS32(writer.bytes, at + 4, ifindex);
  return at;
}

/** Ends an entry begun at `at`. */
export function endNexthop(writer: MessageWriter, at: number): void {
  const length = writer.length - at;
  writer.bytes[at] = length & 0xff;
  writer.bytes[at + 1] = length >>> 8;
}
