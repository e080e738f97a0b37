// What a route is asked to be, decoded: by a netlink request, or by an address that brings its routes.
//
// Mirrors include/net/ip6_route.h (struct fib6_config).

import type { Origin } from "../../net/netdevice.ts";
import { ICMPV6_ROUTER_PREF_MEDIUM } from "../../uapi/icmpv6.ts";
import { RT_TABLE_MAIN, RTN_UNICAST, RTPROT_KERNEL } from "../../uapi/rtnetlink.ts";
import type { Metrics } from "../metrics.ts";

/** Metric of routes that come with addresses (IP6_RT_PRIO_ADDRCONF), and of those users add (IP6_RT_PRIO_USER). */
export const METRIC_ADDRCONF = 256;
export const METRIC_USER = 1_024;

/** A next hop that is asked for. */
export interface NexthopConfig6 {
  /** ifindex; 0: to be found. */
  readonly oif: number;
  /** RTA_GATEWAY was given. */
  readonly hasGateway: boolean;
  readonly gateway: Uint8Array;
  /** RTNH_F_ONLINK or 0. */
  readonly flags: number;
  readonly weight: number;
}

/** A route that is asked for. */
export interface RouteConfig6 extends NexthopConfig6 {
  readonly destination: Uint8Array;
  readonly destinationLength: number;
  readonly table: number;
  readonly protocol: number;
  readonly type: number;
  /** 0: the default of users' routes. */
  readonly metric: number;
  readonly prefsrc: Uint8Array | null;
  readonly metrics: Metrics | null;
  readonly congestion: string;
  readonly multipath: readonly NexthopConfig6[] | null;
  /** Seconds from now; 0: never. */
  readonly expiresS: number;
  readonly pref: number;
  /** The nexthop object it goes by; 0: none. */
  readonly nhId: number;
  /** NLM_F_* of the request; undefined for routes of the kernel's own making. */
  readonly nlFlags: number | undefined;
  readonly origin: Origin | undefined;
}

/** A route of the kernel's own making, which callers change what they need of. */
export function kernelRoute6(): RouteConfig6 {
  const anyAddress = new Uint8Array(16);
  return {
    destination: anyAddress,
    destinationLength: 0,
    table: RT_TABLE_MAIN,
    protocol: RTPROT_KERNEL,
    type: RTN_UNICAST,
    metric: METRIC_ADDRCONF,
    oif: 0,
    hasGateway: false,
    gateway: anyAddress,
    flags: 0,
    weight: 1,
    prefsrc: null,
    metrics: null,
    congestion: "",
    multipath: null,
    expiresS: 0,
    pref: ICMPV6_ROUTER_PREF_MEDIUM,
    nhId: 0,
    nlFlags: undefined,
    origin: undefined,
  };
}
