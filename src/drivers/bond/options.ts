// The options of a bond over netlink: what may be set when, what is shown.
//
// Mirrors drivers/net/bonding/bond_netlink.c (bond_changelink, bond_fill_info) and bond_options.c. Not supported, with an
// error that says so: the modes 802.3ad, balance-tlb and balance-alb with all that belongs to them, ARP monitoring, and
// fail_over_mac "follow".

import { writeMac } from "../../bytes/mac.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import type { Device } from "../../net/netdevice.ts";
import { NetlinkError, notSupported } from "../../netlink/error.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { exact, nest, policy, u8, u16, u32 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as bonding from "../../uapi/if_bonding.ts";
import { ETH_ALEN } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { changeActive, selectActive, watch } from "./select.ts";
import type { Bond, BondParams, Slave } from "./state.ts";

export const bondPolicy = policy(link.IFLA_BOND_MAX, {
  [link.IFLA_BOND_MODE]: u8("mode"),
  [link.IFLA_BOND_ACTIVE_SLAVE]: u32("activeSlave"),
  [link.IFLA_BOND_MIIMON]: u32("miimon"),
  [link.IFLA_BOND_UPDELAY]: u32("upDelay"),
  [link.IFLA_BOND_DOWNDELAY]: u32("downDelay"),
  [link.IFLA_BOND_PEER_NOTIF_DELAY]: u32("peerNotifDelay"),
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
  [link.IFLA_BOND_AD_ACTOR_SYS_PRIO]: u16("actorPriority"),
  [link.IFLA_BOND_AD_USER_PORT_KEY]: u16("userPortKey"),
  [link.IFLA_BOND_AD_ACTOR_SYSTEM]: exact("actorSystem", ETH_ALEN),
  [link.IFLA_BOND_TLB_DYNAMIC_LB]: u8("tlbDynamic"),
});

/** Options of the modes there are none of here: EACCES in all others, as on Linux. */
const elsewhere = [
  "lacpActive",
  "lacpRate",
  "actorPriority",
  "userPortKey",
  "actorSystem",
  "tlbDynamic",
] as const;

type BondData = Parsed<typeof bondPolicy>;
type NumberName = {
  [Name in keyof BondParams]: BondParams[Name] extends number ? Name : never;
}[keyof BondParams];

/** Options that only have to be in a range. */
const ranges: readonly (readonly [name: NumberName & keyof BondData, min: number, max: number])[] = [
  ["primaryReselect", 0, 2],
  ["hashPolicy", 0, bonding.BOND_XMIT_POLICY_VLAN_SRCMAC],
  ["resendIgmp", 0, 255],
  ["peerNotifications", 0, 255],
  ["allSlavesActive", 0, 1],
  ["minLinks", 0, 0x7fff_ffff],
  ["lpInterval", 1, 0x7fff_ffff],
];
const delays = ["upDelay", "downDelay", "peerNotifDelay"] as const;
/** What ARP monitoring has when it is off, as it always is. */
const defaultMissedMax = 2;

/** Sets what a request names, in the kernel's order; what came before a refusal stays (bond_changelink). */
export function changeLink(dev: Bond, _attrs: LinkAttributes, data: BondData | undefined): void {
  if (data === undefined) return;
  const { params } = dev.state;
  if (data.mode !== undefined) setMode(dev, data.mode);
  if (data.activeSlave !== undefined) setActive(dev, data.activeSlave);
  if (data.miimon !== undefined) setMiimon(dev, data.miimon);
  for (const name of delays) if (data[name] !== undefined) params[name] = looks(params, data[name]);
  // Whether a link is up is always read from its carrier.
  if (data.useCarrier !== undefined && data.useCarrier !== 1) throw new NetlinkError("EINVAL");
  refuseArp(data);
  if (data.primary !== undefined) setPrimary(dev, data.primary);
  if (data.failOverMac !== undefined) setFailOverMac(dev, data.failOverMac);
  for (const [name, min, max] of ranges) {
    const value = data[name];
    if (value === undefined) continue;
    if (value < min || value > max) throw new NetlinkError("EINVAL");
    params[name] = value;
  }
  if (data.packetsPerSlave !== undefined) {
    if (params.mode !== bonding.BOND_MODE_ROUNDROBIN) throw new NetlinkError("EACCES");
    if (data.packetsPerSlave > 0xffff) throw new NetlinkError("EINVAL");
    params.packetsPerSlave = data.packetsPerSlave;
  }
  if (elsewhere.some((name) => data[name] !== undefined)) throw new NetlinkError("EACCES");
  if (data.primary !== undefined || data.primaryReselect !== undefined) selectActive(dev);
}

/** ENOTEMPTY with slaves, EBUSY while up (BOND_OPTFLAG_NOSLAVES, BOND_OPTFLAG_IFDOWN). */
function setMode(dev: Bond, mode: number): void {
  if (mode > bonding.BOND_MODE_ALB) throw new NetlinkError("EINVAL");
  if (dev.state.slaves.length > 0) throw new NetlinkError("ENOTEMPTY");
  if ((dev.flags & IFF_UP) !== 0) throw new NetlinkError("EBUSY");
  if (mode > bonding.BOND_MODE_BROADCAST) {
    throw notSupported("uveth has no bonds of the modes 802.3ad, balance-tlb and balance-alb");
  }
  dev.state.params.mode = mode;
}

function setActive(dev: Bond, ifindex: number): void {
  const { state } = dev;
  if (!state.hasActive) throw new NetlinkError("EACCES");
  if (ifindex === 0) {
    changeActive(dev, null);
    selectActive(dev);
    return;
  }
  const port = dev.netns.devices.get(ifindex);
  if (port === undefined) throw new NetlinkError("ENODEV");
  const slave = state.slaveOf(port);
  if (slave === undefined) throw new NetlinkError("EINVAL");
  if (slave === state.active) return;
  if (state.active !== null && !(slave.link === bonding.BOND_LINK_UP && slave.isUp)) {
    throw new NetlinkError("EINVAL");
  }
  changeActive(dev, slave);
}

/** The delays stay numbers of looks; without looks there are none. */
function setMiimon(dev: Bond, miimon: number): void {
  if (miimon > 0x7fff_ffff) throw new NetlinkError("EINVAL");
  dev.state.monitor?.stop();
  dev.state.params.miimon = miimon;
  watch(dev);
}

/** EPERM without miimon; rounded down to a multiple of it. */
function looks({ miimon }: BondParams, delay: number): number {
  if (delay > 0x7fff_ffff) throw new NetlinkError("EINVAL");
  if (miimon === 0) throw new NetlinkError("EPERM");
  return Math.floor(delay / miimon);
}

function refuseArp(data: BondData): void {
  const isWanted =
    (data.arpInterval ?? 0) !== 0 ||
    (data.arpValidate ?? 0) !== 0 ||
    (data.arpAllTargets ?? 0) !== 0 ||
    [data.arpTargets, data.nsTargets].some((targets) => [...(targets?.children() ?? [])].length > 0);
  if (isWanted) throw notSupported("uveth's bonds watch carriers (miimon), not answers to ARP");
}

function setPrimary(dev: Bond, ifindex: number): void {
  const { state } = dev;
  if (!state.hasActive) throw new NetlinkError("EACCES");
  const port = dev.netns.devices.get(ifindex);
  state.params.primary = port?.name ?? "";
  state.forcesPrimary = port !== undefined && state.slaveOf(port) !== undefined;
}

function setFailOverMac(dev: Bond, value: number): void {
  if (value > 2) throw new NetlinkError("EINVAL");
  if (dev.state.slaves.length > 0) throw new NetlinkError("ENOTEMPTY");
  if (value === 2) throw notSupported('uveth has no fail_over_mac "follow"');
  dev.state.params.failOverMac = value;
}

/** All options, in the kernel's order (bond_fill_info). */
export function fillInfo(dev: Bond, writer: MessageWriter): void {
  const { params, active, slaves } = dev.state;
  const primary = slaves.find((slave) => slave.dev.name === params.primary);
  writer.u8(link.IFLA_BOND_MODE, params.mode);
  if (active !== null) writer.u32(link.IFLA_BOND_ACTIVE_SLAVE, active.dev.ifindex);
  writer.u32(link.IFLA_BOND_MIIMON, params.miimon);
  writer.u32(link.IFLA_BOND_UPDELAY, params.upDelay * params.miimon);
  writer.u32(link.IFLA_BOND_DOWNDELAY, params.downDelay * params.miimon);
  writer.u32(link.IFLA_BOND_PEER_NOTIF_DELAY, params.peerNotifDelay * params.miimon);
  writer.u8(link.IFLA_BOND_USE_CARRIER, 1);
  writer.u32(link.IFLA_BOND_ARP_INTERVAL, 0);
  writer.u32(link.IFLA_BOND_ARP_VALIDATE, 0);
  writer.u32(link.IFLA_BOND_ARP_ALL_TARGETS, 0);
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
  writer.u8(link.IFLA_BOND_AD_LACP_ACTIVE, 1);
  writer.u8(link.IFLA_BOND_AD_LACP_RATE, 0);
  writer.u8(link.IFLA_BOND_AD_SELECT, 0);
  writer.u8(link.IFLA_BOND_TLB_DYNAMIC_LB, 1);
  writer.u8(link.IFLA_BOND_MISSED_MAX, defaultMissedMax);
}

/** What is said of a slave (bond_fill_slave_info). */
export function fillSlaveInfo(dev: Bond, port: Device, writer: MessageWriter): void {
  const slave: Slave | undefined = dev.state.slaveOf(port);
  if (slave === undefined) return;
  writer.u8(link.IFLA_BOND_SLAVE_STATE, slave.isBackup ? 1 : 0);
  writer.u8(link.IFLA_BOND_SLAVE_MII_STATUS, slave.link);
  writer.u32(link.IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, slave.failures);
  writeMac(
    writer.bytes,
    writer.attribute(link.IFLA_BOND_SLAVE_PERM_HWADDR, ETH_ALEN),
    slave.permanentAddress,
  );
  writer.u16(link.IFLA_BOND_SLAVE_QUEUE_ID, 0);
  writer.s32(link.IFLA_BOND_SLAVE_PRIO, 0);
}
