// The search of one routing table: the longest prefix wins; of two tables that are searched as one the first comes first among
// equally long prefixes.
//
// Mirrors net/ipv4/fib_trie.c (fib_table_lookup) and net/ipv4/fib_semantics.c (fib_props).

import { ipv4Mask } from "../../bytes/ipv4.ts";
import { IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN } from "../../uapi/ip.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { InDevice } from "./device.ts";
import type { FibAlias, FibInfo, FibResult, FibTable, Flow4 } from "./fib.ts";
import type { FibNexthop } from "./fib-nexthop.ts";

/**
 * Looks `flow` up in one table, or in two that count as one: goes through their prefix lengths, the longest first. `EAGAIN`:
 * nothing there matches.
 */
export function tableLookup(
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
    const error = info.object?.isBlackhole === true ? "EINVAL" : errorOf(alias.type);
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
    // A device with a table of its own stands for all ways in there.
    if (flow.oif === 0 || flow.oif === nexthop.ifindex || flow.oif === flow.l3mdev) return nexthop;
  }
  return null;
}

/** Whether the next hop is down and its device is told to have such routes ignored. */
export function isIgnoredForLinkdown(nexthop: FibNexthop): boolean {
  if ((nexthop.flags & rt.RTNH_F_LINKDOWN) === 0) return false;
  const slot = nexthop.dev?.ip;
  return slot instanceof InDevice && slot.conf.get(IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN) !== 0;
}
