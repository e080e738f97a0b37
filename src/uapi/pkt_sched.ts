// Mirrors <linux/pkt_sched.h>. Data only.

// Handles
export const TC_H_MAJ_MASK = 0xffff0000;
export const TC_H_MIN_MASK = 0x0000ffff;
export const TC_H_UNSPEC = 0;
export const TC_H_ROOT = 0xffffffff;
export const TC_H_INGRESS = 0xfffffff1;
export const TC_H_CLSACT = 0xfffffff1;
export const TC_H_MIN_PRIORITY = 0xffe0;
export const TC_H_MIN_INGRESS = 0xfff2;
export const TC_H_MIN_EGRESS = 0xfff3;

// struct tc_stats: TCA_STATS
export const TC_STATS_BYTES = 0;
export const TC_STATS_PACKETS = 8;
export const TC_STATS_DROPS = 12;
export const TC_STATS_OVERLIMITS = 16;
export const TC_STATS_BPS = 20;
export const TC_STATS_PPS = 24;
export const TC_STATS_QLEN = 28;
export const TC_STATS_BACKLOG = 32;
export const TC_STATS_SIZE = 40;

// struct tc_prio_qopt: TCA_OPTIONS of pfifo_fast and prio
export const TC_PRIO_QOPT_BANDS = 0;
export const TC_PRIO_QOPT_PRIOMAP = 4;
export const TC_PRIO_QOPT_SIZE = 20;

// struct tc_fifo_qopt: TCA_OPTIONS of pfifo and bfifo
export const TC_FIFO_QOPT_LIMIT = 0;
export const TC_FIFO_QOPT_SIZE = 4;
