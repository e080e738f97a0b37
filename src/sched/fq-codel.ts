// fq_codel: every flow has a queue of its own, they are served in turn by bytes, new flows first, and CoDel keeps each short.
//
// Mirrors net/sched/sch_fq_codel.c (v6.18; RFC 8290). Omitted: CE thresholds by selector; what a frame takes of memory is about
// what Linux counts.

import { setS32, setU32 } from "../bytes/endian.ts";
import type { ClassHeader, Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { XMIT_CONGESTED, XMIT_DROP, XMIT_STOLEN, XMIT_SUCCESS } from "../net/netdevice.ts";
import { dequeuePeeked, dropAt, FrameList, majorOf, peekDequeued, reduceBacklog } from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import { TcfBlock } from "../net/tcf.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_ACT_QUEUED, TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_TRAP } from "../uapi/pkt_cls.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import type { CodelParams, CodelQueue, CodelStats, CodelVars } from "./codel.ts";
import { codelDequeue, codelTime, codelToUs, createCodelStats, createCodelVars, usToCodel } from "./codel.ts";
import { psMtu } from "./fifo.ts";
import { flowHash } from "./flow-hash.ts";

const minorMask = 0xffff;
const maxFlows = 65_536;
const maxQuantum = 1 << 20;
const minQuantum = 256;
const maxBatch = 64;
const maxMemory = 2 ** 31;
/** What Linux counts for a frame beside its bytes, about (skb->truesize). */
const frameOverhead = 768;

const fqCodelPolicy = policy(tc.TCA_FQ_CODEL_MAX, {
  [tc.TCA_FQ_CODEL_TARGET]: u32("target"),
  [tc.TCA_FQ_CODEL_LIMIT]: u32("limit"),
  [tc.TCA_FQ_CODEL_INTERVAL]: u32("interval"),
  [tc.TCA_FQ_CODEL_ECN]: u32("ecn"),
  [tc.TCA_FQ_CODEL_FLOWS]: u32("flows"),
  [tc.TCA_FQ_CODEL_QUANTUM]: u32("quantum"),
  [tc.TCA_FQ_CODEL_CE_THRESHOLD]: u32("ceThreshold"),
  [tc.TCA_FQ_CODEL_DROP_BATCH_SIZE]: u32("dropBatchSize"),
  [tc.TCA_FQ_CODEL_MEMORY_LIMIT]: u32("memoryLimit"),
});

/** One flow's queue, as CoDel works on it; `round` says in which of the two it stands. */
class Flow extends FrameList implements CodelQueue {
  readonly #sch: Qdisc<FqCodelState>;
  deficit = 0;
  backlog = 0;
  length = 0;
  round: FlowRound | null = null;
  nextInRound: Flow | null = null;
  readonly vars: CodelVars = createCodelVars();

  constructor(sch: Qdisc<FqCodelState>) {
    super();
    this.#sch = sch;
  }

  /** That of all flows: as long as others wait, one that is nearly empty is held to the target too. */
  get backlogBytes(): number {
    return this.#sch.backlog;
  }

  take(): Frame | null {
    const frame = this.shift();
    if (frame === null) return null;
    const sch = this.#sch;
    this.length--;
    this.backlog -= frame.queueLength;
    sch.length--;
    sch.backlog -= frame.queueLength;
    sch.state.memory -= memoryOf(frame);
    return frame;
  }

  drop(frame: Frame): void {
    dropAt(frame, this.#sch);
  }
}

/** Flows in turn, linked by themselves. */
class FlowRound {
  first: Flow | null = null;
  #last: Flow | null = null;
  length = 0;

  push(flow: Flow): void {
    flow.round = this;
    flow.nextInRound = null;
    if (this.#last === null) this.first = flow;
    else this.#last.nextInRound = flow;
    this.#last = flow;
    this.length++;
  }

  /** Takes the first one out. */
  shift(): void {
    const flow = this.first;
    if (flow === null) return;
    this.first = flow.nextInRound;
    if (this.first === null) this.#last = null;
    flow.nextInRound = null;
    flow.round = null;
    this.length--;
  }

  clear(): void {
    while (this.first !== null) this.shift();
  }
}

interface FqCodelState {
  /** Made when their first frame comes. */
  readonly flows: (Flow | undefined)[];
  flowCount: number;
  readonly newFlows: FlowRound;
  readonly oldFlows: FlowRound;
  secret: number;
  quantum: number;
  dropBatch: number;
  memoryLimit: number;
  memory: number;
  readonly params: CodelParams;
  readonly stats: CodelStats;
  dropOverlimit: number;
  dropOvermemory: number;
  newFlowCount: number;
  /** Filters that choose a flow in place of the hash. */
  block: TcfBlock | null;
}

export const fqCodel: QdiscOps<FqCodelState> = {
  id: "fq_codel",
  createState,
  init(sch, options) {
    const { state, dev } = sch;
    sch.limit = 10 * 1_024;
    state.quantum = psMtu(dev);
    state.params.mtu = psMtu(dev);
    state.secret = dev.machine.random.u32();
    if (options !== undefined) {
      const attrs = parseNested(options, fqCodelPolicy);
      if (attrs.flows !== undefined) {
        if (attrs.flows === 0 || attrs.flows > maxFlows) throw invalid();
        state.flowCount = attrs.flows;
      }
      configure(sch, attrs);
    }
    state.block = new TcfBlock(sch);
  },
  change(sch, options) {
    const attrs = parseNested(options, fqCodelPolicy);
    // How many flows there are is said once.
    if (attrs.flows !== undefined) throw invalid();
    configure(sch, attrs);
    shrink(sch);
  },
  enqueue,
  dequeue,
  peek: peekDequeued,
  reset,
  destroy: (sch) => sch.state.block?.flush(),
  dump,
  dumpStats,
  classes: {
    // Flows are shown, but nothing can be hung on one.
    find: () => null,
    walk,
    leaf: () => null,
    block: (sch, cl) => (cl === null ? sch.state.block : null),
    dump: (_, cl): ClassHeader => ({ handle: cl.classid }),
    stats: flowStats,
  },
};

function createState(): FqCodelState {
  return {
    flows: [],
    flowCount: 1_024,
    newFlows: new FlowRound(),
    oldFlows: new FlowRound(),
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
      mtu: 0,
    },
    stats: createCodelStats(),
    dropOverlimit: 0,
    dropOvermemory: 0,
    newFlowCount: 0,
    block: null,
  };
}

/** Takes what options say; EINVAL before anything is changed. */
function configure(sch: Qdisc<FqCodelState>, attrs: Parsed<typeof fqCodelPolicy>): void {
  const { state } = sch;
  const { params } = state;
  const quantum = attrs.quantum === undefined ? state.quantum : Math.max(minQuantum, attrs.quantum);
  if (attrs.quantum !== undefined && quantum > maxQuantum) throw invalid("Invalid quantum");
  if (attrs.target !== undefined) params.target = usToCodel(attrs.target);
  if (attrs.ceThreshold !== undefined) params.ceThreshold = usToCodel(attrs.ceThreshold);
  if (attrs.interval !== undefined) params.interval = usToCodel(attrs.interval);
  if (attrs.limit !== undefined) sch.limit = attrs.limit;
  if (attrs.ecn !== undefined) params.isEcn = attrs.ecn !== 0;
  state.quantum = quantum;
  if (attrs.dropBatchSize !== undefined) state.dropBatch = Math.max(1, attrs.dropBatchSize);
  if (attrs.memoryLimit !== undefined) state.memoryLimit = Math.min(maxMemory, attrs.memoryLimit);
}

/** Lets go of what is beyond new limits, in the order in which it would have been sent. */
function shrink(sch: Qdisc<FqCodelState>): void {
  let packets = 0;
  let bytes = 0;
  while (sch.length > sch.limit || sch.state.memory > sch.state.memoryLimit) {
    const frame = dequeuePeeked(sch);
    if (frame === null) break;
    packets++;
    bytes += frame.queueLength;
    frame.pool.free(frame);
  }
  reduceBacklog(sch, packets, bytes);
}

function memoryOf(frame: Frame): number {
  return frame.end - frame.start + frameOverhead;
}

/** The number of the flow a frame belongs to, from 0; negative: -XMIT_* of a frame that a filter has taken or wants gone. */
function classify(frame: Frame, sch: Qdisc<FqCodelState>): number {
  const { state } = sch;
  const named = frame.priority & minorMask;
  if (majorOf(frame.priority) === sch.handle && named > 0 && named <= state.flowCount) return named - 1;
  if (state.block === null || state.block.isEmpty)
    return Math.floor((flowHash(frame, state.secret) / 0x1_0000_0000) * state.flowCount);
  const verdict = state.block.classify(frame);
  if (verdict === TC_ACT_STOLEN || verdict === TC_ACT_QUEUED || verdict === TC_ACT_TRAP) return -XMIT_STOLEN;
  const minor = state.block.result.classid & minorMask;
  if (verdict < 0 || verdict === TC_ACT_SHOT || minor === 0 || minor > state.flowCount) return -XMIT_DROP;
  return minor - 1;
}

function enqueue(frame: Frame, sch: Qdisc<FqCodelState>): number {
  const { state } = sch;
  const index = classify(frame, sch);
  if (index < 0) {
    if (index === -XMIT_DROP) return dropAt(frame, sch, "filtered");
    frame.pool.free(frame);
    return XMIT_STOLEN;
  }
  let flow = state.flows[index];
  if (flow === undefined) {
    flow = new Flow(sch);
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
  if (flow.round === null) {
    state.newFlows.push(flow);
    state.newFlowCount++;
    flow.deficit = state.quantum;
  }
  const isOvermemory = state.memory > state.memoryLimit;
  if (sch.length <= sch.limit && !isOvermemory) return XMIT_SUCCESS;
  const { length: packetsBefore, backlog: bytesBefore } = sch;
  const hit = dropFattest(sch, state.dropBatch);
  const packets = packetsBefore - sch.length;
  const bytes = bytesBefore - sch.backlog;
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

/** Drops up to half of the flow with the most bytes, `batch` frames at most, which its CoDel is told of. */
function dropFattest(sch: Qdisc<FqCodelState>, batch: number): Flow | null {
  let fattest: Flow | null = null;
  for (const flow of sch.state.flows) {
    if (flow !== undefined && flow.backlog > (fattest?.backlog ?? 0)) fattest = flow;
  }
  if (fattest === null) return null;
  const threshold = fattest.backlog >> 1;
  let bytes = 0;
  let dropped = 0;
  do {
    const frame = fattest.take();
    if (frame === null) break;
    bytes += frame.queueLength;
    dropped++;
    dropAt(frame, sch);
  } while (dropped < batch && bytes < threshold);
  fattest.vars.count += dropped;
  return fattest;
}

function dequeue(sch: Qdisc<FqCodelState>): Frame | null {
  const { newFlows, oldFlows, quantum, params, stats } = sch.state;
  const now = codelTime(sch.dev.machine.clock.now());
  for (;;) {
    const round = newFlows.first === null ? oldFlows : newFlows;
    const flow = round.first;
    if (flow === null) return null;
    if (flow.deficit <= 0) {
      flow.deficit += quantum;
      round.shift();
      oldFlows.push(flow);
      continue;
    }
    const frame = codelDequeue(flow, params, stats, now);
    if (stats.dropped > 0) tellOfDrops(sch);
    if (frame !== null) {
      flow.deficit -= frame.queueLength;
      countSent(frame, sch);
      return frame;
    }
    round.shift();
    // A new flow that runs dry goes through the old ones once before it counts as new again.
    if (round === newFlows && oldFlows.first !== null) oldFlows.push(flow);
  }
}

/** Tells those above what CoDel has dropped. */
function tellOfDrops(sch: Qdisc<FqCodelState>): void {
  const { stats } = sch.state;
  const { dropped, droppedBytes } = stats;
  stats.dropped = 0;
  stats.droppedBytes = 0;
  reduceBacklog(sch, dropped, droppedBytes);
}

function reset(sch: Qdisc<FqCodelState>): void {
  const { state } = sch;
  for (const flow of state.flows) flow?.purge();
  state.flows.length = 0;
  state.newFlows.clear();
  state.oldFlows.clear();
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
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_MAXPACKET, state.stats.maxPacket);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_DROP_OVERLIMIT, state.dropOverlimit);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_ECN_MARK, state.stats.ecnMark);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_NEW_FLOW_COUNT, state.newFlowCount);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_NEW_FLOWS_LEN, state.newFlows.length);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_OLD_FLOWS_LEN, state.oldFlows.length);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_CE_MARK, state.stats.ceMark);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_MEMORY_USAGE, state.memory);
  setU32(bytes, at + tc.TC_FQ_CODEL_QD_STATS_DROP_OVERMEMORY, state.dropOvermemory);
  return bytes;
}

/** The flows that stand in a round. */
function walk(sch: Qdisc<FqCodelState>): QdiscClass[] {
  const classes: QdiscClass[] = [];
  for (const [index, flow] of sch.state.flows.entries()) {
    if (flow !== undefined && flow.round !== null)
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
  if (vars.isDropping) {
    const left = vars.dropNext - codelTime(sch.dev.machine.clock.now());
    setS32(app, at + tc.TC_FQ_CODEL_CL_STATS_DROP_NEXT, Math.sign(left) * codelToUs(Math.abs(left)));
  }
  const none = { bytes: 0, packets: 0, drops: 0, requeues: 0, overlimits: 0 };
  return { ...none, length: flow?.length ?? 0, backlog: flow?.backlog ?? 0, app };
}
