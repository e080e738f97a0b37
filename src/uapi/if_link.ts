// Mirrors <linux/if_link.h>. Data only.

// Attributes of a link
export const IFLA_UNSPEC = 0;
export const IFLA_ADDRESS = 1;
export const IFLA_BROADCAST = 2;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_QDISC = 6;
export const IFLA_STATS = 7;
export const IFLA_COST = 8;
export const IFLA_PRIORITY = 9;
export const IFLA_MASTER = 10;
export const IFLA_WIRELESS = 11;
export const IFLA_PROTINFO = 12;
export const IFLA_TXQLEN = 13;
export const IFLA_MAP = 14;
export const IFLA_WEIGHT = 15;
export const IFLA_OPERSTATE = 16;
export const IFLA_LINKMODE = 17;
export const IFLA_LINKINFO = 18;
export const IFLA_NET_NS_PID = 19;
export const IFLA_IFALIAS = 20;
export const IFLA_NUM_VF = 21;
export const IFLA_VFINFO_LIST = 22;
export const IFLA_STATS64 = 23;
export const IFLA_VF_PORTS = 24;
export const IFLA_PORT_SELF = 25;
export const IFLA_AF_SPEC = 26;
export const IFLA_GROUP = 27;
export const IFLA_NET_NS_FD = 28;
export const IFLA_EXT_MASK = 29;
export const IFLA_PROMISCUITY = 30;
export const IFLA_NUM_TX_QUEUES = 31;
export const IFLA_NUM_RX_QUEUES = 32;
export const IFLA_CARRIER = 33;
export const IFLA_PHYS_PORT_ID = 34;
export const IFLA_CARRIER_CHANGES = 35;
export const IFLA_PHYS_SWITCH_ID = 36;
export const IFLA_LINK_NETNSID = 37;
export const IFLA_PHYS_PORT_NAME = 38;
export const IFLA_PROTO_DOWN = 39;
export const IFLA_GSO_MAX_SEGS = 40;
export const IFLA_GSO_MAX_SIZE = 41;
export const IFLA_PAD = 42;
export const IFLA_XDP = 43;
export const IFLA_EVENT = 44;
export const IFLA_NEW_NETNSID = 45;
export const IFLA_TARGET_NETNSID = 46;
export const IFLA_CARRIER_UP_COUNT = 47;
export const IFLA_CARRIER_DOWN_COUNT = 48;
export const IFLA_NEW_IFINDEX = 49;
export const IFLA_MIN_MTU = 50;
export const IFLA_MAX_MTU = 51;
export const IFLA_PROP_LIST = 52;
export const IFLA_ALT_IFNAME = 53;
export const IFLA_PERM_ADDRESS = 54;
export const IFLA_PROTO_DOWN_REASON = 55;
export const IFLA_PARENT_DEV_NAME = 56;
export const IFLA_PARENT_DEV_BUS_NAME = 57;
export const IFLA_GRO_MAX_SIZE = 58;
export const IFLA_TSO_MAX_SIZE = 59;
export const IFLA_TSO_MAX_SEGS = 60;
export const IFLA_ALLMULTI = 61;
export const IFLA_DEVLINK_PORT = 62; // newer than Linux 6.1's headers
export const IFLA_GSO_IPV4_MAX_SIZE = 63; // newer than Linux 6.1's headers
export const IFLA_GRO_IPV4_MAX_SIZE = 64; // newer than Linux 6.1's headers
export const IFLA_DPLL_PIN = 65; // newer than Linux 6.1's headers
export const IFLA_MAX_PACING_OFFLOAD_HORIZON = 66; // newer than Linux 6.1's headers
export const IFLA_NETNS_IMMUTABLE = 67; // newer than Linux 6.1's headers
export const IFLA_HEADROOM = 68; // newer than Linux 6.1's headers
export const IFLA_TAILROOM = 69; // newer than Linux 6.1's headers
export const IFLA_MAX = 69;

// Attributes in IFLA_PROTO_DOWN_REASON
export const IFLA_PROTO_DOWN_REASON_UNSPEC = 0;
export const IFLA_PROTO_DOWN_REASON_MASK = 1;
export const IFLA_PROTO_DOWN_REASON_VALUE = 2;

// Attributes in IFLA_AF_SPEC, AF_INET
export const IFLA_INET_UNSPEC = 0;
export const IFLA_INET_CONF = 1;
export const IFLA_INET_MAX = 1;

// Attributes in IFLA_AF_SPEC, AF_INET6
export const IFLA_INET6_UNSPEC = 0;
export const IFLA_INET6_FLAGS = 1;
export const IFLA_INET6_CONF = 2;
export const IFLA_INET6_STATS = 3;
export const IFLA_INET6_MCAST = 4;
export const IFLA_INET6_CACHEINFO = 5;
export const IFLA_INET6_ICMP6STATS = 6;
export const IFLA_INET6_TOKEN = 7;
export const IFLA_INET6_ADDR_GEN_MODE = 8;
export const IFLA_INET6_RA_MTU = 9;
export const IFLA_INET6_MAX = 9;

// IFLA_INET6_ADDR_GEN_MODE
export const IN6_ADDR_GEN_MODE_EUI64 = 0;
export const IN6_ADDR_GEN_MODE_NONE = 1;
export const IN6_ADDR_GEN_MODE_STABLE_PRIVACY = 2;
export const IN6_ADDR_GEN_MODE_RANDOM = 3;

// Attributes in IFLA_INFO_DATA of a bridge
export const IFLA_BR_UNSPEC = 0;
export const IFLA_BR_FORWARD_DELAY = 1;
export const IFLA_BR_HELLO_TIME = 2;
export const IFLA_BR_MAX_AGE = 3;
export const IFLA_BR_AGEING_TIME = 4;
export const IFLA_BR_STP_STATE = 5;
export const IFLA_BR_PRIORITY = 6;
export const IFLA_BR_VLAN_FILTERING = 7;
export const IFLA_BR_VLAN_PROTOCOL = 8;
export const IFLA_BR_GROUP_FWD_MASK = 9;
export const IFLA_BR_ROOT_ID = 10;
export const IFLA_BR_BRIDGE_ID = 11;
export const IFLA_BR_ROOT_PORT = 12;
export const IFLA_BR_ROOT_PATH_COST = 13;
export const IFLA_BR_TOPOLOGY_CHANGE = 14;
export const IFLA_BR_TOPOLOGY_CHANGE_DETECTED = 15;
export const IFLA_BR_HELLO_TIMER = 16;
export const IFLA_BR_TCN_TIMER = 17;
export const IFLA_BR_TOPOLOGY_CHANGE_TIMER = 18;
export const IFLA_BR_GC_TIMER = 19;
export const IFLA_BR_GROUP_ADDR = 20;
export const IFLA_BR_FDB_FLUSH = 21;
export const IFLA_BR_MCAST_ROUTER = 22;
export const IFLA_BR_MCAST_SNOOPING = 23;
export const IFLA_BR_MCAST_QUERY_USE_IFADDR = 24;
export const IFLA_BR_MCAST_QUERIER = 25;
export const IFLA_BR_MCAST_HASH_ELASTICITY = 26;
export const IFLA_BR_MCAST_HASH_MAX = 27;
export const IFLA_BR_MCAST_LAST_MEMBER_CNT = 28;
export const IFLA_BR_MCAST_STARTUP_QUERY_CNT = 29;
export const IFLA_BR_MCAST_LAST_MEMBER_INTVL = 30;
export const IFLA_BR_MCAST_MEMBERSHIP_INTVL = 31;
export const IFLA_BR_MCAST_QUERIER_INTVL = 32;
export const IFLA_BR_MCAST_QUERY_INTVL = 33;
export const IFLA_BR_MCAST_QUERY_RESPONSE_INTVL = 34;
export const IFLA_BR_MCAST_STARTUP_QUERY_INTVL = 35;
export const IFLA_BR_NF_CALL_IPTABLES = 36;
export const IFLA_BR_NF_CALL_IP6TABLES = 37;
export const IFLA_BR_NF_CALL_ARPTABLES = 38;
export const IFLA_BR_VLAN_DEFAULT_PVID = 39;
export const IFLA_BR_PAD = 40;
export const IFLA_BR_VLAN_STATS_ENABLED = 41;
export const IFLA_BR_MCAST_STATS_ENABLED = 42;
export const IFLA_BR_MCAST_IGMP_VERSION = 43;
export const IFLA_BR_MCAST_MLD_VERSION = 44;
export const IFLA_BR_VLAN_STATS_PER_PORT = 45;
export const IFLA_BR_MULTI_BOOLOPT = 46;
export const IFLA_BR_MCAST_QUERIER_STATE = 47;
export const IFLA_BR_FDB_N_LEARNED = 48; // newer than Linux 6.1's headers
export const IFLA_BR_FDB_MAX_LEARNED = 49; // newer than Linux 6.1's headers
export const IFLA_BR_MAX = 49;

// IFLA_BRPORT_MODE
export const BRIDGE_MODE_UNSPEC = 0;
export const BRIDGE_MODE_HAIRPIN = 1;

// Attributes of a bridge port: IFLA_PROTINFO, IFLA_INFO_SLAVE_DATA
export const IFLA_BRPORT_UNSPEC = 0;
export const IFLA_BRPORT_STATE = 1;
export const IFLA_BRPORT_PRIORITY = 2;
export const IFLA_BRPORT_COST = 3;
export const IFLA_BRPORT_MODE = 4;
export const IFLA_BRPORT_GUARD = 5;
export const IFLA_BRPORT_PROTECT = 6;
export const IFLA_BRPORT_FAST_LEAVE = 7;
export const IFLA_BRPORT_LEARNING = 8;
export const IFLA_BRPORT_UNICAST_FLOOD = 9;
export const IFLA_BRPORT_PROXYARP = 10;
export const IFLA_BRPORT_LEARNING_SYNC = 11;
export const IFLA_BRPORT_PROXYARP_WIFI = 12;
export const IFLA_BRPORT_ROOT_ID = 13;
export const IFLA_BRPORT_BRIDGE_ID = 14;
export const IFLA_BRPORT_DESIGNATED_PORT = 15;
export const IFLA_BRPORT_DESIGNATED_COST = 16;
export const IFLA_BRPORT_ID = 17;
export const IFLA_BRPORT_NO = 18;
export const IFLA_BRPORT_TOPOLOGY_CHANGE_ACK = 19;
export const IFLA_BRPORT_CONFIG_PENDING = 20;
export const IFLA_BRPORT_MESSAGE_AGE_TIMER = 21;
export const IFLA_BRPORT_FORWARD_DELAY_TIMER = 22;
export const IFLA_BRPORT_HOLD_TIMER = 23;
export const IFLA_BRPORT_FLUSH = 24;
export const IFLA_BRPORT_MULTICAST_ROUTER = 25;
export const IFLA_BRPORT_PAD = 26;
export const IFLA_BRPORT_MCAST_FLOOD = 27;
export const IFLA_BRPORT_MCAST_TO_UCAST = 28;
export const IFLA_BRPORT_VLAN_TUNNEL = 29;
export const IFLA_BRPORT_BCAST_FLOOD = 30;
export const IFLA_BRPORT_GROUP_FWD_MASK = 31;
export const IFLA_BRPORT_NEIGH_SUPPRESS = 32;
export const IFLA_BRPORT_ISOLATED = 33;
export const IFLA_BRPORT_BACKUP_PORT = 34;
export const IFLA_BRPORT_MRP_RING_OPEN = 35;
export const IFLA_BRPORT_MRP_IN_OPEN = 36;
export const IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT = 37;
export const IFLA_BRPORT_MCAST_EHT_HOSTS_CNT = 38;
export const IFLA_BRPORT_LOCKED = 39;
export const IFLA_BRPORT_MAB = 40; // newer than Linux 6.1's headers
export const IFLA_BRPORT_MCAST_N_GROUPS = 41; // newer than Linux 6.1's headers
export const IFLA_BRPORT_MCAST_MAX_GROUPS = 42; // newer than Linux 6.1's headers
export const IFLA_BRPORT_NEIGH_VLAN_SUPPRESS = 43; // newer than Linux 6.1's headers
export const IFLA_BRPORT_BACKUP_NHID = 44; // newer than Linux 6.1's headers
export const IFLA_BRPORT_MAX = 44;

// Attributes in IFLA_LINKINFO
export const IFLA_INFO_UNSPEC = 0;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
export const IFLA_INFO_XSTATS = 3;
export const IFLA_INFO_SLAVE_KIND = 4;
export const IFLA_INFO_SLAVE_DATA = 5;
export const IFLA_INFO_MAX = 5;

// Attributes in IFLA_INFO_DATA of a vlan
export const IFLA_VLAN_UNSPEC = 0;
export const IFLA_VLAN_ID = 1;
export const IFLA_VLAN_FLAGS = 2;
export const IFLA_VLAN_EGRESS_QOS = 3;
export const IFLA_VLAN_INGRESS_QOS = 4;
export const IFLA_VLAN_PROTOCOL = 5;
export const IFLA_VLAN_MAX = 5;

// Attributes in IFLA_VLAN_EGRESS_QOS and _INGRESS_QOS
export const IFLA_VLAN_QOS_UNSPEC = 0;
export const IFLA_VLAN_QOS_MAPPING = 1;
export const IFLA_VLAN_QOS_MAX = 1;

// Attributes in IFLA_INFO_DATA of a macvlan
export const IFLA_MACVLAN_UNSPEC = 0;
export const IFLA_MACVLAN_MODE = 1;
export const IFLA_MACVLAN_FLAGS = 2;
export const IFLA_MACVLAN_MACADDR_MODE = 3;
export const IFLA_MACVLAN_MACADDR = 4;
export const IFLA_MACVLAN_MACADDR_DATA = 5;
export const IFLA_MACVLAN_MACADDR_COUNT = 6;
export const IFLA_MACVLAN_BC_QUEUE_LEN = 7;
export const IFLA_MACVLAN_BC_QUEUE_LEN_USED = 8;
export const IFLA_MACVLAN_BC_CUTOFF = 9; // newer than Linux 6.1's headers
export const IFLA_MACVLAN_MAX = 9;

// IFLA_MACVLAN_MODE
export const MACVLAN_MODE_PRIVATE = 1;
export const MACVLAN_MODE_VEPA = 2;
export const MACVLAN_MODE_BRIDGE = 4;
export const MACVLAN_MODE_PASSTHRU = 8;
export const MACVLAN_MODE_SOURCE = 16;

// IFLA_MACVLAN_MACADDR_MODE
export const MACVLAN_MACADDR_ADD = 0;
export const MACVLAN_MACADDR_DEL = 1;
export const MACVLAN_MACADDR_FLUSH = 2;
export const MACVLAN_MACADDR_SET = 3;

// IFLA_MACVLAN_FLAGS
export const MACVLAN_FLAG_NOPROMISC = 1;
export const MACVLAN_FLAG_NODST = 2;

// Attributes in IFLA_INFO_DATA of a tun
export const IFLA_TUN_UNSPEC = 0;
export const IFLA_TUN_OWNER = 1;
export const IFLA_TUN_GROUP = 2;
export const IFLA_TUN_TYPE = 3;
export const IFLA_TUN_PI = 4;
export const IFLA_TUN_VNET_HDR = 5;
export const IFLA_TUN_PERSIST = 6;
export const IFLA_TUN_MULTI_QUEUE = 7;
export const IFLA_TUN_NUM_QUEUES = 8;
export const IFLA_TUN_NUM_DISABLED_QUEUES = 9;
export const IFLA_TUN_MAX = 9;

// Attributes in IFLA_INFO_DATA of a vrf
export const IFLA_VRF_UNSPEC = 0;
export const IFLA_VRF_TABLE = 1;
export const IFLA_VRF_MAX = 1;

// Attributes in IFLA_INFO_SLAVE_DATA of a vrf's port
export const IFLA_VRF_PORT_UNSPEC = 0;
export const IFLA_VRF_PORT_TABLE = 1;
export const IFLA_VRF_PORT_MAX = 1;

// Attributes in IFLA_INFO_DATA of an ipvlan
export const IFLA_IPVLAN_UNSPEC = 0;
export const IFLA_IPVLAN_MODE = 1;
export const IFLA_IPVLAN_FLAGS = 2;
export const IFLA_IPVLAN_MAX = 2;

// IFLA_IPVLAN_MODE
export const IPVLAN_MODE_L2 = 0;
export const IPVLAN_MODE_L3 = 1;
export const IPVLAN_MODE_L3S = 2;

// IFLA_IPVLAN_FLAGS
export const IPVLAN_F_PRIVATE = 0x01;
export const IPVLAN_F_VEPA = 0x02;

// Attributes in IFLA_INFO_DATA of a vxlan
export const IFLA_VXLAN_UNSPEC = 0;
export const IFLA_VXLAN_ID = 1;
export const IFLA_VXLAN_GROUP = 2;
export const IFLA_VXLAN_LINK = 3;
export const IFLA_VXLAN_LOCAL = 4;
export const IFLA_VXLAN_TTL = 5;
export const IFLA_VXLAN_TOS = 6;
export const IFLA_VXLAN_LEARNING = 7;
export const IFLA_VXLAN_AGEING = 8;
export const IFLA_VXLAN_LIMIT = 9;
export const IFLA_VXLAN_PORT_RANGE = 10;
export const IFLA_VXLAN_PROXY = 11;
export const IFLA_VXLAN_RSC = 12;
export const IFLA_VXLAN_L2MISS = 13;
export const IFLA_VXLAN_L3MISS = 14;
export const IFLA_VXLAN_PORT = 15;
export const IFLA_VXLAN_GROUP6 = 16;
export const IFLA_VXLAN_LOCAL6 = 17;
export const IFLA_VXLAN_UDP_CSUM = 18;
export const IFLA_VXLAN_UDP_ZERO_CSUM6_TX = 19;
export const IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 20;
export const IFLA_VXLAN_REMCSUM_TX = 21;
export const IFLA_VXLAN_REMCSUM_RX = 22;
export const IFLA_VXLAN_GBP = 23;
export const IFLA_VXLAN_REMCSUM_NOPARTIAL = 24;
export const IFLA_VXLAN_COLLECT_METADATA = 25;
export const IFLA_VXLAN_LABEL = 26;
export const IFLA_VXLAN_GPE = 27;
export const IFLA_VXLAN_TTL_INHERIT = 28;
export const IFLA_VXLAN_DF = 29;
export const IFLA_VXLAN_VNIFILTER = 30;
export const IFLA_VXLAN_LOCALBYPASS = 31; // newer than Linux 6.1's headers
export const IFLA_VXLAN_LABEL_POLICY = 32; // newer than Linux 6.1's headers
export const IFLA_VXLAN_RESERVED_BITS = 33; // newer than Linux 6.1's headers
export const IFLA_VXLAN_MC_ROUTE = 34; // newer than Linux 6.1's headers
export const IFLA_VXLAN_MAX = 34;

// IFLA_VXLAN_DF
export const VXLAN_DF_UNSET = 0;
export const VXLAN_DF_SET = 1;
export const VXLAN_DF_INHERIT = 2;

// Attributes in IFLA_INFO_DATA of a bond
export const IFLA_BOND_UNSPEC = 0;
export const IFLA_BOND_MODE = 1;
export const IFLA_BOND_ACTIVE_SLAVE = 2;
export const IFLA_BOND_MIIMON = 3;
export const IFLA_BOND_UPDELAY = 4;
export const IFLA_BOND_DOWNDELAY = 5;
export const IFLA_BOND_USE_CARRIER = 6;
export const IFLA_BOND_ARP_INTERVAL = 7;
export const IFLA_BOND_ARP_IP_TARGET = 8;
export const IFLA_BOND_ARP_VALIDATE = 9;
export const IFLA_BOND_ARP_ALL_TARGETS = 10;
export const IFLA_BOND_PRIMARY = 11;
export const IFLA_BOND_PRIMARY_RESELECT = 12;
export const IFLA_BOND_FAIL_OVER_MAC = 13;
export const IFLA_BOND_XMIT_HASH_POLICY = 14;
export const IFLA_BOND_RESEND_IGMP = 15;
export const IFLA_BOND_NUM_PEER_NOTIF = 16;
export const IFLA_BOND_ALL_SLAVES_ACTIVE = 17;
export const IFLA_BOND_MIN_LINKS = 18;
export const IFLA_BOND_LP_INTERVAL = 19;
export const IFLA_BOND_PACKETS_PER_SLAVE = 20;
export const IFLA_BOND_AD_LACP_RATE = 21;
export const IFLA_BOND_AD_SELECT = 22;
export const IFLA_BOND_AD_INFO = 23;
export const IFLA_BOND_AD_ACTOR_SYS_PRIO = 24;
export const IFLA_BOND_AD_USER_PORT_KEY = 25;
export const IFLA_BOND_AD_ACTOR_SYSTEM = 26;
export const IFLA_BOND_TLB_DYNAMIC_LB = 27;
export const IFLA_BOND_PEER_NOTIF_DELAY = 28;
export const IFLA_BOND_AD_LACP_ACTIVE = 29;
export const IFLA_BOND_MISSED_MAX = 30;
export const IFLA_BOND_NS_IP6_TARGET = 31;
export const IFLA_BOND_COUPLED_CONTROL = 32;
export const IFLA_BOND_BROADCAST_NEIGH = 33; // newer than Linux 6.1's headers
export const IFLA_BOND_MAX = 33;

// Attributes in IFLA_BOND_AD_INFO
export const IFLA_BOND_AD_INFO_UNSPEC = 0;
export const IFLA_BOND_AD_INFO_AGGREGATOR = 1;
export const IFLA_BOND_AD_INFO_NUM_PORTS = 2;
export const IFLA_BOND_AD_INFO_ACTOR_KEY = 3;
export const IFLA_BOND_AD_INFO_PARTNER_KEY = 4;
export const IFLA_BOND_AD_INFO_PARTNER_MAC = 5;
export const IFLA_BOND_AD_INFO_MAX = 5;

// Attributes in IFLA_INFO_SLAVE_DATA of a bond's port
export const IFLA_BOND_SLAVE_UNSPEC = 0;
export const IFLA_BOND_SLAVE_STATE = 1;
export const IFLA_BOND_SLAVE_MII_STATUS = 2;
export const IFLA_BOND_SLAVE_LINK_FAILURE_COUNT = 3;
export const IFLA_BOND_SLAVE_PERM_HWADDR = 4;
export const IFLA_BOND_SLAVE_QUEUE_ID = 5;
export const IFLA_BOND_SLAVE_AD_AGGREGATOR_ID = 6;
export const IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE = 7;
export const IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE = 8;
export const IFLA_BOND_SLAVE_PRIO = 9;
export const IFLA_BOND_SLAVE_ACTOR_PORT_PRIO = 10;
export const IFLA_BOND_SLAVE_AD_CHURN_ACTOR_STATE = 11;
export const IFLA_BOND_SLAVE_AD_CHURN_PARTNER_STATE = 12;
export const IFLA_BOND_SLAVE_MAX = 12;

// Attributes of RTM_NEWSTATS; bit n - 1 of filter_mask asks for n
export const IFLA_STATS_UNSPEC = 0;
export const IFLA_STATS_LINK_64 = 1;
export const IFLA_STATS_LINK_XSTATS = 2;
export const IFLA_STATS_LINK_XSTATS_SLAVE = 3;
export const IFLA_STATS_LINK_OFFLOAD_XSTATS = 4;
export const IFLA_STATS_AF_SPEC = 5;
export const IFLA_STATS_MAX = 5;

// Attributes of RTM_GETSTATS and RTM_SETSTATS
export const IFLA_STATS_GETSET_UNSPEC = 0;
export const IFLA_STATS_GET_FILTERS = 1;
export const IFLA_STATS_SET_OFFLOAD_XSTATS_L3_STATS = 2;
export const IFLA_STATS_GETSET_MAX = 2;

// Attributes in IFLA_STATS_LINK_XSTATS
export const LINK_XSTATS_TYPE_UNSPEC = 0;
export const LINK_XSTATS_TYPE_BRIDGE = 1;
export const LINK_XSTATS_TYPE_BOND = 2;
export const LINK_XSTATS_TYPE_MAX = 2;

// Attributes in IFLA_STATS_LINK_OFFLOAD_XSTATS
export const IFLA_OFFLOAD_XSTATS_UNSPEC = 0;
export const IFLA_OFFLOAD_XSTATS_CPU_HIT = 1;
export const IFLA_OFFLOAD_XSTATS_HW_S_INFO = 2;
export const IFLA_OFFLOAD_XSTATS_L3_STATS = 3;
export const IFLA_OFFLOAD_XSTATS_MAX = 3;

// Attributes in IFLA_OFFLOAD_XSTATS_HW_S_INFO
export const IFLA_OFFLOAD_XSTATS_HW_S_INFO_UNSPEC = 0;
export const IFLA_OFFLOAD_XSTATS_HW_S_INFO_REQUEST = 1;
export const IFLA_OFFLOAD_XSTATS_HW_S_INFO_USED = 2;
export const IFLA_OFFLOAD_XSTATS_HW_S_INFO_MAX = 2;

// IFLA_XDP_FLAGS
export const XDP_FLAGS_UPDATE_IF_NOEXIST = 0x1;
export const XDP_FLAGS_SKB_MODE = 0x2;
export const XDP_FLAGS_DRV_MODE = 0x4;
export const XDP_FLAGS_HW_MODE = 0x8;
export const XDP_FLAGS_REPLACE = 0x10;
export const XDP_FLAGS_MODES = 0xe;
export const XDP_FLAGS_MASK = 0x1f;

// IFLA_XDP_ATTACHED
export const XDP_ATTACHED_NONE = 0;
export const XDP_ATTACHED_DRV = 1;
export const XDP_ATTACHED_SKB = 2;
export const XDP_ATTACHED_HW = 3;
export const XDP_ATTACHED_MULTI = 4;

// Attributes in IFLA_XDP
export const IFLA_XDP_UNSPEC = 0;
export const IFLA_XDP_FD = 1;
export const IFLA_XDP_ATTACHED = 2;
export const IFLA_XDP_FLAGS = 3;
export const IFLA_XDP_PROG_ID = 4;
export const IFLA_XDP_DRV_PROG_ID = 5;
export const IFLA_XDP_SKB_PROG_ID = 6;
export const IFLA_XDP_HW_PROG_ID = 7;
export const IFLA_XDP_EXPECTED_FD = 8;
export const IFLA_XDP_MAX = 8;

// Attributes in IFLA_VFINFO_LIST
export const IFLA_VF_INFO = 1;

// Attributes in IFLA_VF_INFO
export const IFLA_VF_UNSPEC = 0;
export const IFLA_VF_MAC = 1;
export const IFLA_VF_VLAN = 2;
export const IFLA_VF_TX_RATE = 3;
export const IFLA_VF_SPOOFCHK = 4;
export const IFLA_VF_LINK_STATE = 5;
export const IFLA_VF_RATE = 6;
export const IFLA_VF_RSS_QUERY_EN = 7;
export const IFLA_VF_STATS = 8;
export const IFLA_VF_TRUST = 9;
export const IFLA_VF_IB_NODE_GUID = 10;
export const IFLA_VF_IB_PORT_GUID = 11;
export const IFLA_VF_VLAN_LIST = 12;
export const IFLA_VF_BROADCAST = 13;
export const IFLA_VF_MAX = 13;

// Attributes in IFLA_VF_VLAN_LIST
export const IFLA_VF_VLAN_INFO = 1;

// IFLA_EVENT
export const IFLA_EVENT_NONE = 0;
export const IFLA_EVENT_REBOOT = 1;
export const IFLA_EVENT_FEATURES = 2;
export const IFLA_EVENT_BONDING_FAILOVER = 3;
export const IFLA_EVENT_NOTIFY_PEERS = 4;
export const IFLA_EVENT_IGMP_RESEND = 5;
export const IFLA_EVENT_BONDING_OPTIONS = 6;

// Attributes in IFLA_INFO_DATA of a netkit, newer than Linux 6.1's headers
export const IFLA_NETKIT_UNSPEC = 0;
export const IFLA_NETKIT_PEER_INFO = 1;
export const IFLA_NETKIT_PRIMARY = 2;
export const IFLA_NETKIT_POLICY = 3;
export const IFLA_NETKIT_PEER_POLICY = 4;
export const IFLA_NETKIT_MODE = 5;
export const IFLA_NETKIT_SCRUB = 6;
export const IFLA_NETKIT_PEER_SCRUB = 7;
export const IFLA_NETKIT_HEADROOM = 8;
export const IFLA_NETKIT_TAILROOM = 9;
export const IFLA_NETKIT_MAX = 9;

// IFLA_NETKIT_POLICY and _PEER_POLICY: enum netkit_action, newer than Linux 6.1's headers
export const NETKIT_NEXT = -1;
export const NETKIT_PASS = 0;
export const NETKIT_DROP = 2;
export const NETKIT_REDIRECT = 7;

// IFLA_NETKIT_MODE: enum netkit_mode, newer than Linux 6.1's headers
export const NETKIT_L2 = 0;
export const NETKIT_L3 = 1;

// IFLA_NETKIT_SCRUB and _PEER_SCRUB: enum netkit_scrub, newer than Linux 6.1's headers
export const NETKIT_SCRUB_NONE = 0;
export const NETKIT_SCRUB_DEFAULT = 1;

// struct rtnl_link_stats: IFLA_STATS, each a u32
export const RTNL_LINK_STATS_RX_PACKETS = 0;
export const RTNL_LINK_STATS_TX_PACKETS = 4;
export const RTNL_LINK_STATS_RX_BYTES = 8;
export const RTNL_LINK_STATS_TX_BYTES = 12;
export const RTNL_LINK_STATS_RX_ERRORS = 16;
export const RTNL_LINK_STATS_TX_ERRORS = 20;
export const RTNL_LINK_STATS_RX_DROPPED = 24;
export const RTNL_LINK_STATS_TX_DROPPED = 28;
export const RTNL_LINK_STATS_MULTICAST = 32;
export const RTNL_LINK_STATS_COLLISIONS = 36;
export const RTNL_LINK_STATS_RX_LENGTH_ERRORS = 40;
export const RTNL_LINK_STATS_RX_OVER_ERRORS = 44;
export const RTNL_LINK_STATS_RX_CRC_ERRORS = 48;
export const RTNL_LINK_STATS_RX_FRAME_ERRORS = 52;
export const RTNL_LINK_STATS_RX_FIFO_ERRORS = 56;
export const RTNL_LINK_STATS_RX_MISSED_ERRORS = 60;
export const RTNL_LINK_STATS_TX_ABORTED_ERRORS = 64;
export const RTNL_LINK_STATS_TX_CARRIER_ERRORS = 68;
export const RTNL_LINK_STATS_TX_FIFO_ERRORS = 72;
export const RTNL_LINK_STATS_TX_HEARTBEAT_ERRORS = 76;
export const RTNL_LINK_STATS_TX_WINDOW_ERRORS = 80;
export const RTNL_LINK_STATS_RX_COMPRESSED = 84;
export const RTNL_LINK_STATS_TX_COMPRESSED = 88;
export const RTNL_LINK_STATS_RX_NOHANDLER = 92;
export const RTNL_LINK_STATS_SIZE = 96;

// struct rtnl_link_stats64: IFLA_STATS64, each a u64
export const RTNL_LINK_STATS64_RX_PACKETS = 0;
export const RTNL_LINK_STATS64_TX_PACKETS = 8;
export const RTNL_LINK_STATS64_RX_BYTES = 16;
export const RTNL_LINK_STATS64_TX_BYTES = 24;
export const RTNL_LINK_STATS64_RX_ERRORS = 32;
export const RTNL_LINK_STATS64_TX_ERRORS = 40;
export const RTNL_LINK_STATS64_RX_DROPPED = 48;
export const RTNL_LINK_STATS64_TX_DROPPED = 56;
export const RTNL_LINK_STATS64_MULTICAST = 64;
export const RTNL_LINK_STATS64_COLLISIONS = 72;
export const RTNL_LINK_STATS64_RX_LENGTH_ERRORS = 80;
export const RTNL_LINK_STATS64_RX_OVER_ERRORS = 88;
export const RTNL_LINK_STATS64_RX_CRC_ERRORS = 96;
export const RTNL_LINK_STATS64_RX_FRAME_ERRORS = 104;
export const RTNL_LINK_STATS64_RX_FIFO_ERRORS = 112;
export const RTNL_LINK_STATS64_RX_MISSED_ERRORS = 120;
export const RTNL_LINK_STATS64_TX_ABORTED_ERRORS = 128;
export const RTNL_LINK_STATS64_TX_CARRIER_ERRORS = 136;
export const RTNL_LINK_STATS64_TX_FIFO_ERRORS = 144;
export const RTNL_LINK_STATS64_TX_HEARTBEAT_ERRORS = 152;
export const RTNL_LINK_STATS64_TX_WINDOW_ERRORS = 160;
export const RTNL_LINK_STATS64_RX_COMPRESSED = 168;
export const RTNL_LINK_STATS64_TX_COMPRESSED = 176;
export const RTNL_LINK_STATS64_RX_NOHANDLER = 184;
export const RTNL_LINK_STATS64_RX_OTHERHOST_DROPPED = 192;
export const RTNL_LINK_STATS64_SIZE = 200;

// struct rtnl_link_ifmap: IFLA_MAP; the kernel sends the size with its padding
export const RTNL_LINK_IFMAP_MEM_START = 0;
export const RTNL_LINK_IFMAP_MEM_END = 8;
export const RTNL_LINK_IFMAP_BASE_ADDR = 16;
export const RTNL_LINK_IFMAP_IRQ = 24;
export const RTNL_LINK_IFMAP_DMA = 26;
export const RTNL_LINK_IFMAP_PORT = 27;
export const RTNL_LINK_IFMAP_SIZE = 32;

// struct ifla_cacheinfo: IFLA_INET6_CACHEINFO
export const IFLA_CACHEINFO_MAX_REASM_LEN = 0;
export const IFLA_CACHEINFO_TSTAMP = 4;
export const IFLA_CACHEINFO_REACHABLE_TIME = 8;
export const IFLA_CACHEINFO_RETRANS_TIME = 12;
export const IFLA_CACHEINFO_SIZE = 16;

// struct if_stats_msg: the header of a statistics message
export const IF_STATS_MSG_FAMILY = 0;
export const IF_STATS_MSG_IFINDEX = 4;
export const IF_STATS_MSG_FILTER_MASK = 8;
export const IF_STATS_MSG_SIZE = 12;

// struct ifla_bridge_id: IFLA_BR_ROOT_ID, IFLA_BR_BRIDGE_ID
export const IFLA_BRIDGE_ID_PRIO = 0;
export const IFLA_BRIDGE_ID_ADDR = 2;
export const IFLA_BRIDGE_ID_SIZE = 8;

// struct ifla_vlan_flags: IFLA_VLAN_FLAGS
export const IFLA_VLAN_FLAGS_FLAGS = 0;
export const IFLA_VLAN_FLAGS_MASK = 4;
export const IFLA_VLAN_FLAGS_SIZE = 8;

// struct ifla_vlan_qos_mapping: IFLA_VLAN_QOS_MAPPING
export const IFLA_VLAN_QOS_MAPPING_FROM = 0;
export const IFLA_VLAN_QOS_MAPPING_TO = 4;
export const IFLA_VLAN_QOS_MAPPING_SIZE = 8;

// struct ifla_vxlan_port_range: IFLA_VXLAN_PORT_RANGE
export const IFLA_VXLAN_PORT_RANGE_LOW = 0;
export const IFLA_VXLAN_PORT_RANGE_HIGH = 2;
export const IFLA_VXLAN_PORT_RANGE_SIZE = 4;

// struct tunnel_msg
export const TUNNEL_MSG_FAMILY = 0;
export const TUNNEL_MSG_FLAGS = 1;
export const TUNNEL_MSG_IFINDEX = 4;
export const TUNNEL_MSG_SIZE = 8;

// Flags of struct tunnel_msg
export const TUNNEL_MSG_FLAG_STATS = 0x01;

// Attributes of RTM_NEWTUNNEL
export const VXLAN_VNIFILTER_UNSPEC = 0;
export const VXLAN_VNIFILTER_ENTRY = 1;
export const VXLAN_VNIFILTER_MAX = 1;

// VXLAN_VNIFILTER_ENTRY
export const VXLAN_VNIFILTER_ENTRY_UNSPEC = 0;
export const VXLAN_VNIFILTER_ENTRY_START = 1;
export const VXLAN_VNIFILTER_ENTRY_END = 2;
export const VXLAN_VNIFILTER_ENTRY_GROUP = 3;
export const VXLAN_VNIFILTER_ENTRY_GROUP6 = 4;
export const VXLAN_VNIFILTER_ENTRY_STATS = 5;
export const VXLAN_VNIFILTER_ENTRY_MAX = 5;

// VXLAN_VNIFILTER_ENTRY_STATS
export const VNIFILTER_ENTRY_STATS_UNSPEC = 0;
export const VNIFILTER_ENTRY_STATS_RX_BYTES = 1;
export const VNIFILTER_ENTRY_STATS_RX_PKTS = 2;
export const VNIFILTER_ENTRY_STATS_RX_DROPS = 3;
export const VNIFILTER_ENTRY_STATS_RX_ERRORS = 4;
export const VNIFILTER_ENTRY_STATS_TX_BYTES = 5;
export const VNIFILTER_ENTRY_STATS_TX_PKTS = 6;
export const VNIFILTER_ENTRY_STATS_TX_DROPS = 7;
export const VNIFILTER_ENTRY_STATS_TX_ERRORS = 8;
export const VNIFILTER_ENTRY_STATS_PAD = 9;
export const VNIFILTER_ENTRY_STATS_MAX = 9;
