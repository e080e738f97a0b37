// The question routing asks for every packet: which route, by which next hop. The longest prefix wins; local and main
// table are searched as one, local routes first among equally long prefixes, then the default table.
//
// Mirrors net/ipv4/fib_trie.c (fib_table_lookup), include/net/ip_fib.h (fib_lookup, which keeps the two tables in one
// trie as long as there are no rules) and net/ipv4/fib_semantics.c (fib_props, fib_select_multipath). Omitted: policy
// rules; dead gateway detection among equal default routes.

import { ipv4Mask } from "../../bytes/ipv4.ts";
import { IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN } from "../../uapi/ip.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import { InDevice } from "./device.ts";
import type { FibAlias, FibInfo, FibNexthop, FibResult, FibTable, Flow4 } from "./fib.ts";

/** Looks `flow` up in all tables (fib_lookup); true when `result` has a way, else `result.error` says why not. */
export function fibLookup(ip: IpNetns, flow: Flow4, result: FibResult, ignoresLinkstate = false): boolean {
  if (lookupLevels(ip.local, ip.main, flow, result, ignoresLinkstate)) return true;
  if (result.error === "EAGAIN") {
    const last = ip.tables.get(rt.RT_TABLE_DEFAULT);
    if (last !== undefined && lookupLevels(last, null, flow, result, ignoresLinkstate)) return true;
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
  const isMerged = table === ip.local || table === ip.main;
  return isMerged
    ? lookupLevels(ip.local, ip.main, flow, result, ignoresLinkstate)
    : lookupLevels(table, null, flow, result, ignoresLinkstate);
}

/** Goes through the prefix lengths of both tables, the longest first. */
function lookupLevels(
  first: FibTable,
  second: FibTable | null,
  flow: Flow4,
  result: FibResult,
  ignoresLinkstate: boolean,
): boolean {
  forget(result);
  let one = 0;
  let other = 0;
  for (;;) {
    const firstLength = first.lengths[one] ?? -1;
    const secondLength = second?.lengths[other] ?? -1;
    const length = Math.max(firstLength, secondLength);
    if (length < 0) return false;
    const key = flow.destination & ipv4Mask(length);
    if (firstLength === length) {
      one++;
      if (search(first.levels[length]?.get(key), flow, result, ignoresLinkstate)) return result.error === "";
    }
    if (second !== null && secondLength === length) {
      other++;
      if (search(second.levels[length]?.get(key), flow, result, ignoresLinkstate)) return result.error === "";
    }
  }
}

function forget(result: FibResult): void {
  result.alias = null;
  result.nexthop = null;
  result.error = "EAGAIN";
}

/** Tries the routes of one prefix; true when one decides, by a way or by an error. */
function search(
  aliases: readonly FibAlias[] | undefined,
  flow: Flow4,
  result: FibResult,
  ignoresLinkstate: boolean,
): boolean {
  if (aliases === undefined) return false;
  for (let index = 0; index < aliases.length; index++) {
    const alias = aliases[index];
    if (alias === undefined || (alias.tos !== 0 && alias.tos !== (flow.tos & dscpMask))) continue;
    const { info } = alias;
    if (info.isDead || info.scope < flow.scope) continue;
    const error = errorOf(alias.type);
    if (error !== "") {
      result.alias = alias;
      result.type = alias.type;
      result.error = error;
      return true;
    }
    if ((info.flags & rt.RTNH_F_DEAD) !== 0) continue;
    const nexthop = goodNexthop(info, flow, ignoresLinkstate);
    if (nexthop === null) continue;
    result.alias = alias;
    result.nexthop = nexthop;
    result.type = alias.type;
    result.error = "";
    return true;
  }
  return false;
}

/** TOS bits that routes are chosen by: all but ECN. */
const dscpMask = 0xfc;

function errorOf(type: number): FibResult["error"] {
  switch (type) {
    case rt.RTN_BLACKHOLE:
      return "EINVAL";
    case rt.RTN_UNREACHABLE:
      return "EHOSTUNREACH";
    case rt.RTN_PROHIBIT:
      return "EACCES";
    case rt.RTN_THROW:
      return "EAGAIN";
    default:
      return "";
  }
}

/** The first next hop that can be used (fib_lookup_good_nhc). */
function goodNexthop(info: FibInfo, flow: Flow4, ignoresLinkstate: boolean): FibNexthop | null {
  const { nexthops } = info;
  for (let index = 0; index < nexthops.length; index++) {
    const nexthop = nexthops[index];
    if (nexthop === undefined || (nexthop.flags & rt.RTNH_F_DEAD) !== 0) continue;
    if (!ignoresLinkstate && isIgnoredForLinkdown(nexthop)) continue;
    if (flow.oif === 0 || flow.oif === nexthop.ifindex) return nexthop;
  }
  return null;
}

/** Whether the next hop is down and its device is told to have such routes ignored. */
export function isIgnoredForLinkdown(nexthop: FibNexthop): boolean {
  if ((nexthop.flags & rt.RTNH_F_LINKDOWN) === 0) return false;
  const slot = nexthop.dev?.ip;
  return slot instanceof InDevice && slot.conf.get(IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN) !== 0;
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
