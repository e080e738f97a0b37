// What a port hears of its partner: the receive machine, and markers, which are answered.
//
// Mirrors drivers/net/bonding/bond_3ad.c (bond_3ad_lacpdu_recv, ad_rx_machine, __update_selected, __update_ntt, __record_pdu,
// __choose_matched); IEEE 802.1AX-2020 6.4.12.

import { equalsMac } from "../../../bytes/mac.ts";
import { ethHeader } from "../../../net/ethernet.ts";
import type { Frame } from "../../../net/netdevice.ts";
import { devQueueXmit } from "../../../net/transmit.ts";
import * as lacp from "../../../uapi/if_bonding.ts";
import { ETH_P_SLOW } from "../../../uapi/if_ether.ts";
import type { LacpSide } from "../../../wire/lacp.ts";
import * as wire from "../../../wire/lacp.ts";
import type { LacpPort, Slave } from "../state.ts";
import { isFullDuplex, unheardPartner } from "./port.ts";
import { LONG_TIMEOUT_TICKS, SHORT_TIMEOUT_TICKS } from "./ticks.ts";

const { LACP_STATE_SYNCHRONIZATION: SYNCHRONIZATION, LACP_STATE_AGGREGATION: AGGREGATION } = lacp;

/** What of a port's state makes it worth telling a partner who believes otherwise. */
const toldState =
  lacp.LACP_STATE_LACP_ACTIVITY | lacp.LACP_STATE_LACP_TIMEOUT | SYNCHRONIZATION | AGGREGATION;

/** Takes a frame of the slow protocols that a slave received; false leaves it to others. */
export function receiveSlow(frame: Frame, slave: Slave): boolean {
  const { bytes, start } = frame;
  const port = slave.lacp;
  if (port === null || frame.protocol !== ETH_P_SLOW || frame.length < wire.LACPDU_SIZE) return false;
  if (!equalsMac(bytes, frame.macHeader, wire.SLOW_PROTOCOLS_MAC)) return false;
  const subtype = bytes[start];
  if (subtype === wire.SUBTYPE_MARKER) {
    if (wire.markerType(bytes, start) !== wire.MARKER_INFORMATION) frame.pool.free(frame);
    else answerMarker(frame, slave);
    return true;
  }
  if (subtype !== wire.SUBTYPE_LACP) return false;
  hear(port, wire.readActor(bytes, start), wire.readPartner(bytes, start));
  frame.pool.free(frame);
  return true;
}

/** Sends a marker back as its response (ad_marker_info_received). */
function answerMarker(frame: Frame, slave: Slave): void {
  if (!frame.pool.writable(frame)) return frame.pool.free(frame);
  wire.turnMarker(frame.bytes, frame.start);
  frame.end = frame.start + wire.LACPDU_SIZE;
  ethHeader(frame, ETH_P_SLOW, slave.permanentAddress, wire.SLOW_PROTOCOLS_MAC);
  frame.dev = slave.dev;
  devQueueXmit(frame);
}

/** A LACPDU arrived: the machine takes it when the port is in a state to (ad_rx_machine). */
function hear(port: LacpPort, actor: LacpSide, partner: LacpSide): void {
  if (isBegun(port)) return;
  const { receive } = port;
  if (receive !== "expired" && receive !== "defaulted" && receive !== "current") return;
  // A loop of the cable itself: what was heard is what was said.
  if (actor.system === port.actor.system) return;
  if (receive !== "current") port.isChurned = true;
  port.receive = "current";
  if (!isSamePartner(actor, port.partner)) port.isSelected = false;
  if (!isKnown(port, partner) || ((partner.state ^ port.actor.state) & toldState) !== 0)
    port.needsTransmit = true;
  record(port, actor, partner);
  const isShort = (port.actor.state & lacp.LACP_STATE_LACP_TIMEOUT) !== 0;
  port.currentWhile = isShort ? SHORT_TIMEOUT_TICKS : LONG_TIMEOUT_TICKS;
  port.actor.state &= ~lacp.LACP_STATE_EXPIRED;
}

/** Whether the port is to begin anew, or its link is down: nothing heard counts then. */
function isBegun(port: LacpPort): boolean {
  return port.begins || !port.isEnabled;
}

/** Whether what decides about aggregation is the same at two partners. */
function isSamePartner(one: LacpSide, other: LacpSide): boolean {
  return (
    one.port === other.port &&
    one.portPriority === other.portPriority &&
    one.system === other.system &&
    one.systemPriority === other.systemPriority &&
    one.key === other.key &&
    ((one.state ^ other.state) & AGGREGATION) === 0
  );
}

/** Whether a partner believes of this end what it is. */
function isKnown(port: LacpPort, believed: LacpSide): boolean {
  return isSamePartner(believed, port.actor);
}

/** Keeps what the partner says of itself; in step only when it is that with this very end. */
function record(port: LacpPort, actor: LacpSide, partner: LacpSide): void {
  port.isMatched = isKnown(port, partner) || (actor.state & AGGREGATION) === 0;
  port.partner = actor;
  port.actor.state &= ~lacp.LACP_STATE_DEFAULTED;
  if (!port.isMatched) port.partner.state &= ~SYNCHRONIZATION;
}

/** A tick of the receive machine. */
export function receiveTick(port: LacpPort): void {
  const before = port.receive;
  if (port.begins) port.receive = "initialize";
  else if (!port.isEnabled) port.receive = "port-disabled";
  else if (port.currentWhile > 0) {
    port.currentWhile--;
    if (port.currentWhile > 0) return;
    if (before === "current") port.receive = "expired";
    else if (before === "expired") port.receive = "defaulted";
  } else if (before === "initialize") port.receive = "port-disabled";
  else if (before === "port-disabled") port.receive = port.isLacpEnabled ? "expired" : "lacp-disabled";
  if (port.receive !== before || port.begins) enter(port);
}

function enter(port: LacpPort): void {
  switch (port.receive) {
    case "initialize":
      port.isLacpEnabled = isFullDuplex(port);
      port.isSelected = false;
      assume(port);
      port.actor.state &= ~lacp.LACP_STATE_EXPIRED;
      port.currentWhile = 0;
      return;
    case "port-disabled":
      port.isMatched = false;
      port.currentWhile = 0;
      return;
    case "expired":
      port.isChurned = true;
      port.isMatched = false;
      // The partner is asked to answer soon, and taken to do so.
      port.partner.state = (port.partner.state & ~SYNCHRONIZATION) | lacp.LACP_STATE_LACP_TIMEOUT;
      port.partner.state |= lacp.LACP_STATE_LACP_ACTIVITY;
      port.currentWhile = SHORT_TIMEOUT_TICKS;
      port.actor.state |= lacp.LACP_STATE_EXPIRED;
      return;
    case "defaulted":
      port.isChurned = true;
      if (!isSamePartner(unheardPartner(), port.partner)) port.isSelected = false;
      assume(port);
      port.isMatched = true;
      port.actor.state &= ~lacp.LACP_STATE_EXPIRED;
      return;
    case "lacp-disabled":
      port.isSelected = false;
      assume(port);
      port.partner.state &= ~AGGREGATION;
      port.isMatched = true;
      port.actor.state &= ~lacp.LACP_STATE_EXPIRED;
      return;
    case "current":
      return;
  }
}

/** Takes for granted what a partner that is not heard is (__record_default). */
function assume(port: LacpPort): void {
  port.partner = unheardPartner();
  port.actor.state |= lacp.LACP_STATE_DEFAULTED;
}
