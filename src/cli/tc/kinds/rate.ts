// What kinds with rates have in common: struct tc_ratespec, the table of times behind it, link layers.
//
// Facts: <linux/pkt_sched.h>; tc-stab(8) and the requests of iproute2 6.1 (tc_calc_rtable).

import { getU16, getU32, setU16, setU32 } from "../../../bytes/endian.ts";
import * as ps from "../../../uapi/pkt_sched.ts";
import { transmitTicks } from "../values.ts";

const u32Max = 0xffff_ffff;
const slots = 256;
const defaultMtu = 2047;
const atmCell = 53;
const atmPayload = 48;

/** Link layers by their number. */
export const linkLayers: readonly string[] = ["unspec", "ethernet", "atm"];
export const LINKLAYER_ETHERNET = 1;
const LINKLAYER_ATM = 2;

/** Reads the name of a link layer; undefined when it is none. */
export function linkLayerOf(word: string): number | undefined {
  if (word === "adsl") return LINKLAYER_ATM;
  const layer = linkLayers.indexOf(word);
  return layer < 1 ? undefined : layer;
}

/** A rate on a link. */
export interface RateSpec {
  /** Bytes a second. */
  readonly rate: number;
  readonly overhead: number;
  readonly mpu: number;
  readonly linkLayer: number;
  /** Logarithm of a slot's bytes; -1 to have it worked out. */
  readonly cellLog: number;
  /** Largest packet, 0 for the default. */
  readonly mtu: number;
}

/** The logarithm of a slot's bytes, so that the largest packet fits the table. */
function cellLogOf({ cellLog, mtu }: RateSpec): number {
  if (cellLog >= 0) return cellLog;
  let log = 0;
  while ((mtu === 0 ? defaultMtu : mtu) >> log > slots - 1) log++;
  return log;
}

/** Writes struct tc_ratespec at `at`. */
export function writeRateSpec(bytes: Uint8Array, at: number, spec: RateSpec): void {
  bytes[at + ps.TC_RATESPEC_CELL_LOG] = cellLogOf(spec);
  bytes[at + ps.TC_RATESPEC_LINKLAYER] = spec.linkLayer & ps.TC_LINKLAYER_MASK;
  setU16(bytes, at + ps.TC_RATESPEC_OVERHEAD, spec.overhead);
  setU16(bytes, at + ps.TC_RATESPEC_CELL_ALIGN, 0xffff);
  setU16(bytes, at + ps.TC_RATESPEC_MPU, spec.mpu);
  setU32(bytes, at + ps.TC_RATESPEC_RATE, Math.min(spec.rate, u32Max));
}

/** The times, in ticks, that packets of each slot take. */
export function rateTable(spec: RateSpec): Uint8Array {
  const table = new Uint8Array(slots * 4);
  const log = cellLogOf(spec);
  for (let slot = 0; slot < slots; slot++) {
    const size = Math.max((slot + 1) * 2 ** log, spec.mpu);
    const sent = spec.linkLayer === LINKLAYER_ATM ? Math.ceil(size / atmPayload) * atmCell : size;
    setU32(table, slot * 4, transmitTicks(spec.rate, sent));
  }
  return table;
}

/** struct tc_ratespec as it is read; `rate64` counts when it is there. */
export function readRateSpec(bytes: Uint8Array, at: number, rate64: number | undefined) {
  return {
    rate: rate64 ?? getU32(bytes, at + ps.TC_RATESPEC_RATE),
    overhead: getU16(bytes, at + ps.TC_RATESPEC_OVERHEAD),
    mpu: getU16(bytes, at + ps.TC_RATESPEC_MPU),
    cell: 2 ** (bytes[at + ps.TC_RATESPEC_CELL_LOG] ?? 0),
    linkLayer: linkLayers[(bytes[at + ps.TC_RATESPEC_LINKLAYER] ?? 0) & ps.TC_LINKLAYER_MASK] ?? "unknown",
  };
}
