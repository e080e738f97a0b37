// ingress: no queue, but a place for filters that see what a device receives before anybody else does.
//
// Mirrors net/sched/sch_ingress.c (ingress_qdisc_ops). Omitted: blocks shared between devices.

import type { QdiscOps } from "../net/netdevice.ts";
import { XMIT_DROP } from "../net/netdevice.ts";
import { dropAt } from "../net/qdisc.ts";
import type { TcfBlock } from "../net/tcf.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { doorBlock } from "./door.ts";

interface IngressState {
  block: TcfBlock | null;
}

export const ingress: QdiscOps<IngressState> = {
  id: "ingress",
  isIngress: true,
  createState: () => ({ block: null }),
  init(sch) {
    sch.state.block = doorBlock(sch, "ingress");
  },
  // Nothing is ever queued here.
  enqueue(frame, sch) {
    dropAt(frame, sch);
    return XMIT_DROP;
  },
  dequeue: () => null,
  peek: () => null,
  reset: () => {},
  destroy: (sch) => sch.state.block?.flush(),
  dump: (_, writer) => writer.endNest(writer.nest(TCA_OPTIONS)),
  classes: {
    find: (_, classid) => ({ classid }),
    walk: () => [],
    leaf: () => null,
    block: (sch) => sch.state.block,
    dump: () => ({}),
  },
};
