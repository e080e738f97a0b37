// Lists over netlink, for the C library's questions about interfaces.

#ifndef UVETH_DUMP_H
#define UVETH_DUMP_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

// Called for each message of a list; -errno ends it.
typedef int on_message(const struct nlmsghdr *message, void *context);

// Lists what RTM_GETLINK or RTM_GETADDR lists in the namespace of this process. Returns 0 or -errno.
int dump_netlink(int type, on_message *each, void *context);

// An attribute behind a family header of `header` bytes; NULL when there is none.
const struct rtattr *find_attribute(const struct nlmsghdr *message, size_t header, int type);

// The name and the index of a link.
const char *link_name(const struct nlmsghdr *message);
int link_index(const struct nlmsghdr *message);

#endif
