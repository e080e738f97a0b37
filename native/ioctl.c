// What ioctl(2) asks about interfaces, in the namespace of the caller: the argument goes to the daemon and comes back.
//
// Mirrors netdevice(7): sock_ioctl of net/socket.c, dev_ioctl of net/core/dev_ioctl.c.

#include "preload.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>

// Whether a request is about interfaces: 0x8900 to 0x89ff less the socket's own (SIOCINQ and others are below 0x890b).
int is_about_interfaces(unsigned long request) { return request >= 0x890b && request <= 0x89ff; }

// The largest argument, a struct rtentry with the name it points at.
#define MOST_ARGUMENT (sizeof(struct rtentry) + IFNAMSIZ)

// How much a request reads and writes, and 0 for a struct rtentry, which points further.
size_t argument_size(unsigned long request, int family) {
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

int ask_interface(unsigned long request, int family, void *argument) {
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

// Does a request about interfaces on a socket of `family`. Returns its result or -errno.
int request_of_interface(unsigned long request, int family, void *argument) {
  if (request == SIOCETHTOOL) return ask_ethtool(argument, is_admin());
  return request == SIOCGIFCONF ? list_addresses(argument) : ask_interface(request, family, argument);
}
