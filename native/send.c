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
