// Calls on paths that mean the network: they are led to other paths (map.c), and what is done there, opening, listing, watching, is
// done by the system.
//
// Omitted: paths that go through symbolic links or "..", or that are
// relative to a folder that was not entered by such a path: what is there is as it was when the folder was entered.

#include "preload.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#define ROOM PATH_ROOM

FILE *fopen_written(const char *path, const char *mode);

static int has_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define OPEN(name)                                                                                  \
  EXPORT int name(const char *path, int flags, ...) {                                               \
    char room[ROOM];                                                                                \
    va_list list;                                                                                   \
    va_start(list, flags);                                                                          \
    mode_t mode = has_mode(flags) ? va_arg(list, mode_t) : 0;                                       \
    va_end(list);                                                                                   \
    if (is_to_act(path, flags)) return open_written(path, flags);                                   \
    if (is_tun(path)) return refuse_tun();                                                          \
    return NEXT(name)(map_path(path, room), flags, mode);                                           \
  }

#define OPENAT(name)                                                                                \
  EXPORT int name(int folder, const char *path, int flags, ...) {                                   \
    char room[ROOM];                                                                                \
    va_list list;                                                                                   \
    va_start(list, flags);                                                                          \
    mode_t mode = has_mode(flags) ? va_arg(list, mode_t) : 0;                                       \
    va_end(list);                                                                                   \
    if (is_to_act(path, flags)) return open_written(path, flags);                                   \
    if (is_tun(path)) return refuse_tun();                                                          \
    return NEXT(name)(folder, map_path(path, room), flags, mode);                                   \
  }

#define MAPPED(result, name, parameters, ...)                                                       \
  EXPORT result name parameters {                                                                   \
    char room[ROOM];                                                                                \
    path = map_path(path, room);                                                                    \
    return NEXT(name)(__VA_ARGS__);                                                                 \
  }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

EXPORT int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
EXPORT int creat64(const char *path, mode_t mode) { return open64(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

// What the compiler makes of open when it has no mode (_FORTIFY_SOURCE).
EXPORT int __open_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags);
EXPORT int __openat_2(int folder, const char *path, int flags);
EXPORT int __openat64_2(int folder, const char *path, int flags);
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int folder, const char *path, int flags) { return openat(folder, path, flags); }
int __openat64_2(int folder, const char *path, int flags) { return openat64(folder, path, flags); }

#define FOPEN(name)                                                                                 \
  EXPORT FILE *name(const char *path, const char *mode) {                                           \
    char room[ROOM];                                                                                \
    if ((mode[0] != 'r' || mode[1] == '+') && is_written(path)) return fopen_written(path, mode);    \
    return NEXT(name)(map_path(path, room), mode);                                                  \
  }

FOPEN(fopen)
FOPEN(fopen64)
MAPPED(int, stat, (const char *path, struct stat *to), path, to)
MAPPED(int, stat64, (const char *path, struct stat64 *to), path, to)
MAPPED(int, lstat, (const char *path, struct stat *to), path, to)
MAPPED(int, lstat64, (const char *path, struct stat64 *to), path, to)
MAPPED(int, fstatat, (int folder, const char *path, struct stat *to, int flags), folder, path, to, flags)
MAPPED(int, fstatat64, (int folder, const char *path, struct stat64 *to, int flags), folder, path, to, flags)
MAPPED(int, statx, (int folder, const char *path, int flags, unsigned mask, struct statx *to), folder, path, flags,
       mask, to)
MAPPED(int, statfs, (const char *path, struct statfs *to), path, to)
MAPPED(int, statfs64, (const char *path, struct statfs64 *to), path, to)
MAPPED(int, chdir, (const char *path), path)
MAPPED(int, access, (const char *path, int mode), path, mode)
MAPPED(int, faccessat, (int folder, const char *path, int mode, int flags), folder, path, mode, flags)
MAPPED(int, mkdir, (const char *path, mode_t mode), path, mode)
MAPPED(int, mkdirat, (int folder, const char *path, mode_t mode), folder, path, mode)
MAPPED(int, rmdir, (const char *path), path)
MAPPED(int, unlink, (const char *path), path)
MAPPED(int, unlinkat, (int folder, const char *path, int flags), folder, path, flags)
MAPPED(int, remove, (const char *path), path)
MAPPED(int, chmod, (const char *path, mode_t mode), path, mode)
MAPPED(ssize_t, getxattr, (const char *path, const char *name, void *to, size_t size), path, name, to, size)
MAPPED(ssize_t, lgetxattr, (const char *path, const char *name, void *to, size_t size), path, name, to, size)
MAPPED(ssize_t, listxattr, (const char *path, char *to, size_t size), path, to, size)
MAPPED(ssize_t, llistxattr, (const char *path, char *to, size_t size), path, to, size)
MAPPED(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), fd, path, mask)

// The text of a namespace's link, "net:[INODE]"; -1 for another path.
static ssize_t read_namespace_link(const char *path, char *to, size_t size) {
  char room[ROOM];
  struct stat64 file;
  if (path == NULL || daemon_socket() == NULL || process_part(path) == 0) return -1;
  if (NEXT(stat64)(map_path(path, room), &file) < 0) return -1;
  int length = snprintf(room, sizeof(room), "net:[%lu]", (unsigned long)file.st_ino);
  size_t given = (size_t)length < size ? (size_t)length : size;
  memcpy(to, room, given);
  return (ssize_t)given;
}

EXPORT ssize_t readlink(const char *path, char *to, size_t size) {
  ssize_t length = read_namespace_link(path, to, size);
  char room[ROOM];
  return length >= 0 ? length : NEXT(readlink)(map_path(path, room), to, size);
}

EXPORT ssize_t readlinkat(int folder, const char *path, char *to, size_t size) {
  ssize_t length = read_namespace_link(path, to, size);
  char room[ROOM];
  return length >= 0 ? length : NEXT(readlinkat)(folder, map_path(path, room), to, size);
}
