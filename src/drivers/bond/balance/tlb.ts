// Balance of what is sent: each conversation goes by the slave that had the most to spare when it began, and anew every ten seconds.
//
// Mirrors drivers/net/bonding/bond_alb.c (tlb_choose_channel, tlb_get_least_loaded_slave, tlb_clear_slave) and
// Documentation/networking/bonding.rst (balance-tlb). Differs: speeds above 4 Gb/s are compared as they are, not in 32 bits.

import type { Balance, BondState, Slave } from "../state.ts";
import { REBALANCE_SECONDS } from "./ticks.ts";

/** Bits that a slave of a speed of 1 Mb/s can send in a second. */
const MEGABIT = 1 << 20;

/** The slave that frames of conversation `number` go by; `length` more bytes are on it. Null when none can send. */
export function chooseSender(
  state: BondState,
  balance: Balance,
  number: number,
  length: number,
): Slave | null {
  let slave = balance.senders[number] ?? null;
  if (slave === null) {
    slave = leastLoaded(state.slaves);
    if (slave === null) return null;
    balance.senders[number] = slave;
    slave.load += balance.history[number] ?? 0;
  }
  balance.sentBytes[number] = (balance.sentBytes[number] ?? 0) + length;
  return slave;
}

function leastLoaded(slaves: readonly Slave[]): Slave | null {
  let found: Slave | null = null;
  let most = Number.NEGATIVE_INFINITY;
  for (const slave of slaves) {
    if (!slave.canSend) continue;
    const gap = slave.speed * MEGABIT - slave.load * 8;
    if (gap <= most) continue;
    found = slave;
    most = gap;
  }
  return found;
}

/** Takes a slave's conversations from it; with `isCounted` what they have sent is what they are taken to send from now on. */
export function clearSender(balance: Balance, slave: Slave, isCounted: boolean): void {
  for (const [number, sender] of balance.senders.entries()) {
    if (sender !== slave) continue;
    balance.senders[number] = null;
    if (!isCounted) continue;
    balance.history[number] = 1 + Math.floor((balance.sentBytes[number] ?? 0) / REBALANCE_SECONDS);
    balance.sentBytes[number] = 0;
  }
  slave.load = 0;
}

/** Lets all conversations choose again; what belongs to none is on the active slave (bond_alb_monitor). */
export function rebalanceSenders({ slaves, active }: BondState, balance: Balance): void {
  for (const slave of slaves) {
    clearSender(balance, slave, true);
    if (slave !== active) continue;
    slave.load = Math.floor(balance.unbalancedBytes / REBALANCE_SECONDS);
    balance.unbalancedBytes = 0;
  }
}
