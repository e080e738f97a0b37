// Ports and bridges take part in spanning tree, or no longer; and what users change about it.
//
// Mirrors net/bridge/br_stp_if.c and the setters of net/bridge/br_stp.c, with their errno. Omitted: handing spanning tree
// to a program (BR_USER_STP), which Linux tries in its initial namespace alone.

import { isOperUp } from "../../net/carrier.ts";
import { HZ, JIFFY_NS, jiffiesFromClock } from "../../net/jiffies.ts";
import type { Device } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { NET_ADDR_SET } from "../../uapi/netdevice.ts";
import { RTM_NEWLINK } from "../../uapi/rtnetlink.ts";
import { changeBridgeFdbAddress, deleteByPort } from "./fdb.ts";
import { announcePort } from "./link-message.ts";
import { disableMulticastPort } from "./multicast.ts";
import type { Bridge, BridgePort } from "./state.ts";
import {
  BR_ADMIN_COST,
  BR_KERNEL_STP,
  BR_NO_STP,
  BR_STATE_BLOCKING,
  BR_STATE_DISABLED,
  compareIds,
  makePortId,
} from "./state.ts";
import * as stp from "./stp.ts";

/** Bounds of times in ticks, of costs and of priorities. */
const minForwardDelay = 2 * HZ;
const maxForwardDelay = 30 * HZ;
const minHelloTime = HZ;
const maxHelloTime = 10 * HZ;
const minMaxAge = 6 * HZ;
const maxMaxAge = 40 * HZ;
const maxPathCost = 65_535;
const maxPortPriority = 63;
/** How long a bridge that comes up waits until it ages its table. */
const firstGcNs = 100_000_000;

/** Whether a device can carry frames: up, and with an operational state that says so. */
export function isRunning(dev: Device): boolean {
  return (dev.flags & IFF_UP) !== 0 && isOperUp(dev);
}

// --- Ports -------------------------------------------------------------------------------------------------------------

/** Makes a port as good as new: designated, blocking (br_init_port). */
function initPort(port: BridgePort): void {
  port.portId = makePortId(port.priority, port.portNo);
  stp.becomeDesignated(port);
  stp.setPortState(port, BR_STATE_BLOCKING);
  port.topologyChangeAck = false;
  port.configPending = false;
}

/** Lets a port take part (br_stp_enable_port). */
export function enablePort(port: BridgePort): void {
  initPort(port);
  stp.selectPortStates(port.br);
  announcePort(RTM_NEWLINK, port);
}

/** Takes a port out (br_stp_disable_port). */
export function disablePort(port: BridgePort): void {
  const { br } = port;
  const wasRoot = stp.isRootBridge(br);
  stp.becomeDesignated(port);
  stp.setPortState(port, BR_STATE_DISABLED);
  port.topologyChangeAck = false;
  port.configPending = false;
  announcePort(RTM_NEWLINK, port);
  port.timers.messageAge.stop();
  port.timers.forwardDelay.stop();
  port.timers.hold.stop();
  if (port.backupPort === null) deleteByPort(br, port, 0, false);
  disableMulticastPort(port);
  stp.reconsider(br, wasRoot);
}

// --- The bridge --------------------------------------------------------------------------------------------------------

/** The bridge comes up (br_stp_enable_bridge). */
export function enableBridge(br: Bridge): void {
  if (br.stpEnabled === BR_KERNEL_STP) br.timers.hello.start(br.helloTime * JIFFY_NS);
  br.timers.gc.start(firstGcNs);
  stp.generateConfig(br);
  for (const port of br.ports) if (isRunning(port.dev)) enablePort(port);
}

/** The bridge goes down (br_stp_disable_bridge). */
export function disableBridge(br: Bridge): void {
  for (const port of br.ports) if (port.state !== BR_STATE_DISABLED) disablePort(port);
  stp.setTopologyChange(br, false);
  br.topologyChangeDetected = false;
  br.timers.hello.stop();
  br.timers.topologyChange.stop();
  br.timers.tcn.stop();
  br.timers.gc.stop();
}

/** Turns spanning tree on or off (br_stp_set_enabled). */
export function setStpEnabled(br: Bridge, isOn: boolean): void {
  if (!isOn) {
    br.stpEnabled = BR_NO_STP;
    return;
  }
  if (br.stpEnabled !== BR_NO_STP) return;
  const delay = Math.min(Math.max(br.bridgeForwardDelay, minForwardDelay), maxForwardDelay);
  if (delay !== br.bridgeForwardDelay) applyForwardDelay(br, delay);
  br.stpEnabled = BR_KERNEL_STP;
  if ((br.dev.flags & IFF_UP) !== 0) br.timers.hello.start(br.helloTime * JIFFY_NS);
  stp.selectPortStates(br);
}

/** Gives the bridge another address, in its id, its device and its table (br_stp_change_bridge_id). */
export function changeBridgeAddress(br: Bridge, address: number): void {
  const old = br.bridgeId.address;
  const wasRoot = stp.isRootBridge(br);
  changeBridgeFdbAddress(br, address);
  br.bridgeId = { priority: br.bridgeId.priority, address };
  br.dev.address = address;
  for (const port of br.ports) {
    if (port.designatedBridge.address === old) {
      port.designatedBridge = { priority: port.designatedBridge.priority, address };
    }
    if (port.designatedRoot.address === old) {
      port.designatedRoot = { priority: port.designatedRoot.priority, address };
    }
  }
  stp.reconsider(br, wasRoot);
}

/** The bridge has the lowest address of its ports unless a user chose one; whether that changed (br_stp_recalculate_bridge_id). */
export function recalculateBridgeId(br: Bridge): boolean {
  if (br.dev.addressAssign === NET_ADDR_SET) return false;
  let address = 0;
  for (const { dev } of br.ports) if (address === 0 || dev.address < address) address = dev.address;
  if (br.bridgeId.address === address) return false;
  changeBridgeAddress(br, address);
  return true;
}

/** Sets the priority of the bridge (br_stp_set_bridge_priority). */
export function setBridgePriority(br: Bridge, priority: number): void {
  const wasRoot = stp.isRootBridge(br);
  for (const port of br.ports) {
    if (port.state !== BR_STATE_DISABLED && stp.isDesignatedPort(port)) {
      port.designatedBridge = { priority, address: port.designatedBridge.address };
    }
  }
  br.bridgeId = { priority, address: br.bridgeId.address };
  stp.reconsider(br, wasRoot);
}

/** Sets a time in hundredths of a second; ERANGE out of its bounds (br_set_forward_delay). */
export function setForwardDelay(br: Bridge, clock: number): void {
  const delay = jiffiesFromClock(clock);
  if (br.stpEnabled !== BR_NO_STP) checkRange(delay, minForwardDelay, maxForwardDelay);
  applyForwardDelay(br, delay);
}

function applyForwardDelay(br: Bridge, delay: number): void {
  br.bridgeForwardDelay = delay;
  if (stp.isRootBridge(br)) br.forwardDelay = delay;
}

/** See setForwardDelay (br_set_hello_time). */
export function setHelloTime(br: Bridge, clock: number): void {
  const time = jiffiesFromClock(clock);
  checkRange(time, minHelloTime, maxHelloTime);
  br.bridgeHelloTime = time;
  if (stp.isRootBridge(br)) br.helloTime = time;
}

/** See setForwardDelay (br_set_max_age). */
export function setMaxAge(br: Bridge, clock: number): void {
  const age = jiffiesFromClock(clock);
  checkRange(age, minMaxAge, maxMaxAge);
  br.bridgeMaxAge = age;
  if (stp.isRootBridge(br)) br.maxAge = age;
}

/** Sets how long a station is remembered, in hundredths of a second; 0: all frames are flooded (br_set_ageing_time). */
export function setAgeingTime(br: Bridge, clock: number): void {
  br.bridgeAgeingTime = jiffiesFromClock(clock);
  br.ageingTime = br.bridgeAgeingTime;
  br.timers.gc.start(0);
}

// --- Ports, as users change them -----------------------------------------------------------------------------------------

/** ERANGE outside 1 to 65535 (br_stp_set_path_cost). */
export function setPathCost(port: BridgePort, cost: number): void {
  checkRange(cost, 1, maxPathCost);
  port.flags |= BR_ADMIN_COST;
  port.pathCost = cost;
  stp.updateConfiguration(port.br);
  stp.selectPortStates(port.br);
}

/** ERANGE above 63 (br_stp_set_port_priority). */
export function setPortPriority(port: BridgePort, priority: number): void {
  const { br } = port;
  checkRange(priority, 0, maxPortPriority);
  const portId = makePortId(priority, port.portNo);
  if (stp.isDesignatedPort(port)) port.designatedPort = portId;
  port.portId = portId;
  port.priority = priority;
  if (compareIds(br.bridgeId, port.designatedBridge) === 0 && port.portId < port.designatedPort) {
    stp.becomeDesignated(port);
    stp.selectPortStates(br);
  }
}

/** A user, or a program that runs spanning tree, sets a port's state (br_set_port_state). */
export function setPortStateByUser(port: BridgePort, state: number): void {
  if (state > BR_STATE_BLOCKING) throw new NetlinkError("EINVAL");
  if (port.br.stpEnabled === BR_KERNEL_STP) throw new NetlinkError("EBUSY");
  const isUp = (port.dev.flags & IFF_UP) !== 0;
  if (!isUp || (!isOperUp(port.dev) && state !== BR_STATE_DISABLED)) throw new NetlinkError("ENETDOWN");
  stp.setPortState(port, state);
  stp.selectPortStates(port.br);
}

function checkRange(value: number, min: number, max: number): void {
  if (value < min || value > max) throw new NetlinkError("ERANGE");
}
