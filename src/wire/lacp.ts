// The slow protocols of link aggregation (IEEE 802.1AX-2020 6.4.2, 6.5.3; IEEE 802.3 annex 57A): what a port says of itself
// and of its partner, and markers.
//
//   0       1       2              22                42                58
//   │subtype│version│actor 1, 20: …│partner 2, 20: … │collector 3, 16: …│terminator and zeros to 110
//
//   an actor or a partner:  4 priority of the system, 6 system, 12 key, 14 priority of the port, 16 port, 18 state

import { getBe16, setBe16, setU8 } from "../bytes/endian.ts";
import { readMac, writeMac } from "../bytes/mac.ts";

/** Where the slow protocols' frames go; bridges do not forward them. */
export const SLOW_PROTOCOLS_MAC = 0x0180_c200_0002;
/** Subtypes of the slow protocols. */
export const SUBTYPE_LACP = 1;
export const SUBTYPE_MARKER = 2;
/** Bytes of either message behind the Ethernet header. */
export const LACPDU_SIZE = 110;

const VERSION = 1;
const ACTOR = 2;
const PARTNER = 22;
const COLLECTOR = 42;
const TLV_ACTOR = 1;
const TLV_PARTNER = 2;
const TLV_COLLECTOR = 3;
const SIDE_SIZE = 20;
const COLLECTOR_SIZE = 16;
const MARKER_SIZE = 16;
const MARKER_TLV = 2;
/** The longest a frame is held by the receiver, in tens of microseconds; no receiver here holds any. */
const COLLECTOR_MAX_DELAY = 5_000;

/** A marker asks, its response answers. */
export const MARKER_INFORMATION = 1;
export const MARKER_RESPONSE = 2;

/** One end of a link, as itself or the other end sees it. */
export interface LacpSide {
  systemPriority: number;
  /** A hardware address as a 48-bit number. */
  system: number;
  key: number;
  portPriority: number;
  port: number;
  /** LACP_STATE_* */
  state: number;
}

/** Reads what the sender says of itself. */
export function readActor(bytes: Uint8Array, at: number): LacpSide {
  return readSide(bytes, at + ACTOR);
}

/** Reads what the sender believes of the receiver. */
export function readPartner(bytes: Uint8Array, at: number): LacpSide {
  return readSide(bytes, at + PARTNER);
}

function readSide(bytes: Uint8Array, at: number): LacpSide {
  return {
    systemPriority: getBe16(bytes, at + 2),
    system: readMac(bytes, at + 4),
    key: getBe16(bytes, at + 10),
    portPriority: getBe16(bytes, at + 12),
    port: getBe16(bytes, at + 14),
    state: bytes[at + 16] ?? 0,
  };
}

/** Writes a LACPDU of LACPDU_SIZE bytes. */
export function emitLacpdu(bytes: Uint8Array, at: number, actor: LacpSide, partner: LacpSide): void {
  bytes.fill(0, at, at + LACPDU_SIZE);
  setU8(bytes, at, SUBTYPE_LACP);
  setU8(bytes, at + 1, VERSION);
  emitSide(bytes, at + ACTOR, TLV_ACTOR, actor);
  emitSide(bytes, at + PARTNER, TLV_PARTNER, partner);
  setU8(bytes, at + COLLECTOR, TLV_COLLECTOR);
  setU8(bytes, at + COLLECTOR + 1, COLLECTOR_SIZE);
  setBe16(bytes, at + COLLECTOR + 2, COLLECTOR_MAX_DELAY);
}

function emitSide(bytes: Uint8Array, at: number, type: number, side: LacpSide): void {
  setU8(bytes, at, type);
  setU8(bytes, at + 1, SIDE_SIZE);
  setBe16(bytes, at + 2, side.systemPriority);
  writeMac(bytes, at + 4, side.system);
  setBe16(bytes, at + 10, side.key);
  setBe16(bytes, at + 12, side.portPriority);
  setBe16(bytes, at + 14, side.port);
  setU8(bytes, at + 16, side.state);
}

/** Whether a message of the marker protocol asks: MARKER_INFORMATION, MARKER_RESPONSE or something unknown. */
export function markerType(bytes: Uint8Array, at: number): number {
  return bytes[at + MARKER_TLV] ?? 0;
}

/** Makes the response of a marker, in its place. */
export function turnMarker(bytes: Uint8Array, at: number): void {
  setU8(bytes, at + MARKER_TLV, MARKER_RESPONSE);
  setU8(bytes, at + MARKER_TLV + 1, MARKER_SIZE);
}
