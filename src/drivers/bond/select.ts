// Which slave a bond sends by, and the looks at the slaves' carriers.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_find_best_slave, bond_change_active_slave, bond_set_carrier,
// bond_miimon_inspect, bond_miimon_commit).

import { netifCarrierOff, netifCarrierOn } from "../../net/carrier.ts";
import { notify } from "../../net/device.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { BOND_LINK_BACK, BOND_LINK_DOWN, BOND_LINK_FAIL, BOND_LINK_UP } from "../../uapi/if_bonding.ts";
import type { Bond, Slave } from "./state.ts";

/** Values of the option primary_reselect. */
const RESELECT_ALWAYS = 0;
/** The value "active" of the option fail_over_mac. */
const FAIL_OVER_ACTIVE = 1;
const MS = 1_000_000;

/** Sends by the best slave from now on, where one is sent by; the carrier follows (bond_select_active_slave). */
export function selectActive(dev: Bond): void {
  if (dev.state.hasActive) {
    const best = findBest(dev);
    if (best !== dev.state.active) changeActive(dev, best);
  }
  setCarrier(dev);
}

/** The primary or the one in use while its link is up, else the first whose link is. */
function findBest(dev: Bond): Slave | null {
  const { slaves, active, params } = dev.state;
  const primary = slaves.find((slave) => slave.dev.name === params.primary && params.primary !== "");
  const isForced = dev.state.forcesPrimary;
  dev.state.forcesPrimary = false;
  const current = active?.link === BOND_LINK_UP ? active : null;
  if (primary?.link === BOND_LINK_UP) {
    // "better" is by speed and duplex, in which virtual devices are alike: the one in use stays.
    if (isForced || current === null || params.primaryReselect === RESELECT_ALWAYS) return primary;
  }
  if (current !== null) return current;
  const ready = slaves.find((slave) => slave.link === BOND_LINK_UP);
  if (ready !== undefined) return ready;
  const coming = slaves.filter((slave) => slave.link === BOND_LINK_BACK && slave.isUp);
  return coming.sort((one, other) => one.delay - other.delay)[0] ?? null;
}

/** Makes a slave the one that is sent by; null for none (bond_change_active_slave). */
export function changeActive(dev: Bond, slave: Slave | null): void {
  const { state } = dev;
  const old = state.active;
  if (old === slave) return;
  if (slave !== null && slave.link === BOND_LINK_BACK) {
    slave.delay = 0;
    slave.link = BOND_LINK_UP;
  }
  if (old !== null) old.isBackup = true;
  state.active = slave;
  if (slave === null) return;
  slave.isBackup = false;
  if (state.params.failOverMac === FAIL_OVER_ACTIVE && dev.address !== slave.dev.address) {
    dev.address = slave.dev.address;
    notify("change-address", dev);
  }
  if ((dev.flags & IFF_UP) !== 0 && state.params.peerNotifications > 0) notify("notify-peers", dev);
}

/** A bond has a carrier while a slave's link is up (bond_set_carrier). */
export function setCarrier(dev: Bond): void {
  if (dev.state.slaves.some(({ link }) => link === BOND_LINK_UP)) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}

/**
 * Looks at the carriers at the next multiple of miimon. Looks at which nothing has changed have no effect, so there is none
 * until an event of a slave asks for it.
 */
export function watch(dev: Bond): void {
  const { state, machine } = dev;
  if (state.params.miimon === 0 || !state.isOpen) return;
  state.monitor ??= machine.timers.timer(() => look(dev));
  if (state.monitor.isPending) return;
  const period = state.params.miimon * MS;
  state.monitor.start(period - (machine.clock.now() % period));
}

function look(dev: Bond): void {
  if (dev.state.params.miimon === 0) return;
  const isChanged = dev.state.slaves.map((slave) => inspect(dev, slave)).some(Boolean);
  if (isChanged) selectActive(dev);
  if (dev.state.slaves.some(({ link }) => link === BOND_LINK_FAIL || link === BOND_LINK_BACK)) watch(dev);
}

/** One look at one slave; whether its link has become up or down by it. */
function inspect(dev: Bond, slave: Slave): boolean {
  const { params } = dev.state;
  const { isUp } = slave;
  if (slave.link === BOND_LINK_UP && !isUp) {
    slave.link = BOND_LINK_FAIL;
    slave.delay = params.downDelay;
  } else if (slave.link === BOND_LINK_FAIL && isUp) {
    slave.link = BOND_LINK_UP;
    return false;
  } else if (slave.link === BOND_LINK_DOWN && isUp) {
    slave.link = BOND_LINK_BACK;
    slave.delay = params.upDelay;
  } else if (slave.link === BOND_LINK_BACK && !isUp) {
    slave.link = BOND_LINK_DOWN;
    return false;
  }
  if (slave.link !== BOND_LINK_FAIL && slave.link !== BOND_LINK_BACK) return false;
  // Without any other way there is nothing to wait for.
  if (slave.link === BOND_LINK_BACK && dev.state.hasActive && dev.state.active === null) slave.delay = 0;
  if (slave.delay > 0) {
    slave.delay--;
    return false;
  }
  settle(dev, slave);
  return true;
}

function settle(dev: Bond, slave: Slave): void {
  const isUp = slave.link === BOND_LINK_BACK;
  slave.link = isUp ? BOND_LINK_UP : BOND_LINK_DOWN;
  if (!isUp && slave.failures < 0xffff_ffff) slave.failures++;
  slave.isBackup = dev.state.hasActive ? slave !== dev.state.active || !isUp : !isUp;
}
