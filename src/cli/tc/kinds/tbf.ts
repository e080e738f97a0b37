// `tc … tbf`: a bucket of tokens, and a peak rate.
//
// Facts: the output of iproute2 6.1 (tc-tbf(8)).

import { getU32, setU32 } from "../../../bytes/endian.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as ps from "../../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { TcContext } from "../context.ts";
import {
  hexText,
  microsecondsOf,
  microsecondsText,
  rateOf,
  rateText,
  sizeAndCellOf,
  sizeOf,
  sizeText,
  transmitSize,
  transmitTicks,
} from "../values.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { illegal } from "./kind.ts";
import type { RateSpec } from "./rate.ts";
import { LINKLAYER_ETHERNET, linkLayerOf, rateTable, readRateSpec, writeRateSpec } from "./rate.ts";

const USAGE = `Usage: ... tbf limit BYTES burst BYTES[/BYTES] rate KBPS [ mtu BYTES[/BYTES] ]
	[ peakrate KBPS ] [ latency TIME ] [ overhead BYTES ] [ linklayer TYPE ]
`;
const u32Max = 0xffff_ffff;

export const tbf: QdiscWords = { kind: "tbf", parse, print };

interface Said {
  limit?: number;
  latency?: number;
  burst?: number;
  burstCell?: number;
  mtu?: number;
  mtuCell?: number;
  rate?: number;
  peakRate?: number;
  overhead?: number;
  mpu?: number;
  linkLayer?: number;
}

function parse(words: Words): WriteOptions {
  const said: Said = {};
  for (let word = words.take(); word !== undefined; word = words.take()) takeWord(said, word, words);
  check(said);
  return (writer) => {
    const { rate = 0, peakRate = 0, burst = 0, mtu = 0, overhead = 0, mpu = 0 } = said;
    const spec = { overhead, mpu, linkLayer: said.linkLayer ?? LINKLAYER_ETHERNET, mtu };
    const rateSpec: RateSpec = { ...spec, rate, cellLog: said.burstCell ?? -1 };
    const peakSpec: RateSpec = { ...spec, rate: peakRate, cellLog: said.mtuCell ?? -1 };
    const nest = writer.nest(TCA_OPTIONS);
    const at = writer.attribute(ps.TCA_TBF_PARMS, ps.TC_TBF_QOPT_SIZE);
    writeRateSpec(writer.bytes, at + ps.TC_TBF_QOPT_RATE, rateSpec);
    if (peakRate > 0) writeRateSpec(writer.bytes, at + ps.TC_TBF_QOPT_PEAKRATE, peakSpec);
    setU32(writer.bytes, at + ps.TC_TBF_QOPT_LIMIT, limitOf(said));
    setU32(writer.bytes, at + ps.TC_TBF_QOPT_BUFFER, transmitTicks(rate, burst));
    if (peakRate > 0) setU32(writer.bytes, at + ps.TC_TBF_QOPT_MTU, transmitTicks(peakRate, mtu));
    writer.u32(ps.TCA_TBF_BURST, burst);
    if (rate > u32Max) writer.u64(ps.TCA_TBF_RATE64, rate);
    writer.binary(ps.TCA_TBF_RTAB, rateTable(rateSpec));
    if (peakRate > 0) {
      if (peakRate > u32Max) writer.u64(ps.TCA_TBF_PRATE64, peakRate);
      writer.u32(ps.TCA_TBF_PBURST, mtu);
      writer.binary(ps.TCA_TBF_PTAB, rateTable(peakSpec));
    }
    writer.endNest(nest);
  };
}

/** Bytes that may wait: as they were given, or what the latency comes to. */
function limitOf({ limit, latency = 0, rate = 0, burst = 0, peakRate = 0, mtu = 0 }: Said): number {
  if (limit !== undefined) return limit;
  const byRate = (rate * latency) / 1e6 + burst;
  return Math.floor(peakRate > 0 ? Math.min(byRate, (peakRate * latency) / 1e6 + mtu) : byRate);
}

function takeWord(said: Said, word: string, words: Words): void {
  if (matches(word, "limit")) {
    if (said.latency !== undefined) throw both();
    if (said.limit !== undefined) throw twice("limit");
    said.limit = taken(words, sizeOf, "limit");
  } else if (matches(word, "latency")) {
    if (said.limit !== undefined) throw both();
    if (said.latency !== undefined) throw twice("latency");
    said.latency = taken(words, microsecondsOf, "latency");
  } else if (["burst", "buffer", "maxburst"].some((name) => matches(word, name))) {
    if (said.burst !== undefined) throw twice("buffer/burst/maxburst");
    const { size, cellLog } = taken(words, sizeAndCellOf, word);
    Object.assign(said, { burst: size, burstCell: cellLog });
  } else if (word === "mtu" || word === "minburst") {
    if (said.mtu !== undefined) throw twice("mtu/minburst");
    const { size, cellLog } = taken(words, sizeAndCellOf, word);
    Object.assign(said, { mtu: size, mtuCell: cellLog });
  } else if (word === "mpu") said.mpu = taken(words, sizeOf, "mpu");
  else if (word === "rate") {
    if (said.rate !== undefined) throw twice("rate");
    said.rate = taken(words, rateOf, "rate");
  } else if (matches(word, "peakrate")) {
    if (said.peakRate !== undefined) throw twice("peakrate");
    said.peakRate = taken(words, rateOf, "peakrate");
  } else if (matches(word, "overhead"))
    said.overhead = taken(words, (text) => unsigned(text, 16), "overhead");
  else if (matches(word, "linklayer")) said.linkLayer = taken(words, linkLayerOf, "linklayer");
  else if (word === "help") throw usage(USAGE, 1);
  else throw illegal(`tbf: unknown parameter "${word}"\n${USAGE.trimEnd()}`);
}

function taken<Value>(words: Words, parseValue: (word: string) => Value | undefined, name: string): Value {
  const word = words.value();
  const value = parseValue(word);
  if (value === undefined) throw illegal(`tbf: illegal value for "${name}": "${word}"`);
  return value;
}

function twice(names: string) {
  return illegal(`tbf: duplicate "${names}" specification`);
}

function both() {
  return illegal('tbf: specifying both "latency" and "limit" is not allowed');
}

function check({ rate, burst, limit, latency, peakRate, mtu }: Said): void {
  const complaints: string[] = [];
  if (rate === undefined || rate === 0) complaints.push('tbf: the "rate" parameter is mandatory.');
  if (burst === undefined || burst === 0) complaints.push('tbf: the "burst" parameter is mandatory.');
  if (peakRate !== undefined && peakRate > 0 && (mtu === undefined || mtu === 0)) {
    complaints.push('tbf: when "peakrate" is specified, "mtu" must also be specified.');
  }
  if (limit === undefined && latency === undefined) {
    complaints.push('tbf: either "limit" or "latency" is required.');
  }
  if (complaints.length > 0) throw illegal(`${complaints.join("\n")}\n${USAGE.trimEnd()}`);
}

function print(tc: TcContext, out: Output, options: Attribute): void {
  const parms = options.child(ps.TCA_TBF_PARMS);
  if (parms === undefined) return;
  const { bytes, start } = parms;
  const { details, iec } = tc.options;
  const number = (offset: number) => getU32(bytes, start + offset);
  const rate = readRateSpec(
    bytes,
    start + ps.TC_TBF_QOPT_RATE,
    options.child(ps.TCA_TBF_RATE64)?.u64Number(),
  );
  const peak = readRateSpec(
    bytes,
    start + ps.TC_TBF_QOPT_PEAKRATE,
    options.child(ps.TCA_TBF_PRATE64)?.u64Number(),
  );
  const buffer = number(ps.TC_TBF_QOPT_BUFFER);
  const burst = transmitSize(rate.rate, buffer);
  out.field("rate", rate.rate, `rate ${rateText(rate.rate, iec)} `);
  if (details)
    out.field(
      "burst",
      `${sizeText(burst)}/${rate.cell}`,
      `burst ${sizeText(burst)}/${rate.cell} mpu ${sizeText(rate.mpu)} `,
    );
  else out.field("burst", burst, `burst ${sizeText(burst)} `);
  if (tc.isRaw) out.text(`[${hexText(buffer)}] `);
  const mtu = number(ps.TC_TBF_QOPT_MTU);
  const least = transmitSize(peak.rate, mtu);
  if (peak.rate > 0) {
    out.text(`peakrate ${rateText(peak.rate, iec)} `);
    if (least > 0 || peak.mpu > 0) {
      if (details) out.text(`mtu ${sizeText(least)}/${peak.cell} mpu ${sizeText(peak.mpu)} `);
      else out.field("minburst", least, `minburst ${sizeText(least)} `);
      if (tc.isRaw) out.text(`[${hexText(mtu)}] `);
    }
  }
  printLatency(tc, out, number(ps.TC_TBF_QOPT_LIMIT), rate.rate, burst, peak.rate, least);
  if (rate.overhead > 0) out.field("overhead", rate.overhead, `overhead ${rate.overhead} `);
  if (details) out.field("linklayer", rate.linkLayer, `linklayer ${rate.linkLayer} `);
}

function printLatency(
  tc: TcContext,
  out: Output,
  limit: number,
  rate: number,
  burst: number,
  peakRate: number,
  least: number,
): void {
  const byRate = 1e6 * (limit / rate) - ticksOf(burst, rate);
  const byPeak = peakRate > 0 ? 1e6 * (limit / peakRate) - ticksOf(least, peakRate) : 0;
  const latency = Math.max(byRate, byPeak);
  if (latency >= 0) out.field("lat", Math.trunc(latency), `lat ${microsecondsText(Math.trunc(latency))} `);
  if (tc.isRaw || latency < 0) out.field("limit", limit, `limit ${sizeText(limit)} `);
}

/** The microseconds of a bucket, through ticks as the kernel keeps it. */
function ticksOf(size: number, rate: number): number {
  return transmitTicks(rate, size) / 15.625;
}
