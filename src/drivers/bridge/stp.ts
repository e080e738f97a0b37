// Spanning tree: who is the root, which port leads there, which ports forward.
//
// Mirrors net/bridge/br_stp.c (IEEE 802.1D-1998, clause 8). What timers do is in stp-timer.ts, what users change in
// stp-change.ts, the messages on the wire in stp-bpdu.ts.

import { netifCarrierOff, netifCarrierOn } from "../../net/carrier.ts";
import { HZ, JIFFY_NS } from "../../net/jiffies.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { RTM_NEWLINK } from "../../uapi/rtnetlink.ts";
import { announcePort } from "./link-message.ts";
import { setMstState } from "./mst.ts";
import { enableMulticastPort } from "./multicast.ts";
import type { Bridge, BridgePort } from "./state.ts";
import {
  BR_BOOLOPT_MST_ENABLE,
  BR_KERNEL_STP,
  BR_NO_STP,
  BR_ROOT_BLOCK,
  BR_STATE_BLOCKING,
  BR_STATE_DISABLED,
  BR_STATE_FORWARDING,
  BR_STATE_LEARNING,
  BR_STATE_LISTENING,
  compareIds,
} from "./state.ts";
import type { ConfigBpdu } from "./stp-bpdu.ts";
import { sendConfigBpdu, sendTcnBpdu } from "./stp-bpdu.ts";

/** How much a message ages from bridge to bridge, in ticks, of which there are fewer than 256 a second (MESSAGE_AGE_INCR). */
const messageAgeIncrement = 1;
/** The least time between two configuration messages on a port (BR_HOLD_TIME). */
const holdTime = HZ;

// --- Questions ---------------------------------------------------------------------------------------------------------

/** Whether the bridge is the root of its tree (br_is_root_bridge). */
export function isRootBridge(br: Bridge): boolean {
  return compareIds(br.bridgeId, br.designatedRoot) === 0;
}

/** Whether the port is its segment's way to the root (br_is_designated_port). */
export function isDesignatedPort(port: BridgePort): boolean {
  return compareIds(port.designatedBridge, port.br.bridgeId) === 0 && port.designatedPort === port.portId;
}

function rootPortOf(br: Bridge): BridgePort | undefined {
  return br.ports.find(({ portNo }) => portNo === br.rootPort);
}

// --- Configuration -----------------------------------------------------------------------------------------------------

/** Finds the root anew, and the ports that are the way to it for others (br_configuration_update). */
export function updateConfiguration(br: Bridge): void {
  selectRoot(br);
  selectDesignatedPorts(br);
}

function selectRoot(br: Bridge): void {
  let root: BridgePort | undefined;
  for (const port of br.ports) {
    if (!isBetterRootPort(port, root)) continue;
    if ((port.flags & BR_ROOT_BLOCK) !== 0) blockRootPort(port);
    else root = port;
  }
  br.rootPort = root?.portNo ?? 0;
  if (root === undefined) {
    br.designatedRoot = br.bridgeId;
    br.rootPathCost = 0;
  } else {
    br.designatedRoot = root.designatedRoot;
    br.rootPathCost = root.designatedCost + root.pathCost;
  }
}

/** A port that a root would come in by, where that is forbidden, goes back to listening (br_root_port_block). */
function blockRootPort(port: BridgePort): void {
  const { forwardDelay } = port.br;
  port.state = BR_STATE_LISTENING;
  announcePort(RTM_NEWLINK, port);
  if (forwardDelay > 0) port.timers.forwardDelay.start(forwardDelay * JIFFY_NS);
}

/** Whether `port` leads to a root, and to a better one or in a better way than `best` (br_should_become_root_port). */
function isBetterRootPort(port: BridgePort, best: BridgePort | undefined): boolean {
  const { br } = port;
  if (port.state === BR_STATE_DISABLED || isDesignatedPort(port)) return false;
  if (compareIds(br.bridgeId, port.designatedRoot) <= 0) return false;
  if (best === undefined) return true;
  const order =
    compareIds(port.designatedRoot, best.designatedRoot) ||
    port.designatedCost + port.pathCost - (best.designatedCost + best.pathCost) ||
    compareIds(port.designatedBridge, best.designatedBridge) ||
    port.designatedPort - best.designatedPort ||
    port.portId - best.portId;
  return order < 0;
}

function selectDesignatedPorts(br: Bridge): void {
  for (const port of br.ports) {
    if (port.state !== BR_STATE_DISABLED && shouldBeDesignated(port)) becomeDesignated(port);
  }
}

function shouldBeDesignated(port: BridgePort): boolean {
  const { br } = port;
  if (isDesignatedPort(port)) return true;
  if (compareIds(port.designatedRoot, br.designatedRoot) !== 0) return true;
  const order =
    br.rootPathCost - port.designatedCost ||
    compareIds(br.bridgeId, port.designatedBridge) ||
    port.portId - port.designatedPort;
  return order < 0;
}

/** The port becomes its segment's way to the root (br_become_designated_port). */
export function becomeDesignated(port: BridgePort): void {
  const { br } = port;
  port.designatedRoot = br.designatedRoot;
  port.designatedCost = br.rootPathCost;
  port.designatedBridge = br.bridgeId;
  port.designatedPort = port.portId;
}

/** Works the tree out again after something changed; `wasRoot` before that (the end of many functions there). */
export function reconsider(br: Bridge, wasRoot: boolean): void {
  updateConfiguration(br);
  selectPortStates(br);
  if (isRootBridge(br) && !wasRoot) becomeRoot(br);
}

/** Nobody is better than this bridge any more (br_become_root_bridge). */
function becomeRoot(br: Bridge): void {
  br.maxAge = br.bridgeMaxAge;
  br.helloTime = br.bridgeHelloTime;
  br.forwardDelay = br.bridgeForwardDelay;
  detectTopologyChange(br);
  br.timers.tcn.stop();
  if (!isUp(br)) return;
  generateConfig(br);
  br.timers.hello.start(br.helloTime * JIFFY_NS);
}

/** Whether the bridge device is up. */
function isUp(br: Bridge): boolean {
  return (br.dev.flags & IFF_UP) !== 0;
}

// --- States of ports ---------------------------------------------------------------------------------------------------

/** Gives every port the state that its part in the tree asks for; the bridge has carrier while one forwards (br_port_state_selection). */
export function selectPortStates(br: Bridge): void {
  let live = 0;
  for (const port of br.ports) {
    if (port.state === BR_STATE_DISABLED) continue;
    if (port.portNo === br.rootPort) {
      port.configPending = false;
      port.topologyChangeAck = false;
      makeForwarding(port);
    } else if (isDesignatedPort(port)) {
      port.timers.messageAge.stop();
      makeForwarding(port);
    } else {
      port.configPending = false;
      port.topologyChangeAck = false;
      makeBlocking(port);
    }
    if (port.state !== BR_STATE_BLOCKING) enableMulticastPort(port);
    if (port.state === BR_STATE_FORWARDING) live++;
  }
  if (live === 0) netifCarrierOff(br.dev);
  else netifCarrierOn(br.dev);
}

/** Sets a port's state without further ado (br_set_state). */
export function setPortState(port: BridgePort, state: number): void {
  port.state = state;
  if ((port.br.options & BR_BOOLOPT_MST_ENABLE) !== 0) setMstState(port, 0, state);
  if (port.br.stpEnabled !== BR_KERNEL_STP) return;
  if (state === BR_STATE_BLOCKING) port.stpStats.transitionBlk++;
  if (state === BR_STATE_FORWARDING) port.stpStats.transitionFwd++;
}

/** Lets a blocking port through, by way of listening and learning when spanning tree runs (br_make_forwarding). */
function makeForwarding(port: BridgePort): void {
  const { br } = port;
  if (port.state !== BR_STATE_BLOCKING) return;
  if (br.stpEnabled === BR_NO_STP || br.forwardDelay === 0) {
    setPortState(port, BR_STATE_FORWARDING);
    detectTopologyChange(br);
    port.timers.forwardDelay.stop();
  } else {
    setPortState(port, BR_STATE_LISTENING);
  }
  announcePort(RTM_NEWLINK, port);
  if (br.forwardDelay !== 0) port.timers.forwardDelay.start(br.forwardDelay * JIFFY_NS);
}

function makeBlocking(port: BridgePort): void {
  const { state } = port;
  if (state === BR_STATE_DISABLED || state === BR_STATE_BLOCKING) return;
  if (state === BR_STATE_FORWARDING || state === BR_STATE_LEARNING) detectTopologyChange(port.br);
  setPortState(port, BR_STATE_BLOCKING);
  announcePort(RTM_NEWLINK, port);
  port.timers.forwardDelay.stop();
}

// --- Topology changes --------------------------------------------------------------------------------------------------

/** A port began or ceased to forward: tell the root, or as the root tell everybody (br_topology_change_detection). */
export function detectTopologyChange(br: Bridge): void {
  if (br.stpEnabled !== BR_KERNEL_STP) return;
  if (isRootBridge(br)) {
    setTopologyChange(br, true);
    br.timers.topologyChange.start((br.bridgeForwardDelay + br.bridgeMaxAge) * JIFFY_NS);
  } else if (!br.topologyChangeDetected) {
    transmitTcn(br);
    br.timers.tcn.start(br.bridgeHelloTime * JIFFY_NS);
  }
  br.topologyChangeDetected = true;
}

/** While a topology change is on, entries are aged faster (__br_set_topology_change). */
export function setTopologyChange(br: Bridge, isOn: boolean): void {
  if (br.stpEnabled === BR_KERNEL_STP && br.topologyChange !== isOn) {
    br.ageingTime = isOn ? 2 * br.forwardDelay : br.bridgeAgeingTime;
  }
  br.topologyChange = isOn;
}

/** Sends a notification towards the root (br_transmit_tcn). */
export function transmitTcn(br: Bridge): void {
  const root = rootPortOf(br);
  if (root === undefined) return;
  sendTcnBpdu(root);
}

// --- Messages sent -----------------------------------------------------------------------------------------------------

/** Sends a configuration on all designated ports (br_config_bpdu_generation). */
export function generateConfig(br: Bridge): void {
  for (const port of br.ports) {
    if (port.state !== BR_STATE_DISABLED && isDesignatedPort(port)) transmitConfig(port);
  }
}

/** Sends a configuration on one port, or notes that one is due while the port holds (br_transmit_config). */
export function transmitConfig(port: BridgePort): void {
  const { br } = port;
  if (port.timers.hold.isPending) {
    port.configPending = true;
    return;
  }
  const now = br.dev.machine.clock.now();
  let messageAge = 0;
  if (!isRootBridge(br)) {
    const leftNs = (rootPortOf(br)?.timers.messageAge.due ?? now) - now;
    messageAge = br.maxAge - Math.ceil(leftNs / JIFFY_NS) + messageAgeIncrement;
  }
  if (messageAge >= br.maxAge) return;
  sendConfigBpdu(port, {
    root: br.designatedRoot,
    rootPathCost: br.rootPathCost,
    bridge: br.bridgeId,
    portId: port.portId,
    messageAge,
    maxAge: br.maxAge,
    helloTime: br.helloTime,
    forwardDelay: br.forwardDelay,
    topologyChange: br.topologyChange,
    topologyChangeAck: port.topologyChangeAck,
  });
  port.topologyChangeAck = false;
  port.configPending = false;
  if (br.stpEnabled === BR_KERNEL_STP) port.timers.hold.start(holdTime * JIFFY_NS);
}

// --- Messages received -------------------------------------------------------------------------------------------------

/** A configuration came in (br_received_config_bpdu). */
export function receiveConfig(port: BridgePort, bpdu: ConfigBpdu): void {
  const { br } = port;
  port.stpStats.rxBpdu++;
  const wasRoot = isRootBridge(br);
  if (supersedesPortInfo(port, bpdu)) {
    recordConfig(port, bpdu);
    updateConfiguration(br);
    selectPortStates(br);
    if (!isRootBridge(br) && wasRoot) {
      br.timers.hello.stop();
      if (br.topologyChangeDetected) {
        br.timers.topologyChange.stop();
        transmitTcn(br);
        br.timers.tcn.start(br.bridgeHelloTime * JIFFY_NS);
      }
    }
    if (port.portNo !== br.rootPort) return;
    recordTimeouts(br, bpdu);
    generateConfig(br);
    if (bpdu.topologyChangeAck) {
      br.topologyChangeDetected = false;
      br.timers.tcn.stop();
    }
  } else if (isDesignatedPort(port)) {
    transmitConfig(port);
  }
}

/** Whether a configuration says something better than what is known on its port (br_supersedes_port_info). */
function supersedesPortInfo(port: BridgePort, bpdu: ConfigBpdu): boolean {
  const order =
    compareIds(bpdu.root, port.designatedRoot) ||
    bpdu.rootPathCost - port.designatedCost ||
    compareIds(bpdu.bridge, port.designatedBridge);
  if (order !== 0) return order < 0;
  if (compareIds(bpdu.bridge, port.br.bridgeId) !== 0) return true;
  return bpdu.portId <= port.designatedPort;
}

function recordConfig(port: BridgePort, bpdu: ConfigBpdu): void {
  port.designatedRoot = bpdu.root;
  port.designatedCost = bpdu.rootPathCost;
  port.designatedBridge = bpdu.bridge;
  port.designatedPort = bpdu.portId;
  port.timers.messageAge.start(Math.max(0, bpdu.maxAge - bpdu.messageAge) * JIFFY_NS);
}

function recordTimeouts(br: Bridge, bpdu: ConfigBpdu): void {
  br.maxAge = bpdu.maxAge;
  br.helloTime = bpdu.helloTime;
  br.forwardDelay = bpdu.forwardDelay;
  setTopologyChange(br, bpdu.topologyChange);
}

/** A topology change notification came in (br_received_tcn_bpdu). */
export function receiveTcn(port: BridgePort): void {
  port.stpStats.rxTcn++;
  if (!isDesignatedPort(port)) return;
  detectTopologyChange(port.br);
  port.topologyChangeAck = true;
  transmitConfig(port);
}
