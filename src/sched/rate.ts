// Rates as the shapers work with them: how long so many bytes take, exact to the nanosecond by multiply and shift, with what
// the link layer adds to a frame.
//
// Mirrors net/sched/sch_generic.c (psched_ratecfg_precompute) and include/net/sch_generic.h (psched_l2t_ns, psched_ratecfg_getrate),
// include/net/pkt_sched.h (PSCHED_TICKS2NS).

import { getU8, getU16, getU32, setU16, setU32 } from "../bytes/endian.ts";
import {
  TC_LINKLAYER_MASK,
  TC_RATESPEC_CELL_LOG,
  TC_RATESPEC_LINKLAYER,
  TC_RATESPEC_MPU,
  TC_RATESPEC_OVERHEAD,
  TC_RATESPEC_RATE,
  TC_RTAB_SIZE,
} from "../uapi/pkt_sched.ts";

/** Nanoseconds in a second. */
export const SECOND_NS = 1_000_000_000;
/** Nanoseconds in a tick, the unit of times that are 32 bits long (PSCHED_SHIFT). */
const tickNs = 64;
const linklayerEthernet = 1;
const linklayerAtm = 2;
/** Above it rate tables are not exact enough: 100 Mbit/s, in bytes. */
const largestTableRate = 12_500_000;
const atmCell = 53;
const atmPayload = 48;
const u32Max = 0xffff_ffff;

/** A rate, ready to work with (`struct psched_ratecfg`). */
export interface Rate {
  readonly bytesPerSec: number;
  readonly multiplier: number;
  /** What a product is divided by: a power of two. */
  readonly divisor: number;
  readonly overhead: number;
  readonly mpu: number;
  readonly linklayer: number;
}

/**
 * Reads struct tc_ratespec at `offset`; `rate64` is for what 32 bits do not hold. `table` is the rate table of a client that
 * leaves the link layer to be told from it.
 */
export function readRate(bytes: Uint8Array, offset: number, rate64 = 0, table?: Uint8Array): Rate {
  const bytesPerSec = Math.max(getU32(bytes, offset + TC_RATESPEC_RATE), rate64);
  const linklayer = (bytes[offset + TC_RATESPEC_LINKLAYER] ?? 0) & TC_LINKLAYER_MASK;
  return {
    bytesPerSec,
    ...precompute(bytesPerSec),
    overhead: getU16(bytes, offset + TC_RATESPEC_OVERHEAD),
    mpu: getU16(bytes, offset + TC_RATESPEC_MPU),
    linklayer: linklayer === 0 ? detectLinklayer(bytes, offset, table) : linklayer,
  };
}

/**
 * The link layer that a rate table was made for (qdisc_get_rtab, __detect_linklayer): cells of ATM take equally long for all sizes
 * that need as many of them. 0 when there is no table that could tell.
 */
function detectLinklayer(bytes: Uint8Array, offset: number, table: Uint8Array | undefined): number {
  const rate = getU32(bytes, offset + TC_RATESPEC_RATE);
  const cellLog = getU8(bytes, offset + TC_RATESPEC_CELL_LOG);
  if (table?.length !== TC_RTAB_SIZE || rate === 0 || cellLog === 0 || cellLog >= 32) return 0;
  const timeOf = (cell: number): number => getU32(table, 4 * cell);
  const low = Math.ceil(getU16(bytes, offset + TC_RATESPEC_MPU) / atmPayload) * atmPayload;
  const lowCell = low >> cellLog;
  const highCell = ((low + atmPayload) >> cellLog) - 1;
  if (rate > largestTableRate || timeOf(0) === 0) return linklayerEthernet;
  const isStep = highCell > lowCell && highCell < TC_RTAB_SIZE / 4 && timeOf(lowCell) === timeOf(highCell);
  return isStep ? linklayerAtm : linklayerEthernet;
}

/** Writes struct tc_ratespec at `offset`. */
export function writeRate(bytes: Uint8Array, offset: number, rate: Rate): void {
  setU32(bytes, offset + TC_RATESPEC_RATE, Math.min(rate.bytesPerSec, u32Max));
  setU16(bytes, offset + TC_RATESPEC_OVERHEAD, rate.overhead);
  setU16(bytes, offset + TC_RATESPEC_MPU, rate.mpu);
  bytes[offset + TC_RATESPEC_LINKLAYER] = rate.linklayer;
}

/** Whether the rate needs an attribute of 64 bits. */
export function isLarge(rate: Rate): boolean {
  return rate.bytesPerSec > u32Max;
}

function precompute(bytesPerSec: number): { multiplier: number; divisor: number } {
  if (bytesPerSec === 0) return { multiplier: 1, divisor: 1 };
  const rate = BigInt(bytesPerSec);
  let factor = BigInt(SECOND_NS);
  let divisor = 1;
  while (factor / rate < 1n << 31n && factor < 1n << 63n) {
    factor <<= 1n;
    divisor *= 2;
  }
  return { multiplier: Number(BigInt.asUintN(32, factor / rate)), divisor };
}

/** How long `bytes` take, in nanoseconds (psched_l2t_ns). */
export function lengthToNs(rate: Rate, bytes: number): number {
  let length = Math.max(bytes + rate.overhead, rate.mpu);
  if (rate.linklayer === linklayerAtm) length = Math.ceil(length / atmPayload) * atmCell;
  return Math.floor((length * rate.multiplier) / rate.divisor);
}

/** How many bytes can go in `ns` (psched_ns_t2l). */
export function nsToLength(rate: Rate, ns: number): number {
  let length = Number((BigInt(ns) * BigInt(rate.bytesPerSec)) / BigInt(SECOND_NS));
  if (rate.linklayer === linklayerAtm) length = Math.floor(length / atmCell) * atmPayload;
  return Math.max(0, length - rate.overhead);
}

/** Ticks in nanoseconds (PSCHED_TICKS2NS). */
export function ticksToNs(ticks: number): number {
  return ticks * tickNs;
}

/** Nanoseconds in ticks (PSCHED_NS2TICKS). */
export function nsToTicks(ns: number): number {
  return Math.floor(ns / tickNs) % (u32Max + 1);
}
