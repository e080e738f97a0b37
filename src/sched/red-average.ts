// The average length of a queue and what it means for the next frame: let it be, drop or mark it by chance, drop or mark it for sure.
//
// Mirrors include/net/red.h (v6.18: red_set_parms, red_calc_qavg, red_action, red_adaptative_algo); Floyd and Jacobson, "Random Early
// Detection Gateways for Congestion Avoidance", 1993.

import type { Random } from "../net/random.ts";

/** Entries of the table of decay in idle time (RED_STAB_SIZE). */
export const RED_STAB_SIZE = 256;
const two32 = 0x1_0000_0000;
const u32Max = 0xffff_ffff;
const onePercent = Math.round(two32 / 100);
const maxPMin = onePercent;
const maxPMax = 50 * onePercent;
/** The largest number of cells that idle time is counted in. */
const maxCells = 255;

/** What is done with a frame. */
export const RED_DONT_MARK = 0;
export const RED_PROB_MARK = 1;
export const RED_HARD_MARK = 2;

/** As they were given. */
export interface RedParams {
  /** Bytes below which nothing and from which on all is marked. */
  readonly min: number;
  readonly max: number;
  /** Powers of two: the weight of a new length in the average, the greatest chance, the length of a cell of idle time in µs. */
  readonly wlog: number;
  readonly plog: number;
  readonly scellLog: number;
  readonly stab: Uint8Array;
  /** The greatest chance, 2^32 being certainty; 0: made of plog. */
  readonly maxP: number;
}

/** EINVAL is due for these when false (red_check_params). */
export function areRedParamsRight({ min, max, wlog, scellLog, stab }: RedParams): boolean {
  const bits = (value: number) => 32 - Math.clz32(value);
  if (bits(min) + wlog >= 32 || bits(max) + wlog >= 32 || scellLog >= 32) return false;
  return max >= min && stab.every((shift) => shift < 32);
}

/** The average of one queue. */
export class RedAverage {
  readonly params: RedParams;
  /** Times `2^wlog`, as the bounds beside it are. */
  readonly #weight: number;
  readonly #min: number;
  readonly #max: number;
  readonly #delta: number;
  /** The greatest chance over the whole of the range. */
  maxP: number;
  #chanceDivisor = 1;
  #average = 0;
  /** Frames since the last one was marked, -1: below the range; and a random number for the next mark. */
  #count = -1;
  #random = 0;
  /** Since when the queue is empty, in nanoseconds; NaN while it is not. */
  #idleSinceNs = Number.NaN;

  constructor(params: RedParams) {
    this.params = params;
    const { min, max, wlog, plog, maxP } = params;
    this.#weight = 2 ** wlog;
    this.#min = min * this.#weight;
    this.#max = max * this.#weight;
    this.#delta = Math.max(1, max - min);
    const byLog = plog < 32 ? u32Max >>> plog : u32Max;
    this.maxP = maxP === 0 ? (byLog * this.#delta) % two32 : maxP;
    this.#chanceDivisor = Math.max(1, Math.floor(this.maxP / this.#delta));
  }

  get isIdle(): boolean {
    return !Number.isNaN(this.#idleSinceNs);
  }

  /** The queue has run empty. */
  beginIdle(nowNs: number): void {
    if (!this.isIdle) this.#idleSinceNs = nowNs;
  }

  /** Takes the length of the queue, in bytes, and says what is done with the frame that comes (RED_*). */
  next(backlog: number, nowNs: number, random: Random): number {
    if (this.isIdle) {
      this.#average = this.#decayed(nowNs);
      this.#idleSinceNs = Number.NaN;
    } else this.#average += backlog - Math.floor(this.#average / this.#weight);
    if (this.#average < this.#min) {
      this.#count = -1;
      return RED_DONT_MARK;
    }
    if (this.#average >= this.#max) {
      this.#count = -1;
      return RED_HARD_MARK;
    }
    this.#count++;
    if (this.#count > 0) {
      const above = Math.floor((this.#average - this.#min) / this.#weight);
      if (above * this.#count < this.#random) return RED_DONT_MARK;
      this.#count = 0;
      this.#draw(random);
      return RED_PROB_MARK;
    }
    this.#draw(random);
    return RED_DONT_MARK;
  }

  #draw(random: Random): void {
    this.#random = Math.floor(random.u32() / this.#chanceDivisor);
  }

  /** The average after the time without frames (red_calc_qavg_from_idle_time). */
  #decayed(nowNs: number): number {
    const { scellLog, stab } = this.params;
    const cell = 2 ** scellLog;
    const idleUs = Math.min(Math.floor((nowNs - this.#idleSinceNs) / 1_000), maxCells * cell);
    const shift = stab[Math.floor(idleUs / cell) & (RED_STAB_SIZE - 1)] ?? 0;
    if (shift > 0) return Math.floor(this.#average / 2 ** shift);
    const lost = Math.floor((this.#average * idleUs) / cell);
    const half = Math.floor(this.#average / 2);
    return lost < half ? this.#average - lost : half;
  }

  /** Makes the chance greater or less, so that the average stays about the middle of the range; every half second. */
  adapt(nowNs: number): void {
    const average = (this.isIdle ? this.#decayed(nowNs) : this.#average) / this.#weight;
    const fifth = Math.floor(this.#delta / 5);
    const { min } = this.params;
    if (Math.floor(average) > min + 3 * fifth && this.maxP <= maxPMax)
      this.maxP += Math.min(maxPMin, Math.floor(this.maxP / 4));
    else if (Math.floor(average) < min + 2 * fifth && this.maxP >= maxPMin)
      this.maxP = Math.floor(this.maxP / 10) * 9;
    this.#chanceDivisor = Math.max(1, Math.round(this.maxP / this.#delta));
  }
}
