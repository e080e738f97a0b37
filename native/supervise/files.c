// Calls with paths that mean the network (../map.c): done here on the path that they lead to, and what is opened is put in the
// program. Of a path that means something else, which is nearly every one, only the beginning is looked at.
//
// What acts when it is written (../written.c) has a number that the filter knows, so every write of it is seen.
//
// Omitted: paths through symbolic links or "..", or relative to a folder; chdir(2) to such a folder, which only the program itself
// could do, is refused; extended attributes.

#include "supervise.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#define NSFS_MAGIC 0x6e736673
#define MOST_WRITTEN 4096

#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

const int path_calls[] = {SYS_openat,   SYS_openat2,    SYS_statx,   SYS_faccessat, SYS_faccessat2,
                          SYS_readlinkat, SYS_mkdirat,  SYS_unlinkat, SYS_statfs,   SYS_inotify_add_watch,
                          SYS_fchmodat, SYS_chdir,
#ifdef SYS_open
                          SYS_open,     SYS_creat,      SYS_stat,    SYS_lstat,     SYS_access,
                          SYS_readlink, SYS_mkdir,      SYS_rmdir,   SYS_unlink,    SYS_chmod,
#endif
                          -1};

int has_path(int number) {
  if (number == SYS_newfstatat) return 1;
  for (const int *each = path_calls; *each >= 0; each++) {
    if (*each == number) return 1;
  }
  return 0;
}

// Which argument of a call is its path; those without one begin with it.
static int is_at(int number) {
  switch (number) {
    case SYS_openat:
    case SYS_openat2:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_readlinkat:
    case SYS_mkdirat:
    case SYS_unlinkat:
    case SYS_fchmodat:
    case SYS_inotify_add_watch:
      return 1;
    default:
      return 0;
  }
}

static int may_mean_network(const char *path) {
  return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0 || strncmp(path, "/run/", 5) == 0 ||
         strncmp(path, "/var/run/", 9) == 0 || strcmp(path, "/dev/net/tun") == 0;
}

// The thread that a path below /proc is about, and what comes behind that; 0 for another path.
static pid_t subject_of(const struct call *call, const char *path, const char **rest) {
  if (strncmp(path, "/proc/", 6) != 0) return 0;
  const char *at = path + 6;
  char *end;
  pid_t tid = 0;
  if ((*rest = behind(at, "self")) != NULL) tid = process_of(call->tid);
  else if ((*rest = behind(at, "thread-self")) != NULL) tid = call->tid;
  else if ((*rest = behind(at, "net")) != NULL) {
    *rest = at - 1;
    return process_of(call->tid);
  } else if (*at >= '1' && *at <= '9') {
    tid = (pid_t)strtoul(at, &end, 10);
    *rest = end;
  } else return 0;
  const char *task = behind(*rest, "/task");
  if (task != NULL && task[0] == '/' && task[1] >= '1' && task[1] <= '9') {
    tid = (pid_t)strtoul(task + 1, &end, 10);
    *rest = end;
  }
  return tid;
}

// Where a path leads, written to `room` if it is elsewhere; `path` itself else. Whom the daemon is asked for becomes the thread that
// the path is about.
const char *map_of(const struct call *call, const char *path, char room[PATH_ROOM]) {
  static char shown[PATH_ROOM];
  const char *rest = NULL;
  pid_t tid = may_mean_network(path) ? subject_of(call, path, &rest) : -1;
  if (tid < 0) return path;
  if (tid == 0) return map_path(path, room);
  int is_namespace = strcmp(rest, "/ns/net") == 0;
  if (!is_namespace && behind(rest, "/net") == NULL) return map_path(path, room);
  int home = home_of(tid);
  if (home < 0) {
    snprintf(room, PATH_ROOM, "%s/show/none", daemon_folder());
    return room;
  }
  caller->netns = home;
  if (is_namespace) snprintf(room, PATH_ROOM, "/proc/self/fd/%d", home);
  else if (snprintf(shown, sizeof(shown), "/proc%s", rest) >= PATH_ROOM || !show_path(shown, room)) return path;
  return room;
}

static long open_file(const struct call *call, const char *path, const char *mapped) {
  struct {
    uint64_t flags, mode, resolve;
  } how = {O_CREAT | O_WRONLY | O_TRUNC, call->args[1], 0};
  int at = is_at(call->number);
  if (call->number == SYS_openat2) {
    if (call->args[3] < sizeof(how)) return -EINVAL;
    int result = read_memory(call, call->args[2], &how, sizeof(how));
    if (result < 0) return result;
  } else if (call->number != SYS_creat) how.flags = call->args[1 + at], how.mode = call->args[2 + at];
  int flags = (int)how.flags;
  int is_cloexec = (flags & O_CLOEXEC) != 0;
  if (is_to_act(path, flags)) {
    int fd = open_written(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : put_descriptor(call, fd, FIRST_NETLINK, is_cloexec);
  }
  if (is_tun(path)) return refuse_tun() < 0 ? -errno : 0;
  int fd = open(mapped, flags | O_CLOEXEC | O_NOCTTY, (mode_t)how.mode);
  return fd < 0 ? -errno : put_descriptor(call, fd, 0, is_cloexec);
}

static long tell_status(const struct call *call, const char *mapped) {
  struct stat status;
  int flags = call->number == SYS_newfstatat ? (int)call->args[3] : 0;
#ifdef SYS_lstat
  if (call->number == SYS_lstat) flags = AT_SYMLINK_NOFOLLOW;
#endif
  if (syscall(SYS_newfstatat, AT_FDCWD, mapped, &status, flags) < 0) return -errno;
  return write_memory(call, call->args[1 + is_at(call->number)], &status, sizeof(status));
}

static long tell_statx(const struct call *call, const char *mapped) {
  struct statx status;
  if (syscall(SYS_statx, AT_FDCWD, mapped, call->args[2], call->args[3], &status) < 0) return -errno;
  return write_memory(call, call->args[4], &status, sizeof(status));
}

// A file of a namespace is of the file system of namespaces, by which libraries know it.
static long tell_file_system(const struct call *call, const char *path, const char *mapped) {
  struct statfs system;
  struct stat status;
  if (syscall(SYS_statfs, mapped, &system) < 0) return -errno;
  int may_be = behind_names(path) != NULL || process_part(path) > 0;
  if (may_be && stat(mapped, &status) == 0 && S_ISREG(status.st_mode)) system.f_type = NSFS_MAGIC;
  return write_memory(call, call->args[1], &system, sizeof(system));
}

static long tell_link(const struct call *call, const char *path, const char *mapped) {
  char target[PATH_ROOM];
  struct stat status;
  int at = is_at(call->number);
  size_t size = call->args[2 + at];
  ssize_t length;
  if (process_part(path) > 0) {
    if (stat(mapped, &status) < 0) return -errno;
    length = snprintf(target, sizeof(target), "net:[%lu]", (unsigned long)status.st_ino);
  } else length = readlink(mapped, target, sizeof(target));
  if (length < 0) return -errno;
  if (size < (size_t)length) length = (ssize_t)size;
  int result = write_memory(call, call->args[1 + at], target, (size_t)length);
  return result < 0 ? result : length;
}

static long result_of(int result) { return result < 0 ? -errno : result; }

static long watch(const struct call *call, const char *mapped) {
  int fd = take_descriptor(call, (int)call->args[0]);
  if (fd < 0) return fd;
  long result = result_of(inotify_add_watch(fd, mapped, (uint32_t)call->args[2]));
  close(fd);
  return result;
}

static long do_path(const struct call *call, const char *path, const char *mapped) {
  const uint64_t *args = call->args;
  switch (call->number) {
#ifdef SYS_open
    case SYS_open:
    case SYS_creat:
#endif
    case SYS_openat:
    case SYS_openat2:
      return open_file(call, path, mapped);
#ifdef SYS_stat
    case SYS_stat:
    case SYS_lstat:
#endif
    case SYS_newfstatat:
      return tell_status(call, mapped);
    case SYS_statx:
      return tell_statx(call, mapped);
    case SYS_statfs:
      return tell_file_system(call, path, mapped);
#ifdef SYS_access
    case SYS_access:
      return result_of(access(mapped, (int)args[1]));
    case SYS_readlink:
#endif
    case SYS_readlinkat:
      return tell_link(call, path, mapped);
    case SYS_faccessat:
    case SYS_faccessat2:
      return result_of(access(mapped, (int)args[2]));
#ifdef SYS_mkdir
    case SYS_mkdir:
      return result_of(mkdir(mapped, (mode_t)args[1]));
    case SYS_rmdir:
      return result_of(rmdir(mapped));
    case SYS_unlink:
      return result_of(unlink(mapped));
    case SYS_chmod:
      return result_of(chmod(mapped, (mode_t)args[1]));
#endif
    case SYS_mkdirat:
      return result_of(mkdir(mapped, (mode_t)args[2]));
    case SYS_unlinkat:
      return result_of(unlinkat(AT_FDCWD, mapped, (int)args[2]));
    case SYS_fchmodat:
      return result_of(chmod(mapped, (mode_t)args[2]));
    case SYS_inotify_add_watch:
      return watch(call, mapped);
    default:
      return -EACCES; // chdir
  }
}

// Does a call with a path that means the network.
long call_path(const struct call *call) {
  static char path[PATH_ROOM];
  char room[PATH_ROOM];
  int result = read_path(call, call->args[is_at(call->number)], path, sizeof(path));
  if (result < 0 || path[0] != '/' || !may_mean_network(path)) return GOES_ON;
  const char *mapped = map_of(call, path, room);
  return mapped == path && !is_tun(path) ? GOES_ON : do_path(call, path, mapped);
}

// Does a write to a descriptor with the number of one of ours that is no socket.
long call_written(const struct call *call, int fd) {
  static char text[MOST_WRITTEN + 1];
  char link[32], target[WRITTEN_ROOM + 32];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  int is_one = call->number == SYS_write || call->number == SYS_writev;
  if (!is_one || path_behind(link, target) == NULL) return GOES_ON;
  struct iovec parts[16] = {{(void *)call->args[1], call->args[2]}};
  size_t count = 1, length = 0;
  if (call->number == SYS_writev) {
    count = call->args[2];
    if (count > 16) return -EINVAL;
    int result = read_memory(call, call->args[1], parts, count * sizeof(*parts));
    if (result < 0) return result;
  }
  for (size_t i = 0; i < count; i++) {
    if (parts[i].iov_len > MOST_WRITTEN - length) return -EINVAL;
    int result = read_memory(call, (uint64_t)parts[i].iov_base, text + length, parts[i].iov_len);
    if (result < 0) return result;
    length += parts[i].iov_len;
  }
  return write_written(fd, text, length);
}
