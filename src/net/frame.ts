// The frame pool: slabs of four sizes, windows of one arena, shared by reference count. Nothing is allocated per frame
// at steady state: frame objects and slabs go round.
//
// Mirrors net/core/skbuff.c (alloc_skb, consume_skb, skb_clone, skb_unclone, kfree_skb_reason). Omitted: paged data;
// a frame is one linear piece.

import { assert } from "../bytes/assert.ts";
import { RX_DROPPED, TX_DROPPED } from "./counters.ts";
import type { DropReason } from "./drop-reason.ts";
import type { Device, FrameAllocator } from "./netdevice.ts";
import { CHECKSUM_NONE, Frame, GSO_NONE } from "./netdevice.ts";
import { PACKET_HOST } from "../uapi/if_packet.ts";

/** Slab sizes in bytes; the largest holds a frame of MTU 65535 with its header, a tag and headroom. */
const slabSizes = [256, 2_048, 9_216, 67_584] as const;
/** The arena is carved in steps of this many bytes. */
const stepBytes = 1 << 20;
/** Room kept before a frame for headers that are pushed in front: NET_SKB_PAD. */
const defaultHeadroom = 64;

/** How a pool is made. */
export interface FramePoolOptions {
  /** The arena's size in bytes: the most that frames may take. Reserved as address space, touched as needed. */
  readonly limitBytes: number;
  /** Fills freed slabs with 0xdd, so that use after free shows. */
  readonly poison?: boolean;
}

/** Frames of one machine. */
export class FramePool implements FrameAllocator {
  readonly #limitBytes: number;
  readonly #poison: boolean;
  #arena: Uint8Array | undefined;
  #carvedBytes = 0;
  /** Per slab: where it starts, its class, and how many frames look at it. */
  readonly #offsets: number[] = [];
  readonly #classes: number[] = [];
  readonly #references: number[] = [];
  /** Free slabs by class, and free frame objects; stacks. */
  readonly #freeSlabs: number[][] = slabSizes.map(() => []);
  readonly #freeFrames: Frame[] = [];
  #inUse = 0;

  constructor({ limitBytes, poison = false }: FramePoolOptions) {
    this.#limitBytes = limitBytes;
    this.#poison = poison;
  }

  /** Frames that somebody holds: zero when a machine is at rest. */
  get inUse(): number {
    return this.#inUse;
  }

  /** Bytes of the arena that slabs have been carved from. */
  get carvedBytes(): number {
    return this.#carvedBytes;
  }

  alloc(size: number, headroom = defaultHeadroom): Frame | null {
    const slab = this.#takeSlab(size + headroom);
    if (slab < 0) return null;
    const frame = this.#takeFrame();
    const head = this.#offsets[slab] ?? 0;
    frame.slab = slab;
    frame.head = head;
    frame.limit = head + (slabSizes[this.#classes[slab] ?? 0] ?? 0);
    frame.start = head + headroom;
    frame.end = frame.start;
    this.#references[slab] = 1;
    return frame;
  }

  free(frame: Frame): void {
    const slab = frame.slab;
    assert(slab >= 0, "A frame is given back once");
    const references = (this.#references[slab] ?? 0) - 1;
    this.#references[slab] = references;
    if (references === 0) {
      if (this.#poison) frame.bytes.fill(0xdd, frame.head, frame.limit);
      this.#freeSlabs[this.#classes[slab] ?? 0]?.push(slab);
    }
    frame.slab = -1;
    frame.dev = null;
    this.#inUse--;
    this.#freeFrames.push(frame);
  }

  clone(frame: Frame): Frame | null {
    const copy = this.#takeFrame();
    copy.slab = frame.slab;
    copy.head = frame.head;
    copy.limit = frame.limit;
    copy.start = frame.start;
    copy.end = frame.end;
    copyMetadata(frame, copy, 0);
    this.#references[frame.slab] = (this.#references[frame.slab] ?? 0) + 1;
    return copy;
  }

  writable(frame: Frame): boolean {
    const old = frame.slab;
    if ((this.#references[old] ?? 0) === 1) return true;
    const slab = this.#takeSlab(frame.end - frame.head);
    if (slab < 0) return false;
    const head = this.#offsets[slab] ?? 0;
    frame.bytes.copyWithin(head, frame.head, frame.end);
    this.#references[old] = (this.#references[old] ?? 0) - 1;
    this.#references[slab] = 1;
    const moved = head - frame.head;
    frame.slab = slab;
    frame.head = head;
    frame.limit = head + (slabSizes[this.#classes[slab] ?? 0] ?? 0);
    frame.start += moved;
    frame.end += moved;
    frame.macHeader += moved;
    frame.networkHeader += moved;
    frame.transportHeader += moved;
    frame.csumStart += moved;
    return true;
  }

  #takeFrame(): Frame {
    this.#inUse++;
    const frame = this.#freeFrames.pop();
    if (frame === undefined) {
      this.#arena ??= new Uint8Array(this.#limitBytes);
      return new Frame(this.#arena, this);
    }
    resetMetadata(frame);
    return frame;
  }

  /** A free slab that holds `size` bytes, or -1. */
  #takeSlab(size: number): number {
    for (let index = 0; index < slabSizes.length; index++) {
      if (size > (slabSizes[index] ?? 0)) continue;
      const slab = this.#freeSlabs[index]?.pop();
      if (slab !== undefined) return slab;
      if (this.#carve(index)) return this.#freeSlabs[index]?.pop() ?? -1;
    }
    return -1;
  }

  /** Cuts the next step of the arena into slabs of a class; false at the limit. */
  #carve(index: number): boolean {
    const size = slabSizes[index] ?? stepBytes;
    const step = Math.min(stepBytes, this.#limitBytes - this.#carvedBytes);
    if (step < size) return false;
    for (let offset = 0; offset + size <= step; offset += size) {
      const slab = this.#offsets.push(this.#carvedBytes + offset) - 1;
      this.#classes.push(index);
      this.#references.push(0);
      this.#freeSlabs[index]?.push(slab);
    }
    this.#carvedBytes += step;
    return true;
  }
}

/** Makes a used frame object as good as new; bounds and slab are set by the caller. */
function resetMetadata(frame: Frame): void {
  frame.next = null;
  frame.protocol = 0;
  frame.packetType = PACKET_HOST;
  frame.vlanProtocol = 0;
  frame.checksum = CHECKSUM_NONE;
  frame.gsoType = GSO_NONE;
  frame.mark = 0;
  frame.priority = 0;
  frame.queue = 0;
  frame.timestamp = Number.NaN;
  frame.packetId = 0;
}

/** Copies all that is known about `from` to `to`, whose bytes lie `moved` further in the arena. */
export function copyMetadata(from: Frame, to: Frame, moved: number): void {
  to.dev = from.dev;
  to.protocol = from.protocol;
  to.packetType = from.packetType;
  to.macHeader = from.macHeader + moved;
  to.networkHeader = from.networkHeader + moved;
  to.transportHeader = from.transportHeader + moved;
  to.vlanProtocol = from.vlanProtocol;
  to.vlanTci = from.vlanTci;
  to.checksum = from.checksum;
  to.csumStart = from.csumStart + moved;
  to.csumOffset = from.csumOffset;
  to.gsoType = from.gsoType;
  to.gsoSize = from.gsoSize;
  to.gsoSegments = from.gsoSegments;
  to.mark = from.mark;
  to.priority = from.priority;
  to.queue = from.queue;
  to.timestamp = from.timestamp;
  to.packetId = from.packetId;
}

/** A frame with a copy of `source`'s bytes in `[start, end)`; null when the pool is exhausted. The caller owns it. */
export function frameFrom(pool: FrameAllocator, source: Uint8Array, start = 0, end = source.length): Frame | null {
  const size = end - start;
  const frame = pool.alloc(size);
  if (frame === null) return null;
  if (start === 0 && end === source.length) frame.bytes.set(source, frame.start);
  else frame.bytes.set(source.subarray(start, end), frame.start);
  frame.end = frame.start + size;
  frame.macHeader = frame.start;
  return frame;
}

/** Gives `frame` back and counts `reason` on the device it is on (kfree_skb_reason). */
export function drop(frame: Frame, reason: DropReason): void {
  const dev = frame.dev;
  if (dev !== null) countDrop(dev, frame, reason);
  frame.pool.free(frame);
}

/** `drop`, counted in the device's rx_dropped too (dev_core_stats_rx_dropped_inc). */
export function dropRx(frame: Frame, dev: Device, reason: DropReason): void {
  const counter = dev.counterBase + RX_DROPPED;
  dev.counters[counter] = (dev.counters[counter] ?? 0) + 1;
  countDrop(dev, frame, reason);
  frame.pool.free(frame);
}

/** `drop`, counted in the device's tx_dropped too (dev_core_stats_tx_dropped_inc). */
export function dropTx(frame: Frame, dev: Device, reason: DropReason): void {
  const counter = dev.counterBase + TX_DROPPED;
  dev.counters[counter] = (dev.counters[counter] ?? 0) + 1;
  countDrop(dev, frame, reason);
  frame.pool.free(frame);
}

/** Counts a drop of `frame` on `dev` and shows it to those who look. */
function countDrop(dev: Device, frame: Frame, reason: DropReason): void {
  dev.drops ??= new Map();
  dev.drops.set(reason, (dev.drops.get(reason) ?? 0) + 1);
  for (const tap of dev.taps ?? []) tap.dropped?.(frame, dev, reason);
  for (const tap of dev.netns.taps ?? []) tap.dropped?.(frame, dev, reason);
}
