// Folders of settings begin with "." and "..", as those of procfs do and those of other file systems need not: sysctl(8) skips the
// first two names whatever they are.

#include "preload.h"

#include <dirent.h>
#include <string.h>

#define MOST_OPEN 64

// Of a folder: how many of its names have been given out, the first two at most.
static struct {
  DIR *folder;
  int given;
} opened[MOST_OPEN];

static int find(DIR *folder) {
  int at = 0;
  while (at < MOST_OPEN && opened[at].folder != folder) at++;
  return at;
}

EXPORT DIR *opendir(const char *path) {
  char room[PATH_ROOM];
  DIR *folder = NEXT(opendir)(map_path(path, room));
  int at = folder != NULL && is_setting(path) ? find(NULL) : MOST_OPEN;
  if (at == MOST_OPEN) return folder;
  opened[at].folder = folder;
  opened[at].given = 0;
  return folder;
}

EXPORT int closedir(DIR *folder) {
  int at = find(folder);
  if (at < MOST_OPEN) opened[at].folder = NULL;
  return NEXT(closedir)(folder);
}

static int is_dots(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

#define READDIR(name, entry)                                                                        \
  EXPORT struct entry *name(DIR *folder) {                                                          \
    static struct entry dots[2] = {{.d_ino = 1, .d_type = DT_DIR, .d_reclen = sizeof(struct entry), .d_name = "."}, \
                                   {.d_ino = 1, .d_type = DT_DIR, .d_reclen = sizeof(struct entry), .d_name = ".."}}; \
    int at = find(folder);                                                                          \
    if (at == MOST_OPEN) return NEXT(name)(folder);                                                 \
    if (opened[at].given < 2) return &dots[opened[at].given++];                                     \
    struct entry *next = NEXT(name)(folder);                                                        \
    while (next != NULL && is_dots(next->d_name)) next = NEXT(name)(folder);                        \
    return next;                                                                                    \
  }

READDIR(readdir, dirent)
READDIR(readdir64, dirent64)
