// What: a batch has a result for each of its requests, however much of it the kernel takes at once, and none is done twice.
//
//   submit() ── requests ──▶ a kernel of the test, which takes some ── results ──▶ token(), result()
//
// Source: io_uring_enter(2): the number of requests consumed may be less than was asked for; EINTR, EAGAIN, EBUSY.

import { describe, expect, test } from "vitest";
import { setU32 } from "../../bytes/endian.ts";
import { BATCH_SIZE } from "./batch-io.ts";
import { Uring } from "./uring.ts";

const EINTR = 4;
const EAGAIN = 11;
const ENXIO = 6;
const cqEntries = 2 * BATCH_SIZE;
// Places in the ring's memory, in words; the offsets of struct io_uring_params tell of them in bytes.
const [sqTail, cqHead, cqTail, cqMask, array, cqes] = [1, 2, 3, 4, 16, 16 + BATCH_SIZE];

/** A kernel that answers each call by the next of `answers`: how many requests it takes, or -errno; all of them in the end. */
class FakeKernel {
  readonly ring = new Int32Array(cqes + 4 * cqEntries);
  readonly sqes = new Int32Array(16 * BATCH_SIZE);
  readonly done: number[] = [];
  #head = 0;

  readonly answers: number[];

  constructor(answers: number[]) {
    this.answers = answers;
  }

  open(): Uring {
    const params = new Uint8Array(120);
    for (const [at, word] of [
      [40 + 4, sqTail],
      [40 + 24, array],
      [80, cqHead],
      [80 + 4, cqTail],
      [80 + 8, cqMask],
      [80 + 20, cqes],
    ] as const) {
      setU32(params, at, word * 4);
    }
    this.ring[cqMask] = cqEntries - 1;
    const { ring, sqes } = this;
    return new Uring({ params, ring, sqes, enter: (count) => this.#enter(count), close() {} });
  }

  #enter(count: number): number {
    const there = ((this.ring[sqTail] ?? 0) - this.#head) | 0;
    const answer = Math.min(this.answers.shift() ?? count, count, there);
    for (let taken = 0; taken < answer; taken++) {
      const token = this.sqes[(this.#head++ & (BATCH_SIZE - 1)) * 16 + 8] ?? 0;
      this.done.push(token);
      const tail = this.ring[cqTail] ?? 0;
      const cqe = cqes + (tail & (cqEntries - 1)) * 4;
      this.ring[cqe] = token;
      this.ring[cqe + 2] = 100 + token;
      this.ring[cqTail] = tail + 1;
    }
    return answer;
  }
}

/** Does a batch of reads with these tokens; returns token and result of each. */
function batch(uring: Uring, tokens: readonly number[]) {
  for (const token of tokens) uring.read(7, 0, 1, token);
  const count = uring.submit();
  return Array.from({ length: count }, (_, index) => [uring.token(index), uring.result(index)]);
}

describe("submit()", () => {
  test("hands over what was left, after the kernel took a part or was interrupted", () => {
    const kernel = new FakeKernel([2, -EINTR, 1, -EAGAIN]);
    const uring = kernel.open();
    expect(batch(uring, [1, 2, 3, 4, 5])).toEqual([1, 2, 3, 4, 5].map((token) => [token, 100 + token]));
    expect(kernel.done).toEqual([1, 2, 3, 4, 5]);
  });

  test("has a result for what the kernel does not take, which is not done later", () => {
    const kernel = new FakeKernel([2, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN]);
    const uring = kernel.open();
    expect(batch(uring, [1, 2, 3, 4])).toEqual([
      [1, 101],
      [2, 102],
      [3, -EAGAIN],
      [4, -EAGAIN],
    ]);
    expect(batch(uring, [8, 9])).toEqual([
      [8, 108],
      [9, 109],
    ]);
    expect(kernel.done).toEqual([1, 2, 8, 9]);
  });

  test("says what forbids a batch", () => {
    expect(batch(new FakeKernel([-ENXIO]).open(), [1])).toEqual([[1, -ENXIO]]);
  });

  test("goes round its rings", () => {
    const kernel = new FakeKernel([]);
    const uring = kernel.open();
    for (let turn = 0; turn < 5; turn++) {
      kernel.answers.push(300, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN);
      const tokens = Array.from({ length: 400 }, (_, index) => turn * 400 + index);
      expect(batch(uring, tokens)).toEqual(
        tokens.map((token, index) => [token, index < 300 ? 100 + token : -EAGAIN]),
      );
    }
  });
});
