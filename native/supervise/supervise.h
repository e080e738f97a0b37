// What the files of the supervisor share: a notified call, and what is done for it.
//
//   program ── seccomp ── call that may concern a network ── supervisor ── the daemon, as the preload library asks it
//
// A program that the preload library does not reach makes its system calls by itself. A filter (filter.c) notifies this process of
// those that may be about a network (loop.c), which does them in the program's place: it reads and writes the program's memory, puts
// descriptors in it (target.c), and asks the daemon with the functions that the preload library has (../netlink.c and others). Calls
// that turn out to be about something else go on in the kernel.
//
// A program never holds a socket of the host's network, so there is nothing that it could do to one unseen: what socket(2) gives is
// a connection to the daemon, a socket of AF_UNIX that stands for one of another family, or that one, made in a native namespace.
//
// What a descriptor is, is known by the file behind it; but the filter knows numbers only, so these have numbers from FIRST_FOREIGN
// or FIRST_NETLINK on, and so have their copies.
//
// Mirrors seccomp_unotify(2). Omitted: copies below those numbers (dup2), descriptors that come by SCM_RIGHTS.

#ifndef UVETH_SUPERVISE_H
#define UVETH_SUPERVISE_H

#include "../preload.h"

#include <linux/seccomp.h>

// Where the descriptors of sockets of other families, and of netlink's and files that act when written, begin.
#define FIRST_FOREIGN 640
#define FIRST_NETLINK 768

// A system call that waits for its result.
struct call {
  int listener;
  uint64_t id;
  pid_t tid;
  int number;
  const uint64_t *args;
};

// What a call comes to, beside a result or -errno.
enum {
  GOES_ON = -5000,  // in the kernel
  ANSWERED = -5001, // already
  WAITS = -5002,    // until what it reads from has something (loop.c)
};

// filter.c
int take_filter(void); // returns the descriptor of notifications, or -errno

// loop.c
_Noreturn void supervise(int listener);
void wait_for(const struct call *call, int fd); // takes the descriptor

// target.c: the program's memory and descriptors
int read_memory(const struct call *call, uint64_t from, void *to, size_t size);
int write_memory(const struct call *call, uint64_t to, const void *from, size_t size);
int read_path(const struct call *call, uint64_t from, char *to, size_t size);
int take_descriptor(const struct call *call, int fd);
long put_descriptor(const struct call *call, int fd, int first, int is_cloexec);
int replace_descriptor(const struct call *call, int number, int fd, int is_cloexec);
int is_cloexec_there(const struct call *call, int fd);
pid_t process_of(pid_t tid);
uint64_t effective_capabilities(pid_t tid);
void complain_to(const struct call *call);

// netlink-calls.c, foreign-calls.c
long call_socket(const struct call *call);
long call_on_descriptor(const struct call *call);
long call_copy(const struct call *call);
long call_netlink(const struct call *call, int fd);
long open_foreign(const struct call *call, int domain, int type, int protocol);
long call_foreign(const struct call *call, int fd);
int is_placeholder(int fd, int what[3]);

// ioctl-calls.c
long call_ioctl(const struct call *call);

// files.c, mounts.c
extern const int path_calls[]; // ends with -1
int has_path(int number);
long call_path(const struct call *call);
const char *map_of(const struct call *call, const char *path, char room[PATH_ROOM]);
long call_mount(const struct call *call);
long call_written(const struct call *call, int fd);

// threads.c: the namespaces that threads live in
int home_of(pid_t tid); // a descriptor, which stays this file's
void sweep_homes(void);
int has_homes(void);
long call_setns(const struct call *call);
long call_unshare(const struct call *call);
long call_fork(const struct call *call);
long call_exec(const struct call *call);

#endif
