// netem: a wire as bad as one asks for. Frames are delayed (with jitter, correlated, by a table), lost (by chance or by a model),
// doubled, damaged, put out of order, and held to a rate; all from one seeded generator, so that a run can be had again.
//
// Mirrors net/sched/sch_netem.c (v6.18). In addition TCA_NETEM_UVETH_PER_SEGMENT: a large frame is cut first and every decision
// is made for each segment, as a wire would; without it netem decides once for the whole frame, as Linux does. A damaged byte
// and its bit are drawn from the same generator, where Linux draws them from another that has no seed.

import { completeChecksum } from "../net/complete-checksum.ts";
import { drop } from "../net/frame.ts";
import type { ClassHeader, Frame, Qdisc, QdiscClass, QdiscOps } from "../net/netdevice.ts";
import { CHECKSUM_NONE, GSO_NONE, XMIT_DROP, XMIT_STOLEN, XMIT_SUCCESS } from "../net/netdevice.ts";
import {
  destroyQdisc,
  dropAt,
  enqueueTo,
  peekDequeued,
  purgeQdisc,
  reduceBacklog,
  resetQdisc,
  watchdogSchedule,
} from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import { segmentFrame } from "../net/segment.ts";
import { invalid } from "../netlink/error.ts";
import { childClass } from "./child.ts";
import { correlated, delayFrom } from "./crandom.ts";
import { setCongestionExperienced } from "./ecn.ts";
import { changeNetem, dumpNetem } from "./netem-options.ts";
import type { NetemState } from "./netem-state.ts";
import { createNetemState } from "./netem-state.ts";
import { SECOND_NS } from "./rate.ts";
import { segmentInto } from "./segment.ts";

export const netem: QdiscOps<NetemState> = {
  id: "netem",
  createState: createNetemState,
  init(sch, options) {
    if (options === undefined) throw invalid();
    changeNetem(sch, options);
  },
  change: changeNetem,
  enqueue,
  dequeue,
  peek: peekDequeued,
  reset,
  destroy: (sch) => sch.state.child !== null && destroyQdisc(sch.state.child),
  dump: dumpNetem,
  classes: {
    find: (sch) => childClass(sch, 1),
    walk: (sch) => [childClass(sch, 1)],
    leaf: (sch) => sch.state.child,
    graft,
    dump: (sch, cl): ClassHeader => ({ handle: cl.classid, info: sch.state.child?.handle ?? 0 }),
  },
};

function enqueue(frame: Frame, sch: Qdisc<NetemState>): number {
  if (sch.state.isPerSegment && frame.gsoType !== GSO_NONE) {
    return segmentInto(frame, sch, Number.POSITIVE_INFINITY, (segment) => enqueueOne(segment, sch));
  }
  return enqueueOne(frame, sch);
}

/** Decides what becomes of one frame, in Linux's order: doubled, lost, damaged, no room, delayed (netem_enqueue). */
function enqueueOne(frame: Frame, sch: Qdisc<NetemState>): number {
  const { state } = sch;
  const { random } = state;
  const isDoubled = state.duplicate > 0 && state.duplicate >= correlated(random, state.duplicateCorrelation);
  let isKept = !isLost(state);
  if (!isKept && state.isEcn && setCongestionExperienced(frame)) {
    sch.drops++;
    isKept = true;
  }
  if (!isKept && !isDoubled) {
    sch.drops++;
    drop(frame, "netem-loss");
    // To whoever handed it over it went well; it is not queued.
    return XMIT_STOLEN;
  }
  // Doubled and lost is once.
  const double = isDoubled && isKept ? frame.pool.clone(frame) : null;
  if (double !== null) double.queueLength = frame.queueLength;
  if (state.corrupt > 0 && state.corrupt >= correlated(random, state.corruptCorrelation)) {
    const result = enqueueDamaged(frame, sch);
    if (double !== null) enqueueDouble(double, sch);
    return result;
  }
  if (state.queue.length >= sch.limit) {
    if (double !== null) drop(double, "qdisc");
    return dropAt(frame, sch);
  }
  if (double !== null) enqueueDouble(double, sch);
  return enqueueWhole(frame, sch);
}

function isLost(state: NetemState): boolean {
  if (state.lossModel !== null) return state.lossModel.loses(state.random);
  return state.loss > 0 && state.loss >= correlated(state.random, state.lossCorrelation);
}

/** The second frame goes to the top of the tree, so that every parent counts it; it is not doubled again. */
function enqueueDouble(double: Frame, sch: Qdisc<NetemState>): void {
  const { state } = sch;
  const root = sch.dev.qdisc;
  if (root === null) return drop(double, "qdisc");
  const { duplicate } = state;
  state.duplicate = 0;
  root.ops.enqueue(double, root);
  state.duplicate = duplicate;
}

/** Turns one bit of a frame around; of a large one, of its first segment. Its checksum is made before, so that it shows. */
function enqueueDamaged(frame: Frame, sch: Qdisc<NetemState>): number {
  if (frame.gsoType !== GSO_NONE) {
    const segments = segmentFrame(frame, true);
    if (segments === null) return dropAt(frame, sch);
    return enqueueDamagedList(segments, sch);
  }
  return damage(frame, sch) ? enqueueIfRoom(frame, sch) : XMIT_DROP;
}

function enqueueDamagedList(segments: Frame, sch: Qdisc<NetemState>): number {
  const whole = segments.queueLength;
  let queued = 0;
  let bytes = 0;
  let isFirst = true;
  for (let segment: Frame | null = segments; segment !== null; ) {
    const next: Frame | null = segment.next;
    segment.next = null;
    segment.queueLength = segment.end - segment.start;
    const length = segment.queueLength;
    const isWhole = !isFirst || damage(segment, sch);
    isFirst = false;
    if (isWhole && enqueueIfRoom(segment, sch) === XMIT_SUCCESS) {
      queued++;
      bytes += length;
    }
    segment = next;
  }
  if (queued === 0) return XMIT_DROP;
  reduceBacklog(sch, 1 - queued, whole - bytes);
  return XMIT_SUCCESS;
}

/** False when the frame could not be written to, and is dropped. */
function damage(frame: Frame, sch: Qdisc<NetemState>): boolean {
  const { random } = sch.state;
  if (!frame.pool.writable(frame) || !completeChecksum(frame)) {
    dropAt(frame, sch, "no-memory");
    return false;
  }
  const length = frame.end - frame.start;
  const at = frame.start + Math.floor((random.u32() * length) / 0x1_0000_0000);
  frame.bytes[at] = (frame.bytes[at] ?? 0) ^ (1 << (random.u32() >>> 29));
  frame.checksum = CHECKSUM_NONE;
  return true;
}

function enqueueIfRoom(frame: Frame, sch: Qdisc<NetemState>): number {
  return sch.state.queue.length >= sch.limit ? dropAt(frame, sch) : enqueueWhole(frame, sch);
}

/** Gives a frame the time it leaves at, or puts it in front of all others. */
function enqueueWhole(frame: Frame, sch: Qdisc<NetemState>): number {
  const { state } = sch;
  const now = sch.dev.machine.clock.now();
  sch.length++;
  sch.backlog += frame.queueLength;
  const isInOrder =
    state.gap === 0 ||
    state.counter < state.gap - 1 ||
    state.reorder < correlated(state.random, state.reorderCorrelation);
  if (isInOrder) {
    frame.timeToSend = dueAt(frame, state, now);
    state.counter++;
    state.queue.push(frame);
    return XMIT_SUCCESS;
  }
  frame.timeToSend = now;
  state.counter = 0;
  state.front.pushFront(frame);
  sch.requeues++;
  return XMIT_SUCCESS;
}

function dueAt(frame: Frame, state: NetemState, now: number): number {
  const { random, delayCorrelation, delayTable } = state;
  let delay = delayFrom(random, state.latencyNs, state.jitterNs, delayCorrelation, delayTable);
  if (state.rateBytesPerSec === 0) return Math.max(now, now + delay);
  // At a rate a frame begins when the one before it has left; the delay runs meanwhile.
  let from = now;
  const last = Math.max(state.front.tail?.timeToSend ?? 0, state.queue.latest ?? 0);
  if (state.front.tail !== null || state.queue.length > 0) {
    delay = Math.max(0, delay - (last - now));
    from = last;
  }
  return from + delay + packetTimeNs(frame.queueLength, state);
}

/** How long a frame takes at the rate, with what is added to each and to each cell (packet_time_ns). */
function packetTimeNs(bytes: number, state: NetemState): number {
  let length = bytes + state.packetOverhead;
  if (state.cellSize > 0) length = Math.ceil(length / state.cellSize) * (state.cellSize + state.cellOverhead);
  return Math.floor((Math.max(0, length) * SECOND_NS) / state.rateBytesPerSec);
}

function dequeue(sch: Qdisc<NetemState>): Frame | null {
  const { state } = sch;
  const { slot, queue, child } = state;
  for (;;) {
    const front = state.front.shift();
    if (front !== null) return leave(front, sch);
    const frame = queue.peek();
    if (frame === null) break;
    const now = sch.dev.machine.clock.now();
    if (slot !== null && slot.nextNs < frame.timeToSend) nextSlot(state, now);
    const slotAt = slot?.nextNs ?? 0;
    if (frame.timeToSend > now || slotAt > now) {
      const waiting = child?.ops.dequeue(child) ?? null;
      if (waiting !== null) return leave(waiting, sch);
      watchdogSchedule(sch, Math.max(frame.timeToSend, slotAt));
      return null;
    }
    queue.shift();
    if (slot !== null) {
      slot.packetsLeft--;
      slot.bytesLeft -= frame.queueLength;
      if (slot.packetsLeft <= 0 || slot.bytesLeft <= 0) nextSlot(state, now);
    }
    if (child === null) return leave(frame, sch);
    moveToChild(frame, sch, child);
  }
  const waiting = child?.ops.dequeue(child) ?? null;
  return waiting === null ? null : leave(waiting, sch);
}

function leave(frame: Frame, sch: Qdisc): Frame {
  sch.length--;
  sch.backlog -= frame.queueLength;
  countSent(frame, sch);
  return frame;
}

/** A frame whose time has come goes on to the discipline below. */
function moveToChild(frame: Frame, sch: Qdisc<NetemState>, child: Qdisc): void {
  const length = frame.queueLength;
  const result = enqueueTo(frame, child);
  if (result === XMIT_SUCCESS) return;
  if (result !== XMIT_STOLEN) sch.drops++;
  sch.length--;
  sch.backlog -= length;
  reduceBacklog(sch, 1, length);
}

/** When frames may leave again, and how many of them (get_slot_next). */
function nextSlot(state: NetemState, now: number): void {
  const { slot, random } = state;
  if (slot === null) return;
  const span = slot.maxDelayNs - slot.minDelayNs;
  const delay =
    slot.table === null
      ? slot.minDelayNs + Math.floor((random.u32() / 0x1_0000_0000) * span)
      : delayFrom(random, slot.distDelayNs, slot.distJitterNs, null, slot.table);
  slot.nextNs = now + delay;
  slot.packetsLeft = slot.maxPackets;
  slot.bytesLeft = slot.maxBytes;
}

function reset(sch: Qdisc<NetemState>): void {
  const { state } = sch;
  state.front.purge();
  state.queue.purge();
  if (state.child !== null) resetQdisc(state.child);
}

function graft(sch: Qdisc<NetemState>, _: QdiscClass, child: Qdisc | null): Qdisc | null {
  const old = sch.state.child;
  if (old !== null) purgeQdisc(old);
  sch.state.child = child;
  return old;
}
