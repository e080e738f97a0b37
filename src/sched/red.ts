// red: drops or marks frames before its queue is full, the more of them the longer it has been on average.
//
// Mirrors net/sched/sch_red.c (v6.18). Omitted: blocks of events (qevent), which refuse; offload to hardware.

import { getU32, setU32 } from "../bytes/endian.ts";
import type { ClassHeader, Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { XMIT_CONGESTED, XMIT_STOLEN, XMIT_SUCCESS } from "../net/netdevice.ts";
import {
  allocQdisc,
  dequeuePeeked,
  destroyQdisc,
  dropAt,
  enqueueTo,
  hashQdisc,
  purgeQdisc,
  resetQdisc,
} from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import type { Timer } from "../net/timers.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, notSupported } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { bitfield32, min, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { bfifo } from "./bfifo.ts";
import { childClass } from "./child.ts";
import { setCongestionExperienced } from "./ecn.ts";
import { createFifo } from "./fifo.ts";
import { noop } from "./noop.ts";
import { areRedParamsRight, RED_DONT_MARK, RED_HARD_MARK, RED_STAB_SIZE, RedAverage } from "./red-average.ts";

const historicFlags = tc.TC_RED_ECN | tc.TC_RED_HARDDROP | tc.TC_RED_ADAPTATIVE;
const supportedFlags = historicFlags | tc.TC_RED_NODROP;
/** How often a chance adapts. */
const adaptNs = 500_000_000;

const redPolicy = policy(tc.TCA_RED_MAX, {
  [tc.TCA_RED_PARMS]: min("parms", tc.TC_RED_QOPT_SIZE),
  [tc.TCA_RED_STAB]: min("stab", RED_STAB_SIZE),
  [tc.TCA_RED_MAX_P]: u32("maxP"),
  [tc.TCA_RED_FLAGS]: bitfield32("flags", supportedFlags),
  [tc.TCA_RED_EARLY_DROP_BLOCK]: u32("earlyDropBlock"),
  [tc.TCA_RED_MARK_BLOCK]: u32("markBlock"),
});

interface RedState {
  /** Where frames wait; null before the first change. */
  child: Qdisc | null;
  limitBytes: number;
  /** TC_RED_*, and bits of the user's own that are told as they were given. */
  flags: number;
  userBits: number;
  average: RedAverage | null;
  timer: Timer | null;
  /** Dropped by chance and for sure, marked by both, and dropped by the queue below. */
  early: number;
  marked: number;
  queueDrops: number;
}

export const red: QdiscOps<RedState> = {
  id: "red",
  createState: () => ({
    child: null,
    limitBytes: 0,
    flags: 0,
    userBits: 0,
    average: null,
    timer: null,
    early: 0,
    marked: 0,
    queueDrops: 0,
  }),
  init(sch, options) {
    if (options === undefined) throw invalid();
    change(sch, options);
  },
  change,
  enqueue,
  dequeue,
  peek: (sch) => sch.state.child?.ops.peek(sch.state.child) ?? null,
  reset(sch) {
    const { state } = sch;
    if (state.child !== null) resetQdisc(state.child);
    if (state.average !== null) state.average = new RedAverage(state.average.params);
  },
  destroy(sch) {
    sch.state.timer?.stop();
    if (sch.state.child !== null) destroyQdisc(sch.state.child);
  },
  dump,
  dumpStats,
  classes: {
    find: (sch) => childClass(sch, 1),
    walk: (sch) => [childClass(sch, 1)],
    leaf: (sch) => sch.state.child,
    graft,
    dump: (sch, cl): ClassHeader => ({ handle: cl.classid, info: sch.state.child?.handle ?? 0 }),
  },
};

function change(sch: Qdisc<RedState>, options: Attribute): void {
  const { parms, stab, maxP = 0, flags: given, ...blocks } = parseNested(options, redPolicy);
  if (parms === undefined || stab === undefined) throw invalid();
  if (blocks.earlyDropBlock !== undefined || blocks.markBlock !== undefined)
    throw notSupported("Shared blocks are not supported by uveth");
  const { bytes, start } = parms;
  const params = {
    min: getU32(bytes, start + tc.TC_RED_QOPT_QTH_MIN),
    max: getU32(bytes, start + tc.TC_RED_QOPT_QTH_MAX),
    wlog: bytes[start + tc.TC_RED_QOPT_WLOG] ?? 0,
    plog: bytes[start + tc.TC_RED_QOPT_PLOG] ?? 0,
    scellLog: bytes[start + tc.TC_RED_QOPT_SCELL_LOG] ?? 0,
    stab: stab.copy().slice(0, RED_STAB_SIZE),
    maxP,
  };
  if (!areRedParamsRight(params)) throw invalid();
  const { state } = sch;
  const old = bytes[start + tc.TC_RED_QOPT_FLAGS] ?? 0;
  if (old !== 0 && given !== undefined)
    throw invalid("sch_red: flags should be passed either through qopt, or through a dedicated attribute");
  const { value, selector } = given ?? { value: old & historicFlags, selector: historicFlags };
  const flags = (state.flags & ~selector) | value;
  if ((flags & tc.TC_RED_NODROP) !== 0 && (flags & tc.TC_RED_ECN) === 0)
    throw invalid("sch_red: nodrop mode is only meaningful with ECN");
  state.limitBytes = getU32(bytes, start + tc.TC_RED_QOPT_LIMIT);
  state.flags = flags;
  state.userBits = old & ~historicFlags;
  if (state.limitBytes > 0) {
    const before = state.child;
    state.child = createFifo(sch, bfifo, 1, state.limitBytes);
    hashQdisc(state.child, true);
    if (before !== null) {
      purgeQdisc(before);
      destroyQdisc(before);
    }
  } else state.child ??= allocQdisc(sch.dev, noop, 0);
  state.average = new RedAverage(params);
  if (state.child.length === 0) state.average.beginIdle(sch.dev.machine.clock.now());
  state.timer?.stop();
  if ((flags & tc.TC_RED_ADAPTATIVE) !== 0) startAdapting(sch);
}

function startAdapting(sch: Qdisc<RedState>): void {
  const { state } = sch;
  const { machine } = sch.dev;
  state.timer ??= machine.timers.timer(() => {
    state.average?.adapt(machine.clock.now());
    state.timer?.start(adaptNs);
  });
  state.timer.start(adaptNs);
}

function enqueue(frame: Frame, sch: Qdisc<RedState>): number {
  const { state } = sch;
  const { child, average } = state;
  const { machine } = sch.dev;
  if (child === null || average === null) return dropAt(frame, sch);
  const what = average.next(child.backlog, machine.clock.now(), machine.random);
  if (what !== RED_DONT_MARK) {
    sch.overlimits++;
    if (!mark(frame, state, what === RED_HARD_MARK)) {
      state.early++;
      dropAt(frame, sch);
      return XMIT_CONGESTED;
    }
  }
  const length = frame.queueLength;
  const result = enqueueTo(frame, child);
  if (result === XMIT_SUCCESS) {
    sch.length++;
    sch.backlog += length;
  } else if (result !== XMIT_STOLEN) {
    state.queueDrops++;
    sch.drops++;
  }
  return result;
}

/** Marks a frame in place of dropping it; false when it is to be dropped. */
function mark(frame: Frame, state: RedState, isHard: boolean): boolean {
  const { flags } = state;
  if ((flags & tc.TC_RED_ECN) === 0 || (isHard && (flags & tc.TC_RED_HARDDROP) !== 0)) return false;
  if (!setCongestionExperienced(frame)) return (flags & tc.TC_RED_NODROP) !== 0;
  state.marked++;
  return true;
}

function dequeue(sch: Qdisc<RedState>): Frame | null {
  const { child, average } = sch.state;
  const frame = child === null ? null : dequeuePeeked(child);
  if (frame === null) {
    average?.beginIdle(sch.dev.machine.clock.now());
    return null;
  }
  countSent(frame, sch);
  sch.length--;
  sch.backlog -= frame.queueLength;
  return frame;
}

function graft(sch: Qdisc<RedState>, _: QdiscClass, child: Qdisc | null): Qdisc | null {
  const old = sch.state.child;
  if (old !== null) purgeQdisc(old);
  sch.state.child = child ?? allocQdisc(sch.dev, noop, 0);
  return old;
}

function dump(sch: Qdisc<RedState>, writer: MessageWriter): void {
  const { limitBytes, flags, userBits, average } = sch.state;
  if (average === null) return;
  const { params } = average;
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.attribute(tc.TCA_RED_PARMS, tc.TC_RED_QOPT_SIZE);
  const { bytes } = writer;
  setU32(bytes, at + tc.TC_RED_QOPT_LIMIT, limitBytes);
  setU32(bytes, at + tc.TC_RED_QOPT_QTH_MIN, params.min);
  setU32(bytes, at + tc.TC_RED_QOPT_QTH_MAX, params.max);
  bytes[at + tc.TC_RED_QOPT_WLOG] = params.wlog;
  bytes[at + tc.TC_RED_QOPT_PLOG] = params.plog;
  bytes[at + tc.TC_RED_QOPT_SCELL_LOG] = params.scellLog;
  bytes[at + tc.TC_RED_QOPT_FLAGS] = (flags & historicFlags) | userBits;
  writer.u32(tc.TCA_RED_MAX_P, average.maxP);
  const field = writer.attribute(tc.TCA_RED_FLAGS, 8);
  setU32(writer.bytes, field, flags);
  setU32(writer.bytes, field + 4, supportedFlags);
  writer.endNest(nest);
}

function dumpStats({ state }: Qdisc<RedState>): Uint8Array {
  const bytes = new Uint8Array(tc.TC_RED_XSTATS_SIZE);
  setU32(bytes, tc.TC_RED_XSTATS_EARLY, state.early);
  setU32(bytes, tc.TC_RED_XSTATS_PDROP, state.queueDrops);
  setU32(bytes, tc.TC_RED_XSTATS_MARKED, state.marked);
  return bytes;
}
