// Mirrors <linux/pkt_cls.h>. Data only.

// Attributes of an action in a list of actions
export const TCA_ACT_UNSPEC = 0;
export const TCA_ACT_KIND = 1;
export const TCA_ACT_OPTIONS = 2;
export const TCA_ACT_INDEX = 3;
export const TCA_ACT_STATS = 4;
export const TCA_ACT_PAD = 5;
export const TCA_ACT_COOKIE = 6;
export const TCA_ACT_FLAGS = 7;
export const TCA_ACT_HW_STATS = 8;
export const TCA_ACT_USED_HW_STATS = 9;
export const TCA_ACT_IN_HW_COUNT = 10;
export const TCA_ACT_MAX = 11;

// Flags of an action (TCA_ACT_FLAGS), and ways to count (TCA_ACT_HW_STATS)
export const TCA_ACT_FLAGS_NO_PERCPU_STATS = 1;
export const TCA_ACT_FLAGS_SKIP_HW = 2;
export const TCA_ACT_FLAGS_SKIP_SW = 4;
export const TCA_ACT_HW_STATS_IMMEDIATE = 1;
export const TCA_ACT_HW_STATS_DELAYED = 2;

// Actions in one list
export const TCA_ACT_MAX_PRIO = 32;

// What becomes of a frame
export const TC_ACT_UNSPEC = -1;
export const TC_ACT_OK = 0;
export const TC_ACT_RECLASSIFY = 1;
export const TC_ACT_SHOT = 2;
export const TC_ACT_PIPE = 3;
export const TC_ACT_STOLEN = 4;
export const TC_ACT_QUEUED = 5;
export const TC_ACT_REPEAT = 6;
export const TC_ACT_REDIRECT = 7;
export const TC_ACT_TRAP = 8;

// … and what takes a value in the lower bits
export const TC_ACT_EXT_VAL_MASK = 0x0fffffff;
export const TC_ACT_JUMP = 0x10000000;
export const TC_ACT_GOTO_CHAIN = 0x20000000;

// Flags of filters
export const TCA_CLS_FLAGS_SKIP_HW = 1;
export const TCA_CLS_FLAGS_SKIP_SW = 2;
export const TCA_CLS_FLAGS_IN_HW = 4;
export const TCA_CLS_FLAGS_NOT_IN_HW = 8;
export const TCA_CLS_FLAGS_VERBOSE = 16;

// struct tcf_t: times of an action
export const TCF_T_INSTALL = 0;
export const TCF_T_LASTUSE = 8;
export const TCF_T_EXPIRES = 16;
export const TCF_T_FIRSTUSE = 24;
export const TCF_T_SIZE = 32;

// Attributes in TCA_OPTIONS of matchall
export const TCA_MATCHALL_UNSPEC = 0;
export const TCA_MATCHALL_CLASSID = 1;
export const TCA_MATCHALL_ACT = 2;
export const TCA_MATCHALL_FLAGS = 3;
export const TCA_MATCHALL_PCNT = 4;
export const TCA_MATCHALL_PAD = 5;
export const TCA_MATCHALL_MAX = 5;

// Attributes in TCA_OPTIONS of u32
export const TCA_U32_UNSPEC = 0;
export const TCA_U32_CLASSID = 1;
export const TCA_U32_HASH = 2;
export const TCA_U32_LINK = 3;
export const TCA_U32_DIVISOR = 4;
export const TCA_U32_SEL = 5;
export const TCA_U32_POLICE = 6;
export const TCA_U32_ACT = 7;
export const TCA_U32_INDEV = 8;
export const TCA_U32_PCNT = 9;
export const TCA_U32_MARK = 10;
export const TCA_U32_FLAGS = 11;
export const TCA_U32_PAD = 12;
export const TCA_U32_MAX = 12;

// struct tc_u32_key
export const TC_U32_KEY_MASK = 0;
export const TC_U32_KEY_VAL = 4;
export const TC_U32_KEY_OFF = 8;
export const TC_U32_KEY_OFFMASK = 12;
export const TC_U32_KEY_SIZE = 16;

// struct tc_u32_sel: TCA_U32_SEL, keys behind it
export const TC_U32_SEL_FLAGS = 0;
export const TC_U32_SEL_OFFSHIFT = 1;
export const TC_U32_SEL_NKEYS = 2;
export const TC_U32_SEL_OFFMASK = 4;
export const TC_U32_SEL_OFF = 6;
export const TC_U32_SEL_OFFOFF = 8;
export const TC_U32_SEL_HOFF = 10;
export const TC_U32_SEL_HMASK = 12;
export const TC_U32_SEL_SIZE = 16;

// Flags of u32's selectors, and the handle of a root table
export const TC_U32_TERMINAL = 1;
export const TC_U32_OFFSET = 2;
export const TC_U32_VAROFFSET = 4;
export const TC_U32_EAT = 8;
export const TC_U32_ROOT = 0xfff00000;
