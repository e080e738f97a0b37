// Mirrors <linux/if_addrlabel.h>. Data only.

// struct ifaddrlblmsg
export const IFADDRLBLMSG_FAMILY = 0;
export const IFADDRLBLMSG_PREFIXLEN = 2;
export const IFADDRLBLMSG_FLAGS = 3;
export const IFADDRLBLMSG_INDEX = 4;
export const IFADDRLBLMSG_SEQ = 8;
export const IFADDRLBLMSG_SIZE = 12;

// Attributes
export const IFAL_ADDRESS = 1;
export const IFAL_LABEL = 2;
export const IFAL_MAX = 2;
