// A netlink socket from the outside: made, bound, named, its options. The daemon does each of them.

#include "preload.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

struct name {
  uint32_t port_id, groups;
};

// The names of sockets that were just bound, as programs ask for them next. Anything else that is done to a descriptor makes its
// name forgotten.
static struct name names[MAX_FD];

// What this process has named by itself, if it is still the one that did: of NETLINK_ROUTE and NETLINK_GENERIC the socket that has
// the process id for its port id, and how many others there were.
static struct {
  pid_t pid;
  int holder[2];
  unsigned char others;
} named = {0, {-1, -1}, 0};

// The port id that a kernel would give, without asking for it (netlink_autobind): the process id, or a negative number,
// which no other process chooses. Should another socket have it nevertheless, both have.
static uint32_t choose_port(int fd) {
  pid_t pid = getpid();
  int *holder = &named.holder[(mark_of(fd) & MARK_GENERIC) != 0];
  if (named.pid != pid) {
    named.pid = pid;
    named.holder[0] = named.holder[1] = -1;
  }
  if (*holder == -1 || *holder == fd || !is_netlink(*holder)) {
    *holder = fd;
    return (uint32_t)pid;
  }
  return 0x80000000U | ((uint32_t)pid & 0x3fffff) << 8 | named.others++;
}

// The daemon names a socket that sends before it was bound; it takes the process id if no other socket has it.
void name_by_sending(int fd) {
  if ((mark_of(fd) & MARK_NO_NAME) == 0) return;
  choose_port(fd);
  mark(fd, mark_of(fd) & ~MARK_NO_NAME);
}

// Makes a netlink socket in the namespace of this process. Returns the descriptor or -errno.
int open_netlink(int type, int protocol) {
  int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (kind != SOCK_RAW && kind != SOCK_DGRAM) return -ESOCKTNOSUPPORT;
  int fd = connect_daemon(type);
  if (fd < 0) return fd;
  struct request request = {OP_OPEN, {(uint32_t)protocol, (uint32_t)kind, is_admin()}};
  // These protocols are there; any other has to be asked for.
  int result = ask_open(fd, &request, protocol == NETLINK_ROUTE || protocol == NETLINK_GENERIC);
  if (result < 0) {
    NEXT(close)(fd);
    return result == -EBADF ? -ENETDOWN : result;
  }
  mark(fd, MARK_NETLINK | MARK_NO_NAME | (protocol == NETLINK_GENERIC ? MARK_GENERIC : 0));
  forget_reading(fd);
  return fd;
}

int bind_netlink(int fd, const struct sockaddr *address, socklen_t length) {
  struct sockaddr_nl wanted;
  if (length < sizeof(wanted)) return -EINVAL;
  memcpy(&wanted, address, sizeof(wanted));
  if (wanted.nl_family != AF_NETLINK) return -EINVAL;
  struct request request = {OP_BIND, {wanted.nl_pid, wanted.nl_groups, 0}};
  struct name name = {0, 0};
  int is_named_here = wanted.nl_pid == 0 && wanted.nl_groups == 0 && (mark_of(fd) & MARK_NO_NAME) != 0;
  if (is_named_here) request.words[0] = name.port_id = choose_port(fd);
  request.words[2] = (uint32_t)is_named_here;
  int result = is_named_here ? tell(fd, &request) : ask(fd, &request, NULL, 0, &name, sizeof(name));
  if (result == 0) mark(fd, (mark_of(fd) & ~MARK_NO_NAME) | (wanted.nl_groups != 0 ? MARK_LISTENS : 0));
  if (result == 0 && fd < MAX_FD) names[fd] = name;
  return result;
}

// Forgets the name of a socket, which is no longer known to be what it was.
void forget_name(int fd) {
  if (fd >= 0 && fd < MAX_FD && names[fd].port_id != 0) names[fd] = (struct name){0, 0};
}

// Stores a struct sockaddr_nl, cut to `*length`, which becomes its full size.
void put_address(struct sockaddr *address, socklen_t *length, uint32_t port_id, uint32_t groups) {
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = port_id, .nl_groups = groups};
  memcpy(address, &name, *length < sizeof(name) ? *length : sizeof(name));
  *length = sizeof(name);
}

// The name of a socket, as getsockname(2) tells it. Returns 0 or -errno.
int name_netlink(int fd, struct sockaddr *address, socklen_t *length) {
  struct name name = fd < MAX_FD ? names[fd] : (struct name){0, 0};
  struct request request = {OP_NAME, {0, 0, 0}};
  int result = name.port_id != 0 ? 0 : ask(fd, &request, NULL, 0, &name, sizeof(name));
  if (result == 0) put_address(address, length, name.port_id, name.groups);
  return result;
}

// Connecting to the kernel is nothing but being bound; other sockets of netlink are not to be reached. Returns 0 or -errno.
int connect_netlink(int fd, const struct sockaddr *address, socklen_t length) {
  struct sockaddr_nl peer = {0};
  memcpy(&peer, address, length < sizeof(peer) ? length : sizeof(peer));
  if (peer.nl_family == AF_NETLINK && (peer.nl_pid != 0 || peer.nl_groups != 0)) return -ECONNREFUSED;
  struct request request = {OP_BIND, {0, 0, 0}};
  int result = ask(fd, &request, NULL, 0, NULL, 0);
  // One that is bound already stays so.
  return result == -EINVAL ? 0 : result;
}

// Whether an option is the daemon's: those of netlink, the receive queue's size, its error, and what the socket is.
static int is_daemons(int level, int option) {
  if (level == SOL_NETLINK) return 1;
  if (level != SOL_SOCKET) return 0;
  return option == SO_RCVBUF || option == SO_RCVBUFFORCE || option == SO_TYPE || option == SO_DOMAIN ||
         option == SO_PROTOCOL || option == SO_ERROR;
}

// Whether an option takes any value from anybody, and shows in nothing but the answers to what is sent afterwards. Events may be
// brought about by way of another socket, which the daemon may read from first.
static int is_granted(int level, int option) {
  if (level == SOL_SOCKET) return option == SO_RCVBUF;
  return option == NETLINK_CAP_ACK || option == NETLINK_EXT_ACK || option == NETLINK_GET_STRICT_CHK;
}

int set_option(int fd, int level, int option, const void *value, socklen_t length) {
  if (level == SOL_SOCKET && option == SO_SNDBUFFORCE) {
    if (!is_admin()) return -EPERM;
    option = SO_SNDBUF;
  }
  if (!is_daemons(level, option)) return NEXT(setsockopt)(fd, level, option, value, length) < 0 ? -errno : 0;
  uint32_t number = 0;
  if (level == SOL_NETLINK && option == NETLINK_ADD_MEMBERSHIP) mark(fd, mark_of(fd) | MARK_LISTENS);
  if (level == SOL_NETLINK && option == NETLINK_DROP_MEMBERSHIP) forget_name(fd);
  // As on Linux, netlink takes what is too short for zero.
  if (length >= sizeof(number)) memcpy(&number, value, sizeof(number));
  else if (level != SOL_NETLINK) return -EINVAL;
  struct request request = {OP_SETOPTION, {(uint32_t)level, (uint32_t)option, number}};
  if (is_granted(level, option)) return tell(fd, &request);
  return ask(fd, &request, NULL, 0, NULL, 0);
}

int get_option(int fd, int level, int option, void *value, socklen_t *length) {
  if (!is_daemons(level, option)) return NEXT(getsockopt)(fd, level, option, value, length) < 0 ? -errno : 0;
  struct request request = {OP_GETOPTION, {(uint32_t)level, (uint32_t)option, 0}};
  unsigned char answer[MAX_ANSWER];
  int result = ask(fd, &request, NULL, 0, answer, sizeof(answer));
  if (result < 0) return result;
  // The result is the value's size. Of a list only whole words are stored, and the size tells how much there is.
  socklen_t size = (socklen_t)result;
  int is_list = level == SOL_NETLINK && option == NETLINK_LIST_MEMBERSHIPS;
  if (level == SOL_NETLINK && !is_list && *length < size) return -EINVAL;
  memcpy(value, answer, *length < size ? (is_list ? *length & ~3U : *length) : size);
  *length = is_list || *length > size ? size : *length;
  return 0;
}
