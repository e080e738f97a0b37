// Streams of the C library on files that act when they are written (written.c).

#include "preload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Lets a stream fail by what the C library has just written for it: a shell's builtin and whoever looks at its output at the end
// wait for that.
static int end_writing(FILE *stream, int result) {
  int saved = errno;
  int fd = stream == NULL ? -1 : fileno(stream);
  int error = mark_of(fd) == MARK_WRITTEN ? do_unseen(fd) : 0;
  errno = saved;
  if (error >= 0) return result;
  stream->_flags |= _IO_ERR_SEEN;
  errno = -error;
  return EOF;
}

EXPORT int fflush(FILE *stream) { return end_writing(stream, NEXT(fflush)(stream)); }

EXPORT int fflush_unlocked(FILE *stream) { return end_writing(stream, NEXT(fflush_unlocked)(stream)); }

EXPORT int fclose(FILE *stream) {
  int fd = fileno(stream);
  if ((mark_of(fd) & MARK_WRITTEN) == 0) return NEXT(fclose)(stream);
  int result = fflush(stream);
  int error = errno;
  mark(fd, 0);
  if (NEXT(fclose)(stream) == EOF) return EOF;
  if (result == EOF) errno = error;
  return result;
}

// A descriptor of our own for what the program began with as its output.
static int inherited_fd = -1;

int adopt_written(const char *link, int fd) {
  char target[WRITTEN_ROOM + 32];
  if (path_behind(link, target) == NULL) return 0;
  inherited_fd = NEXT(fcntl)(fd, F_DUPFD_CLOEXEC, 512);
  return MARK_WRITTEN;
}

__attribute__((destructor)) static void flush_inherited(void) {
  if (inherited_fd >= 0) flush_written(inherited_fd);
}

static ssize_t write_cookie(void *cookie, const char *text, size_t length) {
  int result = do_written(cookie, text, length);
  return result < 0 ? fail(result) + 1 : (ssize_t)length;
}

static int close_cookie(void *cookie) {
  free(cookie);
  return 0;
}

FILE *fopen_written(const char *path, const char *mode) {
  int shown = open_shown(path);
  if (shown < 0) return NULL;
  NEXT(close)(shown);
  return fopencookie(strdup(path), mode, (cookie_io_functions_t){.write = write_cookie, .close = close_cookie});
}
