// `tc … netem`: delays, losses, duplicates, damage, another order, a rate, slots.
//
// Facts: the output of iproute2 6.1 (tc-netem(8)). *Omitted:* distributions from files; those that iproute2 ships are known
// by name.

import { getS32, getU32, getU64Number, setS32, setU32, setU64Number } from "../../../bytes/endian.ts";
import type { Distribution } from "../../../client/distribution.ts";
import { distributionTable } from "../../../client/distribution.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import type { MessageWriter } from "../../../netlink/writer.ts";
import * as ps from "../../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { usage } from "../../exit.ts";
import { FixedNumber } from "../../json-writer.ts";
import { signed, unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { TcContext } from "../context.ts";
import {
  general,
  microsecondsOf,
  microsecondsText,
  nanosecondsOf,
  nanosecondsText,
  percentOf,
  percentText,
  rateOf,
  rateText,
  shareValue,
  sizeOf,
  ticksPerMicrosecond,
} from "../values.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { illegal, legal, unknownWord } from "./kind.ts";

const USAGE = `Usage: ... netem [ limit PACKETS ]
                 [ delay TIME [ JITTER [CORRELATION]]]
                 [ distribution {uniform|normal|pareto|paretonormal} ]
                 [ corrupt PERCENT [CORRELATION]]
                 [ duplicate PERCENT [CORRELATION]]
                 [ loss random PERCENT [CORRELATION]]
                 [ loss state P13 [P31 [P32 [P23 P14]]]
                 [ loss gemodel PERCENT [R [1-H [1-K]]]
                 [ ecn ]
                 [ reorder PERCENT [CORRELATION] [ gap DISTANCE ]]
                 [ rate RATE [PACKETOVERHEAD] [CELLSIZE] [CELLOVERHEAD]]
                 [ slot MIN_DELAY [MAX_DELAY] [packets MAX_PACKETS] [bytes MAX_BYTES]]
                 [ slot distribution {uniform|normal|pareto|paretonormal|custom}
                   DELAY JITTER [packets MAX_PACKETS] [bytes MAX_BYTES]]
`;
const u32Max = 0xffff_ffff;
const defaultLimit = 1_000;

export const netem: QdiscWords = { kind: "netem", parse, print };

// --- Words ------------------------------------------------------------------------------------------------------------

interface Slot {
  min: number;
  max: number;
  packets: number;
  bytes: number;
  delay: number;
  jitter: number;
}

/** What the words said; what they did not say is left out of the request. */
interface Said {
  limit: number;
  /** Microseconds. */
  latency: number | undefined;
  jitter: number | undefined;
  loss: number;
  gap: number;
  duplicate: number;
  correlations: { delay: number; loss: number; duplicate: number } | undefined;
  reorder: { probability: number; correlation: number } | undefined;
  corrupt: { probability: number; correlation: number } | undefined;
  state: readonly number[] | undefined;
  gemodel: readonly number[] | undefined;
  rate: { rate: number; packetOverhead: number; cellSize: number; cellOverhead: number } | undefined;
  ecn: boolean;
  slot: Slot | undefined;
  seed: bigint | undefined;
  distribution: Int16Array | undefined;
  slotDistribution: Int16Array | undefined;
}

type Take = (said: Said, words: Words) => void;

/** In iproute2's order; a name with a `!` is not abbreviated. */
const WORDS: readonly (readonly [name: string, take: Take])[] = [
  ["limit", (said, words) => void (said.limit = legal(words, sizeOf, "limit"))],
  ["latency", takeDelay],
  ["delay", takeDelay],
  ["loss", takeLoss],
  ["drop", takeLoss],
  ["ecn", (said) => void (said.ecn = true)],
  ["reorder", (said, words) => void (said.reorder = takeChance(words, "reorder"))],
  ["corrupt", (said, words) => void (said.corrupt = takeChance(words, "corrupt"))],
  ["gap", (said, words) => void (said.gap = legal(words, unsigned, "gap"))],
  ["duplicate", takeDuplicate],
  ["distribution", (said, words) => void (said.distribution = takeTable(words))],
  ["rate", takeRate],
  ["!slot", takeSlot],
  ["!seed", (said, words) => void (said.seed = legal(words, seedOf, "seed"))],
];

function parse(words: Words): WriteOptions {
  const said: Said = {
    limit: defaultLimit,
    latency: undefined,
    jitter: undefined,
    loss: 0,
    gap: 0,
    duplicate: 0,
    correlations: undefined,
    reorder: undefined,
    corrupt: undefined,
    state: undefined,
    gemodel: undefined,
    rate: undefined,
    ecn: false,
    slot: undefined,
    seed: undefined,
    distribution: undefined,
    slotDistribution: undefined,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "help") throw usage(USAGE, 1);
    const typed = word;
    const found = WORDS.find(([name]) =>
      name.startsWith("!") ? name.slice(1) === typed : matches(typed, name),
    );
    if (found === undefined) throw unknownWord(word, USAGE);
    found[1](said, words);
  }
  check(said);
  return (writer) => write(writer, said);
}

function takeDelay(said: Said, words: Words): void {
  said.latency = legal(words, microsecondsOf, "latency");
  if (!isNumber(words.peek)) return;
  said.jitter = legal(words, microsecondsOf, "latency");
  if (isNumber(words.peek)) correlationsOf(said).delay = legal(words, percentOf, "latency");
}

function takeLoss(said: Said, words: Words): void {
  const word = words.value();
  if (word === "random" || isNumber(word)) {
    if (word !== "random") words.back();
    said.loss = legal(words, percentOf, "loss percent");
    if (isNumber(words.peek)) correlationsOf(said).loss = legal(words, percentOf, "loss correlation");
  } else if (word === "state") {
    const [p13 = 0, p31, p32 = 0, p23 = u32Max, p14 = 0] = takePercents(
      words,
      ["p13", "p31", "p32", "p23", "p14"],
      "loss",
    );
    said.state = [p13, p31 ?? u32Max - p13, p32, p14, p23];
  } else if (word === "gemodel") {
    const [p = 0, r, h = u32Max, k] = takePercents(words, ["p", "r", "h", "k"], "loss gemodel");
    // The chance to lose in the bad state is said, the chance to pass is sent.
    said.gemodel = [p, r ?? u32Max - p, u32Max - h, k ?? 0];
  } else throw illegal(`Unknown loss parameter: ${word}`);
}

/** One percentage that must be there, and as many as follow. */
function takePercents(words: Words, names: readonly string[], what: string): number[] {
  const shares: number[] = [];
  for (const [index, name] of names.entries()) {
    if (index > 0 && !isNumber(words.peek)) break;
    shares.push(legal(words, percentOf, `${what} ${name}`));
  }
  return shares;
}

function takeChance(words: Words, what: string): { probability: number; correlation: number } {
  const probability = legal(words, percentOf, what);
  const correlation = isNumber(words.peek) ? legal(words, percentOf, what) : 0;
  return { probability, correlation };
}

function takeDuplicate(said: Said, words: Words): void {
  said.duplicate = legal(words, percentOf, "duplicate");
  if (isNumber(words.peek)) correlationsOf(said).duplicate = legal(words, percentOf, "duplicate");
}

function takeTable(words: Words): Int16Array {
  const name = words.value();
  const known: readonly Distribution[] = ["uniform", "normal", "pareto", "paretonormal"];
  const distribution = known.find((each) => each === name);
  if (distribution === undefined)
    throw illegal(`No distribution data for ${name} (No such file or directory)`);
  return distributionTable(distribution);
}

function takeRate(said: Said, words: Words): void {
  const rate = legal(words, rateOf, "rate");
  const next = (what: string) => (isNumber(words.peek) ? legal(words, signed, what) : 0);
  const packetOverhead = next("rate");
  const cellSize = next("rate");
  said.rate = { rate, packetOverhead, cellSize, cellOverhead: next("rate") };
}

function takeSlot(said: Said, words: Words): void {
  const slot: Slot = { min: 0, max: 0, packets: 0, bytes: 0, delay: 0, jitter: 0 };
  if (isNumber(words.peek)) {
    slot.min = legal(words, nanosecondsOf, "slot min_delay");
    slot.max = isNumber(words.peek) ? legal(words, nanosecondsOf, "slot max_delay") : slot.min;
    if (slot.max < slot.min) throw illegal('Illegal "slot max_delay"');
  } else {
    const word = words.value();
    if (word !== "distribution") throw illegal(`Unknown slot parameter: ${word}`);
    said.slotDistribution = takeTable(words);
    slot.delay = legal(words, nanosecondsOf, "slot delay");
    slot.jitter = legal(words, nanosecondsOf, "slot jitter");
  }
  if (words.takeIf("packets")) slot.packets = legal(words, signed, "slot packets");
  if (words.takeIf("bytes")) slot.bytes = legal(words, sizeOf, "slot bytes");
  said.slot = slot;
}

function seedOf(word: string): bigint | undefined {
  return /^(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(word) ? BigInt.asUintN(64, BigInt(word)) : undefined;
}

/** True for a word that begins as a number does; a word cannot be a value otherwise. */
function isNumber(word: string | undefined): boolean {
  return word !== undefined && /^[+-]?\.?\d/.test(word);
}

function correlationsOf(said: Said): NonNullable<Said["correlations"]> {
  said.correlations ??= { delay: 0, loss: 0, duplicate: 0 };
  return said.correlations;
}

/** What cannot go together, in iproute2's words. */
function check(said: Said): void {
  if (said.reorder !== undefined) {
    if (said.latency === undefined)
      throw illegal(`reordering not possible without specifying some delay\n${USAGE.trimEnd()}`);
    if (said.gap === 0) said.gap = 1;
  } else if (said.gap > 0) throw illegal(`gap specified without reorder probability\n${USAGE.trimEnd()}`);
  if (said.ecn && said.loss === 0 && said.state === undefined && said.gemodel === undefined) {
    throw illegal(`ecn requested without loss model\n${USAGE.trimEnd()}`);
  }
  if (said.distribution !== undefined && (said.latency === undefined || said.jitter === undefined)) {
    throw illegal(`distribution specified but no latency and jitter values\n${USAGE.trimEnd()}`);
  }
}

function write(writer: MessageWriter, said: Said): void {
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.reserve(ps.TC_NETEM_QOPT_SIZE);
  const { bytes } = writer;
  const ticks = (us: number) => Math.min(u32Max, Math.floor(us * ticksPerMicrosecond));
  setU32(bytes, at + ps.TC_NETEM_QOPT_LATENCY, ticks(said.latency ?? 0));
  setU32(bytes, at + ps.TC_NETEM_QOPT_JITTER, ticks(said.jitter ?? 0));
  setU32(bytes, at + ps.TC_NETEM_QOPT_LIMIT, said.limit);
  setU32(bytes, at + ps.TC_NETEM_QOPT_LOSS, said.loss);
  setU32(bytes, at + ps.TC_NETEM_QOPT_GAP, said.gap);
  setU32(bytes, at + ps.TC_NETEM_QOPT_DUPLICATE, said.duplicate);
  if (said.correlations !== undefined) {
    const corr = writer.attribute(ps.TCA_NETEM_CORR, ps.TC_NETEM_CORR_SIZE);
    setU32(writer.bytes, corr + ps.TC_NETEM_CORR_DELAY_CORR, said.correlations.delay);
    setU32(writer.bytes, corr + ps.TC_NETEM_CORR_LOSS_CORR, said.correlations.loss);
    setU32(writer.bytes, corr + ps.TC_NETEM_CORR_DUP_CORR, said.correlations.duplicate);
  }
  if (said.reorder !== undefined) writeChance(writer, ps.TCA_NETEM_REORDER, said.reorder);
  if (said.ecn) writer.u32(ps.TCA_NETEM_ECN, 1);
  if (said.corrupt !== undefined) writeChance(writer, ps.TCA_NETEM_CORRUPT, said.corrupt);
  if (said.slot !== undefined) writeSlot(writer, said.slot);
  writeLossModel(writer, said);
  if (said.rate !== undefined) writeRate(writer, said.rate);
  if (said.seed !== undefined) writer.u64(ps.TCA_NETEM_PRNG_SEED, said.seed);
  if (said.distribution !== undefined) writeTable(writer, ps.TCA_NETEM_DELAY_DIST, said.distribution);
  if (said.slotDistribution !== undefined) writeTable(writer, ps.TCA_NETEM_SLOT_DIST, said.slotDistribution);
  writer.endNest(nest);
}

function writeChance(
  writer: MessageWriter,
  type: number,
  { probability, correlation }: { probability: number; correlation: number },
): void {
  const at = writer.attribute(type, ps.TC_NETEM_REORDER_SIZE);
  setU32(writer.bytes, at + ps.TC_NETEM_REORDER_PROBABILITY, probability);
  setU32(writer.bytes, at + ps.TC_NETEM_REORDER_CORRELATION, correlation);
}

function writeSlot(writer: MessageWriter, slot: Slot): void {
  const at = writer.attribute(ps.TCA_NETEM_SLOT, ps.TC_NETEM_SLOT_SIZE);
  const { bytes } = writer;
  setU64Number(bytes, at + ps.TC_NETEM_SLOT_MIN_DELAY, slot.min);
  setU64Number(bytes, at + ps.TC_NETEM_SLOT_MAX_DELAY, slot.max);
  setS32(bytes, at + ps.TC_NETEM_SLOT_MAX_PACKETS, slot.packets);
  setS32(bytes, at + ps.TC_NETEM_SLOT_MAX_BYTES, slot.bytes);
  setU64Number(bytes, at + ps.TC_NETEM_SLOT_DIST_DELAY, slot.delay);
  setU64Number(bytes, at + ps.TC_NETEM_SLOT_DIST_JITTER, slot.jitter);
}

function writeLossModel(writer: MessageWriter, { state, gemodel }: Said): void {
  const model = state ?? gemodel;
  if (model === undefined) return;
  const nest = writer.nest(ps.TCA_NETEM_LOSS);
  const at = writer.attribute(state === undefined ? ps.NETEM_LOSS_GE : ps.NETEM_LOSS_GI, model.length * 4);
  for (const [index, share] of model.entries()) setU32(writer.bytes, at + index * 4, share);
  writer.endNest(nest);
}

function writeRate(writer: MessageWriter, said: NonNullable<Said["rate"]>): void {
  if (said.rate > u32Max) writer.u64(ps.TCA_NETEM_RATE64, BigInt(said.rate));
  const at = writer.attribute(ps.TCA_NETEM_RATE, ps.TC_NETEM_RATE_SIZE);
  setU32(writer.bytes, at + ps.TC_NETEM_RATE_RATE, Math.min(said.rate, u32Max));
  setS32(writer.bytes, at + ps.TC_NETEM_RATE_PACKET_OVERHEAD, said.packetOverhead);
  setU32(writer.bytes, at + ps.TC_NETEM_RATE_CELL_SIZE, said.cellSize);
  setS32(writer.bytes, at + ps.TC_NETEM_RATE_CELL_OVERHEAD, said.cellOverhead);
}

function writeTable(writer: MessageWriter, type: number, table: Int16Array): void {
  writer.binary(type, new Uint8Array(table.buffer, table.byteOffset, table.byteLength));
}

// --- Output -----------------------------------------------------------------------------------------------------------

function print(tc: TcContext, out: Output, options: Attribute): void {
  const { bytes, start } = options;
  const number = (offset: number) => getU32(bytes, start + offset);
  const child = (type: number) => options.child(type, ps.TC_NETEM_QOPT_SIZE);
  const limit = number(ps.TC_NETEM_QOPT_LIMIT);
  out.field("limit", limit, `limit ${limit}`);
  const corr = child(ps.TCA_NETEM_CORR);
  const correlation = (offset: number) => (corr === undefined ? 0 : getU32(corr.bytes, corr.start + offset));
  printDelay(
    out,
    Math.floor(number(ps.TC_NETEM_QOPT_LATENCY) / ticksPerMicrosecond),
    Math.floor(number(ps.TC_NETEM_QOPT_JITTER) / ticksPerMicrosecond),
    correlation(ps.TC_NETEM_CORR_DELAY_CORR),
  );
  printChance(
    out,
    "loss-random",
    "loss",
    number(ps.TC_NETEM_QOPT_LOSS),
    correlation(ps.TC_NETEM_CORR_LOSS_CORR),
  );
  printLossModel(out, child(ps.TCA_NETEM_LOSS));
  const duplicate = number(ps.TC_NETEM_QOPT_DUPLICATE);
  printChance(out, "duplicate", "duplicate", duplicate, correlation(ps.TC_NETEM_CORR_DUP_CORR));
  printPair(out, "reorder", child(ps.TCA_NETEM_REORDER));
  printPair(out, "corrupt", child(ps.TCA_NETEM_CORRUPT));
  printRate(tc, out, child(ps.TCA_NETEM_RATE), child(ps.TCA_NETEM_RATE64)?.u64Number());
  printSlot(out, child(ps.TCA_NETEM_SLOT));
  const isEcn = (child(ps.TCA_NETEM_ECN)?.u32() ?? 0) !== 0;
  if (out.isJson) out.json("ecn", isEcn);
  else if (isEcn) out.text(" ecn ");
  const gap = number(ps.TC_NETEM_QOPT_GAP);
  if (out.isJson) out.json("gap", gap);
  else if (gap > 0) out.text(` gap ${gap}`);
}

function printDelay(out: Output, latency: number, jitter: number, correlation: number): void {
  if (latency === 0 && jitter === 0) return;
  out.openObject("delay");
  out.field("delay", new FixedNumber(general(latency / 1e6)), ` delay ${microsecondsText(latency)}`);
  if (jitter > 0 || out.isJson) {
    out.field("jitter", new FixedNumber(general(jitter / 1e6)), `  ${microsecondsText(jitter)}`);
    printCorrelation(out, correlation);
  }
  out.closeObject();
}

function printCorrelation(out: Output, share: number): void {
  if (out.isJson) out.json("correlation", shareValue(share));
  else if (share > 0) out.text(` ${percentText(share)}`);
}

function printChance(out: Output, key: string, name: string, share: number, correlation: number): void {
  if (share === 0) return;
  out.openObject(key);
  out.field(name, shareValue(share), ` ${name} ${percentText(share)}`);
  printCorrelation(out, correlation);
  out.closeObject();
}

function printPair(out: Output, name: string, pair: Attribute | undefined): void {
  if (pair === undefined) return;
  const at = (offset: number) => getU32(pair.bytes, pair.start + offset);
  printChance(out, name, name, at(ps.TC_NETEM_REORDER_PROBABILITY), at(ps.TC_NETEM_REORDER_CORRELATION));
}

function printLossModel(out: Output, loss: Attribute | undefined): void {
  const state = loss?.child(ps.NETEM_LOSS_GI);
  const gemodel = loss?.child(ps.NETEM_LOSS_GE);
  if (state !== undefined) {
    const at = (offset: number) => getU32(state.bytes, state.start + offset);
    printShares(out, "loss-state", " loss state", [
      ["p13", at(ps.TC_NETEM_GIMODEL_P13)],
      ["p31", at(ps.TC_NETEM_GIMODEL_P31)],
      ["p32", at(ps.TC_NETEM_GIMODEL_P32)],
      ["p23", at(ps.TC_NETEM_GIMODEL_P23)],
      ["p14", at(ps.TC_NETEM_GIMODEL_P14)],
    ]);
  } else if (gemodel !== undefined) {
    const at = (offset: number) => getU32(gemodel.bytes, gemodel.start + offset);
    printShares(out, "loss-gemodel", " loss gemodel", [
      ["p", at(ps.TC_NETEM_GEMODEL_P)],
      ["r", at(ps.TC_NETEM_GEMODEL_R)],
      ["1-h", u32Max - at(ps.TC_NETEM_GEMODEL_H)],
      ["1-k", at(ps.TC_NETEM_GEMODEL_K1)],
    ]);
  }
}

function printShares(
  out: Output,
  key: string,
  words: string,
  shares: readonly (readonly [string, number])[],
): void {
  out.openObject(key);
  out.text(words);
  for (const [name, share] of shares) out.field(name, shareValue(share), ` ${name} ${percentText(share)}`);
  out.closeObject();
}

function printRate(
  tc: TcContext,
  out: Output,
  rate: Attribute | undefined,
  rate64: number | undefined,
): void {
  if (rate === undefined) return;
  const { bytes, start } = rate;
  const perSecond = rate64 ?? getU32(bytes, start + ps.TC_NETEM_RATE_RATE);
  if (perSecond === 0) return;
  out.openObject("rate");
  out.field("rate", perSecond, ` rate ${rateText(perSecond, tc.options.iec)}`);
  const overhead = getS32(bytes, start + ps.TC_NETEM_RATE_PACKET_OVERHEAD);
  const cell = getU32(bytes, start + ps.TC_NETEM_RATE_CELL_SIZE);
  const cellOverhead = getS32(bytes, start + ps.TC_NETEM_RATE_CELL_OVERHEAD);
  for (const [name, value] of [
    ["packetoverhead", overhead],
    ["cellsize", cell],
    ["celloverhead", cellOverhead],
  ] as const) {
    if (out.isJson) out.json(name, value);
    else if (value !== 0) out.text(` ${name} ${value}`);
  }
  out.closeObject();
}

function printSlot(out: Output, slot: Attribute | undefined): void {
  if (slot === undefined) return;
  const { bytes, start } = slot;
  const time = (offset: number) => getU64Number(bytes, start + offset);
  const [min, max] = [time(ps.TC_NETEM_SLOT_MIN_DELAY), time(ps.TC_NETEM_SLOT_MAX_DELAY)];
  const [delay, jitter] = [time(ps.TC_NETEM_SLOT_DIST_DELAY), time(ps.TC_NETEM_SLOT_DIST_JITTER)];
  const hasDistribution = delay > 0 || jitter > 0;
  if (min === 0 && max === 0 && !hasDistribution) return;
  out.openObject("slot");
  if (hasDistribution) {
    out.field(
      "distribution",
      new FixedNumber(general(delay / 1e9)),
      ` slot distribution ${nanosecondsText(delay)}`,
    );
    out.field("jitter", new FixedNumber(general(jitter / 1e9)), ` ${nanosecondsText(jitter)}`);
  } else {
    out.field("min-delay", new FixedNumber(general(min / 1e9)), ` slot ${nanosecondsText(min)}`);
    out.field("max-delay", new FixedNumber(general(max / 1e9)), ` ${nanosecondsText(max)}`);
  }
  const packets = getS32(bytes, start + ps.TC_NETEM_SLOT_MAX_PACKETS);
  const size = getS32(bytes, start + ps.TC_NETEM_SLOT_MAX_BYTES);
  if (out.isJson || packets > 0) out.field("packets", packets, ` packets ${packets}`);
  if (out.isJson || size > 0) out.field("bytes", size, ` bytes ${size}`);
  out.closeObject();
}
