// Sockets of other families (../foreign.c): a socket of AF_UNIX stands for one that has not carried anything, and bears what it
// stands for as its name. The first call that needs more lets one of the kernel's take its place, made in the native namespace that
// the uveth one becomes by it; that call then goes on in the kernel, as all others will.

#include "supervise.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define NAME "uveth-socket/"

// Makes a socket that stands for another one.
static int open_placeholder(int domain, int type, int protocol) {
  static unsigned count;
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), 0);
  if (fd < 0) return -errno;
  int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
  int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, NAME "%d/%d/%d/%d/%u", domain, kind, protocol,
                        getpid(), count++);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
  if (bind(fd, (struct sockaddr *)&name, size) == 0) return fd;
  int error = errno;
  close(fd);
  return -error;
}

// Whether a descriptor is such a socket, and which family, type and protocol it stands for.
int is_placeholder(int fd, int what[3]) {
  struct sockaddr_un name = {0};
  socklen_t length = sizeof(name);
  int words[3];
  if (getsockname(fd, (struct sockaddr *)&name, &length) < 0 || name.sun_family != AF_UNIX) return 0;
  if (name.sun_path[0] != '\0' || strncmp(name.sun_path + 1, NAME, sizeof(NAME) - 1) != 0) return 0;
  if (sscanf(name.sun_path + sizeof(NAME), "%d/%d/%d/", &words[0], &words[1], &words[2]) != 3) return 0;
  if (what != NULL) memcpy(what, words, sizeof(words));
  return 1;
}

// Makes a socket of the kernel's. Returns the descriptor or -errno.
static int open_kernels(int domain, int type, int protocol) {
  uint32_t is_allowed = domain == AF_NETLINK ? is_admin() : may_be_raw();
  struct request request = {OP_SOCKET, {is_allowed | (uint32_t)domain << 8, (uint32_t)type, (uint32_t)protocol}};
  static char reason[REASON_ROOM];
  int fd = ask_descriptor(&request, reason, sizeof(reason));
  if (fd < 0 && *reason != '\0') complain(reason);
  return fd;
}

// socket(2): what receives without being bound is the kernel's from the start, as are the protocols of netlink that uveth does not
// speak.
long open_foreign(const struct call *call, int domain, int type, int protocol) {
  int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
  int receives = domain == AF_NETLINK || (domain == AF_PACKET ? protocol != 0 : kind == SOCK_RAW);
  int fd = receives ? open_kernels(domain, type, protocol) : -EPERM;
  if (fd < 0 && (domain == AF_NETLINK || (receives && domain != AF_PACKET))) return fd;
  if (fd < 0) fd = open_placeholder(domain, type, domain == AF_PACKET ? 0 : protocol);
  return fd < 0 ? fd : put_descriptor(call, fd, FIRST_FOREIGN, (type & SOCK_CLOEXEC) != 0);
}

// An option that says what the socket is, which the placeholder is not.
static long tell_kind(const struct call *call, const int what[3]) {
  int option = (int)call->args[2];
  int value = option == SO_DOMAIN ? what[0] : option == SO_TYPE ? what[1] : what[2];
  socklen_t length;
  int result = read_memory(call, call->args[4], &length, sizeof(length));
  if (result < 0) return result;
  if (length > sizeof(value)) length = sizeof(value);
  result = write_memory(call, call->args[3], &value, length);
  return result < 0 ? result : write_memory(call, call->args[4], &length, sizeof(length));
}

// The errno of a call that cannot be, as there is no native namespace.
static int refusal_of(int number) {
  switch (number) {
    case SYS_bind:
    case SYS_listen:
      return -EADDRNOTAVAIL;
    case SYS_setsockopt:
      return 0;
    default:
      return -ENETUNREACH;
  }
}

// Does a call on a socket that is no netlink socket.
long call_foreign(const struct call *call, int fd) {
  int what[3];
  if (!is_placeholder(fd, what)) return GOES_ON;
  if (call->number == SYS_getsockopt && (int)call->args[1] == SOL_SOCKET) {
    int option = (int)call->args[2];
    return option == SO_DOMAIN || option == SO_TYPE || option == SO_PROTOCOL ? tell_kind(call, what) : GOES_ON;
  }
  int number = (int)call->args[0];
  int flags = fcntl(fd, F_GETFL) & O_NONBLOCK ? SOCK_NONBLOCK : 0;
  int kernels = open_kernels(what[0], what[1] | flags, what[2]);
  if (kernels < 0) return refusal_of(call->number);
  int result = replace_descriptor(call, number, kernels, is_cloexec_there(call, number));
  return result < 0 ? result : GOES_ON;
}
