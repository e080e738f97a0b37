// Files that act when they are written: the settings below /proc/sys/net, what sysfs has of devices, and the parameters newif and
// delif of etun, from the time before veth. The daemon does what was written, in the namespace of the writer, and the errno of the write is its answer.
//
// What is opened is a file in memory that bears the path as its name. What is written to it is done at once by write(2), and by
// streams when they are flushed or closed (streams.c); what the C library writes by its own ways, which are not seen here, is done when the
// descriptor is closed or given to something else, or at the end of a program that began with it.

#include "preload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ETUN "/sys/module/etun/parameters/"
#define SYSCTL "/proc/sys/net/"
#define NAME "uveth:"
#define LINK "/memfd:" NAME
#define ROOM WRITTEN_ROOM
#define MOST_TEXT 4096

int is_written(const char *path) {
  if (path == NULL || daemon_socket() == NULL) return 0;
  if (strncmp(path, SYSCTL, sizeof(SYSCTL) - 1) == 0 || is_device_file(path)) return 1;
  if (strncmp(path, ETUN, sizeof(ETUN) - 1) != 0) return 0;
  const char *name = path + sizeof(ETUN) - 1;
  return strcmp(name, "newif") == 0 || strcmp(name, "delif") == 0;
}

// Opens what is shown at the path now, to know that it is there and may be written, and for its text.
int open_shown(const char *path) {
  char room[PATH_ROOM];
  struct stat file;
  int fd = NEXT(open)(map_path(path, room), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &file) < 0) return fd;
  // Root is refused what no mode allows, in sysfs alone.
  int isRefused = is_device_file(path) && (file.st_mode & 0222) == 0;
  if (!S_ISDIR(file.st_mode) && !isRefused) return fd;
  NEXT(close)(fd);
  return fail(S_ISDIR(file.st_mode) ? -EISDIR : -EACCES);
}

// In a folder of sysfs nobody makes files.
static int is_in_folder(const char *path) {
  char folder[PATH_ROOM], room[PATH_ROOM];
  struct stat64 file;
  const char *end = strrchr(path, '/');
  if (snprintf(folder, sizeof(folder), "%.*s", (int)(end - path), path) >= (int)sizeof(folder)) return 0;
  return NEXT(stat64)(map_path(folder, room), &file) == 0;
}

int open_written(const char *path, int flags) {
  char name[ROOM], text[MOST_TEXT];
  int shown = open_shown(path);
  if (shown < 0 && errno == ENOENT && (flags & O_CREAT) != 0 && is_device_file(path))
    return fail(is_in_folder(path) ? -EACCES : -ENOENT);
  if (shown < 0) return shown;
  ssize_t length = (flags & O_ACCMODE) == O_RDWR ? NEXT(read)(shown, text, sizeof(text)) : 0;
  NEXT(close)(shown);
  if (snprintf(name, sizeof(name), NAME "%s", path) >= (int)sizeof(name)) return fail(-ENAMETOOLONG);
  int fd = memfd_create(name, (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);
  if (fd >= 0 && length > 0 && pwrite(fd, text, (size_t)length, 0) < 0) complain("a setting cannot be read");
  if (fd >= 0) mark(fd, MARK_WRITTEN);
  return fd;
}

// The path that a descriptor's link bears as its name; NULL when it is no such file.
const char *path_behind(const char *link, char target[ROOM + 32]) {
  ssize_t length = NEXT(readlink)(link, target, ROOM + 31);
  if (length < 0) return NULL;
  target[length] = '\0';
  if (strncmp(target, LINK, sizeof(LINK) - 1) != 0) return NULL;
  char *end = strstr(target, " (deleted)");
  if (end != NULL) *end = '\0';
  return target + sizeof(LINK) - 1;
}

int do_written(const char *path, const char *text, size_t length) {
  char payload[ROOM + MOST_TEXT];
  size_t start = strlen(path) + 1;
  if (length > MOST_TEXT || start > ROOM) return -EINVAL;
  memcpy(payload, path, start);
  memcpy(payload + start, text, length);
  struct request request = {OP_WRITE, {is_admin(), 0, 0}};
  return ask_once(&request, payload, start + length, NULL, 0);
}

// Does what was written at a position of the file. Of a setting only what stands at the beginning counts (sysctl_writes_strict).
static int do_written_fd(int fd, off_t position, const char *text, size_t length) {
  char link[32], target[ROOM + 32];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const char *path = path_behind(link, target);
  if (path == NULL) return -EBADF;
  return position > 0 && strncmp(path, SYSCTL, sizeof(SYSCTL) - 1) == 0 ? 0 : do_written(path, text, length);
}

ssize_t write_written(int fd, const void *text, size_t length) {
  int result = do_written_fd(fd, lseek(fd, 0, SEEK_CUR), text, length);
  // What it showed before is not to be done when it is closed.
  if (result >= 0 && (ftruncate(fd, 0) < 0 || lseek(fd, (off_t)length, SEEK_CUR) < 0)) return -errno;
  return result < 0 ? result : (ssize_t)length;
}

// Does what was written without our seeing it. Returns -errno when it is refused.
int do_unseen(int fd) {
  char text[MOST_TEXT + 1];
  ssize_t end = pread(fd, text, sizeof(text), 0);
  if (end <= 0 || ftruncate(fd, 0) < 0) return 0;
  // What was written before has been taken away, and is a hole.
  ssize_t start = 0;
  while (start < end && text[start] == '\0') start++;
  int result = do_written_fd(fd, start, text + start, (size_t)(end - start));
  if (result < 0) lseek(fd, start, SEEK_SET);
  return result;
}

// Nobody waits for the result any more, so a refusal is told.
void flush_written(int fd) {
  int saved = errno;
  int result = do_unseen(fd);
  if (result < 0) dprintf(STDERR_FILENO, "uveth: write error: %s\n", strerror(-result));
  errno = saved;
}
