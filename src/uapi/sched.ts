// Mirrors <linux/sched.h>: the namespaces that clone(2), setns(2) and unshare(2) name. Data only.

export const CLONE_NEWNS = 0x00020000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWPID = 0x20000000;
export const CLONE_NEWNET = 0x40000000;
