// Which slave a bond sends by, and what happens when another one does.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_choose_primary_or_current, bond_find_best_slave, bond_change_active_slave,
// bond_do_fail_over_mac, bond_set_carrier, bond_should_notify_peers, bond_resend_igmp_join_requests_delayed).

import { syncAddresses, unsyncAddresses } from "../../net/address-list.ts";
import { netifCarrierOff, netifCarrierOn } from "../../net/carrier.ts";
import { devSetMacAddress } from "../../net/change.ts";
import { notify } from "../../net/device.ts";
import { devSetAllmulti, devSetPromiscuity } from "../../net/flags.ts";
import { IFF_ALLMULTI, IFF_PROMISC, IFF_UP } from "../../uapi/if.ts";
import { BOND_LINK_BACK, BOND_LINK_UP } from "../../uapi/if_bonding.ts";
import { changeActiveAddress } from "./balance/addresses.ts";
import { balanceLinkChanged } from "./balance/balance.ts";
import { setActive, setInactive, updateSenders } from "./flags.ts";
import { setLacpCarrier } from "./lacp/select.ts";
import type { Bond, Slave } from "./state.ts";
import { FAIL_OVER_ACTIVE, FAIL_OVER_FOLLOW } from "./state.ts";

/** Values of the option primary_reselect. */
const RESELECT_ALWAYS = 0;
const RESELECT_BETTER = 1;
/** Between reports of IGMP memberships (HZ / 5). */
const IGMP_INTERVAL_NS = 200_000_000;

/** Sends by the best slave from now on, where one is sent by; the carrier follows (bond_select_active_slave). */
export function selectActive(dev: Bond): void {
  if (dev.state.hasActive) {
    const best = findBest(dev);
    if (best !== dev.state.active) changeActive(dev, best);
  }
  updateSenders(dev);
  setCarrier(dev);
}

/** The slave that should be sent by: the one chosen, else the first whose link is up or is about to be. */
function findBest(dev: Bond): Slave | null {
  const { slaves } = dev.state;
  const chosen = choose(dev);
  if (chosen !== null) return chosen;
  const ready = slaves.find((slave) => slave.link === BOND_LINK_UP);
  if (ready !== undefined) return ready;
  const coming = slaves.filter((slave) => slave.link === BOND_LINK_BACK && slave.isUp);
  return coming.sort((one, other) => one.delay - other.delay)[0] ?? null;
}

/** The primary, or without it the first of the highest priority, if the rule of reselection prefers it to the one in use. */
function choose(dev: Bond): Slave | null {
  const { slaves, active, params } = dev.state;
  let wanted = primaryOf(dev);
  if (wanted?.link === BOND_LINK_UP) {
    if (dev.state.forcesPrimary) {
      dev.state.forcesPrimary = false;
      return wanted;
    }
  } else {
    const up = slaves.filter(({ link }) => link === BOND_LINK_UP);
    wanted = up.find(({ priority }) => up.every((other) => other.priority <= priority));
    if (wanted === undefined) return null;
    if (wanted === active) return active;
  }
  if (active?.link !== BOND_LINK_UP || params.primaryReselect === RESELECT_ALWAYS) return wanted;
  if (params.primaryReselect !== RESELECT_BETTER || wanted.speed < active.speed) return active;
  return wanted.speed === active.speed && wanted.duplex <= active.duplex ? active : wanted;
}

/** The slave of the name that the option primary has. */
export function primaryOf({ state }: Bond): Slave | undefined {
  const { primary } = state.params;
  return primary === "" ? undefined : state.slaves.find(({ dev }) => dev.name === primary);
}

/** Makes a slave the one that is sent by; null for none (bond_change_active_slave). */
export function changeActive(dev: Bond, slave: Slave | null): void {
  const { state } = dev;
  const old = state.active;
  if (old === slave) return;
  if (slave?.link === BOND_LINK_BACK) {
    slave.delay = 0;
    slave.link = BOND_LINK_UP;
    if (state.isBalanced) balanceLinkChanged(dev, slave, true);
  }
  swapFilters(dev, slave, old);
  if (state.isBalanced) changeActiveAddress(dev, slave);
  else state.active = slave;
  if (!state.hasActive) return;
  if (old !== null) setInactive(dev, old);
  if (slave === null) return;
  slave.lastLinkUp = dev.machine.clock.now();
  setActive(dev, slave);
  if (state.isActiveBackup) failOver(dev, slave, old);
  if ((dev.flags & IFF_UP) === 0) return;
  state.igmpReports = state.params.resendIgmp;
  resendIgmp(dev);
}

/** The bond is reached by another slave: addresses follow, and the hosts around are told. */
function failOver(dev: Bond, slave: Slave, old: Slave | null): void {
  const { state } = dev;
  failOverMac(dev, slave, old);
  if ((dev.flags & IFF_UP) === 0) return;
  state.peerNotifications = state.params.peerNotifications * Math.max(1, state.params.peerNotifDelay);
  const isDue = shouldNotifyPeers(dev);
  notify("bonding-failover", dev);
  if (isDue) {
    state.peerNotifications--;
    notify("notify-peers", dev);
  }
}

/** Only the slave that is sent by listens to what the bond does (bond_hw_addr_swap). */
function swapFilters(dev: Bond, slave: Slave | null, old: Slave | null): void {
  if (!dev.state.hasActive) return;
  if (old !== null) {
    if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(old.dev, -1);
    if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(old.dev, -1);
    if ((dev.flags & IFF_UP) !== 0) unsyncAddresses(old.dev, dev);
  }
  if (slave !== null) {
    if ((dev.flags & IFF_PROMISC) !== 0) devSetPromiscuity(slave.dev, 1);
    if ((dev.flags & IFF_ALLMULTI) !== 0) devSetAllmulti(slave.dev, 1);
    if ((dev.flags & IFF_UP) !== 0) syncAddresses(slave.dev, dev);
  }
}

/** "active" gives the bond the slave's address; "follow" the slave the bond's, and the former one the slave's own. */
function failOverMac(dev: Bond, slave: Slave, old: Slave | null): void {
  const { failOverMac: policy } = dev.state.params;
  if (policy === FAIL_OVER_ACTIVE && dev.address !== slave.dev.address) {
    dev.address = slave.dev.address;
    notify("change-address", dev);
  }
  if (policy !== FAIL_OVER_FOLLOW || slave.dev.address === dev.address) return;
  const freed = slave.dev.address;
  const former = old ?? dev.state.slaves.find((each) => each.dev.address === dev.address);
  if (former !== undefined) devSetMacAddress(former.dev, freed);
  devSetMacAddress(slave.dev, dev.address);
}

/** Whether the hosts around are to be told now that the bond is reached by another slave. */
function shouldNotifyPeers({ state, hasCarrier }: Bond): boolean {
  if (state.active === null || state.peerNotifications === 0 || !hasCarrier) return false;
  return state.peerNotifications % Math.max(1, state.params.peerNotifDelay) === 0;
}

/** A look of either monitor: one more notification is sent, or is nearer. */
export function notifyPeers(dev: Bond): void {
  if (dev.state.peerNotifications === 0) return;
  const isDue = shouldNotifyPeers(dev);
  dev.state.peerNotifications--;
  if (isDue) notify("notify-peers", dev);
}

/** Reports what the bond listens to, again after a fifth of a second, as often as the option says. */
function resendIgmp(dev: Bond): void {
  const { state } = dev;
  if (state.igmpReports === 0) return;
  state.igmpReports--;
  notify("resend-igmp", dev);
  if (state.igmpReports === 0) return;
  state.igmpTimer ??= dev.machine.timers.timer(() => resendIgmp(dev));
  state.igmpTimer.start(IGMP_INTERVAL_NS);
}

/** A bond has a carrier while a slave's link is up (bond_set_carrier). */
export function setCarrier(dev: Bond): void {
  if (dev.state.isLacp) setLacpCarrier(dev);
  else if (dev.state.slaves.some(({ link }) => link === BOND_LINK_UP)) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}
