// What: a reader that lost messages is told so before anything else, once, by recv, poll and SO_ERROR.
// Reached: only what a preload library reaches.
// Source: netlink_overrun, netlink_recvmsg, datagram_poll; sock_error.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[65536];
static int changer;

// Changes a flag of lo, of which every listener is told.
static void change(int times) {
  static unsigned flags = 0;
  for (int i = 0; i < times; i++) {
    struct { struct nlmsghdr h; struct ifinfomsg i; } m = {
        {sizeof(m), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {.ifi_index = 1, .ifi_flags = flags ^= 0x100, .ifi_change = 0x100}};
    if (send(changer, &m, sizeof(m), 0) < 0 || recv(changer, bytes, sizeof(bytes), 0) < 0) perror("change");
  }
}

static void say(const char *what, int fd, int flags) {
  ssize_t length = recv(fd, bytes, sizeof(bytes), flags | MSG_DONTWAIT);
  if (length < 0) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: type %d\n", what, ((struct nlmsghdr *)bytes)->nlmsg_type);
}

static void say_poll(const char *what, int fd) {
  struct pollfd at = {fd, POLLIN, 0};
  int count = poll(&at, 1, 0);
  printf("%s: poll %d %s%s\n", what, count, at.revents & POLLIN ? "in " : "", at.revents & POLLERR ? "error" : "");
}

static void say_error(const char *what, int fd) {
  int error = -1;
  socklen_t size = sizeof(error);
  int result = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  printf("%s: SO_ERROR %d %s\n", what, result, strerror(error));
}

// Reads all there is, and says how often it was told of a loss.
static void drain(const char *what, int fd) {
  int got = 0, lost = 0;
  for (;;) {
    if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0) got++;
    else if (errno == ENOBUFS) lost++;
    else break;
  }
  printf("%s: drained %s, lost %d\n", what, got > 0 ? "some" : "none", lost);
}

static int listener(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){8000}, 4) < 0 || bind(fd, (void *)&name, sizeof(name)) < 0) perror("listener");
  return fd;
}

int main(int argc, char **argv) {
  int fd = argc > 1 ? atoi(argv[1]) : listener();
  if (argc > 1) {
    say("after exec", fd, 0);
    drain("after exec", fd);
    return 0;
  }
  changer = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  setvbuf(stdout, NULL, _IOLBF, 0);

  change(400);
  say_poll("option", fd);
  say_error("option", fd);
  say_error("again", fd);
  say_poll("again", fd);
  drain("option", fd);
  change(1);
  say("heard again", fd, 0);
  say("nothing else", fd, 0);

  change(400);
  say("receive", fd, 0);
  say_poll("receive", fd);
  say("then", fd, 0);
  change(1);
  say_poll("lost while congested", fd);
  drain("receive", fd);
  say_poll("drained", fd);
  change(1);
  say("heard again", fd, 0);

  change(400);
  say("peek", fd, MSG_PEEK);
  say("peek again", fd, MSG_PEEK);
  drain("peek", fd);

  change(400);
  struct msghdr message = {0};
  ssize_t result = recvmsg(fd, &message, 0);
  printf("recvmsg: %zd %s\n", result, strerror(errno));
  drain("recvmsg", fd);

  change(400);
  int copy = dup(fd);
  fflush(stdout);
  if (fork() == 0) {
    say("child", copy, 0);
    _exit(0);
  }
  wait(NULL);
  say("parent", fd, 0);
  drain("parent", fd);

  change(400);
  fd_set in, except;
  FD_ZERO(&in);
  FD_ZERO(&except);
  FD_SET(fd, &in);
  FD_SET(fd, &except);
  struct timeval now = {0, 0};
  printf("select: %d", select(fd + 1, &in, NULL, &except, &now));
  printf(" %d %d\n", FD_ISSET(fd, &in) != 0, FD_ISSET(fd, &except) != 0);
  char number[16];
  snprintf(number, sizeof(number), "%d", fd);
  if (fork() == 0) execl("/proc/self/exe", argv[0], number, NULL);
  wait(NULL);

  if (setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &(int){1}, 4) < 0) perror("NETLINK_NO_ENOBUFS");
  change(400);
  say_poll("unasked", fd);
  say_error("unasked", fd);
  say("unasked", fd, 0);
  drain("unasked", fd);
  change(1);
  say("unasked", fd, 0);

  int asker = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  setsockopt(asker, SOL_SOCKET, SO_RCVBUF, &(int){8000}, 4);
  struct { struct nlmsghdr h; struct ifinfomsg i; } m = {{sizeof(m), RTM_GETLINK, NLM_F_REQUEST, 1, 0}, {.ifi_index = 1}};
  for (int i = 0; i < 400; i++) if (send(asker, &m, sizeof(m), 0) < 0) perror("ask");
  say_poll("asker", asker);
  say("asker", asker, 0);
  say("asker", asker, 0);
  drain("asker", asker);
  return 0;
}
