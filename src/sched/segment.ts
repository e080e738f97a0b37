// A large frame at a discipline that deals with frames as the wire has them.
//
// Mirrors net/sched/sch_tbf.c (tbf_segment) and sch_netem.c (netem_segment).

import type { Frame, Qdisc } from "../net/netdevice.ts";
import { GSO_NONE, XMIT_DROP, XMIT_SUCCESS } from "../net/netdevice.ts";
import { dropAt, reduceBacklog } from "../net/qdisc.ts";
import { segmentFrame } from "../net/segment.ts";

/**
 * Cuts `frame` and hands each piece to `enqueue`; pieces longer than `maxSize` and what cannot be cut are dropped. Those above
 * `sch` count one frame for the call, so they are told of the others here. XMIT_SUCCESS when any piece is queued.
 */
export function segmentInto(
  frame: Frame,
  sch: Qdisc,
  maxSize: number,
  enqueue: (segment: Frame) => number,
): number {
  const whole = frame.queueLength;
  const segments = frame.gsoType === GSO_NONE ? null : segmentFrame(frame, true);
  if (segments === null) return dropAt(frame, sch);
  let queued = 0;
  let bytes = 0;
  for (let segment: Frame | null = segments; segment !== null; ) {
    const next: Frame | null = segment.next;
    segment.next = null;
    const length = segment.end - segment.start;
    segment.queueLength = length;
    if (length > maxSize) dropAt(segment, sch);
    else if (enqueue(segment) === XMIT_SUCCESS) {
      queued++;
      bytes += length;
    }
    segment = next;
  }
  if (queued === 0) return XMIT_DROP;
  reduceBacklog(sch, 1 - queued, whole - bytes);
  return XMIT_SUCCESS;
}
