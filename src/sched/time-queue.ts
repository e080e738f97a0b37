// Frames in the order of the time they may be sent at: nearly all come in that order and are simply appended, the others stand
// in a heap beside. Frames of the same time leave in the order they came.
//
// Mirrors net/sched/sch_netem.c (tfifo_enqueue, netem_peek, tfifo_reset).

import type { Frame } from "../net/netdevice.ts";
import { FrameList } from "../net/qdisc.ts";

/** A queue by `frame.timeToSend`. */
export class TimeQueue {
  readonly #inOrder = new FrameList();
  /** A binary heap, and the number each of its frames came with. */
  readonly #heap: Frame[] = [];
  readonly #numbers: number[] = [];
  #nextNumber = 0;
  #latest = 0;
  length = 0;

  /** The latest time of a frame in the queue; undefined when it is empty. */
  get latest(): number | undefined {
    return this.length === 0 ? undefined : this.#latest;
  }

  push(frame: Frame): void {
    const { tail } = this.#inOrder;
    if (this.length === 0 || frame.timeToSend > this.#latest) this.#latest = frame.timeToSend;
    if (tail === null || frame.timeToSend >= tail.timeToSend) this.#inOrder.push(frame);
    else this.#add(frame);
    this.length++;
  }

  /** The frame whose time comes first. */
  peek(): Frame | null {
    const early = this.#heap[0];
    const first = this.#inOrder.head;
    if (early === undefined) return first;
    return first === null || early.timeToSend < first.timeToSend ? early : first;
  }

  /** Takes the frame that `peek` shows. */
  shift(): Frame | null {
    const frame = this.peek();
    if (frame === null) return null;
    this.length--;
    if (frame === this.#inOrder.head) return this.#inOrder.shift();
    this.#removeTop();
    return frame;
  }

  /** Gives every frame back to its pool. */
  purge(): void {
    this.#inOrder.purge();
    for (const frame of this.#heap) frame.pool.free(frame);
    this.#heap.length = 0;
    this.#numbers.length = 0;
    this.length = 0;
  }

  #add(frame: Frame): void {
    let at = this.#heap.push(frame) - 1;
    this.#numbers.push(this.#nextNumber++);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeTop(): void {
    const last = this.#heap.length - 1;
    this.#swap(0, last);
    this.#heap.pop();
    this.#numbers.pop();
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= last) return;
      const child = right < last && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const here = this.#heap[one]?.timeToSend ?? 0;
    const there = this.#heap[other]?.timeToSend ?? 0;
    return here < there || (here === there && (this.#numbers[one] ?? 0) < (this.#numbers[other] ?? 0));
  }

  #swap(one: number, other: number): void {
    const frame = this.#heap[one];
    const number = this.#numbers[one];
    const otherFrame = this.#heap[other];
    const otherNumber = this.#numbers[other];
    if (frame === undefined || otherFrame === undefined) return;
    this.#heap[one] = otherFrame;
    this.#heap[other] = frame;
    this.#numbers[one] = otherNumber ?? 0;
    this.#numbers[other] = number ?? 0;
  }
}
