// Mirrors <linux/tc_act/tc_mirred.h>. Data only.

// Attributes in TCA_ACT_OPTIONS
export const TCA_MIRRED_UNSPEC = 0;
export const TCA_MIRRED_TM = 1;
export const TCA_MIRRED_PARMS = 2;
export const TCA_MIRRED_PAD = 3;
export const TCA_MIRRED_BLOCKID = 4; // newer than Linux 6.1's headers
export const TCA_MIRRED_MAX = 4;

// What is done with the frame
export const TCA_EGRESS_REDIR = 1;
export const TCA_EGRESS_MIRROR = 2;
export const TCA_INGRESS_REDIR = 3;
export const TCA_INGRESS_MIRROR = 4;

// struct tc_mirred: TCA_MIRRED_PARMS
export const TC_MIRRED_INDEX = 0;
export const TC_MIRRED_CAPAB = 4;
export const TC_MIRRED_ACTION = 8;
export const TC_MIRRED_REFCNT = 12;
export const TC_MIRRED_BINDCNT = 16;
export const TC_MIRRED_EACTION = 20;
export const TC_MIRRED_IFINDEX = 24;
export const TC_MIRRED_SIZE = 28;
