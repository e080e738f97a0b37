// A datagram with descriptors beside it (SCM_RIGHTS of unix(7)).

#include "netns.h"

#include <string.h>
#include <sys/socket.h>

int send_with_fds(int fd, const void *bytes, unsigned length, const int *sent, unsigned count) {
  union {
    char space[CMSG_SPACE(MOST_FDS * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.space;
    message.msg_controllen = CMSG_SPACE(count * sizeof *sent);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof *sent);
    memcpy(CMSG_DATA(header), sent, count * sizeof *sent);
  }
  return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}
