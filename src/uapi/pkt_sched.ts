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

// Priorities of frames (skb->priority)
export const TC_PRIO_MAX = 15;

// Link layers that a rate is told for: the lower 4 bits of tc_ratespec.linklayer
export const TC_LINKLAYER_MASK = 0x0f;

// struct tc_ratespec: a rate in tbf and htb
export const TC_RATESPEC_CELL_LOG = 0;
export const TC_RATESPEC_LINKLAYER = 1;
export const TC_RATESPEC_OVERHEAD = 2;
export const TC_RATESPEC_CELL_ALIGN = 4;
export const TC_RATESPEC_MPU = 6;
export const TC_RATESPEC_RATE = 8;
export const TC_RATESPEC_SIZE = 12;
export const TC_RTAB_SIZE = 1024;

// struct tc_sizespec: TCA_STAB_BASE
export const TC_SIZESPEC_CELL_LOG = 0;
export const TC_SIZESPEC_SIZE_LOG = 1;
export const TC_SIZESPEC_CELL_ALIGN = 2;
export const TC_SIZESPEC_OVERHEAD = 4;
export const TC_SIZESPEC_LINKLAYER = 8;
export const TC_SIZESPEC_MPU = 12;
export const TC_SIZESPEC_MTU = 16;
export const TC_SIZESPEC_TSIZE = 20;
export const TC_SIZESPEC_SIZE = 24;

// Attributes in TCA_STAB
export const TCA_STAB_UNSPEC = 0;
export const TCA_STAB_BASE = 1;
export const TCA_STAB_DATA = 2;
export const TCA_STAB_MAX = 2;

// prio
export const TCQ_PRIO_BANDS = 16;
export const TCQ_MIN_PRIO_BANDS = 2;

// struct tc_tbf_qopt: TCA_TBF_PARMS
export const TC_TBF_QOPT_RATE = 0;
export const TC_TBF_QOPT_PEAKRATE = 12;
export const TC_TBF_QOPT_LIMIT = 24;
export const TC_TBF_QOPT_BUFFER = 28;
export const TC_TBF_QOPT_MTU = 32;
export const TC_TBF_QOPT_SIZE = 36;

// Attributes in TCA_OPTIONS of tbf
export const TCA_TBF_UNSPEC = 0;
export const TCA_TBF_PARMS = 1;
export const TCA_TBF_RTAB = 2;
export const TCA_TBF_PTAB = 3;
export const TCA_TBF_RATE64 = 4;
export const TCA_TBF_PRATE64 = 5;
export const TCA_TBF_BURST = 6;
export const TCA_TBF_PBURST = 7;
export const TCA_TBF_PAD = 8;
export const TCA_TBF_MAX = 8;

// htb
export const TC_HTB_NUMPRIO = 8;
export const TC_HTB_MAXDEPTH = 8;
export const TC_HTB_PROTOVER = 3;

// struct tc_htb_opt: TCA_HTB_PARMS
export const TC_HTB_OPT_RATE = 0;
export const TC_HTB_OPT_CEIL = 12;
export const TC_HTB_OPT_BUFFER = 24;
export const TC_HTB_OPT_CBUFFER = 28;
export const TC_HTB_OPT_QUANTUM = 32;
export const TC_HTB_OPT_LEVEL = 36;
export const TC_HTB_OPT_PRIO = 40;
export const TC_HTB_OPT_SIZE = 44;

// struct tc_htb_glob: TCA_HTB_INIT
export const TC_HTB_GLOB_VERSION = 0;
export const TC_HTB_GLOB_RATE2QUANTUM = 4;
export const TC_HTB_GLOB_DEFCLS = 8;
export const TC_HTB_GLOB_DEBUG = 12;
export const TC_HTB_GLOB_DIRECT_PKTS = 16;
export const TC_HTB_GLOB_SIZE = 20;

// Attributes in TCA_OPTIONS of htb and its classes
export const TCA_HTB_UNSPEC = 0;
export const TCA_HTB_PARMS = 1;
export const TCA_HTB_INIT = 2;
export const TCA_HTB_CTAB = 3;
export const TCA_HTB_RTAB = 4;
export const TCA_HTB_DIRECT_QLEN = 5;
export const TCA_HTB_RATE64 = 6;
export const TCA_HTB_CEIL64 = 7;
export const TCA_HTB_PAD = 8;
export const TCA_HTB_OFFLOAD = 9;
export const TCA_HTB_MAX = 9;

// struct tc_htb_xstats: TCA_XSTATS of an htb class
export const TC_HTB_XSTATS_LENDS = 0;
export const TC_HTB_XSTATS_BORROWS = 4;
export const TC_HTB_XSTATS_GIANTS = 8;
export const TC_HTB_XSTATS_TOKENS = 12;
export const TC_HTB_XSTATS_CTOKENS = 16;
export const TC_HTB_XSTATS_SIZE = 20;

// Attributes in TCA_OPTIONS of fq_codel
export const TCA_FQ_CODEL_UNSPEC = 0;
export const TCA_FQ_CODEL_TARGET = 1;
export const TCA_FQ_CODEL_LIMIT = 2;
export const TCA_FQ_CODEL_INTERVAL = 3;
export const TCA_FQ_CODEL_ECN = 4;
export const TCA_FQ_CODEL_FLOWS = 5;
export const TCA_FQ_CODEL_QUANTUM = 6;
export const TCA_FQ_CODEL_CE_THRESHOLD = 7;
export const TCA_FQ_CODEL_DROP_BATCH_SIZE = 8;
export const TCA_FQ_CODEL_MEMORY_LIMIT = 9;
export const TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR = 10;
export const TCA_FQ_CODEL_CE_THRESHOLD_MASK = 11;
export const TCA_FQ_CODEL_MAX = 11;

// struct tc_fq_codel_qd_stats: TCA_XSTATS of fq_codel, behind its type
export const TC_FQ_CODEL_QD_STATS_MAXPACKET = 0;
export const TC_FQ_CODEL_QD_STATS_DROP_OVERLIMIT = 4;
export const TC_FQ_CODEL_QD_STATS_ECN_MARK = 8;
export const TC_FQ_CODEL_QD_STATS_NEW_FLOW_COUNT = 12;
export const TC_FQ_CODEL_QD_STATS_NEW_FLOWS_LEN = 16;
export const TC_FQ_CODEL_QD_STATS_OLD_FLOWS_LEN = 20;
export const TC_FQ_CODEL_QD_STATS_CE_MARK = 24;
export const TC_FQ_CODEL_QD_STATS_MEMORY_USAGE = 28;
export const TC_FQ_CODEL_QD_STATS_DROP_OVERMEMORY = 32;
export const TC_FQ_CODEL_QD_STATS_SIZE = 36;

// struct tc_fq_codel_cl_stats: TCA_XSTATS of a flow of fq_codel, behind its type
export const TC_FQ_CODEL_CL_STATS_DEFICIT = 0;
export const TC_FQ_CODEL_CL_STATS_LDELAY = 4;
export const TC_FQ_CODEL_CL_STATS_COUNT = 8;
export const TC_FQ_CODEL_CL_STATS_LASTCOUNT = 12;
export const TC_FQ_CODEL_CL_STATS_DROPPING = 16;
export const TC_FQ_CODEL_CL_STATS_DROP_NEXT = 20;
export const TC_FQ_CODEL_CL_STATS_SIZE = 24;

// The type in struct tc_fq_codel_xstats
export const TCA_FQ_CODEL_XSTATS_QDISC = 0;
export const TCA_FQ_CODEL_XSTATS_CLASS = 1;

// Attributes behind struct tc_netem_qopt
export const TCA_NETEM_UNSPEC = 0;
export const TCA_NETEM_CORR = 1;
export const TCA_NETEM_DELAY_DIST = 2;
export const TCA_NETEM_REORDER = 3;
export const TCA_NETEM_CORRUPT = 4;
export const TCA_NETEM_LOSS = 5;
export const TCA_NETEM_RATE = 6;
export const TCA_NETEM_ECN = 7;
export const TCA_NETEM_RATE64 = 8;
export const TCA_NETEM_PAD = 9;
export const TCA_NETEM_LATENCY64 = 10;
export const TCA_NETEM_JITTER64 = 11;
export const TCA_NETEM_SLOT = 12;
export const TCA_NETEM_SLOT_DIST = 13;
export const TCA_NETEM_PRNG_SEED = 14; // newer than Linux 6.1's headers
export const TCA_NETEM_MAX = 14;

// struct tc_netem_qopt: netem
export const TC_NETEM_QOPT_LATENCY = 0;
export const TC_NETEM_QOPT_LIMIT = 4;
export const TC_NETEM_QOPT_LOSS = 8;
export const TC_NETEM_QOPT_GAP = 12;
export const TC_NETEM_QOPT_DUPLICATE = 16;
export const TC_NETEM_QOPT_JITTER = 20;
export const TC_NETEM_QOPT_SIZE = 24;

// struct tc_netem_corr: netem
export const TC_NETEM_CORR_DELAY_CORR = 0;
export const TC_NETEM_CORR_LOSS_CORR = 4;
export const TC_NETEM_CORR_DUP_CORR = 8;
export const TC_NETEM_CORR_SIZE = 12;

// struct tc_netem_reorder: netem
export const TC_NETEM_REORDER_PROBABILITY = 0;
export const TC_NETEM_REORDER_CORRELATION = 4;
export const TC_NETEM_REORDER_SIZE = 8;

// struct tc_netem_corrupt: netem
export const TC_NETEM_CORRUPT_PROBABILITY = 0;
export const TC_NETEM_CORRUPT_CORRELATION = 4;
export const TC_NETEM_CORRUPT_SIZE = 8;

// struct tc_netem_rate: netem
export const TC_NETEM_RATE_RATE = 0;
export const TC_NETEM_RATE_PACKET_OVERHEAD = 4;
export const TC_NETEM_RATE_CELL_SIZE = 8;
export const TC_NETEM_RATE_CELL_OVERHEAD = 12;
export const TC_NETEM_RATE_SIZE = 16;

// struct tc_netem_slot: netem
export const TC_NETEM_SLOT_MIN_DELAY = 0;
export const TC_NETEM_SLOT_MAX_DELAY = 8;
export const TC_NETEM_SLOT_MAX_PACKETS = 16;
export const TC_NETEM_SLOT_MAX_BYTES = 20;
export const TC_NETEM_SLOT_DIST_DELAY = 24;
export const TC_NETEM_SLOT_DIST_JITTER = 32;
export const TC_NETEM_SLOT_SIZE = 40;

// Attributes in TCA_NETEM_LOSS
export const NETEM_LOSS_UNSPEC = 0;
export const NETEM_LOSS_GI = 1;
export const NETEM_LOSS_GE = 2;
export const NETEM_LOSS_MAX = 2;

// struct tc_netem_gimodel: NETEM_LOSS_GI
export const TC_NETEM_GIMODEL_P13 = 0;
export const TC_NETEM_GIMODEL_P31 = 4;
export const TC_NETEM_GIMODEL_P32 = 8;
export const TC_NETEM_GIMODEL_P14 = 12;
export const TC_NETEM_GIMODEL_P23 = 16;
export const TC_NETEM_GIMODEL_SIZE = 20;

// struct tc_netem_gemodel: NETEM_LOSS_GE
export const TC_NETEM_GEMODEL_P = 0;
export const TC_NETEM_GEMODEL_R = 4;
export const TC_NETEM_GEMODEL_H = 8;
export const TC_NETEM_GEMODEL_K1 = 12;
export const TC_NETEM_GEMODEL_SIZE = 16;

// Distribution tables of netem
export const NETEM_DIST_SCALE = 8192;
export const NETEM_DIST_MAX = 16384;

// Attributes in TCA_OPTIONS of red
export const TCA_RED_UNSPEC = 0;
export const TCA_RED_PARMS = 1;
export const TCA_RED_STAB = 2;
export const TCA_RED_MAX_P = 3;
export const TCA_RED_FLAGS = 4;
export const TCA_RED_EARLY_DROP_BLOCK = 5;
export const TCA_RED_MARK_BLOCK = 6;
export const TCA_RED_MAX = 6;

// struct tc_red_qopt: TCA_RED_PARMS
export const TC_RED_QOPT_LIMIT = 0;
export const TC_RED_QOPT_QTH_MIN = 4;
export const TC_RED_QOPT_QTH_MAX = 8;
export const TC_RED_QOPT_WLOG = 12;
export const TC_RED_QOPT_PLOG = 13;
export const TC_RED_QOPT_SCELL_LOG = 14;
export const TC_RED_QOPT_FLAGS = 15;
export const TC_RED_QOPT_SIZE = 16;

// Flags of red
export const TC_RED_ECN = 1;
export const TC_RED_HARDDROP = 2;
export const TC_RED_ADAPTATIVE = 4;
export const TC_RED_NODROP = 8;

// struct tc_red_xstats
export const TC_RED_XSTATS_EARLY = 0;
export const TC_RED_XSTATS_PDROP = 4;
export const TC_RED_XSTATS_OTHER = 8;
export const TC_RED_XSTATS_MARKED = 12;
export const TC_RED_XSTATS_SIZE = 16;
