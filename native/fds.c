// Which descriptors are netlink sockets, or files that act when they are written: a mark for each, kept through close
// and dup, and found again after exec and in messages.

#include "preload.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned char marks[MAX_FD];
static unsigned marked; // how many are not 0

// The process whose marks these are. A child of vfork(2) shares them until it is another program, and leaves them as they are; a
// child by copy has its own from the start, and says so at once, lest a child of vfork(2) of its own takes them for its own. A
// copy that nobody told of (clone(2) by number) is known by the page that is wiped.
static struct {
  pid_t pid;
  volatile int *is_known;
} owner;

int is_any_marked(void) { return __atomic_load_n(&marked, __ATOMIC_RELAXED) > 0; }

static void own(void) {
  owner.pid = getpid();
  if (owner.is_known != NULL) *owner.is_known = 1;
}

static int is_owner(void) {
  if (owner.is_known == NULL) return 1;
  if (!*owner.is_known) own();
  return getpid() == owner.pid;
}

// To be called before any descriptor is marked.
static void begin_owning(void) {
  size_t size = (size_t)getpagesize();
  void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (madvise(page, size, MADV_WIPEONFORK) == 0) {
    owner.is_known = page;
    own();
    pthread_atfork(NULL, NULL, own);
  } else munmap(page, size);
}

int mark_of(int fd) { return fd >= 0 && fd < MAX_FD ? marks[fd] : 0; }

int is_netlink(int fd) { return (mark_of(fd) & MARK_NETLINK) != 0; }

// Notes what a descriptor is from now on, once what it was has been seen to.
void mark(int fd, int what) {
  forget_name(fd);
  if (mark_of(fd) == MARK_WRITTEN && what == 0) flush_written(fd);
  if (fd < 0 || fd >= MAX_FD || marks[fd] == what || !is_owner()) return;
  __atomic_fetch_add(&marked, (unsigned)(what != 0) - (unsigned)(marks[fd] != 0), __ATOMIC_RELAXED);
  marks[fd] = (unsigned char)what;
}

// The copy of a socket without a name may be given one, so neither is named here.
static void copy_mark(int to, int from) {
  if (to < 0) return;
  int what = mark_of(from) & ~MARK_NO_NAME;
  if (mark_of(from) != what) mark(from, what);
  mark(to, what);
}

// A connection to the daemon's socket is a netlink socket: nothing else of ours outlives the function that made it.
static int is_inherited(int fd) {
  struct sockaddr_un peer = {0};
  socklen_t length = sizeof(peer);
  if (NEXT(getpeername)(fd, (struct sockaddr *)&peer, &length) < 0 || peer.sun_family != AF_UNIX) return 0;
  return strncmp(peer.sun_path, daemon_socket(), sizeof(peer.sun_path)) == 0;
}

// Notes what a descriptor is that somebody has sent (SCM_RIGHTS of unix(7)).
static void adopt(int fd) { mark(fd, is_inherited(fd) ? MARK_NETLINK | MARK_LISTENS : 0); }

void adopt_received(struct msghdr *message) {
  if (message->msg_controllen == 0 || daemon_socket() == NULL) return;
  int saved = errno;
  for (struct cmsghdr *each = CMSG_FIRSTHDR(message); each != NULL; each = CMSG_NXTHDR(message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const unsigned char *end = (const unsigned char *)each + each->cmsg_len;
    int fd;
    for (const unsigned char *at = CMSG_DATA(each); at + sizeof(fd) <= end; at += sizeof(fd)) {
      memcpy(&fd, at, sizeof(fd));
      adopt(fd);
    }
  }
  errno = saved;
}

__attribute__((constructor)) static void find_inherited(void) {
  if (daemon_socket() == NULL) return;
  int saved = errno;
  begin_owning();
  if (getenv(ENV_NO_FDS) != NULL) {
    unsetenv(ENV_NO_FDS);
    return;
  }
  DIR *folder = opendir("/proc/self/fd");
  if (folder != NULL) {
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
      char link[32];
      int fd = atoi(entry->d_name);
      if (entry->d_name[0] == '.') continue;
      if (fd > 2 && is_inherited(fd)) mark(fd, fd == WAY_FD ? MARK_WAY : MARK_NETLINK | MARK_LISTENS);
      else if (snprintf(link, sizeof(link), "/proc/self/fd/%d", fd) > 0) mark(fd, adopt_written(link, fd));
    }
    closedir(folder);
  }
  errno = saved;
}

// The namespace's descriptor and the way's are no business of the program: they stay when "all" are closed.
static int is_reserved(int fd) { return (fd == NETNS_FD && daemon_socket() != NULL) || is_way(fd); }

EXPORT int close(int fd) {
  if (is_reserved(fd)) return fail(-EBADF);
  mark(fd, 0);
  return NEXT(close)(fd);
}

static int close_some(unsigned first, unsigned last, int flags) {
  if ((flags & CLOSE_RANGE_CLOEXEC) == 0) {
    for (unsigned fd = first; fd <= last && fd < MAX_FD; fd++) mark((int)fd, 0);
  }
  return NEXT(close_range)(first, last, flags);
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
  // The reserved ones, in ascending order, part what is closed.
  static const unsigned reserved[] = {WAY_FD, NETNS_FD};
  for (int i = 0; i < 2; i++) {
    unsigned fd = reserved[i];
    if (!is_reserved((int)fd) || first > fd || last < fd) continue;
    if (first < fd && close_some(first, fd - 1, flags) < 0) return -1;
    if (last == fd) return 0;
    first = fd + 1;
  }
  return close_some(first, last, flags);
}

EXPORT void closefrom(int first) { close_range(first < 0 ? 0 : (unsigned)first, ~0U, 0); }

EXPORT int dup(int fd) {
  int copy = NEXT(dup)(fd);
  copy_mark(copy, fd);
  return copy;
}

EXPORT int dup2(int fd, int wanted) {
  if (is_reserved(wanted)) return fail(-EBADF);
  if (wanted != fd) mark(wanted, 0);
  int copy = NEXT(dup2)(fd, wanted);
  copy_mark(copy, fd);
  return copy;
}

EXPORT int dup3(int fd, int wanted, int flags) {
  if (is_reserved(wanted)) return fail(-EBADF);
  if (wanted != fd) mark(wanted, 0);
  int copy = NEXT(dup3)(fd, wanted, flags);
  copy_mark(copy, fd);
  return copy;
}

EXPORT int fcntl64(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  int result = NEXT(fcntl64)(fd, command, argument);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) copy_mark(result, fd);
  return result;
}

EXPORT int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return fcntl64(fd, command, argument);
}
