// The error of a netlink socket that lost messages (ENOBUFS): to be told before what is queued, though that lies in the connection
// already. The daemon keeps it, and counts in a file, which is mapped here, how often any socket got one; so only after
// that number has grown has it to be asked.
//
// Mirrors sock_error of net/core/sock.c and datagram_poll of net/core/datagram.c. Omitted: EPOLLERR, as epoll(7) says nothing
// of descriptors.

#include "preload.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

// More requests than this without reading an answer may be too many.
#define MOST_UNREAD 16

static struct {
  uint32_t seen; // the number when the socket was last without error
  unsigned char unread;
} sockets[MAX_FD];

// The number; NULL when it cannot be had: the error comes with the events then.
static const volatile uint32_t *map_count(void) {
  static const volatile uint32_t *count;
  char path[PATH_MAX];
  if (count != NULL) return count;
  snprintf(path, sizeof(path), "%s/overruns", daemon_folder());
  int fd = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  void *mapped = mmap(NULL, sizeof(*count), PROT_READ, MAP_SHARED, fd, 0);
  NEXT(close)(fd);
  if (mapped != MAP_FAILED) count = mapped;
  return count;
}

void note_sent(int fd) {
  if (fd < MAX_FD && sockets[fd].unread <= MOST_UNREAD) sockets[fd].unread++;
}

void note_received(int fd) {
  if (fd < MAX_FD && sockets[fd].unread > 0) sockets[fd].unread--;
}

// The error that a socket has to tell, as a positive errno, or 0. It is told once, unless it is only looked at. Nothing is lost by
// a socket that hears of no events and reads its answers.
int error_of(int fd, int is_looked_at) {
  int saved = errno;
  if (fd >= MAX_FD || ((mark_of(fd) & MARK_LISTENS) == 0 && sockets[fd].unread <= MOST_UNREAD)) return 0;
  const volatile uint32_t *count = map_count();
  uint32_t now = count == NULL ? 0 : *count;
  if (count == NULL || sockets[fd].seen == now) return 0;
  struct request request = {OP_ERROR, {(uint32_t)is_looked_at, 0, 0}};
  int error = ask(fd, &request, NULL, 0, NULL, 0);
  if (error == 0 || !is_looked_at) sockets[fd].seen = now;
  errno = saved;
  return error > 0 ? error : 0;
}
