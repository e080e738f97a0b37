// tbf: a token bucket. A frame leaves when the bucket holds as much time as it takes at the rate; a second bucket can hold the
// peak rate down. What waits does so in a discipline of its own, a bfifo by itself.
//
// Mirrors net/sched/sch_tbf.c (v6.18). Omitted: offload to hardware.

import { getU32, setU32 } from "../bytes/endian.ts";
import type { ClassHeader, Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { XMIT_STOLEN, XMIT_SUCCESS } from "../net/netdevice.ts";
import {
  allocQdisc,
  dequeuePeeked,
  destroyQdisc,
  dropAt,
  enqueueTo,
  hashQdisc,
  purgeQdisc,
  resetQdisc,
  watchdogSchedule,
} from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { binary, min, policy, u32, u64 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { bfifo } from "./bfifo.ts";
import { childClass } from "./child.ts";
import { createFifo } from "./fifo.ts";
import { noop } from "./noop.ts";
import type { Rate } from "./rate.ts";
import { isLarge, lengthToNs, nsToLength, nsToTicks, readRate, ticksToNs, writeRate } from "./rate.ts";
import { segmentInto } from "./segment.ts";

const u32Max = 0xffff_ffff;

const tbfPolicy = policy(tc.TCA_TBF_MAX, {
  [tc.TCA_TBF_PARMS]: min("parms", tc.TC_TBF_QOPT_SIZE),
  [tc.TCA_TBF_RTAB]: binary("rtab", tc.TC_RTAB_SIZE),
  [tc.TCA_TBF_PTAB]: binary("ptab", tc.TC_RTAB_SIZE),
  [tc.TCA_TBF_RATE64]: u64("rate64"),
  [tc.TCA_TBF_PRATE64]: u64("prate64"),
  [tc.TCA_TBF_BURST]: u32("burst"),
  [tc.TCA_TBF_PBURST]: u32("pburst"),
});

interface TbfState {
  /** Where frames wait; null before the first change, noop once it has been taken away. */
  child: Qdisc | null;
  limitBytes: number;
  /** The largest frame that can ever go. */
  maxSize: number;
  /** How much time each bucket holds at most, and holds now, in nanoseconds. */
  bufferNs: number;
  peakBufferNs: number;
  tokensNs: number;
  peakTokensNs: number;
  rate: Rate;
  peak: Rate | null;
  /** When the tokens were counted last. */
  countedAtNs: number;
}

const noRate: Rate = { bytesPerSec: 0, multiplier: 1, divisor: 1, overhead: 0, mpu: 0, linklayer: 0 };

export const tbf: QdiscOps<TbfState> = {
  id: "tbf",
  createState: () => ({
    child: null,
    limitBytes: 0,
    maxSize: 0,
    bufferNs: 0,
    peakBufferNs: 0,
    tokensNs: 0,
    peakTokensNs: 0,
    rate: noRate,
    peak: null,
    countedAtNs: 0,
  }),
  init(sch, options) {
    if (options === undefined) throw invalid();
    sch.state.countedAtNs = sch.dev.machine.clock.now();
    change(sch, options);
  },
  change,
  enqueue,
  dequeue,
  peek: (sch) => sch.state.child?.ops.peek(sch.state.child) ?? null,
  reset,
  destroy: (sch) => sch.state.child !== null && destroyQdisc(sch.state.child),
  dump,
  classes: {
    find: (sch) => childClass(sch, 1),
    walk: (sch) => [childClass(sch, 1)],
    leaf: (sch) => sch.state.child,
    graft,
    dump: dumpClass,
  },
};

function change(sch: Qdisc<TbfState>, options: Attribute): void {
  const { parms, rtab, ptab, rate64, prate64, burst, pburst } = parseNested(options, tbfPolicy);
  if (parms === undefined) throw invalid();
  const { state } = sch;
  const { bytes, start } = parms;
  const rate = readRate(bytes, start + tc.TC_TBF_QOPT_RATE, Number(rate64 ?? 0n), rtab);
  const peakRate = readRate(bytes, start + tc.TC_TBF_QOPT_PEAKRATE, Number(prate64 ?? 0n), ptab);
  const limit = getU32(bytes, start + tc.TC_TBF_QOPT_LIMIT);
  let buffer = Math.min(ticksToNs(getU32(bytes, start + tc.TC_TBF_QOPT_BUFFER)), u32Max);
  let mtu = Math.min(ticksToNs(getU32(bytes, start + tc.TC_TBF_QOPT_MTU)), u32Max);
  let maxSize = burst ?? Math.min(nsToLength(rate, buffer), u32Max);
  if (burst !== undefined) buffer = lengthToNs(rate, burst);
  const hasPeak = getU32(bytes, start + tc.TC_TBF_QOPT_PEAKRATE + tc.TC_RATESPEC_RATE) !== 0;
  if (hasPeak) {
    if (peakRate.bytesPerSec <= rate.bytesPerSec) throw invalid();
    maxSize = Math.min(maxSize, pburst ?? nsToLength(peakRate, mtu));
    if (pburst !== undefined) mtu = lengthToNs(peakRate, pburst);
  }
  if (maxSize === 0) throw invalid();
  setChildLimit(sch, limit);
  state.limitBytes = limit;
  state.peakBufferNs = mtu;
  state.maxSize = maxSize;
  state.bufferNs = buffer;
  state.tokensNs = buffer;
  state.peakTokensNs = mtu;
  state.rate = rate;
  state.peak = hasPeak ? peakRate : null;
}

/** A fifo takes the new limit, whoever put it there; where there is none a bfifo comes (fifo_set_limit). */
function setChildLimit(sch: Qdisc<TbfState>, limit: number): void {
  const { child } = sch.state;
  if (child === null || child.ops === noop) {
    sch.state.child = createFifo(sch, bfifo, 1, limit);
    hashQdisc(sch.state.child, true);
  } else if (child.ops.id.slice(1) === "fifo") child.limit = limit;
}

function enqueue(frame: Frame, sch: Qdisc<TbfState>): number {
  const { child, maxSize } = sch.state;
  if (child === null) return dropAt(frame, sch);
  if (frame.queueLength > maxSize) {
    return segmentInto(frame, sch, maxSize, (segment) => enqueueChild(segment, sch, child));
  }
  return enqueueChild(frame, sch, child);
}

function enqueueChild(frame: Frame, sch: Qdisc<TbfState>, child: Qdisc): number {
  const length = frame.queueLength;
  const result = enqueueTo(frame, child);
  if (result !== XMIT_SUCCESS) {
    if (result !== XMIT_STOLEN) sch.drops++;
    return result;
  }
  sch.length++;
  sch.backlog += length;
  return result;
}

function dequeue(sch: Qdisc<TbfState>): Frame | null {
  const { state } = sch;
  const { child } = state;
  const frame = child === null ? null : child.ops.peek(child);
  if (child === null || frame === null) return null;
  const now = sch.dev.machine.clock.now();
  const length = frame.queueLength;
  const gained = Math.min(now - state.countedAtNs, state.bufferNs);
  let peakTokens = 0;
  if (state.peak !== null) {
    peakTokens = Math.min(gained + state.peakTokensNs, state.peakBufferNs) - lengthToNs(state.peak, length);
  }
  const tokens = Math.min(gained + state.tokensNs, state.bufferNs) - lengthToNs(state.rate, length);
  if (tokens >= 0 && peakTokens >= 0) {
    const taken = dequeuePeeked(child);
    if (taken === null) return null;
    state.countedAtNs = now;
    state.tokensNs = tokens;
    state.peakTokensNs = peakTokens;
    sch.length--;
    sch.backlog -= taken.queueLength;
    countSent(taken, sch);
    return taken;
  }
  watchdogSchedule(sch, now + Math.max(-tokens, -peakTokens));
  sch.overlimits++;
  return null;
}

function reset(sch: Qdisc<TbfState>): void {
  const { state } = sch;
  if (state.child !== null) resetQdisc(state.child);
  state.countedAtNs = sch.dev.machine.clock.now();
  state.tokensNs = state.bufferNs;
  state.peakTokensNs = state.peakBufferNs;
}

function graft(sch: Qdisc<TbfState>, _: QdiscClass, child: Qdisc | null): Qdisc | null {
  const old = sch.state.child;
  if (old !== null) purgeQdisc(old);
  sch.state.child = child ?? allocQdisc(sch.dev, noop, 0);
  return old;
}

function dump(sch: Qdisc<TbfState>, writer: MessageWriter): void {
  const { state } = sch;
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.attribute(tc.TCA_TBF_PARMS, tc.TC_TBF_QOPT_SIZE);
  const { bytes } = writer;
  setU32(bytes, at + tc.TC_TBF_QOPT_LIMIT, state.limitBytes);
  writeRate(bytes, at + tc.TC_TBF_QOPT_RATE, state.rate);
  if (state.peak !== null) writeRate(bytes, at + tc.TC_TBF_QOPT_PEAKRATE, state.peak);
  setU32(bytes, at + tc.TC_TBF_QOPT_MTU, nsToTicks(state.peakBufferNs));
  setU32(bytes, at + tc.TC_TBF_QOPT_BUFFER, nsToTicks(state.bufferNs));
  if (isLarge(state.rate)) writer.u64(tc.TCA_TBF_RATE64, state.rate.bytesPerSec);
  if (state.peak !== null && isLarge(state.peak)) writer.u64(tc.TCA_TBF_PRATE64, state.peak.bytesPerSec);
  writer.endNest(nest);
}

function dumpClass(sch: Qdisc<TbfState>, cl: QdiscClass): ClassHeader {
  return { handle: cl.classid, info: sch.state.child?.handle ?? 0 };
}
