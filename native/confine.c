// A filter on system calls for programs that this library does not reach: they can do all but make sockets of a network, which
// would be the host's.
//
//   socket(family, …)    AF_UNIX, AF_ALG, AF_VSOCK, netlink of the system itself: as ever; any other: EAFNOSUPPORT
//   socketcall(2)        of 32-bit x86, which hides the family from a filter: EAFNOSUPPORT for every socket
//   io_uring_setup(2)    EPERM, as where kernel.io_uring_disabled says so: a ring makes sockets by itself
//
// The process that is about to become the program takes it on, between fork and exec: no locks, no memory. Programs that such
// a program starts have it too; those of them that the library reaches find their namespace, as netlink is AF_UNIX for them.
//
// Mirrors seccomp(2). Omitted: sockets that a program is born with or sent.

#include "preload.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

// Netlink protocols that have nothing to do with a network.
int is_system_protocol(int protocol) {
  return protocol == NETLINK_AUDIT || protocol == NETLINK_SELINUX || protocol == NETLINK_CRYPTO ||
         protocol == NETLINK_KOBJECT_UEVENT;
}

// Whether sockets of a family belong to a network namespace, or are refused in all but the first one (AF_BLUETOOTH, AF_NFC).
int is_networked(int family) { return family != AF_UNIX && family != AF_ALG && family != AF_VSOCK; }

// Numbers of system calls where the filter runs, and of programs of 32 bits beside.
#define NR_IO_URING_SETUP 425
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define NR_SOCKET 41
#define NR_SOCKET_32 359
#define NR_SOCKETCALL_32 102
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define NR_SOCKET 198
#define NR_SOCKET_32 281
#define NR_SOCKETCALL_32 102
#endif

#ifdef ARCH
// Set in the numbers of x32, which are those of x86_64 otherwise.
#define X32 0x40000000U
// The first argument of socketcall(2) that stands for socket(2).
#define CALL_SOCKET 1

// The low half of an argument, where integers are little-endian.
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
// At instruction `at`: goes on at one of two others.
#define CHOOSE(at, value, then, other) \
  [at] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, (then) - (at) - 1, (other) - (at) - 1)
#define WHEN(at, value, then) CHOOSE(at, value, then, (at) + 1)

enum { NATIVE = 5, SOCKET = 9, CALL = 19, ALLOW = 21, NO_FAMILY, NO_RING };

static const struct sock_filter filter[] = {
    [0] = LOAD(arch),
    WHEN(1, ARCH, NATIVE),
    [2] = LOAD(nr),
    WHEN(3, NR_SOCKET_32, SOCKET),
    CHOOSE(4, NR_SOCKETCALL_32, CALL, NATIVE + 3),
    [NATIVE] = LOAD(nr),
    [6] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32),
    WHEN(7, NR_SOCKET, SOCKET),
    CHOOSE(8, NR_IO_URING_SETUP, NO_RING, ALLOW),
    [SOCKET] = LOAD(args[0]),
    WHEN(10, AF_UNIX, ALLOW),
    WHEN(11, AF_ALG, ALLOW),
    WHEN(12, AF_VSOCK, ALLOW),
    CHOOSE(13, AF_NETLINK, 14, NO_FAMILY),
    [14] = LOAD(args[2]),
    WHEN(15, NETLINK_AUDIT, ALLOW),
    WHEN(16, NETLINK_SELINUX, ALLOW),
    WHEN(17, NETLINK_CRYPTO, ALLOW),
    CHOOSE(18, NETLINK_KOBJECT_UEVENT, ALLOW, NO_FAMILY),
    [CALL] = LOAD(args[0]),
    CHOOSE(20, CALL_SOCKET, NO_FAMILY, ALLOW),
    [ALLOW] = RETURN(SECCOMP_RET_ALLOW),
    [NO_FAMILY] = RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    [NO_RING] = RETURN(SECCOMP_RET_ERRNO | EPERM),
};

static int take_filter(void) {
  struct sock_fprog program = {sizeof(filter) / sizeof(*filter), (struct sock_filter *)filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static int take_filter(void) { return -1; }
#endif

// Keeps the calling thread, and what it becomes or starts from now on, from every network. Returns 0 or -errno, having said why.
int confine(void) {
  if (take_filter() == 0) return 0;
  complain("a program that is not led to a uveth namespace is not started, as seccomp cannot keep it from the host's network");
  return -EPERM;
}

struct confined {
  int (*start)(void *);
  void *argument;
  int result;
};

static void *start_confined(void *given) {
  struct confined *confined = given;
  int result = confine();
  confined->result = result < 0 ? -result : confined->start(confined->argument);
  return NULL;
}

// Calls a function that starts a program, in a thread of its own that is kept from every network. Returns the function's result,
// an errno.
int while_confined(int (*start)(void *), void *argument) {
  struct confined confined = {start, argument, 0};
  pthread_t thread;
  int error = pthread_create(&thread, NULL, start_confined, &confined);
  if (error != 0) return error;
  pthread_join(thread, NULL);
  return confined.result;
}
