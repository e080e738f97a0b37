// The way of a frame out of a macvlan: to its neighbours on the same device in the mode "bridge", to the world by the
// device below.
//
// Mirrors drivers/net/macvlan.c (macvlan_start_xmit, macvlan_queue_xmit).

import { isMulticast, readMac } from "../../bytes/mac.ts";
import { TX_DROPPED } from "../../net/counters.ts";
import { count, countTx } from "../../net/device.ts";
import { forwardFrame } from "../../net/forward.ts";
import { drop } from "../../net/frame.ts";
import { sendBelow } from "../../net/lower.ts";
import type { Frame } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { MACVLAN_MODE_BRIDGE } from "../../uapi/if_link.ts";
import type { Macvlan, MacvlanPort } from "./port.ts";
import { spread } from "./receive.ts";

/** Sends a frame (macvlan_start_xmit). */
export function startXmit(frame: Frame, dev: Macvlan): void {
  const { port, mode } = dev.state;
  const { length } = frame;
  if (port === null) return frame.pool.free(frame);
  const isSent =
    mode === MACVLAN_MODE_BRIDGE && toNeighbours(frame, dev, port) ? true : sendBelow(frame, port.lower);
  if (!isSent) return count(dev, TX_DROPPED, 1);
  countTx(dev, length);
}

/** Shows a frame to those who are to see it without the world; true when the world need not see it. */
function toNeighbours(frame: Frame, dev: Macvlan, port: MacvlanPort): boolean {
  const destination = readMac(frame.bytes, frame.start);
  if (isMulticast(destination)) {
    spread(frame, port, { source: dev, modes: MACVLAN_MODE_BRIDGE, isLocal: true });
    return false;
  }
  if (port.byAddress.get(destination)?.state.mode !== MACVLAN_MODE_BRIDGE) return false;
  // By way of the device below, for its taps: its handler takes the frame to the neighbour.
  const reason = forwardFrame(frame, dev, port.lower);
  if (reason === null) netifRx(frame, port.lower);
  else drop(frame, reason);
  return true;
}
