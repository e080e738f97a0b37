// Integers in bytes. Netlink is host order; hosts are little endian here, so the plain names (getU16, setU32
// …) are little endian and the ones with Be (getBe16, setBe32 …) are network order, for Ethernet, IP and the
// __be16/__be32 attributes.
//
// All take (bytes, offset), allocate nothing (but for bigints) and check nothing: a byte past the end reads
// as 0 and is not written, as typed arrays have it. The caller has compared lengths before, as
// `skb_header_pointer` users have.

import { assert } from "./assert.ts";

const TWO_TO_32 = 0x1_0000_0000;
const LAST_32_BITS = 0xffff_ffffn;

/**
 * Makes a DataView of exactly the bytes of `bytes`, honouring its byteOffset. The one place that makes a
 * DataView.
 */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Rounds a length up to a multiple of four (NLMSG_ALIGN, NLA_ALIGN, RTA_ALIGN). */
export function align4(length: number): number {
  return (length + 3) & ~3;
}

/** Reads a u8. */
export function getU8(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

/** Reads an s8. */
export function getS8(bytes: Uint8Array, offset: number): number {
  return (getU8(bytes, offset) << 24) >> 24;
}

/** Reads a host order u16. */
export function getU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

/** Reads a host order s16. */
export function getS16(bytes: Uint8Array, offset: number): number {
  return (getU16(bytes, offset) << 16) >> 16;
}

/** Reads a host order u32. */
export function getU32(bytes: Uint8Array, offset: number): number {
  return getS32(bytes, offset) >>> 0;
}

/** Reads a host order s32. */
export function getS32(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] ?? 0) |
    ((bytes[offset + 1] ?? 0) << 8) |
    ((bytes[offset + 2] ?? 0) << 16) |
    ((bytes[offset + 3] ?? 0) << 24)
  );
}

/** Reads a host order u64. */
export function getU64(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(getU32(bytes, offset + 4)) << 32n) | BigInt(getU32(bytes, offset));
}

/** Reads a host order s64. */
export function getS64(bytes: Uint8Array, offset: number): bigint {
  return BigInt.asIntN(64, getU64(bytes, offset));
}

/**
 * Reads a host order u64 as a number; asserts that it is a safe integer, so use it only on values of our own
 * making.
 */
export function getU64Number(bytes: Uint8Array, offset: number): number {
  const value = getU32(bytes, offset + 4) * TWO_TO_32 + getU32(bytes, offset);
  assert(Number.isSafeInteger(value), "a u64 read as a number is a safe integer");
  return value;
}

/** Writes a u8; higher bits are cut off. */
export function setU8(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
}

/** Writes a host order u16; higher bits are cut off, so it writes an s16 as well. */
export function setU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

/** Writes a host order u32; it writes an s32 as well. */
export function setU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** Writes a host order s32. */
export function setS32(bytes: Uint8Array, offset: number, value: number): void {
  setU32(bytes, offset, value);
}

/** Writes a host order u64; a negative value is written as an s64. */
export function setU64(bytes: Uint8Array, offset: number, value: bigint): void {
  setU32(bytes, offset, Number(value & LAST_32_BITS));
  setU32(bytes, offset + 4, Number((value >> 32n) & LAST_32_BITS));
}

/** Writes a host order u64 from a number; asserts that it is a safe integer and not negative. */
export function setU64Number(bytes: Uint8Array, offset: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, "a u64 written from a number is a safe integer");
  setU32(bytes, offset, value % TWO_TO_32);
  setU32(bytes, offset + 4, Math.floor(value / TWO_TO_32));
}

/** Reads a network order u16. */
export function getBe16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** Reads a network order u24 (a VXLAN network identifier). */
export function getBe24(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 16) | ((bytes[offset + 1] ?? 0) << 8) | (bytes[offset + 2] ?? 0);
}

/** Reads a network order u32. */
export function getBe32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) |
      ((bytes[offset + 1] ?? 0) << 16) |
      ((bytes[offset + 2] ?? 0) << 8) |
      (bytes[offset + 3] ?? 0)) >>>
    0
  );
}

/** Reads a network order u64. */
export function getBe64(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(getBe32(bytes, offset)) << 32n) | BigInt(getBe32(bytes, offset + 4));
}

/** Writes a network order u16; higher bits are cut off. */
export function setBe16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Writes a network order u24; higher bits are cut off. */
export function setBe24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value;
}

/** Writes a network order u32. */
export function setBe32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Writes a network order u64. */
export function setBe64(bytes: Uint8Array, offset: number, value: bigint): void {
  setBe32(bytes, offset, Number((value >> 32n) & LAST_32_BITS));
  setBe32(bytes, offset + 4, Number(value & LAST_32_BITS));
}
