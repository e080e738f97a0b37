// Which namespace a thread lives in.
//
// A process begins in the one that its descriptor NETNS_FD is open on, which fork and exec hand on (../netns.c). A thread that
// enters another one, as Go's programs do, is noted here, with the namespace that the rest of its process lives in; what such a
// thread starts gets NETNS_FD changed before.
//
// Mirrors setns(2), unshare(2) and copy_namespaces of kernel/nsproxy.c. Omitted: a thread that was made by one that lives in another
// namespace than its process begins in that of the process.

#include "supervise.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MOST_THREADS 1024

// A thread or, when it is its process's, all others of it; `fd` is open on the namespace's file.
static struct home {
  pid_t tid, pid;
  int is_process;
  uint64_t start;
  int fd;
} homes[MOST_THREADS];
static int home_count;

// The descriptor that was taken from a process for the call at hand.
static int taken = -1;

// When a thread began, in clock ticks: its number may become another's.
static uint64_t start_of(pid_t pid, pid_t tid) {
  char path[64], text[1024];
  snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof(text) - 1);
  close(fd);
  text[length < 0 ? 0 : length] = '\0';
  const char *at = strrchr(text, ')');
  for (int field = 2; at != NULL && field < 22; field++) at = strchr(at + 1, ' ');
  return at == NULL ? 0 : strtoull(at, NULL, 10);
}

static int is_there(const struct home *home) { return start_of(home->pid, home->tid) == home->start; }

static void drop(struct home *home) {
  close(home->fd);
  *home = homes[--home_count];
}

// Lets go of the namespaces of threads that have ended.
void sweep_homes(void) {
  for (int i = home_count; i-- > 0;) {
    if (!is_there(&homes[i])) drop(&homes[i]);
  }
}

int has_homes(void) { return home_count > 0; }

static struct home *find(pid_t tid, int is_process) {
  for (int i = 0; i < home_count; i++) {
    if (homes[i].tid != tid || homes[i].is_process != is_process) continue;
    if (is_there(&homes[i])) return &homes[i];
    drop(&homes[i]);
    return NULL;
  }
  return NULL;
}

static int note(pid_t pid, pid_t tid, int is_process, int fd) {
  struct home *home = find(tid, is_process);
  if (home != NULL) {
    close(home->fd);
    home->fd = fd;
    return 0;
  }
  if (home_count == MOST_THREADS) sweep_homes();
  if (home_count == MOST_THREADS) {
    close(fd);
    return -ENOMEM;
  }
  homes[home_count++] = (struct home){tid, pid, is_process, start_of(pid, tid), fd};
  return 0;
}

// Opens what a process's descriptor of its namespace is open on.
static int open_inherited(pid_t tid) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, NETNS_FD);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -ENETDOWN : fd;
}

// A descriptor of the namespace that a thread lives in, which is not to be closed; -errno when it lives in none.
int home_of(pid_t tid) {
  struct home *home = home_count == 0 ? NULL : find(tid, 0);
  if (home == NULL && home_count > 0) home = find(process_of(tid), 1);
  if (home != NULL) return home->fd;
  if (taken >= 0) close(taken);
  return taken = open_inherited(tid);
}

static int thread_count(pid_t pid) {
  char path[32];
  struct stat status;
  snprintf(path, sizeof(path), "/proc/%d/task", pid);
  return stat(path, &status) < 0 ? 1 : (int)status.st_nlink - 2;
}

// Lets the calling thread live in the namespace of `fd`, which is ours no more.
static int move_to(const struct call *call, int fd) {
  pid_t pid = process_of(call->tid);
  if (thread_count(pid) == 1 && find(pid, 1) == NULL) return replace_descriptor(call, NETNS_FD, fd, 0);
  if (find(pid, 1) == NULL) {
    int base = open_inherited(pid);
    int result = base < 0 ? base : note(pid, pid, 1, base);
    if (result < 0) {
      close(fd);
      return result;
    }
  }
  return note(pid, call->tid, 0, fd);
}

long call_setns(const struct call *call) {
  int fd = take_descriptor(call, (int)call->args[0]);
  if (fd < 0) return fd;
  struct caller other = {(uint32_t)call->tid, fd, home_of, 0};
  struct request request = {OP_SETNS, {FD_GIVEN, is_admin(), 0}};
  struct caller *own = caller;
  caller = &other;
  int result = ask_once(&request, NULL, 0, NULL, 0);
  caller = own;
  // Of another kind, or no namespace at all, which the kernel says.
  if (result == -ENETDOWN || result == -EINVAL) {
    close(fd);
    return GOES_ON;
  }
  if (result < 0) close(fd);
  else result = move_to(call, fd);
  return result;
}

// Makes a namespace, whose open file keeps it. Returns a descriptor or -errno.
static int open_new(void) {
  char path[256];
  int connection = connect_daemon(SOCK_CLOEXEC);
  if (connection < 0) return connection;
  struct request request = {OP_UNSHARE, {is_admin(), 0, 0}};
  int result = ask(connection, &request, NULL, 0, NULL, 0);
  if (result > 0) {
    snprintf(path, sizeof(path), "%s/id/%d", daemon_folder(), result);
    result = open(path, O_RDONLY | O_CLOEXEC);
    if (result < 0) result = -errno;
  }
  close(connection);
  return result;
}

// Whether the kernel would refuse a namespace of another kind.
static int lacks_rights(const struct call *call, uint64_t flags) {
  return (flags & CLONE_NEWUSER) == 0 && (effective_capabilities(call->tid) >> CAP_SYS_ADMIN & 1) == 0;
}

// The kernel does what else is asked for; with it come namespaces of its own, in which nothing is.
long call_unshare(const struct call *call) {
  uint64_t flags = call->args[0];
  if (flags != CLONE_NEWNET && lacks_rights(call, flags)) return -EPERM;
  int fd = open_new();
  int result = fd < 0 ? fd : move_to(call, fd);
  return result < 0 || flags == CLONE_NEWNET ? result : GOES_ON;
}

// A new process lives where the thread does that makes it, or in a namespace of its own.
long call_fork(const struct call *call) {
  int is_new = call->number == SYS_clone && (call->args[0] & CLONE_NEWNET) != 0;
  if (is_new && lacks_rights(call, call->args[0])) return -EPERM;
  if (!is_new && home_count == 0) return GOES_ON;
  pid_t pid = process_of(call->tid);
  if (is_new && find(pid, 1) == NULL) {
    int base = open_inherited(pid);
    int result = base < 0 ? base : note(pid, pid, 1, base);
    if (result < 0) return result;
  }
  if (find(pid, 1) == NULL) return GOES_ON;
  int fd = is_new ? open_new() : fcntl(home_of(call->tid), F_DUPFD_CLOEXEC, 0);
  int result = fd < 0 ? fd : replace_descriptor(call, NETNS_FD, fd, 0);
  return result < 0 ? result : GOES_ON;
}

// The program that a process becomes lives where the thread does that becomes it.
long call_exec(const struct call *call) {
  if (home_count == 0 || find(process_of(call->tid), 1) == NULL) return GOES_ON;
  int fd = fcntl(home_of(call->tid), F_DUPFD_CLOEXEC, 0);
  int result = fd < 0 ? -EMFILE : replace_descriptor(call, NETNS_FD, fd, 0);
  if (result < 0) return result;
  pid_t pid = process_of(call->tid);
  for (int i = home_count; i-- > 0;) {
    if (homes[i].pid == pid) drop(&homes[i]);
  }
  return GOES_ON;
}
