// What: a program on libmnl: dumps, requests with acknowledgements and their texts, events, generic netlink.
// Libraries: libmnl
// Needs v0 and v1, a pair that is down.

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[32768];

static int on_attribute(const struct nlattr *attribute, void *context) {
  (void)context;
  if (mnl_attr_get_type(attribute) == IFLA_IFNAME) printf(" %s", mnl_attr_get_str(attribute));
  if (mnl_attr_get_type(attribute) == IFLA_MTU) printf(" mtu %u", mnl_attr_get_u32(attribute));
  return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *message, void *context) {
  const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
  printf("type %u index %d flags %x:", message->nlmsg_type, link->ifi_index, link->ifi_flags);
  mnl_attr_parse(message, sizeof(*link), on_attribute, context);
  puts("");
  return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *message, void *context) {
  (void)context;
  const struct nlattr *attribute;
  mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr)) {
    if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_NAME) printf("family %s\n", mnl_attr_get_str(attribute));
  }
  return MNL_CB_OK;
}

// Sends and reads the whole answer; the kernel's text when it refuses.
static void ask(struct mnl_socket *socket, struct nlmsghdr *message, mnl_cb_t callback) {
  unsigned port = mnl_socket_get_portid(socket), seq = message->nlmsg_seq;
  if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0) perror("send");
  for (;;) {
    ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
    if (length < 0) {
      perror("receive");
      return;
    }
    const struct nlmsghdr *first = (const struct nlmsghdr *)buffer;
    if (first->nlmsg_type == NLMSG_ERROR && first->nlmsg_flags & NLM_F_ACK_TLVS) {
      const struct nlmsgerr *error = mnl_nlmsg_get_payload(first);
      size_t skip = sizeof(*error) + (first->nlmsg_flags & NLM_F_CAPPED ? 0 : error->msg.nlmsg_len - sizeof(error->msg));
      const struct nlattr *attribute;
      mnl_attr_for_each(attribute, first, skip) {
        if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG) printf("text: %s\n", mnl_attr_get_str(attribute));
        if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_OFFS) printf("offset: %u\n", mnl_attr_get_u32(attribute));
      }
    }
    int result = mnl_cb_run(buffer, (size_t)length, seq, port, callback, NULL);
    if (result == MNL_CB_ERROR) printf("error %s\n", strerror(errno));
    if (result <= MNL_CB_STOP) return;
  }
}

static struct nlmsghdr *begin(int type, int flags, unsigned seq) {
  static char room[4096];
  struct nlmsghdr *message = mnl_nlmsg_put_header(memset(room, 0, sizeof(room)));
  message->nlmsg_type = (uint16_t)type;
  message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
  message->nlmsg_seq = seq;
  return message;
}

int main(void) {
  struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE), *events = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_bind(events, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
    return 1;
  int one = 1;
  mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &one, sizeof(one));
  socklen_t size = sizeof(one);
  printf("option %d of %d bytes\n", mnl_socket_getsockopt(socket, NETLINK_EXT_ACK, &one, &size), size);

  struct nlmsghdr *message = begin(RTM_GETLINK, NLM_F_DUMP, 1);
  ((struct rtgenmsg *)mnl_nlmsg_put_extra_header(message, sizeof(struct rtgenmsg)))->rtgen_family = AF_PACKET;
  ask(socket, message, on_link);

  for (int flags = 0; flags < 2; flags++) {
    message = begin(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 2);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(message, IFLA_IFNAME, "m0");
    if (flags == 0) mnl_attr_put_u32(message, IFLA_MTU, 1234);
    struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_str(message, IFLA_INFO_KIND, flags == 0 ? "veth" : "no-such-kind");
    mnl_attr_nest_end(message, info);
    ask(socket, message, NULL);
  }
  message = begin(RTM_NEWLINK, NLM_F_ACK, 3);
  struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
  link->ifi_flags = link->ifi_change = 1;
  mnl_attr_put_strz(message, IFLA_IFNAME, "m0");
  mnl_attr_put_u32(message, IFLA_MTU, 1);
  ask(socket, message, NULL);
  message = begin(RTM_DELLINK, NLM_F_ACK, 4);
  mnl_nlmsg_put_extra_header(message, sizeof(*link));
  mnl_attr_put_strz(message, IFLA_IFNAME, "m0");
  ask(socket, message, NULL);

  puts("events");
  for (ssize_t length; (length = mnl_socket_recvfrom(events, buffer, sizeof(buffer))) > 0;)
    mnl_cb_run(buffer, (size_t)length, 0, 0, on_link, NULL);
  printf("end %d\n", errno == EAGAIN);

  struct mnl_socket *generic = mnl_socket_open(NETLINK_GENERIC);
  mnl_socket_bind(generic, 0, MNL_SOCKET_AUTOPID);
  message = begin(GENL_ID_CTRL, NLM_F_ACK, 5);
  struct genlmsghdr *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
  head->cmd = CTRL_CMD_GETFAMILY;
  head->version = 1;
  mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, "ethtool");
  ask(generic, message, on_family);
  mnl_socket_close(generic);
  mnl_socket_close(events);
  return mnl_socket_close(socket);
}
