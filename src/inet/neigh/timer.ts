// The neighbour state machine: what a packet to a neighbour sets going, and what time does to an entry (RFC 4861 7.3).
//
//   NONE/FAILED ──packet──▶ INCOMPLETE ──answer──▶ REACHABLE ──time──▶ STALE ──packet──▶ DELAY ──time──▶ PROBE
//                               └──no answer──▶ FAILED ◀──────────────────no answer──────────────────────┘
//
// Mirrors net/core/neighbour.c (__neigh_event_send, neigh_timer_handler, neigh_probe, neigh_invalidate).

import { drop } from "../../net/frame.ts";
import type { Frame } from "../../net/netdevice.ts";
import {
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from "../../uapi/neighbour.ts";
import type { Neighbour } from "./neighbour.ts";
import { NUD_CONNECTED, NUD_IN_TIMER } from "./neighbour.ts";
import * as parms from "./parms.ts";

/** The shortest time between two probes, and to the next look at an entry: 10 ms. */
const leastDelayNs = 10_000_000;

/**
 * Notes that `frame` wants to go to the neighbour (neigh_event_send). True: send it now, the address is known. False: the
 * frame has been taken, to wait for the address or to be dropped.
 */
export function neighEventSend(neigh: Neighbour, frame: Frame | null): boolean {
  const now = neigh.dev.machine.clock.now();
  neigh.usedNs = now;
  if ((neigh.state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)) !== 0) return true;
  if (neigh.isDead) {
    if (frame !== null) drop(frame, "neigh-failed");
    return false;
  }
  let probesNow = false;
  if ((neigh.state & (NUD_STALE | NUD_INCOMPLETE)) === 0) {
    if (neigh.parms.get(parms.MCAST_PROBES) + neigh.parms.get(parms.APP_PROBES) === 0) {
      neigh.state = NUD_FAILED;
      neigh.updatedNs = now;
      if (frame !== null) drop(frame, "neigh-failed");
      return false;
    }
    neigh.probes = neigh.parms.get(parms.UCAST_PROBES);
    neigh.state = NUD_INCOMPLETE;
    neigh.updatedNs = now;
    neigh.timer.start(retransNs(neigh));
    probesNow = true;
  } else if ((neigh.state & NUD_STALE) !== 0) {
    neigh.state = NUD_DELAY;
    neigh.updatedNs = now;
    neigh.timer.start(neigh.parms.timeNs(parms.DELAY_PROBE_TIME_MS));
  }
  const mustWait = neigh.state === NUD_INCOMPLETE;
  if (mustWait && frame !== null) enqueue(neigh, frame);
  if (probesNow) probe(neigh);
  return !mustWait;
}

/** Moves the entry on when its time has come (neigh_timer_handler). */
export function neighTimer(neigh: Neighbour): void {
  if ((neigh.state & NUD_IN_TIMER) === 0) return;
  const now = neigh.dev.machine.clock.now();
  const isNews = advance(neigh, now);
  if ((neigh.state & (NUD_INCOMPLETE | NUD_PROBE)) !== 0) {
    if (neigh.probes >= maxProbes(neigh)) {
      neigh.state = NUD_FAILED;
      neigh.timer.stop();
      invalidate(neigh);
      neigh.table.announce("new", neigh, 0);
      return;
    }
    probe(neigh);
  }
  if (isNews) neigh.table.announce("new", neigh, 0);
}

/** Changes the state and sets the timer for the next look; true when users are to hear of it. */
function advance(neigh: Neighbour, now: number): boolean {
  const delayNs = neigh.parms.timeNs(parms.DELAY_PROBE_TIME_MS);
  switch (neigh.state) {
    case NUD_REACHABLE: {
      const untilNs = neigh.confirmedNs + neigh.parms.reachableTimeNs(now);
      // At the very end of its time an entry is still reachable on Linux too; it must not be looked at without end.
      if (now < untilNs) neigh.timer.start(Math.max(untilNs - now, leastDelayNs));
      else if (now <= neigh.usedNs + delayNs) {
        setState(neigh, NUD_DELAY, now);
        neigh.timer.start(delayNs);
      } else {
        setState(neigh, NUD_STALE, now);
        return true;
      }
      return false;
    }
    case NUD_DELAY:
      if (now <= neigh.confirmedNs + delayNs) {
        setState(neigh, NUD_REACHABLE, now);
        neigh.timer.start(Math.max(neigh.confirmedNs + neigh.parms.reachableTimeNs(now) - now, leastDelayNs));
      } else {
        setState(neigh, NUD_PROBE, now);
        neigh.probes = 0;
        neigh.timer.start(retransNs(neigh));
      }
      return true;
    default:
      neigh.timer.start(retransNs(neigh));
      return false;
  }
}

function setState(neigh: Neighbour, state: number, now: number): void {
  neigh.state = state;
  neigh.updatedNs = now;
}

function retransNs(neigh: Neighbour): number {
  return Math.max(neigh.parms.timeNs(parms.RETRANS_TIME_MS), leastDelayNs);
}

/** Requests that go unanswered before the neighbour counts as gone (neigh_max_probes). */
function maxProbes(neigh: Neighbour): number {
  const multicast = (neigh.state & NUD_PROBE) !== 0 ? parms.MCAST_REPROBES : parms.MCAST_PROBES;
  return neigh.parms.get(parms.UCAST_PROBES) + neigh.parms.get(parms.APP_PROBES) + neigh.parms.get(multicast);
}

function probe(neigh: Neighbour): void {
  neigh.table.ops.solicit(neigh, neigh.waitingTail);
  neigh.probes++;
}

/** Puts a frame at the end of those that wait; the oldest go when they take too much memory. */
function enqueue(neigh: Neighbour, frame: Frame): void {
  const size = memoryOf(frame);
  const limit = neigh.parms.get(parms.QUEUE_LEN_BYTES);
  while (neigh.waitingBytes + size > limit) {
    const oldest = dequeueWaiting(neigh);
    if (oldest === null) break;
    drop(oldest, "neigh-queue-full");
  }
  frame.next = null;
  if (neigh.waitingTail === null) neigh.waitingHead = frame;
  else neigh.waitingTail.next = frame;
  neigh.waitingTail = frame;
  neigh.waitingBytes += size;
}

/** Takes the oldest frame that waits. */
export function dequeueWaiting(neigh: Neighbour): Frame | null {
  const frame = neigh.waitingHead;
  if (frame === null) return null;
  neigh.waitingHead = frame.next;
  if (frame.next === null) neigh.waitingTail = null;
  frame.next = null;
  neigh.waitingBytes -= memoryOf(frame);
  return frame;
}

/** Drops all frames that wait. */
export function purgeWaiting(neigh: Neighbour): void {
  for (let frame = dequeueWaiting(neigh); frame !== null; frame = dequeueWaiting(neigh))
    drop(frame, "neigh-failed");
}

/** Bytes of memory a frame holds (skb->truesize). */
function memoryOf(frame: Frame): number {
  return frame.memory.limit - frame.memory.head;
}

/** Gives the senders of what waits word that nobody answers (neigh_invalidate). */
export function invalidate(neigh: Neighbour): void {
  neigh.updatedNs = neigh.dev.machine.clock.now();
  while (neigh.state === NUD_FAILED) {
    const frame = dequeueWaiting(neigh);
    if (frame === null) break;
    neigh.table.ops.errorReport(neigh, frame);
  }
  purgeWaiting(neigh);
}
