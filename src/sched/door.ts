// Filters at a device's door, behind ingress and clsact: what a filter decides of a frame that comes in or is sent.
//
// Mirrors net/core/dev.c (sch_handle_ingress, sch_handle_egress, tc_run) and net/sched/sch_ingress.c (mini_qdisc).

import { RX_DROPPED, TX_DROPPED } from "../net/counters.ts";
import { count } from "../net/device.ts";
import { drop } from "../net/frame.ts";
import type { Device, FilterHook, Frame, Qdisc } from "../net/netdevice.ts";
import { TcfBlock } from "../net/tcf.ts";
import { TC_ACT_QUEUED, TC_ACT_SHOT, TC_ACT_STOLEN, TC_ACT_TRAP } from "../uapi/pkt_cls.ts";

/** Makes the block of one direction, which is asked as long as it holds a filter. */
export function doorBlock(sch: Qdisc, direction: "ingress" | "egress"): TcfBlock {
  const block = new TcfBlock(sch);
  const hook: FilterHook = (frame, dev) => runFilters(block, frame, dev, direction);
  block.onEmptiness = () => {
    sch.dev[direction] = block.isEmpty ? null : hook;
  };
  return block;
}

/** True: the frame is gone. */
function runFilters(block: TcfBlock, frame: Frame, dev: Device, direction: "ingress" | "egress"): boolean {
  const { sch } = block;
  sch.bytes += frame.end - frame.start;
  sch.packets++;
  const verdict = block.classify(frame);
  switch (verdict) {
    case TC_ACT_SHOT:
      sch.drops++;
      count(dev, direction === "ingress" ? RX_DROPPED : TX_DROPPED, 1);
      drop(frame, "filtered");
      return true;
    case TC_ACT_STOLEN:
    case TC_ACT_QUEUED:
    case TC_ACT_TRAP:
      frame.pool.free(frame);
      return true;
    default:
      return false;
  }
}
