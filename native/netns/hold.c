// The first process of a namespace: keeps it, reaps what is orphaned there, and makes the system calls that must be made
// inside, one request after the other. It ends when the engine does, and with it every process of the namespace.
//
// A request is a byte that says what, then texts with a NUL behind each; the answer is an s32, 0 or more for success or
// -errno, with a descriptor or bytes behind it:
//
//   O path flags            open                                  → descriptor
//   S family type protocol  socket                                → descriptor
//   W path text             write a file, which exists
//   R path                  read a file, up to 4,000 bytes        → bytes
//   C path                  make an empty file
//   M source target type flags data   mount; empty texts stand for NULL
//   U target                umount, lazily
//   I uid gid               setresgid, setresuid, setgroups to none

#define _GNU_SOURCE
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_WORDS 5
#define REQUEST_SIZE 131072
#define READ_SIZE 4000

static char request[REQUEST_SIZE + 1];
static struct {
  int32_t result;
  char bytes[READ_SIZE];
} answer;

static const char *or_null(const char *text) { return *text == '\0' ? NULL : text; }

static unsigned long number(const char *text) { return strtoul(text, NULL, 0); }

static int write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t length = strlen(text);
  ssize_t written = write(fd, text, length);
  int result = written < 0 ? -errno : (size_t)written == length ? 0 : -EIO;
  close(fd);
  return result;
}

static int read_file(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t got = read(fd, answer.bytes, READ_SIZE);
  int result = got < 0 ? -errno : (int)got;
  close(fd);
  return result;
}

static int become(uid_t uid, gid_t gid) {
  if (setgroups(0, NULL) < 0) return -errno;
  if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) return -errno;
  // Whoever may look at the engine may look at this process, whose namespaces are entered through /proc.
  prctl(PR_SET_DUMPABLE, 1);
  return 0;
}

// Does one request; `*opened` becomes the descriptor that goes with the answer.
static int do_request(char what, const char *words[MOST_WORDS], int *opened) {
  switch (what) {
    case 'O':
      *opened = open(words[0], (int)number(words[1]) | O_CLOEXEC);
      return *opened < 0 ? -errno : 0;
    case 'S':
      *opened = socket((int)number(words[0]), (int)number(words[1]) | SOCK_CLOEXEC, (int)number(words[2]));
      return *opened < 0 ? -errno : 0;
    case 'W':
      return write_file(words[0], words[1]);
    case 'R':
      return read_file(words[0]);
    case 'C':
      *opened = open(words[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
      return *opened < 0 ? -errno : 0;
    case 'M':
      return mount(or_null(words[0]), words[1], or_null(words[2]), number(words[3]), or_null(words[4])) < 0 ? -errno
                                                                                                         : 0;
    case 'U':
      return umount2(words[0], MNT_DETACH) < 0 ? -errno : 0;
    case 'I':
      return become((uid_t)number(words[0]), (gid_t)number(words[1]));
    default:
      return -EINVAL;
  }
}

_Noreturn void hold(int fd) {
  umask(022);
  signal(SIGCHLD, SIG_IGN);
  prctl(PR_SET_NAME, "uveth-netns");
  for (;;) {
    ssize_t got = recv(fd, request, REQUEST_SIZE, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(0);
    request[got] = '\0';
    const char *words[MOST_WORDS];
    const char *at = request + 1;
    for (int index = 0; index < MOST_WORDS; index++) {
      words[index] = at < request + got ? at : "";
      at += strlen(words[index]) + 1;
    }
    int opened = -1;
    answer.result = do_request(request[0], words, &opened);
    unsigned behind = request[0] == 'R' && answer.result > 0 ? (unsigned)answer.result : 0;
    int sent = send_with_fd(fd, &answer, (unsigned)sizeof answer.result + behind, opened);
    if (opened >= 0) close(opened);
    if (sent < 0) _exit(0);
  }
}
