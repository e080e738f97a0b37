// Mirrors <linux/gen_stats.h>. Data only.

// Attributes in TCA_STATS2
export const TCA_STATS_UNSPEC = 0;
export const TCA_STATS_BASIC = 1;
export const TCA_STATS_RATE_EST = 2;
export const TCA_STATS_QUEUE = 3;
export const TCA_STATS_APP = 4;
export const TCA_STATS_RATE_EST64 = 5;
export const TCA_STATS_PAD = 6;
export const TCA_STATS_BASIC_HW = 7;
export const TCA_STATS_PKT64 = 8;
export const TCA_STATS_MAX = 8;

// struct gnet_stats_basic: TCA_STATS_BASIC, sent without its padding as 12 bytes
export const GNET_STATS_BASIC_BYTES = 0;
export const GNET_STATS_BASIC_PACKETS = 8;
export const GNET_STATS_BASIC_SIZE = 16;

// struct gnet_stats_rate_est: TCA_STATS_RATE_EST
export const GNET_STATS_RATE_EST_BPS = 0;
export const GNET_STATS_RATE_EST_PPS = 4;
export const GNET_STATS_RATE_EST_SIZE = 8;

// struct gnet_stats_queue: TCA_STATS_QUEUE
export const GNET_STATS_QUEUE_QLEN = 0;
export const GNET_STATS_QUEUE_BACKLOG = 4;
export const GNET_STATS_QUEUE_DROPS = 8;
export const GNET_STATS_QUEUE_REQUEUES = 12;
export const GNET_STATS_QUEUE_OVERLIMITS = 16;
export const GNET_STATS_QUEUE_SIZE = 20;
