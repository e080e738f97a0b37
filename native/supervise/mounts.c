// Mounts that name network namespaces (../netns.c).
//
// Mirrors mount(2) and umount2(2), as far as they are about network namespaces.

#include "supervise.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

// Gives the namespace of the file `source` the name `name`.
static int name_namespace(const struct call *call, const char *source, const char *name) {
  char room[PATH_ROOM];
  int fd = open(map_of(call, source, room), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  struct request request = {OP_MOUNT, {FD_GIVEN, is_admin(), 0}};
  caller->netns = fd;
  int result = ask_once(&request, name, strlen(name), NULL, 0);
  close(fd);
  // What is no namespace's file.
  return result == -ENETDOWN ? -EINVAL : result;
}

static long unmount_name(const char *name) {
  struct request request = {OP_UMOUNT, {0, is_admin(), 0}};
  return ask_once(&request, name, strlen(name), NULL, 0);
}

long call_mount(const struct call *call) {
  static char source[PATH_MAX], target[PATH_MAX];
  int is_mount = call->number == SYS_mount;
  if (read_path(call, call->args[is_mount], target, sizeof(target)) < 0) return GOES_ON;
  const char *name = behind_names(target);
  // A /sys of the network, as `ip netns exec` mounts one: what it shows is shown without.
  if (name == NULL) return strcmp(target, "/sys") == 0 ? 0 : GOES_ON;
  if (!is_mount) return name[0] == '/' ? unmount_name(name + 1) : -EINVAL;
  // The folder itself need not be a mount point here.
  if (name[0] == '\0' || name[1] == '\0') return 0;
  if ((call->args[3] & MS_BIND) == 0) return -EPERM;
  int result = read_path(call, call->args[0], source, sizeof(source));
  return result < 0 ? result : name_namespace(call, source, name + 1);
}
