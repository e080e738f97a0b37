// CoDel: a queue whose frames have waited longer than a target for a whole interval loses one, then ever faster more, until they
// wait less (RFC 8289). Times are in units of 1,024 ns, as Linux has them.
//
// Mirrors include/net/codel.h and include/net/codel_impl.h (codel_should_drop, codel_dequeue, codel_Newton_step).

import type { Frame } from "../net/netdevice.ts";
import { setCongestionExperienced } from "./ecn.ts";

/** Nanoseconds in a unit of CoDel's time (CODEL_SHIFT). */
const unitNs = 1_024;
const maxReciprocal = 0xffff;
const intervals = 16;
const two31 = 0x8000_0000;
const two32 = 0x1_0000_0000;

/** Nanoseconds in CoDel's units. */
export function codelTime(ns: number): number {
  return Math.floor(ns / unitNs);
}

/** CoDel's units in microseconds, as options have them. */
export function codelToUs(units: number): number {
  return Math.floor((units * unitNs) / 1_000);
}

/** Microseconds in CoDel's units. */
export function usToCodel(us: number): number {
  return Math.floor((us * 1_000) / unitNs);
}

/** What the queue is held to; times in CoDel's units. */
export interface CodelParams {
  target: number;
  interval: number;
  /** Frames that waited longer are marked, whatever else; Infinity for none. */
  ceThreshold: number;
  isEcn: boolean;
  /** Bytes of a full frame: less than that in the queue is no queue. */
  mtu: number;
}

/** What is counted (`struct codel_stats`). */
export interface CodelStats {
  /** Bytes of the largest frame that was looked at. */
  maxPacket: number;
  /** Dropped by CoDel since somebody has taken these two. */
  dropped: number;
  droppedBytes: number;
  ecnMark: number;
  ceMark: number;
}

/** What one queue remembers (`struct codel_vars`). */
export interface CodelVars {
  count: number;
  lastCount: number;
  isDropping: boolean;
  /** 1/sqrt(count) in 1/65536. */
  reciprocalSqrt: number;
  firstAbove: number;
  dropNext: number;
  /** How long the last frame had waited. */
  delay: number;
}

/** The queue that CoDel works on. */
export interface CodelQueue {
  readonly vars: CodelVars;
  /** What CoDel takes for the bytes that wait. */
  readonly backlogBytes: number;
  take(): Frame | null;
  drop(frame: Frame): void;
}

/** Counts that begin. */
export function createCodelStats(): CodelStats {
  return { maxPacket: 0, dropped: 0, droppedBytes: 0, ecnMark: 0, ceMark: 0 };
}

/** A queue that remembers nothing. */
export function createCodelVars(): CodelVars {
  return {
    count: 0,
    lastCount: 0,
    isDropping: false,
    reciprocalSqrt: 0,
    firstAbove: 0,
    dropNext: 0,
    delay: 0,
  };
}

/** The next frame of the queue, after those that must go have gone; `now` in CoDel's units. */
export function codelDequeue(
  queue: CodelQueue,
  params: CodelParams,
  stats: CodelStats,
  now: number,
): Frame | null {
  const { vars } = queue;
  let frame = queue.take();
  if (frame === null) {
    vars.isDropping = false;
    return null;
  }
  const mustDrop = shouldDrop(frame, queue, params, stats, now);
  if (!vars.isDropping) {
    if (mustDrop) {
      if (!mark(frame, params, stats)) {
        frame = dropAndTake(frame, queue, stats);
        shouldDrop(frame, queue, params, stats, now);
      }
      startDropping(vars, params, now);
    }
  } else if (!mustDrop) vars.isDropping = false;
  else {
    while (frame !== null && vars.isDropping && now >= vars.dropNext) {
      vars.count++;
      newtonStep(vars);
      if (mark(frame, params, stats)) {
        vars.dropNext = controlLaw(vars.dropNext, params.interval, vars.reciprocalSqrt);
        break;
      }
      frame = dropAndTake(frame, queue, stats);
      if (!shouldDrop(frame, queue, params, stats, now)) vars.isDropping = false;
      else vars.dropNext = controlLaw(vars.dropNext, params.interval, vars.reciprocalSqrt);
    }
  }
  if (frame !== null && vars.delay > params.ceThreshold && setCongestionExperienced(frame)) stats.ceMark++;
  return frame;
}

/** False when its sender would not understand, or is not to be told. */
function mark(frame: Frame, params: CodelParams, stats: CodelStats): boolean {
  if (!params.isEcn || !setCongestionExperienced(frame)) return false;
  stats.ecnMark++;
  return true;
}

function dropAndTake(frame: Frame, queue: CodelQueue, stats: CodelStats): Frame | null {
  stats.dropped++;
  stats.droppedBytes += frame.queueLength;
  queue.drop(frame);
  return queue.take();
}

/** A queue that was bad a short while ago goes on where it left off. */
function startDropping(vars: CodelVars, params: CodelParams, now: number): void {
  vars.isDropping = true;
  const delta = vars.count - vars.lastCount;
  if (delta > 1 && now - vars.dropNext < intervals * params.interval) {
    vars.count = delta;
    newtonStep(vars);
  } else {
    vars.count = 1;
    vars.reciprocalSqrt = maxReciprocal;
  }
  vars.lastCount = vars.count;
  vars.dropNext = controlLaw(now, params.interval, vars.reciprocalSqrt);
}

function shouldDrop(
  frame: Frame | null,
  queue: CodelQueue,
  params: CodelParams,
  stats: CodelStats,
  now: number,
): boolean {
  const { vars } = queue;
  if (frame === null) {
    vars.firstAbove = 0;
    return false;
  }
  vars.delay = now - codelTime(frame.timeToSend);
  if (frame.queueLength > stats.maxPacket) stats.maxPacket = frame.queueLength;
  if (vars.delay < params.target || queue.backlogBytes <= params.mtu) {
    vars.firstAbove = 0;
    return false;
  }
  if (vars.firstAbove === 0) {
    vars.firstAbove = now + params.interval;
    return false;
  }
  return now > vars.firstAbove;
}

function controlLaw(time: number, interval: number, reciprocalSqrt: number): number {
  return time + Math.floor((interval * reciprocalSqrt) / 0x1_0000);
}

/**
 * Brings 1/sqrt(count) nearer: x (3 - count x²) / 2, in fixed point. The products fit a double while count is below 2^21; what
 * is negative, after a count that jumped, is cut as Linux's 64 bits are.
 */
function newtonStep(vars: CodelVars): void {
  const { reciprocalSqrt, count } = vars;
  const rest = Math.floor((3 * two32 - count * reciprocalSqrt * reciprocalSqrt) / 4);
  vars.reciprocalSqrt = Math.floor((rest * reciprocalSqrt) / two31) & maxReciprocal;
}
