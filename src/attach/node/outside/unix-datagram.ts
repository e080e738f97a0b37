// AF_UNIX sockets of type SOCK_DGRAM, which Node has no functions for.
//
// Mirrors bind(2), sendto(2) and recvmsg(2) of unix(7).

import { setS32 } from "../../../bytes/endian.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoText } from "../../../uapi/errno.ts";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "../../../uapi/socket.ts";
import type { Libc, Watch } from "../libc.ts";
import { loadLibc } from "../libc.ts";
import { ReceiveBuffer } from "../msghdr.ts";
import { unixAddress } from "../unix-address.ts";
import { removeSocket } from "./stale.ts";

/** The largest datagram that is read, and how much may wait: what gvisor-tap-vsock asks for. */
const largestDatagram = 65_536 + 128;
const sendBuffer = 1 << 20;
const receiveBuffer = 4 << 20;
/** Datagrams read before others have their turn. */
const weight = 64;

/** A socket that is bound to a path, where another program may send it datagrams. */
export class UnixDatagram {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #path: string;
  readonly #buffer: ReceiveBuffer;
  readonly #watch: Watch;

  private constructor(libc: Libc, fd: number, path: string, onDatagram: (bytes: Uint8Array) => void) {
    this.#libc = libc;
    this.#fd = fd;
    this.#path = path;
    this.#buffer = new ReceiveBuffer(libc, largestDatagram);
    this.#watch = libc.watch(fd, () => this.#read(onDatagram));
  }

  /**
   * Binds one to `path`, in place of what a program that is gone has left there. Rejects with a NetlinkError: ENOSYS where there is no
   * FFI, EADDRINUSE where somebody listens, and what bind(2) says.
   */
  static async open(path: string, onDatagram: (bytes: Uint8Array) => void): Promise<UnixDatagram> {
    const libc = await loadLibc();
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw NetlinkError.fromErrno(fd);
    try {
      removeStale(libc, fd, path);
      const result = libc.bind(fd, unixAddress(path));
      if (result < 0) throw NetlinkError.fromErrno(result, `Cannot bind ${path}: ${errnoText(-result)}`);
      setSize(libc, fd, SO_SNDBUF, sendBuffer);
      setSize(libc, fd, SO_RCVBUF, receiveBuffer);
      return new UnixDatagram(libc, fd, path, onDatagram);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /** Sends a datagram to `address`; false when it cannot be: nobody is there, or they do not read. */
  send(bytes: Uint8Array, address: Uint8Array): boolean {
    return this.#libc.sendto(this.#fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, address) >= 0;
  }

  /** Takes the path away, which who has connected no longer needs. */
  unlink(): void {
    removeSocket(this.#path);
  }

  close(): void {
    this.#watch.close();
    this.#libc.close(this.#fd);
    this.unlink();
  }

  #read(onDatagram: (bytes: Uint8Array) => void): void {
    for (let count = 0; count < weight; count++) {
      const length = this.#buffer.receive(this.#fd, MSG_DONTWAIT);
      if (length < 0) return;
      if (!this.#buffer.isTruncated) onDatagram(this.#buffer.data(length));
    }
  }
}

/** Refuses a path that somebody holds; what nobody holds any more is taken away. */
function removeStale(libc: Libc, fd: number, path: string): void {
  const probe = libc.connect(fd, unixAddress(path));
  if (probe >= 0) throw new NetlinkError("EADDRINUSE", `Somebody listens on ${path}`);
  if (NetlinkError.fromErrno(probe).code === "ECONNREFUSED") removeSocket(path);
}

function setSize(libc: Libc, fd: number, option: number, bytes: number): void {
  const value = new Uint8Array(4);
  setS32(value, 0, bytes);
  libc.setsockopt(fd, SOL_SOCKET, option, value);
}
