// The question routing asks for every packet: which route, by which next hop. The longest prefix wins; local and main
// table are searched as one, local routes first among equally long prefixes, then the default table.
//
// Mirrors include/net/ip_fib.h (fib_lookup, which keeps the two tables in one trie as long as there are no rules) and
// net/ipv4/fib_semantics.c (fib_select_multipath). Omitted: dead gateway detection among equal default routes.

import * as rt from "../../uapi/rtnetlink.ts";
import { NUD_VALID } from "../neigh/neighbour.ts";
import type { IpNetns } from "../netns.ts";
import { finishHash, HASH_DST_IP, HASH_SRC_IP, mix, mixTransport } from "../rules/multipath-hash.ts";
import { InDevice } from "./device.ts";
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
  const hash = flowHash(ip, flow);
  const { nexthops, object } = alias.info;
  if (object !== null && object.table !== null) {
    result.nexthop = nexthops[object.table.select(hash)] ?? result.nexthop;
    return;
  }
  const asksNeighbours = ip.tunables.multipathUseNeigh !== 0;
  let isFirst = asksNeighbours;
  for (let index = 0; index < nexthops.length; index++) {
    const nexthop = nexthops[index];
    if (nexthop === undefined || (nexthop.flags & rt.RTNH_F_DEAD) !== 0) continue;
    if (asksNeighbours && !isGood(nexthop)) continue;
    const isChosen = hash <= nexthop.upperBound;
    if (isChosen || isFirst) result.nexthop = nexthop;
    if (isChosen) return;
    isFirst = false;
  }
}

/** Whether nothing is known against a next hop (fib_good_nh). */
function isGood({ dev, gateway }: FibNexthop): boolean {
  if (!(dev?.ip instanceof InDevice)) return true;
  const neighbour = dev.ip.neighbours.get(gateway | 0);
  return neighbour === undefined || (neighbour.state & NUD_VALID) !== 0;
}

/** 31 bits out of what the namespace's policy names (fib_multipath_hash). */
function flowHash({ hashFields4, hashSeed }: IpNetns, flow: Flow4): number {
  let hash = hashSeed;
  if ((hashFields4 & HASH_SRC_IP) !== 0) hash = mix(hash, flow.source);
  if ((hashFields4 & HASH_DST_IP) !== 0) hash = mix(hash, flow.destination);
  return finishHash(mixTransport(hash, hashFields4, flow));
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
