// Spanning tree's messages: configurations and topology change notifications, out of a port and in by it.
//
// Mirrors net/bridge/br_stp_bpdu.c. They are LLC frames to the bridge's group address; the numbers are IEEE 802.1D's.

import { getBe16, getU8 } from "../../bytes/endian.ts";
import { readMac } from "../../bytes/mac.ts";
import { ethHeader } from "../../net/ethernet.ts";
import { HZ } from "../../net/jiffies.ts";
import type { Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { ETH_P_802_2 } from "../../uapi/if_ether.ts";
import * as wire from "../../wire/stp.ts";
import type { BridgeId, BridgePort } from "./state.ts";
import { BR_KERNEL_STP } from "./state.ts";

/** The priority of control traffic (TC_PRIO_CONTROL). */
const controlPriority = 7;
/** Units of a time on the wire in a second. */
const wireUnits = 256;

/** A configuration (struct br_config_bpdu); times in ticks. */
export interface ConfigBpdu {
  readonly root: BridgeId;
  readonly rootPathCost: number;
  readonly bridge: BridgeId;
  readonly portId: number;
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
  readonly topologyChange: boolean;
  readonly topologyChangeAck: boolean;
}

/** Sends a configuration (br_send_config_bpdu). */
export function sendConfigBpdu(port: BridgePort, bpdu: ConfigBpdu): void {
  if (port.br.stpEnabled !== BR_KERNEL_STP) return;
  const frame = makeFrame(port);
  if (frame === null) return;
  wire.emitConfig(frame.bytes, frame.start, {
    ...bpdu,
    messageAge: toWire(bpdu.messageAge),
    maxAge: toWire(bpdu.maxAge),
    helloTime: toWire(bpdu.helloTime),
    forwardDelay: toWire(bpdu.forwardDelay),
  });
  send(port, frame, wire.CONFIG_SIZE);
  port.stpStats.txBpdu++;
}

/** Sends a topology change notification (br_send_tcn_bpdu). */
export function sendTcnBpdu(port: BridgePort): void {
  if (port.br.stpEnabled !== BR_KERNEL_STP) return;
  const frame = makeFrame(port);
  if (frame === null) return;
  wire.emitTcn(frame.bytes, frame.start);
  send(port, frame, wire.TCN_SIZE);
  port.stpStats.txTcn++;
}

/** A frame with room for the largest message, zeroed; padding may follow it on the wire. */
function makeFrame(port: BridgePort): Frame | null {
  const { frames } = port.dev.machine;
  const frame = frames.alloc(wire.CONFIG_SIZE);
  if (frame === null) return null;
  frame.end = frame.start + wire.CONFIG_SIZE;
  return frame;
}

function send(port: BridgePort, frame: Frame, size: number): void {
  frame.end = frame.start + size;
  frame.networkHeader = frame.start;
  frame.dev = port.dev;
  frame.priority = controlPriority;
  // The type is the length of what follows.
  ethHeader(frame, size, port.dev.address, port.br.groupAddress);
  frame.protocol = ETH_P_802_2;
  devQueueXmit(frame);
}

/** Reads the configuration whose LLC header is at `at`; null when it ends before that. */
export function readConfig(bytes: Uint8Array, at: number, end: number): ConfigBpdu | null {
  if (end - at < wire.CONFIG_SIZE) return null;
  const flags = getU8(bytes, at + wire.FLAGS);
  const id = (offset: number): BridgeId => ({
    priority: getBe16(bytes, at + offset),
    address: readMac(bytes, at + offset + 2),
  });
  const ticks = (offset: number): number => fromWire(getBe16(bytes, at + offset));
  return {
    root: id(wire.ROOT_ID),
    rootPathCost: wire.rootPathCost(bytes, at),
    bridge: id(wire.BRIDGE_ID),
    portId: getBe16(bytes, at + wire.PORT_ID),
    messageAge: ticks(wire.MESSAGE_AGE),
    maxAge: ticks(wire.MAX_AGE),
    helloTime: ticks(wire.HELLO_TIME),
    forwardDelay: ticks(wire.FORWARD_DELAY),
    topologyChange: (flags & wire.FLAG_TOPOLOGY_CHANGE) !== 0,
    topologyChangeAck: (flags & wire.FLAG_TOPOLOGY_CHANGE_ACK) !== 0,
  };
}

/** Ticks as 256ths of a second (br_set_ticks). */
function toWire(jiffies: number): number {
  return Math.floor((jiffies * wireUnits) / HZ);
}

/** 256ths of a second in ticks, rounded up (br_get_ticks). */
function fromWire(ticks: number): number {
  return Math.ceil((ticks * HZ) / wireUnits);
}
