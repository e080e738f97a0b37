// Paths that show the network: interfaces, what /proc/net tells of a namespace, and settings. The daemon writes a copy when it is
// asked for, and the path of the copy is used in place of theirs.
//
//   /proc/net, /proc/self/net, /proc/thread-self/net, /proc/PID/net, /proc/PID/task/TID/net     all are /proc/net to the daemon
//
// Links lead from one copy to another; realpath(3) tells where they lead as if they were no copies.
//
// The C library looks into folders by its own ways in scandir(3) and glob(3), which are led here.

#include "preload.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PROC "/proc/"

// What comes behind a process's part of a path below /proc, and the process in `pid`: 0 for the own one; NULL for another path.
static const char *behind_process(const char *path, uint32_t *pid) {
  if (strncmp(path, PROC, sizeof(PROC) - 1) != 0) return NULL;
  path += sizeof(PROC) - 1;
  const char *rest = behind(path, "self");
  if (rest == NULL) rest = behind(path, "thread-self");
  *pid = 0;
  if (rest == NULL) {
    char *end;
    unsigned long number = *path >= '1' && *path <= '9' ? strtoul(path, &end, 10) : 0;
    if (number == 0 || number > INT32_MAX || *end != '/') return NULL;
    *pid = number == (unsigned long)getpid() ? 0 : (uint32_t)number;
    rest = end;
  }
  const char *thread = behind(rest, "/task");
  if (thread == NULL || *thread != '/') return rest;
  return strchr(thread + 1, '/');
}

// What comes behind the folder /proc/net of a process, and which process; NULL for a path that is elsewhere.
static const char *behind_proc_net(const char *path, uint32_t *pid) {
  *pid = 0;
  const char *rest = behind(path, "/proc/net");
  if (rest != NULL) return rest;
  rest = behind_process(path, pid);
  return rest == NULL ? NULL : behind(rest, "/net");
}

int is_device_file(const char *path) {
  return behind(path, "/sys/class/net") != NULL || behind(path, "/sys/devices/virtual/net") != NULL;
}

// Writes the path of a copy, which is made now, and returns 1; 0 for a path that shows nothing of the network. What is not there
// leads to a file that is not there.
int show_path(const char *path, char room[PATH_ROOM]) {
  char name[PATH_ROOM];
  struct request request = {OP_SHOW, {0, 0, 0}};
  const char *rest = behind_proc_net(path, &request.words[0]);
  if (rest != NULL) {
    if (snprintf(name, sizeof(name), "/proc/net%s", rest) >= PATH_ROOM) return 0;
    path = name;
  } else if (!is_device_file(path) && !is_setting(path)) return 0;
  int netns = ask_once(&request, path, strlen(path), NULL, 0);
  if (netns < 0) snprintf(room, PATH_ROOM, "%s/show/none", daemon_folder());
  else snprintf(room, PATH_ROOM, "%s/show/%d%s", daemon_folder(), netns, path);
  return 1;
}

// What the path of a copy is the copy of; NULL for another path.
static const char *behind_copy(const char *path) {
  const char *folder = daemon_folder();
  const char *rest = folder == NULL ? NULL : behind(path, folder);
  if (rest != NULL) rest = behind(rest, "/show");
  return rest == NULL || *rest != '/' ? NULL : strchr(rest + 1, '/');
}

EXPORT char *realpath(const char *path, char *to) {
  char room[PATH_ROOM];
  if (path == NULL || daemon_socket() == NULL) return NEXT(realpath)(path, to);
  char *found = NEXT(realpath)(map_path(path, room), to);
  const char *shown = found == NULL ? NULL : behind_copy(found);
  if (shown != NULL) memmove(found, shown, strlen(shown) + 1);
  return found;
}

// What the compiler makes of realpath (_FORTIFY_SOURCE).
EXPORT char *__realpath_chk(const char *path, char *to, size_t size);
char *__realpath_chk(const char *path, char *to, size_t size) {
  (void)size;
  return realpath(path, to);
}

EXPORT int scandir(const char *path, struct dirent ***list, int (*filter)(const struct dirent *),
                   int (*compare)(const struct dirent **, const struct dirent **)) {
  char room[PATH_ROOM];
  return NEXT(scandir)(map_path(path, room), list, filter, compare);
}

EXPORT int scandir64(const char *path, struct dirent64 ***list, int (*filter)(const struct dirent64 *),
                     int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  char room[PATH_ROOM];
  return NEXT(scandir64)(map_path(path, room), list, filter, compare);
}

static void *open_folder(const char *path) { return opendir(path); }
static struct dirent *read_folder(void *folder) { return readdir(folder); }
static void close_folder(void *folder) { closedir(folder); }
static int stat_file(const char *path, struct stat *to) { return stat(path, to); }
static int lstat_file(const char *path, struct stat *to) { return lstat(path, to); }

EXPORT int glob(const char *pattern, int flags, int (*onError)(const char *, int), glob_t *found) {
  if (daemon_socket() == NULL || pattern[0] != '/' || (flags & GLOB_ALTDIRFUNC) != 0)
    return NEXT(glob)(pattern, flags, onError, found);
  found->gl_opendir = open_folder;
  found->gl_readdir = read_folder;
  found->gl_closedir = close_folder;
  found->gl_stat = stat_file;
  found->gl_lstat = lstat_file;
  return NEXT(glob)(pattern, flags | GLOB_ALTDIRFUNC, onError, found);
}
