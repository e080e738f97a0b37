// `tc … htb`: a tree of classes with a rate of their own and a ceiling they may borrow up to.
//
// Facts: the output of iproute2 6.1 (tc-htb(8)). *Omitted:* offload.

import { getS32, getU32, setU32 } from "../../../bytes/endian.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as ps from "../../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { CommandExit, EXIT_FAILURE, usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { TcContext } from "../context.ts";
import {
  hexText,
  rateOf,
  rateText,
  sizeAndCellOf,
  sizeText,
  transmitSize,
  transmitTicks,
} from "../values.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { illegal, unknownWord } from "./kind.ts";
import type { RateSpec } from "./rate.ts";
import { LINKLAYER_ETHERNET, linkLayerOf, rateTable, readRateSpec, writeRateSpec } from "./rate.ts";

const USAGE = `Usage: ... qdisc add ... htb [default N] [r2q N]
                      [direct_qlen P] [offload]
 default  minor id of class to which unclassified packets are sent {0}
 r2q      DRR quantums are computed as rate in Bps/r2q {10}
 debug    string of 16 numbers each 0-3 {0}

 direct_qlen  Limit of the direct queue {in packets}
 offload  enable hardware offload
... class add ... htb rate R1 [burst B1] [mpu B] [overhead O]
                      [prio P] [slot S] [pslot PS]
                      [ceil R2] [cburst B2] [mtu MTU] [quantum Q]
 rate     rate allocated to this class (class can still borrow)
 burst    max bytes burst which can be accumulated during idle period {computed}
 mpu      minimum packet size used in rate computations
 overhead per-packet size overhead used in rate computations
 linklay  adapting to a linklayer e.g. atm
 ceil     definite upper class rate (no borrows) {rate}
 cburst   burst but for ceil {computed}
 mtu      max packet size we create rate map for {1600}
 prio     priority of leaf; lower are served first {0}
 quantum  how much bytes to serve from leaf at once {use r2q}

TC HTB version 3.3
`;
const u32Max = 0xffff_ffff;
const version = 3;
const defaultRateToQuantum = 10;
const defaultMtu = 1_600;
/** Ticks a second that a bucket must last: /proc/net/psched says as many as nanoseconds. */
const hertz = 1e9;

export const htb: QdiscWords = { kind: "htb", parse, parseClass, print, printStats };

function parse(words: Words): WriteOptions {
  let defaultClass = 0;
  let rateToQuantum = defaultRateToQuantum;
  let directLength: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (matches(word, "r2q")) rateToQuantum = legalOr(words, (text) => unsigned(text, 32, 10), "r2q");
    else if (matches(word, "default"))
      defaultClass = legalOr(words, (text) => unsigned(text, 32, 16), "default");
    else if (word === "direct_qlen")
      directLength = legalOr(words, (text) => unsigned(text, 32, 10), "direct_qlen");
    else if (word === "offload") throw illegal("offload is not supported");
    else {
      throw unknownWord(word, USAGE);
    }
  }
  return (writer) => {
    const nest = writer.nest(TCA_OPTIONS);
    const at = writer.attribute(ps.TCA_HTB_INIT, ps.TC_HTB_GLOB_SIZE);
    setU32(writer.bytes, at + ps.TC_HTB_GLOB_VERSION, version);
    setU32(writer.bytes, at + ps.TC_HTB_GLOB_RATE2QUANTUM, rateToQuantum);
    setU32(writer.bytes, at + ps.TC_HTB_GLOB_DEFCLS, defaultClass);
    if (directLength !== undefined) writer.u32(ps.TCA_HTB_DIRECT_QLEN, directLength);
    writer.endNest(nest);
  };
}

/** A value, or where it is wrong the kind's help, as htb has it. */
function legalOr<Value>(words: Words, parseValue: (word: string) => Value | undefined, what: string): Value {
  const value = parseValue(words.value());
  if (value === undefined) throw new CommandExit(EXIT_FAILURE, `Illegal "${what}"\n${USAGE}`);
  return value;
}

interface SaidClass {
  prio: number;
  mtu: number;
  mpu: number;
  overhead: number;
  linkLayer: number;
  quantum: number;
  rate: number | undefined;
  ceil: number | undefined;
  burst: { size: number; cellLog: number } | undefined;
  ceilBurst: { size: number; cellLog: number } | undefined;
}

function parseClass(words: Words): WriteOptions {
  const said: SaidClass = {
    prio: 0,
    mtu: defaultMtu,
    mpu: 0,
    overhead: 0,
    linkLayer: LINKLAYER_ETHERNET,
    quantum: 0,
    rate: undefined,
    ceil: undefined,
    burst: undefined,
    ceilBurst: undefined,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) takeClassWord(said, word, words);
  if (said.rate === undefined || said.rate === 0) throw illegal('"rate" is required.');
  const rate = said.rate;
  return (writer) => {
    const common = { overhead: said.overhead, mpu: said.mpu, linkLayer: said.linkLayer, mtu: said.mtu };
    const ceil = said.ceil ?? rate;
    const burst = said.burst ?? { size: rate / hertz + said.mtu, cellLog: -1 };
    const ceilBurst = said.ceilBurst ?? { size: ceil / hertz + said.mtu, cellLog: -1 };
    const rateSpec: RateSpec = { ...common, rate, cellLog: burst.cellLog };
    const ceilSpec: RateSpec = { ...common, rate: ceil, cellLog: ceilBurst.cellLog };
    const nest = writer.nest(TCA_OPTIONS);
    if (rate > u32Max) writer.u64(ps.TCA_HTB_RATE64, rate);
    if (ceil > u32Max) writer.u64(ps.TCA_HTB_CEIL64, ceil);
    const at = writer.attribute(ps.TCA_HTB_PARMS, ps.TC_HTB_OPT_SIZE);
    writeRateSpec(writer.bytes, at + ps.TC_HTB_OPT_RATE, rateSpec);
    writeRateSpec(writer.bytes, at + ps.TC_HTB_OPT_CEIL, ceilSpec);
    setU32(writer.bytes, at + ps.TC_HTB_OPT_BUFFER, transmitTicks(rate, Math.floor(burst.size)));
    setU32(writer.bytes, at + ps.TC_HTB_OPT_CBUFFER, transmitTicks(ceil, Math.floor(ceilBurst.size)));
    setU32(writer.bytes, at + ps.TC_HTB_OPT_QUANTUM, said.quantum);
    setU32(writer.bytes, at + ps.TC_HTB_OPT_PRIO, said.prio);
    writer.binary(ps.TCA_HTB_RTAB, rateTable(rateSpec));
    writer.binary(ps.TCA_HTB_CTAB, rateTable(ceilSpec));
    writer.endNest(nest);
  };
}

function takeClassWord(said: SaidClass, word: string, words: Words): void {
  const decimal = (bits: number) => (text: string) => unsigned(text, bits, 10);
  if (matches(word, "prio")) said.prio = legalOr(words, decimal(32), "prio");
  else if (matches(word, "mtu")) said.mtu = legalOr(words, decimal(32), "mtu");
  else if (matches(word, "mpu")) said.mpu = legalOr(words, decimal(16), "mpu");
  else if (matches(word, "overhead")) said.overhead = legalOr(words, decimal(16), "overhead");
  else if (matches(word, "linklayer")) said.linkLayer = legalOr(words, linkLayerOf, "linklayer");
  else if (matches(word, "quantum")) said.quantum = legalOr(words, decimal(32), "quantum");
  else if (["burst", "buffer", "maxburst"].some((name) => matches(word, name))) {
    said.burst = legalOr(words, sizeAndCellOf, word);
  } else if (["cburst", "cbuffer", "cmaxburst"].some((name) => matches(word, name))) {
    said.ceilBurst = legalOr(words, sizeAndCellOf, word);
  } else if (word === "ceil") {
    if (said.ceil !== undefined) throw illegal('Double "ceil" spec');
    said.ceil = legalOr(words, rateOf, "ceil");
  } else if (word === "rate") {
    if (said.rate !== undefined) throw illegal('Double "rate" spec');
    said.rate = legalOr(words, rateOf, "rate");
  } else if (word === "help") throw usage(USAGE, 1);
  else throw unknownWord(word, USAGE);
}

function print(tc: TcContext, out: Output, options: Attribute): void {
  const parms = options.child(ps.TCA_HTB_PARMS);
  if (parms !== undefined) printClass(tc, out, options, parms);
  const init = options.child(ps.TCA_HTB_INIT);
  if (init === undefined) return;
  const number = (offset: number) => getU32(init.bytes, init.start + offset);
  const [ratio, defaultClass] = [number(ps.TC_HTB_GLOB_RATE2QUANTUM), number(ps.TC_HTB_GLOB_DEFCLS)];
  out.field("r2q", ratio, `r2q ${ratio}`);
  const text = defaultClass === 0 ? "0" : `0x${defaultClass.toString(16)}`;
  out.field("default", text, ` default ${text}`);
  const direct = number(ps.TC_HTB_GLOB_DIRECT_PKTS);
  out.field("direct_packets_stat", direct, ` direct_packets_stat ${direct}`);
  if (tc.options.details) {
    const versions = number(ps.TC_HTB_GLOB_VERSION);
    const said = `${versions >>> 16}.${versions & 0xffff}`;
    out.field("ver", said, ` ver ${said}`);
  }
  const length = options.child(ps.TCA_HTB_DIRECT_QLEN)?.u32();
  if (length !== undefined) out.field("direct_qlen", length, ` direct_qlen ${length}`);
}

function printClass(tc: TcContext, out: Output, options: Attribute, { bytes, start }: Attribute): void {
  const { details, iec } = tc.options;
  const number = (offset: number) => getU32(bytes, start + offset);
  const rate = readRateSpec(bytes, start + ps.TC_HTB_OPT_RATE, options.child(ps.TCA_HTB_RATE64)?.u64Number());
  const ceil = readRateSpec(bytes, start + ps.TC_HTB_OPT_CEIL, options.child(ps.TCA_HTB_CEIL64)?.u64Number());
  const level = number(ps.TC_HTB_OPT_LEVEL);
  if (level === 0) {
    out.text(`prio ${number(ps.TC_HTB_OPT_PRIO)} `);
    if (details) out.text(`quantum ${number(ps.TC_HTB_OPT_QUANTUM)} `);
  }
  out.text(`rate ${rateText(rate.rate, iec)} `);
  if (rate.overhead > 0) out.text(`overhead ${rate.overhead} `);
  out.text(`ceil ${rateText(ceil.rate, iec)} `);
  const [buffer, ceilBuffer] = [number(ps.TC_HTB_OPT_BUFFER), number(ps.TC_HTB_OPT_CBUFFER)];
  const burst = sizeText(transmitSize(rate.rate, buffer));
  const ceilBurst = sizeText(transmitSize(ceil.rate, ceilBuffer));
  if (details) {
    out.text(`linklayer ${rate.linkLayer} `);
    out.text(`burst ${burst}/${rate.cell} mpu ${sizeText(rate.mpu)} `);
    out.text(`cburst ${ceilBurst}/${ceil.cell} mpu ${sizeText(ceil.mpu)} level ${level} `);
  } else {
    if (!["ethernet", "unspec"].includes(rate.linkLayer)) out.text(`linklayer ${rate.linkLayer} `);
    out.text(`burst ${burst} cburst ${ceilBurst} `);
  }
  if (tc.isRaw) out.text(`buffer [${hexText(buffer)}] cbuffer [${hexText(ceilBuffer)}] `);
}

function printStats(_: TcContext, out: Output, { bytes, start, length }: Attribute): void {
  if (length < ps.TC_HTB_XSTATS_SIZE) return;
  const number = (offset: number) => getU32(bytes, start + offset);
  out.text(` lended: ${number(ps.TC_HTB_XSTATS_LENDS)} borrowed: ${number(ps.TC_HTB_XSTATS_BORROWS)}`);
  out.text(` giants: ${number(ps.TC_HTB_XSTATS_GIANTS)}\n`);
  const signed = (offset: number) => getS32(bytes, start + offset);
  out.text(` tokens: ${signed(ps.TC_HTB_XSTATS_TOKENS)} ctokens: ${signed(ps.TC_HTB_XSTATS_CTOKENS)}\n`);
}
