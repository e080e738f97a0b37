// Frames over a stream of bytes, as QEMU's `-netdev stream`, passt and gvisor-tap-vsock speak: each behind its length in four bytes,
// the highest first. The length does not count itself, and there is no header of virtio.
//
// Facts: QEMU ends a connection whose frame is longer than 69632 bytes.

import type { Duplex } from "node:stream";
import { getBe32, setBe32 } from "../../../bytes/endian.ts";
import type { Tap } from "../../../index.ts";

const headerSize = 4;
/** The largest frame that the other side may send: NET_BUFSIZE. */
const largestFrame = 4_096 + 65_536;
/** Bytes that may wait to be sent before frames are dropped. */
const mostBuffered = 8 << 20;

/** The frames of one connection. */
export class StreamWire {
  readonly #tap: Tap;
  readonly #stream: Duplex;
  /** The beginning of a frame whose end has not come, behind its length; made when it is first needed. */
  #partial: Uint8Array | undefined;
  #held = 0;
  #isCorked = false;
  readonly #uncork = (): void => {
    this.#isCorked = false;
    this.#stream.uncork();
  };

  /** Joins `tap` and `stream`, which is destroyed when what it says makes no sense. */
  constructor(tap: Tap, stream: Duplex) {
    this.#tap = tap;
    this.#stream = stream;
    tap.onFrame = (frame) => this.#send(frame);
    stream.on("data", (bytes: Uint8Array) => this.#receive(bytes));
  }

  /** What is sent in one turn of the event loop goes out at once. */
  #send(frame: Uint8Array): boolean {
    const stream = this.#stream;
    if (!stream.writable || stream.writableLength > mostBuffered) return false;
    if (!this.#isCorked) {
      this.#isCorked = true;
      stream.cork();
      // Not nextTick: where frames come from a descriptor of the system's, nobody would see to it.
      setImmediate(this.#uncork);
    }
    const bytes = Buffer.allocUnsafe(headerSize + frame.length);
    setBe32(bytes, 0, frame.length);
    bytes.set(frame, headerSize);
    stream.write(bytes);
    return true;
  }

  /** Takes frames out of what has come, in whatever pieces. */
  #receive(bytes: Uint8Array): void {
    let at = this.#held === 0 ? 0 : this.#complete(bytes);
    while (at >= 0 && at < bytes.length) {
      const left = bytes.length - at;
      const length = left < headerSize ? 0 : getBe32(bytes, at);
      if (length > largestFrame) return this.#refuse();
      if (left < headerSize || left < headerSize + length) {
        this.#hold(bytes, at, bytes.length);
        return;
      }
      at += headerSize;
      this.#tap.deliverPart(bytes, at, at + length);
      at += length;
    }
  }

  /** Adds to the frame that has begun; returns where the next one begins, -1 when there is none. */
  #complete(bytes: Uint8Array): number {
    let at = 0;
    const partial = this.#partial ?? new Uint8Array(0);
    if (this.#held < headerSize) {
      at = Math.min(headerSize - this.#held, bytes.length);
      this.#hold(bytes, 0, at);
      if (this.#held < headerSize) return -1;
    }
    const length = getBe32(partial, 0);
    if (length > largestFrame) {
      this.#refuse();
      return -1;
    }
    const end = at + Math.min(headerSize + length - this.#held, bytes.length - at);
    this.#hold(bytes, at, end);
    if (this.#held < headerSize + length) return -1;
    this.#held = 0;
    this.#tap.deliverPart(partial, headerSize, headerSize + length);
    return end;
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    this.#partial ??= new Uint8Array(headerSize + largestFrame);
    this.#partial.set(bytes.subarray(start, end), this.#held);
    this.#held += end - start;
  }

  #refuse(): void {
    this.#held = 0;
    this.#stream.destroy();
  }
}
