// /proc/net/route: the main table of IPv4, each route by its first next hop.
//
// Mirrors net/ipv4/fib_trie.c (fib_route_seq_show, fib_flag_trans).

import { ipv4Mask } from "../bytes/ipv4.ts";
import type { FibAlias } from "../inet/ipv4/fib.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Netns } from "../net/netdevice.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import { RTF_GATEWAY, RTF_HOST, RTF_REJECT, RTF_UP } from "../uapi/sockios.ts";
import { addressWord, padded, upperHex } from "./text.ts";

const width = 127;
/** RTAX_ADVMSS is told as an MTU, with the headers in front. */
const headers = 40;

/** /proc/net/route */
export function routeText(netns: Netns): string {
  let text = padded(
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    width,
  );
  for (const alias of ipNetns(netns).main.aliases()) {
    if (alias.type !== rt.RTN_BROADCAST && alias.type !== rt.RTN_MULTICAST)
      text += padded(line(alias), width);
  }
  return text;
}

function line(alias: FibAlias): string {
  const { info, prefix, prefixLength } = alias;
  const { metrics, priority } = info;
  const nexthop = info.nexthops[0];
  const gateway = nexthop?.gatewayFamily === AF_INET ? nexthop.gateway : 0;
  const mss = metrics?.get(rt.RTAX_ADVMSS) ?? 0;
  return [
    nexthop?.dev?.name ?? "*",
    addressWord(prefix),
    addressWord(gateway),
    upperHex(flagsOf(alias), 4),
    0,
    0,
    priority | 0,
    addressWord(ipv4Mask(prefixLength)),
    mss === 0 ? 0 : mss + headers,
    metrics?.get(rt.RTAX_WINDOW) ?? 0,
    (metrics?.get(rt.RTAX_RTT) ?? 0) >>> 3,
  ].join("\t");
}

function flagsOf({ info, prefixLength, type }: FibAlias): number {
  let flags = RTF_UP;
  if (type === rt.RTN_UNREACHABLE || type === rt.RTN_PROHIBIT) flags |= RTF_REJECT;
  if ((info.nexthops[0]?.gatewayFamily ?? 0) !== 0) flags |= RTF_GATEWAY;
  if (prefixLength === 32) flags |= RTF_HOST;
  return flags;
}

/** /proc/net/rt_cache: there has been no cache to show since Linux 3.6. */
export function rtCacheText(): string {
  return padded(
    "Iface\tDestination\tGateway \tFlags\t\tRefCnt\tUse\tMetric\tSource\t\tMTU\tWindow\tIRTT\tTOS\tHHRef\tHHUptod\tSpecDst",
    width,
  );
}
