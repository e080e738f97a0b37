// Mirrors <linux/in_route.h>. Data only.

// Upper half of rtm_flags in the answer to RTM_GETROUTE
export const RTCF_REDIRECTED = 0x00040000;
export const RTCF_DOREDIRECT = 0x01000000;
export const RTCF_BROADCAST = 0x10000000;
export const RTCF_MULTICAST = 0x20000000;
export const RTCF_LOCAL = 0x80000000;
