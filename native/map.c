// Paths that mean the network: where `ip netns` keeps its names, a process's own namespace, what shows interfaces. They lead to the
// files that the daemon keeps (src/daemon/netns-files.ts).
//
//   /run/netns/red, /var/run/netns/red         the daemon's folder
//   /proc/PID/ns/net, /proc/self/ns/net, …     /proc/PID/fd/1023, which is open on the namespace's file
//   /sys/class/net, /proc/net                  a copy that the daemon writes when it is asked for
//   /proc/sys/net                              likewise; written.c when it is written
//   /sys/module/etun/parameters/newif, delif   written.c when they are written, and nothing otherwise
//
//   /proc/net, /proc/self/net, /proc/thread-self/net, /proc/PID/net, /proc/PID/task/TID/net     all are /proc/net to the daemon

#include "preload.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM PATH_ROOM
// What comes behind a folder in a path that is there or below it; NULL for a path that is elsewhere.
const char *behind(const char *path, const char *prefix) {
  size_t length = strlen(prefix);
  if (strncmp(path, prefix, length) != 0) return NULL;
  return path[length] == '\0' || path[length] == '/' ? path + length : NULL;
}

// What comes behind the folder of names; NULL for a path that is elsewhere.
const char *behind_names(const char *path) {
  if (path == NULL || path[0] != '/') return NULL;
  const char *rest = behind(path, "/run/netns");
  return rest != NULL ? rest : behind(path, "/var/run/netns");
}

int is_setting(const char *path) { return daemon_socket() != NULL && behind(path, "/proc/sys/net") != NULL; }

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

// The length of the process's part of a path to its namespace, "/proc/PID" or "/proc/PID/task/TID"; 0 for another path.
int process_part(const char *path) {
  if (strncmp(path, "/proc/", 6) != 0) return 0;
  const char *end = strstr(path, "/ns/net");
  if (end == NULL || end[7] != '\0') return 0;
  const char *slash = strchr(path + 6, '/');
  return slash == end || strncmp(slash, "/task/", 6) == 0 ? (int)(slash - path) : 0;
}

// Returns the path to use in place of `path`, written to `room` if it is another one.
const char *map_path(const char *path, char room[ROOM]) {
  if (path == NULL || path[0] != '/' || daemon_socket() == NULL) return path;
  const char *rest = behind_names(path);
  if (rest != NULL && snprintf(room, ROOM, "%s/netns%s", daemon_folder(), rest) < ROOM) return room;
  if (show_path(path, room)) return room;
  if (is_written(path)) return "/dev/null";
  int length = process_part(path);
  if (length > 0 && snprintf(room, ROOM, "%.*s/fd/%d", length, path, NETNS_FD) < ROOM) return room;
  return path;
}

int is_to_act(const char *path, int flags) { return (flags & O_ACCMODE) != O_RDONLY && is_written(path); }

// The host's TUN and TAP devices are no devices of a uveth namespace.
int is_tun(const char *path) {
  return path != NULL && daemon_socket() != NULL && strcmp(path, "/dev/net/tun") == 0;
}

int refuse_tun(void) {
  complain("/dev/net/tun makes devices of the host: uveth attach makes one in a uveth namespace, for a program outside");
  return fail(-ENODEV);
}
