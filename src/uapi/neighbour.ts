// Mirrors <linux/neighbour.h>. Data only.

// Attributes of a neighbour
export const NDA_UNSPEC = 0;
export const NDA_DST = 1;
export const NDA_LLADDR = 2;
export const NDA_CACHEINFO = 3;
export const NDA_PROBES = 4;
export const NDA_VLAN = 5;
export const NDA_PORT = 6;
export const NDA_VNI = 7;
export const NDA_IFINDEX = 8;
export const NDA_MASTER = 9;
export const NDA_LINK_NETNSID = 10;
export const NDA_SRC_VNI = 11;
export const NDA_PROTOCOL = 12;
export const NDA_NH_ID = 13;
export const NDA_FDB_EXT_ATTRS = 14;
export const NDA_FLAGS_EXT = 15;
export const NDA_NDM_STATE_MASK = 16;
export const NDA_NDM_FLAGS_MASK = 17;
export const NDA_MAX = 17;

// ndm_flags
export const NTF_USE = 0x1;
export const NTF_SELF = 0x2;
export const NTF_MASTER = 0x4;
export const NTF_PROXY = 0x8;
export const NTF_EXT_LEARNED = 0x10;
export const NTF_OFFLOADED = 0x20;
export const NTF_STICKY = 0x40;
export const NTF_ROUTER = 0x80;

// NDA_FLAGS_EXT
export const NTF_EXT_MANAGED = 0x1;
export const NTF_EXT_LOCKED = 0x2; // newer than Linux 6.1's headers
export const NTF_EXT_EXT_VALIDATED = 0x4; // newer than Linux 6.1's headers

// ndm_state
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;
export const NUD_NONE = 0x00;

// Attributes in NDTA_PARMS
export const NDTPA_UNSPEC = 0;
export const NDTPA_IFINDEX = 1;
export const NDTPA_REFCNT = 2;
export const NDTPA_REACHABLE_TIME = 3;
export const NDTPA_BASE_REACHABLE_TIME = 4;
export const NDTPA_RETRANS_TIME = 5;
export const NDTPA_GC_STALETIME = 6;
export const NDTPA_DELAY_PROBE_TIME = 7;
export const NDTPA_QUEUE_LEN = 8;
export const NDTPA_APP_PROBES = 9;
export const NDTPA_UCAST_PROBES = 10;
export const NDTPA_MCAST_PROBES = 11;
export const NDTPA_ANYCAST_DELAY = 12;
export const NDTPA_PROXY_DELAY = 13;
export const NDTPA_PROXY_QLEN = 14;
export const NDTPA_LOCKTIME = 15;
export const NDTPA_QUEUE_LENBYTES = 16;
export const NDTPA_MCAST_REPROBES = 17;
export const NDTPA_PAD = 18;
export const NDTPA_INTERVAL_PROBE_TIME_MS = 19;
export const NDTPA_MAX = 19;

// Attributes of a neighbour table
export const NDTA_UNSPEC = 0;
export const NDTA_NAME = 1;
export const NDTA_THRESH1 = 2;
export const NDTA_THRESH2 = 3;
export const NDTA_THRESH3 = 4;
export const NDTA_CONFIG = 5;
export const NDTA_PARMS = 6;
export const NDTA_STATS = 7;
export const NDTA_GC_INTERVAL = 8;
export const NDTA_PAD = 9;
export const NDTA_MAX = 9;

// FDB activity notification bits
export const FDB_NOTIFY_BIT = 0x1;
export const FDB_NOTIFY_INACTIVE_BIT = 0x2;

// Attributes in NDA_FDB_EXT_ATTRS
export const NFEA_UNSPEC = 0;
export const NFEA_ACTIVITY_NOTIFY = 1;
export const NFEA_DONT_REFRESH = 2;
export const NFEA_MAX = 2;

// struct ndmsg: the header of a neighbour message
export const NDMSG_FAMILY = 0;
export const NDMSG_PAD1 = 1;
export const NDMSG_PAD2 = 2;
export const NDMSG_IFINDEX = 4;
export const NDMSG_STATE = 8;
export const NDMSG_FLAGS = 10;
export const NDMSG_TYPE = 11;
export const NDMSG_SIZE = 12;

// struct nda_cacheinfo: NDA_CACHEINFO
export const NDA_CACHEINFO_CONFIRMED = 0;
export const NDA_CACHEINFO_USED = 4;
export const NDA_CACHEINFO_UPDATED = 8;
export const NDA_CACHEINFO_REFCNT = 12;
export const NDA_CACHEINFO_SIZE = 16;

// struct ndtmsg: the header of a neighbour table message
export const NDTMSG_FAMILY = 0;
export const NDTMSG_PAD1 = 1;
export const NDTMSG_PAD2 = 2;
export const NDTMSG_SIZE = 4;

// struct ndt_stats: NDTA_STATS
export const NDT_STATS_ALLOCS = 0;
export const NDT_STATS_DESTROYS = 8;
export const NDT_STATS_HASH_GROWS = 16;
export const NDT_STATS_RES_FAILED = 24;
export const NDT_STATS_LOOKUPS = 32;
export const NDT_STATS_HITS = 40;
export const NDT_STATS_RCV_PROBES_MCAST = 48;
export const NDT_STATS_RCV_PROBES_UCAST = 56;
export const NDT_STATS_PERIODIC_GC_RUNS = 64;
export const NDT_STATS_FORCED_GC_RUNS = 72;
export const NDT_STATS_TABLE_FULLS = 80;
export const NDT_STATS_SIZE = 88;

// struct ndt_config: NDTA_CONFIG
export const NDT_CONFIG_KEY_LEN = 0;
export const NDT_CONFIG_ENTRY_SIZE = 2;
export const NDT_CONFIG_ENTRIES = 4;
export const NDT_CONFIG_LAST_FLUSH = 8;
export const NDT_CONFIG_LAST_RAND = 12;
export const NDT_CONFIG_HASH_RND = 16;
export const NDT_CONFIG_HASH_MASK = 20;
export const NDT_CONFIG_HASH_CHAIN_GC = 24;
export const NDT_CONFIG_PROXY_QLEN = 28;
export const NDT_CONFIG_SIZE = 32;
