// Receiving: the daemon's datagram less the event header in front of it, with the address and the control messages that a
// netlink socket has.
//
// Mirrors netlink_recvmsg of net/netlink/af_netlink.c.

#include "preload.h"

#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

// An iovec array beyond this is refused by the system too (UIO_MAXIOV).
#define MAX_PARTS 1024
// Dumps are packed to the largest buffer a socket was read with, up to this (netlink_recvmsg).
#define LARGEST_DUMP 32768
// No connection is full with less than this in it, counting what the system does for each datagram.
#define SMALLEST_QUEUE 32768
#define DATAGRAM_COST 512

// What is known of a descriptor's reading. It only saves questions: none of it has to be right.
static struct {
  unsigned char size; // the largest buffer, in KiB
  unsigned char told; // what the daemon was told of it
  unsigned char is_list; // whether the last request was for a list, which the next reading goes on with
  unsigned drained;   // what was read since the queue was last empty, in bytes
} readings[MAX_FD];

void forget_reading(int fd) {
  if (fd < MAX_FD) memset(&readings[fd], 0, sizeof(readings[fd]));
}

// The largest buffer so far, to go with a request.
uint32_t reading_size(int fd, const struct msghdr *message) {
  struct nlmsghdr header = {0};
  if (message->msg_iovlen > 0 && message->msg_iov[0].iov_len >= sizeof(header))
    memcpy(&header, message->msg_iov[0].iov_base, sizeof(header));
  readings[fd].is_list = (header.nlmsg_flags & NLM_F_DUMP) != 0;
  readings[fd].told = readings[fd].size;
  return readings[fd].size * 1024U;
}

// Notes a buffer. Lists are packed for it from the next datagram on, other answers do not depend on it.
static void note_size(int fd, size_t size) {
  unsigned char kib = (unsigned char)((size < LARGEST_DUMP ? size : LARGEST_DUMP) / 1024);
  if (kib > readings[fd].size) readings[fd].size = kib;
  if (!readings[fd].is_list || readings[fd].size <= readings[fd].told) return;
  readings[fd].told = readings[fd].size;
  struct request request = {OP_READSIZE, {readings[fd].size * 1024U, 0, 0}};
  NEXT(send)(fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Receives from the connection. When a reader that does not wait has emptied what may have been full, the daemon is asked for
// what else there is, as a kernel would have put it there while the reader read.
static ssize_t receive_event(int fd, struct msghdr *inner, int flags) {
  size_t room = inner->msg_controllen;
  for (;;) {
    ssize_t length = NEXT(recvmsg)(fd, inner, flags);
    if (length >= 0) {
      readings[fd].drained += (unsigned)length + DATAGRAM_COST;
      return length;
    }
    if (errno != EAGAIN || readings[fd].drained < SMALLEST_QUEUE) return -errno;
    readings[fd].drained = 0;
    struct request request = {OP_FLUSH, {0, 0, 0}};
    if (ask(fd, &request, NULL, 0, NULL, 0) < 0) return -EAGAIN;
    inner->msg_controllen = room;
  }
}

// Appends a control message at `*used`, or notes that there was no room (put_cmsg).
static void put_control(struct msghdr *message, size_t *used, int level, int type, const void *data, size_t size) {
  size_t room = message->msg_controllen;
  if (message->msg_control == NULL || *used + CMSG_LEN(size) > room) {
    message->msg_flags |= MSG_CTRUNC;
    return;
  }
  struct cmsghdr header = {CMSG_LEN(size), level, type};
  char *at = (char *)message->msg_control + *used;
  memcpy(at, &header, sizeof(header));
  memcpy(at + CMSG_LEN(0), data, size);
  *used += *used + CMSG_SPACE(size) > room ? CMSG_LEN(size) : CMSG_SPACE(size);
}

static void put_controls(struct msghdr *message, const struct event *event, int has_credentials) {
  size_t used = 0;
  struct nl_pktinfo info = {event->group};
  if (event->flags & EVENT_HAS_PKTINFO)
    put_control(message, &used, SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof(info));
  if (event->flags & EVENT_HAS_NSID)
    put_control(message, &used, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &event->nsid, sizeof(event->nsid));
  // The kernel, which is the sender, has process id and user 0.
  struct ucred kernel = {0, 0, 0};
  if (has_credentials) put_control(message, &used, SOL_SOCKET, SCM_CREDENTIALS, &kernel, sizeof(kernel));
  message->msg_controllen = used;
}

// Receives a datagram. Returns its length or -errno.
ssize_t receive_netlink(int fd, struct msghdr *message, int flags) {
  if (message->msg_iovlen >= MAX_PARTS) return -EMSGSIZE;
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  int error = error_of(fd, 0);
  if (error != 0) return -error;
  struct event event = {0, 0, 0, 0};
  struct iovec parts[1 + message->msg_iovlen];
  char control[CMSG_SPACE(sizeof(struct ucred))];
  size_t size = 0;
  parts[0] = (struct iovec){&event, sizeof(event)};
  for (size_t i = 0; i < message->msg_iovlen; i++) {
    parts[1 + i] = message->msg_iov[i];
    size += message->msg_iov[i].iov_len;
  }
  note_size(fd, size);
  struct msghdr inner = {.msg_iov = parts,
                         .msg_iovlen = 1 + message->msg_iovlen,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
  ssize_t length = receive_event(fd, &inner, flags & ~MSG_ERRQUEUE);
  if (length < 0) return length;
  if (length < (ssize_t)sizeof(event)) {
    complain("the daemon that this program was started with has gone");
    return -ENETDOWN;
  }
  if (event.error != 0) {
    // An error is reported once, looked at or not.
    if ((flags & MSG_PEEK) != 0) NEXT(recv)(fd, &event, sizeof(event), MSG_DONTWAIT);
    return event.error;
  }
  if ((flags & MSG_PEEK) == 0) note_received(fd);
  message->msg_flags = inner.msg_flags & MSG_TRUNC;
  uint32_t mask = event.group >= 1 && event.group <= 32 ? 1U << (event.group - 1) : 0;
  if (message->msg_name != NULL) put_address(message->msg_name, &message->msg_namelen, 0, mask);
  else message->msg_namelen = 0;
  put_controls(message, &event, inner.msg_controllen > 0);
  return length - (ssize_t)sizeof(event);
}
