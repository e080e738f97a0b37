// uveth-supervise: becomes a program that the preload library does not reach, with a supervisor beside it.
//
//   uveth-supervise [-w] PROGRAM ARGUMENT-0 …      -w: where that cannot be, the program is started without sockets of a network
//
// The supervisor is a process of its own, no child of the program's; it ends when the last process under the filter has. Should it be
// killed, the calls that it would have done fail (ENOSYS), so that nothing reaches the host's network.

#include "supervise.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

extern char **environ;

// Leaves nothing open but the socket to the program, which becomes descriptor 3, and the standard streams on /dev/null.
static void keep_only(int fd) {
  int null = open("/dev/null", O_RDWR);
  for (int each = 0; each < 3; each++) dup2(null, each);
  if (fd != 3) dup2(fd, 3);
  syscall(SYS_close_range, 4u, ~0u, 0u);
}

static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Waits for the descriptor of notifications, and serves it.
static _Noreturn void serve(int fd) {
  char byte;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  int listener = -1;
  setsid();
  keep_only(fd);
  allow_descriptors();
  prctl(PR_SET_NAME, "uveth-supervise");
  signal(SIGPIPE, SIG_IGN);
  if (chdir("/") < 0) _exit(1);
  pid_t self = getpid();
  if (write(3, &self, sizeof(self)) < 0) _exit(1);
  if (recvmsg(3, &message, MSG_CMSG_CLOEXEC) <= 0 || CMSG_FIRSTHDR(&message) == NULL) _exit(1);
  memcpy(&listener, CMSG_DATA(&control.header), sizeof(listener));
  if (write(3, &byte, 1) < 0) _exit(1);
  close(3);
  supervise(listener);
}

// Starts a supervisor that is no child of ours, and returns the socket to it, or -errno.
static int start_supervisor(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  pid_t child = fork();
  if (child == 0) {
    if (fork() == 0) serve(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  if (child < 0) return -errno;
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  pid_t supervisor;
  if (read(ends[0], &supervisor, sizeof(supervisor)) != sizeof(supervisor)) return -ESRCH;
  // Where a process's memory is its ancestors' to read (kernel.yama.ptrace_scope).
  prctl(PR_SET_PTRACER, supervisor, 0, 0, 0);
  return ends[0];
}

static int hand_over(int fd, int listener) {
  char byte = 0;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  memcpy(CMSG_DATA(&control.header), &listener, sizeof(listener));
  if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0) return -errno;
  close(listener);
  return read(fd, &byte, 1) == 1 ? 0 : -ESRCH;
}

static int take_supervisor(void) {
  int fd = start_supervisor();
  if (fd < 0) return fd;
  int listener = take_filter();
  int result = listener < 0 ? listener : hand_over(fd, listener);
  close(fd);
  return result;
}

int main(int argc, char *argv[]) {
  int is_weak = argc > 1 && strcmp(argv[1], "-w") == 0;
  char **words = argv + 1 + is_weak;
  if (argc < 3 + is_weak || daemon_socket() == NULL) {
    fprintf(stderr, "This program is a part of uveth: type \"uveth run -- COMMAND\"\n");
    return 255;
  }
  int result = take_supervisor();
  if (result < 0 && is_weak) result = confine();
  if (result < 0) {
    fprintf(stderr, "uveth: Cannot supervise \"%s\": %s\n", words[0], strerror(-result));
    return EXIT_CANNOT_RUN;
  }
  execve(words[0], words + 1, environ);
  fprintf(stderr, "uveth: Cannot run \"%s\": %s\n", words[0], strerror(errno));
  return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
