// Sockets of other families. As long as one is only asked about interfaces (interfaces.c) it is nobody's; before it is to carry
// anything, a socket of the kernel's takes its place, made in the native namespace that the uveth one becomes by it, as by
// `uveth exec`. So a program never uses the host's network while it believes to be in a uveth namespace.
//
//   socket() ── asked by ioctl(2) ── bind, connect, listen, send, an option ── OP_SOCKET ── dup3 over the descriptor
//
// A socket belongs to the namespace it was made in, so all that is done to it from then on is the system's.
//
// Mirrors sock_net of include/net/sock.h. Omitted: a copy of the descriptor from before, or epoll's interest in it; a socket that
// is made in one namespace and used when the process lives in another; what the C library does inside itself (the resolver's
// queries, for which names.c looks in files).

#include "preload.h"

#include <fcntl.h>
#include <string.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

int is_foreign(int family) { return family == AF_INET || family == AF_INET6 || family == AF_PACKET; }

// A number of the namespace of the kernel that a socket is of; 0 where the kernel does not say (before Linux 5.14).
static uint64_t cookie_of(int fd) {
  uint64_t cookie = 0;
  socklen_t length = sizeof(cookie);
  return NEXT(getsockopt)(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0 ? 0 : cookie;
}

// Whether a socket is of another namespace of the kernel than this process: one of the kernel's already, by whoever handed it on.
static int is_elsewhere(int fd) {
  static uint64_t own;
  if (own == 0) {
    int probe = NEXT(socket)(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return 0;
    own = cookie_of(probe);
    NEXT(close)(probe);
  }
  return cookie_of(fd) != own;
}

static int option_of(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  return NEXT(getsockopt)(fd, SOL_SOCKET, option, &value, &length) < 0 ? -1 : value;
}

// Makes a socket in the namespace of this process. Returns the descriptor or -errno, having said why.
int open_kernel_socket(int domain, int type, int protocol) {
  uint32_t is_allowed = domain == AF_NETLINK ? is_admin() : may_be_raw();
  struct request request = {OP_SOCKET, {is_allowed | (uint32_t)domain << 8, (uint32_t)type, (uint32_t)protocol}};
  static char reason[REASON_ROOM];
  int fd = ask_descriptor(&request, reason, sizeof(reason));
  if (fd < 0 && *reason != '\0') complain(reason);
  if (fd < 0) return fd;
  if ((type & SOCK_CLOEXEC) == 0) fcntl(fd, F_SETFD, 0);
  mark(fd, MARK_KERNELS);
  return fd;
}

// Sees to it that a descriptor is no socket of the host's network. Returns -1, with `error` in errno, when it has to stay one.
int give_kernel_socket(int fd, int error) {
  if (daemon_socket() == NULL || (mark_of(fd) & (MARK_NETLINK | MARK_KERNELS)) != 0) return 0;
  int saved = errno;
  int domain = option_of(fd, SO_DOMAIN);
  int is_ours = domain < 0 || !is_foreign(domain);
  if (!is_ours && is_elsewhere(fd)) {
    mark(fd, MARK_KERNELS);
    is_ours = 1;
  }
  errno = saved;
  if (is_ours) return 0;
  int flags = NEXT(fcntl64)(fd, F_GETFD);
  int status = NEXT(fcntl64)(fd, F_GETFL);
  int type = option_of(fd, SO_TYPE) | SOCK_CLOEXEC | ((status & O_NONBLOCK) != 0 ? SOCK_NONBLOCK : 0);
  int given = open_kernel_socket(domain, type, option_of(fd, SO_PROTOCOL));
  if (given < 0) return fail(error);
  int result = NEXT(dup3)(given, fd, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
  close(given);
  if (result < 0) return fail(error);
  mark(fd, MARK_KERNELS);
  errno = saved;
  return 0;
}
