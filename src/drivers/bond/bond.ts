// bond: several devices as one: one after the other, one and its backups, by a hash, by load, or all at once.
//
// Mirrors drivers/net/bonding/bond_main.c (v6.18); 802.3ad is in lacp/, balance-tlb and balance-alb are in balance/.
// Differs: the carriers are looked at after an event of a slave only, at the same times (miimon.ts); the bond
// counts what it sends and what it is given, not what its slaves count.

import { isValidEtherAddr } from "../../bytes/mac.ts";
import { syncAddresses, unsyncAddresses } from "../../net/address-list.ts";
import { netifCarrierOff } from "../../net/carrier.ts";
import { devSetMacAddress, devSetMtu } from "../../net/change.ts";
import { etherRandomAddress, etherSetup, validateEtherAddress } from "../../net/ethernet.ts";
import * as features from "../../net/features.ts";
import { devSetAllmulti, devSetPromiscuity } from "../../net/flags.ts";
import type { Device, DeviceOps, LinkOps, NewLink } from "../../net/netdevice.ts";
import { queueUnregister, registerDevice } from "../../net/register.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_ALLMULTI, IFF_MASTER, IFF_PROMISC } from "../../uapi/if.ts";
import { ETH_MAX_MTU } from "../../uapi/if_ether.ts";
import { watchTargets } from "./arp-monitor.ts";
import { setAlbAddress } from "./balance/addresses.ts";
import { startBalance, stopBalance } from "./balance/balance.ts";
import { bondEthtool } from "./ethtool.ts";
import { fillInfo, fillSlaveInfo } from "./fill.ts";
import { startLacp, stopLacp, updatePorts } from "./lacp/lacp.ts";
import { watch } from "./miimon.ts";
import { changeLink, changeSlave } from "./options.ts";
import { bondPolicy, slavePolicy } from "./policy.ts";
import { procText } from "./proc.ts";
import { selectActive } from "./select.ts";
import { addSlave, delSlave, deviceEvent } from "./slaves.ts";
import type { Bond, Slave } from "./state.ts";
import { BondState, FAIL_OVER_ACTIVE } from "./state.ts";
import { startXmit } from "./transmit.ts";

const deviceOps: DeviceOps<BondState> = {
  init,
  open,
  stop,
  startXmit,
  setMacAddress,
  changeMtu,
  changeRxFlags,
  setRxMode,
  addSlave,
  delSlave,
  ethtool: bondEthtool,
  proc: { folder: "bonding", text: procText },
};

export const bond: LinkOps<BondState, typeof bondPolicy> = {
  kind: "bond",
  policy: bondPolicy,
  device: deviceOps,
  createState: () => new BondState(),
  setup,
  validate: (attrs) => validateEtherAddress(attrs.address),
  newLink,
  changeLink,
  delLink,
  fillInfo,
  fillSlaveInfo,
  slavePolicy,
  changeSlave,
  deviceEvent,
  defaultQueues: () => DEFAULT_QUEUES,
};

/** BOND_DEFAULT_TX_QUEUES */
const DEFAULT_QUEUES = 16;

const vlanFeatures =
  features.NETIF_F_HW_CSUM |
  features.NETIF_F_SG |
  features.NETIF_F_FRAGLIST |
  features.NETIF_F_GSO_SOFTWARE |
  features.NETIF_F_HIGHDMA |
  features.NETIF_F_LRO;

function setup(dev: Bond): void {
  etherSetup(dev);
  dev.maxMtu = ETH_MAX_MTU;
  dev.flags |= IFF_MASTER;
  dev.isQueueless = true;
  dev.isNetnsImmutable = true;
  dev.hasUnicastFilter = true;
  dev.hwFeatures = vlanFeatures | features.NETIF_F_GSO_ENCAP_ALL;
  dev.features |= dev.hwFeatures | features.NETIF_F_HW_VLAN_CTAG_TX | features.NETIF_F_HW_VLAN_STAG_TX;
}

function init(dev: Bond): void {
  if (dev.address === 0) etherRandomAddress(dev);
}

/** Without slaves there is no carrier (bond_newlink). */
function newLink({ dev, attrs, data }: NewLink<BondState, typeof bondPolicy>): void {
  changeLink(dev, attrs, data);
  registerDevice(dev);
  netifCarrierOff(dev);
}

/** Lets the slaves go, then the device (bond_uninit). */
function delLink(dev: Bond, doomed: Set<Device>): void {
  for (const { dev: port } of [...dev.state.slaves]) delSlave(dev, port);
  queueUnregister(dev, doomed);
}

function open(dev: Bond): void {
  dev.state.isOpen = true;
  if (dev.state.isBalanced) startBalance(dev);
  if (dev.state.isLacp) startLacp(dev);
  else selectActive(dev);
  watch(dev);
  watchTargets(dev);
}

function stop(dev: Bond): void {
  dev.state.isOpen = false;
  dev.state.monitor?.stop();
  dev.state.igmpTimer?.stop();
  dev.state.arpTimer?.stop();
  dev.state.peerNotifications = 0;
  stopLacp(dev);
  stopBalance(dev);
  for (const { dev: port } of dev.state.slaves) unsyncAddresses(port, dev);
}

/** Where the address is the active slave's it is not changed (bond_set_mac_address). */
function setMacAddress(dev: Bond, address: number): void {
  const { active, slaves, params, isActiveBackup, isAlb } = dev.state;
  if (isAlb) return setAlbAddress(dev, address);
  if (params.failOverMac === FAIL_OVER_ACTIVE && isActiveBackup) return;
  if (!isValidEtherAddr(address)) throw new NetlinkError("EADDRNOTAVAIL");
  const followers =
    params.failOverMac !== 0 && isActiveBackup ? slaves.filter((slave) => slave === active) : slaves;
  for (const { dev: port } of followers) devSetMacAddress(port, address);
  dev.address = address;
  updatePorts(dev);
}

/** All slaves have the MTU of the bond, or none does. */
function changeMtu(dev: Bond, mtu: number): void {
  const { slaves } = dev.state;
  const done: Device[] = [];
  try {
    for (const { dev: port } of slaves) {
      devSetMtu(port, mtu);
      done.push(port);
    }
  } catch (error) {
    for (const port of done) devSetMtu(port, dev.mtu);
    throw error;
  }
}

/** Where one slave is sent by, only that one listens to more than frames for the bond. */
function listeners({ state }: Bond): readonly Slave[] {
  return state.hasActive ? state.slaves.filter((slave) => slave === state.active) : state.slaves;
}

function changeRxFlags(dev: Bond, changed: number): void {
  for (const { dev: port } of listeners(dev)) {
    if ((changed & IFF_PROMISC) !== 0) devSetPromiscuity(port, (dev.flags & IFF_PROMISC) !== 0 ? 1 : -1);
    if ((changed & IFF_ALLMULTI) !== 0) devSetAllmulti(port, (dev.flags & IFF_ALLMULTI) !== 0 ? 1 : -1);
  }
}

function setRxMode(dev: Bond): void {
  for (const { dev: port } of listeners(dev)) syncAddresses(port, dev);
}
