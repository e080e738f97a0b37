// /proc/net/ipv6_route: all tables of IPv6.
//
// Mirrors net/ipv6/ip6_fib.c (ipv6_route_native_seq_show, ipv6_route_seq_next). Omitted: how many hold a route, which is 1.

import type { Fib6Route } from "../inet/ipv6/fib.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Netns } from "../net/netdevice.ts";
import * as rtf from "../uapi/ipv6_route.ts";
import { RTPROT_KERNEL } from "../uapi/rtnetlink.ts";
import { RTF_GATEWAY, RTF_REJECT, RTF_UP } from "../uapi/sockios.ts";
import { lowerHex, plainIpv6, right } from "./text.ts";

const unspecified = new Uint8Array(16);
const tableHashSize = 256;
/** Where the router preference lies among the flags (RTF_PREF). */
const prefShift = 27;
/** What stands at the root of a table that has no default route (fib6_null_entry). */
const nullEntry: Line = {
  prefix: unspecified,
  prefixLength: 0,
  gateway: unspecified,
  metric: 0xffff_ffff,
  flags: RTF_REJECT | rtf.RTF_NONEXTHOP,
  name: "lo",
};

interface Line {
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  readonly gateway: Uint8Array;
  readonly metric: number;
  readonly flags: number;
  readonly name: string;
}

/** /proc/net/ipv6_route */
export function ipv6RouteText(netns: Netns): string {
  let text = "";
  const tables = [...ipNetns(netns).tables6.values()];
  for (const table of tables.sort((one, other) => (one.id % tableHashSize) - (other.id % tableHashSize))) {
    for (const route of table.routes()) text += lineText(lineOf(route));
    if (table.root.routes.length === 0) text += lineText(nullEntry);
  }
  return text;
}

function lineOf(route: Fib6Route): Line {
  const { metric, prefix, prefixLength } = route;
  const { dev, gateway } = route.paths?.[0] ?? route;
  return {
    prefix,
    prefixLength,
    gateway: gateway ?? unspecified,
    metric,
    flags: flagsOf(route) | (gateway === null ? 0 : RTF_GATEWAY),
    name: dev?.name ?? "",
  };
}

function flagsOf(route: Fib6Route): number {
  const { expiresNs, gateway, isAddrconf, isPrefixRoute, pref, prefixLength, protocol } = route;
  if (route.isReject) return RTF_REJECT | rtf.RTF_NONEXTHOP;
  // What addresses bring along, not what a user asked for.
  const isKernels = protocol === RTPROT_KERNEL;
  let flags = RTF_UP | (pref << prefShift);
  if (route.isLocal) flags |= rtf.RTF_LOCAL;
  if (route.isAnycast && isKernels) flags |= rtf.RTF_ANYCAST;
  if ((route.isLocal || route.isAnycast) && isKernels) flags |= rtf.RTF_NONEXTHOP;
  if (!Number.isNaN(expiresNs)) flags |= rtf.RTF_EXPIRES;
  if (isAddrconf) flags |= rtf.RTF_ADDRCONF;
  if (isAddrconf && isPrefixRoute) flags |= rtf.RTF_PREFIX_RT;
  if (isAddrconf && gateway !== null) flags |= prefixLength === 0 ? rtf.RTF_DEFAULT : rtf.RTF_ROUTEINFO;
  return flags;
}

function lineText({ flags, gateway, metric, name, prefix, prefixLength }: Line): string {
  return [
    plainIpv6(prefix),
    lowerHex(prefixLength, 2),
    plainIpv6(unspecified),
    lowerHex(0, 2),
    plainIpv6(gateway),
    lowerHex(metric, 8),
    lowerHex(1, 8),
    lowerHex(0, 8),
    lowerHex(flags, 8),
    `${right(name, 8)}\n`,
  ].join(" ");
}
