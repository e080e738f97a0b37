// Mirrors <linux/ethtool.h>. Data only.

// Bytes of a name
export const ETH_GSTRING_LEN = 32;

// String sets: enum ethtool_stringset
export const ETH_SS_TEST = 0;
export const ETH_SS_STATS = 1;
export const ETH_SS_PRIV_FLAGS = 2;
export const ETH_SS_NTUPLE_FILTERS = 3;
export const ETH_SS_FEATURES = 4;
export const ETH_SS_RSS_HASH_FUNCS = 5;
export const ETH_SS_TUNABLES = 6;
export const ETH_SS_PHY_STATS = 7;
export const ETH_SS_PHY_TUNABLES = 8;
export const ETH_SS_LINK_MODES = 9;
export const ETH_SS_MSG_CLASSES = 10;
export const ETH_SS_WOL_MODES = 11;
export const ETH_SS_SOF_TIMESTAMPING = 12;
export const ETH_SS_TS_TX_TYPES = 13;
export const ETH_SS_TS_RX_FILTERS = 14;
export const ETH_SS_UDP_TUNNEL_TYPES = 15;
export const ETH_SS_STATS_STD = 16;
export const ETH_SS_STATS_ETH_PHY = 17;
export const ETH_SS_STATS_ETH_MAC = 18;
export const ETH_SS_STATS_ETH_CTRL = 19;
export const ETH_SS_STATS_RMON = 20;
export const ETH_SS_STATS_PHY = 21; // newer than Linux 6.1's headers
export const ETH_SS_TS_FLAGS = 22; // newer than Linux 6.1's headers
export const ETH_SS_COUNT = 23; // newer than Linux 6.1's headers

// Commands of SIOCETHTOOL
export const ETHTOOL_GSET = 0x00000001;
export const ETHTOOL_SSET = 0x00000002;
export const ETHTOOL_GDRVINFO = 0x00000003;
export const ETHTOOL_GLINK = 0x0000000a;
export const ETHTOOL_GSTRINGS = 0x0000001b;
export const ETHTOOL_GSTATS = 0x0000001d;
export const ETHTOOL_GSSET_INFO = 0x00000037;
export const ETHTOOL_GFEATURES = 0x0000003a;
export const ETHTOOL_SFEATURES = 0x0000003b;
export const ETHTOOL_GCHANNELS = 0x0000003c;
export const ETHTOOL_SCHANNELS = 0x0000003d;
export const ETHTOOL_GLINKSETTINGS = 0x0000004c;
export const ETHTOOL_SLINKSETTINGS = 0x0000004d;

// Speeds in Mb/s
export const SPEED_10 = 10;
export const SPEED_100 = 100;
export const SPEED_1000 = 1000;
export const SPEED_2500 = 2500;
export const SPEED_5000 = 5000;
export const SPEED_10000 = 10000;
export const SPEED_14000 = 14000;
export const SPEED_20000 = 20000;
export const SPEED_25000 = 25000;
export const SPEED_40000 = 40000;
export const SPEED_50000 = 50000;
export const SPEED_56000 = 56000;
export const SPEED_100000 = 100000;
export const SPEED_200000 = 200000;
export const SPEED_400000 = 400000;
export const SPEED_UNKNOWN = -1;

// Duplex
export const DUPLEX_HALF = 0x00;
export const DUPLEX_FULL = 0x01;
export const DUPLEX_UNKNOWN = 0xff;

// Connectors
export const PORT_TP = 0x00;
export const PORT_AUI = 0x01;
export const PORT_MII = 0x02;
export const PORT_FIBRE = 0x03;
export const PORT_BNC = 0x04;
export const PORT_DA = 0x05;
export const PORT_NONE = 0xef;
export const PORT_OTHER = 0xff;

// Autonegotiation
export const AUTONEG_DISABLE = 0x00;
export const AUTONEG_ENABLE = 0x01;

// Transceivers
export const XCVR_INTERNAL = 0x00;
