// Whether routes may go by a nexthop object.
//
// Mirrors net/ipv4/nexthop.c (fib_check_nexthop, fib6_check_nexthop) with their texts.

import { invalid } from "../../netlink/error.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RTNH_F_ONLINK } from "../../uapi/rtnetlink.ts";
import { AF_INET } from "../../uapi/socket.ts";
import type { NexthopValue } from "./object.ts";

/** Refuses an object for routes of IPv4 of a scope. */
export function checkForRoute4({ isFdb, hop, members }: NexthopValue, scope: number): void {
  if (isFdb) throw invalid("Route cannot point to a fdb nexthop");
  if (members !== null && scope === RT_SCOPE_HOST) {
    throw invalid("Route with host scope can not have multiple nexthops");
  }
  const first = members === null ? hop : (members[0]?.object.value.hop ?? null);
  if (first === null) return;
  if (scope === RT_SCOPE_HOST && first.gatewayFamily !== 0) {
    throw invalid("Route with host scope can not have a gateway");
  }
  if ((first.flags & RTNH_F_ONLINK) !== 0 && scope >= RT_SCOPE_LINK) {
    throw invalid("Scope mismatch with nexthop");
  }
}

/** Refuses an object for routes of IPv6. */
export function checkForRoute6({ family, isFdb, members }: NexthopValue): void {
  const hasIpv4 =
    family === AF_INET || members?.some(({ object }) => object.value.family === AF_INET) === true;
  if (hasIpv4) throw invalid("IPv6 routes can not use an IPv4 nexthop");
  if (isFdb) throw invalid("Route cannot point to a fdb nexthop");
}
