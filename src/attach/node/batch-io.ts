// Reads and writes in batches: many frames for one system call where io_uring is allowed, one for each where it is not.
//
// A batch is prepared by `read` and `write` and done by `submit`; the results are then there in the order of preparation.
// Descriptors are non-blocking, so nothing is left to be done later.
//
// Mirrors <linux/io_uring.h> and io_uring(7): a ring of requests and a ring of results, shared with the kernel.

import type { TapCalls } from "./tap-calls.ts";

/** Requests a batch holds. */
export const BATCH_SIZE = 512;

/** One batch after the other. */
export interface BatchIo {
  /** Prepares to read into memory, given by its address; `token` is a number below 2^31 of the caller's. */
  read(fd: number, address: number, length: number, token: number): void;
  write(fd: number, address: number, length: number, token: number): void;
  /** Requests that can still be prepared. */
  readonly room: number;
  /** Does what was prepared; returns how many results there are. */
  submit(): number;
  /** The token and the result of one: bytes, or -errno. */
  token(index: number): number;
  result(index: number): number;
  close(): void;
}

/** One system call for each request. */
export class SyscallIo implements BatchIo {
  readonly #calls: TapCalls;
  readonly #tokens = new Int32Array(BATCH_SIZE);
  readonly #results = new Int32Array(BATCH_SIZE);
  #count = 0;
  /** The descriptor that had nothing more to read. */
  #empty = -1;

  constructor(calls: TapCalls) {
    this.#calls = calls;
  }

  get room(): number {
    return BATCH_SIZE - this.#count;
  }

  read(fd: number, address: number, length: number, token: number): void {
    const result = fd === this.#empty ? -11 : this.#calls.read(fd, address, length);
    if (result < 0) this.#empty = fd;
    this.#keep(token, result);
  }

  write(fd: number, address: number, length: number, token: number): void {
    this.#keep(token, this.#calls.write(fd, address, length));
  }

  submit(): number {
    const count = this.#count;
    this.#count = 0;
    this.#empty = -1;
    return count;
  }

  token(index: number): number {
    return this.#tokens[index] ?? 0;
  }

  result(index: number): number {
    return this.#results[index] ?? 0;
  }

  close(): void {}

  #keep(token: number, result: number): void {
    this.#tokens[this.#count] = token;
    this.#results[this.#count] = result;
    this.#count++;
  }
}
