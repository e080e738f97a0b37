// Sockets of other families: they may be made and asked, but nothing goes out through them. A program must not use the host's
// network while it believes to be in a uveth namespace.
//
// Omitted: what the C library does inside itself (the resolver's queries).

#include "preload.h"

#include <string.h>

int is_foreign(int family) { return family == AF_INET || family == AF_INET6 || family == AF_PACKET; }

static void explain(void) {
  complain("TCP, UDP and packet sockets do not reach a uveth namespace: bind, connect and send are refused");
}

// Whether an address would lead to the host's network.
int refuse_address(const void *address, socklen_t length) {
  sa_family_t family;
  if (address == NULL || length < sizeof(family) || daemon_socket() == NULL) return 0;
  memcpy(&family, address, sizeof(family));
  if (!is_foreign(family)) return 0;
  explain();
  return 1;
}

// Refuses, with `error` in errno, what would open a socket of such a family to the host's network.
int refuse_family_of(int fd, int error) {
  int domain = 0;
  socklen_t length = sizeof(domain);
  if (daemon_socket() == NULL || is_netlink(fd)) return 0;
  if (NEXT(getsockopt)(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || !is_foreign(domain)) return 0;
  explain();
  errno = -error;
  return 1;
}
