// The loop: a call that the filter notifies of is done at once and answered, or waits for what it reads from.
//
// A program that waits in a call hears of no signal but a fatal one, so that nothing is done twice. One that waits to receive is looked
// at from time to time: when it has got a signal, its call ends as if interrupted, and the kernel restarts it or says EINTR.
//
// The loop ends when no process is left under the filter.
//
// Mirrors seccomp_unotify(2) and the waiting of __skb_wait_for_more_packets of net/core/datagram.c.

#include "supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>

#define MOST_WAITING 1024
#define LOOK_MS 50
#define ERESTARTSYS 512 // include/linux/errno.h

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64) // Linux 6.6
#endif
#define SYNC_WAKE_UP 1

// A call that waits, with its arguments and the time it may take; 0 for any.
static struct waiting {
  struct call call;
  uint64_t args[6];
  int fd;
  int64_t deadline;
} waiting[MOST_WAITING];
static int waiting_count;
static struct waiting *retried; // the one that is tried again

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void answer(const struct call *call, long result) {
  struct seccomp_notif_resp response = {.id = call->id};
  if (result == ANSWERED || result == WAITS) return;
  if (result == GOES_ON) response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  else if (result < 0) response.error = (int)result;
  else response.val = result;
  // The caller may have died meanwhile.
  ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static long do_call(const struct call *call) {
  struct caller other = {(uint32_t)call->tid, -1, home_of, 0};
  complain_to(call);
  caller = &other;
  switch (call->number) {
    case SYS_socket:
      return call_socket(call);
    case SYS_ioctl:
      return call_ioctl(call);
    case SYS_setns:
      return call_setns(call);
    case SYS_unshare:
      return call_unshare(call);
    case SYS_clone:
#ifdef SYS_fork
    case SYS_fork:
    case SYS_vfork:
#endif
      return call_fork(call);
    case SYS_execve:
    case SYS_execveat:
      return call_exec(call);
    case SYS_dup:
    case SYS_dup3:
#ifdef SYS_dup2
    case SYS_dup2:
#endif
    case SYS_fcntl:
      return call_copy(call);
    case SYS_mount:
    case SYS_umount2:
      return call_mount(call);
    default:
      return has_path(call->number) ? call_path(call) : call_on_descriptor(call);
  }
}

// Lets a call wait until `fd`, which is taken, can be read.
void wait_for(const struct call *call, int fd) {
  if (retried != NULL) {
    close(fd);
    return;
  }
  struct timeval limit = {0, 0};
  socklen_t length = sizeof(limit);
  getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &length);
  int64_t time = (int64_t)limit.tv_sec * 1000 + (limit.tv_usec + 999) / 1000;
  if (waiting_count == MOST_WAITING) {
    close(fd);
    answer(call, -ENOBUFS);
    return;
  }
  struct waiting *each = &waiting[waiting_count++];
  each->call = *call;
  memcpy(each->args, call->args, sizeof(each->args));
  each->fd = fd;
  each->deadline = time == 0 ? 0 : now_ms() + time;
}

static void stop_waiting(struct waiting *each) {
  close(each->fd);
  *each = waiting[--waiting_count];
}

static int has_signal(pid_t tid) {
  char path[32], text[4096];
  snprintf(path, sizeof(path), "/proc/%d/status", tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
  if (fd >= 0) close(fd);
  text[length < 0 ? 0 : length] = '\0';
  uint64_t sets[3] = {0};
  static const char *const names[] = {"\nSigPnd:", "\nShdPnd:", "\nSigBlk:"};
  for (int i = 0; i < 3; i++) {
    const char *line = strstr(text, names[i]);
    if (line != NULL) sets[i] = strtoull(line + 8, NULL, 16);
  }
  return ((sets[0] | sets[1]) & ~sets[2]) != 0;
}

// Goes on with a call that waited. Returns 1 when it waits no longer.
static int try_again(struct waiting *each, int is_ready) {
  struct call call = each->call;
  call.args = each->args;
  long result = WAITS;
  if (is_ready) {
    retried = each;
    result = do_call(&call);
    retried = NULL;
  } else if (ioctl(call.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id) < 0) result = ANSWERED;
  else if (has_signal(call.tid)) result = each->deadline != 0 ? -EINTR : -ERESTARTSYS; // sock_intr_errno
  else if (each->deadline != 0 && now_ms() >= each->deadline) result = -EAGAIN;
  if (result == WAITS) return 0;
  answer(&call, result);
  return 1;
}

static void receive_call(int listener, struct seccomp_notif *notice, size_t size) {
  memset(notice, 0, size);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notice) < 0) return;
  uint64_t args[6];
  for (int i = 0; i < 6; i++) args[i] = notice->data.args[i];
  struct call call = {listener, notice->id, (pid_t)notice->pid, notice->data.nr, args};
  answer(&call, do_call(&call));
}

_Noreturn void supervise(int listener) {
  struct seccomp_notif_sizes sizes = {0};
  uint64_t flags = SYNC_WAKE_UP;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) _exit(1);
  size_t size = sizes.seccomp_notif < sizeof(struct seccomp_notif) ? sizeof(struct seccomp_notif) : sizes.seccomp_notif;
  struct seccomp_notif *notice = malloc(size);
  if (notice == NULL) _exit(1);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
  for (int64_t looked = now_ms();;) {
    struct pollfd fds[1 + MOST_WAITING];
    int count = waiting_count;
    fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (int i = 0; i < count; i++) fds[1 + i] = (struct pollfd){.fd = waiting[i].fd, .events = POLLIN};
    int ready = poll(fds, 1 + (nfds_t)count, count > 0 ? LOOK_MS : has_homes() ? 1000 : -1);
    if (ready < 0) continue;
    int looks = ready == 0 || (count > 0 && now_ms() - looked >= LOOK_MS);
    if (looks) looked = now_ms();
    if (looks && has_homes()) sweep_homes();
    for (int i = count; i-- > 0;) {
      int is_ready = fds[1 + i].revents != 0;
      if ((is_ready || looks) && try_again(&waiting[i], is_ready)) stop_waiting(&waiting[i]);
    }
    if ((fds[0].revents & POLLIN) != 0) receive_call(listener, notice, size);
    else if (fds[0].revents != 0) _exit(0);
  }
}
