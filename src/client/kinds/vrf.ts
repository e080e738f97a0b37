// The attributes of a VRF.
//
// Mirrors <linux/if_link.h> (IFLA_VRF_*).

import type { MessageWriter } from "../../netlink/writer.ts";
import { IFLA_VRF_TABLE } from "../../uapi/if_link.ts";

/** A VRF as it is asked for, and as a user of the library describes it. */
export interface VrfOptions {
  /** The routing table of its ports. */
  readonly table?: number | undefined;
}

/** Writes the IFLA_INFO_DATA of a VRF. */
export function writeVrf(writer: MessageWriter, { table }: VrfOptions): void {
  if (table !== undefined) writer.u32(IFLA_VRF_TABLE, table);
}
