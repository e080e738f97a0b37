// The memory that recvmsg(2) fills and sendmsg(2) reads: a struct msghdr, its one struct iovec, the sender's address, the control messages and
// the datagram, in one buffer, so that the addresses are computed once.
//
// Mirrors <bits/socket.h> of a 64-bit Linux (struct msghdr, struct iovec, struct cmsghdr, CMSG_NXTHDR).

import { getS32, getU64Number, setS32, setU32, setU64, setU64Number } from "../../bytes/endian.ts";
import { MSG_CTRUNC, MSG_TRUNC, SCM_RIGHTS, SOL_SOCKET } from "../../uapi/socket.ts";
import type { Libc } from "./libc.ts";

// struct msghdr, then struct iovec
const NAME = 0;
const NAMELEN = 8;
const IOV = 16;
const IOVLEN = 24;
const CONTROL = 32;
const CONTROLLEN = 40;
const FLAGS = 48;
const IOV_BASE = 64;
const IOV_LEN = 72;

// struct cmsghdr
const CMSG_LEVEL = 8;
const CMSG_TYPE = 12;
const CMSG_DATA = 16;

const NAME_AREA = 128;
const NAME_SIZE = 128;
const CONTROL_AREA = NAME_AREA + NAME_SIZE;
const CONTROL_SIZE = 256;
const DATA_AREA = CONTROL_AREA + CONTROL_SIZE;

/** A struct msghdr for sendmsg: a copy of `bytes`, and the descriptor `fd` beside it (SCM_RIGHTS). */
export function descriptorMessage(libc: Libc, content: Uint8Array, fd: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(DATA_AREA + content.length));
  const base = libc.address(bytes);
  setU64(bytes, IOV, base + BigInt(IOV_BASE));
  setU64Number(bytes, IOVLEN, 1);
  setU64(bytes, CONTROL, base + BigInt(CONTROL_AREA));
  setU64Number(bytes, CONTROLLEN, CMSG_DATA + 8);
  setU64(bytes, IOV_BASE, base + BigInt(DATA_AREA));
  setU64Number(bytes, IOV_LEN, content.length);
  setU64Number(bytes, CONTROL_AREA, CMSG_DATA + 4);
  setS32(bytes, CONTROL_AREA + CMSG_LEVEL, SOL_SOCKET);
  setS32(bytes, CONTROL_AREA + CMSG_TYPE, SCM_RIGHTS);
  setS32(bytes, CONTROL_AREA + CMSG_DATA, fd);
  bytes.set(content, DATA_AREA);
  return bytes;
}

/** A buffer for recvmsg. What `receive` got stays until the next `receive`. */
export class ReceiveBuffer {
  readonly #libc: Libc;
  readonly #dataSize: number;
  readonly #bytes: Uint8Array;

  /** Has room for datagrams of `dataSize` bytes. */
  constructor(libc: Libc, dataSize: number) {
    this.#libc = libc;
    this.#dataSize = dataSize;
    const bytes = new Uint8Array(new ArrayBuffer(DATA_AREA + dataSize));
    const base = libc.address(bytes);
    setU64(bytes, NAME, base + BigInt(NAME_AREA));
    setU64(bytes, IOV, base + BigInt(IOV_BASE));
    setU64Number(bytes, IOVLEN, 1);
    setU64(bytes, CONTROL, base + BigInt(CONTROL_AREA));
    setU64(bytes, IOV_BASE, base + BigInt(DATA_AREA));
    setU64Number(bytes, IOV_LEN, dataSize);
    this.#bytes = bytes;
  }

  /** Receives one datagram from `fd`; returns its length or -errno. */
  receive(fd: number, flags: number): number {
    const bytes = this.#bytes;
    setU32(bytes, NAMELEN, NAME_SIZE);
    setU64Number(bytes, CONTROLLEN, CONTROL_SIZE);
    setS32(bytes, FLAGS, 0);
    return this.#libc.recvmsg(fd, bytes, flags);
  }

  /** Whether the datagram or its control messages did not fit. */
  get isTruncated(): boolean {
    return (getS32(this.#bytes, FLAGS) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
  }

  /** A copy of the first `length` bytes of the datagram. */
  data(length: number): Uint8Array {
    return this.#bytes.slice(DATA_AREA, DATA_AREA + Math.min(length, this.#dataSize));
  }

  /** A copy of the first `length` bytes of the sender's struct sockaddr. */
  sender(length: number): Uint8Array {
    return this.#bytes.slice(NAME_AREA, NAME_AREA + length);
  }

  /** The first 32 bits of the control message of this level and type, or undefined when none came. */
  control(level: number, type: number): number | undefined {
    return this.controlWords(level, type)[0];
  }

  /** All 32-bit words of the control messages of this level and type. */
  controlWords(level: number, type: number): number[] {
    const bytes = this.#bytes;
    const words: number[] = [];
    const end = CONTROL_AREA + getU64Number(bytes, CONTROLLEN);
    let at = CONTROL_AREA;
    while (at + CMSG_DATA <= end) {
      const length = getU64Number(bytes, at);
      if (length < CMSG_DATA) break;
      if (getS32(bytes, at + CMSG_LEVEL) === level && getS32(bytes, at + CMSG_TYPE) === type) {
        for (let word = at + CMSG_DATA; word + 4 <= at + length; word += 4) words.push(getS32(bytes, word));
      }
      at += (length + 7) & ~7;
    }
    return words;
  }
}
