// Mirrors <linux/errqueue.h>. Data only.

// struct sock_extended_err: what is wrong with something that was sent; the offender's struct sockaddr stands behind it
export const SOCK_EXTENDED_ERR_ORIGIN = 4;
export const SOCK_EXTENDED_ERR_TYPE = 5;
export const SOCK_EXTENDED_ERR_CODE = 6;
export const SOCK_EXTENDED_ERR_INFO = 8;
export const SOCK_EXTENDED_ERR_SIZE = 16;

// Whence an error came
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
