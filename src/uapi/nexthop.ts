// Mirrors <linux/nexthop.h>. Data only.

// struct nhmsg: the header of a nexthop message
export const NHMSG_FAMILY = 0;
export const NHMSG_SCOPE = 1;
export const NHMSG_PROTOCOL = 2;
export const NHMSG_RESVD = 3;
export const NHMSG_FLAGS = 4;
export const NHMSG_SIZE = 8;

// struct nexthop_grp: a member of a group
export const NEXTHOP_GRP_ID = 0;
export const NEXTHOP_GRP_WEIGHT = 4;
export const NEXTHOP_GRP_WEIGHT_HIGH = 5; // newer than Linux 6.1's headers
export const NEXTHOP_GRP_RESVD2 = 6;
export const NEXTHOP_GRP_SIZE = 8;

// Types of groups
export const NEXTHOP_GRP_TYPE_MPATH = 0;
export const NEXTHOP_GRP_TYPE_RES = 1;
export const NEXTHOP_GRP_TYPE_MAX = 1;

// Attributes of a nexthop
export const NHA_UNSPEC = 0;
export const NHA_ID = 1;
export const NHA_GROUP = 2;
export const NHA_GROUP_TYPE = 3;
export const NHA_BLACKHOLE = 4;
export const NHA_OIF = 5;
export const NHA_GATEWAY = 6;
export const NHA_ENCAP_TYPE = 7;
export const NHA_ENCAP = 8;
export const NHA_GROUPS = 9;
export const NHA_MASTER = 10;
export const NHA_FDB = 11;
export const NHA_RES_GROUP = 12;
export const NHA_RES_BUCKET = 13;
export const NHA_OP_FLAGS = 14; // newer than Linux 6.1's headers
export const NHA_GROUP_STATS = 15; // newer than Linux 6.1's headers
export const NHA_HW_STATS_ENABLE = 16; // newer than Linux 6.1's headers
export const NHA_HW_STATS_USED = 17; // newer than Linux 6.1's headers
export const NHA_MAX = 17;

// Inside NHA_RES_GROUP
export const NHA_RES_GROUP_BUCKETS = 1;
export const NHA_RES_GROUP_IDLE_TIMER = 2;
export const NHA_RES_GROUP_UNBALANCED_TIMER = 3;
export const NHA_RES_GROUP_UNBALANCED_TIME = 4;
export const NHA_RES_GROUP_MAX = 4;

// Inside NHA_RES_BUCKET
export const NHA_RES_BUCKET_INDEX = 1;
export const NHA_RES_BUCKET_IDLE_TIME = 2;
export const NHA_RES_BUCKET_NH_ID = 3;
export const NHA_RES_BUCKET_MAX = 3;

// What NHA_OP_FLAGS of an answer says: the kernel reads the upper byte of weights
export const NHA_OP_FLAG_RESP_GRP_RESVD_0 = 0x80000000; // newer than Linux 6.1's headers
