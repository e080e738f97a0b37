// Mirrors <linux/netdevice.h>. Data only.

// Largest hardware address in bytes
export const MAX_ADDR_LEN = 32;

// The group of a device that is told none
export const INIT_NETDEV_GROUP = 0;

// Who gave a device its name: /sys/class/net/*/name_assign_type
export const NET_NAME_UNKNOWN = 0;
export const NET_NAME_ENUM = 1;
export const NET_NAME_PREDICTABLE = 2;
export const NET_NAME_USER = 3;
export const NET_NAME_RENAMED = 4;

// Who gave a device its address: /sys/class/net/*/addr_assign_type
export const NET_ADDR_PERM = 0;
export const NET_ADDR_RANDOM = 1;
export const NET_ADDR_STOLEN = 2;
export const NET_ADDR_SET = 3;

// port of struct rtnl_link_ifmap
export const IF_PORT_UNKNOWN = 0;
export const IF_PORT_10BASE2 = 1;
export const IF_PORT_10BASET = 2;
export const IF_PORT_AUI = 3;
export const IF_PORT_100BASET = 4;
export const IF_PORT_100BASETX = 5;
export const IF_PORT_100BASEFX = 6;
