// Slaves come and go.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_enslave, __bond_release_one, bond_slave_netdev_event).

import { devMcAdd, devMcDel, syncAddresses, unsyncAddresses } from "../../net/address-list.ts";
import { devSetMacAddress, devSetMtu } from "../../net/change.ts";
import { notify } from "../../net/device.ts";
import { etherRandomAddress } from "../../net/ethernet.ts";
import { devChangeFlags, devGetFlags, devOpen, devSetAllmulti, devSetPromiscuity } from "../../net/flags.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { randomMac } from "../../net/random.ts";
import { inheritGsoLimits, linkUpper, unlinkUpper } from "../../net/upper.ts";
import { NetlinkError, refused } from "../../netlink/error.ts";
import { IFF_ALLMULTI, IFF_LOOPBACK, IFF_MASTER, IFF_PROMISC, IFF_SLAVE, IFF_UP } from "../../uapi/if.ts";
import { BOND_LINK_BACK, BOND_LINK_DOWN, BOND_LINK_UP } from "../../uapi/if_bonding.ts";
import { NET_ADDR_RANDOM, NET_ADDR_STOLEN } from "../../uapi/netdevice.ts";
import { SLOW_PROTOCOLS_MAC } from "../../wire/lacp.ts";
import { addBalanced, removeBalanced } from "./balance/balance.ts";
import { setInactive } from "./flags.ts";
import { bindSlave, unbindSlave } from "./lacp/lacp.ts";
import { updateSpeed, watch } from "./miimon.ts";
import { handleFrame } from "./receive.ts";
import { changeActive, selectActive, setCarrier } from "./select.ts";
import type { Bond } from "./state.ts";
import { FAIL_OVER_ACTIVE, FAIL_OVER_FOLLOW, isBond, Slave } from "./state.ts";
import { listenForTargets } from "./targets.ts";

const MS = 1_000_000;

/** Makes `port` a slave; what forbids it, in the kernel's order and words (bond_enslave). */
export function addSlave(dev: Bond, port: Device): void {
  const { state } = dev;
  const isStacked = isBond(port);
  if ((port.flags & IFF_MASTER) !== 0 && !isStacked) {
    throw refused("EPERM", "Device type (master device) cannot be enslaved");
  }
  if (port.rxHandler !== null) throw refused("EBUSY", "Device is in use and cannot be enslaved");
  if (port === dev) throw refused("EPERM", "Cannot enslave bond to itself.");
  if ((port.flags & IFF_UP) !== 0) throw refused("EPERM", "Device can not be enslaved while up");
  if (port.type !== dev.type || (port.flags & IFF_LOOPBACK) !== 0) {
    throw refused("EINVAL", "Device type is different from other slaves");
  }
  if (port.ops.setMacAddress === undefined) insistOnFailOver(dev);
  const slave = new Slave(port);
  if (state.slaves.length === 0 && dev.addressAssign === NET_ADDR_RANDOM) {
    dev.address = port.address;
    dev.addressAssign = NET_ADDR_STOLEN;
    notify("change-address", dev);
  }
  devSetMtu(port, dev.mtu);
  try {
    attach(dev, slave);
  } catch (error) {
    restore(dev, slave);
    throw error;
  }
  firstLink(dev, slave);
  if (state.isLacp) bindSlave(dev, slave);
  state.slaves.push(slave);
  inheritGsoLimits(dev, state.slaves);
  if (state.hasActive || state.isLacp) setInactive(dev, slave);
  if (state.params.primary === port.name) state.forcesPrimary = true;
  if (state.isLacp) setCarrier(dev);
  else selectActive(dev);
  watch(dev);
}

/** One that cannot take another address is taken by a bond that takes its slaves' addresses: it becomes one for the first. */
function insistOnFailOver({ state }: Bond): void {
  if (!state.isActiveBackup || state.params.failOverMac === FAIL_OVER_ACTIVE) return;
  if (state.slaves.length > 0) {
    throw refused(
      "EOPNOTSUPP",
      "Slave device does not support setting the MAC address, but fail_over_mac is not set to active",
    );
  }
  state.params.failOverMac = FAIL_OVER_ACTIVE;
}

/** What a new slave's link is taken to be: up, if nobody looks; and not without a speed where that is needed. */
function firstLink({ state, machine }: Bond, slave: Slave): void {
  const { miimon, arpInterval, upDelay } = state.params;
  slave.lastLinkUp = machine.clock.now();
  // One interval ago and more: nothing has been heard yet.
  slave.lastRx = slave.lastLinkUp - (arpInterval + 1) * MS;
  slave.link = (miimon === 0 && arpInterval === 0) || slave.isUp ? BOND_LINK_UP : BOND_LINK_DOWN;
  if (slave.link === BOND_LINK_UP && miimon !== 0 && upDelay !== 0) {
    slave.link = BOND_LINK_BACK;
    slave.delay = upDelay;
  }
  if (!updateSpeed(slave) && state.isLacp) slave.link = BOND_LINK_DOWN;
}

function attach(dev: Bond, slave: Slave): void {
  const port = slave.dev;
  // With "follow" the second and further ones keep theirs as long as they are backups.
  const takesAddress =
    policyOf(dev) === 0 || (policyOf(dev) === FAIL_OVER_FOLLOW && dev.state.slaves.length === 0);
  if (takesAddress) devSetMacAddress(port, dev.address);
  else if (policyOf(dev) === FAIL_OVER_FOLLOW && port.address === dev.address) {
    devSetMacAddress(port, randomMac(dev.machine.random));
  }
  port.flags |= IFF_SLAVE;
  port.hasNoAddrconf = true;
  devOpen(port);
  if (dev.state.isBalanced) addBalanced(dev, slave);
  port.rxHandler = handleFrame;
  port.port = slave;
  linkUpper(port, dev, true);
  // Where one slave is sent by, only that one listens to more (select.ts).
  if (!dev.state.hasActive) {
    if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(port, 1);
    if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(port, 1);
    if ((dev.flags & IFF_UP) !== 0) syncAddresses(port, dev);
  }
  if (dev.state.isLacp) devMcAdd(port, SLOW_PROTOCOLS_MAC);
}

/** fail_over_mac, which counts in the mode active-backup alone. */
function policyOf({ state }: Bond): number {
  return state.isActiveBackup ? state.params.failOverMac : 0;
}

/** Lets a slave go, with the address and MTU it came with; the last one leaves a bond with an address from chance. */
export function delSlave(dev: Bond, port: Device): void {
  const { state } = dev;
  const slave = state.slaveOf(port);
  if (slave === undefined) throw new NetlinkError("EINVAL");
  port.rxHandler = null;
  port.port = null;
  unlinkUpper(port, dev);
  state.slaves.splice(state.slaves.indexOf(slave), 1);
  inheritGsoLimits(dev, state.slaves);
  if (state.isLacp) {
    devMcDel(port, SLOW_PROTOCOLS_MAC);
    unbindSlave(dev, slave);
  }
  if (state.asking === slave) state.asking = null;
  listenForTargets(dev, slave);
  if (state.active === slave) changeActive(dev, null);
  if (state.isBalanced) removeBalanced(dev, slave);
  if (!state.hasActive) {
    if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(port, -1);
    if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(port, -1);
    unsyncAddresses(port, dev);
  }
  selectActive(dev);
  watch(dev);
  if (state.slaves.length === 0) {
    setCarrier(dev);
    etherRandomAddress(dev);
    if (dev.registration === "registered") notify("change-address", dev);
  }
  restore(dev, slave);
}

function restore(dev: Bond, { dev: port, permanentAddress, originalMtu }: Slave): void {
  port.flags &= ~IFF_SLAVE;
  port.hasNoAddrconf = false;
  if (port.registration !== "registered") return;
  if ((port.flags & IFF_UP) !== 0) devChangeFlags(port, devGetFlags(port) & ~IFF_UP);
  if (policyOf(dev) !== FAIL_OVER_ACTIVE) devSetMacAddress(port, permanentAddress);
  devSetMtu(port, originalMtu);
}

/** A slave that is deleted leaves; whether one has a carrier is looked at when it may have changed. */
export function deviceEvent(event: DeviceEvent, port: Device): void {
  const dev = port.master;
  if (dev === null || !isBond(dev)) return;
  if (event === "unregister" && port.registration === "unregistering") delSlave(dev, port);
  else if (event === "up" || event === "down" || event === "change") watch(dev);
}
