// What goes out to one client: frames are fetched from the channels that have some, first come, first served, and written
// as fast as the stream drains. While it is full nothing more is read from the client, whose requests would only add to it.

import type { Socket } from "node:net";

/** A channel that frames are fetched from. */
export interface FrameSource {
  readonly isReadable: boolean;
  /** The next frame; undefined when there is none. */
  next(): Uint8Array | undefined;
}

/** Frames are gathered up to this size before they are written. */
const BATCH_SIZE = 64 * 1024;
/** Bytes that are written before other clients have their turn. */
const FLUSH_BUDGET = 1024 * 1024;

/** The outgoing half of a connection. */
export class Outbox {
  readonly #stream: Socket;
  readonly #onFree: () => void;
  readonly #sources = new Set<FrameSource>();
  /** The stream takes no more now. */
  #isBlocked = false;
  /** Others have their turn. */
  #isYielding = false;
  #isFlushDue = false;

  /** `onFree` is called when `isFull` no longer holds. */
  constructor(stream: Socket, onFree: () => void) {
    this.#stream = stream;
    this.#onFree = onFree;
    stream.on("drain", () => {
      this.#isBlocked = false;
      this.#goOn();
    });
  }

  /** Whether what is added now has to wait. The stream is paused as long. */
  get isFull(): boolean {
    return this.#isBlocked || this.#isYielding;
  }

  /** Writes a frame, whatever waits in the channels. */
  write(frame: Uint8Array): void {
    if (this.#stream.destroyed || this.#stream.write(frame)) return;
    this.#isBlocked = true;
    this.#stream.pause();
  }

  /** Takes note that `source` has something; it is fetched when the one who put it there has returned. */
  add(source: FrameSource): void {
    this.#sources.add(source);
    if (this.isFull || this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  /** Forgets a source. */
  delete(source: FrameSource): void {
    this.#sources.delete(source);
  }

  /** Fetches and writes until nothing is left or the stream is full. */
  flush(): void {
    let budget = FLUSH_BUDGET;
    while (!this.isFull && !this.#stream.destroyed && this.#sources.size > 0) {
      const batch = this.#fetch();
      if (batch.length > 0) this.write(batch);
      budget -= batch.length;
      if (budget <= 0) this.#yield();
    }
  }

  /** Takes frames from the sources, a batch at most. */
  #fetch(): Uint8Array {
    const frames: Uint8Array[] = [];
    let size = 0;
    for (const source of this.#sources) {
      while (source.isReadable && size < BATCH_SIZE) {
        const frame = source.next();
        if (frame === undefined) break;
        frames.push(frame);
        size += frame.length;
      }
      if (size >= BATCH_SIZE) break;
      this.#sources.delete(source);
    }
    return frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames, size);
  }

  #yield(): void {
    this.#isYielding = true;
    this.#stream.pause();
    setImmediate(() => {
      this.#isYielding = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    this.flush();
    if (this.isFull) return;
    this.#stream.resume();
    this.#onFree();
  }
}
