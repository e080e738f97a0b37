// Mirrors <linux/pkt_cls.h>. Data only.

// Attributes of an action in a list of actions
export const TCA_ACT_UNSPEC = 0;
export const TCA_ACT_KIND = 1;
export const TCA_ACT_OPTIONS = 2;
export const TCA_ACT_INDEX = 3;
export const TCA_ACT_STATS = 4;
export const TCA_ACT_PAD = 5;
export const TCA_ACT_COOKIE = 6;
export const TCA_ACT_FLAGS = 7;
export const TCA_ACT_HW_STATS = 8;
export const TCA_ACT_USED_HW_STATS = 9;
export const TCA_ACT_IN_HW_COUNT = 10;
export const TCA_ACT_MAX = 11;

// Flags of an action (TCA_ACT_FLAGS), and ways to count (TCA_ACT_HW_STATS)
export const TCA_ACT_FLAGS_NO_PERCPU_STATS = 1;
export const TCA_ACT_FLAGS_SKIP_HW = 2;
export const TCA_ACT_FLAGS_SKIP_SW = 4;
export const TCA_ACT_HW_STATS_IMMEDIATE = 1;
export const TCA_ACT_HW_STATS_DELAYED = 2;

// Actions in one list
export const TCA_ACT_MAX_PRIO = 32;

// What becomes of a frame
export const TC_ACT_UNSPEC = -1;
export const TC_ACT_OK = 0;
export const TC_ACT_RECLASSIFY = 1;
export const TC_ACT_SHOT = 2;
export const TC_ACT_PIPE = 3;
export const TC_ACT_STOLEN = 4;
export const TC_ACT_QUEUED = 5;
export const TC_ACT_REPEAT = 6;
export const TC_ACT_REDIRECT = 7;
export const TC_ACT_TRAP = 8;

// … and what takes a value in the lower bits
export const TC_ACT_EXT_VAL_MASK = 0x0fffffff;
export const TC_ACT_JUMP = 0x10000000;
export const TC_ACT_GOTO_CHAIN = 0x20000000;

// Flags of filters
export const TCA_CLS_FLAGS_SKIP_HW = 1;
export const TCA_CLS_FLAGS_SKIP_SW = 2;
export const TCA_CLS_FLAGS_IN_HW = 4;
export const TCA_CLS_FLAGS_NOT_IN_HW = 8;
export const TCA_CLS_FLAGS_VERBOSE = 16;

// struct tcf_t: times of an action
export const TCF_T_INSTALL = 0;
export const TCF_T_LASTUSE = 8;
export const TCF_T_EXPIRES = 16;
export const TCF_T_FIRSTUSE = 24;
export const TCF_T_SIZE = 32;

// Attributes in TCA_OPTIONS of matchall
export const TCA_MATCHALL_UNSPEC = 0;
export const TCA_MATCHALL_CLASSID = 1;
export const TCA_MATCHALL_ACT = 2;
export const TCA_MATCHALL_FLAGS = 3;
export const TCA_MATCHALL_PCNT = 4;
export const TCA_MATCHALL_PAD = 5;
export const TCA_MATCHALL_MAX = 5;

// Attributes in TCA_OPTIONS of u32
export const TCA_U32_UNSPEC = 0;
export const TCA_U32_CLASSID = 1;
export const TCA_U32_HASH = 2;
export const TCA_U32_LINK = 3;
export const TCA_U32_DIVISOR = 4;
export const TCA_U32_SEL = 5;
export const TCA_U32_POLICE = 6;
export const TCA_U32_ACT = 7;
export const TCA_U32_INDEV = 8;
export const TCA_U32_PCNT = 9;
export const TCA_U32_MARK = 10;
export const TCA_U32_FLAGS = 11;
export const TCA_U32_PAD = 12;
export const TCA_U32_MAX = 12;

// struct tc_u32_key
export const TC_U32_KEY_MASK = 0;
export const TC_U32_KEY_VAL = 4;
export const TC_U32_KEY_OFF = 8;
export const TC_U32_KEY_OFFMASK = 12;
export const TC_U32_KEY_SIZE = 16;

// struct tc_u32_sel: TCA_U32_SEL, keys behind it
export const TC_U32_SEL_FLAGS = 0;
export const TC_U32_SEL_OFFSHIFT = 1;
export const TC_U32_SEL_NKEYS = 2;
export const TC_U32_SEL_OFFMASK = 4;
export const TC_U32_SEL_OFF = 6;
export const TC_U32_SEL_OFFOFF = 8;
export const TC_U32_SEL_HOFF = 10;
export const TC_U32_SEL_HMASK = 12;
export const TC_U32_SEL_SIZE = 16;

// Flags of u32's selectors, and the handle of a root table
export const TC_U32_TERMINAL = 1;
export const TC_U32_OFFSET = 2;
export const TC_U32_VAROFFSET = 4;
export const TC_U32_EAT = 8;
export const TC_U32_ROOT = 0xfff00000;

// Attributes in TCA_OPTIONS of basic
export const TCA_BASIC_UNSPEC = 0;
export const TCA_BASIC_CLASSID = 1;
export const TCA_BASIC_EMATCHES = 2;
export const TCA_BASIC_ACT = 3;
export const TCA_BASIC_POLICE = 4;
export const TCA_BASIC_PCNT = 5;
export const TCA_BASIC_PAD = 6;
export const TCA_BASIC_MAX = 6;

// Attributes in TCA_OPTIONS of flower
export const TCA_FLOWER_UNSPEC = 0;
export const TCA_FLOWER_CLASSID = 1;
export const TCA_FLOWER_INDEV = 2;
export const TCA_FLOWER_ACT = 3;
export const TCA_FLOWER_KEY_ETH_DST = 4;
export const TCA_FLOWER_KEY_ETH_DST_MASK = 5;
export const TCA_FLOWER_KEY_ETH_SRC = 6;
export const TCA_FLOWER_KEY_ETH_SRC_MASK = 7;
export const TCA_FLOWER_KEY_ETH_TYPE = 8;
export const TCA_FLOWER_KEY_IP_PROTO = 9;
export const TCA_FLOWER_KEY_IPV4_SRC = 10;
export const TCA_FLOWER_KEY_IPV4_SRC_MASK = 11;
export const TCA_FLOWER_KEY_IPV4_DST = 12;
export const TCA_FLOWER_KEY_IPV4_DST_MASK = 13;
export const TCA_FLOWER_KEY_IPV6_SRC = 14;
export const TCA_FLOWER_KEY_IPV6_SRC_MASK = 15;
export const TCA_FLOWER_KEY_IPV6_DST = 16;
export const TCA_FLOWER_KEY_IPV6_DST_MASK = 17;
export const TCA_FLOWER_KEY_TCP_SRC = 18;
export const TCA_FLOWER_KEY_TCP_DST = 19;
export const TCA_FLOWER_KEY_UDP_SRC = 20;
export const TCA_FLOWER_KEY_UDP_DST = 21;
export const TCA_FLOWER_FLAGS = 22;
export const TCA_FLOWER_KEY_VLAN_ID = 23;
export const TCA_FLOWER_KEY_VLAN_PRIO = 24;
export const TCA_FLOWER_KEY_VLAN_ETH_TYPE = 25;
export const TCA_FLOWER_KEY_ENC_KEY_ID = 26;
export const TCA_FLOWER_KEY_ENC_IPV4_SRC = 27;
export const TCA_FLOWER_KEY_ENC_IPV4_SRC_MASK = 28;
export const TCA_FLOWER_KEY_ENC_IPV4_DST = 29;
export const TCA_FLOWER_KEY_ENC_IPV4_DST_MASK = 30;
export const TCA_FLOWER_KEY_ENC_IPV6_SRC = 31;
export const TCA_FLOWER_KEY_ENC_IPV6_SRC_MASK = 32;
export const TCA_FLOWER_KEY_ENC_IPV6_DST = 33;
export const TCA_FLOWER_KEY_ENC_IPV6_DST_MASK = 34;
export const TCA_FLOWER_KEY_TCP_SRC_MASK = 35;
export const TCA_FLOWER_KEY_TCP_DST_MASK = 36;
export const TCA_FLOWER_KEY_UDP_SRC_MASK = 37;
export const TCA_FLOWER_KEY_UDP_DST_MASK = 38;
export const TCA_FLOWER_KEY_SCTP_SRC_MASK = 39;
export const TCA_FLOWER_KEY_SCTP_DST_MASK = 40;
export const TCA_FLOWER_KEY_SCTP_SRC = 41;
export const TCA_FLOWER_KEY_SCTP_DST = 42;
export const TCA_FLOWER_KEY_ENC_UDP_SRC_PORT = 43;
export const TCA_FLOWER_KEY_ENC_UDP_SRC_PORT_MASK = 44;
export const TCA_FLOWER_KEY_ENC_UDP_DST_PORT = 45;
export const TCA_FLOWER_KEY_ENC_UDP_DST_PORT_MASK = 46;
export const TCA_FLOWER_KEY_FLAGS = 47;
export const TCA_FLOWER_KEY_FLAGS_MASK = 48;
export const TCA_FLOWER_KEY_ICMPV4_CODE = 49;
export const TCA_FLOWER_KEY_ICMPV4_CODE_MASK = 50;
export const TCA_FLOWER_KEY_ICMPV4_TYPE = 51;
export const TCA_FLOWER_KEY_ICMPV4_TYPE_MASK = 52;
export const TCA_FLOWER_KEY_ICMPV6_CODE = 53;
export const TCA_FLOWER_KEY_ICMPV6_CODE_MASK = 54;
export const TCA_FLOWER_KEY_ICMPV6_TYPE = 55;
export const TCA_FLOWER_KEY_ICMPV6_TYPE_MASK = 56;
export const TCA_FLOWER_KEY_ARP_SIP = 57;
export const TCA_FLOWER_KEY_ARP_SIP_MASK = 58;
export const TCA_FLOWER_KEY_ARP_TIP = 59;
export const TCA_FLOWER_KEY_ARP_TIP_MASK = 60;
export const TCA_FLOWER_KEY_ARP_OP = 61;
export const TCA_FLOWER_KEY_ARP_OP_MASK = 62;
export const TCA_FLOWER_KEY_ARP_SHA = 63;
export const TCA_FLOWER_KEY_ARP_SHA_MASK = 64;
export const TCA_FLOWER_KEY_ARP_THA = 65;
export const TCA_FLOWER_KEY_ARP_THA_MASK = 66;
export const TCA_FLOWER_KEY_MPLS_TTL = 67;
export const TCA_FLOWER_KEY_MPLS_BOS = 68;
export const TCA_FLOWER_KEY_MPLS_TC = 69;
export const TCA_FLOWER_KEY_MPLS_LABEL = 70;
export const TCA_FLOWER_KEY_TCP_FLAGS = 71;
export const TCA_FLOWER_KEY_TCP_FLAGS_MASK = 72;
export const TCA_FLOWER_KEY_IP_TOS = 73;
export const TCA_FLOWER_KEY_IP_TOS_MASK = 74;
export const TCA_FLOWER_KEY_IP_TTL = 75;
export const TCA_FLOWER_KEY_IP_TTL_MASK = 76;
export const TCA_FLOWER_KEY_CVLAN_ID = 77;
export const TCA_FLOWER_KEY_CVLAN_PRIO = 78;
export const TCA_FLOWER_KEY_CVLAN_ETH_TYPE = 79;
export const TCA_FLOWER_KEY_ENC_IP_TOS = 80;
export const TCA_FLOWER_KEY_ENC_IP_TOS_MASK = 81;
export const TCA_FLOWER_KEY_ENC_IP_TTL = 82;
export const TCA_FLOWER_KEY_ENC_IP_TTL_MASK = 83;
export const TCA_FLOWER_KEY_ENC_OPTS = 84;
export const TCA_FLOWER_KEY_ENC_OPTS_MASK = 85;
export const TCA_FLOWER_IN_HW_COUNT = 86;
export const TCA_FLOWER_KEY_PORT_SRC_MIN = 87;
export const TCA_FLOWER_KEY_PORT_SRC_MAX = 88;
export const TCA_FLOWER_KEY_PORT_DST_MIN = 89;
export const TCA_FLOWER_KEY_PORT_DST_MAX = 90;
export const TCA_FLOWER_KEY_CT_STATE = 91;
export const TCA_FLOWER_KEY_CT_STATE_MASK = 92;
export const TCA_FLOWER_KEY_CT_ZONE = 93;
export const TCA_FLOWER_KEY_CT_ZONE_MASK = 94;
export const TCA_FLOWER_KEY_CT_MARK = 95;
export const TCA_FLOWER_KEY_CT_MARK_MASK = 96;
export const TCA_FLOWER_KEY_CT_LABELS = 97;
export const TCA_FLOWER_KEY_CT_LABELS_MASK = 98;
export const TCA_FLOWER_KEY_MPLS_OPTS = 99;
export const TCA_FLOWER_KEY_HASH = 100;
export const TCA_FLOWER_KEY_HASH_MASK = 101;
export const TCA_FLOWER_KEY_NUM_OF_VLANS = 102;
export const TCA_FLOWER_KEY_PPPOE_SID = 103;
export const TCA_FLOWER_KEY_PPP_PROTO = 104;
export const TCA_FLOWER_KEY_L2TPV3_SID = 105;
export const TCA_FLOWER_MAX = 105;

// Bits of TCA_FLOWER_KEY_FLAGS
export const TCA_FLOWER_KEY_FLAGS_IS_FRAGMENT = 1;
export const TCA_FLOWER_KEY_FLAGS_FRAG_IS_FIRST = 2;

// Attributes in TCA_ACT_OPTIONS of police
export const TCA_POLICE_UNSPEC = 0;
export const TCA_POLICE_TBF = 1;
export const TCA_POLICE_RATE = 2;
export const TCA_POLICE_PEAKRATE = 3;
export const TCA_POLICE_AVRATE = 4;
export const TCA_POLICE_RESULT = 5;
export const TCA_POLICE_TM = 6;
export const TCA_POLICE_PAD = 7;
export const TCA_POLICE_RATE64 = 8;
export const TCA_POLICE_PEAKRATE64 = 9;
export const TCA_POLICE_PKTRATE64 = 10;
export const TCA_POLICE_PKTBURST64 = 11;
export const TCA_POLICE_MAX = 11;

// struct tc_police
export const TC_POLICE_INDEX = 0;
export const TC_POLICE_ACTION = 4;
export const TC_POLICE_LIMIT = 8;
export const TC_POLICE_BURST = 12;
export const TC_POLICE_MTU = 16;
export const TC_POLICE_RATE = 20;
export const TC_POLICE_PEAKRATE = 32;
export const TC_POLICE_REFCNT = 44;
export const TC_POLICE_BINDCNT = 48;
export const TC_POLICE_CAPAB = 52;
export const TC_POLICE_SIZE = 56;

// Attributes of a tree of extended matches
export const TCA_EMATCH_TREE_UNSPEC = 0;
export const TCA_EMATCH_TREE_HDR = 1;
export const TCA_EMATCH_TREE_LIST = 2;
export const TCA_EMATCH_TREE_MAX = 2;

// struct tcf_ematch_tree_hdr
export const TCF_EMATCH_TREE_HDR_NMATCHES = 0;
export const TCF_EMATCH_TREE_HDR_PROGID = 2;
export const TCF_EMATCH_TREE_HDR_SIZE = 4;

// struct tcf_ematch_hdr
export const TCF_EMATCH_HDR_MATCHID = 0;
export const TCF_EMATCH_HDR_KIND = 2;
export const TCF_EMATCH_HDR_FLAGS = 4;
export const TCF_EMATCH_HDR_SIZE = 8;

// How an extended match goes with the next one
export const TCF_EM_REL_END = 0;
export const TCF_EM_REL_AND = 1;
export const TCF_EM_REL_OR = 2;
export const TCF_EM_REL_MASK = 3;
export const TCF_EM_INVERT = 4;
export const TCF_EM_SIMPLE = 8;

// Kinds of extended match
export const TCF_EM_CONTAINER = 0;
export const TCF_EM_CMP = 1;
export const TCF_EM_NBYTE = 2;
export const TCF_EM_U32 = 3;
export const TCF_EM_META = 4;

// Where an offset counts from
export const TCF_LAYER_LINK = 0;
export const TCF_LAYER_NETWORK = 1;
export const TCF_LAYER_TRANSPORT = 2;

// How two values are compared
export const TCF_EM_OPND_EQ = 0;
export const TCF_EM_OPND_GT = 1;
export const TCF_EM_OPND_LT = 2;
