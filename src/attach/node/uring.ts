// io_uring as batches of reads and writes (batch-io.ts): the requests of a batch and the results are in memory that is shared
// with the kernel, and one system call does them all.
//
// Mirrors <linux/io_uring.h>. Omitted: everything that is done later; the descriptors do not wait, so that all is done when
// the system call returns.

import { getU32, setU32 } from "../../bytes/endian.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoNumber } from "../../uapi/errno.ts";
import type { BatchIo } from "./batch-io.ts";
import { BATCH_SIZE } from "./batch-io.ts";

const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;

const IORING_SETUP_CQSIZE = 1 << 3;
const IORING_SETUP_SUBMIT_ALL = 1 << 7;
const IORING_SETUP_COOP_TASKRUN = 1 << 8;
const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
const IORING_ENTER_GETEVENTS = 1;
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_OP_READ = 22;
const IORING_OP_WRITE = 23;
const IORING_OFF_SQES = 0x1000_0000;

const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;

// struct io_uring_params
const PARAMS_SIZE = 120;
const PARAMS_CQ_ENTRIES = 4;
const PARAMS_FLAGS = 8;
const PARAMS_FEATURES = 20;
// struct io_sqring_offsets and struct io_cqring_offsets in it
const SQ_TAIL = 40 + 4;
const SQ_ARRAY = 40 + 24;
const CQ_HEAD = 80;
const CQ_TAIL = 80 + 4;
const CQ_RING_MASK = 80 + 8;
const CQ_CQES = 80 + 20;

// struct io_uring_sqe in words of 32 bits
const SQE_WORDS = 16;
const SQE_OPCODE = 0;
const SQE_FD = 1;
const SQE_ADDRESS = 4;
const SQE_LENGTH = 6;
const SQE_RW_FLAGS = 7;
const SQE_USER_DATA = 8;
/** Not to be done later, whatever the descriptor says. */
const RWF_NOWAIT = 8;
// struct io_uring_cqe in words of 32 bits
const CQE_WORDS = 4;
const CQE_RESULT = 2;

const cqEntries = 2 * BATCH_SIZE;
/** Times that a kernel short of memory is asked again before the rest of a batch is given up. */
const mostTries = 3;
const EINTR = errnoNumber("EINTR");
const EAGAIN = errnoNumber("EAGAIN");
const EBUSY = errnoNumber("EBUSY");
const twoTo32 = 0x1_0000_0000;

/** A ring of this thread. */
export class Uring implements BatchIo {
  readonly #enter: (count: number, least: number) => number;
  readonly #close: () => void;
  readonly #ring: Int32Array;
  readonly #sqes: Int32Array;
  readonly #sqTail: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqMask: number;
  readonly #cqes: number;
  #prepared = 0;
  #tail = 0;
  #head = 0;

  /** A ring over what io_uring_setup(2) and mmap(2) have given; see `open`. */
  constructor(parts: RingParts) {
    this.#enter = parts.enter;
    this.#close = parts.close;
    this.#ring = parts.ring;
    this.#sqes = parts.sqes;
    const { params } = parts;
    const word = (at: number): number => getU32(params, at) >> 2;
    this.#sqTail = word(SQ_TAIL);
    this.#cqHead = word(CQ_HEAD);
    this.#cqTail = word(CQ_TAIL);
    this.#cqMask = parts.ring[word(CQ_RING_MASK)] ?? 0;
    this.#cqes = word(CQ_CQES);
    const array = word(SQ_ARRAY);
    for (let index = 0; index < BATCH_SIZE; index++) parts.ring[array + index] = index;
  }

  /** Makes a ring; undefined where the system forbids it, or does not know what it takes. */
  static async open(): Promise<Uring | undefined> {
    const { default: koffi } = await import("koffi");
    const library = koffi.load(null);
    const syscall = library.func("syscall", "intptr_t", [
      ...["long", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t"],
    ]);
    const mmap = library.func(
      "uintptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, intptr_t offset)",
    );
    const munmap = library.func("int munmap(uintptr_t address, size_t length)");
    const close = library.func("int close(int fd)");
    const params = new Uint8Array(new ArrayBuffer(128)).subarray(0, PARAMS_SIZE);
    const flags =
      IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER;
    setU32(params, PARAMS_FLAGS, flags);
    setU32(params, PARAMS_CQ_ENTRIES, cqEntries);
    const fd = Number(syscall(SYS_IO_URING_SETUP, BATCH_SIZE, koffi.address(params), 0, 0, 0, 0));
    if (fd < 0) return undefined;
    if ((getU32(params, PARAMS_FEATURES) & IORING_FEAT_SINGLE_MMAP) === 0) {
      close(fd);
      return undefined;
    }
    const ringBytes = Math.max(
      getU32(params, SQ_ARRAY) + BATCH_SIZE * 4,
      getU32(params, CQ_CQES) + getU32(params, PARAMS_CQ_ENTRIES) * 4 * CQE_WORDS,
    );
    const sqesBytes = BATCH_SIZE * 4 * SQE_WORDS;
    const map = (length: number, offset: number): number =>
      Number(mmap(0, length, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, offset));
    const ring = map(ringBytes, 0);
    const sqes = map(sqesBytes, IORING_OFF_SQES);
    return new Uring({
      params,
      ring: new Int32Array(koffi.view(BigInt(ring), ringBytes)),
      sqes: new Int32Array(koffi.view(BigInt(sqes), sqesBytes)),
      enter(count, least) {
        const flags = least > 0 ? IORING_ENTER_GETEVENTS : 0;
        const result = Number(syscall(SYS_IO_URING_ENTER, fd, count, least, flags, 0, 0));
        return result < 0 ? -koffi.errno() : result;
      },
      // The memory is looked at no more when this is called.
      close() {
        munmap(ring, ringBytes);
        munmap(sqes, sqesBytes);
        close(fd);
      },
    });
  }

  get room(): number {
    return BATCH_SIZE - this.#prepared;
  }

  read(fd: number, address: number, length: number, token: number): void {
    this.#prepare(IORING_OP_READ, fd, address, length, token);
  }

  write(fd: number, address: number, length: number, token: number): void {
    this.#prepare(IORING_OP_WRITE, fd, address, length, token);
  }

  /**
   * Does them; waits for the rare one that the kernel puts off, whose memory must not change meanwhile. What it does not take, for
   * want of memory of its own, has -EAGAIN for its result, or whatever forbids it.
   */
  submit(): number {
    const count = this.#prepared;
    if (count === 0) return 0;
    this.#prepared = 0;
    const ring = this.#ring;
    Atomics.store(ring, this.#sqTail, this.#tail);
    // What the last batch came to has been read.
    Atomics.store(ring, this.#cqHead, this.#head);
    this.#first = this.#head;
    this.#taken = this.#submitAll(count);
    while (((Atomics.load(ring, this.#cqTail) - this.#head) | 0) < this.#taken) {
      const result = this.#enter(0, this.#taken);
      if (result < 0 && result !== -EINTR) throw NetlinkError.fromErrno(result, "io_uring does not answer");
    }
    this.#head = (this.#head + this.#taken) | 0;
    return count;
  }

  /** Hands over what is in the ring; returns how many of them the kernel has taken, and takes the others back. */
  #submitAll(count: number): number {
    let taken = 0;
    this.#refusal = -EAGAIN;
    for (let pauses = 0; taken < count; ) {
      const result = this.#enter(count - taken, 0);
      if (result > 0) taken += result;
      else if (result === -EINTR) continue;
      else if (result < 0 && result !== -EAGAIN && result !== -EBUSY) {
        this.#refusal = result;
        break;
      } else if (++pauses > mostTries) break;
    }
    this.#tail = (this.#tail - (count - taken)) | 0;
    if (taken < count) Atomics.store(this.#ring, this.#sqTail, this.#tail);
    return taken;
  }

  /** The ring's number of the first result of this batch, how many there are, and what the requests behind them have come to. */
  #first = 0;
  #taken = 0;
  #refusal = -EAGAIN;

  token(index: number): number {
    if (index < this.#taken) return this.#ring[this.#cqe(index)] ?? 0;
    // Still where it was prepared.
    const place = (this.#tail + index - this.#taken) & (BATCH_SIZE - 1);
    return this.#sqes[place * SQE_WORDS + SQE_USER_DATA] ?? 0;
  }

  result(index: number): number {
    return index < this.#taken ? (this.#ring[this.#cqe(index) + CQE_RESULT] ?? 0) : this.#refusal;
  }

  close(): void {
    this.#close();
  }

  #cqe(index: number): number {
    return this.#cqes + ((this.#first + index) & this.#cqMask) * CQE_WORDS;
  }

  #prepare(opcode: number, fd: number, address: number, length: number, token: number): void {
    const at = (this.#tail & (BATCH_SIZE - 1)) * SQE_WORDS;
    const sqes = this.#sqes;
    // The other words are 0 as they were mapped: neither side ever writes them.
    sqes[at + SQE_OPCODE] = opcode;
    sqes[at + SQE_FD] = fd;
    sqes[at + SQE_ADDRESS] = address | 0;
    sqes[at + SQE_ADDRESS + 1] = Math.floor(address / twoTo32);
    sqes[at + SQE_LENGTH] = length;
    sqes[at + SQE_RW_FLAGS] = RWF_NOWAIT;
    sqes[at + SQE_USER_DATA] = token;
    this.#tail = (this.#tail + 1) | 0;
    this.#prepared++;
  }
}

/** What a ring is made of: struct io_uring_params as filled, the rings and the requests as mapped, and io_uring_enter(2). */
export interface RingParts {
  readonly params: Uint8Array;
  readonly ring: Int32Array;
  readonly sqes: Int32Array;
  /** Submits, and waits until so many results are there: how many were taken, or -errno. */
  enter(count: number, least: number): number;
  close(): void;
}
