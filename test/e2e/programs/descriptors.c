// What: netlink sockets that come in messages or are made by number, low copies, and programs started by execveat.
// Reached: only what a preload library reaches.
// Source: unix(7), syscall(2), dup(2), close_range(2), execveat(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct { struct nlmsghdr h; struct ifinfomsg i; } question = {{32, RTM_GETLINK, NLM_F_REQUEST, 7, 0}, {.ifi_index = 1}};
static char bytes[16384];

// Asks over a socket for link 1, and says what comes.
static void ask(const char *who, int fd) {
  ssize_t sent = send(fd, &question, sizeof(question), 0);
  ssize_t got = sent < 0 ? -1 : recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  const struct nlmsghdr *answer = (const void *)bytes;
  printf("%s: %zd %d %s\n", who, sent, got < 0 ? -1 : answer->nlmsg_type, got < 0 ? strerror(errno) : "");
  fflush(stdout);
}

static void pass(int over, int fd) {
  union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
  printf("passed: %zd\n", sendmsg(over, &message, 0));
  fflush(stdout);
}

static int take(int over) {
  union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
  struct iovec part = {bytes, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  int fd = -1;
  if (recvmsg(over, &message, 0) == 1) memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
  return fd;
}

int main(int argc, char *argv[]) {
  if (argc > 1) {
    ask(argv[1], socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    return 0;
  }
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  if (fork() == 0) {
    pass(pair[0], socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    _exit(0);
  }
  wait(NULL);
  ask("taken", take(pair[1]));
  long fd = syscall(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  ask("by number", (int)fd);
  printf("sent by number: %ld\n", syscall(SYS_sendto, fd, &question, sizeof(question), 0, NULL, 0));
  printf("received by number: %d\n", syscall(SYS_recvfrom, fd, bytes, sizeof(bytes), 0, NULL, NULL) > 32);
  printf("closed by number: %ld\n", syscall(SYS_close, fd));
  int high = fcntl(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), F_DUPFD_CLOEXEC, 500);
  ask("high copy", high);
  printf("dup3: %d\n", dup3(high, 600, O_CLOEXEC));
  printf("close_range: %d\n", close_range(high, 550, 0));
  ask("closed", high);
  ask("left", 600);
  int self = open("/proc/self/exe", O_RDONLY);
  char *words[] = {argv[0], "execveat", NULL};
  char *nothing[] = {NULL};
  fflush(stdout);
  if (fork() == 0) return execveat(self, "", words, nothing, AT_EMPTY_PATH);
  wait(NULL);
  if (fork() == 0) return execveat(AT_FDCWD, "/proc/self/exe", words, nothing, 0);
  wait(NULL);
  return 0;
}
