// Spanning tree messages (IEEE 802.1D-1998 9.3) with their LLC header: configurations and topology change notifications.
// llc.ts describes them.
//
//   0    1    2       3           5       6    7     8    16        20     28   30
//   │dsap│ssap│control│protocol id│version│type│flags│root│path cost│bridge│port│ message age, max age, hello, delay

import { getBe32, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { writeMac } from "../bytes/mac.ts";

/** Offsets from the LLC header on. */
export const TYPE = 6;
export const FLAGS = 7;
export const ROOT_ID = 8;
const ROOT_PATH_COST = 16;
export const BRIDGE_ID = 20;
export const PORT_ID = 28;
export const MESSAGE_AGE = 30;
export const MAX_AGE = 32;
export const HELLO_TIME = 34;
export const FORWARD_DELAY = 36;

/** Bytes of a configuration and of a notification. */
export const CONFIG_SIZE = 38;
export const TCN_SIZE = 7;

export const TYPE_CONFIG = 0x00;
export const TYPE_TCN = 0x80;
export const FLAG_TOPOLOGY_CHANGE = 0x01;
export const FLAG_TOPOLOGY_CHANGE_ACK = 0x80;

/** The service access point of spanning tree, and an unnumbered information frame. */
export const LLC_SAP_BSPAN = 0x42;
const LLC_PDU_TYPE_UI = 0x03;

/** What a configuration says; times in 256ths of a second. */
export interface Configuration {
  readonly root: { readonly priority: number; readonly address: number };
  readonly rootPathCost: number;
  readonly bridge: { readonly priority: number; readonly address: number };
  readonly portId: number;
  readonly messageAge: number;
  readonly maxAge: number;
  readonly helloTime: number;
  readonly forwardDelay: number;
  readonly topologyChange: boolean;
  readonly topologyChangeAck: boolean;
}

/** Reads the cost of the way to the root. */
export function rootPathCost(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + ROOT_PATH_COST);
}

/** Tells whether the LLC header at `at` announces a message of the protocol and version that are read here. */
export function isStp(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 3] === 0 && bytes[at + 4] === 0 && bytes[at + 5] === 0;
}

/** Writes a configuration, its LLC header first. */
export function emitConfig(bytes: Uint8Array, at: number, config: Configuration): void {
  emitHeader(bytes, at, TYPE_CONFIG);
  setU8(
    bytes,
    at + FLAGS,
    (config.topologyChange ? FLAG_TOPOLOGY_CHANGE : 0) |
      (config.topologyChangeAck ? FLAG_TOPOLOGY_CHANGE_ACK : 0),
  );
  emitId(bytes, at + ROOT_ID, config.root);
  setBe32(bytes, at + ROOT_PATH_COST, config.rootPathCost);
  emitId(bytes, at + BRIDGE_ID, config.bridge);
  setBe16(bytes, at + PORT_ID, config.portId);
  setBe16(bytes, at + MESSAGE_AGE, config.messageAge);
  setBe16(bytes, at + MAX_AGE, config.maxAge);
  setBe16(bytes, at + HELLO_TIME, config.helloTime);
  setBe16(bytes, at + FORWARD_DELAY, config.forwardDelay);
}

/** Writes a topology change notification, its LLC header first. */
export function emitTcn(bytes: Uint8Array, at: number): void {
  emitHeader(bytes, at, TYPE_TCN);
}

function emitHeader(bytes: Uint8Array, at: number, type: number): void {
  setU8(bytes, at, LLC_SAP_BSPAN);
  setU8(bytes, at + 1, LLC_SAP_BSPAN);
  setU8(bytes, at + 2, LLC_PDU_TYPE_UI);
  setBe16(bytes, at + 3, 0);
  setU8(bytes, at + 5, 0);
  setU8(bytes, at + TYPE, type);
}

function emitId(bytes: Uint8Array, at: number, id: Configuration["root"]): void {
  setBe16(bytes, at, id.priority);
  writeMac(bytes, at + 2, id.address);
}
