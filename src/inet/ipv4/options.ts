// The options of a received packet: they must make sense; a source route is not followed unless that is allowed.
//
// Mirrors net/ipv4/ip_options.c (__ip_options_compile) as far as it checks, and ip_input.c (ip_rcv_options). Omitted:
// recording addresses and times into options, following source routes.

import { IPV4_SIZE, ipv4HeaderLength } from "../../wire/ipv4.ts";
import * as option from "../../wire/ipv4-option.ts";

/** What is the matter with the options of the header at `at`: where the fault is, a source route, or nothing. */
export type OptionFault = { readonly pointer: number } | "source-route" | undefined;

/** Hosts that found no room are counted in four bits. */
const maxOverflows = 15;

/** Looks at the options of a header that is longer than the least one. */
export function checkOptions(bytes: Uint8Array, at: number): OptionFault {
  const end = at + ipv4HeaderLength(bytes, at);
  let hasRoute = false;
  let hasTimestamp = false;
  for (let next = at + IPV4_SIZE; next < end; ) {
    const type = bytes[next] ?? option.IPOPT_END;
    if (type === option.IPOPT_END) return undefined;
    if (type === option.IPOPT_NOOP) {
      next++;
      continue;
    }
    const length = next + 1 < end ? (bytes[next + 1] ?? 0) : 0;
    if (length < 2 || next + length > end) return { pointer: next - at };
    if (type === option.IPOPT_SSRR || type === option.IPOPT_LSRR) return "source-route";
    // Neither of them may come twice.
    const isRepeated = type === option.IPOPT_RR ? hasRoute : type === option.IPOPT_TIMESTAMP && hasTimestamp;
    if (isRepeated) return { pointer: next - at };
    hasRoute ||= type === option.IPOPT_RR;
    hasTimestamp ||= type === option.IPOPT_TIMESTAMP;
    const fault = faultIn(bytes, next, type, length);
    if (fault >= 0) return { pointer: next - at + fault };
    next += length;
  }
  return undefined;
}

/** The offset of what is wrong inside an option; -1 when it is well. */
function faultIn(bytes: Uint8Array, at: number, type: number, length: number): number {
  const pointer = bytes[at + 2] ?? 0;
  switch (type) {
    case option.IPOPT_RR:
      if (length < 3) return 1;
      if (pointer < 4) return 2;
      return pointer <= length && pointer + 3 > length ? 2 : -1;
    case option.IPOPT_TIMESTAMP:
      return faultInTimestamp(bytes, at, length, pointer);
    case option.IPOPT_RA:
      return length < 4 ? 1 : -1;
    default:
      return -1;
  }
}

/** As `faultIn`: what is full must have room to count hosts that found none, and what is not must have room for one entry. */
function faultInTimestamp(bytes: Uint8Array, at: number, length: number, pointer: number): number {
  if (length < 4) return 1;
  if (pointer < 5) return 2;
  const kind = bytes[at + 3] ?? 0;
  const flags = kind & 0xf;
  if (pointer > length) return flags !== option.IPOPT_TS_PRESPEC && kind >>> 4 === maxOverflows ? 3 : -1;
  const hasAddress = flags === option.IPOPT_TS_TSANDADDR || flags === option.IPOPT_TS_PRESPEC;
  return pointer + (hasAddress ? 7 : 3) > length ? 2 : -1;
}
