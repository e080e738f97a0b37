// The socket calls that a program makes by name: to netlink.c for netlink, to foreign.c for families that would reach the
// host's network, to the system for the rest.

#include "preload.h"

#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

static int is_raw(int type) { return (type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == SOCK_RAW; }

EXPORT int socket(int domain, int type, int protocol) {
  if (daemon_socket() == NULL) return NEXT(socket)(domain, type, protocol);
  if (domain == AF_NETLINK && !is_system_protocol(protocol)) {
    int is_ours = protocol == NETLINK_ROUTE || protocol == NETLINK_GENERIC;
    int fd = is_ours ? -EPROTONOSUPPORT : open_kernel_socket(domain, type, protocol);
    if (fd == -EPROTONOSUPPORT) fd = open_netlink(type, protocol);
    return fd < 0 ? fail(fd) : fd;
  }
  // These receive without being bound.
  if (is_foreign(domain) && (domain == AF_PACKET ? protocol != 0 : is_raw(type))) {
    int fd = open_kernel_socket(domain, type, protocol);
    if (fd >= 0) return fd;
    if (domain != AF_PACKET) return fail(fd);
  }
  if (domain != AF_NETLINK && is_networked(domain) && !is_foreign(domain)) return fail(-EAFNOSUPPORT);
  // Without a protocol a packet socket receives nothing, until it is the kernel's (foreign.c).
  int fd = NEXT(socket)(domain, type, domain == AF_PACKET ? 0 : protocol);
  mark(fd, 0);
  return fd;
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length) {
  if (is_netlink(fd)) {
    int result = bind_netlink(fd, address, length);
    return result < 0 ? fail(result) : 0;
  }
  if (give_kernel_socket(fd, -EADDRNOTAVAIL) < 0) return -1;
  return NEXT(bind)(fd, address, length);
}

EXPORT int listen(int fd, int backlog) {
  if (is_netlink(fd)) return fail(-EOPNOTSUPP);
  if (give_kernel_socket(fd, -EADDRNOTAVAIL) < 0) return -1;
  return NEXT(listen)(fd, backlog);
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length) {
  if (is_netlink(fd)) {
    int result = connect_netlink(fd, address, length);
    return result < 0 ? fail(result) : 0;
  }
  if (give_kernel_socket(fd, -ENETUNREACH) < 0) return -1;
  return NEXT(connect)(fd, address, length);
}

EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  if (!is_netlink(fd)) return NEXT(getsockname)(fd, address, length);
  int result = name_netlink(fd, address, length);
  return result < 0 ? fail(result) : 0;
}

// The peer of a netlink socket is the kernel, connected to or not.
EXPORT int getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  if (!is_netlink(fd)) return NEXT(getpeername)(fd, address, length);
  put_address(address, length, 0, 0);
  return 0;
}

// Netlink has no connections to wait for, and none to shut down.
EXPORT int accept(int fd, struct sockaddr *address, socklen_t *length) {
  return is_netlink(fd) ? fail(-EOPNOTSUPP) : NEXT(accept)(fd, address, length);
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  return is_netlink(fd) ? fail(-EOPNOTSUPP) : NEXT(accept4)(fd, address, length, flags);
}

EXPORT int shutdown(int fd, int how) { return is_netlink(fd) ? fail(-EOPNOTSUPP) : NEXT(shutdown)(fd, how); }

EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
  if (!is_netlink(fd)) {
    int saved = errno;
    if (give_kernel_socket(fd, 0) < 0) errno = saved;
    return NEXT(setsockopt)(fd, level, option, value, length);
  }
  int result = set_option(fd, level, option, value, length);
  return result < 0 ? fail(result) : 0;
}

EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
  if (!is_netlink(fd)) return NEXT(getsockopt)(fd, level, option, value, length);
  int result = get_option(fd, level, option, value, length);
  return result < 0 ? fail(result) : 0;
}
