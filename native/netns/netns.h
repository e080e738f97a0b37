// What the two faces of uveth-netns share.

#ifndef UVETH_NETNS_H
#define UVETH_NETNS_H

#include <stddef.h>

// Serves the engine at the other end of the socket `fd`: makes holders (serve.c).
int serve(int fd);

// The largest datagram of the engine's.
#define REQUEST_SIZE 131072

// Is the first process of a new namespace and does what the engine asks over `fd`, first the requests of `length` bytes at
// `first`, which has room for one more; does not return (hold.c).
_Noreturn void hold(int fd, char *first, size_t length);

// Descriptors that go with one datagram, at most.
#define MOST_FDS 32

// Sends `length` bytes and the first `count` descriptors of `sent` (message.c).
int send_with_fds(int fd, const void *bytes, unsigned length, const int *sent, unsigned count);

// Runs a program in the namespaces of a holder: argv is "PID [-d] [-r] [--] COMMAND…" (enter.c).
int enter(int argc, char *argv[]);

#endif
