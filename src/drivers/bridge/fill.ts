// What netlink tells of a bridge: the content of IFLA_INFO_DATA, in the kernel's order.
//
// Mirrors net/bridge/br_netlink.c (br_fill_info).

import { setBe16, setU32 } from "../../bytes/endian.ts";
import { writeMac } from "../../bytes/mac.ts";
import { clockFromJiffies, clockFromNs } from "../../net/jiffies.ts";
import type { Device } from "../../net/netdevice.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as bridge from "../../uapi/if_bridge.ts";
import * as link from "../../uapi/if_link.ts";
import type { MulticastContext } from "./multicast-state.ts";
import { fillBridgeId, fillTimer } from "./port-fill.ts";
import type { Bridge } from "./state.ts";
import { BR_BOOLOPT_MASK } from "./state.ts";

/** What IFLA_BR_MCAST_HASH_ELASTICITY says: it has no effect (RHT_ELASTICITY). */
const hashElasticity = 16;

/** Writes all attributes of a bridge. */
export function fillInfo(dev: Device<Bridge>, writer: MessageWriter): void {
  const br = dev.state;
  fillTree(writer, br);
  fillForwarding(writer, br);
  fillVlanSettings(writer, br);
  fillMulticast(writer, br);
  writer.u8(link.IFLA_BR_NF_CALL_IPTABLES, br.nfCallIptables ? 1 : 0);
  writer.u8(link.IFLA_BR_NF_CALL_IP6TABLES, br.nfCallIp6tables ? 1 : 0);
  writer.u8(link.IFLA_BR_NF_CALL_ARPTABLES, br.nfCallArptables ? 1 : 0);
}

/** Timers and times, and spanning tree's settings. */
function fillTree(writer: MessageWriter, br: Bridge): void {
  fillTimer(writer, link.IFLA_BR_HELLO_TIMER, br.timers.hello);
  fillTimer(writer, link.IFLA_BR_TCN_TIMER, br.timers.tcn);
  fillTimer(writer, link.IFLA_BR_TOPOLOGY_CHANGE_TIMER, br.timers.topologyChange);
  fillTimer(writer, link.IFLA_BR_GC_TIMER, br.timers.gc);
  writer.u32(link.IFLA_BR_FORWARD_DELAY, clockFromJiffies(br.forwardDelay));
  writer.u32(link.IFLA_BR_HELLO_TIME, clockFromJiffies(br.helloTime));
  writer.u32(link.IFLA_BR_MAX_AGE, clockFromJiffies(br.maxAge));
  writer.u32(link.IFLA_BR_AGEING_TIME, clockFromJiffies(br.ageingTime));
  writer.u32(link.IFLA_BR_STP_STATE, br.stpEnabled);
  writer.u16(link.IFLA_BR_PRIORITY, br.bridgeId.priority);
}

function fillForwarding(writer: MessageWriter, br: Bridge): void {
  writer.u8(link.IFLA_BR_VLAN_FILTERING, br.isVlanFiltering ? 1 : 0);
  writer.u16(link.IFLA_BR_GROUP_FWD_MASK, br.groupFwdMask);
  fillBridgeId(writer, link.IFLA_BR_BRIDGE_ID, br.bridgeId);
  fillBridgeId(writer, link.IFLA_BR_ROOT_ID, br.designatedRoot);
  writer.u16(link.IFLA_BR_ROOT_PORT, br.rootPort);
  writer.u32(link.IFLA_BR_ROOT_PATH_COST, br.rootPathCost);
  writer.u8(link.IFLA_BR_TOPOLOGY_CHANGE, br.topologyChange ? 1 : 0);
  writer.u8(link.IFLA_BR_TOPOLOGY_CHANGE_DETECTED, br.topologyChangeDetected ? 1 : 0);
  writeMac(writer.bytes, writer.attribute(link.IFLA_BR_GROUP_ADDR, 6), br.groupAddress);
  const at = writer.attribute(link.IFLA_BR_MULTI_BOOLOPT, 8);
  setU32(writer.bytes, at, br.options);
  setU32(writer.bytes, at + 4, BR_BOOLOPT_MASK);
  writer.u32(link.IFLA_BR_FDB_N_LEARNED, br.fdbLearned);
  writer.u32(link.IFLA_BR_FDB_MAX_LEARNED, br.fdbMaxLearned);
}

function fillVlanSettings(writer: MessageWriter, br: Bridge): void {
  setBe16(writer.bytes, writer.attribute(link.IFLA_BR_VLAN_PROTOCOL, 2), br.vlanProtocol);
  writer.u16(link.IFLA_BR_VLAN_DEFAULT_PVID, br.defaultPvid);
  writer.u8(link.IFLA_BR_VLAN_STATS_ENABLED, br.hasVlanStats ? 1 : 0);
  writer.u8(link.IFLA_BR_VLAN_STATS_PER_PORT, br.hasVlanStatsPerPort ? 1 : 0);
}

function fillMulticast(writer: MessageWriter, br: Bridge): void {
  const { multicast } = br;
  const mc = multicast.own;
  const bit = (type: number, value: boolean): void => void writer.u8(type, value ? 1 : 0);
  const interval = (type: number, jiffies: number): void => void writer.u64(type, clockFromJiffies(jiffies));
  writer.u8(link.IFLA_BR_MCAST_ROUTER, mc.router);
  bit(link.IFLA_BR_MCAST_SNOOPING, multicast.isSnooping);
  bit(link.IFLA_BR_MCAST_QUERY_USE_IFADDR, multicast.usesIfaddr);
  bit(link.IFLA_BR_MCAST_QUERIER, mc.isQuerier);
  bit(link.IFLA_BR_MCAST_STATS_ENABLED, multicast.hasStats);
  writer.u32(link.IFLA_BR_MCAST_HASH_ELASTICITY, hashElasticity);
  writer.u32(link.IFLA_BR_MCAST_HASH_MAX, multicast.hashMax);
  writer.u32(link.IFLA_BR_MCAST_LAST_MEMBER_CNT, mc.lastMemberCount);
  writer.u32(link.IFLA_BR_MCAST_STARTUP_QUERY_CNT, mc.startupQueryCount);
  writer.u8(link.IFLA_BR_MCAST_IGMP_VERSION, mc.igmpVersion);
  writer.u8(link.IFLA_BR_MCAST_MLD_VERSION, mc.mldVersion);
  interval(link.IFLA_BR_MCAST_LAST_MEMBER_INTVL, mc.lastMemberInterval);
  interval(link.IFLA_BR_MCAST_MEMBERSHIP_INTVL, mc.membershipInterval);
  interval(link.IFLA_BR_MCAST_QUERIER_INTVL, mc.querierInterval);
  interval(link.IFLA_BR_MCAST_QUERY_INTVL, mc.queryInterval);
  interval(link.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, mc.queryResponseInterval);
  interval(link.IFLA_BR_MCAST_STARTUP_QUERY_INTVL, mc.startupQueryInterval);
  fillQuerierState(writer, br, mc, link.IFLA_BR_MCAST_QUERIER_STATE);
}

/** Writes who asks in each family in which somebody does as attribute `type` (br_multicast_dump_querier_state). */
export function fillQuerierState(
  writer: MessageWriter,
  { dev, multicast }: Bridge,
  { ip4, ip6, isQuerier }: MulticastContext,
  type: number,
): void {
  const families = [
    [
      ip4,
      bridge.BRIDGE_QUERIER_IP_ADDRESS,
      bridge.BRIDGE_QUERIER_IP_OTHER_TIMER,
      bridge.BRIDGE_QUERIER_IP_PORT,
    ],
    [
      ip6,
      bridge.BRIDGE_QUERIER_IPV6_ADDRESS,
      bridge.BRIDGE_QUERIER_IPV6_OTHER_TIMER,
      bridge.BRIDGE_QUERIER_IPV6_PORT,
    ],
  ] as const;
  if (!multicast.isSnooping || !families.some(([{ other }]) => isQuerier || other.isPending)) return;
  const nest = writer.nest(type);
  for (const [{ other, querier, querierPort }, address, otherTimer, port] of families) {
    if (!isQuerier && !other.isPending) continue;
    writer.binary(address, querier);
    if (!other.isPending) continue;
    writer.u64(otherTimer, BigInt(clockFromNs(other.remainingNs)));
    if (querierPort !== 0 && dev.netns.devices.has(querierPort)) writer.u32(port, querierPort);
  }
  writer.endNest(nest);
}
