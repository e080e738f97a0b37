// What a neighbour table is tuned by, for a namespace and for each device: values a device was not given itself follow
// the namespace's, as they change.
//
// Mirrors net/core/neighbour.c (struct neigh_parms, neigh_copy_dflt_parms, neigh_rand_reach_time). Times are milliseconds,
// as netlink and the `_ms` sysctls have them.

import type { Random } from "../../net/random.ts";
import { randomBelow } from "../../net/random.ts";

/** Indexes of the values (enum in include/net/neighbour.h, NEIGH_VAR_*). */
export const MCAST_PROBES = 0;
export const UCAST_PROBES = 1;
export const APP_PROBES = 2;
export const MCAST_REPROBES = 3;
export const RETRANS_TIME_MS = 4;
export const BASE_REACHABLE_TIME_MS = 5;
export const DELAY_PROBE_TIME_MS = 6;
export const INTERVAL_PROBE_TIME_MS = 7;
export const GC_STALETIME_MS = 8;
export const QUEUE_LEN_BYTES = 9;
export const PROXY_QLEN = 10;
export const ANYCAST_DELAY_MS = 11;
export const PROXY_DELAY_MS = 12;
export const LOCKTIME_MS = 13;
/** How many values there are. */
const NEIGH_PARMS = 14;

const MS = 1_000_000;
/** After so long the reachable time is drawn again (neigh_periodic_work). */
const redrawNs = 300_000 * MS;

/** A value no parameter can have: "as the namespace has it". */
const unset = -0x8000_0000;

/** The values every namespace starts with; `locktimeMs` is ARP's alone. */
export function defaultNeighValues(locktimeMs: number): Int32Array {
  const values = new Int32Array(NEIGH_PARMS);
  values[MCAST_PROBES] = 3;
  values[UCAST_PROBES] = 3;
  values[RETRANS_TIME_MS] = 1_000;
  values[BASE_REACHABLE_TIME_MS] = 30_000;
  values[DELAY_PROBE_TIME_MS] = 5_000;
  values[INTERVAL_PROBE_TIME_MS] = 5_000;
  values[GC_STALETIME_MS] = 60_000;
  values[QUEUE_LEN_BYTES] = 212_992;
  values[PROXY_QLEN] = 64;
  values[ANYCAST_DELAY_MS] = 1_000;
  values[PROXY_DELAY_MS] = 800;
  values[LOCKTIME_MS] = locktimeMs;
  return values;
}

/** The parameters of a namespace (no parent), or of one device in it. */
export class NeighParms {
  readonly #parent: NeighParms | null;
  readonly #values: Int32Array;
  readonly #random: Random;
  #reachableTimeNs = 0;
  #drawnAtNs = Number.NEGATIVE_INFINITY;
  #drawnFrom = 0;

  constructor(random: Random, parent: NeighParms | null, values?: Int32Array) {
    this.#random = random;
    this.#parent = parent;
    this.#values = values ?? new Int32Array(NEIGH_PARMS).fill(unset);
  }

  /** The value of `index` as it counts here. */
  get(index: number): number {
    const own = this.#values[index] ?? unset;
    return own === unset && this.#parent !== null ? this.#parent.get(index) : own;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Keeps all values as they are from now on (neigh_parms_data_state_setall). */
  settle(): void {
    for (let index = 0; index < NEIGH_PARMS; index++) this.#values[index] = this.get(index);
  }

  /** The value of a time in nanoseconds. */
  timeNs(index: number): number {
    return this.get(index) * MS;
  }

  /**
   * How long a neighbour counts as reachable, in nanoseconds: drawn between half and one and a half times the base, again
   * when that changes or five minutes have passed (RFC 4861 6.3.2).
   */
  reachableTimeNs(nowNs: number): number {
    const base = this.get(BASE_REACHABLE_TIME_MS);
    if (base !== this.#drawnFrom || nowNs - this.#drawnAtNs >= redrawNs) {
      this.#drawnFrom = base;
      this.#drawnAtNs = nowNs;
      this.#reachableTimeNs = base === 0 ? 0 : (randomBelow(this.#random, base) + Math.floor(base / 2)) * MS;
    }
    return this.#reachableTimeNs;
  }
}
