// vrf: a device that gives its ports a routing table of their own. Packets that come in by a port, and those that are sent
// by the device or a port, are routed there; packets of the host to itself within the table pass through the device.
//
// Mirrors drivers/net/vrf.c (v6.18). Which sockets hear of its packets: inet/l3mdev.ts. Omitted: packets written to the device
// itself for other hosts; its strict mode and the sysctl for it; what comes in by its ports is not shown on it.

import { tableFor } from "../inet/ipv4/fib-change.ts";
import { syncDown } from "../inet/ipv4/fib-sync.ts";
import { interfaceDown } from "../inet/ipv6/events.ts";
import { table6For } from "../inet/ipv6/fib-change.ts";
import { addRule } from "../inet/rules/change.ts";
import type { RuleList } from "../inet/rules/rule.ts";
import { anyPacket } from "../inet/rules/rule.ts";
import { ipNetns } from "../inet/slots.ts";
import { TX_DROPPED } from "../net/counters.ts";
import { count, countRx, countTx } from "../net/device.ts";
import {
  etherRandomAddress,
  etherSetMacAddress,
  etherSetup,
  ethTypeTrans,
  validateEtherAddress,
} from "../net/ethernet.ts";
import * as features from "../net/features.ts";
import { devChangeFlags, devGetFlags } from "../net/flags.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceEvent, DeviceOps, Frame, LinkOps, NewLink } from "../net/netdevice.ts";
import { netifRx } from "../net/receive.ts";
import { queueUnregister, registerDevice } from "../net/register.ts";
import { linkUpper, unlinkUpper } from "../net/upper.ts";
import { invalid, NetlinkError, notSupported, refused } from "../netlink/error.ts";
import { policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IF_OPER_UP, IFF_MASTER, IFF_NOARP, IFF_UP } from "../uapi/if.ts";
import { IFLA_VRF_MAX, IFLA_VRF_PORT_TABLE, IFLA_VRF_TABLE } from "../uapi/if_link.ts";
import { PACKET_HOST } from "../uapi/if_packet.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import { RT_TABLE_UNSPEC, RTPROT_KERNEL } from "../uapi/rtnetlink.ts";

const vrfPolicy = policy(IFLA_VRF_MAX, { [IFLA_VRF_TABLE]: u32("table") });

const deviceOps: DeviceOps<null> = {
  init,
  startXmit,
  setMacAddress: etherSetMacAddress,
  addSlave,
  delSlave,
  ethtool: { driverInfo: () => ({ driver: "vrf", version: "1.0" }) },
};

export const vrf: LinkOps<null, typeof vrfPolicy> = {
  kind: "vrf",
  policy: vrfPolicy,
  device: deviceOps,
  createState: () => null,
  setup,
  validate,
  newLink,
  delLink,
  fillInfo: (dev, writer) => writer.u32(IFLA_VRF_TABLE, dev.l3mdevTable),
  fillSlaveInfo,
  deviceEvent,
};

/** The smallest MTU of IPv6, and its largest packet with its header. */
const minMtu = 1_280;
const maxMtu = 65_535 + 40;
/** Where the rule for all such tables stands (FIB_RULE_PREF). */
const rulePriority = 1_000;

function setup(dev: Device<null>): void {
  etherSetup(dev);
  etherRandomAddress(dev);
  dev.isNetnsImmutable = true;
  dev.features |=
    features.NETIF_F_VLAN_CHALLENGED |
    features.NETIF_F_GSO_SOFTWARE |
    features.NETIF_F_RXCSUM |
    features.NETIF_F_HW_CSUM |
    features.NETIF_F_SCTP_CRC |
    features.NETIF_F_SG |
    features.NETIF_F_FRAGLIST |
    features.NETIF_F_HIGHDMA;
  dev.hwFeatures = dev.features;
  dev.isQueueless = true;
  dev.isLiveAddressChange = true;
  dev.minMtu = minMtu;
  dev.maxMtu = maxMtu;
  dev.mtu = maxMtu;
}

function validate(attrs: LinkAttributes): void {
  validateEtherAddress(attrs.address, "Invalid hardware address");
}

/** Makes the device and its tables; the first of a namespace brings the rule that leads to such tables (vrf_newlink, vrf_add_fib_rules). */
function newLink({ dev, data }: NewLink<null, typeof vrfPolicy>): void {
  if (data?.table === undefined) throw invalid("VRF table id is missing");
  if (data.table === RT_TABLE_UNSPEC) throw refused("EINVAL", "Invalid VRF table id", data, "table");
  dev.l3mdevTable = data.table;
  registerDevice(dev);
  const ip = ipNetns(dev.netns);
  tableFor(ip, data.table);
  table6For(ip, data.table);
  for (const list of [ip.rules4, ip.rules6]) addTableRule(dev, list);
}

function addTableRule(dev: Device, list: RuleList): void {
  if (list.rules.some(({ config }) => config.isL3mdev && config.protocol === RTPROT_KERNEL)) return;
  const config = {
    ...anyPacket(list.family),
    priority: rulePriority,
    isL3mdev: true,
    protocol: RTPROT_KERNEL,
  };
  addRule(ipNetns(dev.netns), list, {
    config,
    hasPriority: true,
    nlFlags: NLM_F_CREATE | NLM_F_EXCL,
    origin: undefined,
    configure: () => RT_TABLE_UNSPEC,
  });
}

/** Lets the ports go, then the device (vrf_dellink). */
function delLink(dev: Device<null>, doomed: Set<Device>): void {
  for (const port of dev.lowers ?? []) delSlave(dev, port);
  queueUnregister(dev, doomed);
}

function fillSlaveInfo(dev: Device<null>, _port: Device, writer: MessageWriter): void {
  writer.u32(IFLA_VRF_PORT_TABLE, dev.l3mdevTable);
}

/** A port that is deleted leaves; one that moves takes its place along, as on Linux. */
function deviceEvent(event: DeviceEvent, port: Device): void {
  if (event !== "unregister" || port.registration !== "unregistering") return;
  if (port.master?.linkOps?.kind === vrf.kind) delSlave(port.master, port);
}

/** Nothing about the state of a VRF matters: it is up to avoid confusion (vrf_dev_init). */
function init(dev: Device<null>): void {
  dev.flags = IFF_MASTER | IFF_NOARP;
  dev.operstate = IF_OPER_UP;
}

/** EOPNOTSUPP for the loopback, EINVAL for a VRF, each with its text (vrf_add_slave). */
function addSlave(dev: Device<null>, port: Device): void {
  if (port.l3mdevTable !== 0) throw invalid("Can not enslave an L3 master device to a VRF");
  if (port.master !== null && port.master.l3mdevTable !== 0) throw new NetlinkError("EINVAL");
  if (port === dev.netns.loopback) throw notSupported("Can not enslave loopback device to a VRF");
  linkUpper(port, dev, true);
  forgetRoutes(port);
  cycle(port);
}

function delSlave(dev: Device, port: Device): void {
  unlinkUpper(port, dev);
  forgetRoutes(port);
  cycle(port);
}

/** Takes the routes by a port out of the tables they were in, and its IPv6 addresses with them (NETDEV_CHANGEUPPER). */
function forgetRoutes(port: Device): void {
  if (port.registration !== "registered") return;
  syncDown(port, "addresses");
  interfaceDown(port, false);
}

/** Takes a port down and up again, so that its routes go to the other table (cycle_netdev). */
function cycle(port: Device): void {
  if ((port.flags & IFF_UP) === 0 || port.registration !== "registered") return;
  const flags = devGetFlags(port);
  try {
    devChangeFlags(port, flags & ~IFF_UP);
    devChangeFlags(port, flags);
  } catch (error) {
    // A port that is about to go need not come up again.
    if (!(error instanceof NetlinkError)) throw error;
  }
}

/** Takes a packet of the host to itself back in, as the device's own (vrf_local_xmit). */
function startXmit(frame: Frame, dev: Device<null>): void {
  const length = frame.end - frame.start;
  ethTypeTrans(frame, dev);
  frame.packetType = PACKET_HOST;
  if (!netifRx(frame, dev)) return count(dev, TX_DROPPED, 1);
  countTx(dev, length);
  countRx(dev, length);
}
