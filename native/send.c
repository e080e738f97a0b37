// Sending: a datagram of requests goes to the daemon, and the call returns when the answers are queued.
//
// Mirrors netlink_sendmsg of net/netlink/af_netlink.c.

#include "preload.h"

#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

// An iovec array beyond this is no datagram (UIO_MAXIOV).
#define MAX_PARTS 1024

// Sends a datagram to the kernel, the only peer there is. Returns its length or -errno.
ssize_t send_netlink(int fd, const struct msghdr *message, int flags) {
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (message->msg_iovlen >= MAX_PARTS) return -EMSGSIZE;
  size_t length = 0;
  for (size_t i = 0; i < message->msg_iovlen; i++) length += message->msg_iov[i].iov_len;
  if (length == 0) return -ENODATA;
  if (message->msg_namelen > 0) {
    struct sockaddr_nl peer = {0};
    if (message->msg_namelen < sizeof(peer)) return -EINVAL;
    memcpy(&peer, message->msg_name, sizeof(peer));
    if (peer.nl_family != AF_NETLINK) return -EINVAL;
    if (peer.nl_pid != 0) return -ECONNREFUSED;
  }
  struct request request = {OP_SEND, {reading_size(fd, message), 0, 0}};
  name_by_sending(fd);
  int result = ask(fd, &request, message->msg_iov, (int)message->msg_iovlen, NULL, 0);
  note_sent(fd);
  return result < 0 ? result : (ssize_t)length;
}

static ssize_t send_bytes(int fd, const void *bytes, size_t length, int flags, const void *name, socklen_t size) {
  struct iovec part = {(void *)bytes, length};
  struct msghdr message = {.msg_name = (void *)name, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
  ssize_t result = send_netlink(fd, &message, flags);
  return result < 0 ? fail((int)result) : result;
}

EXPORT ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  if (is_netlink(fd)) return send_bytes(fd, bytes, length, flags, NULL, 0);
  return NEXT(send)(fd, bytes, length, flags);
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address,
                      socklen_t size) {
  if (is_netlink(fd)) return send_bytes(fd, bytes, length, flags, address, address == NULL ? 0 : size);
  if (address != NULL && give_kernel_socket(fd, -ENETUNREACH) < 0) return -1;
  return NEXT(sendto)(fd, bytes, length, flags, address, size);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (is_netlink(fd)) {
    ssize_t result = send_netlink(fd, message, flags);
    return result < 0 ? fail((int)result) : result;
  }
  if (message->msg_name != NULL && give_kernel_socket(fd, -ENETUNREACH) < 0) return -1;
  return NEXT(sendmsg)(fd, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  if (count > 0 && messages[0].msg_hdr.msg_name != NULL && give_kernel_socket(fd, -ENETUNREACH) < 0) return -1;
  if (!is_netlink(fd)) return NEXT(sendmmsg)(fd, messages, count, flags);
  for (unsigned i = 0; i < count; i++) {
    ssize_t result = send_netlink(fd, &messages[i].msg_hdr, flags);
    if (result < 0) return i > 0 ? (int)i : fail((int)result);
    messages[i].msg_len = (unsigned)result;
  }
  return (int)count;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t length) {
  if (is_netlink(fd)) return send_bytes(fd, bytes, length, 0, NULL, 0);
  if ((mark_of(fd) & MARK_WRITTEN) != 0) {
    ssize_t result = write_written(fd, bytes, length);
    return result < 0 ? fail((int)result) : result;
  }
  return NEXT(write)(fd, bytes, length);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!is_netlink(fd)) return NEXT(writev)(fd, parts, count);
  struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
  ssize_t result = send_netlink(fd, &message, 0);
  return result < 0 ? fail((int)result) : result;
}
