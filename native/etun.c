// etun's interface, from the time before veth: a write of "a,b" to its parameter newif makes a pair, a name written to delif
// removes one, in the namespace of the writer.
//
// What is opened is a file in memory, whose content is done when it is written, or by the C library's own ways of writing, which
// are not seen here, when the descriptor is closed or given to something else, or at the end of a program that began with it.

#include "preload.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FOLDER "/sys/module/etun/parameters/"
#define MOST_TEXT 64

// Which parameter a path is: 0 for none.
int etun_parameter(const char *path) {
  if (path == NULL || strncmp(path, FOLDER, sizeof(FOLDER) - 1) != 0 || daemon_socket() == NULL) return 0;
  const char *name = path + sizeof(FOLDER) - 1;
  return strcmp(name, "newif") == 0 ? MARK_NEWIF : strcmp(name, "delif") == 0 ? MARK_DELIF : 0;
}

static const char *const names[] = {[MARK_NEWIF] = "etun-newif", [MARK_DELIF] = "etun-delif"};

// Opens a parameter for writing.
int open_etun(int parameter) {
  int fd = memfd_create(names[parameter], 0);
  if (fd >= 0) mark(fd, parameter);
  return fd;
}

// The parameter that a program began with as its output, and a descriptor of our own for it.
static int inherited, inherited_fd;

// Finds out whether a descriptor that the program began with is a parameter.
int adopt_etun(const char *link, int fd) {
  char target[32] = {0};
  if (readlink(link, target, sizeof(target) - 1) < 0 || strncmp(target, "/memfd:etun-", 12) != 0) return 0;
  inherited = strncmp(target + 7, names[MARK_NEWIF], 10) == 0 ? MARK_NEWIF : MARK_DELIF;
  inherited_fd = fcntl(fd, F_DUPFD_CLOEXEC, 512);
  return inherited;
}

static int do_etun(int parameter, const void *text, size_t length) {
  struct request request = {OP_ETUN, {parameter == MARK_NEWIF, is_admin(), 0}};
  return length > MOST_TEXT ? -EINVAL : ask_once(&request, text, length, NULL, 0);
}

// Does what is written. Returns the length or -errno.
ssize_t write_etun(int fd, const void *text, size_t length) {
  int result = do_etun(mark_of(fd), text, length);
  return result < 0 ? result : (ssize_t)length;
}

// Does what was written without our seeing it.
void flush_etun(int fd) {
  char text[MOST_TEXT + 1];
  int saved = errno;
  ssize_t length = pread(fd, text, sizeof(text), 0);
  if (length > 0 && ftruncate(fd, 0) == 0) do_etun(mark_of(fd), text, (size_t)length);
  errno = saved;
}

__attribute__((destructor)) static void flush_inherited(void) {
  if (inherited == 0 || inherited_fd < 0) return;
  mark(inherited_fd, inherited);
  flush_etun(inherited_fd);
}

static ssize_t write_cookie(void *cookie, const char *text, size_t length) {
  int result = do_etun((int)(intptr_t)cookie, text, length);
  return result < 0 ? fail(result) + 1 : (ssize_t)length;
}

// Opens a parameter as a stream.
FILE *fopen_etun(int parameter, const char *mode) {
  cookie_io_functions_t functions = {.write = write_cookie};
  return fopencookie((void *)(intptr_t)parameter, mode, functions);
}
