// What netlink is told of a bond and of its slaves.
//
// Mirrors drivers/net/bonding/bond_netlink.c (bond_fill_info, bond_fill_slave_info), in its order.

import { setBe32 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import type { Device } from "../../net/netdevice.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { ETH_ALEN } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { activeAggregator } from "./lacp/select.ts";
import { primaryOf } from "./select.ts";
import type { Bond } from "./state.ts";

/** All options. */
export function fillInfo(dev: Bond, writer: MessageWriter): void {
  const { params, active } = dev.state;
  const primary = primaryOf(dev);
  writer.u8(link.IFLA_BOND_MODE, params.mode);
  if (active !== null) writer.u32(link.IFLA_BOND_ACTIVE_SLAVE, active.dev.ifindex);
  writer.u32(link.IFLA_BOND_MIIMON, params.miimon);
  writer.u32(link.IFLA_BOND_UPDELAY, params.upDelay * params.miimon);
  writer.u32(link.IFLA_BOND_DOWNDELAY, params.downDelay * params.miimon);
  writer.u32(link.IFLA_BOND_PEER_NOTIF_DELAY, params.peerNotifDelay * params.miimon);
  writer.u8(link.IFLA_BOND_USE_CARRIER, 1);
  writer.u32(link.IFLA_BOND_ARP_INTERVAL, params.arpInterval);
  writeTargets(writer, dev.state.arpTargets);
  writer.u32(link.IFLA_BOND_ARP_VALIDATE, params.arpValidate);
  writer.u32(link.IFLA_BOND_ARP_ALL_TARGETS, params.arpAllTargets);
  writeNsTargets(writer, dev.state.nsTargets);
  if (primary !== undefined) writer.u32(link.IFLA_BOND_PRIMARY, primary.dev.ifindex);
  writer.u8(link.IFLA_BOND_PRIMARY_RESELECT, params.primaryReselect);
  writer.u8(link.IFLA_BOND_FAIL_OVER_MAC, params.failOverMac);
  writer.u8(link.IFLA_BOND_XMIT_HASH_POLICY, params.hashPolicy);
  writer.u32(link.IFLA_BOND_RESEND_IGMP, params.resendIgmp);
  writer.u8(link.IFLA_BOND_NUM_PEER_NOTIF, params.peerNotifications);
  writer.u8(link.IFLA_BOND_ALL_SLAVES_ACTIVE, params.allSlavesActive);
  writer.u32(link.IFLA_BOND_MIN_LINKS, params.minLinks);
  writer.u32(link.IFLA_BOND_LP_INTERVAL, params.lpInterval);
  writer.u32(link.IFLA_BOND_PACKETS_PER_SLAVE, params.packetsPerSlave);
  writer.u8(link.IFLA_BOND_AD_LACP_ACTIVE, params.lacpActive);
  writer.u8(link.IFLA_BOND_AD_LACP_RATE, params.lacpRate);
  writer.u8(link.IFLA_BOND_AD_SELECT, params.adSelect);
  writer.u8(link.IFLA_BOND_TLB_DYNAMIC_LB, params.tlbDynamic);
  writer.u8(link.IFLA_BOND_MISSED_MAX, params.missedMax);
  writer.u8(link.IFLA_BOND_COUPLED_CONTROL, params.coupledControl);
  writer.u8(link.IFLA_BOND_BROADCAST_NEIGH, params.broadcastNeigh);
  if (dev.state.isLacp) fillLacp(dev, writer);
}

/** Each by its number. */
function writeTargets(writer: MessageWriter, targets: readonly number[]): void {
  if (targets.length === 0) return;
  const nest = writer.nest(link.IFLA_BOND_ARP_IP_TARGET);
  for (const [index, target] of targets.entries()) setBe32(writer.bytes, writer.attribute(index, 4), target);
  writer.endNest(nest);
}

function writeNsTargets(writer: MessageWriter, targets: readonly Uint8Array[]): void {
  if (targets.length === 0) return;
  const nest = writer.nestFlagged(link.IFLA_BOND_NS_IP6_TARGET);
  for (const [index, target] of targets.entries()) writer.binary(index, target);
  writer.endNest(nest);
}

function fillLacp(dev: Bond, writer: MessageWriter): void {
  const { params } = dev.state;
  writer.u16(link.IFLA_BOND_AD_ACTOR_SYS_PRIO, params.actorPriority);
  writer.u16(link.IFLA_BOND_AD_USER_PORT_KEY, params.userPortKey);
  writeAddress(writer, link.IFLA_BOND_AD_ACTOR_SYSTEM, params.actorSystem);
  const active = activeAggregator(dev);
  if (active === null) return;
  const info = writer.nest(link.IFLA_BOND_AD_INFO);
  writer.u16(link.IFLA_BOND_AD_INFO_AGGREGATOR, active.id);
  writer.u16(link.IFLA_BOND_AD_INFO_NUM_PORTS, active.activePorts);
  writer.u16(link.IFLA_BOND_AD_INFO_ACTOR_KEY, active.actorKey);
  writer.u16(link.IFLA_BOND_AD_INFO_PARTNER_KEY, active.partnerKey);
  writeAddress(writer, link.IFLA_BOND_AD_INFO_PARTNER_MAC, active.partnerSystem);
  writer.endNest(info);
}

/** What is said of a slave. */
export function fillSlaveInfo(dev: Bond, port: Device, writer: MessageWriter): void {
  const slave = dev.state.slaveOf(port);
  if (slave === undefined) return;
  writer.u8(link.IFLA_BOND_SLAVE_STATE, slave.isBackup ? 1 : 0);
  writer.u8(link.IFLA_BOND_SLAVE_MII_STATUS, slave.link);
  writer.u32(link.IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, slave.failures);
  writeAddress(writer, link.IFLA_BOND_SLAVE_PERM_HWADDR, slave.permanentAddress);
  writer.u16(link.IFLA_BOND_SLAVE_QUEUE_ID, slave.queueId);
  writer.s32(link.IFLA_BOND_SLAVE_PRIO, slave.priority);
  const { lacp } = slave;
  if (lacp === null) return;
  if (lacp.aggregator !== null) {
    writer.u16(link.IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, lacp.aggregator.id);
    writer.u8(link.IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE, lacp.actor.state);
    writer.u16(link.IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, lacp.partner.state);
    writer.u8(link.IFLA_BOND_SLAVE_AD_CHURN_ACTOR_STATE, lacp.actorChurn);
    writer.u8(link.IFLA_BOND_SLAVE_AD_CHURN_PARTNER_STATE, lacp.partnerChurn);
  }
  writer.u16(link.IFLA_BOND_SLAVE_ACTOR_PORT_PRIO, slave.actorPortPriority);
}

function writeAddress(writer: MessageWriter, type: number, address: number): void {
  writeMac(writer.bytes, writer.attribute(type, ETH_ALEN), address);
}
