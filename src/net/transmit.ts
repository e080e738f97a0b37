// The way of a frame down and out: devQueueXmit takes it to the device's queueing discipline, or past it, shows it to
// the taps and hands it to the driver.
//
// Mirrors net/core/dev.c (__dev_queue_xmit, dev_hard_start_xmit, xmit_one) and net/sched/sch_generic.c (__qdisc_run).
// Taps see a frame when it leaves the queue, as on Linux: behind netem's delay, not before it.

import { assert } from "../bytes/assert.ts";
import { IFF_UP } from "../uapi/if.ts";
import { dropTx } from "./frame.ts";
import type { Device, Frame, Qdisc } from "./netdevice.ts";
import { showTaps } from "./receive.ts";

/** Frames one run of a queue sends at most before others have their turn (dev_tx_weight). */
const transmitWeight = 64;

/**
 * Sends `frame` on `frame.dev`, whose `start` is at the MAC header (__dev_queue_xmit). Takes ownership of `frame`.
 * Never throws; a refused frame is counted under its drop reason. What it delivers is received when the outermost call
 * ends, in bounded batches (loop.ts).
 */
export function devQueueXmit(frame: Frame): void {
  const dev = frame.dev;
  assert(dev !== null, "A frame is sent on a device");
  const { loop } = dev.machine;
  loop.enter();
  if ((dev.flags & IFF_UP) === 0) dropTx(frame, dev, "device-down");
  else if (!dev.hasCarrier) dropTx(frame, dev, "no-carrier");
  else if (dev.qdisc === null) devHardStartXmit(frame, dev);
  else {
    dev.qdisc.enqueue(frame);
    runQdisc(dev, dev.qdisc);
  }
  loop.leave();
}

/** Sends what the discipline lets go now, up to a bound (__qdisc_run); disciplines call it when their time has come. */
export function runQdisc(dev: Device, qdisc: Qdisc): void {
  const { loop } = dev.machine;
  loop.enter();
  for (let sent = 0; sent < transmitWeight; sent++) {
    const frame = qdisc.dequeue();
    if (frame === null) break;
    devHardStartXmit(frame, dev);
  }
  loop.leave();
}

/** Shows the frame to the taps and hands it to the driver (xmit_one). */
export function devHardStartXmit(frame: Frame, dev: Device): void {
  frame.macHeader = frame.start;
  if (dev.taps !== null) showTaps(dev.taps, frame, dev, true);
  if (dev.netns.taps !== null) showTaps(dev.netns.taps, frame, dev, true);
  dev.ops.startXmit(frame, dev);
}
