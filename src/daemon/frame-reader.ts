// Cuts a stream into frames again, wherever its pieces end. Frames are fetched one by one, so that whoever cannot go on
// leaves the rest where it is. Holds one unfinished frame at most, whose size is checked before anything is set aside.

import { FRAME_HEADER_SIZE, Frame, frameLength, ProtocolError } from "./protocol.ts";

const nothing = new Uint8Array(0);

/** Reads the frames of one connection. */
export class FrameReader {
  /** The largest frame accepted; may be raised at any time. */
  limit: number;
  /** The piece that is being read, and how far. */
  #piece: Uint8Array = nothing;
  #at = 0;
  readonly #header = new Uint8Array(FRAME_HEADER_SIZE);
  /** What a frame is gathered in that began in an earlier piece: its header, then, its length known, all of it. */
  #partial: Uint8Array = this.#header;
  #filled = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes the next piece of the stream, which it keeps until its frames have been fetched. */
  feed(piece: Uint8Array): void {
    const rest = this.#piece.subarray(this.#at);
    this.#piece = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    this.#at = 0;
  }

  /**
   * The next frame, undefined when none is complete; a frame that lies in one piece is a window of that piece.
   * ProtocolError for a length that cannot be.
   */
  next(): Frame | undefined {
    while (this.#at < this.#piece.length) {
      const frame = this.#filled === 0 ? this.#cut() : undefined;
      if (frame !== undefined) return frame;
      const gathered = this.#gather();
      if (gathered !== undefined) return gathered;
    }
    this.#piece = nothing;
    this.#at = 0;
    return undefined;
  }

  /** Cuts a frame out of the piece; undefined when its end is not in it. */
  #cut(): Frame | undefined {
    const { length } = this.#piece;
    if (length - this.#at < FRAME_HEADER_SIZE) return undefined;
    const end = this.#at + this.#check(frameLength(this.#piece, this.#at));
    if (end > length) return undefined;
    const frame = new Frame(this.#piece.subarray(this.#at, end));
    this.#at = end;
    return frame;
  }

  /** Takes what the piece has of the header, or of the rest of the frame; the frame when that completes it. */
  #gather(): Frame | undefined {
    const end = Math.min(this.#piece.length, this.#at + this.#partial.length - this.#filled);
    this.#partial.set(this.#piece.subarray(this.#at, end), this.#filled);
    this.#filled += end - this.#at;
    this.#at = end;
    if (this.#filled < this.#partial.length) return undefined;
    if (this.#partial === this.#header) {
      const length = this.#check(frameLength(this.#header, 0));
      this.#partial = new Uint8Array(length);
      this.#partial.set(this.#header);
      if (length > FRAME_HEADER_SIZE) return undefined;
    }
    const frame = new Frame(this.#partial);
    this.#partial = this.#header;
    this.#filled = 0;
    return frame;
  }

  #check(length: number): number {
    if (length >= FRAME_HEADER_SIZE && length <= this.limit) return length;
    throw new ProtocolError(
      `A frame claims ${length} bytes, ${FRAME_HEADER_SIZE} to ${this.limit} are possible`,
    );
  }
}
