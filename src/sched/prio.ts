// prio: up to 16 classes, the first of which that holds a frame is served. Filters or the frame's priority say which one.
//
// Mirrors net/sched/sch_prio.c (v6.18). Omitted: offload to hardware.

import { getS32, setS32 } from "../bytes/endian.ts";
import type { ClassHeader, Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { XMIT_DROP, XMIT_STOLEN, XMIT_SUCCESS } from "../net/netdevice.ts";
import {
  createDefaultQdisc,
  dequeuePeeked,
  destroyQdisc,
  dropAt,
  enqueueTo,
  hashQdisc,
  majorOf,
  purgeQdisc,
  resetQdisc,
} from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import { TcfBlock } from "../net/tcf.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_ACT_QUEUED, TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_TRAP } from "../uapi/pkt_cls.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { childClass, classStatsOf } from "./child.ts";
import { pfifo } from "./pfifo.ts";

const minorMask = 0xffff;

interface PrioState {
  readonly queues: Qdisc[];
  priomap: number[];
  block: TcfBlock | null;
}

export const prio: QdiscOps<PrioState> = {
  id: "prio",
  createState: () => ({ queues: [], priomap: [], block: null }),
  init(sch, options) {
    sch.state.block = new TcfBlock(sch);
    if (options === undefined) throw invalid();
    change(sch, options);
  },
  change,
  enqueue,
  dequeue,
  peek(sch) {
    for (const queue of sch.state.queues) {
      const frame = queue.ops.peek(queue);
      if (frame !== null) return frame;
    }
    return null;
  },
  reset: (sch) => sch.state.queues.forEach(resetQdisc),
  destroy(sch) {
    sch.state.block?.flush();
    sch.state.queues.forEach(destroyQdisc);
  },
  dump,
  classes: {
    find: findClass,
    walk: (sch) => sch.state.queues.map((_, band) => childClass(sch, band + 1)),
    leaf: (sch, cl) => queueOf(sch, cl.classid) ?? null,
    graft,
    block: (sch, cl) => (cl === null ? sch.state.block : null),
    dump: (sch, cl): ClassHeader => ({ handle: cl.classid, info: queueOf(sch, cl.classid)?.handle ?? 0 }),
    stats: (sch, cl) => classStatsOf(queueOf(sch, cl.classid) ?? null),
  },
};

function queueOf(sch: Qdisc<PrioState>, classid: number): Qdisc | undefined {
  return sch.state.queues[(classid & minorMask) - 1];
}

function findClass(sch: Qdisc<PrioState>, classid: number): QdiscClass | null {
  return queueOf(sch, classid) === undefined ? null : childClass(sch, classid & minorMask);
}

function change(sch: Qdisc<PrioState>, options: Attribute): void {
  if (options.length < tc.TC_PRIO_QOPT_SIZE) throw invalid();
  const bands = getS32(options.bytes, options.start + tc.TC_PRIO_QOPT_BANDS);
  if (bands > tc.TCQ_PRIO_BANDS || bands < tc.TCQ_MIN_PRIO_BANDS) throw invalid();
  const at = options.start + tc.TC_PRIO_QOPT_PRIOMAP;
  const priomap = [...options.bytes.subarray(at, at + tc.TC_PRIO_MAX + 1)];
  if (priomap.some((band) => band >= bands)) throw invalid();
  const { state } = sch;
  state.priomap = priomap;
  for (const queue of state.queues.splice(bands)) {
    purgeQdisc(queue);
    destroyQdisc(queue);
  }
  while (state.queues.length < bands) {
    state.queues.push(makeQueue(sch, state.queues.length + 1));
  }
}

function makeQueue(sch: Qdisc<PrioState>, minor: number): Qdisc {
  const queue = createDefaultQdisc(sch.dev, pfifo, (sch.handle | minor) >>> 0);
  hashQdisc(queue, true);
  return queue;
}

/** The queue a frame goes to; undefined with the verdict when a filter took it or wants it gone. */
function classify(frame: Frame, sch: Qdisc<PrioState>): Qdisc | number {
  const { state } = sch;
  let band = frame.priority;
  if (majorOf(band) !== sch.handle) {
    if (state.block === null || state.block.isEmpty) return byPriority(band, state);
    const verdict = state.block.classify(frame);
    if (verdict === TC_ACT_STOLEN || verdict === TC_ACT_QUEUED || verdict === TC_ACT_TRAP) return XMIT_STOLEN;
    if (verdict === TC_ACT_SHOT) return XMIT_DROP;
    if (verdict < 0) return byPriority(band, state);
    band = state.block.result.classid;
  }
  return queueOf(sch, band) ?? state.queues[state.priomap[0] ?? 0] ?? XMIT_DROP;
}

/** The queue of a frame that no filter has chosen one for. */
function byPriority(band: number, { queues, priomap }: PrioState): Qdisc | number {
  const priority = majorOf(band) === 0 ? band & tc.TC_PRIO_MAX : 0;
  return queues[priomap[priority] ?? 0] ?? XMIT_DROP;
}

function enqueue(frame: Frame, sch: Qdisc<PrioState>): number {
  const queue = classify(frame, sch);
  if (queue === XMIT_STOLEN) {
    frame.pool.free(frame);
    return XMIT_STOLEN;
  }
  if (typeof queue === "number") return dropAt(frame, sch, "filtered");
  const length = frame.queueLength;
  const result = enqueueTo(frame, queue);
  if (result === XMIT_SUCCESS) {
    sch.length++;
    sch.backlog += length;
  } else if (result !== XMIT_STOLEN) sch.drops++;
  return result;
}

function dequeue(sch: Qdisc<PrioState>): Frame | null {
  for (const queue of sch.state.queues) {
    const frame = dequeuePeeked(queue);
    if (frame === null) continue;
    countSent(frame, sch);
    sch.length--;
    sch.backlog -= frame.queueLength;
    return frame;
  }
  return null;
}

function graft(sch: Qdisc<PrioState>, cl: QdiscClass, child: Qdisc | null): Qdisc | null {
  const minor = cl.classid & minorMask;
  const old = sch.state.queues[minor - 1] ?? null;
  if (old !== null) purgeQdisc(old);
  sch.state.queues[minor - 1] = child ?? makeQueue(sch, minor);
  return old;
}

function dump(sch: Qdisc<PrioState>, writer: MessageWriter): void {
  const at = writer.attribute(TCA_OPTIONS, tc.TC_PRIO_QOPT_SIZE);
  setS32(writer.bytes, at + tc.TC_PRIO_QOPT_BANDS, sch.state.queues.length);
  writer.bytes.set(sch.state.priomap, at + tc.TC_PRIO_QOPT_PRIOMAP);
}
