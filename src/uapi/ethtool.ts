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
export const ETHTOOL_GMSGLVL = 0x00000007;
export const ETHTOOL_GLINK = 0x0000000a;
export const ETHTOOL_GCOALESCE = 0x0000000e;
export const ETHTOOL_GRINGPARAM = 0x00000010;
export const ETHTOOL_GPAUSEPARAM = 0x00000012;
export const ETHTOOL_GRXCSUM = 0x00000014;
export const ETHTOOL_SRXCSUM = 0x00000015;
export const ETHTOOL_GTXCSUM = 0x00000016;
export const ETHTOOL_STXCSUM = 0x00000017;
export const ETHTOOL_GSG = 0x00000018;
export const ETHTOOL_SSG = 0x00000019;
export const ETHTOOL_GSTRINGS = 0x0000001b;
export const ETHTOOL_GSTATS = 0x0000001d;
export const ETHTOOL_GTSO = 0x0000001e;
export const ETHTOOL_STSO = 0x0000001f;
export const ETHTOOL_GPERMADDR = 0x00000020;
export const ETHTOOL_GUFO = 0x00000021;
export const ETHTOOL_GGSO = 0x00000023;
export const ETHTOOL_SGSO = 0x00000024;
export const ETHTOOL_GFLAGS = 0x00000025;
export const ETHTOOL_SFLAGS = 0x00000026;
export const ETHTOOL_GPFLAGS = 0x00000027;
export const ETHTOOL_GRXFH = 0x00000029;
export const ETHTOOL_GGRO = 0x0000002b;
export const ETHTOOL_SGRO = 0x0000002c;
export const ETHTOOL_GRXRINGS = 0x0000002d;
export const ETHTOOL_GRXCLSRLCNT = 0x0000002e;
export const ETHTOOL_GRXCLSRULE = 0x0000002f;
export const ETHTOOL_GRXCLSRLALL = 0x00000030;
export const ETHTOOL_GSSET_INFO = 0x00000037;
export const ETHTOOL_GRXFHINDIR = 0x00000038;
export const ETHTOOL_GFEATURES = 0x0000003a;
export const ETHTOOL_SFEATURES = 0x0000003b;
export const ETHTOOL_GCHANNELS = 0x0000003c;
export const ETHTOOL_SCHANNELS = 0x0000003d;
export const ETHTOOL_GET_TS_INFO = 0x00000041;
export const ETHTOOL_GEEE = 0x00000044;
export const ETHTOOL_GRSSH = 0x00000046;
export const ETHTOOL_GTUNABLE = 0x00000048;
export const ETHTOOL_GPHYSTATS = 0x0000004a;
export const ETHTOOL_GLINKSETTINGS = 0x0000004c;
export const ETHTOOL_SLINKSETTINGS = 0x0000004d;
export const ETHTOOL_PHY_GTUNABLE = 0x0000004e;
export const ETHTOOL_GFECPARAM = 0x00000050;

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

// ETHTOOL_GFLAGS
export const ETH_FLAG_TXVLAN = 0x00000080;
export const ETH_FLAG_RXVLAN = 0x00000100;
export const ETH_FLAG_LRO = 0x00008000;
export const ETH_FLAG_NTUPLE = 0x08000000;
export const ETH_FLAG_RXHASH = 0x10000000;

// What ETHTOOL_SFEATURES returns: some were not to be changed; some are not as wanted
export const ETHTOOL_F_UNSUPPORTED = 1;
export const ETHTOOL_F_WISH = 2;

// struct ethtool_drvinfo
export const ETHTOOL_DRVINFO_DRIVER = 4;
export const ETHTOOL_DRVINFO_VERSION = 36;
export const ETHTOOL_DRVINFO_FW_VERSION = 68;
export const ETHTOOL_DRVINFO_BUS_INFO = 100;
export const ETHTOOL_DRVINFO_N_STATS = 180;
export const ETHTOOL_DRVINFO_SIZE = 196;

// struct ethtool_cmd
export const ETHTOOL_CMD_SPEED = 12;
export const ETHTOOL_CMD_DUPLEX = 14;
export const ETHTOOL_CMD_PORT = 15;
export const ETHTOOL_CMD_AUTONEG = 18;
export const ETHTOOL_CMD_SPEED_HI = 28;
export const ETHTOOL_CMD_SIZE = 44;

// struct ethtool_link_settings, less the masks behind it
export const ETHTOOL_LINK_SETTINGS_SPEED = 4;
export const ETHTOOL_LINK_SETTINGS_DUPLEX = 8;
export const ETHTOOL_LINK_SETTINGS_PORT = 9;
export const ETHTOOL_LINK_SETTINGS_AUTONEG = 11;
export const ETHTOOL_LINK_SETTINGS_LINK_MODE_MASKS_NWORDS = 15;
export const ETHTOOL_LINK_SETTINGS_SIZE = 48;

// struct ethtool_channels
export const ETHTOOL_CHANNELS_MAX_RX = 4;
export const ETHTOOL_CHANNELS_MAX_TX = 8;
export const ETHTOOL_CHANNELS_MAX_OTHER = 12;
export const ETHTOOL_CHANNELS_MAX_COMBINED = 16;
export const ETHTOOL_CHANNELS_RX_COUNT = 20;
export const ETHTOOL_CHANNELS_TX_COUNT = 24;
export const ETHTOOL_CHANNELS_OTHER_COUNT = 28;
export const ETHTOOL_CHANNELS_COMBINED_COUNT = 32;
export const ETHTOOL_CHANNELS_SIZE = 36;

// struct ethtool_ts_info
export const ETHTOOL_TS_INFO_SO_TIMESTAMPING = 4;
export const ETHTOOL_TS_INFO_PHC_INDEX = 8;
export const ETHTOOL_TS_INFO_SIZE = 44;
