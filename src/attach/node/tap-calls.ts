// The system calls of a TAP and of the loop that serves many, through koffi. Memory is given by address, as a number: user
// space ends below 2^47, and a number makes no garbage.
//
// Mirrors open(2), ioctl(2), read(2), write(2), epoll_create1(2), epoll_ctl(2) and epoll_wait(2); a failure is -errno.

import type { Libc } from "./libc.ts";
import { loadLibc } from "./libc.ts";

/** The calls. Nothing waits: descriptors are non-blocking. */
export interface TapCalls {
  readonly libc: Libc;
  open(path: string, flags: number): number;
  /** ioctl with a number for its argument. */
  ioctl(fd: number, request: number, argument: number): number;
  /** ioctl with a structure, which is read or written. */
  ioctlBytes(fd: number, request: number, argument: Uint8Array): number;
  read(fd: number, address: number, length: number): number;
  write(fd: number, address: number, length: number): number;
  epollCreate(): number;
  epollCtl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  /** Fills `events`, an array of 12-byte struct epoll_event, with what is ready now; returns how many. */
  epollWait(epoll: number, events: Uint8Array): number;
  /** Where `bytes` lie; see Libc.address. */
  address(bytes: Uint8Array): number;
}

const EPOLL_CLOEXEC = 0x80000;

/** sizeof(struct epoll_event), packed on x86-64. */
export const EPOLL_EVENT_SIZE = process.arch === "x64" ? 12 : 16;

/** Loads what it takes; rejects with a NetlinkError (ENOSYS) where there is no FFI. */
export async function loadTapCalls(): Promise<TapCalls> {
  const libc = await loadLibc();
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);
  const open = library.func("int open(const char *path, int flags)");
  const ioctl = library.func("int ioctl(int fd, unsigned long request, uintptr_t argument)");
  const ioctlBytes = library.func("ioctl", "int", ["int", "unsigned long", "void *"]);
  const read = library.func("intptr_t read(int fd, uintptr_t bytes, size_t length)");
  const write = library.func("intptr_t write(int fd, uintptr_t bytes, size_t length)");
  const epollCreate = library.func("int epoll_create1(int flags)");
  const epollCtl = library.func("int epoll_ctl(int epoll, int operation, int fd, void *event)");
  const epollWait = library.func("int epoll_wait(int epoll, void *events, int maxEvents, int timeoutMs)");
  return {
    libc,
    open: (path, flags) => orErrno(open(path, flags)),
    ioctl: (fd, request, argument) => orErrno(ioctl(fd, request, argument)),
    ioctlBytes: (fd, request, argument) => orErrno(ioctlBytes(fd, request, argument)),
    read: (fd, address, length) => orErrno(read(fd, address, length)),
    write: (fd, address, length) => orErrno(write(fd, address, length)),
    epollCreate: () => orErrno(epollCreate(EPOLL_CLOEXEC)),
    epollCtl: (epoll, operation, fd, event) => orErrno(epollCtl(epoll, operation, fd, event)),
    epollWait: (epoll, events) =>
      orErrno(epollWait(epoll, events, Math.floor(events.length / EPOLL_EVENT_SIZE), 0)),
    address: (bytes) => Number(libc.address(bytes)),
  };
}
