// clsact: no queue, but places for filters on both sides of a device: what it receives, and what is sent on it before it is queued.
//
// Mirrors net/sched/sch_ingress.c (clsact_qdisc_ops). Omitted: blocks shared between devices.

import type { QdiscOps } from "../net/netdevice.ts";
import { dropAt } from "../net/qdisc.ts";
import type { TcfBlock } from "../net/tcf.ts";
import { TC_H_MIN_EGRESS, TC_H_MIN_INGRESS, TC_H_MIN_MASK } from "../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { doorBlock } from "./door.ts";

interface ClsactState {
  ingress: TcfBlock | null;
  egress: TcfBlock | null;
}

export const clsact: QdiscOps<ClsactState> = {
  id: "clsact",
  isIngress: true,
  createState: () => ({ ingress: null, egress: null }),
  init(sch) {
    sch.state.ingress = doorBlock(sch, "ingress");
    sch.state.egress = doorBlock(sch, "egress");
  },
  // Nothing is ever queued here.
  enqueue: (frame, sch) => dropAt(frame, sch),
  dequeue: () => null,
  peek: () => null,
  reset: () => {},
  destroy(sch) {
    sch.state.ingress?.flush();
    sch.state.egress?.flush();
  },
  dump: (_, writer) => writer.endNest(writer.nest(TCA_OPTIONS)),
  classes: {
    find(_, classid) {
      const minor = (classid & TC_H_MIN_MASK) >>> 0;
      return minor === TC_H_MIN_INGRESS || minor === TC_H_MIN_EGRESS ? { classid } : null;
    },
    walk: () => [],
    leaf: () => null,
    block(sch, cl) {
      if (cl === null) return null;
      return (cl.classid & TC_H_MIN_MASK) === TC_H_MIN_INGRESS ? sch.state.ingress : sch.state.egress;
    },
    dump: () => ({}),
  },
};
