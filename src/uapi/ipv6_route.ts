// Mirrors <linux/ipv6_route.h>. Data only.

export const RTF_DEFAULT = 0x0001_0000;
export const RTF_ADDRCONF = 0x0004_0000;
export const RTF_PREFIX_RT = 0x0008_0000;
export const RTF_ANYCAST = 0x0010_0000;
export const RTF_NONEXTHOP = 0x0020_0000;
export const RTF_EXPIRES = 0x0040_0000;
export const RTF_ROUTEINFO = 0x0080_0000;
export const RTF_LOCAL = 0x8000_0000;
