// What users may have headers say.
//
// Mirrors net/ipv4/ip_sockglue.c (IP_TTL, IP_TOS) and net/ipv6/ipv6_sockglue.c (IPV6_UNICAST_HOPS, IPV6_TCLASS) as far as what they
// refuse goes.

import type { ErrnoName } from "../uapi/errno.ts";

/** Whether packets may take so many hops, "" if so: 1 to 255, 0 too over IPv6; -1 is as many as is usual. EINVAL. */
export function checkTtl(isFour: boolean, ttl: number): ErrnoName | "" {
  return Number.isInteger(ttl) && ttl <= 255 && (ttl === -1 || ttl >= (isFour ? 1 : 0)) ? "" : "EINVAL";
}

/** Whether a type of service or traffic class is one: a byte. EINVAL; of IP_TOS Linux takes the last byte. */
export function checkTos(tos: number): ErrnoName | "" {
  return Number.isInteger(tos) && tos >= 0 && tos <= 255 ? "" : "EINVAL";
}
