// Which bits of a VXLAN header must be 0: those that nothing this device does gives a meaning, or the ones that a user names.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_nl2conf) and include/net/vxlan.h of Linux 6.14 and later.

import { getBe32 } from "../../bytes/endian.ts";
import * as vx from "./state.ts";

/** I and the identifier (VXLAN_HF_VNI, VXLAN_VNI_MASK). */
const vniBits = [0x0800_0000, 0xffff_ff00] as const;
/** G and the three bytes behind the flags (VXLAN_GBP_USED_BITS). */
const policyBits = [0x80ff_ffff, 0] as const;
/** The flag of remote checksum offload and the byte behind the identifier (VXLAN_HF_RCO). */
const checksumBits = [0x0020_0000, 0xff] as const;
/** Version, next protocol and OAM (VXLAN_GPE_USED_BITS). */
const protocolBits = [0x3500_00ff, 0] as const;

/** What the options of a new device give a meaning, as the two words of a header. */
export function usedBits(flags: number): readonly [number, number] {
  let [high, low]: readonly [number, number] = vniBits;
  for (const [bit, [more, lower]] of [
    [vx.VXLAN_F_GBP, policyBits],
    [vx.VXLAN_F_REMCSUM_RX, checksumBits],
    [vx.VXLAN_F_GPE, protocolBits],
  ] as const) {
    if ((flags & bit) === 0) continue;
    high |= more;
    low |= lower;
  }
  return [high >>> 0, low >>> 0];
}

/** Whether the header at `at` has a bit set of those that must be 0, `[high, low]`. */
export function hasReservedBits(
  bytes: Uint8Array,
  at: number,
  [high, low]: readonly [number, number],
): boolean {
  return (getBe32(bytes, at) & high) !== 0 || (getBe32(bytes, at + 4) & low) !== 0;
}
