// What a request about an IPv4 route asks for: attributes → RouteConfig4.
//
// Mirrors net/ipv4/fib_frontend.c (rtm_ipv4_policy, rtm_to_fib_config, fib_gw_from_via) and net/ipv4/fib_semantics.c
// (fib_get_nhs) with their order, errno and texts. Omitted: encapsulations (RTA_ENCAP).

import type { Request } from "../af_netlink/handler.ts";
import { getBe32 } from "../bytes/endian.ts";
import { ipv4Mask } from "../bytes/ipv4.ts";
import type { NexthopConfig4, RouteConfig4 } from "../inet/ipv4/route-config.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import { attributeOf, warnOfLeftover } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import { be16, min, nest, policy, u8, u16, u32 } from "../netlink/policy.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { metricsOf, nexthopsOf, readRtmsg } from "./route-msg.ts";

/** rtm_ipv4_policy */
export const routePolicy4 = policy(
  rt.RTA_MAX,
  {
    [rt.RTA_DST]: u32("dst"),
    [rt.RTA_SRC]: u32("src"),
    [rt.RTA_IIF]: u32("iif"),
    [rt.RTA_OIF]: u32("oif"),
    [rt.RTA_GATEWAY]: u32("gateway"),
    [rt.RTA_PRIORITY]: u32("priority"),
    [rt.RTA_PREFSRC]: u32("prefsrc"),
    [rt.RTA_METRICS]: nest("metrics"),
    [rt.RTA_MULTIPATH]: min("multipath", 8),
    [rt.RTA_FLOW]: u32("flow"),
    [rt.RTA_MARK]: u32("mark"),
    [rt.RTA_TABLE]: u32("table"),
    [rt.RTA_VIA]: min("via", 0),
    [rt.RTA_ENCAP_TYPE]: u16("encapType"),
    [rt.RTA_ENCAP]: nest("encap"),
    [rt.RTA_UID]: u32("uid"),
    [rt.RTA_IP_PROTO]: u8("ipProto"),
    [rt.RTA_SPORT]: be16("sport"),
    [rt.RTA_DPORT]: be16("dport"),
    [rt.RTA_NH_ID]: u32("nhId"),
  },
  rt.RTA_DPORT + 1,
);

export type RouteAttributes4 = Parsed<typeof routePolicy4>;

const ecnMask = 0x03;
const exclusive = "Nexthop specification and nexthop id are mutually exclusive";
const contradiction = "Nexthop configuration can not contain both GATEWAY and VIA";

/** Reads a request to add or delete a route (rtm_to_fib_config). */
export function routeConfigOf(request: Request): RouteConfig4 {
  const { message, origin } = request;
  const attrs = parseMessage(message, rt.RTMSG_SIZE, routePolicy4);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const header = readRtmsg(message);
  if ((header.tos & ecnMask) !== 0) throw invalid("Invalid dsfield (tos): ECN bits must be 0");
  if (header.type > rt.RTN_MAX) throw invalid("Invalid route type");
  if (attrs.encap !== undefined || attrs.encapType !== undefined) throw notSupported();
  const nexthop = nexthopOf(attributeOf(attrs, "gateway"), attrs.via);
  const destination = addressIn(attributeOf(attrs, "dst"));
  checkPrefix(destination, header.destinationLength);
  if (attrs.gateway !== undefined && attrs.via !== undefined) throw invalid(contradiction);
  const { nhId = 0, oif = 0 } = attrs;
  if (nhId !== 0 && (oif !== 0 || nexthop.gatewayFamily !== 0 || attrs.multipath !== undefined))
    throw invalid(exclusive);
  return {
    destination,
    destinationLength: header.destinationLength,
    tos: header.tos,
    table: attrs.table ?? (header.table === 0 ? rt.RT_TABLE_MAIN : header.table),
    protocol: header.protocol,
    scope: header.scope,
    type: header.type,
    priority: attrs.priority ?? 0,
    prefsrc: addressIn(attributeOf(attrs, "prefsrc")),
    ...metricsOf(attrs.metrics),
    ...nexthop,
    oif: attrs.oif ?? 0,
    flags: header.flags,
    weight: 1,
    multipath: attrs.multipath === undefined ? null : multipathOf(attrs.multipath),
    flow: attrs.flow ?? 0,
    nhId: attrs.nhId ?? 0,
    nlFlags: message.flags,
    origin,
  };
}

function addressIn(attribute: Attribute | undefined): number {
  return attribute === undefined ? 0 : getBe32(attribute.bytes, attribute.start);
}

function checkPrefix(destination: number, length: number): void {
  if (length > 32) throw invalid("Invalid prefix length");
  if (length < 32 && (destination & ~ipv4Mask(length)) !== 0)
    throw invalid("Invalid prefix for given prefix length");
}

type Gateway = Pick<NexthopConfig4, "gatewayFamily" | "gateway" | "gateway6">;

/** The gateway of RTA_GATEWAY, or of RTA_VIA where the family is named. */
function nexthopOf(gateway: Attribute | undefined, via: Attribute | undefined): Gateway {
  if (via !== undefined) return gatewayOfVia(via);
  const address = addressIn(gateway);
  return { gatewayFamily: address === 0 ? 0 : AF_INET, gateway: address, gateway6: null };
}

function gatewayOfVia(via: Attribute): Gateway {
  if (via.length < rt.RTVIA_SIZE) throw invalid("Invalid attribute length for RTA_VIA");
  const at = via.start + rt.RTVIA_ADDR;
  const size = via.length - rt.RTVIA_ADDR;
  switch (via.u16()) {
    case AF_INET:
      if (size !== 4) throw invalid("Invalid IPv4 address in RTA_VIA");
      return { gatewayFamily: AF_INET, gateway: getBe32(via.bytes, at), gateway6: null };
    case AF_INET6:
      if (size !== 16) throw invalid("Invalid IPv6 address in RTA_VIA");
      return { gatewayFamily: AF_INET6, gateway: 0, gateway6: via.bytes.slice(at, at + 16) };
    default:
      throw invalid("Unsupported address family in RTA_VIA");
  }
}

/** The next hops of RTA_MULTIPATH (fib_get_nhs). */
function multipathOf(multipath: Attribute): NexthopConfig4[] {
  const nexthops = nexthopsOf(multipath);
  if (nexthops === undefined) throw invalid("Invalid nexthop configuration - extra data after nexthops");
  return nexthops.map(({ flags, hops, ifindex, attributes }) => {
    if ((flags & (rt.RTNH_F_DEAD | rt.RTNH_F_LINKDOWN)) !== 0) {
      throw invalid("Invalid flags for nexthop - can not contain DEAD or LINKDOWN");
    }
    const gateway = attributes.find(({ type }) => type === rt.RTA_GATEWAY);
    const via = attributes.find(({ type }) => type === rt.RTA_VIA);
    if (gateway !== undefined && via !== undefined) throw invalid(contradiction);
    return { ...nexthopOf(gateway, via), oif: ifindex, flags, weight: hops + 1 };
  });
}
