// Puts generic netlink on a machine: the protocol into its table of sockets, the controller, ethtool's and our own family.
//
// Mirrors net/netlink/genetlink.c (genl_init).

import type { NetlinkTable } from "../af_netlink/table.ts";
import { NETLINK_GENERIC } from "../uapi/netlink.ts";
import { ctrl } from "./ctrl.ts";
import { Genetlink } from "./dispatch.ts";
import { Ethtool } from "./ethtool.ts";
import { uvethFamily } from "./uveth.ts";
import { joinNetnsNames } from "./uveth-netns.ts";

/** Makes NETLINK_GENERIC available to the sockets of `table`, with the families `nlctrl`, `ethtool` and `uveth`; returns ethtool, which has another door too. */
export function joinGenetlink(table: NetlinkTable): Ethtool {
  const genetlink = new Genetlink(table);
  genetlink.register(ctrl(genetlink));
  const ethtool = new Ethtool(table.machine, genetlink);
  joinNetnsNames(table.machine, genetlink.register(uvethFamily));
  table.register(NETLINK_GENERIC, genetlink);
  return ethtool;
}
