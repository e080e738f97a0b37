// What a request about an IPv6 route asks for: attributes → RouteConfig6.
//
// Mirrors net/ipv6/route.c (rtm_ipv6_policy, rtm_to_fib6_config, ip6_route_multipath_add) with their order, errno and
// texts. Omitted: source-specific routes, encapsulations (RTA_ENCAP).

import type { Request } from "../af_netlink/handler.ts";
import type { NexthopConfig6, RouteConfig6 } from "../inet/ipv6/route-config.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import { be16, min, nest, policy, u8, u16, u32 } from "../netlink/policy.ts";
import {
  ICMPV6_ROUTER_PREF_HIGH,
  ICMPV6_ROUTER_PREF_LOW,
  ICMPV6_ROUTER_PREF_MEDIUM,
} from "../uapi/icmpv6.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { metricsOf, nexthopsOf, readRtmsg } from "./route-msg.ts";

/** rtm_ipv6_policy */
export const routePolicy6 = policy(
  rt.RTA_MAX,
  {
    [rt.RTA_DST]: min("dst", 0),
    [rt.RTA_SRC]: min("src", 0),
    [rt.RTA_GATEWAY]: min("gateway", 16),
    [rt.RTA_PREFSRC]: min("prefsrc", 16),
    [rt.RTA_OIF]: u32("oif"),
    [rt.RTA_IIF]: u32("iif"),
    [rt.RTA_PRIORITY]: u32("priority"),
    [rt.RTA_METRICS]: nest("metrics"),
    [rt.RTA_MULTIPATH]: min("multipath", 8),
    [rt.RTA_VIA]: min("via", 0),
    [rt.RTA_PREF]: u8("pref"),
    [rt.RTA_ENCAP_TYPE]: u16("encapType"),
    [rt.RTA_ENCAP]: nest("encap"),
    [rt.RTA_EXPIRES]: u32("expires"),
    [rt.RTA_UID]: u32("uid"),
    [rt.RTA_MARK]: u32("mark"),
    [rt.RTA_TABLE]: u32("table"),
    [rt.RTA_IP_PROTO]: u8("ipProto"),
    [rt.RTA_SPORT]: be16("sport"),
    [rt.RTA_DPORT]: be16("dport"),
    [rt.RTA_NH_ID]: u32("nhId"),
  },
  rt.RTA_DPORT + 1,
);

export type RouteAttributes6 = Parsed<typeof routePolicy6>;

/** A lifetime without end. */
const forever = 0xffff_ffff;

/** Reads a request to add or delete a route (rtm_to_fib6_config). */
export function routeConfig6Of(request: Request): RouteConfig6 {
  const { message, origin } = request;
  const attrs = parseMessage(message, rt.RTMSG_SIZE, routePolicy6);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const header = readRtmsg(message);
  if (header.tos !== 0) throw invalid("Invalid dsfield (tos): option not available for IPv6");
  if (attrs.encap !== undefined || attrs.encapType !== undefined) throw notSupported();
  if (attrs.via !== undefined) throw invalid("IPv6 does not support RTA_VIA attribute");
  if (header.sourceLength !== 0) {
    throw invalid("Specifying source address requires IPV6_SUBTREES to be enabled");
  }
  const { expires = 0, gateway } = attrs;
  const hasWay = attrs.oif !== undefined || gateway !== undefined || attrs.multipath !== undefined;
  if (attrs.nhId !== undefined && hasWay) {
    throw invalid("Nexthop specification and nexthop id are mutually exclusive");
  }
  return {
    destination: prefixIn(attrs.dst, header.destinationLength),
    destinationLength: header.destinationLength,
    table: (attrs.table ?? header.table) || rt.RT_TABLE_MAIN,
    protocol: header.protocol,
    type: header.type,
    metric: attrs.priority ?? 0,
    oif: attrs.oif ?? 0,
    hasGateway: gateway !== undefined,
    gateway: addressIn(gateway),
    flags: header.flags & rt.RTNH_F_ONLINK,
    weight: 1,
    prefsrc: attrs.prefsrc === undefined ? null : addressIn(attrs.prefsrc),
    ...metricsOf(attrs.metrics),
    multipath: attrs.multipath === undefined ? null : multipathOf(attrs.multipath, attrs),
    expiresS: expires === forever ? 0 : expires,
    pref: preferenceOf(attrs.pref),
    nhId: attrs.nhId ?? 0,
    nlFlags: message.flags,
    origin,
  };
}

/** 16 bytes of an attribute; zeros without it. */
export function addressIn(attribute: Attribute | undefined): Uint8Array {
  const address = new Uint8Array(16);
  if (attribute !== undefined) address.set(attribute.bytes.subarray(attribute.start, attribute.start + 16));
  return address;
}

/** A prefix of `length` bits, of which only the bytes that hold some need be there. */
function prefixIn(attribute: Attribute | undefined, length: number): Uint8Array {
  const address = new Uint8Array(16);
  if (attribute === undefined) return address;
  const size = (length + 7) >> 3;
  if (attribute.length < size) throw invalid();
  // A length beyond 128 is refused later, or finds no route.
  address.set(attribute.bytes.subarray(attribute.start, attribute.start + Math.min(size, 16)));
  return address;
}

function preferenceOf(pref: number | undefined): number {
  if (pref === ICMPV6_ROUTER_PREF_LOW || pref === ICMPV6_ROUTER_PREF_HIGH) return pref;
  return ICMPV6_ROUTER_PREF_MEDIUM;
}

/** The next hops of RTA_MULTIPATH; what one does not say the request says for all. */
function multipathOf(multipath: Attribute, attrs: RouteAttributes6): NexthopConfig6[] {
  const nexthops = nexthopsOf(multipath);
  if (nexthops === undefined || nexthops.length === 0) {
    throw invalid("Invalid nexthop configuration - no valid nexthops");
  }
  return nexthops.map(({ flags, hops, ifindex, attributes }) => {
    const gateway = attributes.find(({ type }) => type === rt.RTA_GATEWAY) ?? attrs.gateway;
    if (gateway !== undefined && gateway.length < 16) throw invalid("Invalid IPv6 address in RTA_GATEWAY");
    return {
      oif: ifindex === 0 ? (attrs.oif ?? 0) : ifindex,
      hasGateway: gateway !== undefined,
      gateway: addressIn(gateway),
      flags: flags & rt.RTNH_F_ONLINK,
      weight: hops + 1,
    };
  });
}
