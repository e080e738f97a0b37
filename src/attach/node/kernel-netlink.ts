// The live kernel's AF_NETLINK as a netlink provider: the client that drives a machine in this process drives Linux
// itself through the same contract. This is how parity is tested.
//
// rtnetlink answers before send returns, so what a send brought is read in the microtask after it; what comes later,
// the notifications, is read when the event loop finds the socket readable.
//
// Facts: netlink(7); net/netlink/af_netlink.c (netlink_recvmsg, netlink_overrun).

import { closeSync } from "node:fs";
import { getU32, setU16, setU32 } from "../../bytes/endian.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type {
  DatagramInfo,
  NetlinkProvider,
  NetlinkTransport,
  NetnsHandle,
  SocketRequest,
} from "../../netlink/transport.ts";
import { errnoNumber, errnoText } from "../../uapi/errno.ts";
import {
  NETLINK_LISTEN_ALL_NSID,
  NETLINK_PKTINFO,
  SOCKADDR_NL_FAMILY,
  SOCKADDR_NL_PID,
  SOCKADDR_NL_SIZE,
} from "../../uapi/netlink.ts";
import {
  AF_NETLINK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from "../../uapi/socket.ts";
import type { Libc, Watch } from "./libc.ts";
import { loadLibc } from "./libc.ts";
import { ReceiveBuffer } from "./msghdr.ts";
import { inNetns, openNetnsFile } from "./netns.ts";

/** How sockets are made. */
export interface KernelNetlinkOptions {
  /** SO_RCVBUF in bytes: what answers and notifications may pile up to before they are lost; 8 MiB by default. */
  readonly receiveBufferBytes?: number;
}

const EAGAIN = errnoNumber("EAGAIN");
const EINTR = errnoNumber("EINTR");
const ENOBUFS = errnoNumber("ENOBUFS");

/** Larger than anything rtnetlink sends by itself: dumps come in up to 32 KiB, no attribute exceeds 64 KiB. */
const LARGEST_ANSWER = 256 * 1024;
/** SO_SNDBUF in bytes: the largest datagram of requests, for clients that send thousands at once. */
const SEND_BUFFER = 4 * 1024 * 1024;
/** What an error adds to the request it echoes: headers and extended acknowledgement. */
const ECHO_ROOM = 4096;
/** Datagrams read in one go; then the event loop has its turn. */
const READ_BUDGET = 1_024;

/** Opens netlink sockets of the kernel this process runs on; libc is loaded when the first one is opened. */
export function kernelNetlink(options: KernelNetlinkOptions = {}): NetlinkProvider {
  const { receiveBufferBytes = 8 * 1024 * 1024 } = options;
  let libc: Promise<Libc> | undefined;
  const load = (): Promise<Libc> => (libc ??= loadLibc());
  return {
    async openSocket({ protocol, netns }: SocketRequest): Promise<NetlinkTransport> {
      const loaded = await load();
      if (netns === undefined) return openKernelSocket(loaded, protocol, receiveBufferBytes);
      const handle = openHandle(netns);
      try {
        return inNetns(loaded, handle.fd, () => openKernelSocket(loaded, protocol, receiveBufferBytes));
      } finally {
        handle.close();
      }
    },
    openNetns: async (name: string): Promise<NetnsHandle> => openHandle(name),
  };
}

function openHandle(name: string): NetnsHandle {
  const fd = openNetnsFile(name);
  return { fd, close: () => closeSync(fd) };
}

/** Opens a bound socket in the namespace the calling thread is in. NetlinkError with the errno of the call that failed. */
export function openKernelSocket(libc: Libc, protocol: number, receiveBufferBytes: number): NetlinkTransport {
  const fd = checked(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol), "open");
  try {
    setBuffer(libc, fd, SO_RCVBUFFORCE, SO_RCVBUF, receiveBufferBytes);
    setBuffer(libc, fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
    checked(libc.setsockopt(fd, SOL_NETLINK, NETLINK_PKTINFO, bytesOf(1)), "set NETLINK_PKTINFO on");
    const address = new Uint8Array(SOCKADDR_NL_SIZE);
    setU16(address, SOCKADDR_NL_FAMILY, AF_NETLINK);
    checked(libc.bind(fd, address), "bind");
    checked(libc.getsockname(fd, address), "name");
    return new KernelSocket(libc, fd, getU32(address, SOCKADDR_NL_PID));
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

class KernelSocket implements NetlinkTransport {
  readonly portId: number;
  onDatagram: (datagram: Uint8Array, info: DatagramInfo) => void = () => {};
  onOverrun: () => void = () => {};
  onClose: (reason?: Error) => void = () => {};

  readonly #libc: Libc;
  readonly #fd: number;
  readonly #kernel = new Uint8Array(SOCKADDR_NL_SIZE);
  readonly #watch: Watch;
  #buffer: ReceiveBuffer;
  #bufferSize = LARGEST_ANSWER;
  #isOpen = true;
  #isReadDue = false;

  constructor(libc: Libc, fd: number, portId: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.portId = portId;
    setU16(this.#kernel, SOCKADDR_NL_FAMILY, AF_NETLINK);
    this.#buffer = new ReceiveBuffer(libc, this.#bufferSize);
    this.#watch = libc.watch(fd, () => this.#read());
  }

  send(datagram: Uint8Array): void {
    if (!this.#isOpen) return;
    if (datagram.length + ECHO_ROOM > this.#bufferSize) {
      this.#bufferSize = datagram.length + ECHO_ROOM;
      this.#buffer = new ReceiveBuffer(this.#libc, this.#bufferSize);
    }
    const sent = this.#libc.sendto(this.#fd, datagram, 0, this.#kernel);
    if (sent < 0) throw NetlinkError.fromErrno(sent, `Cannot send a netlink message: ${errnoText(-sent)}`);
    if (this.#isReadDue) return;
    this.#isReadDue = true;
    queueMicrotask(() => {
      this.#isReadDue = false;
      this.#read();
    });
  }

  setOption(option: number, value: number): void {
    checked(this.#libc.setsockopt(this.#fd, SOL_NETLINK, option, bytesOf(value)), `set option ${option} of`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watch.close();
    this.#libc.close(this.#fd);
  }

  #read(): void {
    for (let count = 0; count < READ_BUDGET && this.#isOpen; count++) {
      const length = this.#buffer.receive(this.#fd, 0);
      if (length === -EAGAIN) return;
      if (length === -EINTR) continue;
      if (length === -ENOBUFS) this.#overrun();
      else if (length < 0) return this.#fail(length);
      else if (this.#buffer.isTruncated) this.#overrun();
      else this.onDatagram(this.#buffer.data(length), this.#info());
    }
  }

  #info(): DatagramInfo {
    const group = this.#buffer.control(SOL_NETLINK, NETLINK_PKTINFO) ?? 0;
    const nsid = this.#buffer.control(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID);
    return nsid === undefined ? { group } : { group, nsid };
  }

  /** The kernel reports an overrun as an error of the socket, which ends libuv's watch. */
  #overrun(): void {
    this.#watch.restart();
    this.onOverrun();
  }

  #fail(errno: number): void {
    this.close();
    this.onClose(NetlinkError.fromErrno(errno, `Cannot receive from the kernel: ${errnoText(-errno)}`));
  }
}

/** Sets a buffer's size: beyond net.core.rmem_max and wmem_max only with CAP_NET_ADMIN, else as far as they let it. */
function setBuffer(libc: Libc, fd: number, force: number, option: number, bytes: number): void {
  const size = bytesOf(bytes);
  if (libc.setsockopt(fd, SOL_SOCKET, force, size) < 0) libc.setsockopt(fd, SOL_SOCKET, option, size);
}

/** Returns a result that is not an error; `verb` is what was being done to the socket. */
function checked(result: number, verb: string): number {
  if (result >= 0) return result;
  throw NetlinkError.fromErrno(result, `Cannot ${verb} a netlink socket: ${errnoText(-result)}`);
}

function bytesOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  setU32(bytes, 0, value);
  return bytes;
}
