// What IFLA_INFO_DATA of a bridge may hold, and how it is applied: in the kernel's order, each setting by its setter; what
// was set before a refusal stays.
//
// Mirrors net/bridge/br_netlink.c (br_policy, br_validate, br_changelink) and net/bridge/br.c (br_boolopt_multi_toggle).

import { getU32 } from "../../bytes/endian.ts";
import { isValidEtherAddr, readMac } from "../../bytes/mac.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import type { Device } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { be16, binary, exact, policy, reject, u8, u16, u32, u64 } from "../../netlink/policy.ts";
import { ETH_ALEN, ETH_P_8021AD, ETH_P_8021Q } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { flushFdb } from "./fdb.ts";
import { FDB_STATIC } from "./fdb-table.ts";
import { setMst } from "./mst.ts";
import { changeMulticast } from "./multicast-options.ts";
import { setVlanSnooping } from "./multicast-vlan.ts";
import type { Bridge } from "./state.ts";
import * as st from "./state.ts";
import {
  setAgeingTime,
  setBridgePriority,
  setForwardDelay,
  setHelloTime,
  setMaxAge,
  setStpEnabled,
} from "./stp-port.ts";
import {
  recalculateFwdMask,
  setDefaultPvid,
  setVlanFiltering,
  setVlanProtocol,
  setVlanStats,
  setVlanStatsPerPort,
} from "./vlan-change.ts";

/** Reserved groups that are never forwarded: the bridges' own, PAUSE and LACP (BR_GROUPFWD_RESTRICTED). */
const restrictedGroups = 0x7;
/** The last VLAN identifier, which is reserved. */
const reservedVid = 0xfff;

/** br_policy */
export const bridgePolicy = policy(
  link.IFLA_BR_MAX,
  {
    [link.IFLA_BR_FORWARD_DELAY]: u32("forwardDelay"),
    [link.IFLA_BR_HELLO_TIME]: u32("helloTime"),
    [link.IFLA_BR_MAX_AGE]: u32("maxAge"),
    [link.IFLA_BR_AGEING_TIME]: u32("ageingTime"),
    [link.IFLA_BR_STP_STATE]: u32("stpState"),
    [link.IFLA_BR_PRIORITY]: u16("priority"),
    [link.IFLA_BR_VLAN_FILTERING]: u8("vlanFiltering"),
    [link.IFLA_BR_VLAN_PROTOCOL]: be16("vlanProtocol"),
    [link.IFLA_BR_GROUP_FWD_MASK]: u16("groupFwdMask"),
    [link.IFLA_BR_GROUP_ADDR]: binary("groupAddr", ETH_ALEN),
    [link.IFLA_BR_FDB_FLUSH]: binary("fdbFlush"),
    [link.IFLA_BR_MCAST_ROUTER]: u8("mcastRouter"),
    [link.IFLA_BR_MCAST_SNOOPING]: u8("mcastSnooping"),
    [link.IFLA_BR_MCAST_QUERY_USE_IFADDR]: u8("mcastQueryUseIfaddr"),
    [link.IFLA_BR_MCAST_QUERIER]: u8("mcastQuerier"),
    [link.IFLA_BR_MCAST_HASH_ELASTICITY]: u32("mcastHashElasticity"),
    [link.IFLA_BR_MCAST_HASH_MAX]: u32("mcastHashMax"),
    [link.IFLA_BR_MCAST_LAST_MEMBER_CNT]: u32("mcastLastMemberCnt"),
    [link.IFLA_BR_MCAST_STARTUP_QUERY_CNT]: u32("mcastStartupQueryCnt"),
    [link.IFLA_BR_MCAST_LAST_MEMBER_INTVL]: u64("mcastLastMemberIntvl"),
    [link.IFLA_BR_MCAST_MEMBERSHIP_INTVL]: u64("mcastMembershipIntvl"),
    [link.IFLA_BR_MCAST_QUERIER_INTVL]: u64("mcastQuerierIntvl"),
    [link.IFLA_BR_MCAST_QUERY_INTVL]: u64("mcastQueryIntvl"),
    [link.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL]: u64("mcastQueryResponseIntvl"),
    [link.IFLA_BR_MCAST_STARTUP_QUERY_INTVL]: u64("mcastStartupQueryIntvl"),
    [link.IFLA_BR_NF_CALL_IPTABLES]: u8("nfCallIptables"),
    [link.IFLA_BR_NF_CALL_IP6TABLES]: u8("nfCallIp6tables"),
    [link.IFLA_BR_NF_CALL_ARPTABLES]: u8("nfCallArptables"),
    [link.IFLA_BR_VLAN_DEFAULT_PVID]: u16("vlanDefaultPvid"),
    [link.IFLA_BR_VLAN_STATS_ENABLED]: u8("vlanStatsEnabled"),
    [link.IFLA_BR_MCAST_STATS_ENABLED]: u8("mcastStatsEnabled"),
    [link.IFLA_BR_MCAST_IGMP_VERSION]: u8("mcastIgmpVersion"),
    [link.IFLA_BR_MCAST_MLD_VERSION]: u8("mcastMldVersion"),
    [link.IFLA_BR_VLAN_STATS_PER_PORT]: u8("vlanStatsPerPort"),
    [link.IFLA_BR_MULTI_BOOLOPT]: exact("multiBoolopt", 8),
    [link.IFLA_BR_FDB_N_LEARNED]: reject("fdbNLearned"),
    [link.IFLA_BR_FDB_MAX_LEARNED]: u32("fdbMaxLearned"),
  },
  link.IFLA_BR_FDB_N_LEARNED,
);

/** IFLA_INFO_DATA of a bridge, decoded. */
export type BridgeAttributes = Parsed<typeof bridgePolicy>;

/** Checks a request before anything is made or changed (br_validate). */
export function validate(attrs: LinkAttributes, data: BridgeAttributes | undefined): void {
  if (attrs.address !== undefined) {
    if (attrs.address.length !== ETH_ALEN) throw new NetlinkError("EINVAL");
    if (!isValidEtherAddr(readMac(attrs.address, 0))) throw new NetlinkError("EADDRNOTAVAIL");
  }
  const { vlanProtocol, vlanDefaultPvid } = data ?? {};
  if (vlanProtocol !== undefined && vlanProtocol !== ETH_P_8021Q && vlanProtocol !== ETH_P_8021AD) {
    throw new NetlinkError("EPROTONOSUPPORT");
  }
  if (vlanDefaultPvid !== undefined && vlanDefaultPvid >= reservedVid) throw new NetlinkError("EINVAL");
}

/** Applies IFLA_INFO_DATA (br_changelink). */
export function changeLink(
  dev: Device<Bridge>,
  _attrs: LinkAttributes,
  data: BridgeAttributes | undefined,
): void {
  if (data === undefined) return;
  const br = dev.state;
  changeTree(br, data);
  changeVlans(br, data);
  changeGroups(br, data);
  if (data.fdbFlush !== undefined) flushFdb(br, { flags: 0, mask: FDB_STATIC, ifindex: 0, vid: 0 });
  changeMulticast(br, data);
  if (data.nfCallIptables !== undefined) br.nfCallIptables = data.nfCallIptables !== 0;
  if (data.nfCallIp6tables !== undefined) br.nfCallIp6tables = data.nfCallIp6tables !== 0;
  if (data.nfCallArptables !== undefined) br.nfCallArptables = data.nfCallArptables !== 0;
  if (data.multiBoolopt !== undefined) changeOptions(br, data.multiBoolopt);
  if (data.fdbMaxLearned !== undefined) br.fdbMaxLearned = data.fdbMaxLearned;
}

function changeTree(br: Bridge, data: BridgeAttributes): void {
  if (data.forwardDelay !== undefined) setForwardDelay(br, data.forwardDelay);
  if (data.helloTime !== undefined) setHelloTime(br, data.helloTime);
  if (data.maxAge !== undefined) setMaxAge(br, data.maxAge);
  if (data.ageingTime !== undefined) setAgeingTime(br, data.ageingTime);
  if (data.stpState !== undefined) setStpEnabled(br, data.stpState !== 0);
  if (data.priority !== undefined) setBridgePriority(br, data.priority);
}

function changeVlans(br: Bridge, data: BridgeAttributes): void {
  if (data.vlanFiltering !== undefined) setVlanFiltering(br, data.vlanFiltering !== 0);
  if (data.vlanProtocol !== undefined) setVlanProtocol(br, data.vlanProtocol);
  if (data.vlanDefaultPvid !== undefined) setDefaultPvid(br, data.vlanDefaultPvid);
  if (data.vlanStatsEnabled !== undefined) setVlanStats(br, data.vlanStatsEnabled);
  if (data.vlanStatsPerPort !== undefined) setVlanStatsPerPort(br, data.vlanStatsPerPort);
}

function changeGroups(br: Bridge, { groupFwdMask, groupAddr }: BridgeAttributes): void {
  if (groupFwdMask !== undefined) {
    if ((groupFwdMask & restrictedGroups) !== 0) throw new NetlinkError("EINVAL");
    br.groupFwdMask = groupFwdMask;
  }
  if (groupAddr === undefined) return;
  const address = groupAddr.length === ETH_ALEN ? readMac(groupAddr, 0) : 0;
  const last = address & 0xf;
  // One of 01:80:c2:00:00:00 to 0f, but not PAUSE, LACP or 802.1X.
  if (Math.floor(address / 16) !== 0x0180c200000 || (last >= 1 && last <= 3))
    throw new NetlinkError("EINVAL");
  br.groupAddress = address;
  br.isGroupAddressSet = true;
  recalculateFwdMask(br);
}

/** Switches options on and off by a mask (br_boolopt_multi_toggle). */
function changeOptions(br: Bridge, bytes: Uint8Array): void {
  const values = getU32(bytes, 0);
  const mask = getU32(bytes, 4) & st.BR_BOOLOPT_MASK;
  for (let bit = 1; bit <= st.BR_BOOLOPT_MASK; bit <<= 1) {
    if ((mask & bit) === 0) continue;
    const isOn = (values & bit) !== 0;
    if (bit === st.BR_BOOLOPT_MCAST_VLAN_SNOOPING) setVlanSnooping(br, isOn);
    else if (bit === st.BR_BOOLOPT_MST_ENABLE) setMst(br, isOn);
    else br.options = isOn ? br.options | bit : br.options & ~bit;
  }
}
