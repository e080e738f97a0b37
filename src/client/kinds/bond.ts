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
}

const modes = { "balance-rr": 0, "active-backup": 1, "balance-xor": 2, broadcast: 3 } as const;

/** Writes the IFLA_INFO_DATA of a bond. */
export function writeBond(writer: MessageWriter, { mode, miimon, upDelay, downDelay }: BondOptions): void {
  if (mode !== undefined) writer.u8(link.IFLA_BOND_MODE, modes[mode]);
  if (miimon !== undefined) writer.u32(link.IFLA_BOND_MIIMON, miimon);
  if (upDelay !== undefined) writer.u32(link.IFLA_BOND_UPDELAY, upDelay);
  if (downDelay !== undefined) writer.u32(link.IFLA_BOND_DOWNDELAY, downDelay);
}
