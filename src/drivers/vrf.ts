// vrf: a device that gives its ports a routing table of their own. Packets that come in by a port, and those that are sent
// by the device or a port, are routed there; packets of the host to itself within the table pass through the device.
//
// Mirrors drivers/net/vrf.c (v6.18). Which sockets hear of its packets: inet/l3mdev.ts. Omitted: packets written to the device
// itself for other hosts; its strict mode and the sysctl for it; what comes in by its ports is not shown on it.

import { isIpv4Multicast } from "../bytes/ipv4.ts";
import { IPV6_SIZE, isIpv6LinkLocal, isIpv6Loopback, isIpv6Multicast } from "../bytes/ipv6.ts";
import { tableFor } from "../inet/ipv4/fib-change.ts";
import { syncDown } from "../inet/ipv4/fib-sync.ts";
import { ipOutput } from "../inet/ipv4/output.ts";
import { Route4, routeOutput } from "../inet/ipv4/route.ts";
import { interfaceDown } from "../inet/ipv6/events.ts";
import { table6For } from "../inet/ipv6/fib-change.ts";
import { ip6Output } from "../inet/ipv6/output.ts";
import { Route6, routeOutput6 } from "../inet/ipv6/route.ts";
import { addRule } from "../inet/rules/change.ts";
import type { RuleList } from "../inet/rules/rule.ts";
import { anyPacket } from "../inet/rules/rule.ts";
import { ipNetns } from "../inet/slots.ts";
import { TX_DROPPED, TX_ERRORS } from "../net/counters.ts";
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
import { drop } from "../net/frame.ts";
import type { LinkAttributes } from "../net/link-policy.ts";
import type { Device, DeviceEvent, DeviceOps, Frame, LinkOps, Netns, NewLink } from "../net/netdevice.ts";
import { netifRx, showAllTaps } from "../net/receive.ts";
import { queueUnregister, registerDevice } from "../net/register.ts";
import { linkUpper, unlinkUpper } from "../net/upper.ts";
import { invalid, NetlinkError, notSupported, refused } from "../netlink/error.ts";
import { policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import { IF_OPER_UP, IFF_MASTER, IFF_NOARP, IFF_UP } from "../uapi/if.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IFLA_VRF_MAX, IFLA_VRF_PORT_TABLE, IFLA_VRF_TABLE } from "../uapi/if_link.ts";
import { PACKET_HOST, PACKET_LOOPBACK } from "../uapi/if_packet.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import { RT_TABLE_UNSPEC, RTPROT_KERNEL } from "../uapi/rtnetlink.ts";
import { ICMPV6_SIZE, icmpv6Type } from "../wire/icmpv6.ts";
import { IPV4_SIZE, ipv4Destination } from "../wire/ipv4.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6NextHeader } from "../wire/ipv6.ts";
import { ND_REDIRECT, ND_ROUTER_SOLICITATION } from "../wire/nd.ts";

const vrfPolicy = policy(IFLA_VRF_MAX, { [IFLA_VRF_TABLE]: u32("table") });

const deviceOps: DeviceOps<VrfState> = {
  init,
  startXmit,
  setMacAddress: etherSetMacAddress,
  addSlave,
  delSlave,
  l3Receive,
  ethtool: { driverInfo: () => ({ driver: "vrf", version: "1.0" }) },
};

export const vrf: LinkOps<VrfState, typeof vrfPolicy> = {
  kind: "vrf",
  policy: vrfPolicy,
  device: deviceOps,
  createState: () => ({ route4: new Route4(), route6: new Route6() }),
  setup,
  validate,
  newLink,
  delLink,
  fillInfo: (dev, writer) => writer.u32(IFLA_VRF_TABLE, dev.l3mdevTable),
  fillSlaveInfo,
  deviceEvent,
};

/** The ways of the last packets that were written to the device. */
interface VrfState {
  readonly route4: Route4;
  readonly route6: Route6;
}

type Vrf = Device<VrfState>;

/** The smallest MTU of IPv6, and its largest packet with its header. */
const minMtu = 1_280;
const maxMtu = 65_535 + 40;
/** Where the rule for all such tables stands (FIB_RULE_PREF). */
const rulePriority = 1_000;

function setup(dev: Vrf): void {
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
function newLink({ dev, data }: NewLink<VrfState, typeof vrfPolicy>): void {
  if (data?.table === undefined) throw invalid("VRF table id is missing");
  if (data.table === RT_TABLE_UNSPEC) throw refused("EINVAL", "Invalid VRF table id", data, "table");
  const ip = ipNetns(dev.netns);
  const { table } = data;
  if (ip.tunables.vrfStrictMode !== 0 && isTaken(dev.netns, table)) {
    throw refused("EBUSY", "Table is used by another VRF");
  }
  dev.l3mdevTable = table;
  registerDevice(dev);
  tableFor(ip, table);
  table6For(ip, table);
  for (const list of [ip.rules4, ip.rules6]) addTableRule(dev, list);
}

function isTaken({ devices }: Netns, table: number): boolean {
  for (const { l3mdevTable } of devices.values()) if (l3mdevTable === table) return true;
  return false;
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
function delLink(dev: Vrf, doomed: Set<Device>): void {
  for (const port of dev.lowers ?? []) delSlave(dev, port);
  queueUnregister(dev, doomed);
}

function fillSlaveInfo(dev: Vrf, _port: Device, writer: MessageWriter): void {
  writer.u32(IFLA_VRF_PORT_TABLE, dev.l3mdevTable);
}

/** A port that is deleted leaves; one that moves takes its place along, as on Linux. */
function deviceEvent(event: DeviceEvent, port: Device): void {
  if (event !== "unregister" || port.registration !== "unregistering") return;
  if (port.master?.linkOps?.kind === vrf.kind) delSlave(port.master, port);
}

/** Nothing about the state of a VRF matters: it is up to avoid confusion (vrf_dev_init). */
function init(dev: Vrf): void {
  dev.flags = IFF_MASTER | IFF_NOARP;
  dev.operstate = IF_OPER_UP;
}

/** EOPNOTSUPP for the loopback, EINVAL for a VRF, each with its text (vrf_add_slave). */
function addSlave(dev: Vrf, port: Device): void {
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

/** Sends a packet that was written to the device the way its table has, which may lead back here (vrf_xmit). */
function startXmit(frame: Frame, dev: Vrf): void {
  const length = frame.end - frame.start;
  const error = send(frame, dev);
  if (error === "") return countTx(dev, length);
  count(dev, TX_ERRORS, 1);
  count(dev, TX_DROPPED, 1);
}

function send(frame: Frame, dev: Vrf): ErrnoName | "" {
  const { bytes, start, end, protocol } = frame;
  const ip = ipNetns(dev.netns);
  const at = start + ETH_HLEN;
  if (protocol === ETH_P_IP && end - at >= IPV4_SIZE) {
    const { route4: route } = dev.state;
    route.flow.destination = ipv4Destination(bytes, at);
    route.flow.oif = dev.ifindex;
    if (!routeOutput(ip, route)) return refuse(frame);
    if (route.dev === dev) return takeBack(frame, dev);
    frame.start = at;
    return ipOutput(ip, frame, route);
  }
  if (protocol === ETH_P_IPV6 && end - at >= IPV6_HEADER_SIZE) {
    const { route6: route } = dev.state;
    for (let index = 0; index < IPV6_SIZE; index++) {
      route.source[index] = bytes[at + IPV6_SOURCE + index] ?? 0;
      route.destination[index] = bytes[at + IPV6_DESTINATION + index] ?? 0;
    }
    route.oif = dev.ifindex;
    if (!routeOutput6(ip, route)) return refuse(frame);
    if (route.dev === dev) return takeBack(frame, dev);
    frame.start = at;
    return ip6Output(ip, frame, route);
  }
  return refuse(frame);
}

function refuse(frame: Frame): ErrnoName {
  drop(frame, "no-route");
  return "ENETUNREACH";
}

/** Takes a packet of the host to itself back in, as the device's own (vrf_local_xmit). */
function takeBack(frame: Frame, dev: Vrf): "" {
  const length = frame.end - frame.start;
  ethTypeTrans(frame, dev);
  frame.packetType = PACKET_HOST;
  if (netifRx(frame, dev)) countRx(dev, length);
  return "";
}

/**
 * Counts a packet that came in by a port, and shows it to those who look at the VRF, as one that is sent (vrf_ip_rcv,
 * vrf_ip6_rcv): not what stays on its link, nor this host's own.
 */
function l3Receive(dev: Vrf, frame: Frame): void {
  const { bytes, macHeader, networkHeader: at, start, protocol } = frame;
  if (frame.packetType === PACKET_LOOPBACK) return;
  if (protocol === ETH_P_IP ? isIpv4Multicast(ipv4Destination(bytes, at)) : isOfLink(frame)) return;
  countRx(dev, frame.end - at);
  if (dev.taps === null || at - macHeader !== ETH_HLEN) return;
  frame.start = macHeader;
  showAllTaps(frame, dev, true);
  frame.start = start;
}

/** Whether a packet of IPv6 is for a link, or of neighbour discovery. */
function isOfLink({ bytes, end, networkHeader: at }: Frame): boolean {
  const to = at + IPV6_DESTINATION;
  if (isIpv6Multicast(bytes, to) || isIpv6LinkLocal(bytes, to) || isIpv6Loopback(bytes, to)) return true;
  const inner = at + IPV6_HEADER_SIZE;
  if (end - inner < ICMPV6_SIZE || ipv6NextHeader(bytes, at) !== IPPROTO_ICMPV6) return false;
  const type = icmpv6Type(bytes, inner);
  return type >= ND_ROUTER_SOLICITATION && type <= ND_REDIRECT;
}
