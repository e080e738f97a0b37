// Makes holders: each is the first process of a process id namespace of its own, so that whatever runs there ends with it,
// and it ends when the engine closes the socket to it, or dies.
//
// A request is a u32 of CLONE_NEW* flags and what the holder is to do at once, as hold.c has it; the answer is an s32, the
// holder's process id or -errno, and the engine's end of a socket to the holder.

#define _GNU_SOURCE
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Leaves nothing open but `fd`, which becomes descriptor 3, and the standard streams on /dev/null.
static int keep_only(int fd) {
  int null = open("/dev/null", O_RDWR);
  for (int each = 0; each < 3; each++) dup2(null, each);
  if (fd != 3 && dup2(fd, 3) < 0) return -1;
  syscall(SYS_close_range, 4u, ~0u, 0u);
  return 3;
}

static int32_t make_holder(uint32_t flags, char *first, size_t length, int *engine_end) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
  long pid = syscall(SYS_clone, (unsigned long)flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) hold(keep_only(pair[1]), first, length);
  int32_t result = pid < 0 ? -errno : (int32_t)pid;
  close(pair[1]);
  if (pid < 0) close(pair[0]);
  else *engine_end = pair[0];
  return result;
}

int serve(int given) {
  setsid();
  if (chdir("/") < 0) return 1;
  // Holders that end are not waited for.
  signal(SIGCHLD, SIG_IGN);
  prctl(PR_SET_NAME, "uveth-netns");
  int fd = keep_only(given);
  for (;;) {
    static char request[REQUEST_SIZE + 1];
    uint32_t flags;
    ssize_t got = recv(fd, request, REQUEST_SIZE, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < (ssize_t)sizeof flags) return 0;
    memcpy(&flags, request, sizeof flags);
    int engine_end = -1;
    int32_t result = make_holder(flags, request + sizeof flags, (size_t)got - sizeof flags, &engine_end);
    int sent = send_with_fds(fd, &result, sizeof result, &engine_end, engine_end >= 0);
    if (engine_end >= 0) close(engine_end);
    if (sent < 0) return 0;
  }
}
