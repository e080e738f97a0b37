// Packets that are being put together again: their fragments wait here, bounded in memory and time. What differs between
// the families (headers, what is sent when time is up) is in their own files.
//
// Mirrors net/ipv4/inet_fragment.c (inet_frag_find, inet_frag_queue_insert, inet_frag_kill). A fragment that overlaps
// another in part ends the whole packet (RFC 5722, and since 4.19 for IPv4 too); one that brings nothing new is dropped.

import type { DropReason } from "../net/drop-reason.ts";
import { drop } from "../net/frame.ts";
import type { Device, Frame, MachineContext } from "../net/netdevice.ts";
import type { Timer } from "../net/timers.ts";

/** One fragment that waits: the frame, and which bytes of the whole its last `end - start` bytes are. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly frame: Frame;
}

/** How an attempt to add a fragment ended; the frame was taken in every case but "duplicate" and "overlap". */
export type Insertion = "added" | "duplicate" | "overlap";

/** The fragments of one packet (struct inet_frag_queue). */
export class FragmentQueue {
  readonly key: string;
  /** Where the last fragment came in. */
  dev: Device;
  /** Length of the whole as known so far; final once the last fragment is there. */
  length = 0;
  hasLast = false;
  hasFirst = false;
  bytesReceived = 0;
  memoryBytes = 0;
  /** The largest fragment, and the largest that must not be fragmented (IP_DF). */
  maxSize = 0;
  maxDfSize = 0;
  /** ECN marks seen, a bit for each of the four values. */
  ecnSeen = 0;
  readonly timer: Timer;
  readonly #pieces: Piece[] = [];

  constructor(key: string, dev: Device, machine: MachineContext, expire: (queue: FragmentQueue) => void) {
    this.key = key;
    this.dev = dev;
    this.timer = machine.timers.timer(() => expire(this));
  }

  /** The fragments in order. */
  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  get isComplete(): boolean {
    return this.hasFirst && this.hasLast && this.bytesReceived === this.length;
  }

  /** Puts a fragment in its place, if it fits there. */
  insert(frame: Frame, start: number, end: number): Insertion {
    let place = this.#pieces.length;
    while (place > 0 && (this.#pieces[place - 1]?.start ?? 0) >= end) place--;
    const before = this.#pieces[place - 1];
    if (before !== undefined && before.end > start) {
      return this.#covers(start, end) ? "duplicate" : "overlap";
    }
    this.#pieces.splice(place, 0, { start, end, frame });
    this.bytesReceived += end - start;
    if (start === 0) this.hasFirst = true;
    return "added";
  }

  /** Whether the fragments that are there without a gap already hold `start` to `end`. */
  #covers(start: number, end: number): boolean {
    let reached = start;
    for (const piece of this.#pieces) {
      if (piece.start <= reached && piece.end > reached) reached = piece.end;
    }
    return reached >= end;
  }

  /** Gives all fragments back. */
  drop(reason: DropReason): void {
    for (const { frame } of this.#pieces) drop(frame, reason);
    this.#pieces.length = 0;
  }

  /** Hands the first fragment out, which the caller owns then; null when it is not there. */
  takeFirst(): Frame | null {
    return this.#pieces[0]?.start === 0 ? (this.#pieces.shift()?.frame ?? null) : null;
  }
}

/** All packets of a namespace that are being put together. */
export class FragmentQueues {
  readonly #machine: MachineContext;
  readonly #queues = new Map<string, FragmentQueue>();
  #memoryBytes = 0;

  constructor(machine: MachineContext) {
    this.#machine = machine;
  }

  get size(): number {
    return this.#queues.size;
  }

  /** Memory that fragments take. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The queue of a packet, made if need be; undefined when there is no memory for another. */
  find(
    key: string,
    dev: Device,
    limits: { readonly highBytes: number; readonly timeNs: number },
    expire: (queue: FragmentQueue) => void,
  ): FragmentQueue | undefined {
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    if (this.#memoryBytes > limits.highBytes || limits.highBytes === 0) return undefined;
    const queue = new FragmentQueue(key, dev, this.#machine, expire);
    queue.timer.start(limits.timeNs);
    this.#queues.set(key, queue);
    return queue;
  }

  /** Accounts for a fragment that `queue` has taken. */
  account(queue: FragmentQueue, frame: Frame): void {
    const bytes = frame.memory.limit - frame.memory.head;
    queue.memoryBytes += bytes;
    this.#memoryBytes += bytes;
  }

  /** Takes a queue off; its fragments are the caller's to drop. */
  remove(queue: FragmentQueue): void {
    if (!this.#queues.delete(queue.key)) return;
    queue.timer.stop();
    this.#memoryBytes -= queue.memoryBytes;
  }

  /** Drops everything, as a namespace that goes away does; or what came in on `dev`. */
  purge(dev?: Device): void {
    for (const queue of [...this.#queues.values()]) {
      if (dev !== undefined && queue.dev !== dev) continue;
      this.remove(queue);
      queue.drop("fragment");
    }
  }
}

/** Adds a queue's fragments up: copies their data behind each other to `at` in the arena. */
export function copyPieces(queue: FragmentQueue, bytes: Uint8Array, at: number): void {
  for (const { frame, start, end } of queue.pieces) {
    bytes.copyWithin(at + start, frame.end - (end - start), frame.end);
  }
}
