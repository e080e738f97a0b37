// What: port ids, copies, children, timeouts, signals and many messages at once of netlink sockets.
// Source: netlink_autobind, netlink_connect, sock_set_timeout, recvmmsg(2), vfork(2), close_range(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[65536];
extern char **environ;

static void say(const char *what, long result) { printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : ""); }

static const char *port(int fd) {
  struct sockaddr_nl name = {0};
  socklen_t size = sizeof(name);
  if (getsockname(fd, (void *)&name, &size) < 0) return strerror(errno);
  if (name.nl_pid == 0) return "none";
  return name.nl_pid == (unsigned)getpid() ? "process id" : (int)name.nl_pid < 0 ? "negative" : "other";
}

static int open_socket(int protocol) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol); }

static int name(int fd, unsigned id, unsigned groups) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = id, .nl_groups = groups};
  return bind(fd, (void *)&address, sizeof(address));
}

static struct { struct nlmsghdr h; struct ifinfomsg i; } question = {{32, RTM_GETLINK, NLM_F_REQUEST, 7, 0}, {.ifi_index = 1}};

static void ask(const char *what, int fd) {
  ssize_t sent = send(fd, &question, sizeof(question), 0);
  ssize_t got = sent < 0 ? -1 : recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  printf("%s: %s\n", what, got < 0 ? strerror(errno) : ((struct nlmsghdr *)bytes)->nlmsg_type == RTM_NEWLINK ? "answered" : "else");
}

static void on_signal(int number) { (void)number; }

static void receive_interrupted(const char *what, int fd, int flags, int seconds) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  struct itimerval soon = {{0, 0}, {0, 100000}};
  struct timeval limit = {seconds, 300000};
  sigaction(SIGALRM, &action, NULL);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setitimer(ITIMER_REAL, &soon, NULL);
  say(what, recv(fd, bytes, sizeof(bytes), 0));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int first = open_socket(NETLINK_ROUTE), second = open_socket(NETLINK_ROUTE), generic = open_socket(NETLINK_GENERIC);
  printf("made: %s\n", port(first));
  say("bind", name(first, 0, 0));
  printf("first: %s\n", port(first));
  say("bind again", name(first, 0, 0));
  say("bind its own", name(first, getpid(), 0));
  say("bind another", name(first, 4711, 0));
  say("bind", name(second, 0, 0));
  printf("second: %s\n", port(second));
  say("bind", name(generic, 0, 0));
  printf("generic: %s\n", port(generic));
  close(first);
  first = open_socket(NETLINK_ROUTE);
  ask("asked without a name", first);
  printf("by sending: %s\n", port(first));
  int third = open_socket(NETLINK_ROUTE);
  say("taken", name(third, getpid(), 0));
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  say("connect", connect(third, (void *)&kernel, sizeof(kernel)));
  printf("by connecting: %s\n", port(third));
  kernel.nl_pid = 99999;
  say("connect elsewhere", sendto(third, &question, sizeof(question), 0, (void *)&kernel, sizeof(kernel)));

  int unnamed = open_socket(NETLINK_ROUTE), copy = dup(unnamed);
  say("bind a copy", name(copy, 0, 0));
  printf("original: %s\n", port(unnamed));
  say("bind it", name(unnamed, 12345, 0));
  close(unnamed);
  ask("copy", copy);
  close(copy);

  fflush(stdout);
  if (fork() == 0) {
    int own = open_socket(NETLINK_ROUTE);
    name(own, 0, 0);
    printf("child: %s, its parent's: %s\n", port(own), strcmp(port(first), "process id") ? "other" : "process id");
    ask("child", first);
    _exit(0);
  }
  wait(NULL);
  ask("parent", first);
  char *words[] = {"true", NULL};
  if (vfork() == 0) {
    close_range(3, 1000, 0);
    dup2(1, first);
    execvp("true", words);
    _exit(1);
  }
  wait(NULL);
  ask("after vfork", first);
  pid_t pid;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclose(&actions, first);
  say("spawn", posix_spawnp(&pid, "true", &actions, NULL, words, environ));
  wait(NULL);
  ask("after spawn", first);

  struct iovec parts[3] = {{&question, 32}, {&question, 32}, {&question, 32}};
  struct mmsghdr many[3] = {{{.msg_iov = parts, .msg_iovlen = 1}, 0}, {{.msg_iov = parts + 1, .msg_iovlen = 1}, 0}, {{.msg_iov = parts + 2, .msg_iovlen = 1}, 0}};
  say("sendmmsg", sendmmsg(first, many, 3, 0));
  printf("lengths: %u %u %u\n", many[0].msg_len, many[1].msg_len, many[2].msg_len);
  for (int i = 0; i < 3; i++) parts[i] = (struct iovec){bytes + 4096 * i, 4096};
  say("recvmmsg", recvmmsg(first, many, 3, MSG_WAITFORONE, NULL));
  say("nothing", recvmmsg(first, many, 3, MSG_DONTWAIT, NULL));

  receive_interrupted("interrupted, with a limit", first, SA_RESTART, 1);
  receive_interrupted("interrupted, limit first", first, 0, 0);
  receive_interrupted("interrupted", first, 0, 3);
  struct timeval none = {0, 50000};
  setsockopt(first, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
  say("timeout", recv(first, bytes, sizeof(bytes), 0));

  int poller = epoll_create1(0);
  struct epoll_event event = {EPOLLIN | EPOLLET, {0}};
  epoll_ctl(poller, EPOLL_CTL_ADD, first, &event);
  say("edge, nothing", epoll_wait(poller, &event, 1, 0));
  send(first, &question, sizeof(question), 0);
  say("edge", epoll_wait(poller, &event, 1, 0));
  say("edge again", epoll_wait(poller, &event, 1, 0));
  send(first, &question, sizeof(question), 0);
  say("edge, another", epoll_wait(poller, &event, 1, 0));
  say("read", recv(first, bytes, sizeof(bytes), 0) > 0);
  say("read", recv(first, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);

  int size = 0;
  socklen_t length = sizeof(size);
  say("force", setsockopt(first, SOL_SOCKET, SO_RCVBUFFORCE, &(int){3000000}, 4));
  getsockopt(first, SOL_SOCKET, SO_RCVBUF, &size, &length);
  say("size", size);
  say("listen", listen(first, 1));
  say("shutdown", shutdown(first, SHUT_RD));
  say("accept", accept(first, NULL, NULL));
  return 0;
}
