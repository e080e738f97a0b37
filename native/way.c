// The way to the daemon of a process that gives up its user, or the files it knew: servers that become another user, or live in a
// folder of theirs, and go on asking about interfaces. A connection is kept for it beforehand, over which others are handed
// out; it is handed on by fork and exec, as the namespace is.
//
// Mirrors setuid(2), setreuid(2), setresuid(2), seteuid(2) and chroot(2) of programs that had rights before. Omitted: setfsuid(2),
// and for such processes the files that show the network's settings, which are the daemon's user's alone.

#include "preload.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

int is_way(int fd) { return fd == WAY_FD && (mark_of(fd) & MARK_WAY) != 0; }

// Keeps the way, unless that is done.
static void keep_way(void) {
  int saved = errno;
  if (daemon_socket() != NULL && !is_way(WAY_FD) && fcntl(WAY_FD, F_GETFD) < 0) {
    int fd = connect_daemon(SOCK_CLOEXEC);
    if (fd >= 0 && NEXT(dup2)(fd, WAY_FD) >= 0) mark(WAY_FD, MARK_WAY);
    if (fd >= 0) NEXT(close)(fd);
  }
  errno = saved;
}

// A connection by the way that was kept; -errno.
int connect_by_way(void) {
  char reason[REASON_ROOM];
  struct request request = {OP_CONNECT, {0, 0, 0}};
  return is_way(WAY_FD) ? ask_descriptor_of(WAY_FD, &request, reason, sizeof(reason)) : -ENETDOWN;
}

// Whether this process has kept a capability, if it has become another user than the daemon's.
int has_kept(int capability) {
  struct ucred daemon;
  socklen_t length = sizeof(daemon);
  if (!is_way(WAY_FD)) return 1;
  if (NEXT(getsockopt)(WAY_FD, SOL_SOCKET, SO_PEERCRED, &daemon, &length) == 0 && daemon.uid == geteuid()) return 1;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
  if (NEXT(syscall)(SYS_capget, &header, sets) < 0) return 1;
  return (sets[0].effective & 1U << capability) != 0;
}

EXPORT int setuid(uid_t uid) {
  keep_way();
  return NEXT(setuid)(uid);
}

EXPORT int seteuid(uid_t uid) {
  keep_way();
  return NEXT(seteuid)(uid);
}

EXPORT int setreuid(uid_t real, uid_t effective) {
  keep_way();
  return NEXT(setreuid)(real, effective);
}

EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved) {
  keep_way();
  return NEXT(setresuid)(real, effective, saved);
}

EXPORT int chroot(const char *path) {
  keep_way();
  return NEXT(chroot)(path);
}
