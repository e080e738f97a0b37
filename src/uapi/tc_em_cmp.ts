// Mirrors <linux/tc_ematch/tc_em_cmp.h>. Data only.

// struct tcf_em_cmp: in byte 10 how wide the value is and flags, in byte 11 the layer and how it is compared
export const TCF_EM_CMP_VAL = 0;
export const TCF_EM_CMP_MASK = 4;
export const TCF_EM_CMP_OFF = 8;

// Width of a value, and a flag of cmp
export const TCF_EM_ALIGN_U8 = 1;
export const TCF_EM_ALIGN_U16 = 2;
export const TCF_EM_ALIGN_U32 = 4;
export const TCF_EM_CMP_TRANS = 1;
