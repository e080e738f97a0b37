// Multicast listener discovery (RFC 2710 and, as version 2, RFC 3810): how IPv6 hosts tell which groups they
// listen to.
//
//   version 1       │type│code│checksum│max delay│reserved│group 16│
//   version 2 query │ as version 1                      │ S,QRV│QQIC│sources│ source 16 …
//   version 2 report│type│code│checksum│reserved │records│ record: type│aux│sources│group 16│ source 16 …
//
// Mirrors net/ipv6/mcast.c (mld_newpack, igmp6_event_query). *Omitted:* auxiliary data, of which there is
// none.

import { getBe16, getU8, setBe16, setU8 } from "../bytes/endian.ts";
import {
  IPPROTO_HOPOPTS,
  IPPROTO_ICMPV6,
  IPV6_TLV_PAD1,
  IPV6_TLV_PADN,
  IPV6_TLV_ROUTERALERT,
} from "../uapi/in6.ts";

/** ICMPv6 types. */
export const MLD_QUERY = 130;
export const MLD_REPORT = 131;
export const MLD_DONE = 132;
export const MLD2_REPORT = 143;

/**
 * Bytes in a version 1 message; in a version 2 query and in a version 2 report without records; in a record
 * without sources.
 */
export const MLD_SIZE = 24;
export const MLD2_QUERY_SIZE = 28;
export const MLD2_REPORT_SIZE = 8;
export const MLD2_RECORD_SIZE = 20;

/** Offset of the group in a query and in a version 1 message. */
export const MLD_GROUP = 8;

/** Types of a record (RFC 3810 5.2.12). */
export const MLD2_MODE_IS_INCLUDE = 1;
export const MLD2_MODE_IS_EXCLUDE = 2;
export const MLD2_CHANGE_TO_INCLUDE = 3;
export const MLD2_CHANGE_TO_EXCLUDE = 4;
export const MLD2_ALLOW_NEW_SOURCES = 5;
export const MLD2_BLOCK_OLD_SOURCES = 6;

/** Bytes in the hop-by-hop header with the router alert option that every message carries (RFC 2711). */
export const ROUTER_ALERT_HEADER_SIZE = 8;

/** One group of a report. */
export interface MldRecord {
  readonly type: number;
  readonly group: Uint8Array;
  /** Senders of 16 bytes each; none by default. */
  readonly sources?: readonly Uint8Array[];
}

/**
 * Reads the time within which a query wants its answer, in milliseconds; in version 2 it may be in floating
 * form.
 */
export function mldMaxResponseMs(bytes: Uint8Array, at: number, length: number): number {
  const code = getBe16(bytes, at + 4);
  if (length < MLD2_QUERY_SIZE || code < 0x8000) return code;
  return ((code & 0xfff) | 0x1000) << (((code >>> 12) & 7) + 3);
}

/** Reads the senders that a version 2 query asks for; undefined when it ends before them. */
export function mldQuerySources(bytes: Uint8Array, at: number, length: number): Uint8Array[] | undefined {
  const count = getBe16(bytes, at + 26);
  if (MLD2_QUERY_SIZE + 16 * count > length) return undefined;
  const first = at + MLD2_QUERY_SIZE;
  return Array.from({ length: count }, (_, index) =>
    bytes.slice(first + 16 * index, first + 16 * index + 16),
  );
}

/** Writes a message of version 1 in place of its ICMPv6 header and returns its end; see writeIcmpv6(). */
export function emitMld1(bytes: Uint8Array, at: number, group: Uint8Array): number {
  bytes.set(group, at + MLD_GROUP);
  return at + MLD_SIZE;
}

/** Writes the hop-by-hop header that stands in front of a message: the router alert, padded. */
export function emitRouterAlertHeader(bytes: Uint8Array, at: number): number {
  setU8(bytes, at, IPPROTO_ICMPV6);
  setU8(bytes, at + 1, 0);
  setU8(bytes, at + 2, IPV6_TLV_ROUTERALERT);
  setU8(bytes, at + 3, 2);
  setBe16(bytes, at + 4, 0);
  setU8(bytes, at + 6, IPV6_TLV_PADN);
  setU8(bytes, at + 7, 0);
  return at + ROUTER_ALERT_HEADER_SIZE;
}

/**
 * Writes the records of a version 2 report behind the place of its ICMPv6 header and returns their end;
 * writeIcmpv6() then writes the header, with the number of records as its word.
 */
export function emitMld2Records(bytes: Uint8Array, at: number, records: readonly MldRecord[]): number {
  let next = at + MLD2_REPORT_SIZE;
  for (const record of records) {
    setU8(bytes, next, record.type);
    setU8(bytes, next + 1, 0);
    setBe16(bytes, next + 2, record.sources?.length ?? 0);
    bytes.set(record.group, next + 4);
    next += MLD2_RECORD_SIZE;
    for (const source of record.sources ?? []) {
      bytes.set(source, next);
      next += source.length;
    }
  }
  return next;
}

/** Whether the packet whose IPv6 header is at `at` asks routers to look at it as one of MLD (RFC 2711; RFC 3810 5). */
export function hasMldRouterAlert(bytes: Uint8Array, at: number): boolean {
  if (getU8(bytes, at + 6) !== IPPROTO_HOPOPTS) return false;
  const options = at + 40;
  const end = options + (getU8(bytes, options + 1) + 1) * 8;
  for (let option = options + 2; option < end; ) {
    const type = getU8(bytes, option);
    if (type === IPV6_TLV_ROUTERALERT) return getBe16(bytes, option + 2) === 0;
    option += type === IPV6_TLV_PAD1 ? 1 : 2 + getU8(bytes, option + 1);
  }
  return false;
}
