// The attributes of a bridge.
//
// Mirrors <linux/if_link.h> (IFLA_BR_*); times are in hundredths of a second (clock_t), as `ip` has them.

import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";

/** A bridge as a user of the library describes it. */
export interface BridgeOptions {
  /** Speaks the spanning tree protocol; no by default. */
  readonly stp?: boolean | undefined;
  /** How long a port listens, and then learns, before it forwards; 1,500 by default, 200 at least where stp is on. */
  readonly forwardDelay?: number | undefined;
  readonly helloTime?: number | undefined;
  readonly maxAge?: number | undefined;
  readonly ageingTime?: number | undefined;
  readonly priority?: number | undefined;
}

/** Writes the IFLA_INFO_DATA of a bridge. */
export function writeBridge(writer: MessageWriter, options: BridgeOptions): void {
  const { stp, forwardDelay, helloTime, maxAge, ageingTime, priority } = options;
  if (forwardDelay !== undefined) writer.u32(link.IFLA_BR_FORWARD_DELAY, forwardDelay);
  if (helloTime !== undefined) writer.u32(link.IFLA_BR_HELLO_TIME, helloTime);
  if (maxAge !== undefined) writer.u32(link.IFLA_BR_MAX_AGE, maxAge);
  if (ageingTime !== undefined) writer.u32(link.IFLA_BR_AGEING_TIME, ageingTime);
  if (stp !== undefined) writer.u32(link.IFLA_BR_STP_STATE, stp ? 1 : 0);
  if (priority !== undefined) writer.u16(link.IFLA_BR_PRIORITY, priority);
}
