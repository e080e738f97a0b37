// Whether a slave is in use: it sends, it is heard, or neither.
//
// Mirrors include/net/bonding.h (bond_set_slave_active_flags, bond_set_slave_inactive_flags, bond_set_slave_rx_enabled_flags)
// and drivers/net/bonding/bond_main.c (bond_update_slave_arr).

import { announceLink } from "../../net/device.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { BOND_MODE_XOR } from "../../uapi/if_bonding.ts";
import type { Bond, Slave } from "./state.ts";
import { listenForTargets } from "./targets.ts";

/** The slave sends, and is heard. */
export function setActive(dev: Bond, slave: Slave): void {
  change(dev, slave, false, false);
}

/** The slave neither sends nor is heard, but in a bond that hears all its slaves; where loads are balanced, it sends. */
export function setInactive(dev: Bond, slave: Slave): void {
  change(dev, slave, !dev.state.isBalanced, dev.state.params.allSlavesActive === 0);
}

/** The slave is heard, and does not send. */
export function setBackup(dev: Bond, slave: Slave): void {
  change(dev, slave, true, false);
}

function change(dev: Bond, slave: Slave, isBackup: boolean, isInactive: boolean): void {
  slave.isInactive = isInactive;
  if (slave.isBackup !== isBackup) {
    slave.isBackup = isBackup;
    listenForTargets(dev, slave);
    // Told like any change of a lower device's state (NETDEV_CHANGELOWERSTATE).
    if ((dev.flags & IFF_UP) !== 0 && slave.dev.master === dev) announceLink(slave.dev, 0);
  }
  updateSenders(dev);
}

/** Finds anew by which slaves a frame may go, for the modes that choose by a hash. */
export function updateSenders(dev: Bond): void {
  const { state } = dev;
  if (state.params.mode !== BOND_MODE_XOR && !state.isLacp && !state.isBalanced) return;
  state.senders = state.slaves.filter(
    (slave) => slave.canSend && (!state.isLacp || slave.lacp?.aggregator?.isActive === true),
  );
}
