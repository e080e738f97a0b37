// What IFLA_INFO_DATA of a bond and of its slave may hold.
//
// Mirrors drivers/net/bonding/bond_netlink.c (bond_policy, bond_slave_policy).

import type { Parsed } from "../../netlink/policy.ts";
import { exact, nest, policy, s32, u8, u16, u32 } from "../../netlink/policy.ts";
import { ETH_ALEN } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";

/** The longest delay between notifications of peers, in milliseconds. */
const maxPeerNotifDelay = 300_000;

export const bondPolicy = policy(link.IFLA_BOND_MAX, {
  [link.IFLA_BOND_MODE]: u8("mode"),
  [link.IFLA_BOND_ACTIVE_SLAVE]: u32("activeSlave"),
  [link.IFLA_BOND_MIIMON]: u32("miimon"),
  [link.IFLA_BOND_UPDELAY]: u32("upDelay"),
  [link.IFLA_BOND_DOWNDELAY]: u32("downDelay"),
  [link.IFLA_BOND_PEER_NOTIF_DELAY]: u32("peerNotifDelay", { range: [0, maxPeerNotifDelay] }),
  [link.IFLA_BOND_USE_CARRIER]: u8("useCarrier"),
  [link.IFLA_BOND_ARP_INTERVAL]: u32("arpInterval"),
  [link.IFLA_BOND_ARP_IP_TARGET]: nest("arpTargets"),
  [link.IFLA_BOND_NS_IP6_TARGET]: nest("nsTargets"),
  [link.IFLA_BOND_ARP_VALIDATE]: u32("arpValidate"),
  [link.IFLA_BOND_ARP_ALL_TARGETS]: u32("arpAllTargets"),
  [link.IFLA_BOND_PRIMARY]: u32("primary"),
  [link.IFLA_BOND_PRIMARY_RESELECT]: u8("primaryReselect"),
  [link.IFLA_BOND_FAIL_OVER_MAC]: u8("failOverMac"),
  [link.IFLA_BOND_XMIT_HASH_POLICY]: u8("hashPolicy"),
  [link.IFLA_BOND_RESEND_IGMP]: u32("resendIgmp"),
  [link.IFLA_BOND_NUM_PEER_NOTIF]: u8("peerNotifications"),
  [link.IFLA_BOND_ALL_SLAVES_ACTIVE]: u8("allSlavesActive"),
  [link.IFLA_BOND_MIN_LINKS]: u32("minLinks"),
  [link.IFLA_BOND_LP_INTERVAL]: u32("lpInterval"),
  [link.IFLA_BOND_PACKETS_PER_SLAVE]: u32("packetsPerSlave"),
  [link.IFLA_BOND_AD_LACP_ACTIVE]: u8("lacpActive"),
  [link.IFLA_BOND_AD_LACP_RATE]: u8("lacpRate"),
  [link.IFLA_BOND_AD_SELECT]: u8("adSelect"),
  [link.IFLA_BOND_AD_INFO]: nest("adInfo"),
  [link.IFLA_BOND_AD_ACTOR_SYS_PRIO]: u16("actorPriority"),
  [link.IFLA_BOND_AD_USER_PORT_KEY]: u16("userPortKey"),
  [link.IFLA_BOND_AD_ACTOR_SYSTEM]: exact("actorSystem", ETH_ALEN),
  [link.IFLA_BOND_TLB_DYNAMIC_LB]: u8("tlbDynamic"),
  [link.IFLA_BOND_MISSED_MAX]: u8("missedMax"),
  [link.IFLA_BOND_COUPLED_CONTROL]: u8("coupledControl"),
  [link.IFLA_BOND_BROADCAST_NEIGH]: u8("broadcastNeigh"),
});

export type BondData = Parsed<typeof bondPolicy>;

export const slavePolicy = policy(link.IFLA_BOND_SLAVE_MAX, {
  [link.IFLA_BOND_SLAVE_QUEUE_ID]: u16("queueId"),
  [link.IFLA_BOND_SLAVE_PRIO]: s32("priority"),
  [link.IFLA_BOND_SLAVE_ACTOR_PORT_PRIO]: u16("actorPortPriority"),
});

export type SlaveData = Parsed<typeof slavePolicy>;
