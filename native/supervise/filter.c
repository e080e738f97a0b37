// The filter on system calls: which of them the supervisor is notified of.
//
//   socket(2) of another family than AF_UNIX and its like     notified
//   calls on descriptors with the numbers of sockets of ours   notified
//   ioctl(2) about interfaces; what changes namespaces         notified
//   calls with a path, which a filter cannot read              notified
//   socket(2) of a family that no namespace of uveth has       EAFNOSUPPORT
//   io_uring_setup(2), calls of other architectures            refused as in ../confine.c
//   all else                                                   goes on, unseen
//
// Mirrors seccomp(2): SECCOMP_RET_USER_NOTIF.

#include "supervise.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define NR_SOCKET_32 359
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define NR_SOCKET_32 281
#endif
#define NR_SOCKETCALL_32 102
#define CALL_SOCKET 1
#define X32 0x40000000U

#define NOTIFY SECCOMP_RET_USER_NOTIF
#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))

// The low half of an argument, where integers are little-endian.
#define ARGUMENT(n) offsetof(struct seccomp_data, args[n])

static struct sock_filter code[512];
static unsigned short length;

static void put(uint16_t what, uint32_t value, uint8_t then, uint8_t other) {
  code[length++] = (struct sock_filter){what, then, other, value};
}

static void load(size_t offset) { put(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void end(uint32_t result) { put(BPF_RET | BPF_K, result, 0, 0); }

// Ends with `result` when what is loaded passes a test.
static void end_when(uint16_t test, uint32_t value, uint32_t result) {
  put(BPF_JMP | test | BPF_K, value, 0, 1);
  end(result);
}

// Begins what is done for a system call; `close_rule` ends it, the number being loaded on both sides.
static unsigned short open_rule(uint32_t number) {
  put(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0);
  return length;
}

static void close_rule(unsigned short start) { code[start - 1].jf = (uint8_t)(length - start); }

static void notify(uint32_t number) { end_when(BPF_JEQ, number, NOTIFY); }

// Notifies of a call on a descriptor from `first` on.
static void notify_on(uint32_t number, uint32_t first) {
  unsigned short start = open_rule(number);
  load(ARGUMENT(0));
  end_when(BPF_JGE, first, NOTIFY);
  end(ALLOW);
  close_rule(start);
}

// Notifies of a call whose argument has one of some bits, or none of all of them.
static void notify_flags(uint32_t number, int argument, uint32_t bits, int is_also_zero) {
  unsigned short start = open_rule(number);
  load(ARGUMENT(argument));
  end_when(BPF_JSET, bits, NOTIFY);
  if (is_also_zero) end_when(BPF_JEQ, 0, NOTIFY);
  end(ALLOW);
  close_rule(start);
}

static void put_socket(uint32_t number) {
  static const uint32_t ours[] = {AF_INET, AF_INET6, AF_PACKET};
  static const uint32_t systems[] = {NETLINK_AUDIT, NETLINK_SELINUX, NETLINK_CRYPTO, NETLINK_KOBJECT_UEVENT};
  unsigned short start = open_rule(number);
  load(ARGUMENT(0));
  end_when(BPF_JEQ, AF_UNIX, ALLOW);
  for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) end_when(BPF_JEQ, ours[i], NOTIFY);
  end_when(BPF_JEQ, AF_ALG, ALLOW);
  end_when(BPF_JEQ, AF_VSOCK, ALLOW);
  put(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
  end(REFUSE(EAFNOSUPPORT));
  load(ARGUMENT(2));
  for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++) end_when(BPF_JEQ, systems[i], ALLOW);
  end(NOTIFY);
  close_rule(start);
}

static void put_ioctl(void) {
  unsigned short start = open_rule(SYS_ioctl);
  load(ARGUMENT(1));
  put(BPF_JMP | BPF_JGE | BPF_K, 0x890b, 1, 0);
  end(ALLOW);
  end_when(BPF_JGT, 0x89ff, ALLOW);
  end(NOTIFY);
  close_rule(start);
}

static void put_copies(void) {
  static const uint32_t commands[] = {0 /* F_DUPFD */, 1030 /* F_DUPFD_CLOEXEC */};
  notify_on(SYS_dup, FIRST_FOREIGN);
  notify_on(SYS_dup3, FIRST_FOREIGN);
#ifdef SYS_dup2
  notify_on(SYS_dup2, FIRST_FOREIGN);
#endif
  unsigned short start = open_rule(SYS_fcntl);
  load(ARGUMENT(0));
  put(BPF_JMP | BPF_JGE | BPF_K, FIRST_FOREIGN, 1, 0);
  end(ALLOW);
  load(ARGUMENT(1));
  for (size_t i = 0; i < 2; i++) end_when(BPF_JEQ, commands[i], NOTIFY);
  end(ALLOW);
  close_rule(start);
}

// Calls with paths, but for fstat(3), which newer C libraries make of newfstatat(2) without one.
static void put_paths(void) {
  unsigned short start = open_rule(SYS_newfstatat);
  load(ARGUMENT(3));
  end_when(BPF_JSET, 0x1000 /* AT_EMPTY_PATH */, ALLOW);
  end(NOTIFY);
  close_rule(start);
  for (const int *number = path_calls; *number >= 0; number++) notify((uint32_t)*number);
}

static void build(void) {
  static const uint32_t transfers[] = {SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg,
                                       SYS_accept, SYS_accept4};
  static const uint32_t uses[] = {SYS_sendto,     SYS_sendmsg,     SYS_sendmmsg,   SYS_bind,       SYS_connect, SYS_listen,
                                  SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_shutdown};
  length = 0;
  // Programs of 32 bits have no sockets of a network.
  load(offsetof(struct seccomp_data, arch));
  unsigned short foreign = length;
  put(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 0);
  load(offsetof(struct seccomp_data, nr));
  put(BPF_JMP | BPF_JEQ | BPF_K, NR_SOCKET_32, 0, 1);
  end(REFUSE(EAFNOSUPPORT));
  unsigned short start = open_rule(NR_SOCKETCALL_32);
  load(ARGUMENT(0));
  end_when(BPF_JEQ, CALL_SOCKET, REFUSE(EAFNOSUPPORT));
  end(ALLOW);
  close_rule(start);
  end_when(BPF_JEQ, 425 /* io_uring_setup */, REFUSE(EPERM));
  end(ALLOW);
  code[foreign].jt = (uint8_t)(length - foreign - 1);

  load(offsetof(struct seccomp_data, nr));
  end_when(BPF_JGE, X32, REFUSE(ENOSYS));
  for (size_t i = 0; i < sizeof(transfers) / sizeof(*transfers); i++) notify_on(transfers[i], FIRST_NETLINK);
  for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) notify_on(uses[i], FIRST_FOREIGN);
  put_socket(SYS_socket);
  put_ioctl();
  put_copies();
  notify_flags(SYS_setns, 1, CLONE_NEWNET, 1);
  notify_flags(SYS_unshare, 0, CLONE_NEWNET, 0);
  // A new process, not a thread; of clone3 the flags lie in memory, and the C library does without.
  start = open_rule(SYS_clone);
  load(ARGUMENT(0));
  end_when(BPF_JSET, CLONE_THREAD, ALLOW);
  end(NOTIFY);
  close_rule(start);
#ifdef SYS_fork
  notify(SYS_fork);
  notify(SYS_vfork);
#endif
  end_when(BPF_JEQ, 435 /* clone3 */, REFUSE(ENOSYS));
  put_paths();
  notify(SYS_mount);
  notify(SYS_umount2);
  notify(SYS_execve);
  notify(SYS_execveat);
  end_when(BPF_JEQ, 425 /* io_uring_setup */, REFUSE(EPERM));
  end(ALLOW);
}

int take_filter(void) {
#ifdef ARCH
  build();
  struct sock_fprog program = {length, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  // What is notified of is done once: from Linux 5.19 on no signal but a fatal one ends the wait.
  long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  return fd < 0 ? -errno : (int)fd;
#else
  return -ENOSYS;
#endif
}
