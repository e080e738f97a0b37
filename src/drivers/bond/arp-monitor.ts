// The other way to find out whether slaves work: targets are asked, and what is heard is believed, not the carrier.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_loadbalance_arp_mon, bond_activebackup_arp_mon, bond_ab_arp_inspect,
// bond_ab_arp_commit, bond_ab_arp_probe).

import { BOND_LINK_BACK, BOND_LINK_DOWN, BOND_LINK_UP } from "../../uapi/if_bonding.ts";
import { setActive, setInactive } from "./flags.ts";
import { askTargets } from "./probe.ts";
import { notifyPeers, primaryOf, selectActive } from "./select.ts";
import type { Bond, Slave } from "./state.ts";
import { intervalsSince } from "./state.ts";
import { lastHeard } from "./targets.ts";

const MS = 1_000_000;

/** Asks from now on, while the bond is up and the option is set; else stops. */
export function watchTargets(dev: Bond): void {
  const { state, machine } = dev;
  if (!state.isOpen || state.params.arpInterval === 0) return void state.arpTimer?.stop();
  state.arpTimer ??= machine.timers.timer(() => monitor(dev));
  state.arpTimer.start(0);
}

function monitor(dev: Bond): void {
  const { state } = dev;
  notifyPeers(dev);
  if (state.hasActive) {
    const found = state.slaves.map((slave) => [slave, inspect(dev, slave)] as const);
    let isChanged = false;
    for (const [slave, link] of found) if (link !== undefined && settle(dev, slave, link)) isChanged = true;
    if (isChanged) selectActive(dev);
    probe(dev);
  } else balance(dev);
  state.arpTimer?.start(state.params.arpInterval * MS);
}

/** A bond that spreads frames: a slave works when it has sent and heard something lately. */
function balance(dev: Bond): void {
  const { missedMax } = dev.state.params;
  let isChanged = false;
  for (const slave of dev.state.slaves) {
    const isAlive = (intervals: number): boolean =>
      intervalsSince(dev, slave.lastTx, intervals) && intervalsSince(dev, slave.lastRx, intervals);
    if (slave.link !== BOND_LINK_UP && isAlive(1)) {
      slave.link = BOND_LINK_UP;
      setActive(dev, slave);
      isChanged = true;
    } else if (slave.link === BOND_LINK_UP && !isAlive(missedMax)) {
      markDown(slave);
      setInactive(dev, slave);
      isChanged = true;
    }
    // Also one that is down is asked by: how else would it be found to work again.
    if (slave.isUp) askTargets(dev, slave);
  }
  if (isChanged) selectActive(dev);
}

/** What a slave of a bond that sends by one has become, if anything (bond_ab_arp_inspect). */
function inspect(dev: Bond, slave: Slave): number | undefined {
  const { asking, params } = dev.state;
  const heard = lastHeard(dev, slave);
  if (slave.link !== BOND_LINK_UP) return intervalsSince(dev, heard, 1) ? BOND_LINK_UP : undefined;
  if (intervalsSince(dev, slave.lastLinkUp, 2)) return undefined;
  if (slave.isBackup) {
    const isLost = asking === null && !intervalsSince(dev, heard, params.missedMax + 1);
    return isLost ? BOND_LINK_DOWN : undefined;
  }
  const isAlive =
    intervalsSince(dev, slave.lastTx, params.missedMax) && intervalsSince(dev, heard, params.missedMax);
  return isAlive ? undefined : BOND_LINK_DOWN;
}

/** Makes a slave what was found; whether another may have to be sent by. */
function settle(dev: Bond, slave: Slave, link: number): boolean {
  const { state } = dev;
  if (link === BOND_LINK_DOWN) {
    markDown(slave);
    setInactive(dev, slave);
    if (slave !== state.active) return false;
    state.asking = null;
    return true;
  }
  if (state.active === slave && !intervalsSince(dev, slave.lastTx, 1)) return false;
  slave.link = BOND_LINK_UP;
  slave.lastLinkUp = dev.machine.clock.now();
  if (state.asking !== null) setInactive(dev, state.asking);
  state.asking = null;
  return state.active === null || slave === primaryOf(dev);
}

function markDown(slave: Slave): void {
  slave.link = BOND_LINK_DOWN;
  if (slave.failures < 0xffff_ffff) slave.failures++;
}

/** Asks by the slave that is sent by; without one, by the next that is up, in turns, until somebody answers. */
function probe(dev: Bond): void {
  const { state } = dev;
  if (state.active !== null) return askTargets(dev, state.active);
  const { slaves } = state;
  const former = state.asking ?? slaves[0];
  if (former === undefined) return;
  setInactive(dev, former);
  const place = slaves.indexOf(former);
  for (const slave of slaves) {
    if (slave.isUp || slave.link !== BOND_LINK_UP) continue;
    markDown(slave);
    setInactive(dev, slave);
  }
  const next = [...slaves.slice(place + 1), ...slaves.slice(0, place + 1)].find(({ isUp }) => isUp);
  state.asking = next ?? null;
  if (next === undefined) return;
  next.link = BOND_LINK_BACK;
  next.lastLinkUp = dev.machine.clock.now();
  setActive(dev, next);
  askTargets(dev, next);
}
