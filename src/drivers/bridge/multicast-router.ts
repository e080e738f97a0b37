// Where multicast routers are: behind ports that say so, or that queries have come in by; or in the bridge itself.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_is_router, br_ip4_multicast_mark_router and its kin).

import { MDB_RTR_TYPE_DISABLED, MDB_RTR_TYPE_PERM, MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";
import type { Bridge, BridgePort } from "./state.ts";

/** Whether frames of a family to groups go out by a port whoever listens. */
export function isRouterPort({ multicast }: BridgePort, isIpv6: boolean): boolean {
  if (multicast.router === MDB_RTR_TYPE_DISABLED) return false;
  if (multicast.router === MDB_RTR_TYPE_PERM) return true;
  return (isIpv6 ? multicast.ip6 : multicast.ip4).router.isPending;
}

/** Whether the bridge itself is a router of a family. */
export function isRouterBridge({ multicast }: Bridge, isIpv6: boolean): boolean {
  if (multicast.router === MDB_RTR_TYPE_PERM) return true;
  if (multicast.router !== MDB_RTR_TYPE_TEMP_QUERY) return false;
  return (isIpv6 ? multicast.ip6 : multicast.ip4).router.isPending;
}
