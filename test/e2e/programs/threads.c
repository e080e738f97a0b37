// What: threads that live in namespaces of their own, names for them, and what files and ioctl(2) show there.
// Reached: only what is linked statically.
// Source: setns(2), unshare(2), mount(2), netdevice(7); copy_namespaces of kernel/nsproxy.c.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

static void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
  fflush(stdout);
}

// The names in a folder that this program knows, and the interface v0 by three doors.
static void look(const char *who) {
  struct ifreq ifreq = {.ifr_name = "v0"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int has = ioctl(fd, SIOCGIFMTU, &ifreq);
  int error = has < 0 ? errno : 0;
  close(fd);
  struct { struct nlmsghdr h; struct ifinfomsg i; struct rtattr a; char name[4]; } ask =
      {{sizeof(ask), RTM_GETLINK, NLM_F_REQUEST, 1, 0}, {0}, {7, IFLA_IFNAME}, "v0"};
  char bytes[16384];
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  send(netlink, &ask, sizeof(ask), 0);
  ssize_t got = recv(netlink, bytes, sizeof(bytes), 0);
  int type = got < 0 ? -errno : ((struct nlmsghdr *)bytes)->nlmsg_type;
  close(netlink);
  printf("%s: ioctl %d netlink %d", who, error, type);
  FILE *file = fopen("/proc/sys/net/ipv4/conf/v0/forwarding", "r");
  printf(" setting %d", file == NULL ? -errno : fgetc(file) - '0');
  if (file != NULL) fclose(file);
  file = fopen("/proc/thread-self/net/dev", "r");
  char line[256];
  int found = 0;
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) found |= strstr(line, "v0:") != NULL;
  if (file != NULL) fclose(file);
  printf(" proc %d\n", found);
  fflush(stdout);
}

static ino_t own_inode(void) {
  struct stat status = {0};
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/task/%ld/ns/net", getpid(), syscall(SYS_gettid));
  return stat(path, &status) < 0 ? 0 : status.st_ino;
}

static ino_t first;
static int first_fd;

static void run_child(const char *who) {
  pid_t child = fork();
  if (child == 0) {
    look(who);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void *live_elsewhere(void *given) {
  (void)given;
  say("unshare", unshare(CLONE_NEWNET));
  printf("another: %d\n", own_inode() != first);
  look("thread in a new one");
  run_child("its child");
  close(open("/run/netns/blue", O_RDONLY | O_CREAT, 0));
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/task/%ld/ns/net", getpid(), syscall(SYS_gettid));
  say("mount", mount(path, "/run/netns/blue", "none", MS_BIND, NULL));
  struct statfs system;
  statfs("/run/netns/blue", &system);
  printf("of the file system of namespaces: %d\n", system.f_type == NSFS_MAGIC);
  struct stat named;
  stat("/var/run/netns/blue", &named);
  printf("the same: %d\n", named.st_ino == own_inode());
  say("back", setns(first_fd, CLONE_NEWNET));
  printf("back: %d\n", own_inode() == first);
  look("thread back");
  return NULL;
}

static void write_setting(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  ssize_t written = fd < 0 ? -1 : write(fd, text, strlen(text));
  say(path, written);
  if (fd >= 0) close(fd);
}

int main(int argc, char *argv[]) {
  pthread_t thread;
  if (argc > 1) {
    look(argv[1]);
    return 0;
  }
  first = own_inode();
  first_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  say("folder", mkdir("/run/netns", 0755) < 0 && errno == EEXIST ? 0 : 0);
  look("first");
  run_child("child");
  write_setting("/proc/sys/net/ipv4/conf/v0/forwarding", "1");
  write_setting("/proc/sys/net/ipv4/conf/v0/forwarding", "x");
  write_setting("/proc/sys/net/ipv4/conf/none/forwarding", "1");
  write_setting("/sys/class/net/none/mtu", "1400");
  look("written");
  pthread_create(&thread, NULL, live_elsewhere, NULL);
  pthread_join(thread, NULL);
  look("first again");
  int blue = open("/run/netns/blue", O_RDONLY | O_CLOEXEC);
  say("no namespace", setns(open("/dev/null", O_RDONLY | O_CLOEXEC), CLONE_NEWNET));
  say("setns", setns(blue, 0));
  close(blue);
  look("process in blue");
  run_child("its child");
  say("umount", umount2("/run/netns/blue", MNT_DETACH));
  say("again", umount2("/run/netns/blue", MNT_DETACH));
  say("unlink", unlink("/run/netns/blue"));
  say("setns back", setns(first_fd, CLONE_NEWNET));
  look("back");
  if (fork() == 0) {
    say("child unshares", unshare(CLONE_NEWNET));
    execl("/proc/self/exe", "threads", "last", NULL);
  }
  wait(NULL);
  return 0;
}
