// Where multicast routers are: behind ports that say so, or that queries have come in by; or in the bridge itself. And where
// anything is heeded at all.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_is_router, br_ip4_multicast_mark_router and its kin,
// br_multicast_ctx_should_use).

import { IFF_UP } from "../../uapi/if.ts";
import { MDB_RTR_TYPE_DISABLED, MDB_RTR_TYPE_PERM, MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_BLOCKING, BR_STATE_DISABLED } from "./state.ts";

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

/** Whether anything is entered for a port, or for the bridge itself, now (br_multicast_ctx_should_use). */
export function isInUse(br: Bridge, port: BridgePort | null): boolean {
  if ((br.dev.flags & IFF_UP) === 0) return false;
  return port === null || (port.state !== BR_STATE_DISABLED && port.state !== BR_STATE_BLOCKING);
}

/** Whether versions are spoken in which sources count (br_multicast_should_handle_mode). */
export function handlesSources({ multicast }: Bridge, protocol: number): boolean {
  if (protocol === ETH_P_IP) return multicast.igmpVersion === 3;
  return protocol === ETH_P_IPV6 && multicast.mldVersion === 2;
}
