// The modes balance-tlb and balance-alb over a bond's life: their clock, slaves that come, go, and change their links.
//
// Mirrors drivers/net/bonding/bond_alb.c (bond_alb_monitor, bond_alb_initialize, bond_alb_init_slave, bond_alb_deinit_slave,
// bond_alb_handle_link_change).

import { devSetPromiscuity } from "../../../net/flags.ts";
import type { Bond, Slave } from "../state.ts";
import { Balance } from "../state.ts";
import { giveAddressBack, takeOwnAddress } from "./addresses.ts";
import { sendLearning } from "./learning.ts";
import { clearClients, rebalanceClients, updateClients } from "./rlb.ts";
import { PROMISCUOUS_TICKS, REBALANCE_TICKS, TICKS } from "./ticks.ts";
import { clearSender, rebalanceSenders } from "./tlb.ts";

const TICK_NS = 1_000_000_000 / TICKS;

/** The bond is up: its tables are there, and its clock runs if something is balanced from time to time. */
export function startBalance(dev: Bond): void {
  const { state } = dev;
  state.balance = new Balance();
  if (state.params.tlbDynamic === 0 && !state.isAlb) return;
  state.balanceTimer ??= dev.machine.timers.timer(() => tick(dev));
  state.balanceTimer.start(0);
}

/** The bond is down. */
export function stopBalance({ state }: Bond): void {
  state.balanceTimer?.stop();
  if (state.balance?.isActivePromiscuous && state.active !== null) devSetPromiscuity(state.active.dev, -1);
  state.balance = null;
  for (const slave of state.slaves) slave.load = 0;
}

function tick(dev: Bond): void {
  const { state } = dev;
  const { balance, slaves, params, active } = state;
  if (balance === null) return;
  state.balanceTimer?.start(TICK_NS);
  if (slaves.length === 0) {
    balance.rebalanceTicks = 0;
    balance.learnTicks = 0;
    return;
  }
  if (++balance.learnTicks >= params.lpInterval * TICKS) {
    for (const slave of slaves) {
      sendLearning(dev, slave, slave.dev.address, slave !== active || state.isAlb);
    }
    balance.learnTicks = 0;
  }
  if (++balance.rebalanceTicks >= REBALANCE_TICKS) {
    rebalanceSenders(state, balance);
    balance.rebalanceTicks = 0;
  }
  if (state.isAlb) tickClients(dev, balance);
}

function tickClients({ state }: Bond, balance: Balance): void {
  if (balance.isActivePromiscuous && ++balance.promiscuousTicks >= PROMISCUOUS_TICKS) {
    balance.promiscuousTicks = 0;
    if (state.active !== null) devSetPromiscuity(state.active.dev, -1);
    balance.isActivePromiscuous = false;
  }
  if (balance.rebalancesClients) {
    balance.rebalancesClients = false;
    rebalanceClients(state, balance);
  }
  if (!balance.needsUpdate) return;
  if (balance.delayTicks > 0) {
    balance.delayTicks--;
    return;
  }
  updateClients(balance);
  if (balance.retries > 0) balance.retries--;
  else balance.needsUpdate = false;
}

/** A slave comes, and is not among the bond's yet: it gets an address of its own. EOPNOTSUPP, EFAULT (addresses.ts). */
export function addBalanced(dev: Bond, slave: Slave): void {
  takeOwnAddress(dev, slave);
  rebalanceSoon(dev);
}

/** A slave, which is not among the bond's any more, has gone. */
export function removeBalanced(dev: Bond, slave: Slave): void {
  const { state } = dev;
  if (state.slaves.length > 0) giveAddressBack(dev, slave);
  if (state.balance === null) return;
  clearSender(state.balance, slave, false);
  if (!state.isAlb) return;
  state.balance.lastAssigned = null;
  clearClients(dev, state.balance, slave);
}

/** A slave's link has come up, or is down. */
export function balanceLinkChanged(dev: Bond, slave: Slave, isUp: boolean): void {
  const { balance, isAlb } = dev.state;
  if (isUp) return rebalanceSoon(dev);
  if (balance === null) return;
  clearSender(balance, slave, false);
  if (isAlb) clearClients(dev, balance, slave);
}

function rebalanceSoon({ state }: Bond): void {
  if (state.balance === null) return;
  state.balance.rebalanceTicks = REBALANCE_TICKS;
  state.balance.rebalancesClients = true;
}
