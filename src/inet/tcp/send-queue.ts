// The bytes a user has given and the peer has not acknowledged: pieces of the frames' arena, so that a segment is made by a copy
// inside it, in the first place and again.
//
// Mirrors the use of sk_write_queue in net/ipv4/tcp.c (tcp_sendmsg_locked, skb_copy_to_page) without pages.

import type { Frame, FrameAllocator } from "../../net/netdevice.ts";
import { before } from "./sequence.ts";

/** Sizes of pieces by how much is left to be taken in: the larger, the fewer. */
const largePiece = 65_536;
const middlePiece = 9_216;
const smallPiece = 2_048;

/** What waits to be sent or acknowledged. */
export class SendQueue {
  readonly #pool: FrameAllocator;
  #head: Frame | null = null;
  #tail: Frame | null = null;
  /** The sequence number of the first byte of the first piece. */
  #headSequence = 0;
  /** Where the last copy began: the piece and the sequence number of its first byte. */
  #cursor: Frame | null = null;
  #cursorSequence = 0;
  /** Bytes of memory the pieces take. */
  memoryBytes = 0;

  constructor(pool: FrameAllocator) {
    this.#pool = pool;
  }

  /**
   * Takes bytes of `source` in from `from` up to `end`, the first of which gets the sequence number `sequence`. Returns how many;
   * fewer than there are when memory is short.
   */
  append(source: Uint8Array, from: number, end: number, sequence: number): number {
    let at = from;
    while (at < end) {
      const piece = this.#room(end - at, (sequence + at - from) | 0);
      if (piece === null) break;
      const count = Math.min(piece.memory.limit - piece.end, end - at);
      if (at === 0 && count === source.length) piece.bytes.set(source, piece.end);
      else piece.bytes.set(source.subarray(at, at + count), piece.end);
      piece.end += count;
      at += count;
    }
    return at - from;
  }

  /** The last piece if it has room, a new one if not. */
  #room(wanted: number, sequence: number): Frame | null {
    const last = this.#tail;
    if (last !== null && last.end < last.memory.limit) return last;
    const size = wanted > middlePiece ? largePiece : wanted > smallPiece ? middlePiece : smallPiece;
    const piece = this.#pool.alloc(size, 0);
    if (piece === null) return null;
    this.memoryBytes += piece.memory.limit - piece.memory.head;
    if (last === null) {
      this.#head = piece;
      this.#headSequence = sequence;
      this.#cursor = piece;
      this.#cursorSequence = sequence;
    } else last.next = piece;
    this.#tail = piece;
    return piece;
  }

  /** Copies the `length` bytes from `sequence` on to `at` in the arena; all of them are in the queue. */
  copy(sequence: number, length: number, at: number): void {
    let piece = this.#cursor;
    let first = this.#cursorSequence;
    if (piece === null || before(sequence, first)) {
      piece = this.#head;
      first = this.#headSequence;
    }
    let left = length;
    let to = at;
    let next = sequence;
    while (piece !== null && left > 0) {
      const offset = (next - first) | 0;
      const size = piece.end - piece.start;
      if (offset < size) {
        const count = Math.min(size - offset, left);
        piece.bytes.copyWithin(to, piece.start + offset, piece.start + offset + count);
        to += count;
        left -= count;
        next = (next + count) | 0;
        this.#cursor = piece;
        this.#cursorSequence = first;
        if (left === 0) return;
      }
      first = (first + size) | 0;
      piece = piece.next;
    }
  }

  /** Lets go of what comes before `sequence`. */
  release(sequence: number): void {
    for (let piece = this.#head; piece !== null; piece = this.#head) {
      const size = piece.end - piece.start;
      const end = (this.#headSequence + size) | 0;
      if (before(sequence, end)) return;
      this.#head = piece.next;
      this.#headSequence = end;
      if (this.#cursor === piece) {
        this.#cursor = this.#head;
        this.#cursorSequence = end;
      }
      if (this.#head === null) this.#tail = null;
      this.memoryBytes -= piece.memory.limit - piece.memory.head;
      piece.next = null;
      piece.pool.free(piece);
    }
  }

  /** Lets go of everything. */
  clear(): void {
    for (let piece = this.#head; piece !== null; ) {
      const next: Frame | null = piece.next;
      piece.next = null;
      piece.pool.free(piece);
      piece = next;
    }
    this.#head = null;
    this.#tail = null;
    this.#cursor = null;
    this.memoryBytes = 0;
  }
}
