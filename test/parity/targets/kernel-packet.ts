// A packet socket of the live kernel: whole frames in and out of one device.
//
// Facts: packet(7).

import type { Libc, Watch } from "../../../src/attach/node/libc.ts";
import { ReceiveBuffer } from "../../../src/attach/node/msghdr.ts";
import { setBe16, setS32, setU16 } from "../../../src/bytes/endian.ts";
import { NetlinkError } from "../../../src/netlink/error.ts";
import { errnoNumber } from "../../../src/uapi/errno.ts";
import {
  SOCKADDR_LL_FAMILY,
  SOCKADDR_LL_IFINDEX,
  SOCKADDR_LL_PKTTYPE,
  SOCKADDR_LL_PROTOCOL,
  SOCKADDR_LL_SIZE,
} from "../../../src/uapi/if_packet.ts";
import { AF_PACKET, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "../../../src/uapi/socket.ts";
import type { PacketPort, ReceivedFrame } from "../targets.ts";

const ENOBUFS = errnoNumber("ENOBUFS");
const LARGEST_FRAME = 128 * 1024;

/** Opens a packet socket in the namespace the calling thread is in. */
export function openKernelPacket(libc: Libc, ifindex: number, protocol: number): PacketPort {
  const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = checked(libc.socket(AF_PACKET, type, 0));
  const address = new Uint8Array(SOCKADDR_LL_SIZE);
  setU16(address, SOCKADDR_LL_FAMILY, AF_PACKET);
  setBe16(address, SOCKADDR_LL_PROTOCOL, protocol);
  setS32(address, SOCKADDR_LL_IFINDEX, ifindex);
  checked(libc.bind(fd, address));
  return new KernelPacket(libc, fd);
}

class KernelPacket implements PacketPort {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #buffer: ReceiveBuffer;
  readonly #watch: Watch;
  readonly #received: ReceivedFrame[] = [];
  #waiting: ((frame: ReceivedFrame) => void)[] = [];

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#buffer = new ReceiveBuffer(libc, LARGEST_FRAME);
    this.#watch = libc.watch(fd, () => this.#read());
  }

  send(frame: Uint8Array): void {
    const result = this.#libc.sendto(this.#fd, frame, 0);
    if (result !== -ENOBUFS) checked(result);
  }

  receive(): Promise<ReceivedFrame> {
    this.#read();
    const frame = this.#received.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#watch.close();
    this.#libc.close(this.#fd);
  }

  #read(): void {
    for (;;) {
      const length = this.#buffer.receive(this.#fd, 0);
      if (length < 0) return;
      const packetType = this.#buffer.sender(SOCKADDR_LL_SIZE)[SOCKADDR_LL_PKTTYPE] ?? 0;
      const frame = { bytes: this.#buffer.data(length), packetType };
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#received.push(frame);
      else waiting(frame);
    }
  }
}

function checked(result: number): number {
  if (result >= 0) return result;
  throw NetlinkError.fromErrno(result);
}
