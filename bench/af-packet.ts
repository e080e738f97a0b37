// The kernel's veth as a peer: frames sent through an AF_PACKET socket by sendmmsg in batches of 64, and received by a
// packet socket on the other end by recvmmsg, in the same thread. What counts is what was delivered.

import { readFileSync, writeFileSync } from "node:fs";
import koffi from "koffi";
import { setBe16, setS32, setU16, setU32, setU64, setU64Number } from "../src/bytes/endian.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SO_RCVBUF = 8;
const MSG_DONTWAIT = 0x40;
const sockaddrLlSize = 20;
/** struct mmsghdr and struct iovec. */
const messageSize = 64;
const vectorSize = 16;
const batch = 64;
/** IEEE 802 local experimental EtherType 1: nothing in the kernel handles it. */
const experimental = 0x88b5;

const libc = koffi.load(null);
const socket = libc.func("int socket(int, int, int)");
const bind = libc.func("int bind(int, const void *, uint32_t)");
const setsockopt = libc.func("int setsockopt(int, int, int, const void *, uint32_t)");
const sendmmsg = libc.func("int sendmmsg(int, void *, uint32_t, int)");
const recvmmsg = libc.func("int recvmmsg(int, void *, uint32_t, int, void *)");
const close = libc.func("int close(int)");

/** A pair of packet sockets on the two ends of a kernel veth. */
export class PacketPair {
  readonly #sender: number;
  readonly #receiver: number;
  readonly #outgoing: Uint8Array;
  readonly #incoming: Uint8Array;
  /** The memory the vectors point at; kept so that it stays where it is. */
  readonly #memory: Uint8Array[];

  /** Frames go to `to` from `from`, six bytes each; from 02:00:00:00:00:00 to all by default. */
  constructor(
    sendIfindex: number,
    receiveIfindex: number,
    frameSize: number,
    { to = new Uint8Array(6).fill(0xff), from = Uint8Array.of(2, 0, 0, 0, 0, 0) } = {},
  ) {
    this.#sender = open(sendIfindex, 0);
    this.#receiver = open(receiveIfindex, experimental);
    const frame = new Uint8Array(new ArrayBuffer(2_048));
    frame.set(to, 0);
    frame.set(from, 6);
    setBe16(frame, 12, experimental);
    const space = new Uint8Array(new ArrayBuffer(batch * 2_048));
    this.#outgoing = messages((_) => koffi.address(frame), frameSize);
    this.#incoming = messages((index) => koffi.address(space) + BigInt(index * 2_048), 2_048);
    this.#memory = [frame, space];
  }

  /** Sends for at least `duration` seconds and gives the frames delivered a second. */
  deliveredPerSecond(duration: number): number {
    const start = process.hrtime.bigint();
    let delivered = 0;
    let elapsed = 0;
    while (elapsed < duration) {
      for (let turn = 0; turn < 16; turn++) {
        sendmmsg(this.#sender, this.#outgoing, batch, 0);
        for (;;) {
          const got = recvmmsg(this.#receiver, this.#incoming, batch, MSG_DONTWAIT, null);
          if (got > 0) delivered += got;
          if (got < batch) break;
        }
      }
      elapsed = Number(process.hrtime.bigint() - start) / 1e9;
    }
    return delivered / elapsed;
  }

  close(): void {
    close(this.#sender);
    close(this.#receiver);
    this.#memory.length = 0;
  }
}

function open(ifindex: number, protocol: number): number {
  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) throw new Error(`No packet socket: errno ${koffi.errno()}`);
  const size = new Uint8Array(4);
  setU32(size, 0, 16 << 20);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4) < 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, 4);
  const address = new Uint8Array(sockaddrLlSize);
  setU16(address, 0, AF_PACKET);
  setBe16(address, 2, protocol);
  setS32(address, 4, ifindex);
  if (bind(fd, address, address.length) < 0)
    throw new Error(`Packet socket not bound: errno ${koffi.errno()}`);
  return fd;
}

/** An array of struct mmsghdr with one vector each; `where` gives the address of each message's bytes. */
function messages(where: (index: number) => bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(batch * (messageSize + vectorSize)));
  const base = koffi.address(bytes);
  for (let index = 0; index < batch; index++) {
    const vector = batch * messageSize + index * vectorSize;
    setU64(bytes, index * messageSize + 16, base + BigInt(vector));
    setU64Number(bytes, index * messageSize + 24, 1);
    setU64(bytes, vector, where(index));
    setU64Number(bytes, vector + 8, size);
  }
  return bytes;
}

/** Keeps netfilter out of bridges in this namespace; a kernel without that has nothing to be kept from. */
export function quietBridges(): void {
  for (const which of ["iptables", "ip6tables", "arptables"]) {
    try {
      writeFileSync(`/proc/sys/net/bridge/bridge-nf-call-${which}`, "0");
    } catch {
      return;
    }
  }
}

/** Switches IPv6 off in this namespace, so that nothing but the benchmark's frames is on the wire. */
export function quietKernel(): void {
  for (const which of ["all", "default"]) writeFileSync(`/proc/sys/net/ipv6/conf/${which}/disable_ipv6`, "1");
}

/** The ifindex of a device of this namespace. */
export function kernelIfindex(name: string): number {
  const line = readFileSync("/proc/net/dev", "utf8");
  if (!line.includes(`${name}:`)) throw new Error(`No kernel device ${name}`);
  return ifNametoindex(name);
}

const ifNametoindex = libc.func("uint32_t if_nametoindex(const char *)");
