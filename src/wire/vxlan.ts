// The VXLAN header (RFC 7348 5): it stands between a UDP header and a whole Ethernet frame.
//
//   0     1        4            7        8
//   │flags│reserved│ identifier │reserved│ Ethernet frame …
//
// Mirrors include/net/vxlan.h. *Omitted:* the extensions GBP and GPE.

import { getBe24, getU8, setBe24, setBe32, setU8 } from "../bytes/endian.ts";

/** Bytes in the header. */
export const VXLAN_SIZE = 8;

/** The UDP port of RFC 7348. Linux's own default, when none is given, is the older 8472. */
export const VXLAN_PORT = 4789;

/** The flag that says the identifier is valid. */
export const VXLAN_HAS_VNI = 0x08;

const IDENTIFIER = 4;

/** Reads the flags. */
export function vxlanFlags(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at);
}

/** Reads the network identifier. */
export function vxlanVni(bytes: Uint8Array, at: number): number {
  return getBe24(bytes, at + IDENTIFIER);
}

/** Writes a header with a valid identifier. */
export function emitVxlan(bytes: Uint8Array, at: number, vni: number): void {
  setBe32(bytes, at, 0);
  setU8(bytes, at, VXLAN_HAS_VNI);
  setBe24(bytes, at + IDENTIFIER, vni);
  setU8(bytes, at + 7, 0);
}

/** Describes the header at `at`; the frame inside is for the caller. */
export function describeVxlan(bytes: Uint8Array, at: number): string {
  const flags = vxlanFlags(bytes, at);
  const name = flags === VXLAN_HAS_VNI ? "I" : "invalid";
  return `VXLAN, flags [${name}] (0x${flags.toString(16).padStart(2, "0")}), vni ${vxlanVni(bytes, at)}`;
}
