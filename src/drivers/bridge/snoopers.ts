// A bridge that snoops is itself in the groups of all snoopers, by which multicast routers make themselves known (RFC 4286).
//
// Mirrors net/bridge/br_multicast.c (br_multicast_join_snoopers, br_multicast_leave_snoopers).

import { joinGroup4, leaveGroup4 } from "../../inet/ipv4/multicast.ts";
import { joinGroup, leaveGroup } from "../../inet/ipv6/multicast.ts";
import { in6Device, inDevice } from "../../inet/slots.ts";
import type { Bridge } from "./state.ts";

/** 224.0.0.106 */
const allSnoopers4 = 0xe000006a | 0;
/** ff02::6a */
const allSnoopers6 = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6a);

/** The bridge comes up or begins to snoop. */
export function joinSnoopers({ dev }: Bridge): void {
  const [four, six] = [inDevice(dev), in6Device(dev)];
  if (four !== null) joinGroup4(four, allSnoopers4);
  if (six !== null) joinGroup(six, allSnoopers6);
}

/** The bridge goes down or no longer snoops. */
export function leaveSnoopers({ dev }: Bridge): void {
  const [four, six] = [inDevice(dev), in6Device(dev)];
  if (four !== null) leaveGroup4(four, allSnoopers4);
  if (six !== null) leaveGroup(six, allSnoopers6);
}
