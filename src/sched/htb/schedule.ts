// Who may send: classes change their mode as their tokens come and go, feed their parents while they borrow, and wait for the
// time when that changes.
//
// Mirrors net/sched/sch_htb.c (htb_activate_prios, htb_deactivate_prios, htb_change_class_mode, htb_charge_class, htb_do_events,
// htb_lookup_leaf, htb_dequeue_tree).

import type { Frame, Qdisc } from "../../net/netdevice.ts";
import { segmentsOf } from "../../net/queue-length.ts";
import { lengthToNs, SECOND_NS } from "../rate.ts";
import type { Feed } from "./feed.ts";
import type { HtbClass, HtbLevel, HtbMode, HtbRow, HtbState } from "./state.ts";

/** The most time that tokens are kept for. */
const maxBufferNs = 60 * SECOND_NS;
/** Steps a look-up takes at most, and events that one run works off. */
const maxSteps = 65_535;
const maxEvents = 500;

/** A leaf has something to send. */
export function activate(state: HtbState, cl: HtbClass): void {
  if (cl.activity !== 0) return;
  cl.activity = 1 << cl.prio;
  activatePrios(state, cl);
}

/** A leaf has nothing more to send. */
export function deactivate(state: HtbState, cl: HtbClass): void {
  if (cl.activity === 0) return;
  deactivatePrios(state, cl);
  cl.activity = 0;
}

/** Enters `from` where it sends: in its level's row, or in the feed of the parent it borrows from, and so on up. */
function activatePrios(state: HtbState, from: HtbClass): void {
  let cl = from;
  let mask = cl.activity;
  for (
    let parent = cl.parent;
    cl.mode === "may-borrow" && parent !== null && mask !== 0;
    parent = cl.parent
  ) {
    let added = mask;
    for (let prio = 0; mask >> prio !== 0; prio++) {
      if (((mask >> prio) & 1) === 0) continue;
      const feed = parent.feeds[prio];
      // A parent that has somebody already is known above.
      if (feed?.isEmpty === false) added &= ~(1 << prio);
      feed?.add(cl);
    }
    mask = added;
    parent.activity |= mask;
    cl = parent;
  }
  if (cl.mode !== "can-send") return;
  const level = state.levels[cl.level];
  for (let prio = 0; mask >> prio !== 0; prio++)
    if (((mask >> prio) & 1) !== 0) level?.rows[prio]?.feed.add(cl);
}

function deactivatePrios(state: HtbState, from: HtbClass): void {
  let cl = from;
  let mask = cl.activity;
  for (
    let parent = cl.parent;
    cl.mode === "may-borrow" && parent !== null && mask !== 0;
    parent = cl.parent
  ) {
    let emptied = 0;
    for (let prio = 0; mask >> prio !== 0; prio++) {
      if (((mask >> prio) & 1) === 0) continue;
      const feed = parent.feeds[prio];
      feed?.remove(cl, false);
      if (feed?.isEmpty !== false) emptied |= 1 << prio;
    }
    mask = emptied;
    parent.activity &= ~mask;
    cl = parent;
  }
  if (cl.mode !== "can-send") return;
  const level = state.levels[cl.level];
  for (let prio = 0; mask >> prio !== 0; prio++)
    if (((mask >> prio) & 1) !== 0) level?.rows[prio]?.feed.remove(cl, true);
}

/** Brings the mode up to `diffNs` from when tokens were counted; returns how long it is until the next change (htb_class_mode). */
function changeMode(state: HtbState, cl: HtbClass, diffNs: number, sch: Qdisc | null): number {
  const ceilTokens = cl.ceilTokensNs + diffNs;
  const tokens = cl.tokensNs + diffNs;
  if (ceilTokens < 0) return enterMode(state, cl, "cant-send", -ceilTokens, sch);
  if (tokens < 0) return enterMode(state, cl, "may-borrow", -tokens, sch);
  return enterMode(state, cl, "can-send", 0, sch);
}

function enterMode(state: HtbState, cl: HtbClass, mode: HtbMode, waitNs: number, sch: Qdisc | null): number {
  if (mode === cl.mode) return waitNs;
  if (mode === "cant-send") {
    cl.overlimits++;
    if (sch !== null) sch.overlimits++;
  }
  if (cl.activity !== 0 && cl.mode !== "cant-send") deactivatePrios(state, cl);
  cl.mode = mode;
  if (cl.activity !== 0 && mode !== "cant-send") activatePrios(state, cl);
  return waitNs;
}

function wait(state: HtbState, cl: HtbClass, delayNs: number): void {
  const level = state.levels[cl.level];
  if (level === undefined) return;
  cl.eventAtNs = state.nowNs + Math.max(1, delayNs);
  level.nextEventNs = Math.min(level.nextEventNs, cl.eventAtNs);
  const at = level.waiting.findIndex(({ eventAtNs }) => eventAtNs > cl.eventAtNs);
  level.waiting.splice(at < 0 ? level.waiting.length : at, 0, cl);
}

/** Takes a class off the list of those that wait at its level. */
export function stopWaiting(state: HtbState, cl: HtbClass): void {
  const waiting = state.levels[cl.level]?.waiting;
  const at = waiting?.indexOf(cl) ?? -1;
  if (at >= 0) waiting?.splice(at, 1);
}

/** Works off what is due at a level; returns when the next is, undefined for never. */
export function doEvents(state: HtbState, level: HtbLevel): number | undefined {
  for (let events = 0; events < maxEvents; events++) {
    const [cl] = level.waiting;
    if (cl === undefined) return undefined;
    if (cl.eventAtNs > state.nowNs) return cl.eventAtNs;
    level.waiting.shift();
    const diff = Math.min(state.nowNs - cl.countedAtNs, maxBufferNs);
    const waitNs = changeMode(state, cl, diff, null);
    if (cl.mode !== "can-send") wait(state, cl, waitNs);
  }
  return state.nowNs + 1;
}

/** Charges a frame that was sent at `level` to its class and to all above. */
function charge(sch: Qdisc<HtbState>, leaf: HtbClass, level: number, frame: Frame): void {
  const { state } = sch;
  const bytes = frame.queueLength;
  for (let cl: HtbClass | null = leaf; cl !== null; cl = cl.parent) {
    const diff = Math.min(state.nowNs - cl.countedAtNs, maxBufferNs);
    if (cl.level >= level) {
      if (cl.level === level) cl.lends++;
      cl.tokensNs = afterSending(cl.tokensNs + diff, cl.bufferNs, lengthToNs(cl.rate, bytes));
    } else {
      cl.borrows++;
      cl.tokensNs += diff;
    }
    cl.ceilTokensNs = afterSending(cl.ceilTokensNs + diff, cl.ceilBufferNs, lengthToNs(cl.ceil, bytes));
    cl.countedAtNs = state.nowNs;
    const before = cl.mode;
    const waitNs = changeMode(state, cl, 0, sch);
    if (cl.mode !== before) {
      if (before !== "can-send") stopWaiting(state, cl);
      if (cl.mode !== "can-send") wait(state, cl, waitNs);
    }
    if (cl.level > 0) {
      cl.bytes += bytes;
      cl.packets += segmentsOf(frame);
    }
  }
}

function afterSending(tokens: number, buffer: number, cost: number): number {
  const left = Math.min(tokens, buffer) - cost;
  return left <= -maxBufferNs ? 1 - maxBufferNs : left;
}

/** The leaf whose turn it is in a row: down through the feeds, and back up at the end of one. */
function lookUpLeaf(level: HtbLevel, row: HtbRow): HtbClass | null {
  let feed = row.feed;
  // Whose feed it is; null for the row's own, in which all are of its level.
  let inner: HtbClass | null = null;
  for (let step = 0; step < maxSteps; step++) {
    const cl = feed.current();
    if (cl === null) {
      if (feed.isEmpty) return null;
      feed.rewind();
      if (inner === null) continue;
      inner = inner.level === level.number ? null : inner.parent;
      feed = inner?.feeds[row.prio] ?? row.feed;
      feed.next();
    } else if (cl.level === 0) return cl;
    else {
      inner = cl;
      feed = cl.feeds[row.prio] ?? row.feed;
    }
  }
  return null;
}

/** The next frame of a row, taken from the leaf whose turn it is. */
export function dequeueTree(sch: Qdisc<HtbState>, level: HtbLevel, row: HtbRow): Frame | null {
  const { state } = sch;
  let cl = lookUpLeaf(level, row);
  let start = cl;
  let frame: Frame | null = null;
  while (cl !== null && frame === null) {
    if (cl.leaf === null) return null;
    if (cl.leaf.length === 0) {
      deactivate(state, cl);
      if (row.feed.isEmpty) return null;
      const next = lookUpLeaf(level, row);
      if (cl === start) start = next;
      cl = next;
      continue;
    }
    frame = cl.leaf.ops.dequeue(cl.leaf);
    if (frame !== null) break;
    // A discipline that keeps its frames back, which it should not do here.
    turnOf(cl, level, row).next();
    cl = lookUpLeaf(level, row);
    if (cl === start) return null;
  }
  if (frame === null || cl === null) return null;
  cl.bytes += frame.queueLength;
  cl.packets += segmentsOf(frame);
  const deficit = (cl.deficits[level.number] ?? 0) - frame.queueLength;
  cl.deficits[level.number] = deficit < 0 ? deficit + cl.quantum : deficit;
  if (deficit < 0) turnOf(cl, level, row).next();
  if (cl.leaf?.length === 0) deactivate(state, cl);
  charge(sch, cl, level.number, frame);
  return frame;
}

/** Where the turn of a leaf is kept: in its row, or in the feed of its parent. */
function turnOf(cl: HtbClass, level: HtbLevel, row: HtbRow): Feed<HtbClass> {
  return level.number === 0 ? row.feed : (cl.parent?.feeds[row.prio] ?? row.feed);
}
