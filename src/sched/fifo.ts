// The queue behind pfifo and bfifo: first in, first out, and dropped at the end when it is full.
//
// Mirrors net/sched/sch_fifo.c (__fifo_init, bfifo_enqueue, pfifo_enqueue, pfifo_tail_enqueue, fifo_dump).

import { getU32, setU32 } from "../bytes/endian.ts";
import type { Device, Frame, Qdisc, QdiscOps } from "../net/netdevice.ts";
import { XMIT_CONGESTED, XMIT_SUCCESS } from "../net/netdevice.ts";
import { allocQdisc, dropAt, FrameList, reduceBacklog } from "../net/qdisc.ts";
import { countSent } from "../net/queue-length.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_FIFO_QOPT_LIMIT, TC_FIFO_QOPT_SIZE } from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";

/** Bytes of a full frame on `dev` (psched_mtu). */
export function psMtu(dev: Device): number {
  return dev.mtu + dev.hardHeaderLength;
}

/** Reads struct tc_fifo_qopt; without options the device's txqueuelen is the limit, in full frames for bytes. */
function fifoLimit(sch: Qdisc, options: Attribute | undefined, isBytes: boolean): number {
  if (options === undefined) return sch.dev.txQueueLength * (isBytes ? psMtu(sch.dev) : 1);
  if (options.length < TC_FIFO_QOPT_SIZE) throw invalid();
  return getU32(options.bytes, options.start + TC_FIFO_QOPT_LIMIT);
}

/** What fifos have in common; `isBytes` for limits in bytes, `isHeadDrop` to drop the oldest. */
export function fifoOps(id: string, isBytes: boolean, isHeadDrop = false): QdiscOps<FrameList> {
  const setLimit = (sch: Qdisc<FrameList>, options: Attribute | undefined): void => {
    sch.limit = fifoLimit(sch, options, isBytes);
    sch.canBypass = !isHeadDrop && sch.limit >= (isBytes ? psMtu(sch.dev) : 1);
  };
  const hasRoom = isBytes
    ? (frame: Frame, sch: Qdisc) => sch.backlog + frame.queueLength <= sch.limit
    : (_: Frame, sch: Qdisc) => sch.length < sch.limit;
  return {
    id,
    createState: () => new FrameList(),
    init: setLimit,
    change: setLimit,
    enqueue(frame, sch) {
      if (hasRoom(frame, sch)) return append(frame, sch);
      if (!isHeadDrop || sch.limit === 0) return dropAt(frame, sch);
      const { backlog } = sch;
      const oldest = dequeueFifo(sch);
      if (oldest !== null) {
        sch.packets--;
        sch.bytes -= oldest.queueLength;
        dropAt(oldest, sch);
      }
      append(frame, sch);
      reduceBacklog(sch, 0, backlog - sch.backlog);
      return XMIT_CONGESTED;
    },
    dequeue: dequeueFifo,
    peek: (sch) => sch.state.head,
    reset: (sch) => sch.state.purge(),
    dump: dumpFifo,
  };
}

function append(frame: Frame, sch: Qdisc<FrameList>): number {
  sch.state.push(frame);
  sch.length++;
  sch.backlog += frame.queueLength;
  return XMIT_SUCCESS;
}

function dequeueFifo(sch: Qdisc<FrameList>): Frame | null {
  const frame = sch.state.shift();
  if (frame === null) return null;
  sch.length--;
  sch.backlog -= frame.queueLength;
  countSent(frame, sch);
  return frame;
}

function dumpFifo(sch: Qdisc, writer: MessageWriter): void {
  const at = writer.attribute(TCA_OPTIONS, TC_FIFO_QOPT_SIZE);
  setU32(writer.bytes, at + TC_FIFO_QOPT_LIMIT, sch.limit);
}

/** Makes a fifo with this limit for a class of `parent` (fifo_create_dflt). */
export function createFifo(parent: Qdisc, ops: QdiscOps<FrameList>, minor: number, limit: number): Qdisc {
  const sch = allocQdisc(parent.dev, ops, (parent.handle | minor) >>> 0);
  ops.init?.(sch, undefined, () => {});
  sch.limit = limit;
  return sch;
}
