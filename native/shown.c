// Where links between the copies of what shows the network (map.c) lead: realpath(3) tells it as if they were no copies. The C library
// looks into folders by its own ways in scandir(3) and glob(3), which are led here.

#include "preload.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
