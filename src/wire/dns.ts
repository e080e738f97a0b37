// As much of DNS (RFC 1035) as a small server needs: a question is read, answers to it are written. Names in answers point at the
// question's where they are the same.

import { getBe16, getU8, setBe16, setBe32, setU8 } from "../bytes/endian.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/utf8.ts";

/** Types of records; ANY stands for all of them. */
export const DNS_A = 1;
export const DNS_CNAME = 5;
export const DNS_PTR = 12;
export const DNS_TXT = 16;
export const DNS_AAAA = 28;
export const DNS_ANY = 255;

/** The only class that is in use. */
export const DNS_CLASS_IN = 1;

/** Codes of answers. */
export const DNS_NOERROR = 0;
export const DNS_NXDOMAIN = 3;
export const DNS_NOTIMP = 4;
export const DNS_REFUSED = 5;

/** Bits of the header's flags. */
const isResponse = 0x8000;
const isAuthoritative = 0x0400;
const isTruncated = 0x0200;
const recursionDesired = 0x0100;
const recursionAvailable = 0x0080;
const opcodeMask = 0x7800;

const headerSize = 12;
const maxLabel = 63;
const maxName = 255;
const pointer = 0xc0;

/** A question. */
export interface DnsQuestion {
  readonly id: number;
  /** 0 for a usual question. */
  readonly opcode: number;
  readonly wantsRecursion: boolean;
  /** In lower case, without the last dot; "" for the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in the message. */
  readonly end: number;
}

/** A record of an answer; its data is as it goes onto the wire. */
export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly ttlS: number;
  readonly data: Uint8Array;
}

/** Reads a message's question; undefined for what is none, or has not exactly one. */
export function parseDnsQuestion(bytes: Uint8Array): DnsQuestion | undefined {
  if (bytes.length < headerSize) return undefined;
  const flags = getBe16(bytes, 2);
  if ((flags & isResponse) !== 0 || getBe16(bytes, 4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerSize;
  for (;;) {
    const length = at < bytes.length ? getU8(bytes, at) : maxName;
    if (length === 0) break;
    if (length > maxLabel || at + 1 + length > bytes.length || at - headerSize > maxName) return undefined;
    labels.push(decodeUtf8(bytes, at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  if (at + 5 > bytes.length) return undefined;
  return {
    id: getBe16(bytes, 0),
    opcode: (flags & opcodeMask) >>> 11,
    wantsRecursion: (flags & recursionDesired) !== 0,
    name: labels.join("."),
    type: getBe16(bytes, at + 1),
    class: getBe16(bytes, at + 3),
    end: at + 5,
  };
}

/** Writes the answer to the question in `asked`, cut off and marked so when it has more than `limit` bytes. */
export function emitDnsAnswer(
  asked: Uint8Array,
  question: DnsQuestion,
  code: number,
  records: readonly DnsRecord[],
  limit = 512,
): Uint8Array {
  const bytes = new Uint8Array(Math.max(limit, question.end));
  bytes.set(asked.subarray(0, question.end));
  let at = question.end;
  let count = 0;
  for (const record of records) {
    const isSame = record.name === question.name;
    const name = isSame ? Uint8Array.of(pointer, headerSize) : encodeDnsName(record.name);
    if (at + name.length + 10 + record.data.length > bytes.length) break;
    bytes.set(name, at);
    at += name.length;
    setBe16(bytes, at, record.type);
    setBe16(bytes, at + 2, DNS_CLASS_IN);
    setBe32(bytes, at + 4, record.ttlS);
    setBe16(bytes, at + 8, record.data.length);
    bytes.set(record.data, at + 10);
    at += 10 + record.data.length;
    count++;
  }
  const cut = count < records.length ? isTruncated : 0;
  const recursion = question.wantsRecursion ? recursionDesired | recursionAvailable : 0;
  setBe16(bytes, 2, isResponse | isAuthoritative | cut | recursion | (question.opcode << 11) | code);
  setBe16(bytes, 6, count);
  setBe16(bytes, 8, 0);
  setBe16(bytes, 10, 0);
  return bytes.slice(0, at);
}

/** A name as labels; those that are too long are cut. */
export function encodeDnsName(name: string): Uint8Array {
  const labels = name === "" ? [] : name.split(".").map((label) => encodeUtf8(label).subarray(0, maxLabel));
  const bytes = new Uint8Array(labels.reduce((sum, { length }) => sum + 1 + length, 1));
  let at = 0;
  for (const label of labels) {
    setU8(bytes, at, label.length);
    bytes.set(label, at + 1);
    at += 1 + label.length;
  }
  return bytes;
}
