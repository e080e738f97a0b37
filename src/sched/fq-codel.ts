// fq_codel: every flow has a queue of its own, they are served in turn by bytes, new flows first, and CoDel keeps each short.
//
// Mirrors net/sched/sch_fq_codel.c (v6.18; RFC 8290). Omitted: filters in place of the hash; CE thresholds by selector.

import { setS32, setU32 } from "../bytes/endian.ts";
import type { ClassHeader, Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { XMIT_CONGESTED, XMIT_SUCCESS } from "../net/netdevice.ts";
import { dropAt, FrameList, peekDequeued, reduceBacklog } from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import type { CodelParams, CodelVars } from "./codel.ts";
import { codelDequeue, codelTime, codelToUs, createCodelVars, usToCodel } from "./codel.ts";
import { setCongestionExperienced } from "./ecn.ts";
import { psMtu } from "./fifo.ts";
import { flowHash } from "./flow-hash.ts";

const minorMask = 0xffff;
const maxFlows = 65_536;
const maxQuantum = 1 << 20;
const minQuantum = 256;
const maxBatch = 64;
const minMemory = 256;
/** What Linux counts for a frame beside its bytes, about (skb->truesize). */
const frameOverhead = 768;

const fqCodelPolicy = policy(tc.TCA_FQ_CODEL_MAX, {
  [tc.TCA_FQ_CODEL_TARGET]: u32("target"),
  [tc.TCA_FQ_CODEL_LIMIT]: u32("limit"),
  [tc.TCA_FQ_CODEL_INTERVAL]: u32("interval"),
  [tc.TCA_FQ_CODEL_ECN]: u32("ecn"),
  [tc.TCA_FQ_CODEL_FLOWS]: u32("flows"),
  [tc.TCA_FQ_CODEL_QUANTUM]: u32("quantum", { range: [1, maxQuantum] }),
  [tc.TCA_FQ_CODEL_CE_THRESHOLD]: u32("ceThreshold"),
  [tc.TCA_FQ_CODEL_DROP_BATCH_SIZE]: u32("dropBatchSize"),
  [tc.TCA_FQ_CODEL_MEMORY_LIMIT]: u32("memoryLimit"),
});

/** One flow's queue; `list` says which of the two rounds it stands in. */
class Flow extends FrameList {
  deficit = 0;
  backlog = 0;
  length = 0;
  list: "none" | "new" | "old" = "none";
  readonly vars: CodelVars = createCodelVars();
}

interface FqCodelState {
  readonly flows: (Flow | undefined)[];
  flowCount: number;
  readonly newFlows: Flow[];
  readonly oldFlows: Flow[];
  secret: number;
  quantum: number;
  dropBatch: number;
  memoryLimit: number;
  memory: number;
  readonly params: CodelParams;
  maxPacket: number;
  dropOverlimit: number;
  dropOvermemory: number;
  ecnMark: number;
  ceMark: number;
  newFlowCount: number;
  /** Dropped by CoDel during the running dequeue. */
  dropped: number;
  droppedBytes: number;
}

export const fqCodel: QdiscOps<FqCodelState> = {
  id: "fq_codel",
  createState,
  init(sch, options) {
    const { state, dev } = sch;
    sch.limit = 10 * 1_024;
    state.quantum = psMtu(dev);
    state.secret = dev.machine.random.u32();
    if (options !== undefined) change(sch, options);
  },
  change,
  enqueue,
  dequeue,
  peek: peekDequeued,
  reset,
  dump,
  dumpStats,
  classes: {
    find: (sch, classid) => {
      const minor = classid & minorMask;
      return minor >= 1 && minor <= sch.state.flowCount ? { classid } : null;
    },
    walk,
    leaf: () => null,
    dump: (_, cl): ClassHeader => ({ handle: cl.classid }),
    stats: flowStats,
  },
};

function createState(): FqCodelState {
  return {
    flows: [],
    flowCount: 1_024,
    newFlows: [],
    oldFlows: [],
    secret: 0,
    quantum: 0,
    dropBatch: maxBatch,
    memoryLimit: 32 << 20,
    memory: 0,
    params: {
      target: usToCodel(5_000),
      interval: usToCodel(100_000),
      ceThreshold: Number.POSITIVE_INFINITY,
      isEcn: true,
      mtu: () => 0,
    },
    maxPacket: 256,
    dropOverlimit: 0,
    dropOvermemory: 0,
    ecnMark: 0,
    ceMark: 0,
    newFlowCount: 0,
    dropped: 0,
    droppedBytes: 0,
  };
}

function change(sch: Qdisc<FqCodelState>, options: Attribute): void {
  const attrs = parseNested(options, fqCodelPolicy);
  const { state } = sch;
  if (attrs.flows !== undefined) {
    if (state.flows.length > 0 || sch.length > 0) throw invalid();
    if (attrs.flows === 0 || attrs.flows > maxFlows) throw invalid();
    state.flowCount = attrs.flows;
  }
  if (attrs.target !== undefined) state.params.target = usToCodel(attrs.target);
  if (attrs.ceThreshold !== undefined) state.params.ceThreshold = usToCodel(attrs.ceThreshold);
  if (attrs.interval !== undefined) state.params.interval = usToCodel(attrs.interval);
  if (attrs.limit !== undefined) sch.limit = attrs.limit;
  if (attrs.ecn !== undefined) state.params.isEcn = attrs.ecn !== 0;
  if (attrs.quantum !== undefined) state.quantum = Math.max(minQuantum, attrs.quantum);
  if (attrs.dropBatchSize !== undefined) state.dropBatch = Math.max(1, attrs.dropBatchSize);
  if (attrs.memoryLimit !== undefined) state.memoryLimit = Math.max(minMemory, attrs.memoryLimit);
  while (sch.length > sch.limit || state.memory > state.memoryLimit) {
    const { length, backlog } = sch;
    if (dropFattest(sch, 1) === null) break;
    reduceBacklog(sch, length - sch.length, backlog - sch.backlog);
  }
}

function memoryOf(frame: Frame): number {
  return frame.end - frame.start + frameOverhead;
}

function enqueue(frame: Frame, sch: Qdisc<FqCodelState>): number {
  const { state } = sch;
  const index = Math.floor((flowHash(frame, state.secret) / 0x1_0000_0000) * state.flowCount);
  let flow = state.flows[index];
  if (flow === undefined) {
    flow = new Flow();
    state.flows[index] = flow;
  }
  const length = frame.queueLength;
  // CoDel takes the time a frame came from here.
  frame.timeToSend = sch.dev.machine.clock.now();
  flow.push(frame);
  flow.backlog += length;
  flow.length++;
  sch.backlog += length;
  sch.length++;
  state.memory += memoryOf(frame);
  state.maxPacket = Math.max(state.maxPacket, length);
  if (flow.list === "none") {
    flow.list = "new";
    state.newFlows.push(flow);
    state.newFlowCount++;
    flow.deficit = state.quantum;
  }
  const isOvermemory = state.memory > state.memoryLimit;
  if (sch.length <= sch.limit && !isOvermemory) return XMIT_SUCCESS;
  const before = { length: sch.length, backlog: sch.backlog };
  const hit = dropFattest(sch, state.dropBatch);
  const packets = before.length - sch.length;
  const bytes = before.backlog - sch.backlog;
  state.dropOverlimit += packets;
  if (isOvermemory) state.dropOvermemory += packets;
  // The one who asks counts this frame himself when told that it is queued.
  if (hit === flow) {
    reduceBacklog(sch, packets - 1, bytes - length);
    return XMIT_CONGESTED;
  }
  reduceBacklog(sch, packets, bytes);
  return XMIT_SUCCESS;
}

/** Drops up to half of the flow with the most bytes, `batch` frames at most. */
function dropFattest(sch: Qdisc<FqCodelState>, batch: number): Flow | null {
  const { state } = sch;
  let fattest: Flow | null = null;
  for (const flow of state.flows) {
    if (flow !== undefined && flow.backlog > (fattest?.backlog ?? 0)) fattest = flow;
  }
  if (fattest === null) return null;
  const threshold = fattest.backlog / 2;
  let bytes = 0;
  for (let dropped = 0; dropped < batch && bytes < threshold; dropped++) {
    const frame = takeFrom(fattest, sch);
    if (frame === null) break;
    bytes += frame.queueLength;
    dropAt(frame, sch);
  }
  return fattest;
}

function takeFrom(flow: Flow, sch: Qdisc<FqCodelState>): Frame | null {
  const frame = flow.shift();
  if (frame === null) return null;
  flow.length--;
  flow.backlog -= frame.queueLength;
  sch.length--;
  sch.backlog -= frame.queueLength;
  sch.state.memory -= memoryOf(frame);
  return frame;
}

function dequeue(sch: Qdisc<FqCodelState>): Frame | null {
  const { state } = sch;
  for (;;) {
    const isNew = state.newFlows.length > 0;
    const flow = isNew ? state.newFlows[0] : state.oldFlows[0];
    if (flow === undefined) return null;
    if (flow.deficit <= 0) {
      flow.deficit += state.quantum;
      toOld(flow, isNew, state);
      continue;
    }
    const frame = codelFrame(flow, sch);
    if (frame === null) {
      // A new flow that runs dry goes through the old ones once before it counts as new again.
      if (isNew && state.oldFlows.length > 0) toOld(flow, true, state);
      else {
        (isNew ? state.newFlows : state.oldFlows).shift();
        flow.list = "none";
      }
      continue;
    }
    flow.deficit -= frame.queueLength;
    countSent(frame, sch);
    return frame;
  }
}

function toOld(flow: Flow, isNew: boolean, state: FqCodelState): void {
  (isNew ? state.newFlows : state.oldFlows).shift();
  state.oldFlows.push(flow);
  flow.list = "old";
}

function codelFrame(flow: Flow, sch: Qdisc<FqCodelState>): Frame | null {
  const { state } = sch;
  state.dropped = 0;
  state.droppedBytes = 0;
  const queue = {
    vars: flow.vars,
    backlogBytes: () => flow.backlog,
    take: () => takeFrom(flow, sch),
    drop(frame: Frame) {
      state.dropped++;
      state.droppedBytes += frame.queueLength;
      dropAt(frame, sch);
    },
    mark(frame: Frame) {
      const isMarked = setCongestionExperienced(frame);
      if (isMarked) state.ecnMark++;
      return isMarked;
    },
    noteCeMark: () => void state.ceMark++,
  };
  const params = { ...state.params, mtu: () => psMtu(sch.dev) };
  const frame = codelDequeue(queue, params, codelTime(sch.dev.machine.clock.now()));
  if (state.dropped > 0) reduceBacklog(sch, state.dropped, state.droppedBytes);
  return frame;
}

function reset(sch: Qdisc<FqCodelState>): void {
  const { state } = sch;
  for (const flow of state.flows) flow?.purge();
  state.flows.length = 0;
  state.newFlows.length = 0;
  state.oldFlows.length = 0;
  state.memory = 0;
}

function dump(sch: Qdisc<FqCodelState>, writer: MessageWriter): void {
  const { state } = sch;
  const { params } = state;
  const nest = writer.nest(TCA_OPTIONS);
  writer.u32(tc.TCA_FQ_CODEL_TARGET, codelToUs(params.target));
  writer.u32(tc.TCA_FQ_CODEL_LIMIT, sch.limit);
  writer.u32(tc.TCA_FQ_CODEL_INTERVAL, codelToUs(params.interval));
  writer.u32(tc.TCA_FQ_CODEL_ECN, params.isEcn ? 1 : 0);
  writer.u32(tc.TCA_FQ_CODEL_QUANTUM, state.quantum);
  writer.u32(tc.TCA_FQ_CODEL_DROP_BATCH_SIZE, state.dropBatch);
  writer.u32(tc.TCA_FQ_CODEL_MEMORY_LIMIT, state.memoryLimit);
  writer.u32(tc.TCA_FQ_CODEL_FLOWS, state.flowCount);
  if (Number.isFinite(params.ceThreshold))
    writer.u32(tc.TCA_FQ_CODEL_CE_THRESHOLD, codelToUs(params.ceThreshold));
  writer.endNest(nest);
}

function dumpStats(sch: Qdisc<FqCodelState>): Uint8Array {
  const { state } = sch;
  const bytes = new Uint8Array(4 + tc.TC_FQ_CODEL_QD_STATS_SIZE);
  const at = 4;
  setU32(bytes, 0, tc.TCA_FQ_CODEL_XSTATS_QDISC);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_MAXPACKET, state.maxPacket);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_DROP_OVERLIMIT, state.dropOverlimit);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_ECN_MARK, state.ecnMark);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_NEW_FLOW_COUNT, state.newFlowCount);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_NEW_FLOWS_LEN, state.newFlows.length);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_OLD_FLOWS_LEN, state.oldFlows.length);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_CE_MARK, state.ceMark);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_MEMORY_USAGE, state.memory);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_DROP_OVERMEMORY, state.dropOvermemory);
  return bytes;
}

/** The flows that stand in a round. */
function walk(sch: Qdisc<FqCodelState>): QdiscClass[] {
  const classes: QdiscClass[] = [];
  for (const [index, flow] of sch.state.flows.entries()) {
    if (flow !== undefined && flow.list !== "none")
      classes.push({ classid: (sch.handle | (index + 1)) >>> 0 });
  }
  return classes;
}

function flowStats(sch: Qdisc<FqCodelState>, cl: QdiscClass) {
  const flow = sch.state.flows[(cl.classid & minorMask) - 1];
  const app = new Uint8Array(4 + tc.TC_FQ_CODEL_CL_STATS_SIZE);
  const vars = flow?.vars ?? createCodelVars();
  const at = 4;
  setU32(app, 0, tc.TCA_FQ_CODEL_XSTATS_CLASS);
  setS32(app, at + tc.TC_FQ_CODEL_CL_STATS_DEFICIT, flow?.deficit ?? 0);
  setU32(app, at + tc.TC_FQ_CODEL_CL_STATS_LDELAY, codelToUs(vars.delay));
  setU32(app, at + tc.TC_FQ_CODEL_CL_STATS_COUNT, vars.count);
  setU32(app, at + tc.TC_FQ_CODEL_CL_STATS_LASTCOUNT, vars.lastCount);
  setU32(app, at + tc.TC_FQ_CODEL_CL_STATS_DROPPING, vars.isDropping ? 1 : 0);
  const none = { bytes: 0, packets: 0, drops: 0, requeues: 0, overlimits: 0 };
  return { ...none, length: flow?.length ?? 0, backlog: flow?.backlog ?? 0, app };
}
