// CoDel: a queue whose frames have waited longer than a target for a whole interval loses one, then ever faster more, until they
// wait less (RFC 8289). Times are in units of 1,024 ns, as Linux has them.
//
// Mirrors include/net/codel.h and include/net/codel_impl.h (codel_should_drop, codel_dequeue, codel_Newton_step).

import type { Frame } from "../net/netdevice.ts";

/** Nanoseconds in a unit of CoDel's time (CODEL_SHIFT). */
const unitNs = 1_024;
const maxReciprocal = 0xffff;
const intervals = 16;

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
  readonly mtu: () => number;
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

/** The queue that CoDel works on; `now` in its units. */
export interface CodelQueue {
  readonly vars: CodelVars;
  backlogBytes(): number;
  take(): Frame | null;
  drop(frame: Frame): void;
  /** Marks a frame; false when its sender would not understand. */
  mark(frame: Frame): boolean;
  noteCeMark(): void;
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

/** The next frame of the queue, after those that must go have gone. */
export function codelDequeue(queue: CodelQueue, params: CodelParams, now: number): Frame | null {
  const { vars } = queue;
  let frame = queue.take();
  if (frame === null) {
    vars.isDropping = false;
    return null;
  }
  let mustDrop = shouldDrop(frame, queue, params, now);
  if (vars.isDropping) {
    if (!mustDrop) vars.isDropping = false;
    else {
      while (frame !== null && vars.isDropping && now >= vars.dropNext) {
        vars.count++;
        newtonStep(vars);
        if (params.isEcn && queue.mark(frame)) {
          vars.dropNext = controlLaw(vars.dropNext, params.interval, vars.reciprocalSqrt);
          return finishFrame(frame, queue, params);
        }
        queue.drop(frame);
        frame = queue.take();
        if (frame === null || !shouldDrop(frame, queue, params, now)) vars.isDropping = false;
        else vars.dropNext = controlLaw(vars.dropNext, params.interval, vars.reciprocalSqrt);
      }
    }
  } else if (mustDrop) {
    if (!(params.isEcn && queue.mark(frame))) {
      queue.drop(frame);
      frame = queue.take();
      mustDrop = frame !== null && shouldDrop(frame, queue, params, now);
    }
    startDropping(vars, params, now);
  }
  return finishFrame(frame, queue, params);
}

function finishFrame(frame: Frame | null, queue: CodelQueue, params: CodelParams): Frame | null {
  if (frame !== null && queue.vars.delay > params.ceThreshold && queue.mark(frame)) queue.noteCeMark();
  return frame;
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

function shouldDrop(frame: Frame, queue: CodelQueue, params: CodelParams, now: number): boolean {
  const { vars } = queue;
  vars.delay = now - codelTime(frame.timeToSend);
  if (vars.delay < params.target || queue.backlogBytes() <= params.mtu()) {
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

/** Brings 1/sqrt(count) nearer: x (3 - count x²) / 2, in fixed point. */
function newtonStep(vars: CodelVars): void {
  const inverse = BigInt(vars.reciprocalSqrt) << 16n;
  const squared = (inverse * inverse) >> 32n;
  const rest = ((3n << 32n) - BigInt(vars.count) * squared) >> 2n;
  vars.reciprocalSqrt = Number(((rest * inverse) >> 31n) >> 16n) & maxReciprocal;
}
