// Puts rtnetlink on a machine: the protocol into its table of sockets, and a handler for every request.
//
// Mirrors net/core/rtnetlink.c (rtnetlink_init, rtnetlink_net_init) and net/core/net_namespace.c (net_ns_init).

import type { NetlinkTable } from "../af_netlink/table.ts";
import type { MachineContext } from "../net/netdevice.ts";
import { NETLINK_ROUTE } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_BRIDGE, AF_UNSPEC } from "../uapi/socket.ts";
import { delBridgeLink, dumpBridgeLinks, setBridgeLink } from "./bridge.ts";
import { delLink } from "./dellink.ts";
import { Rtnetlink } from "./dispatch.ts";
import { dumpLinks } from "./dump-links.ts";
import { dumpNsids } from "./dump-nsids.ts";
import { delFdb, dumpFdb, getFdb, newFdb } from "./fdb.ts";
import { getLink } from "./getlink.ts";
import { delLinkProp, newLinkProp } from "./linkprop.ts";
import { delMdb, dumpMdb, getMdb, newMdb } from "./mdb.ts";
import { newLink } from "./newlink.ts";
import { joinLinkMessages } from "./notify.ts";
import { getNsid, joinNsidMessages, newNsid } from "./nsid.ts";
import { setLink } from "./setlink.ts";
import { dumpStats, getStats } from "./stats.ts";
import { delTunnel, dumpTunnels, newTunnel } from "./tunnel.ts";
import { delVlan, dumpVlans, newVlan } from "./vlan.ts";

/** Makes NETLINK_ROUTE available on `machine`, whose sockets are in `table`, before its first device is registered. */
export function joinRtnetlink(machine: MachineContext, table: NetlinkTable): Rtnetlink {
  const rtnetlink = new Rtnetlink(table);
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWLINK, { handle: newLink });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELLINK, { handle: delLink });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETLINK, { handle: getLink, dump: dumpLinks, isDoneSplit: true });
  rtnetlink.register(AF_UNSPEC, rt.RTM_SETLINK, { handle: setLink });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWLINKPROP, { handle: newLinkProp });
  rtnetlink.register(AF_UNSPEC, rt.RTM_DELLINKPROP, { handle: delLinkProp });
  rtnetlink.register(AF_UNSPEC, rt.RTM_NEWNSID, { handle: newNsid });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETNSID, { handle: getNsid, dump: dumpNsids });
  rtnetlink.register(AF_UNSPEC, rt.RTM_GETSTATS, { handle: getStats, dump: dumpStats });
  rtnetlink.register(AF_BRIDGE, rt.RTM_GETLINK, { dump: dumpBridgeLinks });
  rtnetlink.register(AF_BRIDGE, rt.RTM_SETLINK, { handle: setBridgeLink });
  rtnetlink.register(AF_BRIDGE, rt.RTM_DELLINK, { handle: delBridgeLink });
  rtnetlink.register(AF_BRIDGE, rt.RTM_NEWNEIGH, { handle: newFdb });
  rtnetlink.register(AF_BRIDGE, rt.RTM_DELNEIGH, { handle: delFdb, isBulkDelete: true });
  rtnetlink.register(AF_BRIDGE, rt.RTM_GETNEIGH, { handle: getFdb, dump: dumpFdb, isDoneSplit: true });
  rtnetlink.register(AF_BRIDGE, rt.RTM_NEWMDB, { handle: newMdb });
  rtnetlink.register(AF_BRIDGE, rt.RTM_DELMDB, { handle: delMdb, isBulkDelete: true });
  rtnetlink.register(AF_BRIDGE, rt.RTM_GETMDB, { handle: getMdb, dump: dumpMdb });
  rtnetlink.register(AF_BRIDGE, rt.RTM_NEWVLAN, { handle: newVlan });
  rtnetlink.register(AF_BRIDGE, rt.RTM_DELVLAN, { handle: delVlan });
  rtnetlink.register(AF_BRIDGE, rt.RTM_GETVLAN, { dump: dumpVlans });
  rtnetlink.register(AF_BRIDGE, rt.RTM_NEWTUNNEL, { handle: newTunnel });
  rtnetlink.register(AF_BRIDGE, rt.RTM_DELTUNNEL, { handle: delTunnel });
  rtnetlink.register(AF_BRIDGE, rt.RTM_GETTUNNEL, { dump: dumpTunnels });
  machine.announce = (group, netns, write) => rtnetlink.notify(group, netns, undefined, write);
  // The family is known to links, but takes no changes in IFLA_AF_SPEC (br_af_ops).
  machine.afOps.push({ family: AF_BRIDGE });
  joinLinkMessages(machine, rtnetlink);
  joinNsidMessages(machine, rtnetlink);
  table.register(NETLINK_ROUTE, rtnetlink);
  return rtnetlink;
}
