// Time, as the machine is given it: a clock that tells nanoseconds since the machine's start and wakes it once, and a
// scheduler that runs what a bounded batch left over. Production code never learns time in any other way.
//
// VirtualClock is both, for tests and simulations: time stands still until `advance`.

/** A source of time with one alarm. The machine keeps its own timers and sets the alarm to the earliest (timers.ts). */
export interface Clock {
  /** Nanoseconds since the machine's start. */
  now(): number;
  /** Calls `wake` at `at` nanoseconds or as soon after as can be; replaces an alarm set before. */
  setAlarm(at: number, wake: () => void): void;
  clearAlarm(): void;
  /**
   * Somebody waits for what an alarm will bring (a ping for its answer), or no longer does: the clock of a process keeps
   * it from ending meanwhile. A machine that nobody waits for keeps no process alive.
   */
  stayAwake?(isAwake: boolean): void;
  /** The wall clock at nanosecond 0 of this clock, in nanoseconds since 1970; what capture files add to their stamps. */
  readonly epochNs: bigint;
}

/** Runs a task after the caller has returned and outside events have had their turn, as ksoftirqd does for a softirq. */
export interface Scheduler {
  schedule(task: () => void): void;
}

/** How long a machine under a virtual clock takes from one batch of frames to the next, in nanoseconds. */
const batchNs = 1_000;

/** A clock that moves only when told to. Same inputs, same order, on every run. */
export class VirtualClock implements Clock, Scheduler {
  readonly epochNs: bigint;
  #nowNs = 0;
  #alarm: { readonly at: number; readonly wake: () => void } | undefined;
  readonly #tasks: { readonly at: number; readonly task: () => void }[] = [];

  /** Starts at nanosecond 0; `epochNs` is the wall clock that capture files show for it. */
  constructor(epochNs = 0n) {
    this.epochNs = epochNs;
  }

  now(): number {
    return this.#nowNs;
  }

  setAlarm(at: number, wake: () => void): void {
    this.#alarm = { at, wake };
  }

  clearAlarm(): void {
    this.#alarm = undefined;
  }

  /** Left-over work costs virtual time, so that a storm of frames fills a second instead of stopping time for ever. */
  schedule(task: () => void): void {
    this.#tasks.push({ at: this.#nowNs + batchNs, task });
  }

  /**
   * Moves time on by `durationNs`, stopping at every timer on the way; promises that became ready run before the next
   * timer does, so that `await` in user code keeps its place in time. `settle` resolves once they have: another one for users
   * that wait for more than promises, such as Node's queues.
   */
  async advance(durationNs: number, settle: () => Promise<void> = settlePromises): Promise<void> {
    const end = this.#nowNs + durationNs;
    await settle();
    for (let next = this.#next(); next !== undefined && next <= end; next = this.#next()) {
      this.#nowNs = Math.max(next, this.#nowNs);
      this.#fire();
      await settle();
    }
    this.#nowNs = end;
  }

  #next(): number | undefined {
    const task = this.#tasks[0]?.at;
    const alarm = this.#alarm?.at;
    if (task === undefined) return alarm;
    return alarm === undefined ? task : Math.min(task, alarm);
  }

  #fire(): void {
    const task = this.#tasks[0];
    if (task !== undefined && task.at <= this.#nowNs) {
      this.#tasks.shift();
      task.task();
      return;
    }
    const alarm = this.#alarm;
    this.#alarm = undefined;
    alarm?.wake();
  }
}

/** Lets promises that are ready, and those that they make ready in turn, run; deep chains take several turns. */
async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 24; turn++) await undefined;
}
