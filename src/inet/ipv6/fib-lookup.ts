// The question routing asks for every packet: first in the local table, then in the main one, or as the policy rules say.
//
// Mirrors net/ipv6/ip6_fib.c (fib6_rule_lookup without rules) and net/ipv6/route.c (fib6_select_path).

import { RTNH_F_DEAD, RTNH_F_LINKDOWN } from "../../uapi/rtnetlink.ts";
import { hashOf } from "../address-table.ts";
import type { IpNetns } from "../netns.ts";
import {
  finishHash,
  HASH_DST_IP,
  HASH_FLOWLABEL,
  HASH_SRC_IP,
  mix,
  mixTransport,
} from "../rules/multipath-hash.ts";
import type { Fib6Result, Fib6Route, Lookup6 } from "./fib.ts";
import { rulesLookup6 } from "./fib-rules.ts";
import { ignoresLinkdown, tableLookup6 } from "./fib-table.ts";

/** Looks the address at `bytes[offset]` up in all tables; true when `result` has a way, else `result.error` says why not. */
export function fib6Lookup(
  ip: IpNetns,
  bytes: Uint8Array,
  offset: number,
  lookup: Lookup6,
  result: Fib6Result,
): boolean {
  if (ip.rules6.isCustom) return rulesLookup6(ip, bytes, offset, lookup, result);
  if (tableLookup6(ip, ip.local6, bytes, offset, lookup, result)) return true;
  if (result.route !== null && result.error !== "EAGAIN") return false;
  if (tableLookup6(ip, ip.main6, bytes, offset, lookup, result)) return true;
  if (result.error === "EAGAIN") result.error = "ENETUNREACH";
  return false;
}

/** Chooses among siblings by a hash of what the policy names; the addresses lie at `bytes[source]` and `bytes[destination]`. */
export function selectSibling(
  ip: IpNetns,
  result: Fib6Result,
  source: Uint8Array,
  sourceOffset: number,
  destination: Uint8Array,
  destinationOffset: number,
  oif: number,
  lookup: Lookup6,
): void {
  const siblings = result.route?.paths ?? result.route?.siblings ?? null;
  if (siblings === null || oif !== 0) return;
  const { hashFields6 } = ip;
  let mixed = ip.hashSeed;
  if ((hashFields6 & HASH_SRC_IP) !== 0) mixed = mix(mixed, hashOf(source, sourceOffset));
  if ((hashFields6 & HASH_DST_IP) !== 0) mixed = mix(mixed, hashOf(destination, destinationOffset));
  if ((hashFields6 & HASH_FLOWLABEL) !== 0) mixed = mix(mixed, lookup.flowLabel);
  const hash = finishHash(mixTransport(mixed, hashFields6, lookup));
  const table = result.route?.object?.table ?? null;
  if (table !== null) {
    result.route = siblings[table.select(hash)] ?? result.route;
    return;
  }
  for (let index = 0; index < siblings.length; index++) {
    const sibling = siblings[index];
    if (sibling === undefined || hash > sibling.upperBound || (sibling.flags & RTNH_F_DEAD) !== 0) continue;
    result.route = sibling;
    return;
  }
}

/** Gives every sibling that can be used its share of the hash values (rt6_multipath_rebalance). */
export function rebalance6(route: Fib6Route): void {
  if (route.siblings !== null) rebalancePaths(route.siblings);
}

/** As rebalance6, among ways that share one route. */
export function rebalancePaths(siblings: readonly Fib6Route[]): void {
  let total = 0;
  for (const sibling of siblings) if (isUsable(sibling)) total += sibling.weight;
  let sum = 0;
  for (const sibling of siblings) {
    if (!isUsable(sibling)) {
      sibling.upperBound = -1;
      continue;
    }
    sum += sibling.weight;
    sibling.upperBound = Math.round((sum / total) * 0x8000_0000) - 1;
  }
}

function isUsable(route: Fib6Route): boolean {
  if ((route.flags & RTNH_F_DEAD) !== 0) return false;
  return (route.flags & RTNH_F_LINKDOWN) === 0 || !ignoresLinkdown(route);
}
