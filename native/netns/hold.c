// The first process of a namespace: keeps it, reaps what is orphaned there, and makes the system calls that must be made
// inside, one request after the other. It ends when the engine does, and with it every process of the namespace.
//
// A datagram holds requests, which are done in their order: a letter that says what, a digit for how many words follow, the
// words with a NUL behind each. Where the letter is small, what is behind it is done only if it succeeds. The answer is an s32
// for each request, 0 or more for success, -errno, or -ECANCELED for what was left out; then what was read, and the descriptors
// of those that succeeded:
//
//   O path flags            open                                  → descriptor
//   K path flags            open, and keep it open here too: the result is its number here → descriptor
//   D number                close what K has kept
//   S family type protocol  socket                                → descriptor
//   W path text             write a file, which exists
//   R path                  read a file, up to 4,000 bytes; the last request of its datagram → bytes
//   C path text             make a file that holds the text       → descriptor
//   M source target type flags data   mount; empty texts stand for NULL
//   U target                umount, lazily
//   I uid gid               setresgid, setresuid, setgroups to none

#define _GNU_SOURCE
#include "netns.h"

#include <ctype.h>
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
#define MOST_REQUESTS 64
#define READ_SIZE 4000

static char request[REQUEST_SIZE + 1];
static char answer[MOST_REQUESTS * sizeof(int32_t) + READ_SIZE];

static const char *or_null(const char *text) { return *text == '\0' ? NULL : text; }

static unsigned long number(const char *text) { return strtoul(text, NULL, 0); }

static int write_text(int fd, const char *text) {
  size_t length = strlen(text);
  ssize_t written = write(fd, text, length);
  return written < 0 ? -errno : (size_t)written == length ? 0 : -EIO;
}

static int write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return -errno;
  int result = write_text(fd, text);
  close(fd);
  return result;
}

static int make_file(const char *path, const char *text, int *opened) {
  *opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  return *opened < 0 ? -errno : write_text(*opened, text);
}

// Reads to `bytes`.
static int read_file(const char *path, char *bytes) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t got = read(fd, bytes, READ_SIZE);
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

// Does one request; `*opened` becomes the descriptor that goes with the answer, if there is one, and is left open here
// when `*is_kept`.
static int do_request(char what, const char *words[MOST_WORDS], int *opened, int *is_kept, char *bytes) {
  switch (what) {
    case 'O':
    case 'K':
      *opened = open(words[0], (int)number(words[1]) | O_CLOEXEC);
      *is_kept = what == 'K';
      return *opened < 0 ? -errno : what == 'K' ? *opened : 0;
    case 'D':
      return close((int)number(words[0])) < 0 ? -errno : 0;
    case 'S':
      *opened = socket((int)number(words[0]), (int)number(words[1]) | SOCK_CLOEXEC, (int)number(words[2]));
      return *opened < 0 ? -errno : 0;
    case 'W':
      return write_file(words[0], words[1]);
    case 'R':
      return read_file(words[0], bytes);
    case 'C':
      return make_file(words[0], words[1], opened);
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

// Does the requests from `at` to `end`, and answers them all; -1 when nobody wants to know any more.
static int do_requests(int fd, const char *at, const char *end) {
  int fds[MOST_FDS] = {0};
  int is_kept[MOST_FDS] = {0};
  unsigned fd_count = 0;
  unsigned count = 0;
  unsigned read_length = 0;
  int is_over = 0;
  while (at < end && count < MOST_REQUESTS) {
    char what = *at++;
    int word_count = at < end ? *at++ - '0' : 0;
    const char *words[MOST_WORDS];
    for (int index = 0; index < MOST_WORDS; index++) {
      words[index] = index < word_count && at < end ? at : "";
      if (index < word_count && at < end) at += strlen(at) + 1;
    }
    char *place = answer + count++ * sizeof(int32_t);
    int opened = -1;
    int keeps = 0;
    int32_t result = is_over ? -ECANCELED : fd_count == MOST_FDS ? -EMFILE : 0;
    if (result == 0) result = do_request((char)toupper(what), words, &opened, &keeps, place + sizeof result);
    if (opened >= 0 && result < 0) close(opened);
    else if (opened >= 0) {
      fds[fd_count] = opened;
      is_kept[fd_count++] = keeps;
    }
    if (toupper(what) == 'R' && result > 0) read_length = (unsigned)result;
    if (islower(what) && result < 0) is_over = 1;
    memcpy(place, &result, sizeof result);
  }
  unsigned length = count * (unsigned)sizeof(int32_t) + read_length;
  int sent = send_with_fds(fd, answer, length, fds, fd_count);
  for (unsigned index = 0; index < fd_count; index++) {
    if (!is_kept[index]) close(fds[index]);
  }
  return sent;
}

_Noreturn void hold(int fd, char *first, size_t length) {
  umask(022);
  signal(SIGCHLD, SIG_IGN);
  prctl(PR_SET_NAME, "uveth-netns");
  first[length] = '\0';
  if (length > 0 && do_requests(fd, first, first + length) < 0) _exit(0);
  for (;;) {
    ssize_t got = recv(fd, request, REQUEST_SIZE, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) _exit(0);
    request[got] = '\0';
    if (do_requests(fd, request, request + got) < 0) _exit(0);
  }
}
