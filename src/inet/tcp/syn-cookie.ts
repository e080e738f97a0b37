// A handshake of which nothing is kept: the sequence number of the answer to a SYN holds what must be remembered, under a key, and
// the timestamp the options (RFC 4987 3.6, appendix A).
//
//   sequence number = hash(ends) + the SYN's + minutes·2^24 + (hash(ends, minutes) + place of the MSS in a table) mod 2^24
//   timestamp       = clock without its last six bits, and ECN │ SACK │ scale of windows, 15 for none
//
// Mirrors net/ipv4/syncookies.c (secure_tcp_syn_cookie, check_tcp_syn_cookie, cookie_init_timestamp, cookie_timestamp_decode).

import type { EndpointPair } from "./endpoint.ts";
import type { Segment } from "./segment.ts";
import type { Agreement } from "./syn-options.ts";
import type { TcpTable } from "./table.ts";
import { timestampAt } from "./timestamp.ts";

const S = 1_000_000_000;
const periodNs = 60 * S;
/** Periods in which a cookie is good, and how long one is expected at all after the last was sent. */
const goodPeriods = 2;
export const COOKIE_VALID_NS = goodPeriods * periodNs;
/** Sizes of segments that cookies tell apart, for IPv4 and IPv6. */
const sizes4 = [536, 1_300, 1_440, 1_460] as const;
const sizes6 = [1_220, 1_420, 1_440, 8_940] as const;
const cookieKey = 2;
const lowMask = 0xff_ffff;
/** Options in the last bits of a timestamp. */
const optionBits = 6;
const optionMask = (1 << optionBits) - 1;
const scaleMask = 0xf;
const noScale = 0xf;
const sackBit = 0x10;
const ecnBit = 0x20;

/** What is offered in an answer whose sequence number is the cookie: without timestamps no options but the MSS. */
export function cookieOffer(
  table: TcpTable,
  pair: EndpointPair,
  agreement: Agreement,
  nowNs: number,
): Agreement {
  const sizes = sizesOf(pair);
  let place = sizes.length - 1;
  while (place > 0 && (sizes[place] ?? 0) > agreement.peerMss) place--;
  const iss = cookie(table, pair, agreement.irs, periodAt(nowNs), place);
  if (agreement.isTimestampOk) return { ...agreement, iss };
  return { ...agreement, iss, isSackOk: false, isWindowScaleOk: false, isEcnOk: false };
}

/** The timestamp of that answer: the latest that is past and ends in the options. */
export function cookieTimestamp(offer: Agreement, nowNs: number): number {
  const { isEcnOk, isSackOk, isWindowScaleOk, sndScale, timestampOffset } = offer;
  const options = (isWindowScaleOk ? sndScale : noScale) | (isSackOk ? sackBit : 0) | (isEcnOk ? ecnBit : 0);
  const clock = (timestampAt(offer, nowNs) - timestampOffset) | 0;
  const stamp = (clock & ~optionMask) | options;
  const past = ((stamp - clock) | 0) > 0 ? stamp - (1 << optionBits) : stamp;
  return (past + timestampOffset) | 0;
}

/** What was agreed on, read from the acknowledgement of a cookie; null when it is none of ours, or too old. */
export function cookieAgreement(
  table: TcpTable,
  pair: EndpointPair,
  segment: Segment,
  known: { readonly rcvScale: number; readonly timestampOffset: number },
  nowNs: number,
): Agreement | null {
  const irs = (segment.sequence - 1) | 0;
  const iss = (segment.ack - 1) | 0;
  const peerMss = sizeIn(table, pair, iss, irs, nowNs);
  if (peerMss === 0) return null;
  const { hasTimestamp } = segment;
  const options = hasTimestamp ? (segment.timestampEcho - known.timestampOffset) & optionMask : noScale;
  const isWindowScaleOk = (options & scaleMask) !== noScale;
  return {
    irs,
    iss,
    peerMss,
    isSackOk: (options & sackBit) !== 0,
    isTimestampOk: hasTimestamp,
    isWindowScaleOk,
    isEcnOk: (options & ecnBit) !== 0,
    sndScale: isWindowScaleOk ? options & scaleMask : 0,
    rcvScale: isWindowScaleOk ? known.rcvScale : 0,
    timestampOffset: known.timestampOffset,
    recentTimestamp: segment.timestamp,
    createdNs: Number.NaN,
  };
}

/** The size of segments that a cookie holds; 0 when it is none. */
function sizeIn(table: TcpTable, pair: EndpointPair, iss: number, irs: number, nowNs: number): number {
  const rest = (iss - table.secret(pair, cookieKey) - irs) | 0;
  const now = periodAt(nowNs);
  const age = (now - (rest >>> 24)) & 0xff;
  if (age >= goodPeriods) return 0;
  const place = (rest - table.secret(pair, cookieKey, now - age)) & lowMask;
  return sizesOf(pair)[place] ?? 0;
}

function cookie(table: TcpTable, pair: EndpointPair, irs: number, period: number, place: number): number {
  const low = (table.secret(pair, cookieKey, period) + place) & lowMask;
  return (table.secret(pair, cookieKey) + irs + (period << 24) + low) | 0;
}

/** Never 0, which is the salt of the part that does not change. */
function periodAt(nowNs: number): number {
  return Math.floor(nowNs / periodNs) + 1;
}

function sizesOf({ local }: EndpointPair): readonly number[] {
  return local.length === 4 ? sizes4 : sizes6;
}
