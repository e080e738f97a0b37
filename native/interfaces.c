// The C library's own questions about interfaces, which it asks inside itself and so past this library: names and indices by
// ioctl, lists by netlink.
//
// Mirrors if_nametoindex(3), if_indextoname(3), if_nameindex(3) and ioctl(2) of netdevice(7).

#include "dump.h"
#include "preload.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

// Not <net/if.h>, whose structures are those of <linux/if.h>.
struct if_nameindex {
  unsigned if_index;
  char *if_name;
};

EXPORT unsigned if_nametoindex(const char *name);
EXPORT char *if_indextoname(unsigned index, char *name);
EXPORT struct if_nameindex *if_nameindex(void);
EXPORT void if_freenameindex(struct if_nameindex *list);

// The largest argument, a struct rtentry with the name it points at.
#define MOST_ARGUMENT (sizeof(struct rtentry) + IFNAMSIZ)

// How much a request reads and writes, and 0 for a struct rtentry, which points further.
static size_t argument_size(unsigned long request, int family) {
  switch (request) {
  case SIOCADDRT:
  case SIOCDELRT: return family == AF_INET6 ? sizeof(struct in6_rtmsg) : 0;
  case SIOCSARP:
  case SIOCGARP:
  case SIOCDARP: return sizeof(struct arpreq);
  case SIOCSIFADDR:
  case SIOCDIFADDR: return family == AF_INET6 ? sizeof(struct in6_ifreq) : sizeof(struct ifreq);
  case SIOCBRADDBR:
  case SIOCBRDELBR: return IFNAMSIZ;
  default: return sizeof(struct ifreq);
  }
}

static int ask_interface(unsigned long request, int family, void *argument) {
  unsigned char copy[MOST_ARGUMENT] = {0};
  size_t size = argument_size(request, family);
  struct request question = {OP_IOCTL, {(uint32_t)request, MAX_ANSWER, is_admin() | (uint32_t)family << 8}};
  if (size > 0) return ask_once(&question, memcpy(copy, argument, size), size, argument, size);
  memcpy(copy, argument, sizeof(struct rtentry));
  const char *device = ((const struct rtentry *)argument)->rt_dev;
  if (device != NULL) strncpy((char *)copy + sizeof(struct rtentry), device, IFNAMSIZ - 1);
  return ask_once(&question, copy, sizeof(copy), NULL, 0);
}

static int list_addresses(struct ifconf *list) {
  uint32_t room = list->ifc_buf == NULL || list->ifc_len < 0 ? 0 : (uint32_t)list->ifc_len;
  struct request question = {OP_IOCTL, {SIOCGIFCONF, room < MAX_ANSWER ? room : MAX_ANSWER, 1}};
  int result = ask_once(&question, NULL, 0, list->ifc_buf, room);
  if (result < 0) return result;
  list->ifc_len = result;
  return 0;
}

// Whether a request is about interfaces: 0x8900 to 0x89ff less the socket's own (SIOCINQ and others are below 0x890b).
static int is_about_interfaces(unsigned long request) { return request >= 0x890b && request <= 0x89ff; }

// The family of a socket as the program knows it; -1 for what is none.
static int family_of(int fd) {
  int domain;
  socklen_t length = sizeof(domain);
  if (is_netlink(fd)) return AF_NETLINK;
  return NEXT(getsockopt)(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 ? domain : -1;
}

EXPORT int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  int family = is_about_interfaces(request) && daemon_socket() != NULL ? family_of(fd) : -1;
  if (family < 0) return NEXT(ioctl)(fd, request, argument);
  if (argument == NULL) return fail(-EFAULT);
  int result = request == SIOCETHTOOL   ? ask_ethtool(argument, is_admin())
               : request == SIOCGIFCONF ? list_addresses(argument)
                                        : ask_interface(request, family, argument);
  return result < 0 ? fail(result) : result;
}

unsigned if_nametoindex(const char *name) {
  if (daemon_socket() == NULL) return NEXT(if_nametoindex)(name);
  struct ifreq ifreq = {0};
  if (strlen(name) >= IFNAMSIZ) {
    errno = ENODEV;
    return 0;
  }
  strcpy(ifreq.ifr_name, name);
  int result = ask_interface(SIOCGIFINDEX, AF_UNSPEC, &ifreq);
  if (result == 0) return (unsigned)ifreq.ifr_ifindex;
  errno = -result;
  return 0;
}

char *if_indextoname(unsigned index, char *name) {
  if (daemon_socket() == NULL) return NEXT(if_indextoname)(index, name);
  struct ifreq ifreq = {.ifr_ifindex = (int)index};
  int result = ask_interface(SIOCGIFNAME, AF_UNSPEC, &ifreq);
  if (result == 0) return strncpy(name, ifreq.ifr_name, IFNAMSIZ);
  errno = result == -ENODEV ? ENXIO : -result;
  return NULL;
}

struct names {
  struct if_nameindex *list;
  size_t count;
};

static int add_name(const struct nlmsghdr *message, void *context) {
  struct names *names = context;
  const char *name = link_name(message);
  if (name == NULL) return 0;
  struct if_nameindex *longer = realloc(names->list, (names->count + 2) * sizeof(*longer));
  if (longer == NULL) return -ENOMEM;
  names->list = longer;
  longer[names->count] = (struct if_nameindex){(unsigned)link_index(message), strdup(name)};
  longer[++names->count] = (struct if_nameindex){0, NULL};
  return 0;
}

struct if_nameindex *if_nameindex(void) {
  if (daemon_socket() == NULL) return NEXT(if_nameindex)();
  struct names names = {calloc(1, sizeof(struct if_nameindex)), 0};
  int result = names.list == NULL ? -ENOMEM : dump_netlink(RTM_GETLINK, add_name, &names);
  if (result == 0) return names.list;
  if_freenameindex(names.list);
  errno = -result;
  return NULL;
}

void if_freenameindex(struct if_nameindex *list) {
  for (struct if_nameindex *each = list; each != NULL && each->if_name != NULL; each++) free(each->if_name);
  free(list);
}
