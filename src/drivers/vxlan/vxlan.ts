// vxlan: a device whose frames travel in UDP datagrams, to hosts its forwarding table knows: told by users, learned from
// what comes in, or a group that all of the network are in.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (v6.18). Omitted, though taken and shown: answering ARP and neighbour
// solicitations in the place of others (proxy), short-circuiting routes (rsc) and telling of what those miss (l3miss), remote
// checksum offload, group based policy and bare IP inside (gpe). In external mode a bridge says what identifier a frame has. Not
// there at all: nexthop objects as destinations, the multicast database, ICMP errors for what is too large inside.

import { joinUdpGroup, leaveUdpGroup } from "../../inet/udp/membership.ts";
import { carrierProtoDown } from "../../net/carrier.ts";
import { etherRandomAddress, etherSetMacAddress, etherSetup } from "../../net/ethernet.ts";
import { stackedEthtool } from "../../net/ethtool.ts";
import * as features from "../../net/features.ts";
import { deleteDevice } from "../../net/namespace.ts";
import type { Device, DeviceEvent, DeviceOps, LinkOps, Netns } from "../../net/netdevice.ts";
import { queueUnregister, unregisterDevices } from "../../net/register.ts";
import { unlinkUpper } from "../../net/upper.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import { ETH_MAX_MTU, ETH_MIN_MTU } from "../../uapi/if_ether.ts";
import { AF_INET, AF_INET6 } from "../../uapi/socket.ts";
import { validate, vxlanPolicy } from "./config.ts";
import { age, destroyEntry, flushFdb } from "./fdb.ts";
import { fdbOps } from "./fdb-request.ts";
import { fillInfo } from "./fill.ts";
import { changeLink, newLink } from "./link.ts";
import { enterSocket, leaveSocket } from "./socket.ts";
import type { Vxlan } from "./state.ts";
import {
  headroomOf,
  isGroup,
  isGroupUsed,
  VXLAN_F_COLLECT_METADATA,
  VxlanState,
  vxlanNetns,
} from "./state.ts";
import { startXmit } from "./transmit.ts";
import { clearVnis, joinGroups, leaveGroups, tunnelOps } from "./vni.ts";

const deviceOps: DeviceOps<VxlanState> = {
  open,
  stop,
  uninit,
  startXmit,
  setMacAddress: etherSetMacAddress,
  changeMtu,
  changeProtoDown: carrierProtoDown,
  ethtool: {
    ...stackedEthtool<VxlanState>({ driver: "vxlan", version: "0.1" }, (dev) => dev.state.lower),
    stampsSent: () => false,
  },
  fdb: fdbOps,
  tunnels: tunnelOps,
};

export const vxlan: LinkOps<VxlanState, typeof vxlanPolicy> = {
  kind: "vxlan",
  policy: vxlanPolicy,
  device: deviceOps,
  createState: () => new VxlanState(),
  setup,
  validate,
  newLink,
  changeLink,
  delLink,
  fillInfo,
  linkNetns,
  deviceEvent,
};

function setup(dev: Vxlan): void {
  etherSetup(dev);
  etherRandomAddress(dev);
  dev.isQueueless = true;
  dev.isLiveAddressChange = true;
  dev.minMtu = ETH_MIN_MTU;
  dev.maxMtu = ETH_MAX_MTU;
  const all =
    features.NETIF_F_SG |
    features.NETIF_F_HW_CSUM |
    features.NETIF_F_FRAGLIST |
    features.NETIF_F_RXCSUM |
    features.NETIF_F_GSO_SOFTWARE;
  dev.features |= all;
  dev.vlanFeatures = dev.features;
  dev.hwFeatures |= all;
}

function delLink(dev: Vxlan, doomed: Set<Device>): void {
  const { netns, lower } = dev.state;
  if (netns !== null) {
    const { devices } = vxlanNetns(netns);
    const place = devices.indexOf(dev);
    if (place >= 0) devices.splice(place, 1);
  }
  queueUnregister(dev, doomed);
  if (lower !== null) unlinkUpper(lower, dev);
  dev.state.lower = null;
}

function uninit(dev: Vxlan): void {
  clearVnis(dev);
  for (const entry of dev.state.fdb.all()) destroyEntry(dev, entry);
}

function linkNetns(dev: Vxlan): Netns {
  return dev.state.netns ?? dev.netns;
}

/** Devices go with the one below them (vxlan_handle_lowerdev_unregister), and with the namespace of their sockets. */
function deviceEvent(event: DeviceEvent, lower: Device): void {
  if (event !== "unregister" || lower.registration !== "unregistering") return;
  if (!lower.netns.generic.has(vxlan.kind)) return;
  const { devices } = vxlanNetns(lower.netns);
  const isLast = lower === lower.netns.loopback;
  const going = devices.filter(({ state }) => isLast || state.config.ifindex === lower.ifindex);
  const doomed = new Set<Device>();
  for (const dev of going) deleteDevice(dev, doomed);
  unregisterDevices(doomed);
}

/** Opens the sockets it needs, joins the group of its default destination, and starts to age what it learns. */
function open(dev: Vxlan): void {
  const { state } = dev;
  const { config, netns } = state;
  if (netns === null) return;
  const is6 = config.remote?.length === 16 || config.local?.length === 16;
  const hasMetadata = (config.flags & VXLAN_F_COLLECT_METADATA) !== 0;
  if (is6 || hasMetadata) enterSocket(dev, AF_INET6);
  if (!is6 || hasMetadata) enterSocket(dev, AF_INET);
  if (config.remote !== null && isGroup(config.remote)) {
    const lower = netns.devices.get(config.ifindex);
    const [socket] = state.sockets;
    if (socket === undefined || lower === undefined) return;
    const error = joinUdpGroup(socket.udp, config.remote, lower);
    if (error !== "" && error !== "EADDRINUSE") {
      leaveSocket(dev);
      throw new NetlinkError(error);
    }
  }
  try {
    joinGroups(dev);
  } catch (error) {
    leaveSocket(dev);
    throw error;
  }
  state.ageingTimer ??= dev.machine.timers.timer(() => age(dev));
  age(dev);
}

/** What was learned is forgotten; the group is left when no other device here is in it. */
function stop(dev: Vxlan): void {
  const { config, netns, sockets, ageingTimer } = dev.state;
  const { remote, ifindex } = config;
  const [socket] = sockets;
  if (netns !== null && remote !== null && isGroup(remote) && socket !== undefined) {
    if (!isGroupUsed(socket, dev, remote)) leaveUdpGroup(socket.udp, remote, ifindex);
  }
  leaveGroups(dev);
  ageingTimer?.stop();
  flushFdb(dev);
  leaveSocket(dev);
}

/** As large as the device below allows, when there is one. */
function changeMtu({ state }: Vxlan, mtu: number): void {
  const { config, lower } = state;
  if (lower !== null && mtu > lower.mtu - headroomOf(config.flags)) throw invalid();
}
