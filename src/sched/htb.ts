// htb: a tree of classes, each with a rate it is given and a ceiling up to which it may borrow from its parent. Leaves that send at
// their own rate come first, by priority and in turn by quantum, then those that borrow, level by level.
//
// Mirrors net/sched/sch_htb.c (v6.18). Omitted: offload to hardware; hysteresis, which is off by default; the guess at the link
// layer from rate tables. The tree's own work is in htb/.

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Frame, Qdisc, QdiscOps } from "../net/netdevice.ts";
import { XMIT_STOLEN, XMIT_SUCCESS } from "../net/netdevice.ts";
import { destroyQdisc, dropAt, enqueueTo, peekDequeued, resetQdisc, watchdogSchedule } from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import { TcfBlock } from "../net/tcf.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_ACT_QUEUED, TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_TRAP } from "../uapi/pkt_cls.ts";
import * as tc from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import {
  bindClass,
  changeClass,
  classStats,
  deleteClass,
  dumpClass,
  graftClass,
  unbindClass,
} from "./htb/class.ts";
import { htbPolicy } from "./htb/policy.ts";
import { activate, deactivate, dequeueTree, doEvents } from "./htb/schedule.ts";
import type { HtbClass, HtbState } from "./htb/state.ts";
import { createHtbState } from "./htb/state.ts";
import { SECOND_NS } from "./rate.ts";

/** The version that is told, of the module as it were. */
const version = (tc.TC_HTB_PROTOVER << 16) | 17;
/** When the queue is looked at again if nothing is due before. */
const idleNs = 5 * SECOND_NS;

export const htb: QdiscOps<HtbState> = {
  id: "htb",
  createState: createHtbState,
  init,
  enqueue,
  dequeue,
  peek: peekDequeued,
  reset,
  destroy,
  dump,
  classes: {
    find: (sch, classid) => sch.state.classes.find(classid) ?? null,
    walk: (sch) => sch.state.classes,
    leaf: (sch, cl) => sch.state.classes.find(cl.classid)?.leaf ?? null,
    graft: graftClass,
    change: changeClass,
    delete: deleteClass,
    block: (sch, cl) => (cl === null ? sch.state.block : (sch.state.classes.find(cl.classid)?.block ?? null)),
    bind: bindClass,
    unbind: unbindClass,
    becameEmpty(sch, { classid }) {
      const cl = sch.state.classes.find(classid);
      if (cl !== undefined) deactivate(sch.state, cl);
    },
    dump: dumpClass,
    stats: classStats,
  },
};

function init(sch: Qdisc<HtbState>, options: Attribute | undefined): void {
  const { state } = sch;
  state.block = new TcfBlock(sch);
  if (options === undefined) throw invalid();
  const attrs = parseNested(options, htbPolicy);
  if (attrs.init === undefined) throw invalid();
  const { init: glob, directQlen } = attrs;
  const read = (offset: number) => getU32(glob.bytes, glob.start + offset);
  if (read(tc.TC_HTB_GLOB_VERSION) !== tc.TC_HTB_PROTOVER) throw invalid();
  state.directLimit = directQlen ?? sch.dev.txQueueLength;
  state.rateToQuantum = Math.max(1, read(tc.TC_HTB_GLOB_RATE2QUANTUM));
  state.defaultClass = read(tc.TC_HTB_GLOB_DEFCLS);
}

/** The leaf a frame belongs to, "direct" past all classes, or what a filter decided. */
function classify(frame: Frame, sch: Qdisc<HtbState>): HtbClass | "direct" | "stolen" | "dropped" {
  const { state } = sch;
  if (frame.priority === sch.handle) return "direct";
  const named = state.classes.find(frame.priority);
  if (named?.leaf != null) return named;
  let block: TcfBlock | null = named?.block ?? state.block;
  while (block !== null && !block.isEmpty) {
    const { result } = block;
    const verdict = block.classify(frame);
    if (verdict < 0) break;
    if (verdict === TC_ACT_STOLEN || verdict === TC_ACT_QUEUED || verdict === TC_ACT_TRAP) return "stolen";
    if (verdict === TC_ACT_SHOT) return "dropped";
    if (result.classid === sch.handle) return "direct";
    const cl = state.classes.find(result.classid);
    if (cl === undefined) break;
    if (cl.leaf !== null) return cl;
    block = cl.block;
  }
  const byDefault = state.classes.find((sch.handle | (state.defaultClass & 0xffff)) >>> 0);
  return byDefault?.leaf == null ? "direct" : byDefault;
}

function enqueue(frame: Frame, sch: Qdisc<HtbState>): number {
  const { state } = sch;
  const length = frame.queueLength;
  const cl = classify(frame, sch);
  if (cl === "stolen") {
    frame.pool.free(frame);
    return XMIT_STOLEN;
  }
  if (cl === "dropped") return dropAt(frame, sch, "filtered");
  if (cl === "direct") {
    if (state.directLength >= state.directLimit) return dropAt(frame, sch);
    state.direct.push(frame);
    state.directLength++;
    state.directPackets++;
  } else {
    if (cl.leaf === null) return dropAt(frame, sch);
    const result = enqueueTo(frame, cl.leaf);
    if (result !== XMIT_SUCCESS) {
      if (result !== XMIT_STOLEN) {
        sch.drops++;
        cl.drops++;
      }
      return result;
    }
    activate(state, cl);
  }
  sch.length++;
  sch.backlog += length;
  return XMIT_SUCCESS;
}

function dequeue(sch: Qdisc<HtbState>): Frame | null {
  const { state } = sch;
  const direct = state.direct.shift();
  if (direct !== null) {
    state.directLength--;
    return leave(direct, sch);
  }
  if (sch.length === 0) return null;
  const now = sch.dev.machine.clock.now();
  state.nowNs = now;
  let next = now + idleNs;
  for (const level of state.levels) {
    if (now >= level.nextEventNs) level.nextEventNs = doEvents(state, level) ?? now + SECOND_NS;
    next = Math.min(next, level.nextEventNs);
    for (const row of level.rows) {
      if (row.feed.isEmpty) continue;
      const frame = dequeueTree(sch, level, row);
      if (frame !== null) return leave(frame, sch);
    }
  }
  watchdogSchedule(sch, Math.max(next, now + 1));
  return null;
}

function leave(frame: Frame, sch: Qdisc<HtbState>): Frame {
  countSent(frame, sch);
  sch.length--;
  sch.backlog -= frame.queueLength;
  return frame;
}

function reset(sch: Qdisc<HtbState>): void {
  const { state } = sch;
  for (const cl of state.classes) {
    if (cl.leaf !== null) resetQdisc(cl.leaf);
    cl.activity = 0;
    cl.mode = "can-send";
    for (const feed of cl.feeds) feed.clear();
  }
  for (const level of state.levels) {
    level.waiting.length = 0;
    for (const { feed } of level.rows) feed.clear();
  }
  state.direct.purge();
  state.directLength = 0;
}

function destroy(sch: Qdisc<HtbState>): void {
  const { state } = sch;
  state.block?.flush();
  for (const cl of state.classes) cl.block.flush();
  for (const cl of state.classes) if (cl.leaf !== null) destroyQdisc(cl.leaf);
}

function dump(sch: Qdisc<HtbState>, writer: MessageWriter): void {
  const { state } = sch;
  const nest = writer.nest(TCA_OPTIONS);
  const at = writer.attribute(tc.TCA_HTB_INIT, tc.TC_HTB_GLOB_SIZE);
  setU32(writer.bytes, at + tc.TC_HTB_GLOB_VERSION, version);
  setU32(writer.bytes, at + tc.TC_HTB_GLOB_RATE2QUANTUM, state.rateToQuantum);
  setU32(writer.bytes, at + tc.TC_HTB_GLOB_DEFCLS, state.defaultClass);
  setU32(writer.bytes, at + tc.TC_HTB_GLOB_DIRECT_PKTS, state.directPackets);
  writer.u32(tc.TCA_HTB_DIRECT_QLEN, state.directLimit);
  writer.endNest(nest);
}
