// pfifo_fast: three queues, the first of which that holds a frame is served; the frame's priority says where it waits. It is
// what a device that queues has by itself.
//
// Mirrors net/sched/sch_generic.c (pfifo_fast_ops).

import { setS32 } from "../bytes/endian.ts";
import type { Frame, Qdisc, QdiscOps } from "../net/netdevice.ts";
import { XMIT_SUCCESS } from "../net/netdevice.ts";
import { dropAt, FrameList } from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import { invalid } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  TC_PRIO_MAX,
  TC_PRIO_QOPT_BANDS,
  TC_PRIO_QOPT_PRIOMAP,
  TC_PRIO_QOPT_SIZE,
} from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";

/** Which band a priority waits in (sch_default_prio2band). */
const DEFAULT_PRIOMAP: readonly number[] = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
const BANDS = 3;

class Band extends FrameList {
  length = 0;
}

interface PfifoFastState {
  readonly bands: readonly Band[];
  /** Frames a band holds. */
  bandLimit: number;
}

export const pfifoFast: QdiscOps<PfifoFastState> = {
  id: "pfifo_fast",
  createState: () => ({ bands: Array.from({ length: BANDS }, () => new Band()), bandLimit: 0 }),
  init,
  enqueue,
  dequeue,
  peek: (sch) => sch.state.bands.find(({ head }) => head !== null)?.head ?? null,
  reset,
  changeTxQueueLength,
  dump,
};

function init(sch: Qdisc<PfifoFastState>): void {
  // A band of no frames cannot be.
  if (sch.dev.txQueueLength === 0) throw invalid();
  sch.state.bandLimit = sch.dev.txQueueLength;
  sch.canBypass = true;
}

function enqueue(frame: Frame, sch: Qdisc<PfifoFastState>): number {
  const band = sch.state.bands[DEFAULT_PRIOMAP[frame.priority & TC_PRIO_MAX] ?? 1];
  if (band === undefined || band.length >= sch.state.bandLimit) return dropAt(frame, sch);
  band.push(frame);
  band.length++;
  sch.length++;
  sch.backlog += frame.queueLength;
  return XMIT_SUCCESS;
}

function dequeue(sch: Qdisc<PfifoFastState>): Frame | null {
  for (const band of sch.state.bands) {
    const frame = band.shift();
    if (frame === null) continue;
    band.length--;
    sch.length--;
    sch.backlog -= frame.queueLength;
    countSent(frame, sch);
    return frame;
  }
  return null;
}

function reset(sch: Qdisc<PfifoFastState>): void {
  for (const band of sch.state.bands) {
    band.purge();
    band.length = 0;
  }
}

function changeTxQueueLength(sch: Qdisc<PfifoFastState>): void {
  sch.state.bandLimit = Math.max(1, sch.dev.txQueueLength);
}

function dump(_: Qdisc<PfifoFastState>, writer: MessageWriter): void {
  const at = writer.attribute(TCA_OPTIONS, TC_PRIO_QOPT_SIZE);
  setS32(writer.bytes, at + TC_PRIO_QOPT_BANDS, BANDS);
  writer.bytes.set(DEFAULT_PRIOMAP, at + TC_PRIO_QOPT_PRIOMAP);
}
