// The time of one lab: the world's, or virtual, which stands still unless somebody advances it or waits.

import type { Machine, Time, VirtualClock } from "../index.ts";
import { nanoseconds } from "../index.ts";
import { LabError } from "./lab-error.ts";

const stepNs = 10_000_000;
/** How long `until` advances virtual time for one promise. */
const patienceNs = 3_600_000_000_000;

/** What a lab goes by. */
export class LabTime {
  readonly #machine: Machine;
  readonly #clock: VirtualClock | undefined;

  /** `clock` is the machine's own where it is virtual. */
  constructor(machine: Machine, clock: VirtualClock | undefined) {
    this.#machine = machine;
    this.#clock = clock;
  }

  get isVirtual(): boolean {
    return this.#clock !== undefined;
  }

  /** Nanoseconds since the lab's start. */
  now(): number {
    return this.#machine.core.clock.now();
  }

  /** Moves virtual time on; LabError in real time. */
  async advance(time: Time): Promise<void> {
    await this.#virtual().advance(nanoseconds(time));
  }

  /** LabError unless time is virtual. */
  #virtual(): VirtualClock {
    if (this.#clock === undefined)
      throw new LabError('Cannot advance real time: make the lab with { time: "virtual" }');
    return this.#clock;
  }

  /** Runs `run` once so many nanoseconds have passed; returns how to take that back. */
  after(delayNs: number, run: () => void): () => void {
    const timer = this.#machine.core.timers.after(delayNs, run);
    return () => timer.stop();
  }

  /** Resolves when so much time has passed. */
  sleep(time: Time): Promise<void> {
    return new Promise((resolve) => this.after(nanoseconds(time), () => resolve(undefined)));
  }

  /** Lets so much time pass: virtual time is moved on, real time waited for. */
  pass(time: Time): Promise<void> {
    return this.isVirtual ? this.advance(time) : this.sleep(time);
  }

  /** Awaits `promise`; virtual time runs on until it is settled. `settle`: see VirtualClock.advance. */
  async until<Result>(promise: Promise<Result>, settle?: () => Promise<void>): Promise<Result> {
    if (this.#clock === undefined) return promise;
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    for (let waited = 0; !isSettled && waited < patienceNs; waited += stepNs) {
      await this.#clock.advance(stepNs, settle);
    }
    if (!isSettled) throw new LabError("Nothing came of it within an hour of virtual time");
    return settled;
  }

  /** Waits until something holds, for at most so long; virtual time runs meanwhile. */
  async waitUntil(isReached: () => boolean, withinNs: number): Promise<void> {
    const end = this.now() + withinNs;
    while (!isReached() && this.now() < end) {
      const ns = Math.max(1, Math.min(stepNs, end - this.now()));
      if (this.#clock !== undefined) await this.#clock.advance(ns);
      else await new Promise((resolve) => this.after(ns, () => resolve(undefined)));
    }
  }
}
