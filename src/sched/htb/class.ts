// htb's classes as requests see them: made, changed, given a discipline, deleted, told of.
//
// Mirrors net/sched/sch_htb.c (htb_change_class, htb_delete, htb_parent_to_leaf, htb_graft, htb_dump_class,
// htb_dump_class_stats).

import { getU32, setS32, setU32 } from "../../bytes/endian.ts";
import type { ClassHeader, ClassRequest, ClassStats, Qdisc, QdiscClass, Warn } from "../../net/netdevice.ts";
import { createDefaultQdisc, destroyQdisc, hashQdisc, majorOf, purgeQdisc } from "../../net/qdisc.ts";
import { TcfBlock } from "../../net/tcf.ts";
import { formatted, invalid, NetlinkError } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as tc from "../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../uapi/rtnetlink.ts";
import { pfifo } from "../pfifo.ts";
import type { Rate } from "../rate.ts";
import { isLarge, nsToTicks, readRate, ticksToNs, writeRate } from "../rate.ts";
import { Feed } from "./feed.ts";
import { htbPolicy } from "./policy.ts";
import { deactivate, stopWaiting } from "./schedule.ts";
import type { HtbClass, HtbState } from "./state.ts";

const s32Max = 0x7fff_ffff;
const minQuantum = 1_000;
const maxQuantum = 200_000;

/** Makes a class or changes one; options that are wrong change nothing. */
export function changeClass(sch: Qdisc<HtbState>, request: ClassRequest, warn: Warn): HtbClass {
  const { options, parentid, classid } = request;
  if (options === undefined) throw invalid();
  const { parms, rtab, ctab, rate64, ceil64 } = parseNested(options, htbPolicy);
  if (parms === undefined) throw invalid();
  const { state } = sch;
  const { bytes, start } = parms;
  const read = (offset: number) => getU32(bytes, start + offset);
  const parent = parentid === tc.TC_H_ROOT ? null : (state.classes.find(parentid) ?? null);
  if (
    read(tc.TC_HTB_OPT_RATE + tc.TC_RATESPEC_RATE) === 0 ||
    read(tc.TC_HTB_OPT_CEIL + tc.TC_RATESPEC_RATE) === 0
  )
    throw invalid();
  const bufferNs = ticksToNs(read(tc.TC_HTB_OPT_BUFFER));
  const ceilBufferNs = ticksToNs(read(tc.TC_HTB_OPT_CBUFFER));
  const rate = readRate(bytes, start + tc.TC_HTB_OPT_RATE, Number(rate64 ?? 0n), rtab);
  const ceil = readRate(bytes, start + tc.TC_HTB_OPT_CEIL, Number(ceil64 ?? 0n), ctab);
  const known = request.cl === null ? undefined : state.classes.find(request.cl.classid);
  const cl = known ?? makeClass(sch, classid, parent, { rate, ceil, bufferNs, ceilBufferNs });
  cl.rate = rate;
  cl.ceil = ceil;
  cl.bufferNs = bufferNs;
  cl.ceilBufferNs = ceilBufferNs;
  if (cl.level === 0) {
    const wanted = read(tc.TC_HTB_OPT_QUANTUM);
    setQuantum(cl, Math.min(Math.floor(rate.bytesPerSec / state.rateToQuantum), s32Max), wanted, warn);
    cl.prio = Math.min(read(tc.TC_HTB_OPT_PRIO), tc.TC_HTB_NUMPRIO - 1);
  }
  return cl;
}

function setQuantum(cl: HtbClass, byRate: number, wanted: number, warn: Warn): void {
  cl.quantum = wanted === 0 ? Math.min(Math.max(byRate, minQuantum), maxQuantum) : wanted;
  if (wanted !== 0 || cl.quantum === byRate) return;
  const size = byRate < minQuantum ? "small" : "big";
  warn(`sch_htb: quantum of class ${cl.classid.toString(16).toUpperCase()} is ${size}. Consider r2q change.`);
}

interface Numbers {
  readonly rate: Rate;
  readonly ceil: Rate;
  readonly bufferNs: number;
  readonly ceilBufferNs: number;
}

function makeClass(
  sch: Qdisc<HtbState>,
  classid: number,
  parent: HtbClass | null,
  numbers: Numbers,
): HtbClass {
  const { state } = sch;
  if (classid === 0 || majorOf(classid) !== sch.handle) throw invalid();
  if (parent?.parent != null && parent.parent.level < 2)
    throw formatted("EINVAL", "sch_htb: tree is too deep");
  const leaf = createDefaultQdisc(sch.dev, pfifo, classid);
  if (parent !== null && parent.level === 0) toInner(state, parent);
  const cl: HtbClass = {
    classid,
    parent,
    children: 0,
    level: 0,
    prio: 0,
    quantum: 0,
    ...numbers,
    tokensNs: numbers.bufferNs,
    ceilTokensNs: numbers.ceilBufferNs,
    countedAtNs: sch.dev.machine.clock.now(),
    mode: "can-send",
    activity: 0,
    leaf,
    deficits: [],
    feeds: Array.from({ length: tc.TC_HTB_NUMPRIO }, () => new Feed<HtbClass>()),
    block: new TcfBlock(sch),
    bindings: 0,
    eventAtNs: 0,
    bytes: 0,
    packets: 0,
    drops: 0,
    overlimits: 0,
    lends: 0,
    borrows: 0,
  };
  state.classes.insert(cl);
  if (parent !== null) parent.children++;
  hashQdisc(leaf, true);
  return cl;
}

/** A leaf that gets its first child has no queue of its own any more. */
function toInner(state: HtbState, cl: HtbClass): void {
  if (cl.leaf !== null) purgeQdisc(cl.leaf);
  deactivate(state, cl);
  stopWaiting(state, cl);
  cl.mode = "can-send";
  cl.level = (cl.parent?.level ?? tc.TC_HTB_MAXDEPTH) - 1;
  if (cl.leaf !== null) destroyQdisc(cl.leaf);
  cl.leaf = null;
}

/** A class that has lost its last child gets a queue of its own again. */
function toLeaf(sch: Qdisc<HtbState>, cl: HtbClass): void {
  stopWaiting(sch.state, cl);
  cl.level = 0;
  cl.leaf = createDefaultQdisc(sch.dev, pfifo, cl.classid);
  hashQdisc(cl.leaf, true);
  for (const feed of cl.feeds) feed.clear();
  cl.tokensNs = cl.bufferNs;
  cl.ceilTokensNs = cl.ceilBufferNs;
  cl.countedAtNs = sch.dev.machine.clock.now();
  cl.mode = "can-send";
}

/** Deletes a class that nobody needs; EBUSY otherwise. */
export function deleteClass(sch: Qdisc<HtbState>, { classid }: QdiscClass): void {
  const { state } = sch;
  const cl = state.classes.find(classid);
  if (cl === undefined) return;
  if (cl.children > 0 || cl.bindings > 0) throw new NetlinkError("EBUSY", "HTB class in use");
  if (cl.leaf !== null) purgeQdisc(cl.leaf);
  state.classes.remove(cl);
  deactivate(state, cl);
  stopWaiting(state, cl);
  const { parent } = cl;
  if (parent !== null) {
    parent.children--;
    if (parent.children === 0) toLeaf(sch, parent);
  }
  cl.block.flush();
  if (cl.leaf !== null) destroyQdisc(cl.leaf);
}

/** A filter points at the class. */
export function bindClass(sch: Qdisc<HtbState>, { classid }: QdiscClass): void {
  const cl = sch.state.classes.find(classid);
  if (cl !== undefined) cl.bindings++;
}

/** A filter no longer points at the class. */
export function unbindClass(sch: Qdisc<HtbState>, { classid }: QdiscClass): void {
  const cl = sch.state.classes.find(classid);
  if (cl !== undefined) cl.bindings--;
}

/** Hangs a discipline on a leaf. */
export function graftClass(sch: Qdisc<HtbState>, { classid }: QdiscClass, child: Qdisc | null): Qdisc | null {
  const cl = sch.state.classes.find(classid);
  if (cl === undefined || cl.level > 0) throw invalid();
  const old = cl.leaf;
  if (old !== null) purgeQdisc(old);
  cl.leaf = child ?? createDefaultQdisc(sch.dev, pfifo, classid);
  if (child === null) hashQdisc(cl.leaf, true);
  return old;
}

/** Writes the options of a class. */
export function dumpClass(sch: Qdisc<HtbState>, { classid }: QdiscClass, writer: MessageWriter): ClassHeader {
  const cl = sch.state.classes.find(classid);
  if (cl === undefined) return {};
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.attribute(tc.TCA_HTB_PARMS, tc.TC_HTB_OPT_SIZE);
  const { bytes } = writer;
  writeRate(bytes, at + tc.TC_HTB_OPT_RATE, cl.rate);
  writeRate(bytes, at + tc.TC_HTB_OPT_CEIL, cl.ceil);
  setU32(bytes, at + tc.TC_HTB_OPT_BUFFER, nsToTicks(cl.bufferNs));
  setU32(bytes, at + tc.TC_HTB_OPT_CBUFFER, nsToTicks(cl.ceilBufferNs));
  setU32(bytes, at + tc.TC_HTB_OPT_QUANTUM, cl.quantum);
  setU32(bytes, at + tc.TC_HTB_OPT_PRIO, cl.prio);
  setU32(bytes, at + tc.TC_HTB_OPT_LEVEL, cl.level);
  if (isLarge(cl.rate)) writer.u64(tc.TCA_HTB_RATE64, cl.rate.bytesPerSec);
  if (isLarge(cl.ceil)) writer.u64(tc.TCA_HTB_CEIL64, cl.ceil.bytesPerSec);
  writer.endNest(nest);
  return { parent: cl.parent?.classid ?? tc.TC_H_ROOT, handle: classid, info: cl.leaf?.handle ?? 0 };
}

/** The counts of a class, and its tokens. */
export function classStats(sch: Qdisc<HtbState>, { classid }: QdiscClass): ClassStats {
  const cl = sch.state.classes.find(classid);
  const app = new Uint8Array(tc.TC_HTB_XSTATS_SIZE);
  setU32(app, tc.TC_HTB_XSTATS_LENDS, cl?.lends ?? 0);
  setU32(app, tc.TC_HTB_XSTATS_BORROWS, cl?.borrows ?? 0);
  setS32(app, tc.TC_HTB_XSTATS_TOKENS, ticksOf(cl?.tokensNs ?? 0));
  setS32(app, tc.TC_HTB_XSTATS_CTOKENS, ticksOf(cl?.ceilTokensNs ?? 0));
  return {
    bytes: cl?.bytes ?? 0,
    packets: cl?.packets ?? 0,
    drops: cl?.drops ?? 0,
    requeues: 0,
    overlimits: cl?.overlimits ?? 0,
    length: cl?.leaf?.length ?? 0,
    backlog: cl?.leaf?.backlog ?? 0,
    app,
  };
}

/** Tokens in ticks, which may be owed. */
function ticksOf(ns: number): number {
  return Math.max(-s32Max - 1, Math.min(s32Max, Math.floor(ns / 64)));
}
