// Mirrors <linux/ethtool_netlink.h>: the generic netlink family `ethtool`, as far as used. Data only.

// The family
export const ETHTOOL_GENL_NAME = "ethtool";
export const ETHTOOL_GENL_VERSION = 1;
export const ETHTOOL_MCGRP_MONITOR_NAME = "monitor";

// Commands to the kernel
export const ETHTOOL_MSG_STRSET_GET = 1;
export const ETHTOOL_MSG_LINKINFO_GET = 2;
export const ETHTOOL_MSG_LINKINFO_SET = 3;
export const ETHTOOL_MSG_LINKMODES_GET = 4;
export const ETHTOOL_MSG_LINKMODES_SET = 5;
export const ETHTOOL_MSG_LINKSTATE_GET = 6;
export const ETHTOOL_MSG_DEBUG_GET = 7;
export const ETHTOOL_MSG_DEBUG_SET = 8;
export const ETHTOOL_MSG_WOL_GET = 9;
export const ETHTOOL_MSG_WOL_SET = 10;
export const ETHTOOL_MSG_FEATURES_GET = 11;
export const ETHTOOL_MSG_FEATURES_SET = 12;
export const ETHTOOL_MSG_PRIVFLAGS_GET = 13;
export const ETHTOOL_MSG_PRIVFLAGS_SET = 14;
export const ETHTOOL_MSG_RINGS_GET = 15;
export const ETHTOOL_MSG_RINGS_SET = 16;
export const ETHTOOL_MSG_CHANNELS_GET = 17;
export const ETHTOOL_MSG_CHANNELS_SET = 18;
export const ETHTOOL_MSG_COALESCE_GET = 19;
export const ETHTOOL_MSG_COALESCE_SET = 20;
export const ETHTOOL_MSG_PAUSE_GET = 21;
export const ETHTOOL_MSG_PAUSE_SET = 22;
export const ETHTOOL_MSG_EEE_GET = 23;
export const ETHTOOL_MSG_EEE_SET = 24;
export const ETHTOOL_MSG_TSINFO_GET = 25;
export const ETHTOOL_MSG_CABLE_TEST_ACT = 26;
export const ETHTOOL_MSG_CABLE_TEST_TDR_ACT = 27;
export const ETHTOOL_MSG_TUNNEL_INFO_GET = 28;
export const ETHTOOL_MSG_FEC_GET = 29;
export const ETHTOOL_MSG_FEC_SET = 30;
export const ETHTOOL_MSG_MODULE_EEPROM_GET = 31;
export const ETHTOOL_MSG_STATS_GET = 32;
export const ETHTOOL_MSG_PHC_VCLOCKS_GET = 33;
export const ETHTOOL_MSG_MODULE_GET = 34;
export const ETHTOOL_MSG_MODULE_SET = 35;
export const ETHTOOL_MSG_PSE_GET = 36;
export const ETHTOOL_MSG_PSE_SET = 37;

// Commands to the kernel, newer than Linux 6.1's headers
export const ETHTOOL_MSG_RSS_GET = 38;
export const ETHTOOL_MSG_PLCA_GET_CFG = 39;
export const ETHTOOL_MSG_PLCA_SET_CFG = 40;
export const ETHTOOL_MSG_PLCA_GET_STATUS = 41;
export const ETHTOOL_MSG_MM_GET = 42;
export const ETHTOOL_MSG_MM_SET = 43;
export const ETHTOOL_MSG_MODULE_FW_FLASH_ACT = 44;
export const ETHTOOL_MSG_PHY_GET = 45;
export const ETHTOOL_MSG_TSCONFIG_GET = 46;
export const ETHTOOL_MSG_TSCONFIG_SET = 47;
export const ETHTOOL_MSG_RSS_SET = 48;
export const ETHTOOL_MSG_RSS_CREATE_ACT = 49;
export const ETHTOOL_MSG_RSS_DELETE_ACT = 50;

// Commands from the kernel
export const ETHTOOL_MSG_STRSET_GET_REPLY = 1;
export const ETHTOOL_MSG_LINKINFO_GET_REPLY = 2;
export const ETHTOOL_MSG_LINKMODES_GET_REPLY = 4;
export const ETHTOOL_MSG_LINKSTATE_GET_REPLY = 6;
export const ETHTOOL_MSG_FEATURES_GET_REPLY = 11;
export const ETHTOOL_MSG_FEATURES_SET_REPLY = 12;
export const ETHTOOL_MSG_FEATURES_NTF = 13;
export const ETHTOOL_MSG_CHANNELS_GET_REPLY = 18;
export const ETHTOOL_MSG_CHANNELS_NTF = 19;
export const ETHTOOL_MSG_TSINFO_GET_REPLY = 26;
export const ETHTOOL_MSG_STATS_GET_REPLY = 33;
export const ETHTOOL_MSG_PHC_VCLOCKS_GET_REPLY = 34;
export const ETHTOOL_MSG_MODULE_GET_REPLY = 35;

// ETHTOOL_A_HEADER_FLAGS
export const ETHTOOL_FLAG_COMPACT_BITSETS = 0x1;
export const ETHTOOL_FLAG_OMIT_REPLY = 0x2;
export const ETHTOOL_FLAG_STATS = 0x4;

// Attributes of the header that every request and answer has
export const ETHTOOL_A_HEADER_UNSPEC = 0;
export const ETHTOOL_A_HEADER_DEV_INDEX = 1;
export const ETHTOOL_A_HEADER_DEV_NAME = 2;
export const ETHTOOL_A_HEADER_FLAGS = 3;
export const ETHTOOL_A_HEADER_PHY_INDEX = 4; // newer than Linux 6.1's headers

// Attributes of a bit
export const ETHTOOL_A_BITSET_BIT_UNSPEC = 0;
export const ETHTOOL_A_BITSET_BIT_INDEX = 1;
export const ETHTOOL_A_BITSET_BIT_NAME = 2;
export const ETHTOOL_A_BITSET_BIT_VALUE = 3;

// Attributes in ETHTOOL_A_BITSET_BITS
export const ETHTOOL_A_BITSET_BITS_UNSPEC = 0;
export const ETHTOOL_A_BITSET_BITS_BIT = 1;

// Attributes of a bit set
export const ETHTOOL_A_BITSET_UNSPEC = 0;
export const ETHTOOL_A_BITSET_NOMASK = 1;
export const ETHTOOL_A_BITSET_SIZE = 2;
export const ETHTOOL_A_BITSET_BITS = 3;
export const ETHTOOL_A_BITSET_VALUE = 4;
export const ETHTOOL_A_BITSET_MASK = 5;

// Attributes of a string
export const ETHTOOL_A_STRING_UNSPEC = 0;
export const ETHTOOL_A_STRING_INDEX = 1;
export const ETHTOOL_A_STRING_VALUE = 2;

// Attributes in ETHTOOL_A_STRINGSET_STRINGS
export const ETHTOOL_A_STRINGS_UNSPEC = 0;
export const ETHTOOL_A_STRINGS_STRING = 1;

// Attributes of a string set
export const ETHTOOL_A_STRINGSET_UNSPEC = 0;
export const ETHTOOL_A_STRINGSET_ID = 1;
export const ETHTOOL_A_STRINGSET_COUNT = 2;
export const ETHTOOL_A_STRINGSET_STRINGS = 3;

// Attributes in ETHTOOL_A_STRSET_STRINGSETS
export const ETHTOOL_A_STRINGSETS_UNSPEC = 0;
export const ETHTOOL_A_STRINGSETS_STRINGSET = 1;

// Attributes of ETHTOOL_MSG_STRSET_*
export const ETHTOOL_A_STRSET_UNSPEC = 0;
export const ETHTOOL_A_STRSET_HEADER = 1;
export const ETHTOOL_A_STRSET_STRINGSETS = 2;
export const ETHTOOL_A_STRSET_COUNTS_ONLY = 3;

// Attributes of ETHTOOL_MSG_LINKINFO_*
export const ETHTOOL_A_LINKINFO_UNSPEC = 0;
export const ETHTOOL_A_LINKINFO_HEADER = 1;
export const ETHTOOL_A_LINKINFO_PORT = 2;
export const ETHTOOL_A_LINKINFO_PHYADDR = 3;
export const ETHTOOL_A_LINKINFO_TP_MDIX = 4;
export const ETHTOOL_A_LINKINFO_TP_MDIX_CTRL = 5;
export const ETHTOOL_A_LINKINFO_TRANSCEIVER = 6;

// Attributes of ETHTOOL_MSG_LINKMODES_*
export const ETHTOOL_A_LINKMODES_UNSPEC = 0;
export const ETHTOOL_A_LINKMODES_HEADER = 1;
export const ETHTOOL_A_LINKMODES_AUTONEG = 2;
export const ETHTOOL_A_LINKMODES_OURS = 3;
export const ETHTOOL_A_LINKMODES_PEER = 4;
export const ETHTOOL_A_LINKMODES_SPEED = 5;
export const ETHTOOL_A_LINKMODES_DUPLEX = 6;
export const ETHTOOL_A_LINKMODES_MASTER_SLAVE_CFG = 7;
export const ETHTOOL_A_LINKMODES_MASTER_SLAVE_STATE = 8;
export const ETHTOOL_A_LINKMODES_LANES = 9;
export const ETHTOOL_A_LINKMODES_RATE_MATCHING = 10;

// Attributes of ETHTOOL_MSG_LINKSTATE_*
export const ETHTOOL_A_LINKSTATE_UNSPEC = 0;
export const ETHTOOL_A_LINKSTATE_HEADER = 1;
export const ETHTOOL_A_LINKSTATE_LINK = 2;
export const ETHTOOL_A_LINKSTATE_SQI = 3;
export const ETHTOOL_A_LINKSTATE_SQI_MAX = 4;
export const ETHTOOL_A_LINKSTATE_EXT_STATE = 5;
export const ETHTOOL_A_LINKSTATE_EXT_SUBSTATE = 6;

// Attributes of ETHTOOL_MSG_FEATURES_*
export const ETHTOOL_A_FEATURES_UNSPEC = 0;
export const ETHTOOL_A_FEATURES_HEADER = 1;
export const ETHTOOL_A_FEATURES_HW = 2;
export const ETHTOOL_A_FEATURES_WANTED = 3;
export const ETHTOOL_A_FEATURES_ACTIVE = 4;
export const ETHTOOL_A_FEATURES_NOCHANGE = 5;

// Attributes of ETHTOOL_MSG_CHANNELS_*
export const ETHTOOL_A_CHANNELS_UNSPEC = 0;
export const ETHTOOL_A_CHANNELS_HEADER = 1;
export const ETHTOOL_A_CHANNELS_RX_MAX = 2;
export const ETHTOOL_A_CHANNELS_TX_MAX = 3;
export const ETHTOOL_A_CHANNELS_OTHER_MAX = 4;
export const ETHTOOL_A_CHANNELS_COMBINED_MAX = 5;
export const ETHTOOL_A_CHANNELS_RX_COUNT = 6;
export const ETHTOOL_A_CHANNELS_TX_COUNT = 7;
export const ETHTOOL_A_CHANNELS_OTHER_COUNT = 8;
export const ETHTOOL_A_CHANNELS_COMBINED_COUNT = 9;

// Attributes of ETHTOOL_MSG_TSINFO_*
export const ETHTOOL_A_TSINFO_UNSPEC = 0;
export const ETHTOOL_A_TSINFO_HEADER = 1;
export const ETHTOOL_A_TSINFO_TIMESTAMPING = 2;
export const ETHTOOL_A_TSINFO_TX_TYPES = 3;
export const ETHTOOL_A_TSINFO_RX_FILTERS = 4;
export const ETHTOOL_A_TSINFO_PHC_INDEX = 5;

// Attributes of ETHTOOL_MSG_STATS_*
export const ETHTOOL_A_STATS_UNSPEC = 0;
export const ETHTOOL_A_STATS_PAD = 1;
export const ETHTOOL_A_STATS_HEADER = 2;
export const ETHTOOL_A_STATS_GROUPS = 3;
export const ETHTOOL_A_STATS_GRP = 4;
export const ETHTOOL_A_STATS_SRC = 5; // newer than Linux 6.1's headers

// Attributes of a group of statistics
export const ETHTOOL_A_STATS_GRP_UNSPEC = 0;
export const ETHTOOL_A_STATS_GRP_PAD = 1;
export const ETHTOOL_A_STATS_GRP_ID = 2;
export const ETHTOOL_A_STATS_GRP_SS_ID = 3;
export const ETHTOOL_A_STATS_GRP_STAT = 4;
export const ETHTOOL_A_STATS_GRP_HIST_RX = 5;
export const ETHTOOL_A_STATS_GRP_HIST_TX = 6;
export const ETHTOOL_A_STATS_GRP_HIST_BKT_LOW = 7;
export const ETHTOOL_A_STATS_GRP_HIST_BKT_HI = 8;
export const ETHTOOL_A_STATS_GRP_HIST_VAL = 9;

// Attributes of ETHTOOL_MSG_PHC_VCLOCKS_*
export const ETHTOOL_A_PHC_VCLOCKS_UNSPEC = 0;
export const ETHTOOL_A_PHC_VCLOCKS_HEADER = 1;
export const ETHTOOL_A_PHC_VCLOCKS_NUM = 2;
export const ETHTOOL_A_PHC_VCLOCKS_INDEX = 3;
