// Whether a port takes part in its aggregator: the mux machine, with one step for both directions or with one for each.
//
// Mirrors drivers/net/bonding/bond_3ad.c (ad_mux_machine); IEEE 802.1AX-2020 6.4.15 (figures 6-21 and 6-22). Differs: a port
// that comes into step because its aggregator has become the active one tells its partner at once, as the standard asks.

import * as lacp from "../../../uapi/if_bonding.ts";
import { setActive, setBackup, setInactive } from "../flags.ts";
import type { Aggregator, LacpPort, MuxState } from "../state.ts";
import { AGGREGATE_WAIT_TICKS } from "./ticks.ts";

const {
  LACP_STATE_COLLECTING: COLLECTING,
  LACP_STATE_DISTRIBUTING: DISTRIBUTING,
  LACP_STATE_SYNCHRONIZATION: SYNCHRONIZATION,
} = lacp;

/** A tick of the mux machine. */
export function muxTick(port: LacpPort): void {
  const next = port.begins ? "detached" : nextState(port);
  if (next === port.mux && !port.begins) return;
  port.mux = next;
  enter(port);
}

function nextState(port: LacpPort): MuxState {
  switch (port.mux) {
    case "detached":
      return port.isSelected ? "waiting" : "detached";
    case "waiting":
      return waiting(port);
    case "attached":
      return attached(port);
    case "collecting-distributing":
      return isInStep(port) ? stay(port) : "attached";
    case "collecting":
      if (!isInStep(port)) return "attached";
      return (port.partner.state & COLLECTING) !== 0 ? "distributing" : "collecting";
    case "distributing":
      if (!isInStep(port) || (port.partner.state & COLLECTING) === 0) return "collecting";
      return stay(port);
  }
}

function waiting(port: LacpPort): MuxState {
  if (!port.isSelected) return leave(port);
  if (port.waitTicks > 0 && --port.waitTicks === 0) port.isReadyN = true;
  updateReady(port.aggregator);
  return port.isReady && port.waitTicks === 0 ? "attached" : "waiting";
}

function attached(port: LacpPort): MuxState {
  const { state } = port.bond;
  if (!port.isSelected) return leave(port);
  if (port.aggregator?.isActive !== true) return "attached";
  if ((port.partner.state & SYNCHRONIZATION) !== 0 && state.selectTicks === 0) {
    return state.params.coupledControl !== 0 ? "collecting-distributing" : "collecting";
  }
  if ((port.actor.state & SYNCHRONIZATION) === 0) {
    port.actor.state |= SYNCHRONIZATION;
    port.needsTransmit = true;
  }
  return "attached";
}

function leave(port: LacpPort): MuxState {
  port.isReadyN = false;
  updateReady(port.aggregator);
  return "detached";
}

function isInStep(port: LacpPort): boolean {
  return (
    port.isSelected &&
    (port.partner.state & SYNCHRONIZATION) !== 0 &&
    (port.actor.state & SYNCHRONIZATION) !== 0
  );
}

/** The ports of the active aggregator are in use, whatever has happened to others meanwhile. */
function stay(port: LacpPort): MuxState {
  if (port.aggregator?.isActive === true && port.slave.isBackup) setActive(port.bond, port.slave);
  return port.mux;
}

function enter(port: LacpPort): void {
  const { bond, slave } = port;
  switch (port.mux) {
    case "detached":
      port.actor.state &= ~(SYNCHRONIZATION | COLLECTING | DISTRIBUTING);
      disable(port);
      break;
    case "waiting":
      port.waitTicks = AGGREGATE_WAIT_TICKS;
      return;
    case "attached":
      if (port.aggregator?.isActive === true) port.actor.state |= SYNCHRONIZATION;
      else port.actor.state &= ~SYNCHRONIZATION;
      port.actor.state &= ~(COLLECTING | DISTRIBUTING);
      disable(port);
      break;
    case "collecting-distributing":
    case "distributing":
      port.actor.state |= SYNCHRONIZATION | COLLECTING | DISTRIBUTING;
      setActive(bond, slave);
      break;
    case "collecting":
      port.actor.state = (port.actor.state | SYNCHRONIZATION | COLLECTING) & ~DISTRIBUTING;
      setBackup(bond, slave);
      break;
  }
  port.needsTransmit = true;
}

/** Takes a port out of use, but one whose other end is a plain link (select.ts). */
function disable({ aggregator, bond, slave }: LacpPort): void {
  if (aggregator?.hasPartner === true) setInactive(bond, slave);
}

/** An aggregator's ports are ready together (__agg_ports_are_ready, __set_agg_ports_ready). */
export function updateReady(aggregator: Aggregator | null): void {
  if (aggregator === null) return;
  const isReady = aggregator.ports.every((port) => port.isReadyN);
  for (const port of aggregator.ports) port.isReady = isReady;
}
