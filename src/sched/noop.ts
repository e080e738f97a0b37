// noop: drops all. It stands where a discipline has been taken away and nothing else has come, has no handle, and cannot be asked
// for by name.
//
// Mirrors net/sched/sch_generic.c (noop_qdisc_ops).

import { drop } from "../net/frame.ts";
import type { QdiscOps } from "../net/netdevice.ts";
import { XMIT_CONGESTED } from "../net/netdevice.ts";

export const noop: QdiscOps<null> = {
  id: "noop",
  createState: () => null,
  enqueue(frame) {
    drop(frame, "qdisc");
    return XMIT_CONGESTED;
  },
  dequeue: () => null,
  peek: () => null,
  reset: () => {},
};
