// The classic capture file, libpcap's savefile (draft-ietf-opsawg-pcap): 24 bytes of header, then a header of
// 16 before each frame. Written in little endian with nanosecond stamps; read in all four forms. *Omitted:*
// link types but Ethernet's, FCS length.

import { getBe32, getU32, setU16, setU32 } from "../bytes/endian.ts";

/** LINKTYPE_ETHERNET, what both capture formats call a frame that starts with an Ethernet header. */
export const LINKTYPE_ETHERNET = 1;

/** The snapshot length written: more than any frame has. */
export const SNAPLEN = 262_144;

const MAGIC_MICROSECONDS = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS = 0xa1b2_3c4d;
const FILE_HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;
const NS_PER_S = 1_000_000_000n;

/** One frame of a capture file. */
export interface PcapRecord {
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  /** The bytes captured: a window on the file. */
  readonly bytes: Uint8Array;
  /** How long the frame was on the wire. */
  readonly originalLength: number;
}

/** Makes the header of a file with nanosecond stamps and Ethernet frames. */
export function pcapFileHeader(): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_SIZE);
  setU32(header, 0, MAGIC_NANOSECONDS);
  setU16(header, 4, 2);
  setU16(header, 6, 4);
  setU32(header, 16, SNAPLEN);
  setU32(header, 20, LINKTYPE_ETHERNET);
  return header;
}

/**
 * Makes one record: `timestampNs` since 1970, the bytes from `start` to `end`, a frame of `originalLength` on
 * the wire.
 */
export function pcapRecord(
  timestampNs: bigint,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
  originalLength = end - start,
): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_SIZE + end - start);
  setU32(record, 0, Number(timestampNs / NS_PER_S));
  setU32(record, 4, Number(timestampNs % NS_PER_S));
  setU32(record, 8, end - start);
  setU32(record, 12, originalLength);
  record.set(bytes.subarray(start, end), RECORD_HEADER_SIZE);
  return record;
}

/**
 * Reads a file of either byte order and resolution; a record that is cut off ends it. Undefined if it is no
 * capture file.
 */
export function readPcap(file: Uint8Array): PcapRecord[] | undefined {
  if (file.length < FILE_HEADER_SIZE) return undefined;
  const isSwapped = isMagic(getBe32(file, 0));
  const get32 = isSwapped ? getBe32 : getU32;
  const magic = get32(file, 0);
  if (!isMagic(magic)) return undefined;
  const unitNs = magic === MAGIC_NANOSECONDS ? 1n : 1000n;
  const records: PcapRecord[] = [];
  let at = FILE_HEADER_SIZE;
  while (at + RECORD_HEADER_SIZE <= file.length) {
    const start = at + RECORD_HEADER_SIZE;
    const end = start + get32(file, at + 8);
    if (end > file.length) break;
    records.push({
      timestampNs: BigInt(get32(file, at)) * NS_PER_S + BigInt(get32(file, at + 4)) * unitNs,
      bytes: file.subarray(start, end),
      originalLength: get32(file, at + 12),
    });
    at = end;
  }
  return records;
}

function isMagic(value: number): boolean {
  return value === MAGIC_MICROSECONDS || value === MAGIC_NANOSECONDS;
}
