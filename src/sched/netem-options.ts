// netem's options: bytes → state, and back for a dump. What a change does not name stays as it is.
//
// Mirrors net/sched/sch_netem.c (netem_change, get_correlation, get_dist_table, get_slot, netem_dump).

import { getS16, getS32, getU32, getU64Number, setS32, setU32, setU64Number } from "../bytes/endian.ts";
import type { Qdisc } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { min, nest, policy, u8, u32, u64 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { TCA_NETEM_UVETH_PER_SEGMENT } from "../uapi/uveth.ts";
import { readLossModel } from "./loss.ts";
import type { NetemState, Slot } from "./netem-state.ts";
import { nsToTicks, ticksToNs } from "./rate.ts";

const s32Max = 0x7fff_ffff;
const u32Max = 0xffff_ffff;

const netemPolicy = policy(TCA_NETEM_UVETH_PER_SEGMENT, {
  [tc.TCA_NETEM_CORR]: min("corr", tc.TC_NETEM_CORR_SIZE),
  [tc.TCA_NETEM_DELAY_DIST]: min("delayDist", 0),
  [tc.TCA_NETEM_REORDER]: min("reorder", tc.TC_NETEM_REORDER_SIZE),
  [tc.TCA_NETEM_CORRUPT]: min("corrupt", tc.TC_NETEM_CORRUPT_SIZE),
  [tc.TCA_NETEM_LOSS]: nest("loss"),
  [tc.TCA_NETEM_RATE]: min("rate", tc.TC_NETEM_RATE_SIZE),
  [tc.TCA_NETEM_ECN]: u32("ecn"),
  [tc.TCA_NETEM_RATE64]: u64("rate64"),
  [tc.TCA_NETEM_LATENCY64]: u64("latency64"),
  [tc.TCA_NETEM_JITTER64]: u64("jitter64"),
  [tc.TCA_NETEM_SLOT]: min("slot", tc.TC_NETEM_SLOT_SIZE),
  [tc.TCA_NETEM_SLOT_DIST]: min("slotDist", 0),
  [tc.TCA_NETEM_PRNG_SEED]: u64("prngSeed"),
  [TCA_NETEM_UVETH_PER_SEGMENT]: u8("perSegment"),
});

type NetemAttributes = Parsed<typeof netemPolicy>;

/** Reads struct tc_netem_qopt and the attributes behind it; EINVAL leaves everything as it was. */
export function changeNetem(sch: Qdisc<NetemState>, options: Attribute): void {
  if (options.length < tc.TC_NETEM_QOPT_SIZE) throw invalid();
  const attrs = parseNested(options, netemPolicy, "liberal", tc.TC_NETEM_QOPT_SIZE);
  const delayTable = attrs.delayDist === undefined ? undefined : readTable(attrs.delayDist);
  const slotTable = attrs.slotDist === undefined ? undefined : readTable(attrs.slotDist);
  const lossModel = attrs.loss === undefined ? null : readLossModel(attrs.loss);
  const { state } = sch;
  const read = (offset: number) => getU32(options.bytes, options.start + offset);
  refuseDoubleNetem(sch, read(tc.TC_NETEM_QOPT_DUPLICATE));
  state.lossModel = lossModel;
  if (delayTable !== undefined) state.delayTable = delayTable;
  if (slotTable !== undefined) state.slotTable = slotTable;
  sch.limit = read(tc.TC_NETEM_QOPT_LIMIT);
  state.latencyNs = ticksToNs(read(tc.TC_NETEM_QOPT_LATENCY));
  state.jitterNs = ticksToNs(read(tc.TC_NETEM_QOPT_JITTER));
  state.gap = read(tc.TC_NETEM_QOPT_GAP);
  state.counter = 0;
  state.loss = read(tc.TC_NETEM_QOPT_LOSS);
  state.duplicate = read(tc.TC_NETEM_QOPT_DUPLICATE);
  // A gap alone means that every frame behind it is put in front.
  if (state.gap > 0) state.reorder = u32Max;
  seed(sch, attrs);
  readChances(state, attrs);
  readRateOptions(state, attrs);
  if (attrs.latency64 !== undefined) state.latencyNs = signed(attrs.latency64);
  if (attrs.jitter64 !== undefined) state.jitterNs = signed(attrs.jitter64);
  state.jitterNs = Math.min(Math.abs(state.jitterNs), s32Max);
  if (attrs.ecn !== undefined) state.isEcn = attrs.ecn !== 0;
  if (attrs.slot !== undefined) state.slot = readSlot(attrs.slot, state, sch.dev.machine.clock.now());
  if (attrs.perSegment !== undefined) state.isPerSegment = attrs.perSegment !== 0;
}

/** A netem that doubles must be the only one of its tree: a frame would be doubled without end (check_netem_in_tree). */
function refuseDoubleNetem(sch: Qdisc<NetemState>, duplicate: number): void {
  const { qdisc, qdiscs } = sch.dev;
  for (const other of [...(qdisc === null ? [] : [qdisc]), ...(qdiscs ?? [])]) {
    if (other === sch || other.ops.id !== "netem" || !isNetem(other)) continue;
    if (duplicate > 0 || other.state.duplicate > 0)
      throw invalid("netem: cannot mix duplicating netems with other netems in tree");
  }
}

function isNetem(sch: Qdisc): sch is Qdisc<NetemState> {
  return sch.ops.id === "netem";
}

/** Begins the generator anew with each change, from the seed that is given or from one of the machine's. */
function seed(sch: Qdisc<NetemState>, { prngSeed }: NetemAttributes): void {
  const { state, dev } = sch;
  const drawn = () => (BigInt(dev.machine.random.u32()) << 32n) | BigInt(dev.machine.random.u32());
  state.seed = prngSeed ?? drawn();
  state.random.seed(state.seed);
}

function readChances(state: NetemState, { corr, reorder, corrupt }: NetemAttributes): void {
  const renew = (correlation: { rho: number; last: number }, rho: number) => {
    correlation.rho = rho;
    correlation.last = state.random.u32();
  };
  if (corr !== undefined) {
    renew(state.delayCorrelation, getU32(corr.bytes, corr.start + tc.TC_NETEM_CORR_DELAY_CORR));
    renew(state.lossCorrelation, getU32(corr.bytes, corr.start + tc.TC_NETEM_CORR_LOSS_CORR));
    renew(state.duplicateCorrelation, getU32(corr.bytes, corr.start + tc.TC_NETEM_CORR_DUP_CORR));
  }
  if (reorder !== undefined) {
    state.reorder = getU32(reorder.bytes, reorder.start + tc.TC_NETEM_REORDER_PROBABILITY);
    renew(state.reorderCorrelation, getU32(reorder.bytes, reorder.start + tc.TC_NETEM_REORDER_CORRELATION));
  }
  if (corrupt !== undefined) {
    state.corrupt = getU32(corrupt.bytes, corrupt.start + tc.TC_NETEM_CORRUPT_PROBABILITY);
    renew(state.corruptCorrelation, getU32(corrupt.bytes, corrupt.start + tc.TC_NETEM_CORRUPT_CORRELATION));
  }
}

function readRateOptions(state: NetemState, { rate, rate64 }: NetemAttributes): void {
  if (rate !== undefined) {
    state.rateBytesPerSec = getU32(rate.bytes, rate.start + tc.TC_NETEM_RATE_RATE);
    state.packetOverhead = getS32(rate.bytes, rate.start + tc.TC_NETEM_RATE_PACKET_OVERHEAD);
    state.cellSize = getU32(rate.bytes, rate.start + tc.TC_NETEM_RATE_CELL_SIZE);
    state.cellOverhead = getS32(rate.bytes, rate.start + tc.TC_NETEM_RATE_CELL_OVERHEAD);
  }
  if (rate64 !== undefined) state.rateBytesPerSec = Math.max(state.rateBytesPerSec, Number(rate64));
}

/** A distribution: deviations of 16 bits, in 1/8192 of sigma (get_dist_table). */
function readTable({ bytes, start, length }: Attribute): Int16Array {
  const entries = Math.floor(length / 2);
  if (entries === 0 || entries > tc.NETEM_DIST_MAX) throw invalid();
  return Int16Array.from({ length: entries }, (_, index) => getS16(bytes, start + 2 * index));
}

function readSlot({ bytes, start }: Attribute, state: NetemState, now: number): Slot | null {
  const minDelayNs = signed64(bytes, start + tc.TC_NETEM_SLOT_MIN_DELAY);
  const maxDelayNs = signed64(bytes, start + tc.TC_NETEM_SLOT_MAX_DELAY);
  const jitter = Math.abs(signed64(bytes, start + tc.TC_NETEM_SLOT_DIST_JITTER));
  if (minDelayNs === 0 && maxDelayNs === 0 && jitter === 0) return null;
  const maxPackets = getS32(bytes, start + tc.TC_NETEM_SLOT_MAX_PACKETS) || s32Max;
  const maxBytes = getS32(bytes, start + tc.TC_NETEM_SLOT_MAX_BYTES) || s32Max;
  return {
    minDelayNs,
    maxDelayNs,
    maxPackets,
    maxBytes,
    distDelayNs: signed64(bytes, start + tc.TC_NETEM_SLOT_DIST_DELAY),
    distJitterNs: Math.min(jitter, s32Max),
    table: state.slotTable,
    nextNs: now,
    packetsLeft: maxPackets,
    bytesLeft: maxBytes,
  };
}

function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

function signed64(bytes: Uint8Array, offset: number): number {
  const value = getU64Number(bytes, offset);
  return value >= 2 ** 63 ? value - 2 ** 64 : value;
}

/** Writes the options, header included. */
export function dumpNetem(sch: Qdisc<NetemState>, writer: MessageWriter): void {
  const { state } = sch;
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.reserve(tc.TC_NETEM_QOPT_SIZE);
  const { bytes } = writer;
  setU32(bytes, at + tc.TC_NETEM_QOPT_LATENCY, Math.min(nsToTicks(state.latencyNs), u32Max));
  setU32(bytes, at + tc.TC_NETEM_QOPT_JITTER, Math.min(nsToTicks(state.jitterNs), u32Max));
  setU32(bytes, at + tc.TC_NETEM_QOPT_LIMIT, sch.limit);
  setU32(bytes, at + tc.TC_NETEM_QOPT_LOSS, state.loss);
  setU32(bytes, at + tc.TC_NETEM_QOPT_GAP, state.gap);
  setU32(bytes, at + tc.TC_NETEM_QOPT_DUPLICATE, state.duplicate);
  writer.u64(tc.TCA_NETEM_LATENCY64, BigInt(state.latencyNs));
  writer.u64(tc.TCA_NETEM_JITTER64, BigInt(state.jitterNs));
  dumpChances(state, writer);
  dumpRate(state, writer);
  if (state.isEcn) writer.u32(tc.TCA_NETEM_ECN, 1);
  if (state.lossModel !== null) {
    const loss = writer.nest(tc.TCA_NETEM_LOSS);
    state.lossModel.dump(writer);
    writer.endNest(loss);
  }
  if (state.slot !== null) dumpSlot(state.slot, writer);
  writer.u64(tc.TCA_NETEM_PRNG_SEED, state.seed);
  if (state.isPerSegment) writer.u8(TCA_NETEM_UVETH_PER_SEGMENT, 1);
  writer.endNest(nest);
}

function dumpChances(state: NetemState, writer: MessageWriter): void {
  const corr = writer.attribute(tc.TCA_NETEM_CORR, tc.TC_NETEM_CORR_SIZE);
  setU32(writer.bytes, corr + tc.TC_NETEM_CORR_DELAY_CORR, state.delayCorrelation.rho);
  setU32(writer.bytes, corr + tc.TC_NETEM_CORR_LOSS_CORR, state.lossCorrelation.rho);
  setU32(writer.bytes, corr + tc.TC_NETEM_CORR_DUP_CORR, state.duplicateCorrelation.rho);
  const reorder = writer.attribute(tc.TCA_NETEM_REORDER, tc.TC_NETEM_REORDER_SIZE);
  setU32(writer.bytes, reorder + tc.TC_NETEM_REORDER_PROBABILITY, state.reorder);
  setU32(writer.bytes, reorder + tc.TC_NETEM_REORDER_CORRELATION, state.reorderCorrelation.rho);
  const corrupt = writer.attribute(tc.TCA_NETEM_CORRUPT, tc.TC_NETEM_CORRUPT_SIZE);
  setU32(writer.bytes, corrupt + tc.TC_NETEM_CORRUPT_PROBABILITY, state.corrupt);
  setU32(writer.bytes, corrupt + tc.TC_NETEM_CORRUPT_CORRELATION, state.corruptCorrelation.rho);
}

function dumpRate(state: NetemState, writer: MessageWriter): void {
  if (state.rateBytesPerSec > u32Max) writer.u64(tc.TCA_NETEM_RATE64, state.rateBytesPerSec);
  const at = writer.attribute(tc.TCA_NETEM_RATE, tc.TC_NETEM_RATE_SIZE);
  setU32(writer.bytes, at + tc.TC_NETEM_RATE_RATE, Math.min(state.rateBytesPerSec, u32Max));
  setS32(writer.bytes, at + tc.TC_NETEM_RATE_PACKET_OVERHEAD, state.packetOverhead);
  setU32(writer.bytes, at + tc.TC_NETEM_RATE_CELL_SIZE, state.cellSize);
  setS32(writer.bytes, at + tc.TC_NETEM_RATE_CELL_OVERHEAD, state.cellOverhead);
}

function dumpSlot(slot: Slot, writer: MessageWriter): void {
  const at = writer.attribute(tc.TCA_NETEM_SLOT, tc.TC_NETEM_SLOT_SIZE);
  setU64Number(writer.bytes, at + tc.TC_NETEM_SLOT_MIN_DELAY, slot.minDelayNs);
  setU64Number(writer.bytes, at + tc.TC_NETEM_SLOT_MAX_DELAY, slot.maxDelayNs);
  setS32(writer.bytes, at + tc.TC_NETEM_SLOT_MAX_PACKETS, slot.maxPackets === s32Max ? 0 : slot.maxPackets);
  setS32(writer.bytes, at + tc.TC_NETEM_SLOT_MAX_BYTES, slot.maxBytes === s32Max ? 0 : slot.maxBytes);
  setU64Number(writer.bytes, at + tc.TC_NETEM_SLOT_DIST_DELAY, slot.distDelayNs);
  setU64Number(writer.bytes, at + tc.TC_NETEM_SLOT_DIST_JITTER, slot.distJitterNs);
}
