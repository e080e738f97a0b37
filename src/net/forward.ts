// A frame crosses from one device to another inside the machine: is it small enough for the receiver, and what must it
// leave behind when it goes to another namespace.
//
// Mirrors net/core/dev.c (is_skb_forwardable, ____dev_forward_skb) and net/core/skbuff.c (skb_scrub_packet).

import { IFF_UP } from "../uapi/if.ts";
import { RX_DROPPED } from "./counters.ts";
import { count } from "./device.ts";
import type { DropReason } from "./drop-reason.ts";
import { ethTypeTrans } from "./ethernet.ts";
import type { Device, Frame } from "./netdevice.ts";
import { GSO_NONE } from "./netdevice.ts";

/** A VLAN tag more than the MTU is let pass. */
const vlanTagLength = 4;

/**
 * Readies a frame that `from` sends for `to` to receive, its `start` at the MAC header (__dev_forward_skb). Returns why
 * it cannot go, counted in the receiver's rx_dropped, or null; the frame stays the caller's.
 */
export function forwardFrame(frame: Frame, from: Device, to: Device): DropReason | null {
  const isDown = (to.flags & IFF_UP) === 0;
  const most = to.mtu + to.hardHeaderLength + vlanTagLength;
  if (isDown || (frame.end - frame.start > most && frame.gsoType === GSO_NONE)) {
    count(to, RX_DROPPED, 1);
    return isDown ? "peer-down" : "oversize";
  }
  if (to.netns !== from.netns) scrub(frame);
  frame.timestamp = Number.NaN;
  frame.tunnel = 0;
  ethTypeTrans(frame, to);
  return null;
}

/** Takes off what means something only in the namespace the frame leaves (skb_scrub_packet). */
function scrub(frame: Frame): void {
  frame.mark = 0;
  frame.priority = 0;
}
