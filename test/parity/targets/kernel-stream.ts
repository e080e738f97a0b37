// TCP sockets of the live kernel as sockets of a parity body: they do not wait, and tell errno by name.

import type { Libc } from "../../../src/attach/node/libc.ts";
import { ReceiveBuffer } from "../../../src/attach/node/msghdr.ts";
import { getU32, setU32 } from "../../../src/bytes/endian.ts";
import { NetlinkError } from "../../../src/netlink/error.ts";
import { errnoName } from "../../../src/uapi/errno.ts";
import {
  AF_INET,
  AF_INET6,
  MSG_DONTWAIT,
  SO_ERROR,
  SO_RCVBUF,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../src/uapi/socket.ts";
import type { StreamListener, StreamOptions, StreamSocket } from "../targets.ts";
import { sockaddr } from "./kernel-sockets.ts";

// <asm-generic/socket.h>, <linux/tcp.h>
const SO_KEEPALIVE = 9;
const SO_LINGER = 13;
const SOL_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const inProgress = -115;
const wouldBlock = -11;

/** What libc has beside the calls of libc.ts. */
export interface StreamCalls {
  accept4(fd: number, address: null, length: null, flags: number): number;
  shutdown(fd: number, how: number): number;
}

/** The calls, through koffi. */
export async function loadStreamCalls(): Promise<StreamCalls> {
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const accept4 = library.func("int accept4(int fd, void *address, void *length, int flags)");
  const shutdown = library.func("int shutdown(int fd, int how)");
  const orErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);
  return {
    accept4: (fd, address, length, flags) => orErrno(accept4(fd, address, length, flags)),
    shutdown: (fd, how) => orErrno(shutdown(fd, how)),
  };
}

/** Listens in the namespace of the calling thread, on every address of both families. */
export function listenKernelStream(
  libc: Libc,
  calls: StreamCalls,
  port: number,
  options: StreamOptions,
): StreamListener {
  const fd = open(libc, AF_INET6, options);
  check(libc.bind(fd, sockaddr("::", port, 28)));
  check(libc.listen(fd, options.backlog ?? 128));
  return {
    accept: () => {
      const taken = calls.accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
      return taken < 0 ? undefined : streamOf(libc, calls, taken);
    },
    close: () => void libc.close(fd),
  };
}

/** Begins a connection from the namespace of the calling thread. */
export function connectKernelStream(
  libc: Libc,
  calls: StreamCalls,
  to: { readonly host: string; readonly port: number; readonly localPort: number },
  options: StreamOptions,
): StreamSocket {
  const isFour = !to.host.includes(":");
  const size = isFour ? 16 : 28;
  const fd = open(libc, isFour ? AF_INET : AF_INET6, options);
  check(libc.bind(fd, sockaddr(isFour ? "0.0.0.0" : "::", to.localPort, size)));
  const result = libc.connect(fd, sockaddr(to.host, to.port, size));
  if (result < 0 && result !== inProgress) check(result);
  return streamOf(libc, calls, fd);
}

function open(libc: Libc, family: number, options: StreamOptions): number {
  const fd = check(libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const set = (level: number, option: number, value: number): void =>
    void check(libc.setsockopt(fd, level, option, word(value)));
  const { keepAlive, noDelay, receiveBuffer, resetsOnClose, userTimeoutMs } = options;
  if (keepAlive !== undefined) {
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(SOL_TCP, TCP_KEEPIDLE, keepAlive.idleS);
    set(SOL_TCP, TCP_KEEPINTVL, keepAlive.intervalS);
    set(SOL_TCP, TCP_KEEPCNT, keepAlive.probes);
  }
  if (noDelay === true) set(SOL_TCP, TCP_NODELAY, 1);
  if (userTimeoutMs !== undefined) set(SOL_TCP, TCP_USER_TIMEOUT, userTimeoutMs);
  // It is doubled.
  if (receiveBuffer !== undefined) set(SOL_SOCKET, SO_RCVBUF, receiveBuffer / 2);
  if (resetsOnClose === true)
    check(libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)));
  return fd;
}

function streamOf(libc: Libc, calls: StreamCalls, fd: number): StreamSocket {
  const buffer = new ReceiveBuffer(libc, 65_536);
  const named = (result: number): string => (result < 0 ? (errnoName(-result) ?? String(result)) : "");
  return {
    write: (text) => {
      const result = libc.sendto(fd, new TextEncoder().encode(text), MSG_DONTWAIT | MSG_NOSIGNAL);
      return result < 0 ? named(result) : result;
    },
    read: () => {
      const length = buffer.receive(fd, MSG_DONTWAIT);
      if (length === wouldBlock) return "";
      if (length < 0) return named(length);
      return length === 0 ? "end" : new TextDecoder().decode(buffer.data(length));
    },
    end: () => named(calls.shutdown(fd, SHUT_WR)),
    error: () => {
      const value = new Uint8Array(4);
      check(libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value));
      return getU32(value, 0) === 0 ? "" : (errnoName(getU32(value, 0)) ?? "");
    },
    close: () => void libc.close(fd),
  };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  setU32(bytes, 0, value);
  return bytes;
}

function check(result: number): number {
  if (result < 0) throw NetlinkError.fromErrno(result, "Cannot open a socket");
  return result;
}
