// Mirrors <linux/tc_act/tc_vlan.h>. Data only.

// Attributes in TCA_ACT_OPTIONS
export const TCA_VLAN_UNSPEC = 0;
export const TCA_VLAN_TM = 1;
export const TCA_VLAN_PARMS = 2;
export const TCA_VLAN_PUSH_VLAN_ID = 3;
export const TCA_VLAN_PUSH_VLAN_PROTOCOL = 4;
export const TCA_VLAN_PAD = 5;
export const TCA_VLAN_PUSH_VLAN_PRIORITY = 6;
export const TCA_VLAN_PUSH_ETH_DST = 7;
export const TCA_VLAN_PUSH_ETH_SRC = 8;
export const TCA_VLAN_MAX = 8;

// struct tc_vlan
export const TC_VLAN_INDEX = 0;
export const TC_VLAN_CAPAB = 4;
export const TC_VLAN_ACTION = 8;
export const TC_VLAN_REFCNT = 12;
export const TC_VLAN_BINDCNT = 16;
export const TC_VLAN_V_ACTION = 20;
export const TC_VLAN_SIZE = 24;

// What it does
export const TCA_VLAN_ACT_POP = 1;
export const TCA_VLAN_ACT_PUSH = 2;
export const TCA_VLAN_ACT_MODIFY = 3;
export const TCA_VLAN_ACT_POP_ETH = 4;
export const TCA_VLAN_ACT_PUSH_ETH = 5;
