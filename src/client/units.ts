// Quantities as people write them: times ("50ms"), shares ("1%"), rates ("10mbit"), with the units of tc(8). What cannot be
// read is a RangeError that says what would have been.

/** "50ms", "10us", "1.5s", "2min", "1h"; a number is milliseconds. */
export type Time = string | number;
/** "1%", "0.5"; a number is a share of 1. */
export type Share = string | number;
/** "10mbit", "1gbit", "100kbps" (bytes); a number is bits a second. */
export type Rate = string | number;

const nsPerMs = 1_000_000;
const two32 = 0x1_0000_0000;

const TIME_UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1_000,
  usec: 1_000,
  µs: 1_000,
  ms: nsPerMs,
  msec: nsPerMs,
  s: 1_000 * nsPerMs,
  sec: 1_000 * nsPerMs,
  m: 60_000 * nsPerMs,
  min: 60_000 * nsPerMs,
  h: 3_600_000 * nsPerMs,
};

/** Bits a second. */
const RATE_UNITS: Readonly<Record<string, number>> = {
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  tbit: 1e12,
  kibit: 1_024,
  mibit: 1_024 ** 2,
  gibit: 1_024 ** 3,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
  tbps: 8e12,
};

const FORM = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ%]*)\s*$/i;

/** A time in whole nanoseconds. */
export function nanoseconds(time: Time): number {
  if (typeof time === "number") return rounded(time * nsPerMs, time);
  const [, number = "", unit = ""] = FORM.exec(time) ?? [];
  const factor = TIME_UNITS[unit.toLowerCase()];
  if (factor === undefined)
    throw new RangeError(`Cannot read the time "${time}": write "50ms", "10us", "1.5s", "2min" or "1h"`);
  return rounded(Number(number) * factor, time);
}

function rounded(ns: number, said: Time): number {
  if (!(ns >= 0 && Number.isSafeInteger(Math.round(ns)))) throw new RangeError(`Cannot wait for "${said}"`);
  return Math.round(ns);
}

/** A share as a chance of 2^32, from 0 to 2^32 - 1. */
export function chance(share: Share): number {
  const value = typeof share === "number" ? share : readShare(share);
  if (!(value >= 0 && value <= 1))
    throw new RangeError(`Cannot use the share "${share}": it is from 0 to 100%`);
  return Math.min(Math.round(value * two32), two32 - 1);
}

function readShare(share: string): number {
  const [, number = "", unit = ""] = FORM.exec(share) ?? [];
  if (number === "" || (unit !== "" && unit !== "%"))
    throw new RangeError(`Cannot read the share "${share}": write "1%" or "0.01"`);
  return unit === "%" ? Number(number) / 100 : Number(number);
}

/** A rate in whole bytes a second. */
export function bytesPerSecond(rate: Rate): number {
  if (typeof rate === "number") {
    if (!(rate >= 0 && Number.isSafeInteger(Math.round(rate))))
      throw new RangeError(`Cannot use the rate "${rate}"`);
    return Math.round(rate / 8);
  }
  const [, number = "", unit = ""] = FORM.exec(rate) ?? [];
  const factor = RATE_UNITS[unit === "" ? "bit" : unit.toLowerCase()];
  if (number === "" || factor === undefined)
    throw new RangeError(`Cannot read the rate "${rate}": write "10mbit", "1gbit" or "100kbps" (bytes)`);
  return Math.round((Number(number) * factor) / 8);
}
