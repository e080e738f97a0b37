// The frame pool: slabs of four sizes, windows of one arena, shared by reference count. Nothing is allocated per frame
// at steady state: frame objects and slabs go round.
//
// Mirrors net/core/skbuff.c (alloc_skb, consume_skb, skb_clone, skb_unclone, kfree_skb_reason). Omitted: paged data;
// a frame is one linear piece.

import { PACKET_HOST } from "../uapi/if_packet.ts";
import { RX_DROPPED, TX_DROPPED } from "./counters.ts";
import type { DropReason } from "./drop-reason.ts";
import type { Device, FrameAllocator, FrameMemory } from "./netdevice.ts";
import { CHECKSUM_NONE, Frame, GSO_NONE, noMemory, REDIRECT_NONE } from "./netdevice.ts";

/** Slab sizes in bytes; the largest holds a frame of MTU 65535 with its header, a tag and headroom. */
const slabSizes = [256, 2_048, 9_216, 67_584] as const;
/** The arena is carved in steps of this many bytes. */
const stepBytes = 1 << 20;
/** Bytes behind the last slab, so that to read a header of a frame too short for it reads nothing, and does not throw. */
const slackBytes = 64;
/** Room kept before a frame for headers that are pushed in front: NET_SKB_PAD. */
const defaultHeadroom = 64;

/** How a pool is made. */
export interface FramePoolOptions {
  /** The arena's size in bytes: the most that frames may take. Reserved as address space, touched as needed. */
  readonly limitBytes: number;
  /** Fills freed slabs with 0xdd, so that use after free shows. */
  readonly poison?: boolean;
}

/** A piece of the arena that frames look at. */
class Slab implements FrameMemory {
  readonly head: number;
  readonly limit: number;
  readonly sizeClass: number;
  /** How many frames look at it. */
  references = 0;

  constructor(head: number, sizeClass: number) {
    this.head = head;
    this.limit = head + (slabSizes[sizeClass] ?? 0);
    this.sizeClass = sizeClass;
  }
}

/** Frames of one machine. A frame that is given back keeps its slab, so that the next one of its size is ready to go. */
export class FramePool implements FrameAllocator {
  readonly #limitBytes: number;
  readonly #poison: boolean;
  #arena: Uint8Array | undefined;
  #view: DataView | undefined;
  #carvedBytes = 0;
  /** Frames with a slab of each size, lists by `next`; slabs without a frame, and frames without a slab, stacks. */
  readonly #ready: (Frame | null)[] = slabSizes.map(() => null);
  readonly #slabs: FrameMemory[][] = slabSizes.map(() => []);
  readonly #bare: Frame[] = [];
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
    const sizeClass = sizeClassOf(size + headroom);
    const frame = this.#takeReady(sizeClass) ?? this.#build(sizeClass);
    if (frame === null) return null;
    const memory = frame.memory;
    memory.references = 1;
    frame.start = memory.head + headroom;
    frame.end = frame.start;
    this.#inUse++;
    return frame;
  }

  free(frame: Frame): void {
    const memory = frame.memory;
    if (memory.references === 0 || frame.pool !== this)
      throw new Error("A frame is given back once, to its own pool");
    this.#inUse--;
    resetMetadata(frame);
    memory.references--;
    if (memory.references > 0) {
      frame.memory = noMemory;
      this.#bare.push(frame);
      return;
    }
    if (this.#poison) frame.bytes.fill(0xdd, memory.head, memory.limit);
    frame.next = this.#ready[memory.sizeClass] ?? null;
    this.#ready[memory.sizeClass] = frame;
  }

  clone(frame: Frame): Frame | null {
    const copy = this.#bare.pop() ?? new Frame(frame.bytes, frame.view, this, noMemory);
    copy.memory = frame.memory;
    copy.memory.references++;
    copy.start = frame.start;
    copy.end = frame.end;
    copyMetadata(frame, copy, 0);
    this.#inUse++;
    return copy;
  }

  writable(frame: Frame): boolean {
    return frame.memory.references === 1 || this.#copy(frame, 0);
  }

  cowHead(frame: Frame, headroom: number): boolean {
    const missing = headroom - (frame.start - frame.memory.head);
    if (missing > 0) return this.#copy(frame, missing);
    return frame.memory.references === 1 || this.#copy(frame, 0);
  }

  /** Moves the frame to a slab of its own, `extra` bytes further behind the slab's head (pskb_expand_head). */
  #copy(frame: Frame, extra: number): boolean {
    const old = frame.memory;
    const slab = this.#takeSlab(sizeClassOf(frame.end - old.head + extra));
    if (slab === null) return false;
    const moved = slab.head + extra - old.head;
    frame.bytes.copyWithin(slab.head + extra, old.head, frame.end);
    old.references--;
    if (old.references === 0) this.#putSlab(old);
    slab.references = 1;
    frame.memory = slab;
    frame.start += moved;
    frame.end += moved;
    frame.macHeader += moved;
    frame.networkHeader += moved;
    frame.transportHeader += moved;
    frame.csumStart += moved;
    return true;
  }

  /** Takes back a slab that no frame looks at any more, while its frame lives on elsewhere. */
  #putSlab(slab: FrameMemory): void {
    if (this.#poison) this.#arena?.fill(0xdd, slab.head, slab.limit);
    this.#slabs[slab.sizeClass]?.push(slab);
  }

  #takeReady(sizeClass: number): Frame | null {
    const frame = this.#ready[sizeClass] ?? null;
    if (frame !== null) {
      this.#ready[sizeClass] = frame.next;
      frame.next = null;
    }
    return frame;
  }

  /** A frame with a slab of the class, or of a larger one when the arena is used up; null when none is left. */
  #build(sizeClass: number): Frame | null {
    for (let index = sizeClass; index < slabSizes.length; index++) {
      const ready = this.#takeReady(index);
      if (ready !== null) return ready;
      const slab = this.#takeSlab(index);
      if (slab === null) continue;
      this.#arena ??= new Uint8Array(this.#limitBytes + slackBytes);
      this.#view ??= new DataView(this.#arena.buffer, this.#arena.byteOffset, this.#arena.byteLength);
      const frame = this.#bare.pop() ?? new Frame(this.#arena, this.#view, this, slab);
      frame.memory = slab;
      return frame;
    }
    return null;
  }

  #takeSlab(sizeClass: number): FrameMemory | null {
    const free = this.#slabs[sizeClass];
    if (free === undefined) return null;
    if (free.length === 0) this.#carve(sizeClass, free);
    const slab = free.pop();
    if (slab !== undefined) return slab;
    // The arena is used up: a frame that lies ready gives its slab away.
    const frame = this.#takeReady(sizeClass);
    if (frame === null) return null;
    const { memory } = frame;
    frame.memory = noMemory;
    this.#bare.push(frame);
    return memory;
  }

  /** Cuts the next step of the arena into slabs of a class; nothing at the limit. */
  #carve(sizeClass: number, slabs: FrameMemory[]): void {
    const size = slabSizes[sizeClass] ?? stepBytes;
    const step = Math.min(stepBytes, this.#limitBytes - this.#carvedBytes);
    if (step < size) return;
    for (let offset = 0; offset + size <= step; offset += size) {
      slabs.push(new Slab(this.#carvedBytes + offset, sizeClass));
    }
    this.#carvedBytes += step;
  }
}

/** The smallest class of slabs that holds `size` bytes; one beyond the last when none does. */
function sizeClassOf(size: number): number {
  if (size <= slabSizes[0]) return 0;
  if (size <= slabSizes[1]) return 1;
  if (size <= slabSizes[2]) return 2;
  return size <= slabSizes[3] ? 3 : 4;
}

/** Makes a used frame object as good as new; its bounds are set when it is taken again. */
function resetMetadata(frame: Frame): void {
  frame.dev = null;
  frame.next = null;
  frame.protocol = 0;
  frame.packetType = PACKET_HOST;
  frame.macHeader = -1;
  frame.vlanProtocol = 0;
  frame.tunnel = 0;
  frame.checksum = CHECKSUM_NONE;
  frame.gsoType = GSO_NONE;
  frame.mark = 0;
  frame.priority = 0;
  frame.queue = 0;
  frame.redirect = REDIRECT_NONE;
  frame.iif = 0;
  frame.control = null;
  frame.isSeen = false;
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
  to.tunnel = from.tunnel;
  to.checksum = from.checksum;
  to.csumStart = from.csumStart + moved;
  to.csumOffset = from.csumOffset;
  to.gsoType = from.gsoType;
  to.gsoSize = from.gsoSize;
  to.gsoSegments = from.gsoSegments;
  to.mark = from.mark;
  to.priority = from.priority;
  to.queue = from.queue;
  to.redirect = from.redirect;
  to.iif = from.iif;
  to.control = from.control;
  to.isSeen = from.isSeen;
  to.timestamp = from.timestamp;
  to.packetId = from.packetId;
}

/** A frame with a copy of `source`'s bytes in `[start, end)`; null when the pool is exhausted. The caller owns it. */
export function frameFrom(
  pool: FrameAllocator,
  source: Uint8Array,
  start = 0,
  end = source.length,
): Frame | null {
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
  dev.counters[RX_DROPPED] = (dev.counters[RX_DROPPED] ?? 0) + 1;
  countDrop(dev, frame, reason);
  frame.pool.free(frame);
}

/** `drop`, counted in the device's tx_dropped too (dev_core_stats_tx_dropped_inc). */
export function dropTx(frame: Frame, dev: Device, reason: DropReason): void {
  dev.counters[TX_DROPPED] = (dev.counters[TX_DROPPED] ?? 0) + 1;
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
