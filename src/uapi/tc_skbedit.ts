// Mirrors <linux/tc_act/tc_skbedit.h>. Data only.

// Attributes in TCA_ACT_OPTIONS
export const TCA_SKBEDIT_UNSPEC = 0;
export const TCA_SKBEDIT_TM = 1;
export const TCA_SKBEDIT_PARMS = 2;
export const TCA_SKBEDIT_PRIORITY = 3;
export const TCA_SKBEDIT_QUEUE_MAPPING = 4;
export const TCA_SKBEDIT_MARK = 5;
export const TCA_SKBEDIT_PAD = 6;
export const TCA_SKBEDIT_PTYPE = 7;
export const TCA_SKBEDIT_MASK = 8;
export const TCA_SKBEDIT_FLAGS = 9;
export const TCA_SKBEDIT_QUEUE_MAPPING_MAX = 10;
export const TCA_SKBEDIT_MAX = 10;

// struct tc_skbedit
export const TC_SKBEDIT_INDEX = 0;
export const TC_SKBEDIT_CAPAB = 4;
export const TC_SKBEDIT_ACTION = 8;
export const TC_SKBEDIT_REFCNT = 12;
export const TC_SKBEDIT_BINDCNT = 16;
export const TC_SKBEDIT_SIZE = 20;

// Bits of TCA_SKBEDIT_FLAGS that a user gives
export const SKBEDIT_F_INHERITDSFIELD = 32;
export const SKBEDIT_F_TXQ_SKBHASH = 64;
