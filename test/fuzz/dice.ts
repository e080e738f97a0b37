// Seeded chance: the same seed throws the same numbers on every run and every machine.

import type { Random } from "../../src/index.ts";
import { SeededRandom } from "../../src/index.ts";

/** Numbers at which code goes wrong: edges of signed and unsigned widths, sizes of headers. */
const edges = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 67, 68, 127, 128, 255, 256, 1_500, 4_096, 4_097, 0x7fff,
];
const wideEdges = [0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** A source of choices. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#random.u32() / 0x1_0000_0000) * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of `choices`. */
  of<const Choice>(choices: readonly Choice[]): Choice {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new RangeError("Nothing to choose from");
    return choice;
  }

  u32(): number {
    return this.#random.u32();
  }

  /** A number that is mostly small, often an edge, sometimes any. */
  number(): number {
    switch (this.below(6)) {
      case 0:
        return this.of(wideEdges);
      case 1:
        return this.u32();
      case 2:
        return this.of(edges);
      default:
        return this.below(12);
    }
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
