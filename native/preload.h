// What the files of the preload library share: the protocol to the daemon, and the way to the functions it stands before.
//
//   application ── socket(AF_NETLINK) ── preload.so ── AF_UNIX SEQPACKET ── daemon (src/daemon/seqpacket-*.ts)
//
// A netlink socket is a connection of its own to the daemon, so datagram bounds, MSG_PEEK, MSG_TRUNC, poll, dup, fork and
// inheritance over exec are the system's. All state of the socket is the daemon's: the library keeps one mark per
// descriptor and nothing else that could go stale.
//
// A request carries the write end of a pipe as SCM_RIGHTS, and whoever sent it reads the answer there. Nothing in the
// process has to be shared or locked for this: threads, forks and programs after exec may all use one socket at once. As the
// daemon queues what it has to say before it answers, a reply is there when send returns, as rtnetlink's is. What cannot be
// refused is told without a pipe and not waited for: a connection keeps its order.
//
// Programs that this does not reach (reach.c) run with a supervisor beside them, which does what the library would do
// (supervise/), or else with a filter that leaves them no socket of a network (confine.c).
//
// A socket of another family becomes one of the kernel's when it is to carry something (foreign.c).
//
// Omitted: setns for a single thread (a supervisor knows threads), netlink sockets connected to others than the kernel.

#ifndef UVETH_PRELOAD_H
#define UVETH_PRELOAD_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

// The function of the next library in line, looked up once; in a program of its own (supervise/) there is none before it.
#ifdef UVETH_SUPERVISE
#define NEXT(name) name
#else
#define NEXT(name)                                                                                  \
  ({                                                                                                \
    static __typeof__(&name) next_;                                                                 \
    if (next_ == NULL) next_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                          \
    next_;                                                                                          \
  })
#endif

// The environment of `uveth run`.
#define ENV_SOCKET "UVETH_RUN_SOCKET"
#define ENV_FOLDER "UVETH_RUN_FOLDER"
#define ENV_NO_ADMIN "UVETH_RUN_NO_ADMIN"
// Set by whoever hands on no descriptor that the library would have to find.
#define ENV_NO_FDS "UVETH_RUN_NO_FDS"

// The descriptor of a process that is open on the file of the namespace it lives in.
#define NETNS_FD 1023

// The descriptor by which a process that has become another user still reaches the daemon (way.c).
#define WAY_FD 1022

// Requests: operation, three words, payload.
enum {
  OP_OPEN = 1,      // protocol, socket type, 1 for CAP_NET_ADMIN; with the namespace's file as the last descriptor
  OP_SEND = 2,      // size of the largest buffer the socket was read with; payload: a datagram of requests
  OP_BIND = 3,      // port id, groups, 1 if the program knows that port id for its own -> port id, groups
  OP_NAME = 4,      // -> port id, groups
  OP_SETOPTION = 5, // level, option, value
  OP_GETOPTION = 6, // level, option -> value
  OP_READSIZE = 7,  // size of the largest buffer the socket was read with; has no answer
  OP_UNSHARE = 8,   // 1 for CAP_SYS_ADMIN -> id of a new namespace
  OP_MOUNT = 9,     // descriptor of a namespace file, 1 for CAP_SYS_ADMIN; payload: the name it gets
  OP_UMOUNT = 10,   // 0, 1 for CAP_SYS_ADMIN; payload: the name to take away
  OP_IOCTL = 11,    // request, room for the answer, 1 for CAP_NET_ADMIN and the family << 8; payload: the argument -> the argument
  OP_SETNS = 12,    // descriptor of a namespace file, 1 for CAP_SYS_ADMIN -> EINVAL when it is none
  OP_FLUSH = 13,    // answered when what the connection did not take before is in it
  OP_SHOW = 14,     // a process, 0 for the own; payload: a path that shows interfaces or settings -> id of the namespace
                    // whose copy to read
  OP_WRITE = 15,    // 1 for CAP_NET_ADMIN; payload: a path, NUL, what was written to it
  OP_ERROR = 16,    // 1 to look only -> the errno that the socket has to tell, as the result
  OP_SOCKET = 17,   // 1 for CAP_NET_RAW (of netlink CAP_NET_ADMIN) and the family << 8, type, protocol -> a socket of the kernel's, as SCM_RIGHTS beside
                    // the answer, for which a socket takes the pipe's place; or a text that says why there is none
  OP_CONNECT = 18,  // -> a connection to the daemon, in the same way
};

// Added to an operation that is asked for another process: its id goes in front of the payload, and unless it is one of a socket
// that is open, the file of the namespace that it lives in is the last descriptor.
#define OP_FOR 0x80000000U
// In place of a descriptor's number: the namespace's file that came with the request.
#define FD_GIVEN 0xffffffffU

struct request {
  uint32_t op;
  uint32_t words[3];
};

// In front of every datagram from the daemon.
struct event {
  uint32_t flags;
  int32_t error; // negative errno of the socket (ENOBUFS); no datagram follows then
  uint32_t group;
  int32_t nsid;
};

#define EVENT_HAS_NSID 1
#define EVENT_HAS_PKTINFO 2

// Descriptors from here on are not told to be netlink sockets.
#define MAX_FD 65536

// The largest answer: what a pipe holds, less the result in front of it.
#define MAX_ANSWER 65000

// Room for a text that says why something cannot be, its NUL included.
#define REASON_ROOM 512

// What a descriptor is to this library.
enum {
  MARK_NETLINK = 1,
  MARK_LISTENS = 2, // a netlink socket that may hear of events
  MARK_WRITTEN = 4,
  MARK_NO_NAME = 8, // a netlink socket made here that has no port id yet
  MARK_GENERIC = 16, // a netlink socket made here of NETLINK_GENERIC
  MARK_KERNELS = 32,     // a socket of another family in the namespace of the kernel behind ours
  MARK_WAY = 64,         // the connection by which others are handed out
};

// fds.c
int mark_of(int fd);
int is_netlink(int fd);
int is_any_marked(void);
void adopt_received(struct msghdr *message);
void mark(int fd, int what);

// written.c: files that act when they are written
#define WRITTEN_ROOM 256
int do_written(const char *path, const char *text, size_t length);
int do_unseen(int fd);
int open_shown(const char *path);
const char *path_behind(const char *link, char target[WRITTEN_ROOM + 32]);
int is_written(const char *path);
int open_written(const char *path, int flags);
int adopt_written(const char *link, int fd);        // the mark of a descriptor that the program began with
ssize_t write_written(int fd, const void *text, size_t length); // -errno when it is refused
void flush_written(int fd);                         // does what was written without our seeing it

// Whom this process asks for, when it is not for itself: a process or a thread, and a descriptor of the namespace it lives in.
struct caller {
  uint32_t pid;
  int netns;                     // -1 until it is needed,
  int (*find_netns)(pid_t pid);  // when this is asked for it
  size_t answered; // how much there was of the last answer
};
extern struct caller *caller;

// daemon.c
uint32_t is_admin(void);
uint32_t may_be_raw(void);
const char *daemon_socket(void); // NULL outside `uveth run`
const char *daemon_folder(void);
int connect_daemon(int type_flags);
int ask(int fd, const struct request *request, const struct iovec *payload, int count, void *answer, size_t size);
int tell(int fd, const struct request *request);
int ask_open(int fd, const struct request *request, int is_sure);
int ask_descriptor(const struct request *request, char *reason, size_t size);
int ask_descriptor_of(int fd, const struct request *request, char *reason, size_t size);
int ask_once(const struct request *request, const void *payload, size_t length, void *answer, size_t size);
int fail(int negative_errno);

// complain.c
void complain(const char *text);

// way.c
int is_way(int fd);
int connect_by_way(void);
int has_kept(int capability);

// overrun.c
void note_sent(int fd);
void note_received(int fd);
int error_of(int fd, int is_looked_at);
extern void __chk_fail(void) __attribute__((noreturn));

// netlink.c
int set_option(int fd, int level, int option, const void *value, socklen_t length);
int get_option(int fd, int level, int option, void *value, socklen_t *length);
int name_netlink(int fd, struct sockaddr *address, socklen_t *length);
int connect_netlink(int fd, const struct sockaddr *address, socklen_t length);
int bind_netlink(int fd, const struct sockaddr *address, socklen_t length);
int open_netlink(int type, int protocol);
void forget_name(int fd);
void name_by_sending(int fd);
void put_address(struct sockaddr *address, socklen_t *length, uint32_t port_id, uint32_t groups);

// send.c, receive.c
ssize_t send_netlink(int fd, const struct msghdr *message, int flags);
ssize_t receive_netlink(int fd, struct msghdr *message, int flags);
void forget_reading(int fd);
uint32_t reading_size(int fd, const struct msghdr *request);

// hosts.c
void look_in_files(void);

// map.c
#define PATH_ROOM 512
int is_device_file(const char *path);
int show_path(const char *path, char room[PATH_ROOM]);
int is_to_act(const char *path, int flags);
int is_tun(const char *path);
int refuse_tun(void);
int process_part(const char *path);
const char *behind(const char *path, const char *prefix);
const char *behind_names(const char *path);
int is_setting(const char *path);
const char *map_path(const char *path, char room[PATH_ROOM]);

// ethtool.c
struct ifreq;
int ask_ethtool(const struct ifreq *ifreq, uint32_t is_admin);

// ioctl.c
int is_about_interfaces(unsigned long request);
size_t argument_size(unsigned long request, int family);
int ask_interface(unsigned long request, int family, void *argument);
int request_of_interface(unsigned long request, int family, void *argument);

// reach.c
enum reach {
  REACH_NO_PROGRAM, // what cannot be started, or is a shell's to read
  REACH_ALL,
  REACH_STATIC,
  REACH_FOREIGN, // with another C library's loader
  REACH_GO,
  REACH_ARCHITECTURE,
  REACH_RIGHTS,
  REACH_UNREADABLE,
};
static inline int is_unreached(enum reach reach) { return reach > REACH_ALL; }
static inline int is_supervised(enum reach reach) { return is_unreached(reach) && reach < REACH_ARCHITECTURE; }
enum reach reach_of(const char *path);
const char *find_program(const char *file, char *room);

// confine.c: what is no network's, and a filter for programs that are not reached
int is_system_protocol(int protocol);
int is_networked(int family);
int confine(void);
int while_confined(int (*start)(void *), void *argument);

// foreign.c
int is_foreign(int family);
int open_kernel_socket(int domain, int type, int protocol);
int give_kernel_socket(int fd, int error);

#endif
