// The poll loop: devices with a backlog stand in a list and are served in turn, 64 frames at a time, so that one busy
// pair cannot starve the rest. The outermost transmit or deliver drains the list up to a budget; what is left over is
// the scheduler's.
//
// Mirrors net/core/dev.c (net_rx_action, net.core.netdev_budget and dev_weight).

import { assert } from "../bytes/assert.ts";
import type { Scheduler } from "./clock.ts";
import type { Device, PollLoop } from "./netdevice.ts";
import { processBacklog } from "./receive.ts";

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

  enter(): void {
    this.#depth++;
  }

  leave(): void {
    assert(this.#depth > 0, "A stretch of work that ends has begun");
    if (this.#depth === 1 && this.#head !== null) this.#drain();
    this.#depth--;
  }

  /** Serves the list until it is empty or the budget is used up (net_rx_action). */
  #drain(): void {
    let budget = pollBudget;
    for (let dev = this.#head; dev !== null && budget > 0; dev = this.#head) {
      this.#head = dev.pollNext;
      if (this.#head === null) this.#tail = null;
      dev.isPolled = false;
      budget -= processBacklog(dev, pollWeight);
      if (dev.backlogLength > 0 && !dev.isPolled) this.post(dev);
    }
    if (this.#head !== null) this.#schedule();
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
