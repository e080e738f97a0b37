// Lists over netlink: one request, and the messages of its answer one by one.

#include "dump.h"
#include "preload.h"

#include <string.h>

// As large as the daemon makes datagrams of a list.
#define ROOM 32768

// Hands over the messages of a datagram. Returns 1 at the end of the list, 0 when there is more, or -errno.
static int read_messages(const char *bytes, size_t length, on_message *each, void *context) {
  const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
  for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
    if (message->nlmsg_type == NLMSG_DONE) return 1;
    if (message->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
    int result = each(message, context);
    if (result < 0) return result;
  }
  return 0;
}

int dump_netlink(int type, on_message *each, void *context) {
  struct {
    struct nlmsghdr header;
    struct rtgenmsg family;
  } question = {{sizeof(question), (uint16_t)type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
  char bytes[ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
  int fd = open_netlink(SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return fd;
  struct iovec part = {&question, sizeof(question)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t result = send_netlink(fd, &message, 0);
  while (result >= 0) {
    part = (struct iovec){bytes, sizeof(bytes)};
    message = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    result = receive_netlink(fd, &message, 0);
    if (result < 0) break;
    int end = read_messages(bytes, (size_t)result, each, context);
    if (end == 0) continue;
    result = end < 0 ? end : 0;
    break;
  }
  close(fd);
  return (int)result;
}

const struct rtattr *find_attribute(const struct nlmsghdr *message, size_t header, int type) {
  size_t start = NLMSG_LENGTH(NLMSG_ALIGN(header));
  if (message->nlmsg_len < start) return NULL;
  size_t length = message->nlmsg_len - start;
  const struct rtattr *attribute = (const struct rtattr *)((const char *)message + start);
  for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
    if ((attribute->rta_type & NLA_TYPE_MASK) == type) return attribute;
  }
  return NULL;
}

const char *link_name(const struct nlmsghdr *message) {
  const struct rtattr *name = find_attribute(message, sizeof(struct ifinfomsg), IFLA_IFNAME);
  return name == NULL ? NULL : RTA_DATA(name);
}

int link_index(const struct nlmsghdr *message) { return ((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_index; }
