// The scope of an IPv6 address by name, "fe80::1%v0", and AI_ADDRCONFIG: what the C library asks inside itself of interfaces when
// it translates addresses and texts.
//
// Mirrors getaddrinfo(3) and getnameinfo(3). Omitted: the order of several answers, for which the C library asks the system.

#include "preload.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int has_scope(const struct in6_addr *address) {
  return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_MC_LINKLOCAL(address);
}

EXPORT int getnameinfo(const struct sockaddr *from, socklen_t length, char *host, socklen_t room, char *service,
                       socklen_t service_room, int flags) {
  struct sockaddr_in6 address;
  struct in6_addr parsed;
  char name[IF_NAMESIZE];
  look_in_files();
  if (daemon_socket() == NULL || from == NULL || from->sa_family != AF_INET6 || length < sizeof(address))
    return NEXT(getnameinfo)(from, length, host, room, service, service_room, flags);
  memcpy(&address, from, sizeof(address));
  unsigned scope = address.sin6_scope_id;
  address.sin6_scope_id = 0;
  int result = NEXT(getnameinfo)((struct sockaddr *)&address, sizeof(address), host, room, service, service_room, flags);
  if (result != 0 || scope == 0 || host == NULL || room == 0 || inet_pton(AF_INET6, host, &parsed) != 1) return result;
  if (!has_scope(&address.sin6_addr) || if_indextoname(scope, name) == NULL) snprintf(name, sizeof(name), "%u", scope);
  size_t end = strlen(host);
  return snprintf(host + end, room - end, "%%%s", name) < (int)(room - end) ? 0 : EAI_OVERFLOW;
}

// Stores the index that the text behind a "%" stands for; -1 when there is none.
static int find_scope(const struct in6_addr *address, const char *text, unsigned *index) {
  char *end;
  *index = has_scope(address) ? if_nametoindex(text) : 0;
  if (*index != 0) return 0;
  if (*text < '0' || *text > '9') return -1;
  unsigned long number = strtoul(text, &end, 10);
  *index = (unsigned)number;
  return number <= UINT32_MAX && *end == '\0' ? 0 : -1;
}

// Whether an interface has an address of a family, other than the loopback's.
static void look_for_families(int *has_ipv4, int *has_ipv6) {
  struct ifaddrs *list;
  *has_ipv4 = *has_ipv6 = 0;
  if (getifaddrs(&list) < 0) {
    *has_ipv4 = *has_ipv6 = 1;
    return;
  }
  for (const struct ifaddrs *each = list; each != NULL; each = each->ifa_next) {
    const struct sockaddr *address = each->ifa_addr;
    if (address != NULL && address->sa_family == AF_INET)
      *has_ipv4 |= ((const struct sockaddr_in *)address)->sin_addr.s_addr != htonl(INADDR_LOOPBACK);
    if (address != NULL && address->sa_family == AF_INET6)
      *has_ipv6 |= !IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
  }
  freeifaddrs(list);
}

// Leaves AI_ADDRCONFIG behind, with the family that is left; EAI_NONAME when none is.
static int narrow(struct addrinfo *hints) {
  int has_ipv4, has_ipv6;
  if ((hints->ai_flags & AI_ADDRCONFIG) == 0) return 0;
  look_for_families(&has_ipv4, &has_ipv6);
  hints->ai_flags &= ~AI_ADDRCONFIG;
  if (hints->ai_family == AF_UNSPEC && has_ipv4 != has_ipv6) hints->ai_family = has_ipv4 ? AF_INET : AF_INET6;
  else if ((hints->ai_family == AF_INET && !has_ipv4) || (hints->ai_family == AF_INET6 && !has_ipv6)) return EAI_NONAME;
  return 0;
}

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *given, struct addrinfo **result) {
  struct addrinfo hints = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
  struct in6_addr address;
  char text[INET6_ADDRSTRLEN];
  unsigned scope = 0;
  if (daemon_socket() == NULL) return NEXT(getaddrinfo)(node, service, given, result);
  look_in_files();
  if (given != NULL) hints = *given;
  const char *percent = node == NULL ? NULL : strchr(node, '%');
  if (percent != NULL && (size_t)(percent - node) < sizeof(text)) {
    memcpy(text, node, (size_t)(percent - node));
    text[percent - node] = '\0';
    if (inet_pton(AF_INET6, text, &address) == 1) {
      if (find_scope(&address, percent + 1, &scope) < 0) return EAI_NONAME;
      node = text;
    }
  }
  int error = narrow(&hints);
  if (error == 0) error = NEXT(getaddrinfo)(node, service, &hints, result);
  if (error != 0 || scope == 0) return error;
  for (struct addrinfo *each = *result; each != NULL; each = each->ai_next)
    if (each->ai_family == AF_INET6) ((struct sockaddr_in6 *)each->ai_addr)->sin6_scope_id = scope;
  return 0;
}
