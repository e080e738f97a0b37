// One attribute of a netlink message, seen where it lies: type, flags and payload, with the offset from the start of
// the request that extended acknowledgements point at.
//
// Mirrors include/net/netlink.h (struct nlattr and the nla_get_* functions). Values are host order, which is little
// endian here (bytes/endian.ts).

import { align4, getS32, getU16, getU32, getU64, getU64Number } from "../bytes/endian.ts";
import { decodeUtf8 } from "../bytes/utf8.ts";
import { NLA_F_NESTED, NLA_TYPE_MASK } from "../uapi/netlink.ts";

/** Size of an attribute's header: u16 length, u16 type. */
export const NLA_HDRLEN = 4;

/** A window on one attribute. `bytes` is the whole message and is not copied: valid as long as the message is. */
export class Attribute {
  readonly bytes: Uint8Array;
  /** Offset of the attribute's header in `bytes`. */
  readonly offset: number;
  /** Where the payload starts and ends in `bytes`. */
  readonly start: number;
  readonly end: number;
  /** The type without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
  readonly type: number;
  readonly isNested: boolean;

  constructor(bytes: Uint8Array, offset: number, length: number) {
    const type = getU16(bytes, offset + 2);
    this.bytes = bytes;
    this.offset = offset;
    this.start = offset + NLA_HDRLEN;
    this.end = offset + length;
    this.type = type & NLA_TYPE_MASK;
    this.isNested = (type & NLA_F_NESTED) !== 0;
  }

  /** Payload length in bytes (nla_len). */
  get length(): number {
    return this.end - this.start;
  }

  u8(): number {
    return this.bytes[this.start] ?? 0;
  }

  u16(): number {
    return getU16(this.bytes, this.start);
  }

  u32(): number {
    return getU32(this.bytes, this.start);
  }

  s32(): number {
    return getS32(this.bytes, this.start);
  }

  u64(): bigint {
    return getU64(this.bytes, this.start);
  }

  /** The u64 as a number; counters stay below 2^53. */
  u64Number(): number {
    return getU64Number(this.bytes, this.start);
  }

  /** The payload as UTF-8 text up to the first NUL or its end (nla_strscpy): iproute2 sends kinds without the NUL. */
  text(): string {
    let end = this.start;
    while (end < this.end && this.bytes[end] !== 0) end++;
    return decodeUtf8(this.bytes, this.start, end);
  }

  /** A copy of the payload. */
  copy(): Uint8Array {
    return this.bytes.slice(this.start, this.end);
  }

  /** The attributes inside this one, in order, `headerSize` bytes into the payload; trailing rubbish ends the walk. */
  children(headerSize = 0): Attribute[] {
    return [...attributes(this.bytes, this.start + headerSize, this.end)];
  }

  /** The first attribute of `type` inside this one. */
  child(type: number, headerSize = 0): Attribute | undefined {
    for (const attribute of attributes(this.bytes, this.start + headerSize, this.end)) {
      if (attribute.type === type) return attribute;
    }
    return undefined;
  }
}

/**
 * Walks the attributes in `bytes[start, end)` and returns how many bytes were left over at the end (nla_for_each_attr:
 * the walk stops at the first header that does not fit).
 */
export function* attributes(
  bytes: Uint8Array,
  start: number,
  end: number,
): Generator<Attribute, number, void> {
  let offset = start;
  while (offset + NLA_HDRLEN <= end) {
    const length = getU16(bytes, offset);
    if (length < NLA_HDRLEN || offset + length > end) break;
    yield new Attribute(bytes, offset, length);
    offset += align4(length);
  }
  return Math.max(end - offset, 0);
}
