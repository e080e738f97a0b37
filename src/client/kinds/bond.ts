// The attributes of a bond.
//
// Mirrors <linux/if_link.h> (IFLA_BOND_*).

import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";

/** A bond as a user of the library describes it. */
export interface BondOptions {
  /** How frames are spread; in turns by default. */
  readonly mode?: keyof typeof modes | undefined;
  /** How often the carriers of the slaves are looked at, in milliseconds; not at all by default. */
  readonly miimon?: number | undefined;
  readonly upDelay?: number | undefined;
  readonly downDelay?: number | undefined;
  /** What frames are spread by in the modes balance-xor and 802.3ad; their hardware addresses by default. */
  readonly hashPolicy?: keyof typeof policies | undefined;
  /** How often partners of 802.3ad are asked to say that they are there: each second, or each half minute by default. */
  readonly lacpRate?: "slow" | "fast" | undefined;
  /** Fewer links than this are no carrier (802.3ad). */
  readonly minLinks?: number | undefined;
}

const modes = {
  "balance-rr": 0,
  "active-backup": 1,
  "balance-xor": 2,
  broadcast: 3,
  "802.3ad": 4,
  "balance-tlb": 5,
  "balance-alb": 6,
} as const;
const policies = {
  layer2: 0,
  "layer3+4": 1,
  "layer2+3": 2,
  "encap2+3": 3,
  "encap3+4": 4,
  "vlan+srcmac": 5,
} as const;

/** Writes the IFLA_INFO_DATA of a bond. */
export function writeBond(writer: MessageWriter, bond: BondOptions): void {
  const { mode, miimon, upDelay, downDelay, hashPolicy, lacpRate, minLinks } = bond;
  if (mode !== undefined) writer.u8(link.IFLA_BOND_MODE, modes[mode]);
  if (miimon !== undefined) writer.u32(link.IFLA_BOND_MIIMON, miimon);
  if (upDelay !== undefined) writer.u32(link.IFLA_BOND_UPDELAY, upDelay);
  if (downDelay !== undefined) writer.u32(link.IFLA_BOND_DOWNDELAY, downDelay);
  if (hashPolicy !== undefined) writer.u8(link.IFLA_BOND_XMIT_HASH_POLICY, policies[hashPolicy]);
  if (lacpRate !== undefined) writer.u8(link.IFLA_BOND_AD_LACP_RATE, lacpRate === "fast" ? 1 : 0);
  if (minLinks !== undefined) writer.u32(link.IFLA_BOND_MIN_LINKS, minLinks);
}
