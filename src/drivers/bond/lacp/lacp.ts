// 802.3ad over a bond's life: the clock of its state machines, slaves that come, go, and change their links.
//
// Mirrors drivers/net/bonding/bond_3ad.c (bond_3ad_state_machine_handler, bond_3ad_bind_slave, bond_3ad_unbind_slave,
// bond_3ad_handle_link_change, bond_3ad_update_ad_actor_settings).

import { LACP_STATE_LACP_ACTIVITY, LACP_STATE_LACP_TIMEOUT } from "../../../uapi/if_bonding.ts";
import type { Bond, Slave } from "../state.ts";
import { muxTick } from "./mux.ts";
import { makePort, updateKey } from "./port.ts";
import { receiveTick } from "./receive.ts";
import { portsOf, selectActiveAggregator, selectAggregator } from "./select.ts";
import { TICKS } from "./ticks.ts";
import { churnTick, periodicTick, transmitTick } from "./transmit.ts";

const TICK_NS = 1_000_000_000 / TICKS;

/** The bond is up: its machines run, and the first choice of an aggregator is near. */
export function startLacp(dev: Bond): void {
  dev.state.selectTicks = 1;
  dev.state.lacpTimer ??= dev.machine.timers.timer(() => tick(dev));
  dev.state.lacpTimer.start(0);
}

/** The bond is down; its ports stay as they are. */
export function stopLacp(dev: Bond): void {
  dev.state.lacpTimer?.stop();
}

function tick(dev: Bond): void {
  const { state } = dev;
  if (state.selectTicks > 0 && --state.selectTicks === 0) selectActiveAggregator(dev);
  for (const port of portsOf(dev)) {
    receiveTick(port);
    periodicTick(port);
    selectAggregator(port);
    muxTick(port);
    transmitTick(port);
    churnTick(port);
    port.begins = false;
  }
  state.lacpTimer?.start(TICK_NS);
}

/** A slave has come: it gets a port. */
export function bindSlave(dev: Bond, slave: Slave): void {
  dev.state.lastPortId = dev.state.slaves.length === 0 ? 1 : dev.state.lastPortId + 1;
  slave.lacp = makePort(dev, slave, dev.state.lastPortId);
}

/** A slave, which is not among the bond's any more, goes: others that were in its aggregator move to a free one. */
export function unbindSlave(dev: Bond, slave: Slave): void {
  const port = slave.lacp;
  slave.lacp = null;
  if (port === null) return;
  const { own, aggregator } = port;
  if (aggregator !== null) aggregator.ports = aggregator.ports.filter((each) => each !== port);
  if (aggregator !== null && aggregator !== own && aggregator.ports.length === 0) aggregator.clear();
  if (own.ports.length > 0) {
    const free = [...portsOf(dev)].find((each) => each.own.ports.length === 0)?.own;
    if (free !== undefined) {
      const { ports, isActive, isIndividual, actorKey, partnerSystem, partnerSystemPriority, partnerKey } =
        own;
      Object.assign(free, {
        ports,
        isActive,
        isIndividual,
        actorKey,
        partnerSystem,
        partnerSystemPriority,
        partnerKey,
      });
      for (const each of ports) each.aggregator = free;
    }
  }
  own.clear();
  selectActiveAggregator(dev);
}

/** A slave's link is up or down now, and its speed may be another. */
export function lacpLinkChanged(dev: Bond, { lacp: port }: Slave, isUp: boolean): void {
  if (port === null) return;
  port.isEnabled = isUp;
  updateKey(port, !isUp);
  selectActiveAggregator(dev);
}

/** Options of the ports have changed. */
export function updatePorts(dev: Bond): void {
  const { params } = dev.state;
  for (const port of portsOf(dev)) {
    port.actor.systemPriority = params.actorPriority;
    port.actor.system = params.actorSystem || dev.address;
    port.actor.portPriority = port.slave.actorPortPriority;
    port.actor.state &= ~(LACP_STATE_LACP_ACTIVITY | LACP_STATE_LACP_TIMEOUT);
    if (params.lacpActive !== 0) port.actor.state |= LACP_STATE_LACP_ACTIVITY;
    if (params.lacpRate !== 0) port.actor.state |= LACP_STATE_LACP_TIMEOUT;
    updateKey(port, !port.isEnabled);
    port.needsTransmit = true;
  }
}
