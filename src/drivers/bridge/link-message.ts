// A bridge or a port as a link of the family AF_BRIDGE: what `bridge link` and `bridge vlan` show, and the word to
// RTNLGRP_LINK when a port changes.
//
// Mirrors net/bridge/br_netlink.c (br_fill_ifinfo, br_getlink, br_ifinfo_notify). Omitted: MRP, CFM.

import { setS32, setU16, setU32 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import { getIflink } from "../../net/device.ts";
import { devGetFlags } from "../../net/flags.ts";
import type { Device } from "../../net/netdevice.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { IF_OPER_DOWN, IFF_UP } from "../../uapi/if.ts";
import { IFLA_BRIDGE_MST } from "../../uapi/if_bridge.ts";
import * as link from "../../uapi/if_link.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { AF_BRIDGE } from "../../uapi/socket.ts";
import { fillMst } from "./mst.ts";
import { fillPort } from "./port-fill.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_MST_ENABLE, BR_VLAN_TUNNEL, portOf } from "./state.ts";
import { fillVlans } from "./vlan-fill.ts";
import { fillTunnels } from "./vlan-tunnel.ts";

/** What of IFLA_EXT_MASK makes the bridge itself show. */
const wantsVlans = rt.RTEXT_FILTER_BRVLAN | rt.RTEXT_FILTER_BRVLAN_COMPRESSED;
const wantsBridge =
  wantsVlans | rt.RTEXT_FILTER_MRP | rt.RTEXT_FILTER_CFM_CONFIG | rt.RTEXT_FILTER_CFM_STATUS;

/** Writes a port of the bridge, or the bridge itself when the mask asks for it; false for neither (br_getlink). */
export function fillBridgeLink(
  dev: Device<Bridge>,
  target: Device,
  writer: MessageWriter,
  extMask: number,
): boolean {
  const port = portOf(target);
  if (port === null && (extMask & wantsBridge) === 0) return false;
  fillLink(writer, dev.state, port, rt.RTM_NEWLINK, extMask);
  return true;
}

/** Tells of a port: RTM_NEWLINK or RTM_DELLINK (br_ifinfo_notify). */
export function announcePort(type: number, port: BridgePort): void {
  announceLink(type, port.br, port);
}

/** Tells of the bridge itself, as when its VLANs change (br_ifinfo_notify). */
export function announceBridge(type: number, br: Bridge): void {
  announceLink(type, br, null);
}

function announceLink(type: number, br: Bridge, port: BridgePort | null): void {
  br.dev.machine.announce(rt.RTNLGRP_LINK, br.dev.netns, (writer) => {
    writer.begin(type, 0, 0, 0);
    fillLink(writer, br, port, type, rt.RTEXT_FILTER_BRVLAN_COMPRESSED);
    writer.end();
  });
}

function fillLink(
  writer: MessageWriter,
  br: Bridge,
  port: BridgePort | null,
  type: number,
  extMask: number,
): void {
  const dev: Device = port?.dev ?? br.dev;
  const at = writer.reserve(rt.IFINFOMSG_SIZE);
  writer.bytes[at + rt.IFINFOMSG_FAMILY] = AF_BRIDGE;
  setU16(writer.bytes, at + rt.IFINFOMSG_TYPE, dev.type);
  setS32(writer.bytes, at + rt.IFINFOMSG_INDEX, dev.ifindex);
  setU32(writer.bytes, at + rt.IFINFOMSG_FLAGS, devGetFlags(dev));
  writer.string(link.IFLA_IFNAME, dev.name);
  writer.u32(link.IFLA_MASTER, br.dev.ifindex);
  writer.u32(link.IFLA_MTU, dev.mtu);
  writer.u8(link.IFLA_OPERSTATE, (dev.flags & IFF_UP) !== 0 ? dev.operstate : IF_OPER_DOWN);
  writeMac(writer.bytes, writer.attribute(link.IFLA_ADDRESS, 6), dev.address);
  const iflink = getIflink(dev);
  if (iflink !== dev.ifindex) writer.u32(link.IFLA_LINK, iflink);
  if (type === rt.RTM_NEWLINK && port !== null) {
    const nest = writer.nestFlagged(link.IFLA_PROTINFO);
    fillPort(writer, port);
    writer.endNest(nest);
  }
  if ((extMask & (wantsBridge | rt.RTEXT_FILTER_MST)) === 0) return;
  const before = writer.length;
  const nest = writer.nest(link.IFLA_AF_SPEC);
  const empty = writer.length;
  fillSpec(writer, br, port, extMask);
  if (writer.length > empty) writer.endNest(nest);
  else writer.trim(before);
}

/** Writes the content of IFLA_AF_SPEC: VLANs, and the port's states in its spanning trees. */
function fillSpec(writer: MessageWriter, br: Bridge, port: BridgePort | null, extMask: number): void {
  const vlans = port?.vlans ?? br.vlans;
  if ((extMask & wantsVlans) !== 0) {
    if (vlans.members.length === 0) return;
    fillVlans(writer, vlans, (extMask & rt.RTEXT_FILTER_BRVLAN_COMPRESSED) !== 0);
    if (port !== null && (port.flags & BR_VLAN_TUNNEL) !== 0) fillTunnels(writer, vlans);
  }
  const hasMst = (br.options & BR_BOOLOPT_MST_ENABLE) !== 0;
  if (port === null || !hasMst || (extMask & rt.RTEXT_FILTER_MST) === 0) return;
  const nest = writer.nestFlagged(IFLA_BRIDGE_MST);
  fillMst(writer, port);
  writer.endNest(nest);
}
