// Puts generic netlink on a machine: the protocol into its table of sockets, the controller, ethtool's and our own family.
//
// Mirrors net/netlink/genetlink.c (genl_init).

import type { NetlinkTable } from "../af_netlink/table.ts";
import { NETLINK_GENERIC } from "../uapi/netlink.ts";
import { ctrl } from "./ctrl.ts";
import { Genetlink } from "./dispatch.ts";
import { joinEthtool } from "./ethtool.ts";
import { uvethFamily } from "./uveth.ts";

/** Makes NETLINK_GENERIC available to the sockets of `table`, with the families `nlctrl`, `ethtool` and `uveth`. */
export function joinGenetlink(table: NetlinkTable): Genetlink {
  const genetlink = new Genetlink(table);
  genetlink.register(ctrl(genetlink));
  joinEthtool(table.machine, genetlink);
  genetlink.register(uvethFamily);
  table.register(NETLINK_GENERIC, genetlink);
  return genetlink;
}
