// Where multicast routers are: behind ports that say so, or that queries have come in by; or in the bridge itself.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_is_router, br_multicast_add_router, br_multicast_rport_del,
// br_multicast_rport_del_notify, br_ip4_multicast_mark_router and its kin, br_multicast_router_expired).

import { JIFFY_NS } from "../../net/jiffies.ts";
import {
  MDB_RTR_TYPE_DISABLED,
  MDB_RTR_TYPE_PERM,
  MDB_RTR_TYPE_TEMP,
  MDB_RTR_TYPE_TEMP_QUERY,
} from "../../uapi/if_bridge.ts";
import { RTM_DELMDB, RTM_NEWMDB } from "../../uapi/rtnetlink.ts";
import { notifyRouter } from "./mdb-message.ts";
import { contextOf, readContext } from "./multicast-context.ts";
import type { PortMulticast } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";

/** Whether the bridge itself is a router of a family in a VLAN. */
export function isRouterBridge(br: Bridge, isIpv6: boolean, vid: number): boolean {
  const { ip4, ip6, router } = readContext(br, vid);
  if (router === MDB_RTR_TYPE_PERM) return true;
  if (router !== MDB_RTR_TYPE_TEMP_QUERY) return false;
  return (isIpv6 ? ip6 : ip4).router.isPending;
}

/** A router is where queries of a family come from, or where a user says it is, for a time (br_ip4_multicast_mark_router). */
export function markRouter(port: BridgePort, vid: number, multicast: PortMulticast, isIpv6: boolean): void {
  if (multicast.router === MDB_RTR_TYPE_DISABLED || multicast.router === MDB_RTR_TYPE_PERM) return;
  addRouter(port, vid, multicast, isIpv6);
  const { router } = isIpv6 ? multicast.ip6 : multicast.ip4;
  router.start(contextOf(port.br, vid).querierInterval * JIFFY_NS);
}

/** A router of a family is behind a port; the first of both families is told of (br_multicast_add_router). */
export function addRouter(port: BridgePort, vid: number, multicast: PortMulticast, isIpv6: boolean): void {
  const { ip4, ip6 } = multicast;
  const isFirst = !ip4.isRouter && !ip6.isRouter;
  (isIpv6 ? ip6 : ip4).isRouter = true;
  if (isFirst) notifyRouter(port.br, port, vid, RTM_NEWMDB);
}

/** No query of a family has come in by a port for long: no router is there any more (br_multicast_router_expired). */
export function routerExpired(
  port: BridgePort,
  vid: number,
  multicast: PortMulticast,
  isIpv6: boolean,
): void {
  if (multicast.router === MDB_RTR_TYPE_DISABLED || multicast.router === MDB_RTR_TYPE_PERM) return;
  const { ip4, ip6 } = multicast;
  (isIpv6 ? ip6 : ip4).isRouter = false;
  if (!ip4.isRouter && !ip6.isRouter) lostRouter(port, vid, multicast);
}

/** No router is behind a port, of whichever family. */
export function removeRouters(port: BridgePort, vid: number, multicast: PortMulticast): void {
  const { ip4, ip6 } = multicast;
  const wasRouter = ip4.isRouter || ip6.isRouter;
  for (const state of [ip4, ip6]) {
    state.isRouter = false;
    state.router.stop();
  }
  if (wasRouter) lostRouter(port, vid, multicast);
}

/** What was to hold for a time has ended with it (br_multicast_rport_del_notify). */
function lostRouter(port: BridgePort, vid: number, multicast: PortMulticast): void {
  notifyRouter(port.br, port, vid, RTM_DELMDB);
  if (multicast.router === MDB_RTR_TYPE_TEMP) multicast.router = MDB_RTR_TYPE_TEMP_QUERY;
}
