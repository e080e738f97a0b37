// What spanning tree's timers do, and the one that ages the forwarding table.
//
// Mirrors net/bridge/br_stp_timer.c.

import { netifCarrierOn } from "../../net/carrier.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { RTM_NEWLINK } from "../../uapi/rtnetlink.ts";
import { cleanFdb } from "./fdb.ts";
import { announcePort } from "./link-message.ts";
import type { Bridge, BridgePort, BridgeTimers, PortTimers } from "./state.ts";
import {
  BR_KERNEL_STP,
  BR_STATE_DISABLED,
  BR_STATE_FORWARDING,
  BR_STATE_LEARNING,
  BR_STATE_LISTENING,
  compareIds,
} from "./state.ts";
import * as stp from "./stp.ts";

/** Makes the timers of a bridge (br_stp_timer_init). */
export function makeBridgeTimers(br: Bridge): BridgeTimers {
  const { timers } = br.dev.machine;
  return {
    hello: timers.timer(() => sendHello(br)),
    tcn: timers.timer(() => repeatTcn(br)),
    topologyChange: timers.timer(() => endTopologyChange(br)),
    gc: timers.timer(() => cleanFdb(br)),
  };
}

/** Makes the timers of a port (br_stp_port_timer_init). */
export function makePortTimers(port: BridgePort): PortTimers {
  const { timers } = port.br.dev.machine;
  return {
    messageAge: timers.timer(() => forgetRoot(port)),
    forwardDelay: timers.timer(() => advanceState(port)),
    hold: timers.timer(() => {
      if (port.configPending) stp.transmitConfig(port);
    }),
  };
}

function isUp(br: Bridge): boolean {
  return (br.dev.flags & IFF_UP) !== 0;
}

function sendHello(br: Bridge): void {
  if (!isUp(br)) return;
  stp.generateConfig(br);
  if (br.stpEnabled === BR_KERNEL_STP) br.timers.hello.start(br.helloTime * JIFFY_NS);
}

function repeatTcn(br: Bridge): void {
  if (stp.isRootBridge(br) || !isUp(br)) return;
  stp.transmitTcn(br);
  br.timers.tcn.start(br.bridgeHelloTime * JIFFY_NS);
}

function endTopologyChange(br: Bridge): void {
  br.topologyChangeDetected = false;
  stp.setTopologyChange(br, false);
}

/** Nobody has been heard of the root for too long. */
function forgetRoot(port: BridgePort): void {
  const { br } = port;
  if (port.state === BR_STATE_DISABLED) return;
  const wasRoot = stp.isRootBridge(br);
  stp.becomeDesignated(port);
  stp.reconsider(br, wasRoot);
}

/** Listening becomes learning, learning becomes forwarding. */
function advanceState(port: BridgePort): void {
  const { br } = port;
  if (port.state === BR_STATE_LISTENING) {
    stp.setPortState(port, BR_STATE_LEARNING);
    port.timers.forwardDelay.start(br.forwardDelay * JIFFY_NS);
  } else if (port.state === BR_STATE_LEARNING) {
    stp.setPortState(port, BR_STATE_FORWARDING);
    if (isDesignatedSomewhere(br)) stp.detectTopologyChange(br);
    netifCarrierOn(br.dev);
  }
  announcePort(RTM_NEWLINK, port);
}

function isDesignatedSomewhere(br: Bridge): boolean {
  return br.ports.some(
    ({ state, designatedBridge }) =>
      state !== BR_STATE_DISABLED && compareIds(designatedBridge, br.bridgeId) === 0,
  );
}
