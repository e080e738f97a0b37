// pfifo: a queue of so many frames, and pfifo_head_drop, which drops the oldest frame instead of the newest.
//
// Mirrors net/sched/sch_fifo.c (pfifo_qdisc_ops, pfifo_head_drop_qdisc_ops).

import { fifoOps } from "./fifo.ts";

export const pfifo = fifoOps("pfifo", false);

export const pfifoHeadDrop = fifoOps("pfifo_head_drop", false, true);
