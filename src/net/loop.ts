// The poll loop: devices with a backlog stand in a list and are served in turn, 64 frames at a time, so that one busy
// pair cannot starve the rest. The outermost transmit or deliver drains the list up to a budget; what is left over is
// the scheduler's.
//
// A frame that comes while nothing else waits, which is most of them, stands in a slot of the loop's own instead of in
// its device's backlog: that costs half as much and keeps every order there is.
//
// Mirrors net/core/dev.c (net_rx_action, net.core.netdev_budget and dev_weight).

import { assert } from "../bytes/assert.ts";
import type { Scheduler } from "./clock.ts";
import type { Device, Frame, PollLoop } from "./netdevice.ts";
import { appendBacklog, netifReceive, processBacklog } from "./receive.ts";

/** Frames a device receives before the next one has its turn. */
const pollWeight = 64;
/** Frames received before whoever started the work gets control back. */
const pollBudget = 300;

/** The loop of one engine thread. */
export class FrameLoop implements PollLoop {
  readonly #scheduler: Scheduler;
  readonly #continue = () => this.#resume();
  #head: Device | null = null;
  #tail: Device | null = null;
  /** The frame that came alone; only inside a stretch of work. */
  #alone: Frame | null = null;
  #isServing = false;
  #depth = 0;
  #isScheduled = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** True when no device has frames to receive. */
  get isIdle(): boolean {
    return this.#head === null;
  }

  post(dev: Device): void {
    dev.isPolled = true;
    dev.pollNext = null;
    if (this.#tail === null) this.#head = dev;
    else this.#tail.pollNext = dev;
    this.#tail = dev;
    if (this.#depth === 0) this.#schedule();
  }

  takeAlone(frame: Frame): boolean {
    if (this.#head !== null || this.#isServing || this.#depth === 0) return false;
    if (this.#alone !== null) {
      this.#queueAlone();
      return false;
    }
    this.#alone = frame;
    return true;
  }

  forget(dev: Device): void {
    const frame = this.#alone;
    if (frame === null || frame.dev !== dev) return;
    this.#alone = null;
    frame.pool.free(frame);
  }

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    if (this.#depth > 1) this.#depth--;
    else this.#end();
  }

  /** Ends the outermost stretch: what came in it is received. */
  #end(): void {
    assert(this.#depth === 1, "A stretch of work that ends has begun");
    if (this.#alone !== null || this.#head !== null) this.#drain();
    this.#depth--;
  }

  /** Receives what there is until it is gone or the budget is used up (net_rx_action). */
  #drain(): void {
    let budget = pollBudget;
    try {
      for (let frame = this.#alone; frame !== null && budget > 0; frame = this.#alone) {
        this.#alone = null;
        budget--;
        if (frame.dev !== null) netifReceive(frame, frame.dev);
      }
      if (this.#alone !== null) this.#queueAlone();
      if (this.#head !== null) this.#serve(budget);
    } catch (error) {
      // A bug in a handler must not leave the loop deaf: the stretch ends, and the error goes to whoever sent.
      this.#isServing = false;
      this.#depth--;
      throw error;
    }
    if (this.#head !== null) this.#schedule();
  }

  /** Serves the devices of the list in turn. */
  #serve(budget: number): void {
    this.#isServing = true;
    let left = budget;
    for (let dev = this.#head; dev !== null && left > 0; dev = this.#head) {
      this.#head = dev.pollNext;
      if (this.#head === null) this.#tail = null;
      dev.isPolled = false;
      left -= processBacklog(dev, pollWeight);
      if (dev.backlogLength > 0 && !dev.isPolled) this.post(dev);
    }
    this.#isServing = false;
  }

  /** Moves the frame in the slot to its device's backlog, before the one that comes behind it. */
  #queueAlone(): void {
    const frame = this.#alone;
    this.#alone = null;
    if (frame === null || frame.dev === null) return;
    appendBacklog(frame, frame.dev);
    if (!frame.dev.isPolled) this.post(frame.dev);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduler.schedule(this.#continue);
  }

  #resume(): void {
    this.#isScheduled = false;
    this.enter();
    this.leave();
  }
}
