// What can be wrong with a wire, as a user says it; the words of tc-netem(8).

import type { Distribution } from "./distribution.ts";
import type { Rate, Share, Time } from "./units.ts";

/** Losses: by chance, with a correlation, by the model of four states or by that of Gilbert and Elliott. */
export type Loss =
  | Share
  | { readonly probability: Share; readonly correlation?: Share }
  | {
      readonly p13: Share;
      readonly p31?: Share;
      readonly p32?: Share;
      readonly p23?: Share;
      readonly p14?: Share;
    }
  | { readonly p: Share; readonly r?: Share; readonly h?: Share; readonly k?: Share };

/** A chance, with or without a correlation to the last one drawn. */
export type Chance = Share | { readonly probability: Share; readonly correlation?: Share };

/** What is wrong with a wire, in one direction. Times as "50ms" or in milliseconds, shares as "1%" or of 1. */
export interface NetemOptions {
  readonly delay?: Time | undefined;
  readonly jitter?: Time | undefined;
  /** How much a delay is like the one before. */
  readonly delayCorrelation?: Share | undefined;
  /** How delays lie around `delay`; uniform by default. */
  readonly distribution?: Distribution | undefined;
  readonly loss?: Loss | undefined;
  /** Marks instead of losing, where the sender knows what that means (ECN). */
  readonly ecn?: boolean | undefined;
  readonly duplicate?: Chance | undefined;
  readonly corrupt?: Chance | undefined;
  /** The chance that a frame goes at once, before those that are delayed; takes a delay. */
  readonly reorder?: Chance | undefined;
  /** Only every so many frames is put in front. */
  readonly gap?: number | undefined;
  readonly rate?: Rate | undefined;
  /** Bytes that each frame takes more, and cells into which it is cut. */
  readonly packetOverhead?: number | undefined;
  readonly cellSize?: number | undefined;
  readonly cellOverhead?: number | undefined;
  /** Frames leave in bunches: not before `min` and at latest `max` after the last bunch. */
  readonly slot?:
    | { readonly min: Time; readonly max?: Time; readonly packets?: number; readonly bytes?: number }
    | undefined;
  /** Frames that may wait; 1,000 by default. */
  readonly limit?: number | undefined;
  /** What decisions are drawn from; the machine's own randomness by default. */
  readonly seed?: number | bigint | undefined;
  /** Decides for each segment of a large frame, as a wire does, and not once for the whole, as Linux does. */
  readonly perSegment?: boolean | undefined;
}
