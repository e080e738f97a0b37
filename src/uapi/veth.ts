// Mirrors <linux/veth.h>. Data only.

// Attributes in IFLA_INFO_DATA of a veth
export const VETH_INFO_UNSPEC = 0;
export const VETH_INFO_PEER = 1;
export const VETH_INFO_MAX = 1;
