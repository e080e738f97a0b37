// Mirrors <linux/fib_rules.h>. Data only.

// Rule flags
export const FIB_RULE_PERMANENT = 0x00000001;
export const FIB_RULE_INVERT = 0x00000002;
export const FIB_RULE_UNRESOLVED = 0x00000004;
export const FIB_RULE_IIF_DETACHED = 0x00000008;
export const FIB_RULE_DEV_DETACHED = 0x00000008;
export const FIB_RULE_OIF_DETACHED = 0x00000010;
export const FIB_RULE_FIND_SADDR = 0x00010000;

// Attributes of a rule
export const FRA_UNSPEC = 0;
export const FRA_DST = 1;
export const FRA_SRC = 2;
export const FRA_IIFNAME = 3;
export const FRA_GOTO = 4;
export const FRA_UNUSED2 = 5;
export const FRA_PRIORITY = 6;
export const FRA_UNUSED3 = 7;
export const FRA_UNUSED4 = 8;
export const FRA_UNUSED5 = 9;
export const FRA_FWMARK = 10;
export const FRA_FLOW = 11;
export const FRA_TUN_ID = 12;
export const FRA_SUPPRESS_IFGROUP = 13;
export const FRA_SUPPRESS_PREFIXLEN = 14;
export const FRA_TABLE = 15;
export const FRA_FWMASK = 16;
export const FRA_OIFNAME = 17;
export const FRA_PAD = 18;
export const FRA_L3MDEV = 19;
export const FRA_UID_RANGE = 20;
export const FRA_PROTOCOL = 21;
export const FRA_IP_PROTO = 22;
export const FRA_SPORT_RANGE = 23;
export const FRA_DPORT_RANGE = 24;
export const FRA_DSCP = 25; // newer than Linux 6.1's headers
export const FRA_FLOWLABEL = 26; // newer than Linux 6.1's headers
export const FRA_FLOWLABEL_MASK = 27; // newer than Linux 6.1's headers
export const FRA_SPORT_MASK = 28; // newer than Linux 6.1's headers
export const FRA_DPORT_MASK = 29; // newer than Linux 6.1's headers
export const FRA_DSCP_MASK = 30; // newer than Linux 6.1's headers
export const FRA_MAX = 30;

// Actions of a rule
export const FR_ACT_UNSPEC = 0;
export const FR_ACT_TO_TBL = 1;
export const FR_ACT_GOTO = 2;
export const FR_ACT_NOP = 3;
export const FR_ACT_RES3 = 4;
export const FR_ACT_RES4 = 5;
export const FR_ACT_BLACKHOLE = 6;
export const FR_ACT_UNREACHABLE = 7;
export const FR_ACT_PROHIBIT = 8;
export const FR_ACT_MAX = 8;

// struct fib_rule_hdr: the header of a rule message
export const FIB_RULE_HDR_FAMILY = 0;
export const FIB_RULE_HDR_DST_LEN = 1;
export const FIB_RULE_HDR_SRC_LEN = 2;
export const FIB_RULE_HDR_TOS = 3;
export const FIB_RULE_HDR_TABLE = 4;
export const FIB_RULE_HDR_RES1 = 5;
export const FIB_RULE_HDR_RES2 = 6;
export const FIB_RULE_HDR_ACTION = 7;
export const FIB_RULE_HDR_FLAGS = 8;
export const FIB_RULE_HDR_SIZE = 12;

// struct fib_rule_uid_range: FRA_UID_RANGE
export const FIB_RULE_UID_RANGE_START = 0;
export const FIB_RULE_UID_RANGE_END = 4;
export const FIB_RULE_UID_RANGE_SIZE = 8;

// struct fib_rule_port_range: FRA_SPORT_RANGE, FRA_DPORT_RANGE
export const FIB_RULE_PORT_RANGE_START = 0;
export const FIB_RULE_PORT_RANGE_END = 2;
export const FIB_RULE_PORT_RANGE_SIZE = 4;
