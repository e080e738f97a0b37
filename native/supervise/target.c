// The program whose call is done: its memory, its descriptors, what it can be told.
//
// Mirrors process_vm_readv(2), pidfd_getfd(2) and SECCOMP_IOCTL_NOTIF_ADDFD of seccomp_unotify(2).

#include "supervise.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PAGE 4096
#define PIDFD_THREAD_FLAG O_EXCL // Linux 6.9

// A call that was interrupted by death may have left its number to another thread, whose memory is not to be touched.
static int is_alive(const struct call *call) { return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0; }

int read_memory(const struct call *call, uint64_t from, void *to, size_t size) {
  struct iovec here = {to, size};
  struct iovec there = {(void *)from, size};
  if (size == 0) return 0;
  ssize_t length = process_vm_readv(call->tid, &here, 1, &there, 1, 0);
  if (length < 0 && errno != EFAULT) return -errno;
  return length == (ssize_t)size ? 0 : -EFAULT;
}

int write_memory(const struct call *call, uint64_t to, const void *from, size_t size) {
  struct iovec here = {(void *)from, size};
  struct iovec there = {(void *)to, size};
  if (size == 0) return 0;
  if (!is_alive(call)) return -ESRCH;
  ssize_t length = process_vm_writev(call->tid, &here, 1, &there, 1, 0);
  if (length < 0 && errno != EFAULT) return -errno;
  return length == (ssize_t)size ? 0 : -EFAULT;
}

// Reads a text with its NUL; -ENAMETOOLONG when there is none within `size`. What lies on the next page need not be there.
int read_path(const struct call *call, uint64_t from, char *to, size_t size) {
  for (size_t at = 0; at < size;) {
    size_t piece = PAGE - ((from + at) & (PAGE - 1));
    if (piece > size - at) piece = size - at;
    int result = read_memory(call, from + at, to + at, piece);
    if (result < 0) return result;
    if (memchr(to + at, '\0', piece) != NULL) return 0;
    at += piece;
  }
  return -ENAMETOOLONG;
}

// The process of a thread; the thread itself when nothing is known of it.
pid_t process_of(pid_t tid) {
  char path[32], text[512];
  snprintf(path, sizeof(path), "/proc/%d/status", tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
  if (fd >= 0) close(fd);
  text[length < 0 ? 0 : length] = '\0';
  const char *line = strstr(text, "\nTgid:");
  pid_t pid = line == NULL ? 0 : atoi(line + 6);
  return pid > 0 ? pid : tid;
}

static int open_pidfd(pid_t tid) {
  int fd = (int)syscall(SYS_pidfd_open, tid, 0);
  if (fd < 0) fd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD_FLAG);
  return fd < 0 ? (int)syscall(SYS_pidfd_open, process_of(tid), 0) : fd;
}

// A descriptor of our own for one of the program's, or -errno.
int take_descriptor(const struct call *call, int fd) {
  int pidfd = open_pidfd(call->tid);
  if (pidfd < 0) return -errno;
  int taken = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
  int result = taken < 0 ? -errno : taken;
  close(pidfd);
  return result;
}

int is_cloexec_there(const struct call *call, int fd) {
  char path[64], text[256];
  snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", call->tid, fd);
  int info = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
  if (info >= 0) close(info);
  text[length < 0 ? 0 : length] = '\0';
  const char *flags = strstr(text, "flags:");
  return flags != NULL && (strtoul(flags + 6, NULL, 8) & O_CLOEXEC) != 0;
}

static int is_open_there(const struct call *call, int fd) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof(path), "/proc/%d/fd/%d", call->tid, fd);
  return lstat(path, &status) == 0;
}

static long add(const struct call *call, int number, int fd, int is_cloexec, int is_last) {
  struct seccomp_notif_addfd request = {.id = call->id,
                                        .flags = (number < 0 ? 0 : SECCOMP_ADDFD_FLAG_SETFD) | (is_last ? SECCOMP_ADDFD_FLAG_SEND : 0),
                                        .srcfd = (uint32_t)fd,
                                        .newfd = number < 0 ? 0 : (uint32_t)number,
                                        .newfd_flags = is_cloexec ? O_CLOEXEC : 0};
  int result = ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &request);
  // Beyond the program's limit of descriptors (replace_fd).
  return result < 0 ? (errno == EBADF ? -EMFILE : -errno) : result;
}

// Answers the call with a descriptor at the first free number from `first` on, and closes ours.
long put_descriptor(const struct call *call, int fd, int first, int is_cloexec) {
  int number = first;
  while (first > 0 && (number == NETNS_FD || number == WAY_FD || is_open_there(call, number))) number++;
  long result = add(call, first > 0 ? number : -1, fd, is_cloexec, 1);
  close(fd);
  return result < 0 ? result : ANSWERED;
}

// Lets a descriptor take another one's place, and closes ours; the call is still to be answered.
int replace_descriptor(const struct call *call, int number, int fd, int is_cloexec) {
  long result = add(call, number, fd, is_cloexec, 0);
  close(fd);
  return result < 0 ? (int)result : 0;
}

static const struct call *listener_of_complaints;

// Whom the complaints are for until the next call.
void complain_to(const struct call *call) { listener_of_complaints = call; }

void complain(const char *text) {
  int fd = listener_of_complaints == NULL ? -1 : take_descriptor(listener_of_complaints, STDERR_FILENO);
  if (fd < 0) return;
  dprintf(fd, "uveth: %s\n", text);
  close(fd);
}

// Whether the thread that is asked for has kept a capability, if it has become another user than ours (../way.c).
int has_kept(int capability) {
  char path[32];
  struct stat status;
  if (caller == NULL) return 1;
  snprintf(path, sizeof(path), "/proc/%u", caller->pid);
  if (stat(path, &status) == 0 && status.st_uid == geteuid()) return 1;
  return (effective_capabilities((pid_t)caller->pid) >> capability & 1) != 0;
}

// What a thread may do; nothing when it is not known.
uint64_t effective_capabilities(pid_t tid) {
  char path[32], text[2048];
  snprintf(path, sizeof(path), "/proc/%d/status", tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
  if (fd >= 0) close(fd);
  text[length < 0 ? 0 : length] = '\0';
  const char *line = strstr(text, "\nCapEff:");
  return line == NULL ? 0 : strtoull(line + 8, NULL, 16);
}

// This process is the daemon's user, or nobody it knows.
int connect_by_way(void) { return -ENETDOWN; }

// What the functions of the preload library ask of a descriptor: here they are given netlink sockets only, of which it keeps no
// marks.
int mark_of(int fd) { return fd >= 0 ? MARK_NETLINK | MARK_LISTENS : 0; }
int is_netlink(int fd) { return fd >= 0; }
void mark(int fd, int what) {
  (void)what;
  forget_name(fd);
}
