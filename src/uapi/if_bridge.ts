// Mirrors <linux/if_bridge.h>. Data only.

// IFLA_AF_SPEC of the family AF_BRIDGE
export const IFLA_BRIDGE_FLAGS = 0;
export const IFLA_BRIDGE_MODE = 1;
export const IFLA_BRIDGE_VLAN_INFO = 2;
export const IFLA_BRIDGE_VLAN_TUNNEL_INFO = 3;
export const IFLA_BRIDGE_MRP = 4;
export const IFLA_BRIDGE_CFM = 5;
export const IFLA_BRIDGE_MST = 6;
export const IFLA_BRIDGE_MAX = 6;

// IFLA_BRIDGE_FLAGS
export const BRIDGE_FLAGS_MASTER = 1;
export const BRIDGE_FLAGS_SELF = 2;

// Flags of struct bridge_vlan_info
export const BRIDGE_VLAN_INFO_MASTER = 1 << 0;
export const BRIDGE_VLAN_INFO_PVID = 1 << 1;
export const BRIDGE_VLAN_INFO_UNTAGGED = 1 << 2;
export const BRIDGE_VLAN_INFO_RANGE_BEGIN = 1 << 3;
export const BRIDGE_VLAN_INFO_RANGE_END = 1 << 4;
export const BRIDGE_VLAN_INFO_BRENTRY = 1 << 5;
export const BRIDGE_VLAN_INFO_ONLY_OPTS = 1 << 6;

// IFLA_BRIDGE_VLAN_TUNNEL_INFO
export const IFLA_BRIDGE_VLAN_TUNNEL_UNSPEC = 0;
export const IFLA_BRIDGE_VLAN_TUNNEL_ID = 1;
export const IFLA_BRIDGE_VLAN_TUNNEL_VID = 2;
export const IFLA_BRIDGE_VLAN_TUNNEL_FLAGS = 3;
export const IFLA_BRIDGE_VLAN_TUNNEL_MAX = 3;

// IFLA_BRIDGE_MST
export const IFLA_BRIDGE_MST_UNSPEC = 0;
export const IFLA_BRIDGE_MST_ENTRY = 1;
export const IFLA_BRIDGE_MST_MAX = 1;

// IFLA_BRIDGE_MST_ENTRY
export const IFLA_BRIDGE_MST_ENTRY_UNSPEC = 0;
export const IFLA_BRIDGE_MST_ENTRY_MSTI = 1;
export const IFLA_BRIDGE_MST_ENTRY_STATE = 2;
export const IFLA_BRIDGE_MST_ENTRY_MAX = 2;

// Attributes of a request for the VLAN database
export const BRIDGE_VLANDB_DUMP_UNSPEC = 0;
export const BRIDGE_VLANDB_DUMP_FLAGS = 1;
export const BRIDGE_VLANDB_DUMP_MAX = 1;

// BRIDGE_VLANDB_DUMP_FLAGS
export const BRIDGE_VLANDB_DUMPF_STATS = 1 << 0;
export const BRIDGE_VLANDB_DUMPF_GLOBAL = 1 << 1;

// Attributes of a message of the VLAN database
export const BRIDGE_VLANDB_UNSPEC = 0;
export const BRIDGE_VLANDB_ENTRY = 1;
export const BRIDGE_VLANDB_GLOBAL_OPTIONS = 2;
export const BRIDGE_VLANDB_MAX = 2;

// BRIDGE_VLANDB_ENTRY
export const BRIDGE_VLANDB_ENTRY_UNSPEC = 0;
export const BRIDGE_VLANDB_ENTRY_INFO = 1;
export const BRIDGE_VLANDB_ENTRY_RANGE = 2;
export const BRIDGE_VLANDB_ENTRY_STATE = 3;
export const BRIDGE_VLANDB_ENTRY_TUNNEL_INFO = 4;
export const BRIDGE_VLANDB_ENTRY_STATS = 5;
export const BRIDGE_VLANDB_ENTRY_MCAST_ROUTER = 6;
export const BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS = 7; // newer than Linux 6.1's headers
export const BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS = 8; // newer than Linux 6.1's headers
export const BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS = 9; // newer than Linux 6.1's headers
export const BRIDGE_VLANDB_ENTRY_MAX = 9;

// BRIDGE_VLANDB_ENTRY_TUNNEL_INFO
export const BRIDGE_VLANDB_TINFO_UNSPEC = 0;
export const BRIDGE_VLANDB_TINFO_ID = 1;
export const BRIDGE_VLANDB_TINFO_CMD = 2;
export const BRIDGE_VLANDB_TINFO_MAX = 2;

// BRIDGE_VLANDB_ENTRY_STATS
export const BRIDGE_VLANDB_STATS_UNSPEC = 0;
export const BRIDGE_VLANDB_STATS_RX_BYTES = 1;
export const BRIDGE_VLANDB_STATS_RX_PACKETS = 2;
export const BRIDGE_VLANDB_STATS_TX_BYTES = 3;
export const BRIDGE_VLANDB_STATS_TX_PACKETS = 4;
export const BRIDGE_VLANDB_STATS_PAD = 5;

// BRIDGE_VLANDB_GLOBAL_OPTIONS
export const BRIDGE_VLANDB_GOPTS_UNSPEC = 0;
export const BRIDGE_VLANDB_GOPTS_ID = 1;
export const BRIDGE_VLANDB_GOPTS_RANGE = 2;
export const BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING = 3;
export const BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION = 4;
export const BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION = 5;
export const BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT = 6;
export const BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT = 7;
export const BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL = 8;
export const BRIDGE_VLANDB_GOPTS_PAD = 9;
export const BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL = 10;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL = 11;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL = 12;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL = 13;
export const BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL = 14;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERIER = 15;
export const BRIDGE_VLANDB_GOPTS_MCAST_ROUTER_PORTS = 16;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_STATE = 17;
export const BRIDGE_VLANDB_GOPTS_MSTI = 18;
export const BRIDGE_VLANDB_GOPTS_MAX = 18;

// Attributes of a message of the multicast database
export const MDBA_UNSPEC = 0;
export const MDBA_MDB = 1;
export const MDBA_ROUTER = 2;
export const MDBA_MAX = 2;

// MDBA_MDB
export const MDBA_MDB_UNSPEC = 0;
export const MDBA_MDB_ENTRY = 1;

// MDBA_MDB_ENTRY
export const MDBA_MDB_ENTRY_UNSPEC = 0;
export const MDBA_MDB_ENTRY_INFO = 1;

// Attributes behind struct br_mdb_entry
export const MDBA_MDB_EATTR_UNSPEC = 0;
export const MDBA_MDB_EATTR_TIMER = 1;
export const MDBA_MDB_EATTR_SRC_LIST = 2;
export const MDBA_MDB_EATTR_GROUP_MODE = 3;
export const MDBA_MDB_EATTR_SOURCE = 4;
export const MDBA_MDB_EATTR_RTPROT = 5;
export const MDBA_MDB_EATTR_DST = 6; // newer than Linux 6.1's headers
export const MDBA_MDB_EATTR_DST_PORT = 7; // newer than Linux 6.1's headers
export const MDBA_MDB_EATTR_VNI = 8; // newer than Linux 6.1's headers
export const MDBA_MDB_EATTR_IFINDEX = 9; // newer than Linux 6.1's headers
export const MDBA_MDB_EATTR_SRC_VNI = 10; // newer than Linux 6.1's headers

// MDBA_MDB_EATTR_SRC_LIST
export const MDBA_MDB_SRCLIST_UNSPEC = 0;
export const MDBA_MDB_SRCLIST_ENTRY = 1;

// MDBA_MDB_SRCLIST_ENTRY
export const MDBA_MDB_SRCATTR_UNSPEC = 0;
export const MDBA_MDB_SRCATTR_ADDRESS = 1;
export const MDBA_MDB_SRCATTR_TIMER = 2;

// MDBA_ROUTER_PATTR_TYPE, IFLA_BR_MCAST_ROUTER and IFLA_BRPORT_MULTICAST_ROUTER
export const MDB_RTR_TYPE_DISABLED = 0;
export const MDB_RTR_TYPE_TEMP_QUERY = 1;
export const MDB_RTR_TYPE_PERM = 2;
export const MDB_RTR_TYPE_TEMP = 3;

// MDBA_ROUTER
export const MDBA_ROUTER_UNSPEC = 0;
export const MDBA_ROUTER_PORT = 1;

// Attributes of a router port
export const MDBA_ROUTER_PATTR_UNSPEC = 0;
export const MDBA_ROUTER_PATTR_TIMER = 1;
export const MDBA_ROUTER_PATTR_TYPE = 2;
export const MDBA_ROUTER_PATTR_INET_TIMER = 3;
export const MDBA_ROUTER_PATTR_INET6_TIMER = 4;
export const MDBA_ROUTER_PATTR_VID = 5;

// Attributes of a request about the multicast database
export const MDBA_SET_ENTRY_UNSPEC = 0;
export const MDBA_SET_ENTRY = 1;
export const MDBA_SET_ENTRY_ATTRS = 2;
export const MDBA_SET_ENTRY_MAX = 2;

// Attributes of a get from the multicast database; newer than Linux 6.1's headers
export const MDBA_GET_ENTRY_UNSPEC = 0;
export const MDBA_GET_ENTRY = 1;
export const MDBA_GET_ENTRY_ATTRS = 2;
export const MDBA_GET_ENTRY_MAX = 2;

// MDBA_SET_ENTRY_ATTRS
export const MDBE_ATTR_UNSPEC = 0;
export const MDBE_ATTR_SOURCE = 1;
export const MDBE_ATTR_SRC_LIST = 2; // newer than Linux 6.1's headers
export const MDBE_ATTR_GROUP_MODE = 3; // newer than Linux 6.1's headers
export const MDBE_ATTR_RTPROT = 4; // newer than Linux 6.1's headers
export const MDBE_ATTR_DST = 5; // newer than Linux 6.1's headers
export const MDBE_ATTR_DST_PORT = 6; // newer than Linux 6.1's headers
export const MDBE_ATTR_VNI = 7; // newer than Linux 6.1's headers
export const MDBE_ATTR_IFINDEX = 8; // newer than Linux 6.1's headers
export const MDBE_ATTR_SRC_VNI = 9; // newer than Linux 6.1's headers
export const MDBE_ATTR_STATE_MASK = 10; // newer than Linux 6.1's headers
export const MDBE_ATTR_MAX = 10;

// MDBE_ATTR_SRC_LIST; newer than Linux 6.1's headers
export const MDBE_SRC_LIST_UNSPEC = 0;
export const MDBE_SRC_LIST_ENTRY = 1;
export const MDBE_SRC_LIST_MAX = 1;

// MDBE_SRC_LIST_ENTRY; newer than Linux 6.1's headers
export const MDBE_SRCATTR_UNSPEC = 0;
export const MDBE_SRCATTR_ADDRESS = 1;
export const MDBE_SRCATTR_MAX = 1;

// IFLA_BR_MCAST_QUERIER_STATE
export const BRIDGE_QUERIER_UNSPEC = 0;
export const BRIDGE_QUERIER_IP_ADDRESS = 1;
export const BRIDGE_QUERIER_IP_PORT = 2;
export const BRIDGE_QUERIER_IP_OTHER_TIMER = 3;
export const BRIDGE_QUERIER_PAD = 4;
export const BRIDGE_QUERIER_IPV6_ADDRESS = 5;
export const BRIDGE_QUERIER_IPV6_PORT = 6;
export const BRIDGE_QUERIER_IPV6_OTHER_TIMER = 7;

// IFLA_STATS_LINK_XSTATS of a bridge
export const BRIDGE_XSTATS_UNSPEC = 0;
export const BRIDGE_XSTATS_VLAN = 1;
export const BRIDGE_XSTATS_MCAST = 2;
export const BRIDGE_XSTATS_PAD = 3;
export const BRIDGE_XSTATS_STP = 4;

// struct bridge_vlan_xstats
export const BRIDGE_VLAN_XSTATS_RX_BYTES = 0;
export const BRIDGE_VLAN_XSTATS_RX_PACKETS = 8;
export const BRIDGE_VLAN_XSTATS_TX_BYTES = 16;
export const BRIDGE_VLAN_XSTATS_TX_PACKETS = 24;
export const BRIDGE_VLAN_XSTATS_VID = 32;
export const BRIDGE_VLAN_XSTATS_FLAGS = 34;
export const BRIDGE_VLAN_XSTATS_SIZE = 40;

// State and flags of a multicast database entry
export const MDB_TEMPORARY = 0;
export const MDB_PERMANENT = 1;
export const MDB_FLAGS_OFFLOAD = 1 << 0;
export const MDB_FLAGS_FAST_LEAVE = 1 << 1;
export const MDB_FLAGS_STAR_EXCL = 1 << 2;
export const MDB_FLAGS_BLOCKED = 1 << 3;

// struct bridge_vlan_info: IFLA_BRIDGE_VLAN_INFO
export const BRIDGE_VLAN_INFO_FLAGS = 0;
export const BRIDGE_VLAN_INFO_VID = 2;
export const BRIDGE_VLAN_INFO_SIZE = 4;

// struct br_port_msg: the header of a message of the multicast database
export const BR_PORT_MSG_FAMILY = 0;
export const BR_PORT_MSG_IFINDEX = 4;
export const BR_PORT_MSG_SIZE = 8;

// struct br_vlan_msg: the header of a message of the VLAN database
export const BR_VLAN_MSG_FAMILY = 0;
export const BR_VLAN_MSG_RESERVED1 = 1;
export const BR_VLAN_MSG_RESERVED2 = 2;
export const BR_VLAN_MSG_IFINDEX = 4;
export const BR_VLAN_MSG_SIZE = 8;

// struct br_mdb_entry: MDBA_SET_ENTRY, MDBA_MDB_ENTRY_INFO
export const BR_MDB_ENTRY_IFINDEX = 0;
export const BR_MDB_ENTRY_STATE = 4;
export const BR_MDB_ENTRY_FLAGS = 5;
export const BR_MDB_ENTRY_VID = 6;
export const BR_MDB_ENTRY_ADDR = 8;
export const BR_MDB_ENTRY_SIZE = 28;
