// Chances that remember: each number is drawn anew and pulled towards the last one by a correlation, and delays follow a table.
// Whole numbers only, so that every machine draws the same.
//
// Mirrors net/sched/sch_netem.c (get_crandom, tabledist).

import { NETEM_DIST_SCALE } from "../uapi/pkt_sched.ts";
import type { Prandom } from "./prandom.ts";

const two16 = 0x1_0000;
const two32 = 0x1_0000_0000;

/** A correlation and the number drawn last (`struct crndstate`). */
export interface Correlation {
  /** 0: none, 2^32 - 1: nearly complete. */
  rho: number;
  last: number;
}

/** A number of 32 bits, pulled towards the last one. */
export function correlated(random: Prandom, state: Correlation | null): number {
  const value = random.u32();
  if (state === null || state.rho === 0) return value;
  const rho = state.rho + 1;
  state.last = mix(value, two32 - rho, state.last, rho);
  return state.last;
}

/** (a × x + b × y) / 2^32, exact for x + y = 2^32: products of 64 bits in halves of 16. */
function mix(a: number, x: number, b: number, y: number): number {
  const low = (a % two16) * x + (b % two16) * y;
  const high = Math.floor(a / two16) * x + Math.floor(b / two16) * y;
  // high < 2^48 and low < 2^48: their sum, the one shifted, is split before it is made.
  const carried = high + Math.floor(low / two16);
  return Math.floor(carried / two16);
}

/**
 * A delay around `mu` (tabledist): uniform within `sigma` without a table, else `sigma` times what the table holds. All in
 * nanoseconds; `sigma` below 2^31.
 */
export function delayFrom(
  random: Prandom,
  mu: number,
  sigma: number,
  state: Correlation | null,
  table: Int16Array | null,
): number {
  if (sigma === 0) return mu;
  const drawn = correlated(random, state);
  if (table === null || table.length === 0) return (drawn % (2 * sigma)) + mu - sigma;
  const factor = table[drawn % table.length] ?? 0;
  const rest = (sigma % NETEM_DIST_SCALE) * factor;
  const rounded = rest >= 0 ? rest + NETEM_DIST_SCALE / 2 : rest - NETEM_DIST_SCALE / 2;
  return Math.trunc(rounded / NETEM_DIST_SCALE) + Math.trunc(sigma / NETEM_DIST_SCALE) * factor + mu;
}
