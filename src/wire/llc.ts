// Logical link control (IEEE 802.2) and the one protocol that matters here above it, spanning tree (IEEE
// 802.1D-2004 9.3). Frames are described only. *Omitted:* SNAP, everything that is not a bridge protocol data
// unit.
//
//   0    1    2       3           5       6    7     8    16        20     28   30
//   │dsap│ssap│control│protocol id│version│type│flags│root│path cost│bridge│port│ timers …

import { getBe16, getU8 } from "../bytes/endian.ts";
import { hexByte } from "../bytes/hex.ts";
import { macToText, readMac } from "../bytes/mac.ts";

/** Bytes in an LLC header with a control field of one byte. */
export const LLC_SIZE = 3;

/** The service access point of the spanning tree protocol. */
const LLC_SAP_BSPAN = 0x42;

const PROTOCOL_ID = 0;
const VERSION = 2;
const TYPE = 3;
const FLAGS = 4;
const BRIDGE_ID = 17;
const PORT_ID = 25;

const TYPE_CONFIG = 0x00;
const TYPE_RAPID = 0x02;
const TYPE_TOPOLOGY_CHANGE = 0x80;

/** Least lengths: a configuration, a rapid one, a multiple one. */
const CONFIG_SIZE = 35;
const RAPID_SIZE = 36;
const MULTIPLE_SIZE = 102;

/** Tells whether a spanning tree message is what the LLC header at `at` announces. */
export function isBpdu(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= LLC_SIZE && getU8(bytes, at) === LLC_SAP_BSPAN && getU8(bytes, at + 1) === LLC_SAP_BSPAN;
}

/** Describes the LLC header at `at`, as `tcpdump -e` does. */
export function describeLlc(bytes: Uint8Array, at: number, end: number): string {
  if (end - at < LLC_SIZE) return " [|llc]";
  const side = (sap: number, group: string, individual: string): string =>
    `${sap === LLC_SAP_BSPAN ? "STP" : "Unknown"} (0x${hexByte(sap)}) ${(sap & 1) === 1 ? group : individual}`;
  const dsap = side(getU8(bytes, at), "Group", "Individual");
  const ssap = side(getU8(bytes, at + 1), "Response", "Command");
  return `LLC, dsap ${dsap}, ssap ${ssap}, ctrl 0x${hexByte(getU8(bytes, at + 2))}`;
}

/** Describes the spanning tree message between `at` and `end` that was `length` bytes long on the wire. */
export function describeStp(bytes: Uint8Array, at: number, end: number, length: number): string {
  if (length < FLAGS) return " (invalid)";
  if (end - at < FLAGS) return " [|stp]";
  if (getBe16(bytes, at + PROTOCOL_ID) !== 0) return `unknown STP version, length ${length}`;
  const versions: Readonly<Record<number, string>> = { 0: "802.1d", 2: "802.1w", 3: "802.1s", 4: "802.1aq" };
  const version = getU8(bytes, at + VERSION);
  const name = versions[version];
  if (name === undefined) return `STP Unknown STP protocol (0x${hexByte(version)})`;
  switch (getU8(bytes, at + TYPE)) {
    case TYPE_CONFIG:
      return `STP ${name}, Config${describeConfig(bytes, at, end, length, CONFIG_SIZE)}`;
    case TYPE_RAPID:
      if (version <= 2) return `STP ${name}, Rapid STP${describeConfig(bytes, at, end, length, RAPID_SIZE)}`;
      return `STP ${name}, Rapid STP${describeMultiple(bytes, at, end, length)}`;
    case TYPE_TOPOLOGY_CHANGE:
      return `STP ${name}, Topology Change`;
    default:
      return `STP ${name}, Unknown BPDU Type (0x${hexByte(getU8(bytes, at + TYPE))})`;
  }
}

function describeConfig(bytes: Uint8Array, at: number, end: number, length: number, least: number): string {
  if (length < least) return " (invalid)";
  if (end - at < CONFIG_SIZE) return " [|stp]";
  const priority = hex16(getBe16(bytes, at + BRIDGE_ID));
  const bridge = macToText(readMac(bytes, at + BRIDGE_ID + 2));
  const port = hex16(getBe16(bytes, at + PORT_ID));
  return `, Flags [${describeFlags(bytes, at)}], bridge-id ${priority}.${bridge}.${port}, length ${length}`;
}

function describeMultiple(bytes: Uint8Array, at: number, end: number, length: number): string {
  if (length < MULTIPLE_SIZE) return " (invalid)";
  if (end - at <= FLAGS) return " [|stp]";
  return `, CIST Flags [${describeFlags(bytes, at)}], length ${length}`;
}

function describeFlags(bytes: Uint8Array, at: number): string {
  const names: readonly (readonly [number, string])[] = [
    [0x01, "Topology change"],
    [0x02, "Proposal"],
    [0x10, "Learn"],
    [0x20, "Forward"],
    [0x40, "Agreement"],
    [0x80, "Topology change ACK"],
  ];
  const flags = getU8(bytes, at + FLAGS);
  const set = names.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return set.join(", ") || "none";
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}
