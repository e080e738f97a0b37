// Quantities as tc reads and writes them: rates, sizes, times, shares, handles.
//
// Facts: tc(8) "PARAMETERS" and the behaviour of iproute2 6.1.

import * as ps from "../../uapi/pkt_sched.ts";
import { FixedNumber } from "../json-writer.ts";

const u32Max = 0xffff_ffff;
const FORM = /^[ \t]*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(.*)$/i;

/** Cuts a number with a unit in two; undefined when it begins with none. */
function split(word: string): { readonly number: number; readonly unit: string } | undefined {
  const form = FORM.exec(word);
  return form === null ? undefined : { number: Number(form[1]), unit: (form[2] ?? "").toLowerCase() };
}

/** Bits of a unit of rates. */
const rateUnits: Readonly<Record<string, number>> = {
  "": 1,
  bit: 1,
  kibit: 1024,
  kbit: 1e3,
  mibit: 1024 ** 2,
  mbit: 1e6,
  gibit: 1024 ** 3,
  gbit: 1e9,
  tibit: 1024 ** 4,
  tbit: 1e12,
  bps: 8,
  kibps: 8 * 1024,
  kbps: 8e3,
  mibps: 8 * 1024 ** 2,
  mbps: 8e6,
  gibps: 8 * 1024 ** 3,
  gbps: 8e9,
  tibps: 8 * 1024 ** 4,
  tbps: 8e12,
};

/** Reads a rate as whole bytes a second (get_rate64); undefined when it is none. */
export function rateOf(word: string): number | undefined {
  const said = split(word);
  const unit = said && rateUnits[said.unit];
  if (said === undefined || unit === undefined || said.number < 0) return undefined;
  return Math.floor((said.number * unit) / 8);
}

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  kbit: 1024 / 8,
  mbit: 1024 ** 2 / 8,
  gbit: 1024 ** 3 / 8,
};

/** Reads a size in bytes (get_size); undefined when it is none. */
export function sizeOf(word: string): number | undefined {
  const said = split(word);
  const unit = said && sizeUnits[said.unit];
  if (said === undefined || unit === undefined) return undefined;
  const size = Math.floor(said.number * unit);
  return size >= 0 && size <= u32Max ? size : undefined;
}

/** Reads `SIZE[/CELL]`, the cell as the logarithm of its bytes, -1 for none (get_size_and_cell). */
export function sizeAndCellOf(word: string): { size: number; cellLog: number } | undefined {
  const [text = "", cell] = word.split("/");
  const size = sizeOf(text);
  if (size === undefined) return undefined;
  if (cell === undefined) return { size, cellLog: -1 };
  const bytes = sizeOf(cell);
  const cellLog = bytes === undefined ? -1 : 31 - Math.clz32(bytes);
  return bytes !== undefined && bytes > 0 && 2 ** cellLog === bytes && cellLog < 31
    ? { size, cellLog }
    : undefined;
}

const timeUnits: Readonly<Record<string, number>> = {
  s: 1e9,
  sec: 1e9,
  secs: 1e9,
  ms: 1e6,
  msec: 1e6,
  msecs: 1e6,
  us: 1e3,
  usec: 1e3,
  usecs: 1e3,
  ns: 1,
  nsec: 1,
  nsecs: 1,
};

/** Reads a time in nanoseconds, which a number without a unit is too (get_time64); undefined when it is none. */
export function nanosecondsOf(word: string): number | undefined {
  const said = split(word);
  const unit = said?.unit === "" ? 1 : said && timeUnits[said.unit];
  return said === undefined || unit === undefined ? undefined : Math.trunc(said.number * unit);
}

/** Reads a time in microseconds, which a number without a unit is too (get_time); undefined when it is none. */
export function microsecondsOf(word: string): number | undefined {
  const said = split(word);
  const unit = said?.unit === "" ? 1e3 : said && timeUnits[said.unit];
  if (said === undefined || unit === undefined || said.unit.startsWith("n")) return undefined;
  const time = Math.floor((said.number * unit) / 1e3);
  return time >= 0 && time <= u32Max ? time : undefined;
}

/** Reads "1%" or "0.01" as a share of 2^32 - 1 (get_percent); undefined when it is none. */
export function percentOf(word: string): number | undefined {
  const said = split(word);
  if (said === undefined || (said.unit !== "" && said.unit !== "%")) return undefined;
  const share = said.unit === "%" ? said.number / 100 : said.number;
  return share >= 0 && share <= 1 ? Math.round(share * u32Max) : undefined;
}

/** Ticks of the packet scheduler in a microsecond: 64 ns each (/proc/net/psched). */
export const ticksPerMicrosecond = 15.625;

/** How long a rate takes for a size, in ticks (tc_calc_xmittime). */
export function transmitTicks(rate: number, size: number): number {
  return rate === 0 ? 0 : Math.floor(Math.floor(1e6 * (size / rate)) * ticksPerMicrosecond);
}

/** How much a rate sends in so many ticks (tc_calc_xmitsize). */
export function transmitSize(rate: number, ticks: number): number {
  return Math.floor((rate * Math.floor(ticks / ticksPerMicrosecond)) / 1e6);
}

// --- Handles ----------------------------------------------------------------------------------------------------------

/** Reads "root", "none", "1:", "1:10", "8001:" (get_tc_classid); undefined when it is none. */
export function classidOf(word: string): number | undefined {
  if (word === "root") return ps.TC_H_ROOT;
  if (word === "none") return ps.TC_H_UNSPEC;
  const form = /^([0-9a-f]*)(?::([0-9a-f]*))?$/i.exec(word);
  if (form === null || word === "" || word === ":") return undefined;
  const [, major = "", minor] = form;
  const upper = major === "" ? 0 : Number.parseInt(major, 16);
  if (minor === undefined) return upper <= u32Max ? upper : undefined;
  const lower = minor === "" ? 0 : Number.parseInt(minor, 16);
  return upper > 0xffff || lower > 0xffff ? undefined : ((upper << 16) | lower) >>> 0;
}

/** Reads "1:" or "1", the number of a discipline (get_qdisc_handle); undefined when it is none. */
export function qdiscHandleOf(word: string): number | undefined {
  if (word === "none") return 0;
  const form = /^([0-9a-f]+)(?::.*)?$/i.exec(word);
  const major = Number.parseInt(form?.[1] ?? "", 16);
  return form !== null && major <= 0xffff ? (major << 16) >>> 0 : undefined;
}

/** Writes a handle (print_tc_classid): "root", "1:", ":10", "1:10". */
export function classidText(handle: number): string {
  if (handle === ps.TC_H_ROOT) return "root";
  if (handle === ps.TC_H_UNSPEC) return "none";
  const [major, minor] = [handle >>> 16, handle & 0xffff];
  if (major === 0) return `:${minor.toString(16)}`;
  return minor === 0 ? `${major.toString(16)}:` : `${major.toString(16)}:${minor.toString(16)}`;
}

// --- Texts ------------------------------------------------------------------------------------------------------------

/** A number of 32 bits as printf's %08x writes it, as -raw shows what is in a message. */
export function hexText(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** A number as printf's %.{digits}g writes it. */
export function general(value: number, digits = 6): string {
  if (value === 0) return "0";
  const [mantissa = "", exponent = "0"] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (power < -4 || power >= digits) {
    const sign = power < 0 ? "-" : "+";
    return `${trimZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return trimZeros(value.toFixed(digits - 1 - power));
}

function trimZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

const rateLetters = ["", "K", "M", "G", "T"];

/** Bytes a second as "10Mbit" (tc_print_rate), with `isIec` as "9Mibit". */
export function rateText(bytesPerSecond: number, isIec: boolean): string {
  const kilo = isIec ? 1024 : 1000;
  let rate = bytesPerSecond * 8;
  let power = 0;
  while (power < rateLetters.length - 1) {
    if (rate < kilo || (rate % kilo !== 0 && rate < 1000 * kilo)) break;
    rate = Math.floor(rate / kilo);
    power++;
  }
  return `${rate}${rateLetters[power]}${isIec && power > 0 ? "i" : ""}bit`;
}

/** Bytes as "15Kb" (print_size). */
export function sizeText(bytes: number): string {
  const [mega, kilo] = [Math.round(bytes / 1024 ** 2), Math.round(bytes / 1024)];
  if (bytes >= 1024 ** 2 && Math.abs(1024 ** 2 * mega - bytes) < 1024) return `${general(mega)}Mb`;
  if (bytes >= 1024 && Math.abs(1024 * kilo - bytes) < 16) return `${general(kilo)}Kb`;
  return `${bytes}b`;
}

/** Microseconds as "400ms" (sprint_time). */
export function microsecondsText(us: number): string {
  if (us >= 1e6) return `${general(us / 1e6, 3)}s`;
  return us >= 1e3 ? `${general(us / 1e3, 3)}ms` : `${us}us`;
}

/** Nanoseconds as "10ms" (sprint_time64). */
export function nanosecondsText(ns: number): string {
  if (ns >= 1e9) return `${general(ns / 1e9, 3)}s`;
  if (ns >= 1e6) return `${general(ns / 1e6, 3)}ms`;
  return ns >= 1e3 ? `${general(ns / 1e3, 3)}us` : `${ns}ns`;
}

/** A share of 2^32 - 1 as "1%". */
export function percentText(share: number): string {
  return `${general((100 * share) / u32Max, 3)}%`;
}

/** A share of 2^32 - 1 as JSON has it: 0.01. */
export function shareValue(share: number): FixedNumber {
  return new FixedNumber(general(share / u32Max));
}
