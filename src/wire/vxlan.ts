// The VXLAN header (RFC 7348 5): it stands between a UDP header and a whole Ethernet frame.
//
//   0     1        4            7        8
//   │flags│reserved│ identifier │reserved│ Ethernet frame …
//
// With the group policy extension (draft-smith-vxlan-group-policy) the reserved bytes say the group of the frame's sender:
//
//   │flags│ D  A │ group    │ identifier │reserved│
//
// Mirrors include/net/vxlan.h. *Omitted:* the extension GPE.

import { getBe16, getBe24, getU8, setBe16, setBe24, setBe32, setU8 } from "../bytes/endian.ts";

/** Bytes in the header. */
export const VXLAN_SIZE = 8;

/** The UDP port of RFC 7348. Linux's own default, when none is given, is the older 8472. */
export const VXLAN_PORT = 4789;

/** The flag that says the identifier is valid. */
export const VXLAN_HAS_VNI = 0x08;

/** The flag that says there is a group policy. */
export const VXLAN_HAS_GBP = 0x80;
/** Not to learn the sender; that the policy was applied already (VXLAN_GBP_*): bits beside the 16 of the group. */
const GBP_DONT_LEARN = 1 << 22;
const GBP_POLICY_APPLIED = 1 << 19;

const POLICY_FLAGS = 1;
const GROUP = 2;
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

/** Reads the group policy, as the mark of a frame has it: the group in the lower 16 bits, its flags in the upper (vxlan_parse_gbp_hdr). */
export function vxlanGroupPolicy(bytes: Uint8Array, at: number): number {
  const flags = getU8(bytes, at + POLICY_FLAGS) << 16;
  return (flags & (GBP_DONT_LEARN | GBP_POLICY_APPLIED)) | getBe16(bytes, at + GROUP);
}

/** Writes a group policy into a header; one of 0 is none (vxlan_build_gbp_hdr). */
export function setVxlanGroupPolicy(bytes: Uint8Array, at: number, policy: number): void {
  if (policy === 0) return;
  setU8(bytes, at, vxlanFlags(bytes, at) | VXLAN_HAS_GBP);
  setU8(bytes, at + POLICY_FLAGS, (policy & (GBP_DONT_LEARN | GBP_POLICY_APPLIED)) >>> 16);
  setBe16(bytes, at + GROUP, policy & 0xffff);
}

/** Describes the header at `at`; the frame inside is for the caller. */
export function describeVxlan(bytes: Uint8Array, at: number): string {
  const flags = vxlanFlags(bytes, at);
  const name = (flags & VXLAN_HAS_VNI) !== 0 ? "I" : "invalid";
  return `VXLAN, flags [${name}] (0x${flags.toString(16).padStart(2, "0")}), vni ${vxlanVni(bytes, at)}`;
}
