// Whether a way that was found leads to many.

import { RTN_BROADCAST, RTN_MULTICAST } from "../../uapi/rtnetlink.ts";
import type { Route4 } from "./route.ts";

/** Whether the packet goes to a broadcast or multicast address (RTCF_BROADCAST, RTCF_MULTICAST). */
export function isIpv4Broadcast(route: Route4): boolean {
  return route.type === RTN_BROADCAST || route.type === RTN_MULTICAST;
}
