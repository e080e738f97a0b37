// Sockets of the kernel in a native namespace, TCP for this process and any for those under `uveth run`: the holder makes them there, and they are connected and
// used from here, as a socket belongs to the namespace that it was made in.
//
// Mirrors connect(2): a socket that does not wait is writable once the handshake is over, and SO_ERROR says how it ended.

import { Socket } from "node:net";
import { getS32, setBe16, setBe32, setU16 } from "../../../bytes/endian.ts";
import { ipv4FromText } from "../../../bytes/ipv4.ts";
import { ipv6FromText } from "../../../bytes/ipv6.ts";
import type { Endpoint } from "../../../index.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoName, errnoNumber, errnoText } from "../../../uapi/errno.ts";
import { AF_INET, AF_INET6, SO_ERROR, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } from "../../../uapi/socket.ts";
import type { Libc } from "../libc.ts";
import type { Holder } from "./holder.ts";
import { ask } from "./holder.ts";

const EINPROGRESS = errnoNumber("EINPROGRESS");
const ECONNABORTED = errnoNumber("ECONNABORTED");
// struct sockaddr_in and struct sockaddr_in6
const SIN_SIZE = 16;
const SIN_PORT = 2;
const SIN_ADDR = 4;
const SIN6_SIZE = 28;
const SIN6_ADDR = 8;

/** Those of one namespace. */
export class NativeSockets {
  readonly #libc: Libc;
  readonly #holder: Holder;
  readonly #open = new Set<Socket>();
  /** How to give up each handshake that is under way. */
  readonly #opening = new Set<() => void>();

  constructor(libc: Libc, holder: Holder) {
    this.#libc = libc;
    this.#holder = holder;
  }

  /** Makes one that waits, for whoever it is handed to; its descriptor is the caller's to close, or -errno (socket(2)). */
  make(family: number, type: number, protocol: number): number {
    return this.#holder.do(ask.socket(family, type, protocol));
  }

  /**
   * Connects. The socket is the caller's, and is destroyed with the namespace. Rejects with a NetlinkError: what connect(2)
   * says, EINVAL for what is no address or port, ECONNABORTED when the namespace has ended meanwhile.
   */
  async connect(to: Endpoint): Promise<Socket> {
    const address = socketAddress(to);
    const family = address.length === SIN_SIZE ? AF_INET : AF_INET6;
    const fd = this.#holder.do(ask.socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (fd < 0) throw refused(fd, "socket", to);
    try {
      const result = this.#libc.connect(fd, address);
      const ended = result === -EINPROGRESS ? await this.#handshake(fd) : result;
      if (ended < 0) throw refused(ended, "connect", to);
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
    const socket = new Socket({ fd });
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    return socket;
  }

  /** Waits until it is over: 0, or -errno. */
  #handshake(fd: number): Promise<number> {
    return new Promise((resolve) => {
      const end = (result: number): void => {
        watch.close();
        this.#opening.delete(abort);
        resolve(result);
      };
      const abort = (): void => end(-ECONNABORTED);
      const watch = this.#libc.watchWritable(fd, () => {
        const value = new Uint8Array(4);
        const result = this.#libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value);
        end(result < 0 ? result : -getS32(value, 0));
      });
      this.#opening.add(abort);
    });
  }

  /** Breaks all of them off. */
  close(): void {
    for (const abort of [...this.#opening]) abort();
    for (const socket of this.#open) socket.destroy();
  }
}

function socketAddress({ host, port }: Endpoint): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff)
    throw new NetlinkError("EINVAL", `"${port}" is not a port, 0 to 65535`);
  const four = ipv4FromText(host);
  const six = ipv6FromText(host);
  if (four === undefined && six === undefined) throw new NetlinkError("EINVAL", `"${host}" is no address`);
  const bytes = new Uint8Array(six === undefined ? SIN_SIZE : SIN6_SIZE);
  setU16(bytes, 0, six === undefined ? AF_INET : AF_INET6);
  setBe16(bytes, SIN_PORT, port);
  if (six !== undefined) bytes.set(six, SIN6_ADDR);
  else if (four !== undefined) setBe32(bytes, SIN_ADDR, four);
  return bytes;
}

/** The error of a call, in the words of Node's: `connect ECONNREFUSED 10.0.0.2:80`. */
function refused(errno: number, call: string, { host, port }: Endpoint): NetlinkError {
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return NetlinkError.fromErrno(errno, `${call} ${errnoName(-errno)} ${where}: ${errnoText(-errno)}`);
}
