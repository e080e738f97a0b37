// The options of the IPv4 header (RFC 791 3.1): a type, for all but two a length of the whole option, and its
// data. Mirrors net/ipv4/ip_options.c, as far as it finds options; the stack fills in
// records and times.

import { getU8 } from "../bytes/endian.ts";
import { IPV4_SIZE, ipv4HeaderLength } from "./ipv4.ts";

/**
 * Types with their copied bit: end of list, no operation, record route, timestamp, loose and strict route,
 * router alert.
 */
export const IPOPT_END = 0;
export const IPOPT_NOOP = 1;
export const IPOPT_RR = 7;
export const IPOPT_TIMESTAMP = 68;
export const IPOPT_LSRR = 131;
export const IPOPT_SSRR = 137;
export const IPOPT_RA = 148;

/** Flags of a timestamp: the time alone stands there by default, or the address too, given by the sender or not. */
export const IPOPT_TS_TSONLY = 0;
export const IPOPT_TS_TSANDADDR = 1;
export const IPOPT_TS_PRESPEC = 3;

/** The router alert option (RFC 2113), which IGMP's messages carry: type, length 4, value 0. */
export const ROUTER_ALERT: readonly number[] = [IPOPT_RA, 4, 0, 0];

/** Where an option lies; `start` is the offset of its type. */
export interface Ipv4Option {
  readonly type: number;
  readonly start: number;
  readonly length: number;
}

/**
 * Lists the options of the header at `at`, without end and padding. Undefined if one is cut off or says a
 * length that cannot be, for which the kernel answers with a parameter problem.
 */
export function parseIpv4Options(bytes: Uint8Array, at: number): Ipv4Option[] | undefined {
  const options: Ipv4Option[] = [];
  const end = Math.min(at + ipv4HeaderLength(bytes, at), bytes.length);
  let start = at + IPV4_SIZE;
  while (start < end) {
    const type = getU8(bytes, start);
    if (type === IPOPT_END) break;
    if (type === IPOPT_NOOP) {
      start++;
      continue;
    }
    const length = start + 1 < end ? getU8(bytes, start + 1) : 0;
    if (length < 2 || start + length > end) return undefined;
    options.push({ type, start, length });
    start += length;
  }
  return options;
}
