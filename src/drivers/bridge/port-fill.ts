// What netlink tells of a port: the content of IFLA_INFO_SLAVE_DATA and of IFLA_PROTINFO, in the kernel's order.
//
// Mirrors net/bridge/br_netlink.c (br_port_fill_attrs).

import { setBe16 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import { clockFromNs } from "../../net/jiffies.ts";
import type { Timer } from "../../net/timers.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import type { BridgeId, BridgePort } from "./state.ts";
import * as st from "./state.ts";

/** Writes all attributes of a port. */
export function fillPort(writer: MessageWriter, port: BridgePort): void {
  const flag = (type: number, bit: number): void => void writer.u8(type, (port.flags & bit) !== 0 ? 1 : 0);
  writer.u8(link.IFLA_BRPORT_STATE, port.state);
  writer.u16(link.IFLA_BRPORT_PRIORITY, port.priority);
  writer.u32(link.IFLA_BRPORT_COST, port.pathCost);
  flag(link.IFLA_BRPORT_MODE, st.BR_HAIRPIN_MODE);
  flag(link.IFLA_BRPORT_GUARD, st.BR_BPDU_GUARD);
  flag(link.IFLA_BRPORT_PROTECT, st.BR_ROOT_BLOCK);
  flag(link.IFLA_BRPORT_FAST_LEAVE, st.BR_MULTICAST_FAST_LEAVE);
  flag(link.IFLA_BRPORT_MCAST_TO_UCAST, st.BR_MULTICAST_TO_UNICAST);
  flag(link.IFLA_BRPORT_LEARNING, st.BR_LEARNING);
  flag(link.IFLA_BRPORT_UNICAST_FLOOD, st.BR_FLOOD);
  flag(link.IFLA_BRPORT_MCAST_FLOOD, st.BR_MCAST_FLOOD);
  flag(link.IFLA_BRPORT_BCAST_FLOOD, st.BR_BCAST_FLOOD);
  flag(link.IFLA_BRPORT_PROXYARP, st.BR_PROXYARP);
  flag(link.IFLA_BRPORT_PROXYARP_WIFI, st.BR_PROXYARP_WIFI);
  fillBridgeId(writer, link.IFLA_BRPORT_ROOT_ID, port.designatedRoot);
  fillBridgeId(writer, link.IFLA_BRPORT_BRIDGE_ID, port.designatedBridge);
  writer.u16(link.IFLA_BRPORT_DESIGNATED_PORT, port.designatedPort);
  writer.u16(link.IFLA_BRPORT_DESIGNATED_COST, port.designatedCost);
  writer.u16(link.IFLA_BRPORT_ID, port.portId);
  writer.u16(link.IFLA_BRPORT_NO, port.portNo);
  writer.u8(link.IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, port.topologyChangeAck ? 1 : 0);
  writer.u8(link.IFLA_BRPORT_CONFIG_PENDING, port.configPending ? 1 : 0);
  flag(link.IFLA_BRPORT_VLAN_TUNNEL, st.BR_VLAN_TUNNEL);
  writer.u16(link.IFLA_BRPORT_GROUP_FWD_MASK, port.groupFwdMask);
  flag(link.IFLA_BRPORT_NEIGH_SUPPRESS, st.BR_NEIGH_SUPPRESS);
  writer.u8(link.IFLA_BRPORT_MRP_RING_OPEN, 0);
  writer.u8(link.IFLA_BRPORT_MRP_IN_OPEN, 0);
  flag(link.IFLA_BRPORT_ISOLATED, st.BR_ISOLATED);
  flag(link.IFLA_BRPORT_LOCKED, st.BR_PORT_LOCKED);
  flag(link.IFLA_BRPORT_MAB, st.BR_PORT_MAB);
  flag(link.IFLA_BRPORT_NEIGH_VLAN_SUPPRESS, st.BR_NEIGH_VLAN_SUPPRESS);
  fillTimer(writer, link.IFLA_BRPORT_MESSAGE_AGE_TIMER, port.timers.messageAge);
  fillTimer(writer, link.IFLA_BRPORT_FORWARD_DELAY_TIMER, port.timers.forwardDelay);
  fillTimer(writer, link.IFLA_BRPORT_HOLD_TIMER, port.timers.hold);
  writer.u8(link.IFLA_BRPORT_MULTICAST_ROUTER, port.multicast.router);
  writer.u32(link.IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, port.multicast.hostsLimit);
  writer.u32(link.IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, port.multicast.hosts);
  writer.u32(link.IFLA_BRPORT_MCAST_N_GROUPS, port.multicast.groups);
  writer.u32(link.IFLA_BRPORT_MCAST_MAX_GROUPS, port.multicast.maxGroups);
  if (port.backupPort !== null) writer.u32(link.IFLA_BRPORT_BACKUP_PORT, port.backupPort.dev.ifindex);
  if (port.backupNexthop !== 0) writer.u32(link.IFLA_BRPORT_BACKUP_NHID, port.backupNexthop);
}

/** Writes a bridge's id: priority in network order, then the address. */
export function fillBridgeId(writer: MessageWriter, type: number, id: BridgeId): void {
  const at = writer.attribute(type, link.IFLA_BRIDGE_ID_SIZE);
  setBe16(writer.bytes, at + link.IFLA_BRIDGE_ID_PRIO, id.priority);
  writeMac(writer.bytes, at + link.IFLA_BRIDGE_ID_ADDR, id.address);
}

/** Writes what is left of a timer, in hundredths of a second; 0 when it is not pending (br_timer_value). */
export function fillTimer(writer: MessageWriter, type: number, timer: Timer): void {
  writer.u64(type, clockFromNs(timer.remainingNs));
}
