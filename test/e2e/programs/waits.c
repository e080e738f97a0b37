// What: a reader that waits is woken by what comes, and epoll(7) tells of it, at its edge too.
// Source: netlink_recvmsg, datagram_poll; epoll(7).
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char bytes[32768];

static const char *name_of(ssize_t length) {
  static char text[64];
  const struct nlmsghdr *message = (const void *)bytes;
  if (length < 0) return strerror(errno);
  snprintf(text, sizeof(text), "type %d of %d", message->nlmsg_type, ((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_index > 0);
  return text;
}

static void *add_link(void *given) {
  (void)given;
  usleep(100000);
  if (system("ip link add d0 type veth peer name d1") != 0) puts("no link");
  return NULL;
}

int main(void) {
  struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  struct sockaddr_nl from = {0};
  struct iovec part = {bytes, sizeof(bytes)};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
  pthread_t thread;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  bind(fd, (void *)&name, sizeof(name));
  pthread_create(&thread, NULL, add_link, NULL);
  ssize_t length = recvmsg(fd, &message, 0);
  printf("waited: %s, from %d in %x\n", name_of(length), from.nl_pid, from.nl_groups);
  pthread_join(thread, NULL);
  if (system("ip link del d0") != 0) puts("still there");
  int edge = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0) continue;
  printf("empty: %s\n", strerror(errno));
  epoll_ctl(edge, EPOLL_CTL_ADD, fd, &event);
  printf("edge: %d\n", epoll_wait(edge, &event, 1, 0));
  pthread_create(&thread, NULL, add_link, NULL);
  pthread_join(thread, NULL);
  if (system("ip link del d0") != 0) puts("still there");
  printf("edge: %d\n", epoll_wait(edge, &event, 1, 1000));
  length = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  int is_whole = length == recv(fd, bytes, 20, MSG_TRUNC);
  printf("whole: %d\n", is_whole);
  return 0;
}
