// Mirrors <linux/tc_act/tc_pedit.h>. Data only.

// Attributes in TCA_ACT_OPTIONS
export const TCA_PEDIT_UNSPEC = 0;
export const TCA_PEDIT_TM = 1;
export const TCA_PEDIT_PARMS = 2;
export const TCA_PEDIT_PAD = 3;
export const TCA_PEDIT_PARMS_EX = 4;
export const TCA_PEDIT_KEYS_EX = 5;
export const TCA_PEDIT_KEY_EX = 6;
export const TCA_PEDIT_MAX = 6;

// struct tc_pedit_sel
export const TC_PEDIT_SEL_INDEX = 0;
export const TC_PEDIT_SEL_CAPAB = 4;
export const TC_PEDIT_SEL_ACTION = 8;
export const TC_PEDIT_SEL_REFCNT = 12;
export const TC_PEDIT_SEL_BINDCNT = 16;
export const TC_PEDIT_SEL_NKEYS = 20;
export const TC_PEDIT_SEL_FLAGS = 21;
export const TC_PEDIT_SEL_SIZE = 24;

// struct tc_pedit_key
export const TC_PEDIT_KEY_MASK = 0;
export const TC_PEDIT_KEY_VAL = 4;
export const TC_PEDIT_KEY_OFF = 8;
export const TC_PEDIT_KEY_AT = 12;
export const TC_PEDIT_KEY_OFFMASK = 16;
export const TC_PEDIT_KEY_SHIFT = 20;
export const TC_PEDIT_KEY_SIZE = 24;

// Attributes of a key, which header it is of, and what is done
export const TCA_PEDIT_KEY_EX_HTYPE = 1;
export const TCA_PEDIT_KEY_EX_CMD = 2;
export const TCA_PEDIT_KEY_EX_HDR_TYPE_NETWORK = 0;
export const TCA_PEDIT_KEY_EX_HDR_TYPE_ETH = 1;
export const TCA_PEDIT_KEY_EX_HDR_TYPE_IP4 = 2;
export const TCA_PEDIT_KEY_EX_HDR_TYPE_IP6 = 3;
export const TCA_PEDIT_KEY_EX_HDR_TYPE_TCP = 4;
export const TCA_PEDIT_KEY_EX_HDR_TYPE_UDP = 5;
export const TCA_PEDIT_KEY_EX_CMD_SET = 0;
export const TCA_PEDIT_KEY_EX_CMD_ADD = 1;
