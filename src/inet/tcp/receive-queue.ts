// What came in and was not read yet: frames in order, whose `start` and `end` are at their payload, and ranges of frames that
// came before their turn.
//
// Mirrors sk_receive_queue and out_of_order_queue in net/ipv4/tcp_input.c (tcp_queue_rcv, tcp_try_coalesce,
// tcp_data_queue_ofo, tcp_ofo_queue, tcp_prune_ofo_queue).

import type { Frame } from "../../net/netdevice.ts";
import { after, before } from "./sequence.ts";

/** A stretch of bytes without a gap that came early: frames by `next`, trimmed so that none overlaps. */
export interface EarlyRange {
  sequence: number;
  end: number;
  head: Frame;
  tail: Frame;
  /** The later, the more recently it grew. */
  stamp: number;
  next: EarlyRange | null;
}

/** Holes there may be at a time; a segment that would make one more is dropped. */
const maxRanges = 1_024;
/** Payloads up to this many bytes are copied behind the last one if there is room, as a frame of their own would cost more. */
const smallPayload = 1_024;

/** A connection's received bytes. */
export class ReceiveQueue {
  #head: Frame | null = null;
  #tail: Frame | null = null;
  /** Bytes that can be read. */
  readableBytes = 0;
  /** Bytes of memory that all frames here take. */
  memoryBytes = 0;
  /** The ranges in order of their sequence numbers. */
  early: EarlyRange | null = null;
  earlyBytes = 0;
  #rangeCount = 0;
  #stamp = 0;

  /** How many ranges there are. */
  get rangeCount(): number {
    return this.#rangeCount;
  }

  /** The range that grew last of those that did before `stamp`. */
  latestBefore(stamp: number): EarlyRange | null {
    let latest: EarlyRange | null = null;
    for (let range = this.early; range !== null; range = range.next) {
      if (range.stamp < stamp && (latest === null || range.stamp > latest.stamp)) latest = range;
    }
    return latest;
  }

  /** Appends a frame whose payload is next in order; takes ownership. */
  append(frame: Frame): void {
    this.readableBytes += frame.end - frame.start;
    const tail = this.#tail;
    if (tail !== null && mergeSmall(tail, frame)) {
      frame.pool.free(frame);
      return;
    }
    this.memoryBytes += memoryOf(frame);
    this.#chain(frame);
  }

  #chain(frame: Frame): void {
    frame.next = null;
    if (this.#tail === null) this.#head = frame;
    else this.#tail.next = frame;
    this.#tail = frame;
  }

  /** Copies up to `length` bytes out to `target` at `offset`, and lets go of them; returns how many. */
  read(target: Uint8Array, offset: number, length: number): number {
    let copied = 0;
    for (let frame = this.#head; frame !== null && copied < length; frame = this.#head) {
      const count = Math.min(frame.end - frame.start, length - copied);
      target.set(frame.bytes.subarray(frame.start, frame.start + count), offset + copied);
      copied += count;
      this.#advance(frame, count);
    }
    this.readableBytes -= copied;
    return copied;
  }

  /** Takes out what the first frame holds, at most `most` bytes, in memory of their own; empty when there is nothing. */
  readFirst(most: number): Uint8Array {
    const frame = this.#head;
    if (frame === null) return new Uint8Array(0);
    const payload = frame.bytes.slice(frame.start, Math.min(frame.end, frame.start + most));
    this.readableBytes -= payload.length;
    this.#advance(frame, payload.length);
    return payload;
  }

  /** Lets go of the first `count` bytes, which are there. */
  skip(count: number): void {
    for (let left = count; left > 0 && this.#head !== null; ) {
      const part = Math.min(this.#head.end - this.#head.start, left);
      this.readableBytes -= part;
      left -= part;
      this.#advance(this.#head, part);
    }
  }

  /** Copies the first bytes, at most `most` of them, which stay. */
  peek(most: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(most, this.readableBytes));
    let copied = 0;
    for (let frame = this.#head; frame !== null && copied < bytes.length; frame = frame.next) {
      const count = Math.min(frame.end - frame.start, bytes.length - copied);
      bytes.set(frame.bytes.subarray(frame.start, frame.start + count), copied);
      copied += count;
    }
    return bytes;
  }

  #advance(frame: Frame, count: number): void {
    frame.start += count;
    if (frame.start < frame.end) return;
    this.#head = frame.next;
    if (this.#head === null) this.#tail = null;
    this.memoryBytes -= memoryOf(frame);
    frame.next = null;
    frame.pool.free(frame);
  }

  /**
   * Puts a frame whose payload is `sequence` to `end` among the early ones; takes ownership. False: it brought nothing new, or
   * there are too many holes, and it was given back.
   */
  insertEarly(frame: Frame, sequence: number, end: number): boolean {
    let from = sequence;
    let previous: EarlyRange | null = null;
    let range = this.early;
    while (range !== null && before(range.end, from)) {
      previous = range;
      range = range.next;
    }
    // `range` is the first that ends at or behind `from`.
    if (range !== null && !after(range.sequence, from)) {
      if (!after(end, range.end)) return this.#refuse(frame, range);
      frame.start += (range.end - from) | 0;
      from = range.end;
      this.#keep(frame);
      range.tail.next = frame;
      range.tail = frame;
      range.end = end;
    } else {
      if (this.#rangeCount >= maxRanges) return this.#refuse(frame, null);
      this.#keep(frame);
      const made: EarlyRange = { sequence: from, end, head: frame, tail: frame, stamp: 0, next: range };
      if (previous === null) this.early = made;
      else previous.next = made;
      this.#rangeCount++;
      range = made;
    }
    range.stamp = ++this.#stamp;
    this.#swallow(range);
    return true;
  }

  #refuse(frame: Frame, range: EarlyRange | null): boolean {
    if (range !== null) range.stamp = ++this.#stamp;
    frame.pool.free(frame);
    return false;
  }

  #keep(frame: Frame): void {
    frame.next = null;
    this.memoryBytes += memoryOf(frame);
    this.earlyBytes += frame.end - frame.start;
  }

  /** Joins a range that grew with those it has reached: what both have is cut off the later ones. */
  #swallow(range: EarlyRange): void {
    for (let next = range.next; next !== null && !before(range.end, next.sequence); next = range.next) {
      range.next = next.next;
      this.#rangeCount--;
      this.#trim(next, range.end);
      if (!after(next.end, range.end)) continue;
      range.tail.next = next.head;
      range.tail = next.tail;
      range.end = next.end;
    }
  }

  /** Cuts off a range's bytes before `sequence`; nothing may be left of it. */
  #trim(range: EarlyRange, sequence: number): void {
    let surplus = (sequence - range.sequence) | 0;
    while (surplus > 0) {
      const frame = range.head;
      const size = frame.end - frame.start;
      const cut = Math.min(size, surplus);
      this.earlyBytes -= cut;
      range.sequence = (range.sequence + cut) | 0;
      surplus -= cut;
      if (cut < size) {
        frame.start += cut;
        return;
      }
      const { next } = frame;
      this.memoryBytes -= memoryOf(frame);
      frame.next = null;
      frame.pool.free(frame);
      if (next === null) return;
      range.head = next;
    }
  }

  /** Moves the early bytes whose turn has come behind the others; returns the sequence number now next. */
  takeEarly(nextSequence: number): number {
    let next = nextSequence;
    for (let range = this.early; range !== null && !after(range.sequence, next); range = this.early) {
      this.early = range.next;
      this.#rangeCount--;
      this.#trim(range, next);
      if (!after(range.end, next)) continue;
      for (let frame: Frame | null = range.head; frame !== null; ) {
        const following: Frame | null = frame.next;
        this.earlyBytes -= frame.end - frame.start;
        this.readableBytes += frame.end - frame.start;
        this.#chain(frame);
        frame = following;
      }
      next = range.end;
    }
    return next;
  }

  /** Gives up the range furthest ahead; false when there is none. */
  pruneEarly(): boolean {
    let last = this.early;
    if (last === null) return false;
    let previous: EarlyRange | null = null;
    while (last.next !== null) {
      previous = last;
      last = last.next;
    }
    if (previous === null) this.early = null;
    else previous.next = null;
    this.#rangeCount--;
    this.earlyBytes -= (last.end - last.sequence) | 0;
    this.#free(last.head);
    return true;
  }

  /** Lets go of everything. */
  clear(): void {
    while (this.pruneEarly());
    this.#free(this.#head);
    this.#head = null;
    this.#tail = null;
    this.readableBytes = 0;
  }

  #free(first: Frame | null): void {
    for (let frame = first; frame !== null; ) {
      const next: Frame | null = frame.next;
      this.memoryBytes -= memoryOf(frame);
      frame.next = null;
      frame.pool.free(frame);
      frame = next;
    }
  }
}

function memoryOf({ memory }: Frame): number {
  return memory.limit - memory.head;
}

/** Copies a small payload behind the last frame's, if that is nobody else's and has room. */
function mergeSmall(tail: Frame, frame: Frame): boolean {
  const size = frame.end - frame.start;
  if (size > smallPayload || tail.memory.references !== 1 || tail.end + size > tail.memory.limit)
    return false;
  frame.bytes.copyWithin(tail.end, frame.start, frame.end);
  tail.end += size;
  return true;
}
