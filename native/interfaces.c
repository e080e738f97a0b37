// Interfaces by call: ioctl(2), which ioctl.c does, and the C library's own questions, which it asks inside itself and so past this
// library: names and indices by ioctl, lists by netlink.
//
// Mirrors if_nametoindex(3), if_indextoname(3) and if_nameindex(3).

#include "dump.h"
#include "preload.h"

#include <linux/if.h>
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
  int result = request_of_interface(request, family, argument);
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
