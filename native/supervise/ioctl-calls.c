// ioctl(2) about interfaces (../ioctl.c), with the argument and what it points at copied in and out.

#include "supervise.h"

#include <linux/if.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/un.h>

// No command of ethtool reads more (../ethtool.c).
#define ETHTOOL_READ 64

static char answer[MAX_ANSWER];

// The family of a socket as the program knows it; -1 for what is none.
static int family_of(const struct call *call) {
  int domain, what[3];
  socklen_t length = sizeof(domain);
  int fd = take_descriptor(call, (int)call->args[0]);
  if (fd < 0) return -1;
  int is_socket = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0;
  int family = !is_socket ? -1 : is_placeholder(fd, what) ? what[0] : domain;
  close(fd);
  return family;
}

// Reads as much as there is of `size` bytes.
static int read_some(const struct call *call, uint64_t from, char *to, size_t size) {
  memset(to, 0, size);
  while (size > 0 && read_memory(call, from, to, size) < 0) size /= 2;
  return size > 0 ? 0 : -EFAULT;
}

static long do_ethtool(const struct call *call, struct ifreq *ifreq) {
  uint64_t there = (uint64_t)ifreq->ifr_data;
  int result = read_some(call, there, answer, ETHTOOL_READ);
  if (result < 0) return result;
  ifreq->ifr_data = answer;
  caller->answered = 0;
  result = request_of_interface(SIOCETHTOOL, AF_INET, ifreq);
  size_t length = caller->answered < sizeof(answer) ? caller->answered : sizeof(answer);
  int error = write_memory(call, there, answer, length);
  return result < 0 ? result : error < 0 ? error : result;
}

static long list_addresses(const struct call *call, struct ifconf *list) {
  uint64_t there = (uint64_t)list->ifc_buf;
  if (there != 0) list->ifc_buf = answer;
  if (list->ifc_len > (int)sizeof(answer)) list->ifc_len = sizeof(answer);
  int result = request_of_interface(SIOCGIFCONF, AF_INET, list);
  if (result < 0) return result;
  if (there != 0) result = write_memory(call, there, answer, (size_t)list->ifc_len);
  list->ifc_buf = (void *)there;
  return result < 0 ? result : write_memory(call, call->args[2], list, sizeof(*list));
}

static long change_route(const struct call *call, struct rtentry *route) {
  char device[IFNAMSIZ] = "";
  if (route->rt_dev != NULL) {
    int result = read_some(call, (uint64_t)route->rt_dev, device, sizeof(device) - 1);
    if (result < 0) return result;
    route->rt_dev = device;
  }
  return request_of_interface(call->args[1], AF_INET, route);
}

long call_ioctl(const struct call *call) {
  union {
    struct ifreq ifreq;
    struct ifconf list;
    struct rtentry route;
    char bytes[256];
  } argument;
  unsigned long request = call->args[1] & 0xffffffff;
  int family = family_of(call);
  if (family < 0) return GOES_ON;
  if (call->args[2] == 0) return -EFAULT;
  size_t size = argument_size(request, family);
  int result = size == 0 ? read_memory(call, call->args[2], &argument.route, sizeof(argument.route))
                         : read_memory(call, call->args[2], &argument, request == SIOCGIFCONF ? sizeof(struct ifconf) : size);
  if (result < 0) return result;
  if (request == SIOCETHTOOL) return do_ethtool(call, &argument.ifreq);
  if (request == SIOCGIFCONF) return list_addresses(call, &argument.list);
  if (size == 0) return change_route(call, &argument.route);
  caller->answered = 0;
  result = request_of_interface(request, family, &argument);
  if (result < 0) return result;
  int error = write_memory(call, call->args[2], &argument, caller->answered < size ? caller->answered : size);
  return error < 0 ? error : result;
}
