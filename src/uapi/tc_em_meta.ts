// Mirrors <linux/tc_ematch/tc_em_meta.h>. Data only.

// Attributes of meta, and what it looks at
export const TCA_EM_META_HDR = 1;
export const TCA_EM_META_LVALUE = 2;
export const TCA_EM_META_RVALUE = 3;
export const TCF_META_TYPE_INT = 1;
export const TCF_META_ID_VALUE = 0;
export const TCF_META_ID_RANDOM = 1;
export const TCF_META_ID_DEV = 5;
export const TCF_META_ID_PRIORITY = 6;
export const TCF_META_ID_PROTOCOL = 7;
export const TCF_META_ID_PKTTYPE = 8;
export const TCF_META_ID_PKTLEN = 9;
export const TCF_META_ID_MACLEN = 11;
export const TCF_META_ID_NFMARK = 12;
