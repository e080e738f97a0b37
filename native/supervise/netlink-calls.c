// Calls of netlink sockets: what the preload library does in the program (../transfers.c, ../sockets.c) is done here with the program's
// memory copied in and out.
//
// Mirrors net/socket.c: copy_msghdr_from_user, move_addr_to_user, put_cmsg.

#include "supervise.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

// The largest request and the largest event, with room for what goes around (seqpacket-protocol.ts).
#define ROOM (1024 * 1024 + 64 * 1024)
#define MOST_PARTS 1024
#define CONTROL_ROOM 256
#define VALUE_ROOM 4096

// The numbers that sockets have here: the same from call to call, as what ../receive.c knows of a socket's reading goes by them.
#define FIRST_NUMBER 256
#define NUMBERS 512

static struct {
  uint64_t inode;
  uint64_t used;
} numbers[NUMBERS];
static uint64_t uses;

static char bytes[ROOM];
static struct iovec parts[MOST_PARTS];

// Gives a socket its number, and closes the one it had.
static int number_of(int fd, uint64_t inode) {
  int oldest = 0;
  int at = 0;
  for (; at < NUMBERS && numbers[at].inode != inode; at++) {
    if (numbers[at].used < numbers[oldest].used) oldest = at;
  }
  if (at == NUMBERS) {
    at = oldest;
    numbers[at].inode = inode;
    forget_reading(FIRST_NUMBER + at);
    forget_name(FIRST_NUMBER + at);
  }
  numbers[at].used = ++uses;
  int number = dup3(fd, FIRST_NUMBER + at, O_CLOEXEC);
  close(fd);
  return number < 0 ? -errno : number;
}

static int is_connection(int fd) {
  struct sockaddr_un peer = {0};
  socklen_t length = sizeof(peer);
  if (getpeername(fd, (struct sockaddr *)&peer, &length) < 0 || peer.sun_family != AF_UNIX) return 0;
  return strncmp(peer.sun_path, daemon_socket(), sizeof(peer.sun_path)) == 0;
}

long call_socket(const struct call *call) {
  int domain = (int)call->args[0];
  int type = (int)call->args[1];
  int protocol = (int)call->args[2];
  if (domain != AF_NETLINK) return open_foreign(call, domain, type, protocol);
  if (protocol != NETLINK_ROUTE && protocol != NETLINK_GENERIC) {
    long result = open_foreign(call, domain, type, protocol);
    if (result != -EPROTONOSUPPORT) return result;
  }
  // A socket's namespace is its thread's, its port id its process's.
  caller->netns = home_of(call->tid);
  if (caller->netns < 0) return caller->netns;
  caller->pid = (uint32_t)process_of(call->tid);
  int fd = open_netlink(type, protocol);
  return fd < 0 ? fd : put_descriptor(call, fd, FIRST_NETLINK, (type & SOCK_CLOEXEC) != 0);
}

// Reads a struct msghdr with its vector; the data have one part here.
static int read_header(const struct call *call, uint64_t from, struct msghdr *header, size_t *size) {
  int result = read_memory(call, from, header, sizeof(*header));
  if (result < 0) return result;
  if (header->msg_iovlen > MOST_PARTS) return -EMSGSIZE;
  result = read_memory(call, (uint64_t)header->msg_iov, parts, header->msg_iovlen * sizeof(*parts));
  *size = 0;
  for (size_t i = 0; result == 0 && i < header->msg_iovlen; i++) *size += parts[i].iov_len;
  return result;
}

static void set_one_part(struct msghdr *header, uint64_t address, size_t size) {
  memset(header, 0, sizeof(*header));
  parts[0] = (struct iovec){(void *)address, size};
  header->msg_iovlen = 1;
}

// Sends what the header and its vector in `parts` say.
static long send_parts(const struct call *call, int fd, struct msghdr *header, size_t size, int flags) {
  struct sockaddr_nl name = {0};
  struct iovec one = {bytes, size};
  size_t at = 0;
  if (size > sizeof(bytes)) return -EMSGSIZE;
  for (size_t i = 0; i < header->msg_iovlen; i++) {
    int result = read_memory(call, (uint64_t)parts[i].iov_base, bytes + at, parts[i].iov_len);
    if (result < 0) return result;
    at += parts[i].iov_len;
  }
  if (header->msg_name != NULL && header->msg_namelen >= sizeof(name)) {
    int result = read_memory(call, (uint64_t)header->msg_name, &name, sizeof(name));
    if (result < 0) return result;
  }
  struct msghdr here = {.msg_iov = &one, .msg_iovlen = 1};
  if (header->msg_name != NULL) here.msg_name = &name, here.msg_namelen = header->msg_namelen;
  return send_netlink(fd, &here, flags);
}

static long send_message(const struct call *call, int fd, uint64_t address, int flags) {
  struct msghdr header;
  size_t size;
  int result = read_header(call, address, &header, &size);
  return result < 0 ? result : send_parts(call, fd, &header, size, flags);
}

// Stores what was received where the vector in `parts` says.
static int scatter(const struct call *call, size_t count, size_t length) {
  size_t at = 0;
  for (size_t i = 0; i < count && at < length; i++) {
    size_t piece = parts[i].iov_len < length - at ? parts[i].iov_len : length - at;
    int result = write_memory(call, (uint64_t)parts[i].iov_base, bytes + at, piece);
    if (result < 0) return result;
    at += piece;
  }
  return 0;
}

// Receives into the vector in `parts`; name, control and flags are stored as far as the header has room for them, and the header
// holds their sizes then.
static long receive_parts(const struct call *call, int fd, struct msghdr *header, size_t size, int flags) {
  struct sockaddr_nl name = {0};
  char control[CONTROL_ROOM];
  struct iovec one = {bytes, size < sizeof(bytes) ? size : sizeof(bytes)};
  struct msghdr here = {.msg_iov = &one, .msg_iovlen = 1};
  if (header->msg_name != NULL) here.msg_name = &name, here.msg_namelen = sizeof(name);
  if (header->msg_control != NULL) {
    here.msg_control = control;
    here.msg_controllen = header->msg_controllen < sizeof(control) ? header->msg_controllen : sizeof(control);
  }
  int waits = (flags & MSG_DONTWAIT) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
  ssize_t length = receive_netlink(fd, &here, (flags & ~MSG_WAITFORONE) | MSG_DONTWAIT);
  if (length == -EAGAIN && waits) {
    wait_for(call, fcntl(fd, F_DUPFD_CLOEXEC, FIRST_NUMBER + NUMBERS));
    return WAITS;
  }
  if (length < 0) return length;
  size_t given = (size_t)length < one.iov_len ? (size_t)length : one.iov_len;
  int result = scatter(call, header->msg_iovlen, given);
  if (result == 0 && header->msg_name != NULL) {
    size_t most = (int)header->msg_namelen < 0 ? 0 : header->msg_namelen;
    result = write_memory(call, (uint64_t)header->msg_name, &name, most < sizeof(name) ? most : sizeof(name));
  }
  if (result == 0 && header->msg_control != NULL)
    result = write_memory(call, (uint64_t)header->msg_control, control, here.msg_controllen);
  header->msg_namelen = here.msg_namelen;
  header->msg_controllen = here.msg_controllen;
  header->msg_flags = here.msg_flags;
  return result < 0 ? result : length;
}

static long receive_message(const struct call *call, int fd, uint64_t address, int flags) {
  struct msghdr header;
  size_t size;
  int result = read_header(call, address, &header, &size);
  if (result < 0) return result;
  long length = receive_parts(call, fd, &header, size, flags);
  if (length >= 0) result = write_memory(call, address, &header, sizeof(header));
  return result < 0 ? result : length;
}

static long receive_bytes(const struct call *call, int fd) {
  const uint64_t *args = call->args;
  struct msghdr header;
  socklen_t room = 0;
  int is_from = call->number == SYS_recvfrom;
  set_one_part(&header, args[1], args[2]);
  if (is_from && args[4] != 0) {
    int result = read_memory(call, args[5], &room, sizeof(room));
    if (result < 0) return result;
    header.msg_name = (void *)args[4];
    header.msg_namelen = room;
  }
  long length = receive_parts(call, fd, &header, args[2], is_from ? (int)args[3] : 0);
  if (length < 0 || header.msg_name == NULL) return length;
  int result = write_memory(call, args[5], &header.msg_namelen, sizeof(room));
  return result < 0 ? result : length;
}

static long send_bytes(const struct call *call, int fd) {
  const uint64_t *args = call->args;
  struct msghdr header;
  int is_to = call->number == SYS_sendto;
  set_one_part(&header, args[1], args[2]);
  if (is_to && args[4] != 0) header.msg_name = (void *)args[4], header.msg_namelen = (socklen_t)args[5];
  return send_parts(call, fd, &header, args[2], is_to ? (int)args[3] : 0);
}

static long transfer_vector(const struct call *call, int fd) {
  struct msghdr header = {.msg_iovlen = call->args[2]};
  size_t size = 0;
  if (header.msg_iovlen > MOST_PARTS) return -EINVAL;
  int result = read_memory(call, call->args[1], parts, header.msg_iovlen * sizeof(*parts));
  if (result < 0) return result;
  for (size_t i = 0; i < header.msg_iovlen; i++) size += parts[i].iov_len;
  return call->number == SYS_readv ? receive_parts(call, fd, &header, size, 0) : send_parts(call, fd, &header, size, 0);
}

// Several at once; only the first is waited for (../transfers.c).
static long transfer_many(const struct call *call, int fd) {
  unsigned count = (unsigned)call->args[2];
  int flags = (int)call->args[3];
  for (unsigned i = 0; i < count; i++) {
    uint64_t at = call->args[1] + i * sizeof(struct mmsghdr);
    long result = call->number == SYS_sendmmsg
                      ? send_message(call, fd, at, flags)
                      : receive_message(call, fd, at, flags | (i > 0 ? MSG_DONTWAIT : 0));
    if (result < 0) return i > 0 ? (long)i : result;
    unsigned length = (unsigned)result;
    int error = write_memory(call, at + offsetof(struct mmsghdr, msg_len), &length, sizeof(length));
    if (error < 0) return error;
  }
  return count;
}

// Stores a struct sockaddr_nl where the call says.
static long tell_name(const struct call *call, int fd) {
  struct sockaddr_nl name = {0};
  socklen_t room, length = sizeof(name);
  int result = read_memory(call, call->args[2], &room, sizeof(room));
  if (result < 0) return result;
  if ((int)room < 0) return -EINVAL;
  if (call->number == SYS_getpeername) put_address((struct sockaddr *)&name, &length, 0, 0);
  else result = name_netlink(fd, (struct sockaddr *)&name, &length);
  if (result == 0) result = write_memory(call, call->args[1], &name, room < sizeof(name) ? room : sizeof(name));
  return result < 0 ? result : write_memory(call, call->args[2], &length, sizeof(length));
}

static long call_option(const struct call *call, int fd) {
  static char value[VALUE_ROOM];
  int level = (int)call->args[1];
  int option = (int)call->args[2];
  socklen_t length = (socklen_t)call->args[4];
  if (call->number == SYS_setsockopt) {
    // A filter of packets would be given what the daemon puts before them, too.
    if (level == SOL_SOCKET && (option == SO_ATTACH_FILTER || option == SO_ATTACH_BPF)) return -ENOPROTOOPT;
    if ((int)length < 0) return -EINVAL;
    if (length > sizeof(value)) length = sizeof(value);
    int result = read_memory(call, call->args[3], value, length);
    return result < 0 ? result : set_option(fd, level, option, value, length);
  }
  int result = read_memory(call, call->args[4], &length, sizeof(length));
  if (result < 0) return result;
  if ((int)length < 0) return -EINVAL;
  if (length > sizeof(value)) length = sizeof(value);
  socklen_t room = length;
  result = get_option(fd, level, option, value, &length);
  if (result == 0) result = write_memory(call, call->args[3], value, length < room ? length : room);
  return result < 0 ? result : write_memory(call, call->args[4], &length, sizeof(length));
}

static long with_address(const struct call *call, int fd) {
  struct sockaddr_nl name = {0};
  socklen_t length = (socklen_t)call->args[2];
  if (length > sizeof(name)) length = sizeof(name);
  int result = (int)length < 0 ? -EINVAL : read_memory(call, call->args[1], &name, length);
  if (result < 0) return result;
  return (call->number == SYS_bind ? bind_netlink : connect_netlink)(fd, (struct sockaddr *)&name, length);
}

// Does a call on a netlink socket.
long call_netlink(const struct call *call, int fd) {
  switch (call->number) {
    case SYS_bind:
    case SYS_connect:
      return with_address(call, fd);
    case SYS_getsockname:
    case SYS_getpeername:
      return tell_name(call, fd);
    case SYS_setsockopt:
    case SYS_getsockopt:
      return call_option(call, fd);
    case SYS_sendto:
    case SYS_write:
      return send_bytes(call, fd);
    case SYS_sendmsg:
      return send_message(call, fd, call->args[1], (int)call->args[2]);
    case SYS_recvfrom:
    case SYS_read:
      return receive_bytes(call, fd);
    case SYS_recvmsg:
      return receive_message(call, fd, call->args[1], (int)call->args[2]);
    case SYS_readv:
    case SYS_writev:
      return transfer_vector(call, fd);
    case SYS_sendmmsg:
    case SYS_recvmmsg:
      return transfer_many(call, fd);
    default:
      return -EOPNOTSUPP; // listen, accept, shutdown
  }
}

// Does a call on a descriptor with the number of one of ours.
long call_on_descriptor(const struct call *call) {
  int fd = take_descriptor(call, (int)call->args[0]);
  struct stat status;
  if (fd < 0) return GOES_ON;
  if (fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode)) {
    long result = call_written(call, fd);
    close(fd);
    return result;
  }
  if (!is_connection(fd)) {
    long result = call_foreign(call, fd);
    close(fd);
    return result;
  }
  int number = number_of(fd, status.st_ino);
  if (number < 0) return number;
  long result = call_netlink(call, number);
  close(number);
  return result;
}

// Copies a descriptor of ours, to a number that the filter knows: dup(2) and F_DUPFD.
long call_copy(const struct call *call) {
  int is_to_number = call->number != SYS_dup && call->number != SYS_fcntl;
  int fd = take_descriptor(call, (int)call->args[0]);
  if (fd < 0) return GOES_ON;
  int first = is_connection(fd) ? FIRST_NETLINK : is_placeholder(fd, NULL) ? FIRST_FOREIGN : 0;
  if (first == 0 || (is_to_number && (int)call->args[1] >= first)) {
    close(fd);
    return GOES_ON;
  }
  if (is_to_number) {
    close(fd);
    return -EBADF;
  }
  int is_fcntl = call->number == SYS_fcntl;
  if (is_fcntl && (int)call->args[2] > first) first = (int)call->args[2];
  return put_descriptor(call, fd, first, is_fcntl && (int)call->args[1] == F_DUPFD_CLOEXEC);
}
