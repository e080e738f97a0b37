// The Internet Group Management Protocol (RFC 1112, 2236 and, as version 3, RFC 3376): how IPv4 hosts tell
// which groups they listen to.
//
//   versions 1, 2   │type│max response time│checksum│group│
//   version 3 query │ as version 2                  │ S,QRV│QQIC│sources│ source …
//   version 3 report│type│reserved│checksum│reserved│records│ record: type│aux│sources│group│ source …
//
// Mirrors net/ipv4/igmp.c (igmpv3_newpack, add_grec). *Omitted:* auxiliary data, of which there is none; DVMRP
// and mtrace.

import { checksum } from "../bytes/checksum.ts";
import { getBe16, getBe32, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { ipv4ToText } from "../bytes/ipv4.ts";

/** Types. */
export const IGMP_QUERY = 0x11;
export const IGMP1_REPORT = 0x12;
export const IGMP2_REPORT = 0x16;
export const IGMP2_LEAVE = 0x17;
export const IGMP3_REPORT = 0x22;

/** Bytes in a message; in a version 3 query and in a version 3 record without sources. */
export const IGMP_SIZE = 8;
export const IGMP3_QUERY_SIZE = 12;
export const IGMP3_RECORD_SIZE = 8;

/** Types of a record (RFC 3376 4.2.12). */
export const IGMP3_MODE_IS_INCLUDE = 1;
export const IGMP3_MODE_IS_EXCLUDE = 2;
export const IGMP3_CHANGE_TO_INCLUDE = 3;
export const IGMP3_CHANGE_TO_EXCLUDE = 4;
export const IGMP3_ALLOW_NEW_SOURCES = 5;
export const IGMP3_BLOCK_OLD_SOURCES = 6;

/** One group of a report. */
export interface IgmpRecord {
  readonly type: number;
  readonly group: number;
  /** Senders of 4 bytes each; none by default. */
  readonly sources?: readonly Uint8Array[];
}

/** Reads the type. */
export function igmpType(bytes: Uint8Array, at: number): number {
  return getU8(bytes, at);
}

/** Reads the group of a query or of a version 1 or 2 message; 0 in a general query. */
export function igmpGroup(bytes: Uint8Array, at: number): number {
  return getBe32(bytes, at + 4);
}

/**
 * Reads the time within which a query wants its answer, in tenths of a second; version 3's floating form is
 * resolved.
 */
export function igmpMaxResponseTenths(bytes: Uint8Array, at: number, length: number): number {
  const code = getU8(bytes, at + 1);
  if (length < IGMP3_QUERY_SIZE || code < 0x80) return code;
  return ((code & 0xf) | 0x10) << (((code >>> 4) & 7) + 3);
}

/** Reads the senders that a version 3 query asks for; undefined when it ends before them. */
export function igmpQuerySources(bytes: Uint8Array, at: number, length: number): Uint8Array[] | undefined {
  const count = getBe16(bytes, at + 10);
  if (IGMP3_QUERY_SIZE + 4 * count > length) return undefined;
  const first = at + IGMP3_QUERY_SIZE;
  return Array.from({ length: count }, (_, index) => bytes.slice(first + 4 * index, first + 4 * index + 4));
}

/** Tells whether the checksum over the message from `at` to `end` is right. */
export function isIgmpChecksumCorrect(bytes: Uint8Array, at: number, end: number): boolean {
  return checksum(bytes, at, end) === 0;
}

/** Writes a message of version 1 or 2, or a leave, with its checksum. */
export function emitIgmp(bytes: Uint8Array, at: number, type: number, group: number): void {
  setU8(bytes, at, type);
  setU8(bytes, at + 1, 0);
  setBe16(bytes, at + 2, 0);
  setBe32(bytes, at + 4, group);
  setBe16(bytes, at + 2, checksum(bytes, at, at + IGMP_SIZE));
}

/** Writes a version 3 report with its checksum and returns its end. */
export function emitIgmp3Report(bytes: Uint8Array, at: number, records: readonly IgmpRecord[]): number {
  setU8(bytes, at, IGMP3_REPORT);
  setU8(bytes, at + 1, 0);
  setBe16(bytes, at + 2, 0);
  setBe16(bytes, at + 4, 0);
  setBe16(bytes, at + 6, records.length);
  let end = at + IGMP_SIZE;
  for (const record of records) {
    setU8(bytes, end, record.type);
    setU8(bytes, end + 1, 0);
    setBe16(bytes, end + 2, record.sources?.length ?? 0);
    setBe32(bytes, end + 4, record.group);
    end += IGMP3_RECORD_SIZE;
    for (const source of record.sources ?? []) {
      bytes.set(source, end);
      end += source.length;
    }
  }
  setBe16(bytes, at + 2, checksum(bytes, at, end));
  return end;
}

/** Describes the message between `at` and `end` that was `length` bytes long on the wire. */
export function describeIgmp(bytes: Uint8Array, at: number, end: number, length: number): string {
  const text = end === at ? undefined : describeType(bytes, at, end, length);
  return text ?? " [|igmp]";
}

function describeType(bytes: Uint8Array, at: number, end: number, length: number): string | undefined {
  const group = ipv4ToText(igmpGroup(bytes, at));
  const isWhole = end - at >= IGMP_SIZE;
  const surplus = length === IGMP_SIZE ? "" : ` [len ${length}]`;
  switch (igmpType(bytes, at)) {
    case IGMP_QUERY:
      if (!isWhole) return undefined;
      return length >= IGMP3_QUERY_SIZE ? describeQuery3(bytes, at, end, length) : describeQuery2(bytes, at);
    case IGMP1_REPORT:
      return isWhole ? `igmp v1 report ${group}${surplus}` : undefined;
    case IGMP2_REPORT:
      return isWhole ? `igmp v2 report ${group}` : undefined;
    case IGMP2_LEAVE:
      return isWhole ? `igmp leave ${group}` : undefined;
    case IGMP3_REPORT:
      return isWhole ? `igmp v3 report, ${getBe16(bytes, at + 6)} group record(s)` : undefined;
    default:
      return `igmp-${igmpType(bytes, at)}`;
  }
}

function describeQuery2(bytes: Uint8Array, at: number): string {
  const time = getU8(bytes, at + 1);
  const group = igmpGroup(bytes, at);
  const version = time === 0 ? "v1" : "v2";
  const delay = time === 0 || time === 100 ? "" : ` [max resp time ${time}]`;
  return `igmp query ${version}${delay}${group === 0 ? "" : ` [gaddr ${ipv4ToText(group)}]`}`;
}

function describeQuery3(bytes: Uint8Array, at: number, end: number, length: number): string | undefined {
  if (end - at < IGMP3_QUERY_SIZE) return undefined;
  const tenths = igmpMaxResponseTenths(bytes, at, length);
  const delay = tenths === 100 ? "" : ` [max resp time ${describeTenths(tenths)}]`;
  const group = igmpGroup(bytes, at);
  if (group === 0) return `igmp query v3${delay}`;
  const sources = getBe16(bytes, at + 10);
  return `igmp query v3${delay} [gaddr ${ipv4ToText(group)}${sources === 0 ? "" : `, ${sources} source(s)`}]`;
}

function describeTenths(tenths: number): string {
  if (tenths < 600) return `${(tenths / 10).toFixed(1)}s`;
  const rest = tenths % 600;
  return `${Math.floor(tenths / 600)}m${rest === 0 ? "" : `${(rest / 10).toFixed(1)}s`}`;
}
