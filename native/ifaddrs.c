// getifaddrs(3), which the C library does inside itself: links with their hardware addresses and counters, then addresses.
//
// Each entry of the list is one piece of memory: the public structure comes first in it.

#include "dump.h"
#include "preload.h"

#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 16

struct entry {
  struct ifaddrs public; // must be the first
  struct sockaddr_storage address, netmask, destination;
  struct rtnl_link_stats statistics;
  char name[NAME_SIZE];
  int index;
};

struct list {
  struct ifaddrs *first;
  struct ifaddrs **end;
};

static struct entry *add_entry(struct list *list, const char *name, int index, unsigned flags) {
  struct entry *entry = calloc(1, sizeof(*entry));
  if (entry == NULL) return NULL;
  snprintf(entry->name, NAME_SIZE, "%s", name);
  entry->index = index;
  entry->public.ifa_name = entry->name;
  entry->public.ifa_flags = flags;
  *list->end = &entry->public;
  list->end = &entry->public.ifa_next;
  return entry;
}

static void put_hardware(struct sockaddr_storage *to, const struct ifinfomsg *link, const struct rtattr *address) {
  struct sockaddr_ll *packet = (struct sockaddr_ll *)to;
  packet->sll_family = AF_PACKET;
  packet->sll_ifindex = link->ifi_index;
  packet->sll_hatype = link->ifi_type;
  if (address == NULL || RTA_PAYLOAD(address) > sizeof(packet->sll_addr)) return;
  packet->sll_halen = (unsigned char)RTA_PAYLOAD(address);
  memcpy(packet->sll_addr, RTA_DATA(address), packet->sll_halen);
}

static int add_link(const struct nlmsghdr *message, void *context) {
  const struct ifinfomsg *link = NLMSG_DATA(message);
  const char *name = link_name(message);
  if (name == NULL) return 0;
  struct entry *entry = add_entry(context, name, link->ifi_index, link->ifi_flags);
  if (entry == NULL) return -ENOMEM;
  put_hardware(&entry->address, link, find_attribute(message, sizeof(*link), IFLA_ADDRESS));
  put_hardware(&entry->destination, link, find_attribute(message, sizeof(*link), IFLA_BROADCAST));
  const struct rtattr *statistics = find_attribute(message, sizeof(*link), IFLA_STATS);
  if (statistics != NULL && RTA_PAYLOAD(statistics) >= sizeof(entry->statistics)) {
    memcpy(&entry->statistics, RTA_DATA(statistics), sizeof(entry->statistics));
    entry->public.ifa_data = &entry->statistics;
  }
  entry->public.ifa_addr = (struct sockaddr *)&entry->address;
  entry->public.ifa_broadaddr = (struct sockaddr *)&entry->destination;
  return 0;
}

static const struct entry *link_of(const struct list *list, int index) {
  for (const struct ifaddrs *each = list->first; each != NULL; each = each->ifa_next) {
    const struct entry *entry = (const struct entry *)each;
    if (entry->index == index && entry->address.ss_family == AF_PACKET) return entry;
  }
  return NULL;
}

// Stores an IP address; one of a link has the link as its scope.
static struct sockaddr *put_ip(struct sockaddr_storage *to, int family, const void *bytes, unsigned scope) {
  to->ss_family = (sa_family_t)family;
  if (family == AF_INET) memcpy(&((struct sockaddr_in *)to)->sin_addr, bytes, 4);
  else {
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)to;
    memcpy(&address->sin6_addr, bytes, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&address->sin6_addr))
      address->sin6_scope_id = scope;
  }
  return (struct sockaddr *)to;
}

static void put_netmask(struct entry *entry, int family, unsigned prefix) {
  unsigned char mask[16] = {0};
  for (unsigned bit = 0; bit < prefix && bit < 128; bit++) mask[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
  entry->public.ifa_netmask = put_ip(&entry->netmask, family, mask, 0);
}

static int add_address(const struct nlmsghdr *message, void *context) {
  const struct ifaddrmsg *given = NLMSG_DATA(message);
  const struct entry *link = link_of(context, (int)given->ifa_index);
  if (link == NULL || (given->ifa_family != AF_INET && given->ifa_family != AF_INET6)) return 0;
  const struct rtattr *peer = find_attribute(message, sizeof(*given), IFA_ADDRESS);
  const struct rtattr *local = find_attribute(message, sizeof(*given), IFA_LOCAL);
  const struct rtattr *broadcast = find_attribute(message, sizeof(*given), IFA_BROADCAST);
  const struct rtattr *label = find_attribute(message, sizeof(*given), IFA_LABEL);
  const struct rtattr *own = local != NULL ? local : peer;
  if (own == NULL) return 0;
  const char *name = label != NULL ? RTA_DATA(label) : link->name;
  struct entry *entry = add_entry(context, name, 0, link->public.ifa_flags);
  if (entry == NULL) return -ENOMEM;
  int family = given->ifa_family;
  entry->public.ifa_addr = put_ip(&entry->address, family, RTA_DATA(own), given->ifa_index);
  put_netmask(entry, family, given->ifa_prefixlen);
  // Both have one place: an address without either is its own other end.
  const struct rtattr *other = broadcast != NULL || local == NULL ? broadcast : peer;
  if (other != NULL) entry->public.ifa_dstaddr = put_ip(&entry->destination, family, RTA_DATA(other), given->ifa_index);
  return 0;
}

EXPORT int getifaddrs(struct ifaddrs **result) {
  if (daemon_socket() == NULL) return NEXT(getifaddrs)(result);
  struct list list = {NULL, &list.first};
  int error = dump_netlink(RTM_GETLINK, add_link, &list);
  if (error == 0) error = dump_netlink(RTM_GETADDR, add_address, &list);
  if (error < 0) {
    freeifaddrs(list.first);
    return fail(error);
  }
  *result = list.first;
  return 0;
}

EXPORT void freeifaddrs(struct ifaddrs *list) {
  if (daemon_socket() == NULL) {
    NEXT(freeifaddrs)(list);
    return;
  }
  while (list != NULL) {
    struct ifaddrs *next = list->ifa_next;
    free(list);
    list = next;
  }
}
