// A machine for tests: time stands still until told to move, every run is the same, freed frames are poisoned and memory
// is so small that a leak of frames is felt.

import type { Machine, MachineOptions } from "../index.ts";
import { createMachine, SeededRandom, VirtualClock } from "../index.ts";

/** How a test's machine differs from the usual one. */
export interface TestMachineOptions extends Partial<Omit<MachineOptions, "clock" | "scheduler" | "random">> {
  /** What randomness starts from; 1 by default. */
  readonly seed?: number;
  /** The wall clock at the machine's start, in nanoseconds since 1970; 0 by default. */
  readonly epochNs?: bigint;
}

/** A machine and what moves its time. */
export interface TestMachine {
  readonly machine: Machine;
  readonly clock: VirtualClock;
}

/**
 * Makes a machine under a virtual clock, with seeded randomness, poisoned frames and 8 MiB for them.
 *
 * @example
 * ```js
 * import { createTestMachine } from "uveth/testkit";
 *
 * const { machine, clock } = createTestMachine({ seed: 7 });
 * await clock.advance(1_000_000_000);
 * machine.close();
 * ```
 */
export function createTestMachine({ seed = 1, epochNs, ...options }: TestMachineOptions = {}): TestMachine {
  const clock = new VirtualClock(epochNs);
  const random = new SeededRandom(seed);
  const frameMemoryBytes = 8 * 1024 * 1024;
  return {
    machine: createMachine({
      frameMemoryBytes,
      poisonFrames: true,
      ...options,
      clock,
      scheduler: clock,
      random,
    }),
    clock,
  };
}
