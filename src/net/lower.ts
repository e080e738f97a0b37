// What devices that stand on another one do alike: find the one below that a request names, and send through it.
//
// Mirrors net/core/rtnetlink.c (rtnl_newlink_link_net) and what dev_queue_xmit returns to its caller.

import { TX_DROPPED } from "./counters.ts";
import type { Device, Frame, NewLink } from "./netdevice.ts";
import { devQueueXmit } from "./transmit.ts";

/** The device of IFLA_LINK, in the namespace of IFLA_LINK_NETNSID or the sender's; undefined when there is none of that index. */
export function lowerOf({ attrs, linkNetns, sourceNetns }: NewLink): Device | undefined {
  return attrs.link === undefined ? undefined : (linkNetns ?? sourceNetns).devices.get(attrs.link);
}

/**
 * Sends a frame on the device below; false when it was dropped there at once. Takes ownership of `frame`. Called within a
 * transmission, so that nothing else happens meanwhile: what `lower` has counted as dropped is this frame.
 */
export function sendBelow(frame: Frame, lower: Device): boolean {
  const dropped = lower.counters[TX_DROPPED];
  frame.dev = lower;
  devQueueXmit(frame);
  return lower.counters[TX_DROPPED] === dropped;
}
