// The blocks and options of a pcapng file (draft-ietf-opsawg-pcapng 3): a block is type, total length, body
// and total length again, everything padded to four bytes; an option is code, length and value.
//
//   │type 4│total length 4│ body │ options … end-of-options │total length 4│      option: │code 2│length 2│ value, padded │
//
// Written in little endian.

import { align4, setU16, setU32, setU64 } from "../bytes/endian.ts";
import { macToBytes } from "../bytes/mac.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";

/** Block types. */
export const PCAPNG_SECTION_HEADER = 0x0a0d_0d0a;
export const PCAPNG_INTERFACE_DESCRIPTION = 1;
export const PCAPNG_INTERFACE_STATISTICS = 5;
export const PCAPNG_ENHANCED_PACKET = 6;

/** What a section header holds in its own byte order. */
export const PCAPNG_BYTE_ORDER_MAGIC = 0x1a2b_3c4d;

/** Options of every block: the end of the options, a comment. */
export const OPT_ENDOFOPT = 0;
export const OPT_COMMENT = 1;

/** An option not yet written. */
export interface PcapngOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** Makes an option of text, without a NUL. */
export function textOption(code: number, text: string): PcapngOption {
  return { code, value: encodeUtf8(text) };
}

/** Makes one comment of each text. */
export function commentOptions(comments: readonly string[] = []): PcapngOption[] {
  return comments.map((comment) => textOption(OPT_COMMENT, comment));
}

/** Makes an option of one byte. */
export function byteOption(code: number, value: number): PcapngOption {
  return { code, value: Uint8Array.of(value) };
}

/** Makes an option of four bytes. */
export function u32Option(code: number, value: number): PcapngOption {
  const bytes = new Uint8Array(4);
  setU32(bytes, 0, value);
  return { code, value: bytes };
}

/** Makes an option of eight bytes. */
export function u64Option(code: number, value: bigint): PcapngOption {
  const bytes = new Uint8Array(8);
  setU64(bytes, 0, value);
  return { code, value: bytes };
}

/** Makes an option of a MAC address, which is in network order. */
export function macOption(code: number, mac: number): PcapngOption {
  return { code, value: macToBytes(mac) };
}

/** Makes an option of a point in time: the upper half first, whatever the byte order. */
export function timestampOption(code: number, timestampNs: bigint): PcapngOption {
  const bytes = new Uint8Array(8);
  setTimestamp(bytes, 0, timestampNs);
  return { code, value: bytes };
}

/** Writes a point in time as a block has it: the upper half first, whatever the byte order. */
export function setTimestamp(bytes: Uint8Array, at: number, timestampNs: bigint): void {
  setU32(bytes, at, Number(timestampNs >> 32n));
  setU32(bytes, at + 4, Number(timestampNs & 0xffff_ffffn));
}

/**
 * Makes a block with room for a body of `bodySize` bytes, zeros until the caller writes them from offset
 * BLOCK_BODY on, and with the options behind it.
 */
export function createBlock(type: number, bodySize: number, options: readonly PcapngOption[]): Uint8Array {
  const optionsSize = options.reduce(
    (size, { value }) => size + 4 + align4(value.length),
    options.length === 0 ? 0 : 4,
  );
  const size = BLOCK_BODY + align4(bodySize) + optionsSize + 4;
  const block = new Uint8Array(size);
  setU32(block, 0, type);
  setU32(block, 4, size);
  let at = BLOCK_BODY + align4(bodySize);
  for (const { code, value } of options) {
    setU16(block, at, code);
    setU16(block, at + 2, value.length);
    block.set(value, at + 4);
    at += 4 + align4(value.length);
  }
  setU32(block, size - 4, size);
  return block;
}

/** Where a block's body begins. */
export const BLOCK_BODY = 8;
