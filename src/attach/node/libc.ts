// The system calls that Node has no function for, called in libc through koffi. Raw bytes in and out, no structs: their
// layouts are in uapi/.
//
// Mirrors socket(2), socketpair(2), bind(2), connect(2), listen(2), getsockname(2), setsockopt(2), getsockopt(2), sendto(2), recvmsg(2), poll(2), close(2),
// setns(2) and unshare(2), with the kernel's own convention for failure: a negative errno is returned, nothing is thrown.
// *Omitted:* other systems than Linux, and Linux without an FFI; `loadLibc` refuses with the cure.

import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
/** At least sizeof(struct epoll_event). */
const epollEventRoom = 16;

/** The calls. Each returns what the system call returns, or -errno. They act on the calling thread and do not wait. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  /** Makes two connected sockets and fills `fds`, two 32-bit words, with their descriptors. */
  socketpair(family: number, type: number, fds: Int32Array): number;
  /** `address` is a struct sockaddr of exactly its length. */
  bind(fd: number, address: Uint8Array): number;
  /** As `bind`; -EINPROGRESS from a socket that does not wait. */
  connect(fd: number, address: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  /** Fills `address` with as much of the struct sockaddr as fits. */
  getsockname(fd: number, address: Uint8Array): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Fills `value` with as much of the option as fits. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** Returns the bytes sent; `address` may be left out on a connected socket. */
  sendto(fd: number, bytes: Uint8Array, flags: number, address?: Uint8Array): number;
  /** `msghdr` is a struct msghdr whose pointers come from `address` (msghdr.ts). Returns the bytes received. */
  recvmsg(fd: number, msghdr: Uint8Array, flags: number): number;
  /** `pollfds` is an array of 8-byte struct pollfd; waits for `timeoutMs` at most. Returns how many are ready. */
  poll(pollfds: Uint8Array, timeoutMs: number): number;
  close(fd: number): number;
  /** Moves the calling thread into the namespace of the file `fd`, which must be of `type` (CLONE_NEWNET). */
  setns(fd: number, type: number): number;
  /** Moves the calling thread into a new namespace of each kind in `flags` (CLONE_NEWNET, …). */
  unshare(flags: number): number;

  /** Where `bytes` lie in memory. Only for buffers over 64 bytes, which the garbage collector does not move. */
  address(bytes: Uint8Array): bigint;
  /** Throws the NetlinkError that keeps `fd` from being watched: EPERM for a file, EBADF, ENOMEM, ENOSPC. */
  checkWatchable(fd: number): void;
  /** Calls `onReadable` from the event loop whenever `fd` is readable or in error, until the watch is closed; see checkWatchable. */
  watch(fd: number, onReadable: () => void): Watch;
  /** As `watch`, for when `fd` is writable. */
  watchWritable(fd: number, onWritable: () => void): Watch;
}

/** A descriptor the event loop watches; keeps the process alive until it is closed. */
export interface Watch {
  /** Takes the watch up again after an error on the descriptor, which libuv answers by ending it. */
  restart(): void;
  close(): void;
}

/** What of a descriptor is watched. */
interface PollEvents {
  readonly readable?: boolean;
  readonly writable?: boolean;
}

/** Loads libc; rejects with a NetlinkError (ENOSYS) that names the cure where that cannot be. */
export async function loadLibc(): Promise<Libc> {
  if (process.platform !== "linux") {
    throw new NetlinkError("ENOSYS", `A live kernel is reached on Linux only, this is ${process.platform}`);
  }
  const { default: koffi } = await import("koffi").catch((cause: unknown) => {
    throw new NetlinkError("ENOSYS", `The package koffi is missing (npm install koffi): ${String(cause)}`);
  });
  // The process itself: whichever libc Node was linked with.
  const library = koffi.load(null);
  const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);

  const socket = library.func("int socket(int family, int type, int protocol)");
  const socketpair = library.func("int socketpair(int family, int type, int protocol, void *fds)");
  const bind = library.func("int bind(int fd, const void *address, uint32_t length)");
  const connect = library.func("int connect(int fd, const void *address, uint32_t length)");
  const listen = library.func("int listen(int fd, int backlog)");
  const getsockname = library.func("int getsockname(int fd, void *address, void *length)");
  const setsockopt = library.func(
    "int setsockopt(int fd, int level, int option, const void *value, uint32_t length)",
  );
  const getsockopt = library.func("int getsockopt(int fd, int level, int option, void *value, void *length)");
  const sendto = library.func(
    "intptr_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)",
  );
  const recvmsg = library.func("intptr_t recvmsg(int fd, void *msghdr, int flags)");
  const poll = library.func("int poll(void *pollfds, unsigned long count, int timeoutMs)");
  const close = library.func("int close(int fd)");
  const setns = library.func("int setns(int fd, int type)");
  const unshare = library.func("int unshare(int flags)");
  const epollCreate = library.func("int epoll_create1(int flags)");
  const epollCtl = library.func("int epoll_ctl(int epoll, int operation, int fd, void *event)");

  // koffi would end the process where libuv refuses.
  let probe = -1;
  const checkWatchable = (fd: number): void => {
    if (probe < 0) probe = orErrno(epollCreate(EPOLL_CLOEXEC));
    const event = new Uint8Array(epollEventRoom);
    const result = probe < 0 ? probe : orErrno(epollCtl(probe, EPOLL_CTL_ADD, fd, event));
    if (result < 0) {
      throw NetlinkError.fromErrno(result, `Cannot watch descriptor ${fd}: ${errnoText(-result)}`);
    }
    epollCtl(probe, EPOLL_CTL_DEL, fd, event);
  };

  const watchFor = (what: PollEvents, fd: number, onReady: () => void): Watch => {
    checkWatchable(fd);
    const onPoll = guarded(onReady);
    const handle = koffi.node.poll(fd, what, onPoll);
    return { restart: () => handle.start(what, onPoll), close: () => handle.close() };
  };

  return {
    socket: (family, type, protocol) => orErrno(socket(family, type, protocol)),
    socketpair: (family, type, fds) => orErrno(socketpair(family, type, 0, fds)),
    bind: (fd, address) => orErrno(bind(fd, address, address.length)),
    connect: (fd, address) => orErrno(connect(fd, address, address.length)),
    listen: (fd, backlog) => orErrno(listen(fd, backlog)),
    getsockname: (fd, address) => orErrno(getsockname(fd, address, Uint32Array.of(address.length))),
    setsockopt: (fd, level, option, value) => orErrno(setsockopt(fd, level, option, value, value.length)),
    getsockopt: (fd, level, option, value) =>
      orErrno(getsockopt(fd, level, option, value, Uint32Array.of(value.length))),
    sendto: (fd, bytes, flags, address) =>
      orErrno(sendto(fd, bytes, bytes.length, flags, address ?? null, address?.length ?? 0)),
    recvmsg: (fd, msghdr, flags) => orErrno(recvmsg(fd, msghdr, flags)),
    poll: (pollfds, timeoutMs) => orErrno(poll(pollfds, pollfds.length / 8, timeoutMs)),
    close: (fd) => orErrno(close(fd)),
    setns: (fd, type) => orErrno(setns(fd, type)),
    unshare: (flags) => orErrno(unshare(flags)),

    address: (bytes) => koffi.address(bytes),
    checkWatchable,
    watch: (fd, onReadable) => watchFor({ readable: true }, fd, onReadable),
    watchWritable: (fd, onWritable) => watchFor({ writable: true }, fd, onWritable),
  };
}

/**
 * Makes a callback of a poll handle fail as any other does: koffi would leave what it throws pending, until the next garbage
 * collection finds it and ends the process.
 */
export function guarded<A extends readonly unknown[]>(onPoll: (...given: A) => void): (...given: A) => void {
  return (...given) => {
    try {
      onPoll(...given);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}
