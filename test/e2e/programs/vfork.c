// What: netlink sockets of a process by fork after it has started a program by vfork, as pyroute2's NDB makes them.
// Source: fork(2), vfork(2).
#define _GNU_SOURCE
#include <errno.h>
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

// Binds a socket as a program with a port of its own does, and asks over it for link 1.
static void ask(const char *who, int fd) {
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_pid = (unsigned)getpid() + 0x10000000, .nl_groups = RTMGRP_LINK};
  int bound = bind(fd, (struct sockaddr *)&name, sizeof(name));
  printf("%s: bound %d %s\n", who, bound, bound < 0 ? strerror(errno) : "");
  ssize_t sent = send(fd, &question, sizeof(question), 0);
  ssize_t got = sent < 0 ? -1 : recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  printf("%s: %zd %d %s\n", who, sent, got < 0 ? -1 : ((struct nlmsghdr *)bytes)->nlmsg_type, got < 0 ? strerror(errno) : "");
  fflush(stdout);
}

static int open_route(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }

// Starts a program whose descriptors are closed before, and a new one made, as launchers of programs do.
static void start(int fd) {
  pid_t pid = vfork();
  if (pid == 0) {
    close(fd);
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
  }
  waitpid(pid, NULL, 0);
}

int main(void) {
  int early = open_route();
  start(early);
  ask("after vfork", early);
  if (fork() == 0) {
    start(early);
    ask("child, from before", open_route());
    int late = open_route();
    start(late);
    if (fork() == 0) {
      close(early);
      close(late);
      start(open_route());
      ask("grandchild", open_route());
      _exit(0);
    }
    wait(NULL);
    _exit(0);
  }
  wait(NULL);
  return 0;
}
