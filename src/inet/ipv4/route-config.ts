// What a route is asked to be, decoded: by a netlink request, or by an address that brings its routes.
//
// Mirrors include/net/ip_fib.h (struct fib_config).

import type { Origin } from "../../net/netdevice.ts";
import { NLM_F_CREATE } from "../../uapi/netlink.ts";
import { RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTN_UNICAST, RTPROT_KERNEL } from "../../uapi/rtnetlink.ts";
import type { Metrics } from "../metrics.ts";

/** A next hop that is asked for. */
export interface NexthopConfig4 {
  /** ifindex; 0: to be found. */
  readonly oif: number;
  /** AF_INET, AF_INET6; 0: none. */
  readonly gatewayFamily: number;
  readonly gateway: number;
  readonly gateway6: Uint8Array | null;
  /** RTNH_F_* */
  readonly flags: number;
  readonly weight: number;
}

/** A route that is asked for. */
export interface RouteConfig4 extends NexthopConfig4 {
  readonly destination: number;
  readonly destinationLength: number;
  readonly tos: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly priority: number;
  readonly prefsrc: number;
  readonly metrics: Metrics | null;
  readonly congestion: string;
  readonly multipath: readonly NexthopConfig4[] | null;
  /** RTA_FLOW; 0: none. */
  readonly flow: number;
  /** The nexthop object it goes by; 0: none. */
  readonly nhId: number;
  /** NLM_F_* of the request. */
  readonly nlFlags: number;
  readonly origin: Origin | undefined;
}

/** A route of the kernel's own making, which callers change what they need of. */
export const kernelRoute4: RouteConfig4 = {
  destination: 0,
  destinationLength: 0,
  tos: 0,
  table: RT_TABLE_MAIN,
  protocol: RTPROT_KERNEL,
  scope: RT_SCOPE_UNIVERSE,
  type: RTN_UNICAST,
  flags: 0,
  priority: 0,
  prefsrc: 0,
  metrics: null,
  congestion: "",
  oif: 0,
  gatewayFamily: 0,
  gateway: 0,
  gateway6: null,
  weight: 1,
  multipath: null,
  flow: 0,
  nhId: 0,
  nlFlags: NLM_F_CREATE,
  origin: undefined,
};
