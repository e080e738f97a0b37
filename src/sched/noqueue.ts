// noqueue: nothing waits, frames go straight to the driver. A device without a discipline behaves so too (`dev.qdisc` null);
// this table is for one that was asked for by name.
//
// Mirrors net/sched/sch_generic.c (noqueue_qdisc_ops).

import type { QdiscOps } from "../net/netdevice.ts";
import { XMIT_SUCCESS } from "../net/netdevice.ts";
import { devHardStartXmit } from "../net/transmit.ts";

export const noqueue: QdiscOps<null> = {
  id: "noqueue",
  createState: () => null,
  enqueue(frame, sch) {
    devHardStartXmit(frame, sch.dev);
    return XMIT_SUCCESS;
  },
  dequeue: () => null,
  peek: () => null,
  reset: () => {},
};
