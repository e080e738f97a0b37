// Writes netlink messages into one growing buffer: values → bytes. A mark can be taken and gone back to, which is how
// a dump ends a datagram at the last message that fits.
//
// Mirrors include/net/netlink.h (nlmsg_put, nla_put_*, nla_nest_start, nlmsg_trim).

import { align4, setS32, setU16, setU32, setU64, setU64Number } from "../bytes/endian.ts";
import { encodeUtf8Into, utf8Length } from "../bytes/utf8.ts";
import { NLA_F_NESTED } from "../uapi/netlink.ts";
import { NLA_HDRLEN } from "./attribute.ts";
import { NLMSG_HDRLEN } from "./message.ts";

/** A buffer of netlink messages under construction. Reusable: `reset()` keeps the memory. */
export class MessageWriter {
  #bytes: Uint8Array;
  #length = 0;
  #message = 0;

  constructor(initialSize = 512) {
    this.#bytes = new Uint8Array(initialSize);
  }

  /** The memory written to; replaced when it grows, so ask again after each write. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Offset of the message under construction, from the start of the buffer. */
  get messageStart(): number {
    return this.#message;
  }

  reset(): this {
    this.#length = 0;
    this.#message = 0;
    return this;
  }

  /** Goes back to `length` bytes, forgetting what was written after (nlmsg_trim). */
  trim(length: number): void {
    this.#length = length;
  }

  /** Starts a message; `end()` patches its length. */
  begin(type: number, flags: number, seq: number, pid: number): this {
    const offset = this.reserve(NLMSG_HDRLEN);
    this.#message = offset;
    setU16(this.#bytes, offset + 4, type);
    setU16(this.#bytes, offset + 6, flags);
    setU32(this.#bytes, offset + 8, seq);
    setU32(this.#bytes, offset + 12, pid);
    return this;
  }

  /** Ends the message begun last. */
  end(): this {
    setU32(this.#bytes, this.#message, this.#length - this.#message);
    return this;
  }

  /** A copy of all that was written, ready to send. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Appends `size` zeroed bytes, padded to four, and returns their offset: room for a fixed header or a struct. */
  reserve(size: number): number {
    const offset = this.#length;
    const end = offset + align4(size);
    if (end > this.#bytes.length) this.#grow(end);
    const bytes = this.#bytes;
    // For a few bytes the loop is faster than the call.
    if (end - offset > 64) bytes.fill(0, offset, end);
    else for (let at = offset; at < end; at++) bytes[at] = 0;
    this.#length = end;
    return offset;
  }

  /** Appends an attribute of `size` zeroed payload bytes and returns the payload's offset. */
  attribute(type: number, size: number): number {
    const offset = this.reserve(NLA_HDRLEN + size);
    setU16(this.#bytes, offset, NLA_HDRLEN + size);
    setU16(this.#bytes, offset + 2, type);
    return offset + NLA_HDRLEN;
  }

  flag(type: number): this {
    this.attribute(type, 0);
    return this;
  }

  u8(type: number, value: number): this {
    const at = this.attribute(type, 1);
    this.#bytes[at] = value;
    return this;
  }

  u16(type: number, value: number): this {
    const at = this.attribute(type, 2);
    setU16(this.#bytes, at, value);
    return this;
  }

  u32(type: number, value: number): this {
    const at = this.attribute(type, 4);
    setU32(this.#bytes, at, value);
    return this;
  }

  s32(type: number, value: number): this {
    const at = this.attribute(type, 4);
    setS32(this.#bytes, at, value);
    return this;
  }

  u64(type: number, value: bigint | number): this {
    const at = this.attribute(type, 8);
    if (typeof value === "bigint") setU64(this.#bytes, at, value);
    else setU64Number(this.#bytes, at, value);
    return this;
  }

  /** Writes text with its terminating NUL (nla_put_string). */
  string(type: number, value: string): this {
    const at = this.attribute(type, utf8Length(value) + 1);
    encodeUtf8Into(value, this.#bytes, at);
    return this;
  }

  /** Writes text without a NUL, as iproute2 writes IFLA_INFO_KIND. */
  bareString(type: number, value: string): this {
    const at = this.attribute(type, utf8Length(value));
    encodeUtf8Into(value, this.#bytes, at);
    return this;
  }

  binary(type: number, value: Uint8Array): this {
    const at = this.attribute(type, value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Appends bytes as they are, padded to four: a fixed header made elsewhere, or an attribute carried through. */
  raw(value: Uint8Array): this {
    const at = this.reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Opens a nest without NLA_F_NESTED (nla_nest_start_noflag); pass the result to `endNest`. */
  nest(type: number): number {
    return this.attribute(type, 0) - NLA_HDRLEN;
  }

  /** Opens a nest with NLA_F_NESTED set (nla_nest_start). */
  nestFlagged(type: number): number {
    return this.nest(type | NLA_F_NESTED);
  }

  endNest(nest: number): this {
    setU16(this.#bytes, nest, this.#length - nest);
    return this;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
