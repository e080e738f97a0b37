// The question routing asks for every packet: which route, by which next hop. The longest prefix wins; local and main
// table are searched as one, local routes first among equally long prefixes, then the default table.
//
// Mirrors include/net/ip_fib.h (fib_lookup, which keeps the two tables in one trie as long as there are no rules) and
// net/ipv4/fib_semantics.c (fib_select_multipath). Omitted: dead gateway detection among equal default routes.

import * as rt from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import type { FibInfo, FibResult, FibTable, Flow4 } from "./fib.ts";
import type { FibNexthop } from "./fib-nexthop.ts";
import { rulesLookup } from "./fib-rules.ts";
import { isIgnoredForLinkdown, tableLookup } from "./fib-table.ts";

/** Looks `flow` up in all tables (fib_lookup); true when `result` has a way, else `result.error` says why not. */
export function fibLookup(ip: IpNetns, flow: Flow4, result: FibResult, ignoresLinkstate = false): boolean {
  if (ip.rules4.isCustom) return rulesLookup(ip, flow, result, ignoresLinkstate);
  if (tableLookup(ip.local, ip.main, flow, result, ignoresLinkstate)) return true;
  if (result.error === "EAGAIN") {
    const last = ip.tables.get(rt.RT_TABLE_DEFAULT);
    if (last !== undefined && tableLookup(last, null, flow, result, ignoresLinkstate)) return true;
  }
  if (result.error === "EAGAIN") result.error = "ENETUNREACH";
  return false;
}

/** As fibLookup, in one table; local and main count as one. `EAGAIN`: nothing there matches. */
export function fibTableLookup(
  ip: IpNetns,
  table: FibTable,
  flow: Flow4,
  result: FibResult,
  ignoresLinkstate = false,
): boolean {
  const isMerged = !ip.rules4.isCustom && (table === ip.local || table === ip.main);
  return isMerged
    ? tableLookup(ip.local, ip.main, flow, result, ignoresLinkstate)
    : tableLookup(table, null, flow, result, ignoresLinkstate);
}

/** Chooses among the next hops of a multipath route by a hash of the flow (fib_select_path). */
export function selectPath(ip: IpNetns, flow: Flow4, result: FibResult): void {
  const { alias } = result;
  if (alias === null || alias.info.nexthops.length < 2 || flow.oif !== 0) return;
  const hash = flowHash(ip.hashSeed, flow);
  const { nexthops } = alias.info;
  for (let index = 0; index < nexthops.length; index++) {
    const nexthop = nexthops[index];
    if (nexthop === undefined || (nexthop.flags & rt.RTNH_F_DEAD) !== 0 || hash > nexthop.upperBound)
      continue;
    result.nexthop = nexthop;
    return;
  }
}

/** 31 bits out of source and destination (fib_multipath_hash_policy 0). */
function flowHash(seed: number, flow: Flow4): number {
  let hash = Math.imul(seed ^ flow.source, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ flow.destination, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13), 0x9e3779b1);
  return (hash ^ (hash >>> 16)) >>> 1;
}

/** Gives every next hop that can be used its share of the hash values (fib_rebalance). */
export function rebalance(info: FibInfo): void {
  if (info.nexthops.length < 2) return;
  let total = 0;
  for (const nexthop of info.nexthops) if (isUsable(nexthop)) total += nexthop.weight;
  let sum = 0;
  for (const nexthop of info.nexthops) {
    if (!isUsable(nexthop)) {
      nexthop.upperBound = -1;
      continue;
    }
    sum += nexthop.weight;
    nexthop.upperBound = Math.round((sum / total) * 0x8000_0000) - 1;
  }
}

function isUsable(nexthop: FibNexthop): boolean {
  return (nexthop.flags & rt.RTNH_F_DEAD) === 0 && !isIgnoredForLinkdown(nexthop);
}
