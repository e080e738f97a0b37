// The addresses of the slaves of a bond that balances: each has one of its own, the active one has the bond's.
//
// Mirrors drivers/net/bonding/bond_alb.c (alb_set_slave_mac_addr, alb_handle_addr_collision_on_attach,
// alb_change_hw_addr_on_detach, bond_alb_handle_active_change, alb_fasten_mac_swap, bond_alb_set_mac_address).

import { isValidEtherAddr } from "../../../bytes/mac.ts";
import { devSetMacAddress } from "../../../net/change.ts";
import { devSetPromiscuity } from "../../../net/flags.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { BOND_MODE_TLB } from "../../../uapi/if_bonding.ts";
import type { Bond, Slave } from "../state.ts";
import { sendLearning } from "./learning.ts";
import { slaveWith, teachOnActive, updateSlaveClients } from "./rlb.ts";
import { clearSender } from "./tlb.ts";

/**
 * Gives a slave an address; false when its device refuses. In the mode balance-tlb the hardware keeps the bond's, and only what
 * the slave sends is from its own: nobody is told.
 */
function setAddress(dev: Bond, slave: Slave, address: number): boolean {
  if (dev.state.params.mode === BOND_MODE_TLB) {
    slave.dev.address = address;
    return true;
  }
  try {
    devSetMacAddress(slave.dev, address);
    return true;
  } catch (error) {
    if (error instanceof NetlinkError) return false;
    throw error;
  }
}

/**
 * Gives a new slave, which is not among the bond's yet, its own address back, or one that is free. EOPNOTSUPP when its device
 * cannot take another while it is up, EFAULT when none is free.
 */
export function takeOwnAddress(dev: Bond, slave: Slave): void {
  const { state } = dev;
  if (!setAddress(dev, slave, slave.permanentAddress)) throw new NetlinkError("EOPNOTSUPP");
  if (state.slaves.length === 0) return;
  if (slave.permanentAddress !== dev.address) {
    if (slaveWith(state, slave.dev.address) === undefined) return;
    setAddress(dev, slave, dev.address);
  }
  const free = state.slaves.find((other) => slaveWith(state, other.permanentAddress) === undefined);
  if (free !== undefined) setAddress(dev, slave, free.permanentAddress);
  else if (state.active !== null || slaveWith(state, dev.address) !== undefined) {
    throw new NetlinkError("EFAULT");
  }
}

/** A slave that has left, and whose own address another one has, changes with that one. */
export function giveAddressBack(dev: Bond, slave: Slave): void {
  const { permanentAddress } = slave;
  if (permanentAddress === slave.dev.address || permanentAddress === dev.address) return;
  const other = slaveWith(dev.state, permanentAddress);
  if (other !== undefined) swap(dev, slave, other);
}

/** Makes `slave` the active one: it and the former one change addresses, and switches and clients are told. */
export function changeActiveAddress(dev: Bond, slave: Slave | null): void {
  const { state } = dev;
  const { balance, active } = state;
  if (active !== null && balance?.isActivePromiscuous) {
    devSetPromiscuity(active.dev, -1);
    balance.isActivePromiscuous = false;
    balance.promiscuousTicks = 0;
  }
  state.active = slave;
  if (slave === null || state.slaves.length === 0) return;
  const former = active ?? slaveWith(state, dev.address);
  if (balance !== null) {
    if (former !== undefined) clearSender(balance, former, true);
    clearSender(balance, slave, true);
  }
  if (former !== undefined) return swap(dev, former, slave);
  setAddress(dev, slave, dev.address);
  sendLearning(dev, slave, dev.address, false);
}

function swap(dev: Bond, one: Slave, other: Slave): void {
  const address = one.dev.address;
  setAddress(dev, one, other.dev.address);
  setAddress(dev, other, address);
  const balance = dev.state.isAlb ? dev.state.balance : null;
  for (const slave of [one, other]) {
    if (!slave.canSend) continue;
    sendLearning(dev, slave, slave.dev.address, false);
    if (balance !== null) updateSlaveClients(balance, slave);
  }
  if (balance === null || one.canSend === other.canSend) return;
  teachOnActive(dev, balance, (one.canSend ? other : one).dev.address);
}

/** Sets the address of a bond of the mode balance-alb: the active slave has it too; EADDRNOTAVAIL for one of no station. */
export function setAlbAddress(dev: Bond, address: number): void {
  if (!isValidEtherAddr(address)) throw new NetlinkError("EADDRNOTAVAIL");
  const { state } = dev;
  dev.address = address;
  if (state.active === null) return;
  const holder = slaveWith(state, address);
  if (holder !== undefined) return swap(dev, holder, state.active);
  setAddress(dev, state.active, address);
  sendLearning(dev, state.active, address, false);
  if (state.balance !== null) updateSlaveClients(state.balance, state.active);
}
