// The way to the daemon: a connection, a request with the pipe that its answer comes through.

#include "preload.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
  int is_read;
  char socket[108];
  char folder[128];
} place;

struct caller *caller;

// Reads the environment once, so that a program that changes it does not change its network.
static void read_place(void) {
  const char *socket = getenv(ENV_SOCKET);
  const char *folder = getenv(ENV_FOLDER);
  if (socket != NULL && folder != NULL) {
    strncpy(place.socket, socket, sizeof(place.socket) - 1);
    strncpy(place.folder, folder, sizeof(place.folder) - 1);
  }
  place.is_read = 1;
}

// The socket to connect to; NULL in a program that was not started by `uveth run`, which is left alone.
const char *daemon_socket(void) {
  if (!place.is_read) read_place();
  return place.socket[0] == '\0' ? NULL : place.socket;
}

// Whether this program was started with rights, and has them still. Whether it has them anywhere is for the daemon to say.
uint32_t is_admin(void) { return getenv(ENV_NO_ADMIN) == NULL && has_kept(CAP_NET_ADMIN); }

// The same of CAP_NET_RAW, which --no-admin takes too.
uint32_t may_be_raw(void) { return getenv(ENV_NO_ADMIN) == NULL && has_kept(CAP_NET_RAW); }

// The folder of the namespace files.
const char *daemon_folder(void) {
  if (!place.is_read) read_place();
  return place.folder;
}

int fail(int negative_errno) {
  errno = -negative_errno;
  return -1;
}

// Connects; `type_flags` are SOCK_CLOEXEC and SOCK_NONBLOCK. Returns the descriptor or -errno.
int connect_daemon(int type_flags) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, daemon_socket());
  int fd = NEXT(socket)(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (NEXT(connect)(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
    NEXT(close)(fd);
    fd = connect_by_way();
    if (fd < 0) {
      complain("the daemon that this program was started with has gone");
      return -ENETDOWN;
    }
  }
  if ((type_flags & SOCK_CLOEXEC) == 0) fcntl(fd, F_SETFD, 0);
  if ((type_flags & SOCK_NONBLOCK) != 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

// Sends, waiting for room even on a non-blocking socket, as there is always room on the way to a kernel.
static int send_request(int fd, const struct msghdr *message) {
  for (;;) {
    if (NEXT(sendmsg)(fd, message, MSG_NOSIGNAL) >= 0) return 0;
    if (errno == EPIPE || errno == ECONNRESET) return -ENETDOWN;
    if (errno != EAGAIN && errno != EINTR) return -errno;
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    if (errno == EAGAIN) NEXT(poll)(&room, 1, -1);
  }
}

// Reads result and answer. A long answer may come in pieces.
static int read_answer(int pipe_end, void *answer, size_t size) {
  struct {
    int32_t result;
    uint32_t length;
  } head;
  struct iovec parts[] = {{&head, sizeof(head)}, {answer, size}};
  ssize_t length;
  do {
    length = NEXT(readv)(pipe_end, parts, 2);
  } while (length < 0 && errno == EINTR);
  if (length < (ssize_t)sizeof(head)) return -ENETDOWN;
  if (caller != NULL) caller->answered = head.length;
  size_t given = (size_t)length - sizeof(head);
  while (given < head.length && given < size) {
    length = NEXT(read)(pipe_end, (char *)answer + given, size - given);
    if (length == 0 || (length < 0 && errno != EINTR)) return -ENETDOWN;
    if (length > 0) given += (size_t)length;
  }
  return head.result;
}

// Whether an operation is one of a socket that is open, which is in its namespace for good.
static int is_of_socket(uint32_t op) {
  return (op >= OP_SEND && op <= OP_READSIZE) || op == OP_FLUSH || op == OP_ERROR;
}

// The namespace of whoever is asked for, or -errno.
static int netns_of_caller(void) {
  if (caller->netns < 0) caller->netns = caller->find_netns((pid_t)caller->pid);
  return caller->netns;
}

// Sends a request with the descriptors that go with it, one at most beside the namespace of whoever it is asked for.
static int send_with(int fd, const struct request *request, const struct iovec *payload, int count, const int *given,
                     int fd_count) {
  struct iovec parts[2 + count];
  struct request asked = *request;
  int fds[2];
  int first = 1;
  if (fd_count > 0) memcpy(fds, given, fd_count * sizeof(int));
  parts[0] = (struct iovec){&asked, sizeof(asked)};
  if (caller != NULL) {
    asked.op |= OP_FOR;
    parts[first++] = (struct iovec){&caller->pid, sizeof(caller->pid)};
    int netns = is_of_socket(request->op) ? 0 : netns_of_caller();
    if (netns < 0) return netns;
    if (!is_of_socket(request->op) && (fd_count == 0 || fds[fd_count - 1] != netns)) fds[fd_count++] = netns;
  }
  if (count > 0) memcpy(parts + first, payload, count * sizeof(*payload));
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
  } control = {.header = {CMSG_LEN(fd_count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = first + count};
  if (fd_count > 0) {
    memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
  }
  return send_request(fd, &message);
}

// Asks over a connection and waits for the answer, of which up to `size` bytes are stored; `netns` goes with the request unless
// it is -1. Returns the result: -errno for a refusal, ENETDOWN when the daemon has gone.
static int ask_from(int fd, int netns, const struct request *request, const struct iovec *payload, int count,
                    void *answer, size_t size) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  int fds[] = {ends[1], netns};
  int result = send_with(fd, request, payload, count, fds, netns < 0 ? 1 : 2);
  NEXT(close)(ends[1]);
  if (result == 0) result = read_answer(ends[0], answer, size);
  NEXT(close)(ends[0]);
  return result;
}

int ask(int fd, const struct request *request, const struct iovec *payload, int count, void *answer, size_t size) {
  return ask_from(fd, -1, request, payload, count, answer, size);
}

// Tells the daemon over a connection what it cannot refuse, and does not wait: whatever is asked over it next is done after
// that. Returns 0 or -errno.
int tell(int fd, const struct request *request) { return send_with(fd, request, NULL, 0, NULL, 0); }

// Makes a connection a netlink socket in the namespace of this process, whose file goes along: by the time the daemon reads of
// it the process may live elsewhere. Waits for the answer unless it is sure.
int ask_open(int fd, const struct request *request, int is_sure) {
  int netns = caller != NULL ? netns_of_caller() : NETNS_FD;
  if (netns < 0) return netns;
  if (is_sure) return send_with(fd, request, NULL, 0, &netns, 1);
  return ask_from(fd, netns, request, NULL, 0, NULL, 0);
}

// Asks over a connection for a descriptor. Returns it or -errno, with the daemon's reason if it gives one.
int ask_descriptor_of(int fd, const struct request *request, char *reason, size_t size) {
  struct {
    int32_t result;
    uint32_t length;
  } head;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  int ends[2];
  *reason = '\0';
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  int result = send_with(fd, request, NULL, 0, &ends[1], 1);
  NEXT(close)(ends[1]);
  struct iovec parts[] = {{&head, sizeof(head)}, {reason, size - 1}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)};
  ssize_t length = 0;
  while (result == 0 && (length = NEXT(recvmsg)(ends[0], &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
  NEXT(close)(ends[0]);
  if (result < 0) return result;
  if (length < (ssize_t)sizeof(head)) return -ENETDOWN;
  reason[(size_t)length - sizeof(head)] = '\0';
  if (head.result < 0) return head.result;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  // The system leaves a descriptor out that there is no room for.
  result = -EMFILE;
  if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(&result, CMSG_DATA(header), sizeof(result));
  return result;
}

// The same over a connection of its own.
int ask_descriptor(const struct request *request, char *reason, size_t size) {
  int fd = connect_daemon(SOCK_CLOEXEC);
  *reason = '\0';
  if (fd < 0) return fd;
  int result = ask_descriptor_of(fd, request, reason, size);
  NEXT(close)(fd);
  return result;
}

// Asks over a connection of its own, for what concerns no socket.
int ask_once(const struct request *request, const void *payload, size_t length, void *answer, size_t size) {
  int fd = connect_daemon(SOCK_CLOEXEC);
  if (fd < 0) return fd;
  struct iovec part = {(void *)payload, length};
  int result = ask(fd, request, &part, length > 0, answer, size);
  NEXT(close)(fd);
  return result;
}
