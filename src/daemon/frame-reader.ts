// Cuts a stream into frames again, wherever its pieces end. Holds at most one unfinished frame, whose size is checked
// before anything is set aside for it.

import { FRAME_HEADER_SIZE, Frame, frameLength, ProtocolError } from "./protocol.ts";

/** Reads the frames of one connection. */
export class FrameReader {
  /** The largest frame accepted; may be raised at any time. */
  limit: number;
  readonly #onFrame: (frame: Frame) => void;
  readonly #header = new Uint8Array(FRAME_HEADER_SIZE);
  /** What the unfinished frame is gathered in: the header, then, its length known, all of it. */
  #partial: Uint8Array = this.#header;
  #filled = 0;

  /** A frame that lies in one piece is handed over as a window of that piece, without copying. */
  constructor(limit: number, onFrame: (frame: Frame) => void) {
    this.limit = limit;
    this.#onFrame = onFrame;
  }

  /** Takes the next piece and hands over the frames it completes; ProtocolError for a length that cannot be. */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#filled === 0 && piece.length - at >= FRAME_HEADER_SIZE) {
        const end = at + this.#check(frameLength(piece, at));
        if (end <= piece.length) {
          this.#onFrame(new Frame(piece.subarray(at, end)));
          at = end;
          continue;
        }
      }
      at = this.#gather(piece, at);
    }
  }

  /** Adds what `piece` has of the unfinished frame, and returns where that ends. */
  #gather(piece: Uint8Array, start: number): number {
    const end = Math.min(piece.length, start + this.#partial.length - this.#filled);
    this.#partial.set(piece.subarray(start, end), this.#filled);
    this.#filled += end - start;
    if (this.#filled < this.#partial.length) return end;
    if (this.#partial === this.#header) {
      const length = this.#check(frameLength(this.#header, 0));
      this.#partial = new Uint8Array(length);
      this.#partial.set(this.#header);
      if (length > FRAME_HEADER_SIZE) return end;
    }
    const frame = new Frame(this.#partial);
    this.#partial = this.#header;
    this.#filled = 0;
    this.#onFrame(frame);
    return end;
  }

  #check(length: number): number {
    if (length >= FRAME_HEADER_SIZE && length <= this.limit) return length;
    throw new ProtocolError(
      `A frame claims ${length} bytes, ${FRAME_HEADER_SIZE} to ${this.limit} are possible`,
    );
  }
}
