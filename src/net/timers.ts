// The machine's timers: a binary heap by due time over the clock's single alarm. Timers that are due at the same
// nanosecond run in the order they were set.

import { assert } from "../bytes/assert.ts";
import type { Clock } from "./clock.ts";

/** A timer that can be set again and again without new memory (`struct timer_list`). */
export class Timer {
  readonly #timers: Timers;
  readonly #callback: () => void;
  /** Due time in nanoseconds, and the order among equals; owned by Timers. */
  due = Number.NaN;
  order = 0;
  /** Place in the heap, -1 when not pending; owned by Timers. */
  place = -1;

  constructor(timers: Timers, callback: () => void) {
    this.#timers = timers;
    this.#callback = callback;
  }

  get isPending(): boolean {
    return this.place >= 0;
  }

  /** Nanoseconds until it runs, 0 when it is not pending or due. */
  get remainingNs(): number {
    return this.isPending ? Math.max(0, this.due - this.#timers.now) : 0;
  }

  /** Sets the timer to run `delayNs` from now; a pending one is moved (mod_timer). */
  start(delayNs: number): void {
    this.#timers.add(this, delayNs);
  }

  /** Takes the timer back; nothing happens when it is not pending (timer_delete). */
  stop(): void {
    this.#timers.remove(this);
  }

  /** Runs the callback; called by Timers when due. */
  expire(): void {
    this.#callback();
  }
}

/** All timers of one machine. */
export class Timers {
  readonly #clock: Clock;
  readonly #heap: Timer[] = [];
  readonly #wake = () => this.#run();
  #nextOrder = 0;
  #isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many timers are pending: zero when a machine has been torn down. */
  get size(): number {
    return this.#heap.length;
  }

  /** What the clock says. */
  get now(): number {
    return this.#clock.now();
  }

  /** Makes a timer that is not yet pending. */
  timer(callback: () => void): Timer {
    return new Timer(this, callback);
  }

  /** Runs `callback` once, `delayNs` from now. */
  after(delayNs: number, callback: () => void): Timer {
    const timer = this.timer(callback);
    timer.start(delayNs);
    return timer;
  }

  /** See Timer.start. */
  add(timer: Timer, delayNs: number): void {
    assert(delayNs >= 0, "A timer's delay is not negative");
    if (timer.isPending) this.#detach(timer);
    // A fraction would leave a timer due at no moment of a clock that counts whole nanoseconds.
    timer.due = Math.ceil(this.#clock.now() + delayNs);
    timer.order = this.#nextOrder++;
    timer.place = this.#heap.push(timer) - 1;
    this.#rise(timer);
    this.#arm();
  }

  /** See Timer.stop. */
  remove(timer: Timer): void {
    if (!timer.isPending) return;
    this.#detach(timer);
    this.#arm();
  }

  /** Takes every timer back, as a machine that closes does. */
  clear(): void {
    for (const timer of this.#heap) timer.place = -1;
    this.#heap.length = 0;
    this.#clock.clearAlarm();
  }

  #run(): void {
    this.#isRunning = true;
    try {
      const now = this.#clock.now();
      for (let timer = this.#heap[0]; timer !== undefined && timer.due <= now; timer = this.#heap[0]) {
        this.#detach(timer);
        timer.expire();
      }
    } finally {
      this.#isRunning = false;
      this.#arm();
    }
  }

  #arm(): void {
    if (this.#isRunning) return;
    const first = this.#heap[0];
    if (first === undefined) this.#clock.clearAlarm();
    else this.#clock.setAlarm(first.due, this.#wake);
  }

  #detach(timer: Timer): void {
    const last = this.#heap.pop();
    assert(last !== undefined, "A pending timer is in the heap");
    if (last !== timer) {
      last.place = timer.place;
      this.#heap[last.place] = last;
      this.#rise(last);
      this.#sink(last);
    }
    timer.place = -1;
  }

  #rise(timer: Timer): void {
    for (
      let parent = this.#heap[(timer.place - 1) >> 1];
      timer.place > 0;
      parent = this.#heap[(timer.place - 1) >> 1]
    ) {
      if (parent === undefined || !isBefore(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[2 * timer.place + 1];
      const right = this.#heap[2 * timer.place + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, timer)) return;
      this.#swap(timer, child);
    }
  }

  #swap(one: Timer, other: Timer): void {
    const place = one.place;
    one.place = other.place;
    other.place = place;
    this.#heap[one.place] = one;
    this.#heap[other.place] = other;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}
