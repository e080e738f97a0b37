// What the two faces of uveth-netns share.

#ifndef UVETH_NETNS_H
#define UVETH_NETNS_H

// Serves the engine at the other end of the socket `fd`: makes holders (serve.c).
int serve(int fd);

// Is the first process of a new namespace and does what the engine asks over `fd`; does not return (hold.c).
_Noreturn void hold(int fd);

// Descriptors that go with one datagram, at most.
#define MOST_FDS 32

// Sends `length` bytes and the first `count` descriptors of `sent` (message.c).
int send_with_fds(int fd, const void *bytes, unsigned length, const int *sent, unsigned count);

// Runs a program in the namespaces of a holder: argv is "PID [-d] [-r] [--] COMMAND…" (enter.c).
int enter(int argc, char *argv[]);

#endif
