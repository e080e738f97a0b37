// What a port tells its partner, and when: the periodic, transmit and churn machines.
//
// Mirrors drivers/net/bonding/bond_3ad.c (ad_periodic_machine, ad_tx_machine, ad_lacpdu_send, ad_churn_machine);
// IEEE 802.1AX-2020 6.4.13, 6.4.16, 6.4.17.

import { ethHeader } from "../../../net/ethernet.ts";
import { devQueueXmit } from "../../../net/transmit.ts";
import * as lacp from "../../../uapi/if_bonding.ts";
import { ETH_P_SLOW } from "../../../uapi/if_ether.ts";
import { emitLacpdu, LACPDU_SIZE, SLOW_PROTOCOLS_MAC } from "../../../wire/lacp.ts";
import type { LacpPort } from "../state.ts";
import {
  CHURN,
  CHURN_DETECTION_TICKS,
  CHURN_MONITOR,
  FAST_PERIODIC_TICKS,
  NO_CHURN,
  SLOW_PERIODIC_TICKS,
  TX_TICKS,
} from "./ticks.ts";

/** The priority of control traffic (TC_PRIO_CONTROL). */
const controlPriority = 7;

/** A tick of the periodic machine: as often as the partner asks, and not at all between two that are passive. */
export function periodicTick(port: LacpPort): void {
  const isSpoken = ((port.actor.state | port.partner.state) & lacp.LACP_STATE_LACP_ACTIVITY) !== 0;
  if (port.begins || !port.isLacpEnabled || !port.isEnabled || !isSpoken) {
    port.periodic = "none";
    port.periodicTicks = 0;
    return;
  }
  const isFast = (port.partner.state & lacp.LACP_STATE_LACP_TIMEOUT) !== 0;
  if (port.periodicTicks > 0) {
    port.periodicTicks--;
    const isDue = port.periodicTicks === 0 || (port.periodic === "slow" && isFast);
    if (!isDue && !(port.periodic === "fast" && !isFast)) return;
    port.periodic = isDue ? "tx" : "slow";
    if (port.periodic === "slow") port.periodicTicks = SLOW_PERIODIC_TICKS;
    else port.periodicTicks = 0;
  } else if (port.periodic === "none") setPeriod(port, isFast);
  if (port.periodic !== "tx") return;
  port.needsTransmit = true;
  setPeriod(port, isFast);
}

function setPeriod(port: LacpPort, isFast: boolean): void {
  port.periodic = isFast ? "fast" : "slow";
  port.periodicTicks = isFast ? FAST_PERIODIC_TICKS : SLOW_PERIODIC_TICKS;
}

/** A tick of the transmit machine: what is to be told is told at most three times a second. */
export function transmitTick(port: LacpPort): void {
  port.txTicks--;
  if (port.txTicks > 0) return;
  if (port.needsTransmit && port.isLacpEnabled) {
    send(port);
    port.needsTransmit = false;
  }
  port.txTicks = TX_TICKS;
}

function send(port: LacpPort): void {
  const { dev, permanentAddress } = port.slave;
  const frame = dev.machine.frames.alloc(LACPDU_SIZE);
  if (frame === null) return;
  frame.end = frame.start + LACPDU_SIZE;
  frame.networkHeader = frame.start;
  frame.dev = dev;
  frame.priority = controlPriority;
  emitLacpdu(frame.bytes, frame.start, port.actor, port.partner);
  ethHeader(frame, ETH_P_SLOW, permanentAddress, SLOW_PROTOCOLS_MAC);
  devQueueXmit(frame);
}

/** A tick of the churn machines: whether either end has come into step within a minute. */
export function churnTick(port: LacpPort): void {
  if (port.isChurned) {
    port.isChurned = false;
    port.actorChurn = CHURN_MONITOR;
    port.partnerChurn = CHURN_MONITOR;
    port.actorChurnTicks = CHURN_DETECTION_TICKS;
    port.partnerChurnTicks = CHURN_DETECTION_TICKS;
    return;
  }
  if (port.actorChurnTicks > 0 && --port.actorChurnTicks === 0) {
    port.actorChurn = churnOf(port.actor.state);
    if (port.actorChurn === CHURN) port.actorChurns++;
  }
  if (port.partnerChurnTicks > 0 && --port.partnerChurnTicks === 0) {
    port.partnerChurn = churnOf(port.partner.state);
    if (port.partnerChurn === CHURN) port.partnerChurns++;
  }
}

function churnOf(state: number): number {
  return (state & lacp.LACP_STATE_SYNCHRONIZATION) !== 0 ? NO_CHURN : CHURN;
}
