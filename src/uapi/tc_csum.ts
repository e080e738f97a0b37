// Mirrors <linux/tc_act/tc_csum.h>. Data only.

// Attributes in TCA_ACT_OPTIONS
export const TCA_CSUM_UNSPEC = 0;
export const TCA_CSUM_PARMS = 1;
export const TCA_CSUM_TM = 2;
export const TCA_CSUM_PAD = 3;
export const TCA_CSUM_MAX = 3;

// struct tc_csum
export const TC_CSUM_INDEX = 0;
export const TC_CSUM_CAPAB = 4;
export const TC_CSUM_ACTION = 8;
export const TC_CSUM_REFCNT = 12;
export const TC_CSUM_BINDCNT = 16;
export const TC_CSUM_UPDATE_FLAGS = 20;
export const TC_CSUM_SIZE = 24;

// Which checksums are made anew
export const TCA_CSUM_UPDATE_FLAG_IPV4HDR = 1;
export const TCA_CSUM_UPDATE_FLAG_ICMP = 2;
export const TCA_CSUM_UPDATE_FLAG_IGMP = 4;
export const TCA_CSUM_UPDATE_FLAG_TCP = 8;
export const TCA_CSUM_UPDATE_FLAG_UDP = 16;
export const TCA_CSUM_UPDATE_FLAG_UDPLITE = 32;
export const TCA_CSUM_UPDATE_FLAG_SCTP = 64;
