// Puts rtnetlink on a machine: the protocol into its table of sockets, and a handler for every request.
//
// Mirrors net/core/rtnetlink.c (rtnetlink_init, rtnetlink_net_init).

import type { NetlinkTable } from "../af_netlink/table.ts";
import type { MachineContext } from "../net/netdevice.ts";
import { NETLINK_ROUTE } from "../uapi/netlink.ts";
import { Rtnetlink } from "./dispatch.ts";

/** Makes NETLINK_ROUTE available on `machine`, whose sockets are in `table`, before its first device is registered. */
export function joinRtnetlink(machine: MachineContext, table: NetlinkTable): Rtnetlink {
  const rtnetlink = new Rtnetlink(table);
  table.register(NETLINK_ROUTE, rtnetlink);
  return rtnetlink;
}
