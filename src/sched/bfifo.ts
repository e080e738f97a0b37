// bfifo: a queue of so many bytes.
//
// Mirrors net/sched/sch_fifo.c (bfifo_qdisc_ops).

import { fifoOps } from "./fifo.ts";

export const bfifo = fifoOps("bfifo", true);
