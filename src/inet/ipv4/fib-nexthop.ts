// A next hop of routes of IPv4, their own or a nexthop object's.
//
// Mirrors include/net/ip_fib.h (struct fib_nh_common, fib_nh).

import type { Device } from "../../net/netdevice.ts";
import { RT_SCOPE_UNIVERSE } from "../../uapi/rtnetlink.ts";

/** One way on (struct fib_nh). */
export class FibNexthop {
  /** The device, known once the next hop has been checked; null for routes that lead nowhere. */
  dev: Device | null = null;
  ifindex = 0;
  /** AF_INET, AF_INET6 or 0: what kind of address the gateway has. */
  gatewayFamily = 0;
  gateway = 0;
  gateway6: Uint8Array | null = null;
  /** RTNH_F_* */
  flags = 0;
  /** RT_SCOPE_* of the next hop: how far away it is. */
  scope = RT_SCOPE_UNIVERSE;
  weight = 1;
  /** The largest hash value that chooses this next hop, of 31 bits; -1: never (fib_nh_upper_bound). */
  upperBound = -1;
}
