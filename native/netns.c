// Network namespaces by system call: a new one, another one to live in, names for them. The namespace of a process is what its
// descriptor NETNS_FD is open on, so fork and exec hand it on, and the daemon sees it in /proc.
//
// Mirrors unshare(2), setns(2), mount(2) and umount2(2), as far as they are about network namespaces. The mounts that
// `ip netns exec` makes in a mount namespace of its own, for a /sys that shows the network, succeed without being made.
//
// Omitted: clone(CLONE_NEWNET), setns by a pidfd, and one namespace per thread: a process has one.

#include "preload.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

// Makes the file `fd` the namespace of this process.
static int live_in(int fd) { return NEXT(dup2)(fd, NETNS_FD) < 0 ? -errno : 0; }

// Makes a namespace and moves there. The daemon keeps it until this connection ends, and from then on by its open file.
static int unshare_network(void) {
  char path[256];
  int connection = connect_daemon(SOCK_CLOEXEC);
  if (connection < 0) return connection;
  struct request request = {OP_UNSHARE, {is_admin(), 0, 0}};
  int result = ask(connection, &request, NULL, 0, NULL, 0);
  if (result > 0) {
    snprintf(path, sizeof(path), "%s/id/%d", daemon_folder(), result);
    int fd = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
    result = fd < 0 ? -errno : live_in(fd);
    if (fd >= 0) NEXT(close)(fd);
  }
  NEXT(close)(connection);
  return result;
}

EXPORT int unshare(int flags) {
  if (daemon_socket() == NULL) return NEXT(unshare)(flags);
  int others = flags & ~CLONE_NEWNET;
  // Without rights there is no mount namespace; what `ip netns exec` wants of one is not done either.
  if (others != 0 && NEXT(unshare)(others) < 0 && !(others == CLONE_NEWNS && errno == EPERM)) return -1;
  int result = (flags & CLONE_NEWNET) != 0 ? unshare_network() : 0;
  return result < 0 ? fail(result) : 0;
}

EXPORT int setns(int fd, int type) {
  if (daemon_socket() == NULL || (type != 0 && type != CLONE_NEWNET)) return NEXT(setns)(fd, type);
  struct request request = {OP_SETNS, {(uint32_t)fd, is_admin(), 0}};
  if (fcntl(fd, F_GETFD) < 0) return -1;
  int result = ask_once(&request, NULL, 0, NULL, 0);
  if (result == -EINVAL && type == 0) return NEXT(setns)(fd, type);
  if (result >= 0) result = live_in(fd);
  return result < 0 ? fail(result) : 0;
}

// Gives the namespace of the file `source` the name `name`.
static int name_namespace(const char *source, const char *name) {
  int fd = open(source, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  struct request request = {OP_MOUNT, {(uint32_t)fd, is_admin(), 0}};
  int result = ask_once(&request, name, strlen(name), NULL, 0);
  NEXT(close)(fd);
  return result;
}

// A /sys of the network, as `ip netns exec` mounts one: what it shows is shown without (paths.c).
static int is_sys(const char *target) { return target != NULL && strcmp(target, "/sys") == 0; }

// A tree of mounts of its own, as `ip netns exec` asks for before; without rights it goes without.
static int is_own_tree(const char *target, unsigned long flags) {
  return target != NULL && strcmp(target, "/") == 0 && (flags & (MS_SLAVE | MS_PRIVATE)) != 0;
}

EXPORT int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data) {
  if (daemon_socket() == NULL) return NEXT(mount)(source, target, type, flags, data);
  const char *name = behind_names(target);
  if (name == NULL && is_sys(target)) return 0;
  if (name == NULL) {
    int result = NEXT(mount)(source, target, type, flags, data);
    return result < 0 && errno == EPERM && is_own_tree(target, flags) ? 0 : result;
  }
  // The folder itself need not be a mount point here.
  if (name[0] == '\0' || name[1] == '\0') return 0;
  int result = (flags & MS_BIND) != 0 ? name_namespace(source, name + 1) : -EPERM;
  return result < 0 ? fail(result) : 0;
}

static int unmount_name(const char *name) {
  struct request request = {OP_UMOUNT, {0, is_admin(), 0}};
  int result = ask_once(&request, name, strlen(name), NULL, 0);
  return result < 0 ? fail(result) : 0;
}

EXPORT int umount2(const char *target, int flags) {
  if (daemon_socket() == NULL) return NEXT(umount2)(target, flags);
  const char *name = behind_names(target);
  if (name != NULL && name[0] == '/') return unmount_name(name + 1);
  return is_sys(target) ? 0 : NEXT(umount2)(target, flags);
}

EXPORT int umount(const char *target) { return umount2(target, 0); }
