// The calls of input and output on a descriptor that a program makes by name: send.c and receive.c for netlink, written.c for files
// that act when they are written, the system for the rest.

#include "preload.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

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

static ssize_t receive_bytes(int fd, void *bytes, size_t size, int flags, struct sockaddr *name, socklen_t *length) {
  struct iovec part = {bytes, size};
  struct msghdr message = {.msg_name = name, .msg_namelen = name == NULL ? 0 : *length, .msg_iov = &part, .msg_iovlen = 1};
  ssize_t result = receive_netlink(fd, &message, flags);
  if (result < 0) return fail((int)result);
  if (name != NULL) *length = message.msg_namelen;
  return result;
}

EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags) {
  if (is_netlink(fd)) return receive_bytes(fd, bytes, size, flags, NULL, NULL);
  return NEXT(recv)(fd, bytes, size, flags);
}

EXPORT ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  if (is_netlink(fd)) return receive_bytes(fd, bytes, size, flags, address, length);
  return NEXT(recvfrom)(fd, bytes, size, flags, address, length);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  if (!is_netlink(fd)) {
    ssize_t length = NEXT(recvmsg)(fd, message, flags);
    if (length >= 0) adopt_received(message);
    return length;
  }
  ssize_t result = receive_netlink(fd, message, flags);
  return result < 0 ? fail((int)result) : result;
}

// Waits for the first datagram only: what else there is comes with it, and a timeout is the system's business with poll.
EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  if (!is_netlink(fd)) {
    int received = NEXT(recvmmsg)(fd, messages, count, flags, timeout);
    for (int i = 0; i < received; i++) adopt_received(&messages[i].msg_hdr);
    return received;
  }
  for (unsigned i = 0; i < count; i++) {
    ssize_t result = receive_netlink(fd, &messages[i].msg_hdr, (flags & ~MSG_WAITFORONE) | (i > 0 ? MSG_DONTWAIT : 0));
    if (result < 0) return i > 0 ? (int)i : fail((int)result);
    messages[i].msg_len = (unsigned)result;
  }
  return (int)count;
}

EXPORT ssize_t read(int fd, void *bytes, size_t size) {
  if (is_netlink(fd)) return receive_bytes(fd, bytes, size, 0, NULL, NULL);
  return NEXT(read)(fd, bytes, size);
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count) {
  if (!is_netlink(fd)) return NEXT(readv)(fd, parts, count);
  struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
  ssize_t result = receive_netlink(fd, &message, 0);
  return result < 0 ? fail((int)result) : result;
}

// What the compiler makes of the calls above when it knows the buffer's size (_FORTIFY_SOURCE).
EXPORT ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room);
EXPORT ssize_t __recv_chk(int fd, void *bytes, size_t size, size_t room, int flags);
EXPORT ssize_t __recvfrom_chk(int fd, void *bytes, size_t size, size_t room, int flags, struct sockaddr *address,
                              socklen_t *length);

ssize_t __read_chk(int fd, void *bytes, size_t size, size_t room) {
  if (size > room) __chk_fail();
  return read(fd, bytes, size);
}

ssize_t __recv_chk(int fd, void *bytes, size_t size, size_t room, int flags) {
  if (size > room) __chk_fail();
  return recv(fd, bytes, size, flags);
}

ssize_t __recvfrom_chk(int fd, void *bytes, size_t size, size_t room, int flags, struct sockaddr *address,
                       socklen_t *length) {
  if (size > room) __chk_fail();
  return recvfrom(fd, bytes, size, flags, address, length);
}

// Adds to what poll found: sockets with an error are ready, whatever was asked for.
static int poll_errors(struct pollfd *fds, nfds_t count, int ready) {
  for (nfds_t i = 0; i < count; i++) {
    if (!is_netlink(fds[i].fd) || error_of(fds[i].fd, 1) == 0) continue;
    if (fds[i].revents == 0) ready++;
    fds[i].revents |= POLLERR;
  }
  return ready;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout) {
  int ready = NEXT(poll)(fds, count, timeout);
  return ready < 0 ? ready : poll_errors(fds, count, ready);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
  int ready = NEXT(ppoll)(fds, count, timeout, mask);
  return ready < 0 ? ready : poll_errors(fds, count, ready);
}

// What the compiler makes of them when it knows the array's size (_FORTIFY_SOURCE).
EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room);
EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t room);

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room) {
  if (room / sizeof(*fds) < count) __chk_fail();
  return poll(fds, count, timeout);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t room) {
  if (room / sizeof(*fds) < count) __chk_fail();
  return ppoll(fds, count, timeout, mask);
}
