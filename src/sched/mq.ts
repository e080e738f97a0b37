// mq: a discipline of its own for each transmit queue of a device. It is what a device with several queues has by itself.
//
// Mirrors net/sched/sch_mq.c (v6.18). A device here has one wire, so the queues are served in turn. Omitted: offload to hardware.

import type { Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { XMIT_DROP, XMIT_SUCCESS } from "../net/netdevice.ts";
import {
  allocQdisc,
  createDefaultQdisc,
  dequeuePeeked,
  destroyQdisc,
  enqueueTo,
  hashQdisc,
  purgeQdisc,
  resetQdisc,
} from "../net/qdisc.ts";
import { NetlinkError, notSupported } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_H_MIN_MASK, TC_H_ROOT } from "../uapi/pkt_sched.ts";
import { childClass, classStatsOf } from "./child.ts";
import { flowHash } from "./flow-hash.ts";
import { noop } from "./noop.ts";

const two32 = 0x1_0000_0000;

interface MqState {
  readonly queues: Qdisc[];
  /** The queue that is served next. */
  next: number;
}

export const mq: QdiscOps<MqState> = {
  id: "mq",
  isPerQueue: true,
  createState: () => ({ queues: [], next: 0 }),
  init,
  // There is nothing to change.
  change: () => {},
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
  destroy: (sch) => sch.state.queues.forEach(destroyQdisc),
  changeTxQueueLength(sch) {
    for (const queue of sch.state.queues) queue.ops.changeTxQueueLength?.(queue);
  },
  dump,
  classes: {
    find: (sch, classid) =>
      queueOf(sch, classid) === undefined ? null : childClass(sch, classid & TC_H_MIN_MASK),
    walk: (sch) => sch.state.queues.map((_, index) => childClass(sch, index + 1)),
    leaf: (sch, cl) => queueOf(sch, cl.classid) ?? null,
    graft,
    dump: (sch, cl) => ({
      parent: TC_H_ROOT,
      handle: cl.classid,
      info: queueOf(sch, cl.classid)?.handle ?? 0,
    }),
    stats: (sch, cl) => classStatsOf(queueOf(sch, cl.classid) ?? null),
  },
};

function queueOf({ state }: Qdisc<MqState>, classid: number): Qdisc | undefined {
  return state.queues[(classid & TC_H_MIN_MASK) - 1];
}

function init(sch: Qdisc<MqState>): void {
  const { dev, state } = sch;
  const { defaultQdisc } = dev.machine;
  if (sch.parent !== TC_H_ROOT || dev.txQueues < 2 || defaultQdisc === null) throw notSupported();
  // A queue of no frames cannot be.
  if (dev.txQueueLength === 0) throw new NetlinkError("ENOMEM");
  for (let minor = 1; minor <= dev.txQueues; minor++) {
    const queue = createDefaultQdisc(dev, defaultQdisc, (sch.handle | minor) >>> 0);
    hashQdisc(queue);
    state.queues.push(queue);
  }
}

/** The queue that was chosen for the frame, else the one of its flow (netdev_pick_tx). */
function enqueue(frame: Frame, sch: Qdisc<MqState>): number {
  const { queues } = sch.state;
  const { length } = queues;
  const isChosen = frame.queue > 0 && frame.queue < length;
  const index = isChosen ? frame.queue : Math.floor((flowHash(frame, 0) / two32) * length);
  const queue = queues[index];
  if (queue === undefined) return XMIT_DROP;
  const bytes = frame.queueLength;
  const result = enqueueTo(frame, queue);
  if (result === XMIT_SUCCESS) {
    sch.length++;
    sch.backlog += bytes;
  }
  return result;
}

function dequeue(sch: Qdisc<MqState>): Frame | null {
  const { state } = sch;
  const { length } = state.queues;
  for (let tried = 0; tried < length; tried++) {
    const queue = state.queues[state.next];
    state.next = (state.next + 1) % length;
    const frame = queue === undefined ? null : dequeuePeeked(queue);
    if (frame === null) continue;
    sch.length--;
    sch.backlog -= frame.queueLength;
    return frame;
  }
  return null;
}

/** A queue whose discipline is taken away drops all until another comes (mq_graft). */
function graft(sch: Qdisc<MqState>, cl: QdiscClass, child: Qdisc | null): Qdisc | null {
  const minor = cl.classid & TC_H_MIN_MASK;
  const old = sch.state.queues[minor - 1] ?? null;
  if (old !== null) purgeQdisc(old);
  sch.state.queues[minor - 1] = child ?? allocQdisc(sch.dev, noop, 0);
  return old;
}

/** Its counts are the sums of those of its queues, as often as it is asked (mq_dump). */
function dump(sch: Qdisc<MqState>, _: MessageWriter): void {
  const sum = (count: "bytes" | "packets" | "drops" | "requeues" | "overlimits"): number =>
    sch.state.queues.reduce((total, queue) => total + queue[count], 0);
  sch.bytes = sum("bytes");
  sch.packets = sum("packets");
  sch.drops = sum("drops");
  sch.requeues = sum("requeues");
  sch.overlimits = sum("overlimits");
}
