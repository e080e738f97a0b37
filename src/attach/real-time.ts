// The world's clock, run loop and randomness, from what Node and browsers both have: performance.now, setTimeout,
// setImmediate or a MessageChannel, crypto.
//
// Node stays alive for left-over work, and while somebody waits for an answer that time will bring (a ping, a capture);
// a machine that merely has timers (a neighbour that may go stale) keeps no process alive.

import type { Clock, Random, Scheduler } from "../index.ts";

/** What `createMachine` needs of the world. */
export interface World {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** The world in real time: `createMachine({ ...realTime() })`. Each machine takes one of its own. */
export function realTime(): World {
  return { clock: new RealClock(), scheduler: new RealScheduler(), random: new CryptoRandom() };
}

/** The longest delay setTimeout keeps, in milliseconds: more would fire at once. */
const longestDelayMs = 0x7fffffff;
const nsPerMs = 1_000_000;

/** An alarm no further away than this is of a frame on its way, and kept to a fraction of a millisecond where that can be. */
const nearMs = 100;
/** How far a timeout may be off: near alarms are waited for with setImmediate for as long. */
const slackMs = 2;

/** Time since its making, of performance.now; the alarm is a timeout, and for the last moments before a near one an immediate. */
class RealClock implements Clock {
  readonly epochNs = BigInt(Date.now()) * BigInt(nsPerMs);
  readonly #startMs = performance.now();
  readonly #check = () => this.#fire();
  #at = Number.NaN;
  #wake: (() => void) | undefined;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #isNear = false;
  #isAwake = false;

  now(): number {
    return Math.round((performance.now() - this.#startMs) * nsPerMs);
  }

  setAlarm(at: number, wake: () => void): void {
    this.#wake = wake;
    if ((this.#timeout ?? this.#immediate) !== undefined && this.#at === at) return;
    this.#at = at;
    this.#isNear = at - this.now() <= nearMs * nsPerMs && typeof setImmediate === "function";
    this.#arm();
  }

  clearAlarm(): void {
    this.#wake = undefined;
    this.#disarm();
  }

  stayAwake(isAwake: boolean): void {
    this.#isAwake = isAwake;
    holdProcess(this.#timeout, isAwake);
  }

  #disarm(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  #arm(): void {
    this.#disarm();
    const delayMs = Math.max(0, (this.#at - this.now()) / nsPerMs);
    if (this.#isNear && delayMs <= slackMs) {
      // It holds the process for these moments: an immediate that does not would let an idle loop sleep past the alarm.
      this.#immediate = setImmediate(this.#check);
      return;
    }
    const waitMs = this.#isNear ? Math.floor(delayMs - slackMs) : Math.ceil(delayMs);
    this.#timeout = setTimeout(this.#check, Math.min(waitMs, longestDelayMs));
    holdProcess(this.#timeout, this.#isAwake);
  }

  /** Wakes the machine; again later when the timeout came early, as it does by up to a millisecond, or was too long. */
  #fire(): void {
    this.#disarm();
    const wake = this.#wake;
    if (wake === undefined) return;
    if (this.now() < this.#at) {
      this.#arm();
      return;
    }
    this.#wake = undefined;
    wake();
  }
}

/** Lets a timeout keep the process alive, or not; browsers know no such thing. */
function holdProcess(timeout: ReturnType<typeof setTimeout> | undefined, isHeld: boolean): void {
  if (typeof timeout !== "object") return;
  if (isHeld) timeout.ref();
  else timeout.unref();
}

/** Runs tasks after outside events have had their turn: setImmediate, or a message to oneself where there is none. */
class RealScheduler implements Scheduler {
  readonly #tasks: (() => void)[] = [];
  readonly #channel = typeof setImmediate === "function" ? undefined : new MessageChannel();

  constructor() {
    if (this.#channel === undefined) return;
    Object.assign(this.#channel.port1, { onmessage: () => this.#tasks.shift()?.() });
  }

  schedule(task: () => void): void {
    if (this.#channel === undefined) {
      setImmediate(task);
      return;
    }
    this.#tasks.push(task);
    this.#channel.port2.postMessage(undefined);
  }
}

/** Random numbers of the platform's crypto, fetched in batches. */
class CryptoRandom implements Random {
  readonly #batch = new Uint32Array(64);
  #next = this.#batch.length;

  u32(): number {
    if (this.#next === this.#batch.length) {
      crypto.getRandomValues(this.#batch);
      this.#next = 0;
    }
    return this.#batch[this.#next++] ?? 0;
  }
}
