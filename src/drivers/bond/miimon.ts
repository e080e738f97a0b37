// The looks at the slaves' carriers.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_mii_monitor, bond_miimon_inspect, bond_miimon_commit,
// bond_update_speed_duplex).

import { linkSettings } from "../../net/ethtool.ts";
import { DUPLEX_FULL, DUPLEX_HALF, DUPLEX_UNKNOWN, SPEED_UNKNOWN } from "../../uapi/ethtool.ts";
import { BOND_LINK_BACK, BOND_LINK_DOWN, BOND_LINK_FAIL, BOND_LINK_UP } from "../../uapi/if_bonding.ts";
import { balanceLinkChanged } from "./balance/balance.ts";
import { setActive, setInactive } from "./flags.ts";
import { lacpLinkChanged } from "./lacp/lacp.ts";
import { notifyPeers, selectActive } from "./select.ts";
import type { Bond, Slave } from "./state.ts";

const MS = 1_000_000;

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
  const { state } = dev;
  if (state.params.miimon === 0) return;
  notifyPeers(dev);
  const isChanged = state.slaves.map((slave) => inspect(dev, slave)).some(Boolean);
  if (isChanged) selectActive(dev);
  const isWaiting = state.slaves.some(({ link }) => link === BOND_LINK_FAIL || link === BOND_LINK_BACK);
  if (isWaiting || state.peerNotifications > 0) watch(dev);
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
  if (slave.link === BOND_LINK_BACK) settleUp(dev, slave);
  else settleDown(dev, slave);
  return true;
}

function settleUp(dev: Bond, slave: Slave): void {
  const { state } = dev;
  if (!updateSpeed(slave) && state.isLacp) {
    slave.link = BOND_LINK_DOWN;
    return;
  }
  slave.link = BOND_LINK_UP;
  // Of 802.3ad a slave is a backup until its port takes part.
  if (state.isLacp || (state.isActiveBackup && slave !== state.active)) slave.isBackup = true;
  else if (!state.isBalanced) setActive(dev, slave);
  if (state.isLacp) lacpLinkChanged(dev, slave, true);
  if (state.isBalanced) balanceLinkChanged(dev, slave, true);
}

function settleDown(dev: Bond, slave: Slave): void {
  const { state } = dev;
  slave.link = BOND_LINK_DOWN;
  if (slave.failures < 0xffff_ffff) slave.failures++;
  if (state.isActiveBackup || state.isLacp) setInactive(dev, slave);
  if (state.isLacp) lacpLinkChanged(dev, slave, false);
  if (state.isBalanced) balanceLinkChanged(dev, slave, false);
}

/** Asks the slave's device for speed and duplex; false when it does not tell both (bond_update_speed_duplex). */
export function updateSpeed(slave: Slave): boolean {
  slave.speed = SPEED_UNKNOWN;
  slave.duplex = DUPLEX_UNKNOWN;
  if (slave.dev.ops.ethtool?.linkSettings === undefined) return false;
  const { speed, duplex } = linkSettings(slave.dev);
  if (speed === 0 || speed === SPEED_UNKNOWN) return false;
  if (duplex !== DUPLEX_FULL && duplex !== DUPLEX_HALF) return false;
  slave.speed = speed;
  slave.duplex = duplex;
  return true;
}
