// AF_UNIX sockets of type SOCK_SEQPACKET, which Node has no functions for: listening, connecting, accepting, and datagrams that carry
// their sender's credentials and a descriptor.
//
// Mirrors listen(2), accept4(2), recvmsg(2), send(2) and sendmsg(2) of unix(7). Nothing waits: what would is -EAGAIN.

import { setS32 } from "../../bytes/endian.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SO_PASSCRED,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../uapi/socket.ts";
import type { Libc } from "./libc.ts";
import { guarded, loadLibc } from "./libc.ts";
import { descriptorMessage, ReceiveBuffer } from "./msghdr.ts";
import { unixAddress } from "./unix-address.ts";

/** What holds the largest datagram of a dump. */
const SMALLEST_QUEUE = 48 * 1024;

/** A datagram with what came beside it. */
export interface SeqpacketDatagram {
  /** A copy of the bytes; none at the end of the connection. */
  readonly bytes: Uint8Array;
  /** Whether it was larger than what the socket takes. */
  readonly isTruncated: boolean;
  /** Who sent it, as the kernel says; 0 when it does not. */
  readonly pid: number;
  /** The descriptors that came with it, which are the receiver's to close. */
  readonly fds: number[];
}

/** What an event loop says of a descriptor. */
export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** A descriptor that the event loop watches for reading, and if asked to for writing. */
export interface SeqpacketWatch {
  setWritable(isWanted: boolean): void;
  close(): void;
}

/** The calls. Those that return a number return -errno for a failure. */
export class Seqpacket {
  readonly #libc: Libc;
  readonly #calls: Calls;
  readonly #buffer: ReceiveBuffer;

  constructor(libc: Libc, calls: Calls, largestDatagram: number) {
    this.#libc = libc;
    this.#calls = calls;
    this.#buffer = new ReceiveBuffer(libc, largestDatagram);
  }

  /** Makes a socket that listens on `path`, where nothing may be; NetlinkError when that cannot be. */
  listen(path: string, backlog: number): number {
    const fd = checked(this.#libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), path);
    checked(this.#libc.bind(fd, unixAddress(path)), path);
    checked(this.#calls.listen(fd, backlog), path);
    return fd;
  }

  /** Connects to what listens on `path`, without waiting; -errno when that cannot be. */
  connect(path: string): number {
    const fd = this.#libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    const result = this.#libc.connect(fd, unixAddress(path));
    if (result >= 0) return fd;
    this.#libc.close(fd);
    return result;
  }

  /** Accepts a connection whose datagrams will tell who sent them. */
  accept(fd: number): number {
    const accepted = this.#calls.accept(fd, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) this.#libc.setsockopt(accepted, SOL_SOCKET, SO_PASSCRED, Uint8Array.of(1, 0, 0, 0));
    return accepted;
  }

  /** Bounds what is sent and not yet received, to what a receive buffer of `bytes` would hold. */
  limit(fd: number, bytes: number): void {
    const half = new Uint8Array(4);
    // The system doubles what it is given, as it did for the receive buffer.
    setS32(half, 0, Math.max(bytes, SMALLEST_QUEUE) >> 1);
    this.#libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, half);
  }

  /** Receives a datagram, or -errno. */
  receive(fd: number): SeqpacketDatagram | number {
    const buffer = this.#buffer;
    const length = buffer.receive(fd, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0) return length;
    return {
      bytes: buffer.data(length),
      isTruncated: buffer.isTruncated,
      pid: buffer.control(SOL_SOCKET, SCM_CREDENTIALS) ?? 0,
      fds: buffer.controlWords(SOL_SOCKET, SCM_RIGHTS),
    };
  }

  /** Sends the first `length` bytes as one datagram. */
  send(fd: number, bytes: Uint8Array, length: number): number {
    return this.#calls.send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** Writes to a pipe, in one piece, or with a descriptor beside it to a socket, and closes it. */
  answer(fd: number, bytes: Uint8Array, sent?: number): void {
    if (sent === undefined) this.#calls.write(fd, bytes, bytes.length);
    else {
      const message = descriptorMessage(this.#libc, bytes, sent);
      this.#calls.sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    this.#libc.close(fd);
  }

  close(fd: number): void {
    this.#libc.close(fd);
  }

  /** Calls `onReady` from the event loop whenever there is something to read, or an error or an end to be read. */
  watch(fd: number, onReady: (readiness: Readiness) => void): SeqpacketWatch {
    return this.#calls.watch(fd, onReady);
  }
}

interface Calls {
  listen(fd: number, backlog: number): number;
  accept(fd: number, flags: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  sendmsg(fd: number, msghdr: Uint8Array, flags: number): number;
  watch(fd: number, onReady: (readiness: Readiness) => void): SeqpacketWatch;
}

/** Loads what it takes; rejects with a NetlinkError (ENOSYS) where there is no FFI. */
export async function loadSeqpacket(largestDatagram: number): Promise<Seqpacket> {
  const libc = await loadLibc();
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const listen = library.func("int listen(int fd, int backlog)");
  const accept4 = library.func("int accept4(int fd, void *address, void *length, int flags)");
  const send = library.func("intptr_t send(int fd, const void *bytes, size_t length, int flags)");
  const sendmsg = library.func("intptr_t sendmsg(int fd, const void *msghdr, int flags)");
  const write = library.func("intptr_t write(int fd, const void *bytes, size_t length)");
  const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);
  const calls: Calls = {
    listen: (fd, backlog) => orErrno(listen(fd, backlog)),
    accept: (fd, flags) => orErrno(accept4(fd, null, null, flags)),
    send: (fd, bytes, length, flags) => orErrno(send(fd, bytes, length, flags)),
    write: (fd, bytes, length) => orErrno(write(fd, bytes, length)),
    sendmsg: (fd, msghdr, flags) => orErrno(sendmsg(fd, msghdr, flags)),
    watch(fd, onReady) {
      libc.checkWatchable(fd);
      // Called with a status and the events, whatever koffi's declarations say.
      const onPoll = guarded((...given: readonly unknown[]) => onReady(readinessOf(given.at(-1))));
      const handle = koffi.node.poll(fd, { readable: true }, onPoll);
      return {
        setWritable: (isWanted) => handle.start({ readable: true, writable: isWanted }, onPoll),
        close: () => handle.close(),
      };
    },
  };
  return new Seqpacket(libc, calls, largestDatagram);
}

function readinessOf(events: unknown): Readiness {
  const has = (name: string): boolean =>
    typeof events === "object" && events !== null && Reflect.get(events, name) === true;
  return { readable: has("readable"), writable: has("writable") };
}

function checked(result: number, path: string): number {
  if (result >= 0) return result;
  throw NetlinkError.fromErrno(result, `Cannot listen on ${path}: ${errnoText(-result)}`);
}
