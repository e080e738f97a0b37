// What every queueing discipline stands on: a device's tree of them, handing frames to a child, the counts, the watchdog.
//
// Mirrors net/sched/sch_generic.c (qdisc_alloc, qdisc_reset, qdisc_destroy, dev_activate, dev_shutdown), net/sched/sch_api.c
// (qdisc_lookup, qdisc_hash_add, qdisc_tree_reduce_backlog, qdisc_watchdog) and include/net/sch_generic.h.

import { TC_H_INGRESS, TC_H_MAJ_MASK, TC_H_ROOT } from "../uapi/pkt_sched.ts";
import type { DropReason } from "./drop-reason.ts";
import { drop } from "./frame.ts";
import type { Device, Frame, QdiscOps } from "./netdevice.ts";
import { Qdisc, XMIT_DROP } from "./netdevice.ts";
import { setQueueLength } from "./queue-length.ts";
import { runQdisc } from "./transmit.ts";

/** The number of the discipline that a class id or handle belongs to (TC_H_MAJ). */
export function majorOf(handle: number): number {
  return (handle & TC_H_MAJ_MASK) >>> 0;
}

/** A discipline of `dev` that nobody has initialised yet (qdisc_alloc). */
export function allocQdisc<State>(dev: Device, ops: QdiscOps<State>, parent: number): Qdisc<State> {
  const sch = new Qdisc(ops, dev);
  sch.parent = parent;
  return sch;
}

/** Enters a discipline among those that requests find by handle (qdisc_hash_add); the root and ingress need no entry. */
export function hashQdisc(sch: Qdisc, isInvisible = false): void {
  if (sch.parent === TC_H_ROOT || sch.ops.isIngress === true) return;
  sch.isInvisible = isInvisible;
  sch.dev.qdiscs ??= [];
  sch.dev.qdiscs.unshift(sch);
}

/** The discipline of `dev` with this handle (qdisc_lookup). */
export function lookupQdisc(dev: Device, handle: number): Qdisc | null {
  if (handle === 0) return null;
  if (dev.qdisc?.handle === handle) return dev.qdisc;
  if (dev.ingressQdisc?.handle === handle) return dev.ingressQdisc;
  for (const sch of dev.qdiscs ?? []) if (sch.handle === handle) return sch;
  return null;
}

/** Makes the discipline a class has by itself (qdisc_create_dflt). */
export function createDefaultQdisc<State>(dev: Device, ops: QdiscOps<State>, parent: number): Qdisc<State> {
  const sch = allocQdisc(dev, ops, parent);
  ops.init?.(sch, undefined, () => {});
  return sch;
}

/** Drops all that a discipline holds (qdisc_reset). */
export function resetQdisc(sch: Qdisc): void {
  sch.watchdog?.stop();
  sch.ops.reset(sch);
  if (sch.peeked !== null) {
    sch.peeked.pool.free(sch.peeked);
    sch.peeked = null;
  }
  sch.length = 0;
  sch.backlog = 0;
}

/** Ends a discipline and its children (qdisc_destroy). */
export function destroyQdisc(sch: Qdisc): void {
  if (!sch.isAlive) return;
  sch.isAlive = false;
  const { qdiscs } = sch.dev;
  if (qdiscs !== null) {
    const at = qdiscs.indexOf(sch);
    if (at >= 0) qdiscs.splice(at, 1);
    if (qdiscs.length === 0) sch.dev.qdiscs = null;
  }
  resetQdisc(sch);
  sch.ops.detach?.(sch);
  sch.ops.destroy?.(sch);
}

/** Gives a device that comes up for the first time the discipline it has by itself (attach_default_qdiscs). */
export function activateQdisc(dev: Device): void {
  if (dev.isActivated) return;
  dev.isActivated = true;
  dev.qdisc ??= createDefaultRoot(dev);
}

/** The discipline that a device has by itself; null for one that does not queue. */
export function createDefaultRoot(dev: Device): Qdisc | null {
  const { defaultQdisc, defaultMultiQueue } = dev.machine;
  const ops = dev.txQueues > 1 ? defaultMultiQueue : defaultQdisc;
  // Without a queue length there is nothing to queue in: frames go straight out.
  if (dev.isQueueless || dev.txQueueLength === 0 || ops === null) return null;
  return createDefaultQdisc(dev, ops, TC_H_ROOT);
}

/** Drops what a device's disciplines hold, as one does that goes down or loses its carrier (dev_deactivate). */
export function deactivateQdisc(dev: Device): void {
  if (dev.qdisc !== null) resetQdisc(dev.qdisc);
}

/** Takes all queueing disciplines off a device, which is as never brought up then (dev_shutdown). */
export function shutdownQdisc(dev: Device): void {
  if (dev.qdisc !== null) destroyQdisc(dev.qdisc);
  if (dev.ingressQdisc !== null) destroyQdisc(dev.ingressQdisc);
  dev.qdisc = null;
  dev.ingressQdisc = null;
  dev.isActivated = false;
}

// --- Frames -----------------------------------------------------------------------------------------------------------

/** Hands a frame to a discipline below (qdisc_enqueue). XMIT_*. */
export function enqueueTo(frame: Frame, child: Qdisc): number {
  if (child.sizeTable !== null) setQueueLength(frame, child);
  return child.ops.enqueue(frame, child);
}

/** Drops a frame at a discipline, which counts it (qdisc_drop). */
export function dropAt(frame: Frame, sch: Qdisc, reason: DropReason = "qdisc"): number {
  sch.drops++;
  drop(frame, reason);
  return XMIT_DROP;
}

/** Looks at the next frame of a discipline that cannot show it: takes it out and keeps it first (qdisc_peek_dequeued). */
export function peekDequeued(sch: Qdisc): Frame | null {
  if (sch.peeked !== null) return sch.peeked;
  const frame = sch.ops.dequeue(sch);
  if (frame === null) return null;
  sch.peeked = frame;
  // It is still part of the queue.
  sch.length++;
  sch.backlog += frame.queueLength;
  return frame;
}

/** Takes the frame that `peek` has shown (qdisc_dequeue_peeked). */
export function dequeuePeeked(sch: Qdisc): Frame | null {
  const frame = sch.peeked;
  if (frame === null) return sch.ops.dequeue(sch);
  sch.peeked = null;
  sch.length--;
  sch.backlog -= frame.queueLength;
  return frame;
}

/** Tells those above that `packets` of `bytes` have gone from `sch` behind their back (qdisc_tree_reduce_backlog). */
export function reduceBacklog(sch: Qdisc, packets: number, bytes: number): void {
  if (packets === 0 && bytes === 0) return;
  let child = sch;
  while (child.parent !== TC_H_ROOT && child.parent !== TC_H_INGRESS && child.parent !== 0) {
    const parent = lookupQdisc(child.dev, majorOf(child.parent));
    if (parent === null) return;
    const classes = parent.ops.classes;
    if (child.length === 0 && classes?.becameEmpty !== undefined) {
      const cl = classes.find(parent, child.parent);
      if (cl !== null) classes.becameEmpty(parent, cl);
    }
    parent.length -= packets;
    parent.backlog -= bytes;
    parent.drops += Math.max(packets, 0);
    child = parent;
  }
}

/** Empties a child that is about to be replaced, and tells those above (qdisc_purge_queue). */
export function purgeQdisc(sch: Qdisc): void {
  const { length, backlog } = sch;
  resetQdisc(sch);
  reduceBacklog(sch, length, backlog);
}

/** Lets the device's queue run at `atNs` (qdisc_watchdog_schedule_ns); an earlier time that was set stays. */
export function watchdogSchedule(sch: Qdisc, atNs: number): void {
  const { machine } = sch.dev;
  sch.watchdog ??= machine.timers.timer(() => {
    const root = sch.dev.qdisc;
    if (root !== null) runQdisc(sch.dev, root);
  });
  const delay = Math.max(0, atNs - machine.clock.now());
  sch.watchdog.start(delay);
}

/** A queue of frames, linked by `next` (struct qdisc_skb_head). */
export class FrameList {
  head: Frame | null = null;
  tail: Frame | null = null;

  push(frame: Frame): void {
    frame.next = null;
    if (this.tail === null) this.head = frame;
    else this.tail.next = frame;
    this.tail = frame;
  }

  pushFront(frame: Frame): void {
    frame.next = this.head;
    this.head = frame;
    if (this.tail === null) this.tail = frame;
  }

  shift(): Frame | null {
    const frame = this.head;
    if (frame === null) return null;
    this.head = frame.next;
    if (this.head === null) this.tail = null;
    frame.next = null;
    return frame;
  }

  /** Gives every frame back to its pool. */
  purge(): void {
    for (let frame = this.shift(); frame !== null; frame = this.shift()) frame.pool.free(frame);
  }
}
