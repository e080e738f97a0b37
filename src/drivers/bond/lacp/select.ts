// Which aggregator a port joins, and which aggregator of a bond is in use.
//
// Mirrors drivers/net/bonding/bond_3ad.c (ad_port_selection_logic, ad_agg_selection_logic, ad_agg_selection_test,
// bond_3ad_set_carrier); IEEE 802.1AX-2020 6.4.14.

import { netifCarrierOff, netifCarrierOn } from "../../../net/carrier.ts";
import { LACP_STATE_SYNCHRONIZATION } from "../../../uapi/if_bonding.ts";
import { setActive, setInactive, updateSenders } from "../flags.ts";
import type { Aggregator, Bond, LacpPort } from "../state.ts";
import { updateReady } from "./mux.ts";
import { isFullDuplex } from "./port.ts";

/** Values of the option ad_select. */
const SELECT_STABLE = 0;
const SELECT_COUNT = 2;
const SELECT_PRIORITY = 3;

/** The ports of a bond. */
export function* portsOf(dev: Bond): Iterable<LacpPort> {
  for (const { lacp } of dev.state.slaves) if (lacp !== null) yield lacp;
}

/** The aggregator that is in use (__get_active_agg). */
export function activeAggregator(dev: Bond): Aggregator | null {
  for (const { own } of portsOf(dev)) if (own.isActive) return own;
  return null;
}

/** Finds an aggregator for a port that has none, or not the right one any more: one with the same partner, or its own. */
export function selectAggregator(port: LacpPort): void {
  if (port.isSelected) return;
  leaveAggregator(port);
  const joined = matching(port) ?? open(port);
  joined.ports.push(port);
  port.aggregator = joined;
  port.isSelected = true;
  updateReady(joined);
  selectActiveAggregator(port.bond);
  if (!joined.isActive) port.actor.state &= ~LACP_STATE_SYNCHRONIZATION;
}

function leaveAggregator(port: LacpPort): void {
  const { aggregator } = port;
  if (aggregator === null) return;
  aggregator.ports = aggregator.ports.filter((each) => each !== port);
  if (aggregator.ports.length === 0) aggregator.clear();
  port.aggregator = null;
}

/** An aggregator in use with the port's key and the partner it has. */
function matching(port: LacpPort): Aggregator | undefined {
  const { partner } = port;
  if (partner.system === 0) return undefined;
  for (const { own } of portsOf(port.bond)) {
    const isMatch =
      own.ports.length > 0 &&
      !own.isIndividual &&
      own.actorKey === port.actor.key &&
      own.partnerSystem === partner.system &&
      own.partnerSystemPriority === partner.systemPriority &&
      own.partnerKey === partner.key;
    if (isMatch) return own;
  }
  return undefined;
}

/** Opens an aggregator that nobody uses, for this port's kind: its own, or another when others are in that. */
function open(port: LacpPort): Aggregator {
  const free = [port, ...portsOf(port.bond)].find(({ own }) => own.ports.length === 0);
  const aggregator = free?.own ?? port.own;
  aggregator.isIndividual = !isFullDuplex(port);
  aggregator.actorKey = port.actor.key;
  aggregator.partnerSystem = port.partner.system;
  aggregator.partnerSystemPriority = port.partner.systemPriority;
  aggregator.partnerKey = port.partner.key;
  return aggregator;
}

/** Chooses the aggregator that is used, and takes the ports of the former one out of use. */
export function selectActiveAggregator(dev: Bond): void {
  const active = activeAggregator(dev);
  let best = active?.isUp === true ? active : null;
  for (const { own } of portsOf(dev)) {
    if (own.ports.length > 0 && own.isUp) best = better(dev, best, own);
  }
  if (best !== null && active !== null && best !== active && isKept(dev, active, best)) best = active;
  if (best !== active) {
    if (active !== null) {
      active.isActive = false;
      for (const port of active.ports) setInactive(dev, port.slave);
    }
    if (best !== null) best.isActive = true;
  }
  // Where nobody answers at the other end, it is taken to be no aggregator but a plain link.
  if (best !== null && !best.hasPartner) for (const port of best.ports) setActive(dev, port.slave);
  updateSenders(dev);
  setLacpCarrier(dev);
}

/** Whether the policy "stable" stays with what is in use: it works, and the better one has no partner that it lacks. */
function isKept(dev: Bond, active: Aggregator, best: Aggregator): boolean {
  if (dev.state.params.adSelect !== SELECT_STABLE) return false;
  if (active.activePorts === 0 || (!active.hasPartner && best.hasPartner)) return false;
  return active.actorKey !== 0 || best.actorKey === 0;
}

/** The better of two: one that is not individual, one with a partner, then by the policy. */
function better(dev: Bond, best: Aggregator | null, other: Aggregator): Aggregator {
  if (best === null || best === other) return other;
  if (best.isIndividual !== other.isIndividual) return best.isIndividual ? other : best;
  if (best.hasPartner !== other.hasPartner) return best.hasPartner ? best : other;
  const { adSelect } = dev.state.params;
  if (adSelect === SELECT_PRIORITY && priorityOf(best) !== priorityOf(other)) {
    return priorityOf(best) > priorityOf(other) ? best : other;
  }
  if (adSelect === SELECT_COUNT && best.activePorts !== other.activePorts) {
    return best.activePorts > other.activePorts ? best : other;
  }
  return other.bandwidth > best.bandwidth ? other : best;
}

function priorityOf(aggregator: Aggregator): number {
  return aggregator.ports.reduce((sum, port) => sum + port.actor.portPriority, 0);
}

/** A bond has a carrier while an aggregator is in use, with as many links as the user wants at least. */
export function setLacpCarrier(dev: Bond): void {
  const active = activeAggregator(dev);
  const isEnough = active !== null && active.activePorts >= dev.state.params.minLinks;
  if (isEnough) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}
