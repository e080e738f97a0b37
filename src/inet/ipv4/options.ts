// The options of a received packet: they must make sense; a source route is not followed unless that is allowed.
//
// Mirrors net/ipv4/ip_options.c (__ip_options_compile) as far as it checks, and ip_input.c (ip_rcv_options). Omitted:
// recording addresses and times into options, following source routes.

import { IPV4_SIZE, ipv4HeaderLength } from "../../wire/ipv4.ts";
import * as option from "../../wire/ipv4-option.ts";

/** What is the matter with the options of the header at `at`: where the fault is, a source route, or nothing. */
export type OptionFault = { readonly pointer: number } | "source-route" | undefined;

/** Looks at the options of a header that is longer than the least one. */
export function checkOptions(bytes: Uint8Array, at: number): OptionFault {
  const end = at + ipv4HeaderLength(bytes, at);
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
      if (length < 4) return 1;
      return pointer < 5 ? 2 : -1;
    case option.IPOPT_RA:
      return length < 4 ? 1 : -1;
    default:
      return -1;
  }
}
