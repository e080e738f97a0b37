// Code on a wire: functions that see every frame a device hands to its driver and say what becomes of it. A device without one
// pays nothing: the functions stand in place of its driver's transmit.

import { TX_DROPPED } from "./counters.ts";
import { count } from "./device.ts";
import { drop, frameFrom } from "./frame.ts";
import type { Device, DeviceOps, Frame } from "./netdevice.ts";
import { CHECKSUM_NONE, GSO_NONE } from "./netdevice.ts";
import type { Timer } from "./timers.ts";

/** What goes on in place of a frame, at once or later. */
export interface WirePiece {
  /** From the MAC header on, complete with checksums. */
  readonly bytes: Uint8Array;
  readonly delayNs: number;
}

/** It goes on, is lost, goes on later, waits until it is let go, goes on with other bytes, or in pieces. */
export type WireVerdict =
  | "pass"
  | "drop"
  | "hold"
  | { readonly delayNs: number }
  | Uint8Array
  | readonly WirePiece[];

/** Sees the bytes of a frame from its MAC header on, which are valid during the call only. */
export type WireFunction = (bytes: Uint8Array) => WireVerdict | undefined;

/** The functions on one device's wire, in the order they came. */
export class WireHook {
  readonly #dev: Device;
  readonly #ops: DeviceOps;
  readonly #functions: WireFunction[] = [];
  readonly #held: Frame[] = [];
  readonly #delayed = new Map<Frame, Timer>();

  constructor(dev: Device) {
    this.#dev = dev;
    this.#ops = dev.ops;
  }

  /** Adds a function; returns how to take it away. */
  add(run: WireFunction): () => void {
    if (this.#functions.length === 0) {
      const stop = this.#ops.stop;
      this.#dev.ops = {
        ...this.#ops,
        startXmit: (frame, dev) => this.#transmit(frame, dev),
        stop: (dev) => {
          this.clear();
          stop?.call(this.#ops, dev);
        },
      };
    }
    this.#functions.push(run);
    return () => {
      const at = this.#functions.indexOf(run);
      if (at >= 0) this.#functions.splice(at, 1);
      if (this.#functions.length === 0 && this.#held.length === 0 && this.#delayed.size === 0)
        this.#dev.ops = this.#ops;
    };
  }

  /** Sends what was held, in order. */
  release(): void {
    const { loop } = this.#dev.machine;
    loop.enter();
    for (const frame of this.#held.splice(0)) this.#ops.startXmit(frame, this.#dev);
    loop.leave();
  }

  /** Gives back what is held and delayed. */
  clear(): void {
    for (const frame of this.#held.splice(0)) frame.pool.free(frame);
    for (const [frame, timer] of this.#delayed) {
      timer.stop();
      frame.pool.free(frame);
    }
    this.#delayed.clear();
  }

  /** Sends a frame of these bytes, complete with checksums, past the function `except`; the others judge it. */
  send(bytes: Uint8Array, except: WireFunction): void {
    const { loop, frames } = this.#dev.machine;
    const frame = frameFrom(frames, bytes);
    if (frame === null) return;
    frame.dev = this.#dev;
    loop.enter();
    this.#pass(
      frame,
      this.#functions.filter((run) => run !== except),
      0,
    );
    loop.leave();
  }

  #transmit(frame: Frame, dev: Device): void {
    if (this.#functions.length === 0) this.#ops.startXmit(frame, dev);
    else this.#pass(frame, [...this.#functions], 0);
  }

  /** Has the functions from `first` on judge a frame, and sends what they let pass. */
  #pass(frame: Frame, functions: readonly WireFunction[], first: number): void {
    const dev = this.#dev;
    let current = frame;
    for (let at = first; at < functions.length; at++) {
      const verdict = functions[at]?.(current.bytes.subarray(current.start, current.end));
      if (verdict === undefined || verdict === "pass") continue;
      if (verdict === "drop") {
        count(dev, TX_DROPPED, 1);
        return drop(current, "wire");
      }
      if (verdict === "hold") {
        if (this.#held.length >= maxHeld) return drop(current, "wire");
        this.#held.push(current);
        return;
      }
      if (isPieces(verdict)) return this.#cut(current, verdict, functions, at + 1);
      if (!(verdict instanceof Uint8Array)) return this.#delay(current, verdict.delayNs, functions, at + 1);
      const other = rewrite(current, verdict);
      if (other === null) return drop(current, "no-memory");
      current = other;
    }
    this.#ops.startXmit(current, dev);
  }

  /** Lets pieces go on in place of a frame. */
  #cut(frame: Frame, pieces: readonly WirePiece[], functions: readonly WireFunction[], next: number): void {
    for (const { bytes, delayNs } of pieces) {
      const piece = copyOf(frame, bytes);
      if (piece === null) continue;
      if (delayNs > 0) this.#delay(piece, delayNs, functions, next);
      else this.#pass(piece, functions, next);
    }
    frame.pool.free(frame);
  }

  #delay(frame: Frame, delayNs: number, functions: readonly WireFunction[], next: number): void {
    if (this.#delayed.size >= maxHeld) return drop(frame, "wire");
    const timer = this.#dev.machine.timers.after(Math.max(0, delayNs), () => {
      this.#delayed.delete(frame);
      const { loop } = this.#dev.machine;
      loop.enter();
      this.#pass(frame, functions, next);
      loop.leave();
    });
    this.#delayed.set(frame, timer);
  }
}

function isPieces(verdict: WireVerdict): verdict is readonly WirePiece[] {
  return Array.isArray(verdict);
}

/** Frames that one wire holds at most. */
const maxHeld = 10_000;

/** A frame of other bytes in place of this one, which is given back; its checksums are as they stand there. */
function rewrite(frame: Frame, bytes: Uint8Array): Frame | null {
  const other = copyOf(frame, bytes);
  if (other !== null) frame.pool.free(frame);
  return other;
}

/** A frame of these bytes that goes where `frame` does, of which it is a part. */
function copyOf(frame: Frame, bytes: Uint8Array): Frame | null {
  const other = frameFrom(frame.pool, bytes);
  if (other === null) return null;
  other.dev = frame.dev;
  other.checksum = CHECKSUM_NONE;
  other.gsoType = GSO_NONE;
  other.priority = frame.priority;
  other.mark = frame.mark;
  other.packetId = frame.packetId;
  return other;
}
