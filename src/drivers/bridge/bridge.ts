// bridge: Ethernet segments joined at the link layer. It learns which station is behind which of its ports and sends each
// frame there, to all ports where it does not know; it is a device of the machine too, with an address of its own.
//
//   the way of a frame     input.ts → fdb.ts (who is where) → vlan.ts (may it) → forward.ts → a port; or xmit.ts → …
//   the way of a setting   options.ts, port-options.ts → stp-port.ts, vlan-change.ts, multicast-options.ts, …
//   … of a VLAN            vlan-request.ts → vlan-options.ts, vlan-global.ts → multicast-vlan.ts, mst.ts, vlan-tunnel.ts
//   neighbours             neigh-suppress.ts (whose question need not go further)
//   groups                 multicast.ts (who listens) → mdb.ts; multicast-query.ts asks
//   what it tells          fill.ts, port-fill.ts, link-message.ts, fdb-message.ts, mdb-message.ts, vlan-message.ts
//
// Mirrors net/bridge/ (v6.18), here br.c, br_device.c and br_if.c. Omitted: netfilter, MRP, CFM, switchdev, netpoll, sysfs,
// handing spanning tree to a program.

import { isValidEtherAddr, readMac } from "../../bytes/mac.ts";
import { etherRandomAddress, etherSetup } from "../../net/ethernet.ts";
import * as features from "../../net/features.ts";
import type { Device, DeviceOps, LinkOps, NewLink } from "../../net/netdevice.ts";
import { queueUnregister, registerDevice, unregisterDevice } from "../../net/register.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { ETH_MAX_MTU } from "../../uapi/if_ether.ts";
import { bridgeEthtool } from "./ethtool.ts";
import { deviceEvent } from "./events.ts";
import { deleteByPort } from "./fdb.ts";
import { fdbOps } from "./fdb-request.ts";
import { fillInfo } from "./fill.ts";
import { fillBridgeLink } from "./link-message.ts";
import { delBridgeLink, setBridgeLink } from "./link-request.ts";
import { mdbOps } from "./mdb-request.ts";
import { clearMulticast, stopMulticast } from "./multicast.ts";
import { openMulticast, otherExpired, queryBridge } from "./multicast-query.ts";
import { MulticastContext } from "./multicast-state.ts";
import { bridgePolicy, changeLink, validate } from "./options.ts";
import { fillPort } from "./port-fill.ts";
import { changeSlave, portPolicy } from "./port-options.ts";
import { addPort, deletePort, releasePort } from "./ports.ts";
import { managePromiscuity } from "./promiscuity.ts";
import { joinSnoopers, leaveSnoopers } from "./snoopers.ts";
import { Bridge, portOf } from "./state.ts";
import { changeBridgeAddress, disableBridge, enableBridge } from "./stp-port.ts";
import { joinLlc } from "./stp-receive.ts";
import { makeBridgeTimers } from "./stp-timer.ts";
import { flushBridgeVlans } from "./vlan-change.ts";
import { vlanOps } from "./vlan-request.ts";
import { startXmit } from "./xmit.ts";
import { fillXstats } from "./xstats.ts";

/** What a bridge is spared, as far as its ports are (COMMON_FEATURES). */
const commonFeatures =
  features.NETIF_F_SG |
  features.NETIF_F_FRAGLIST |
  features.NETIF_F_HIGHDMA |
  features.NETIF_F_GSO_MASK |
  features.NETIF_F_HW_CSUM;

const deviceOps: DeviceOps<Bridge> = {
  init: (dev) => joinLlc(dev.machine),
  uninit(dev) {
    dev.state.timers.gc.stop();
    clearMulticast(dev.state);
    flushBridgeVlans(dev.state);
  },
  open(dev) {
    enableBridge(dev.state);
    openMulticast(dev.state);
    if (dev.state.multicast.isSnooping) joinSnoopers(dev.state);
  },
  stop(dev) {
    disableBridge(dev.state);
    stopMulticast(dev.state);
    if (dev.state.multicast.isSnooping) leaveSnoopers(dev.state);
  },
  startXmit,
  setMacAddress,
  changeMtu,
  changeRxFlags: (dev) => managePromiscuity(dev.state),
  fixFeatures,
  addSlave: (dev, port) => addPort(dev.state, port),
  delSlave: (dev, port) => deletePort(dev.state, port),
  ethtool: bridgeEthtool,
  fillBridgeLink,
  setBridgeLink,
  delBridgeLink,
  fdb: fdbOps,
  mdb: mdbOps,
  vlans: vlanOps,
};

export const bridge: LinkOps<Bridge, typeof bridgePolicy> = {
  kind: "bridge",
  policy: bridgePolicy,
  device: deviceOps,
  createState: (dev) => new Bridge(dev, { makeTimers: makeBridgeTimers, makeContext }),
  setup,
  validate,
  newLink,
  changeLink,
  delLink,
  fillInfo,
  fillSlaveInfo,
  fillXstats,
  slavePolicy: portPolicy,
  changeSlave,
  deviceEvent,
};

function setup(dev: Device<Bridge>): void {
  etherSetup(dev);
  etherRandomAddress(dev);
  dev.maxMtu = ETH_MAX_MTU;
  dev.isQueueless = true;
  dev.isNetnsImmutable = true;
  const tags = features.NETIF_F_HW_VLAN_CTAG_TX | features.NETIF_F_HW_VLAN_STAG_TX;
  dev.features = commonFeatures | tags;
  dev.hwFeatures = commonFeatures | tags;
  dev.vlanFeatures = commonFeatures;
}

/** Registers the bridge, then gives it what the request says (br_dev_newlink). */
function newLink({ dev, attrs, data }: NewLink<Bridge, typeof bridgePolicy>): void {
  registerDevice(dev);
  try {
    if (attrs.address !== undefined) changeBridgeAddress(dev.state, readMac(attrs.address, 0));
    changeLink(dev, attrs, data);
  } catch (error) {
    unregisterDevice(dev);
    throw error;
  }
}

/** Lets all ports go, and the bridge (br_dev_delete). */
function delLink(dev: Device<Bridge>, doomed: Set<Device>): void {
  const br = dev.state;
  for (const port of br.ports) releasePort(port);
  deleteByPort(br, null, 0, true);
  br.timers.gc.stop();
  queueUnregister(dev, doomed);
}

function fillSlaveInfo(_dev: Device<Bridge>, target: Device, writer: Parameters<typeof fillPort>[0]): void {
  const port = portOf(target);
  if (port !== null) fillPort(writer, port);
}

function makeContext(br: Bridge, vid: number): MulticastContext {
  const { timers } = br.dev.machine;
  return new MulticastContext(
    (callback) => timers.timer(callback),
    (isIpv6) => queryBridge(br, vid, isIpv6),
    (isIpv6) => otherExpired(br, vid, isIpv6),
  );
}

/** The bridge's address is that of its id; from now on a user's (br_set_mac_address). */
function setMacAddress(dev: Device<Bridge>, address: number): void {
  if (!isValidEtherAddr(address)) throw new NetlinkError("EADDRNOTAVAIL");
  if (dev.registration !== "registered") throw new NetlinkError("EBUSY");
  changeBridgeAddress(dev.state, address);
}

/** From now on a user's (br_change_mtu). */
function changeMtu(dev: Device<Bridge>): void {
  dev.state.isMtuSetByUser = true;
}

/** What all ports have, and what one of them has where that is enough (br_features_recompute). */
function fixFeatures(dev: Device<Bridge>, wanted: bigint): bigint {
  const { ports } = dev.state;
  if (ports.length === 0) return wanted;
  let common = wanted;
  for (const port of ports) common &= port.dev.features | ~features.NETIF_F_GSO_MASK;
  return common;
}
