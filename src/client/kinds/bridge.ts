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
  /** Groups of 01:80:c2:00:00:0X, a bit each, that are forwarded and not kept; none by default, the lowest three never. */
  readonly groupFwdMask?: number | undefined;
  /** Frames to a group go only to who asked for it; yes by default. */
  readonly mcastSnooping?: boolean | undefined;
}

/** Writes the IFLA_INFO_DATA of a bridge. */
export function writeBridge(writer: MessageWriter, options: BridgeOptions): void {
  const { stp, forwardDelay, helloTime, maxAge, ageingTime, priority, groupFwdMask, mcastSnooping } = options;
  if (forwardDelay !== undefined) writer.u32(link.IFLA_BR_FORWARD_DELAY, forwardDelay);
  if (helloTime !== undefined) writer.u32(link.IFLA_BR_HELLO_TIME, helloTime);
  if (maxAge !== undefined) writer.u32(link.IFLA_BR_MAX_AGE, maxAge);
  if (ageingTime !== undefined) writer.u32(link.IFLA_BR_AGEING_TIME, ageingTime);
  if (stp !== undefined) writer.u32(link.IFLA_BR_STP_STATE, stp ? 1 : 0);
  if (priority !== undefined) writer.u16(link.IFLA_BR_PRIORITY, priority);
  if (groupFwdMask !== undefined) writer.u16(link.IFLA_BR_GROUP_FWD_MASK, groupFwdMask);
  if (mcastSnooping !== undefined) writer.u8(link.IFLA_BR_MCAST_SNOOPING, mcastSnooping ? 1 : 0);
}
