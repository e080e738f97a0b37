// Mirrors <linux/tc_act/tc_gact.h>. Data only.

// Attributes in TCA_ACT_OPTIONS
export const TCA_GACT_UNSPEC = 0;
export const TCA_GACT_TM = 1;
export const TCA_GACT_PARMS = 2;
export const TCA_GACT_PROB = 3;
export const TCA_GACT_PAD = 4;
export const TCA_GACT_MAX = 4;

// Ways of TCA_GACT_PROB
export const PGACT_NONE = 0;
export const PGACT_NETRAND = 1;
export const PGACT_DETERM = 2;

// struct tc_gact_p: TCA_GACT_PROB
export const TC_GACT_P_PTYPE = 0;
export const TC_GACT_P_PVAL = 2;
export const TC_GACT_P_PACTION = 4;
export const TC_GACT_P_SIZE = 8;

// struct tc_gact: TCA_GACT_PARMS
export const TC_GACT_INDEX = 0;
export const TC_GACT_CAPAB = 4;
export const TC_GACT_ACTION = 8;
export const TC_GACT_REFCNT = 12;
export const TC_GACT_BINDCNT = 16;
export const TC_GACT_SIZE = 20;
