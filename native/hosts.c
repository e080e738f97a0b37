// Names of hosts are looked up in files only: the resolver would ask over the host's network.
//
// Mirrors gethostbyname(3). Omitted: gethostid(3), getaddrinfo_a(3).

#include "preload.h"

#include <netdb.h>

extern int __nss_configure_lookup(const char *database, const char *services);

// To be called before a name of a host is looked up, as it takes a while: most programs look none up.
void look_in_files(void) {
  static int is_done;
  if (is_done || daemon_socket() == NULL) return;
  is_done = 1;
  __nss_configure_lookup("hosts", "files");
}

#define LOOK_UP(result, name, parameters, ...) \
  EXPORT result name parameters {              \
    look_in_files();                           \
    return NEXT(name)(__VA_ARGS__);            \
  }

LOOK_UP(struct hostent *, gethostbyname, (const char *name), name)
LOOK_UP(struct hostent *, gethostbyname2, (const char *name, int family), name, family)
LOOK_UP(struct hostent *, gethostbyaddr, (const void *address, socklen_t length, int family), address, length, family)
LOOK_UP(int, gethostbyname_r,
        (const char *name, struct hostent *entry, char *buffer, size_t size, struct hostent **result, int *error), name,
        entry, buffer, size, result, error)
LOOK_UP(int, gethostbyname2_r,
        (const char *name, int family, struct hostent *entry, char *buffer, size_t size, struct hostent **result,
         int *error),
        name, family, entry, buffer, size, result, error)
LOOK_UP(int, gethostbyaddr_r,
        (const void *address, socklen_t length, int family, struct hostent *entry, char *buffer, size_t size,
         struct hostent **result, int *error),
        address, length, family, entry, buffer, size, result, error)
