// Look-ups that go by policy rules: which table is asked, in which order, and whether its answer counts.
//
// Mirrors net/ipv6/fib6_rules.c (fib6_rule_lookup, fib6_rule_match, fib6_rule_action, fib6_rule_saddr, fib6_rule_suppress).
// Until a rule is added or taken away, look-ups do not come here: see fib6Lookup.

import { ipv6SamePrefix } from "../../bytes/ipv6.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import {
  FIB_RULE_FIND_SADDR,
  FR_ACT_PROHIBIT,
  FR_ACT_TO_TBL,
  FR_ACT_UNREACHABLE,
} from "../../uapi/fib_rules.ts";
import { l3mdevTableOf } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { isMatch, isSuppressed, skippedTo } from "../rules/match.ts";
import type { FibRule } from "../rules/rule.ts";
import type { Fib6Result, Lookup6 } from "./fib.ts";
import { tableLookup6 } from "./fib-table.ts";
import { selectSource6 } from "./source.ts";

/** Looks the address at `bytes[offset]` up by the rules; true when `result` has a way, else `result.error` says why not. */
export function rulesLookup6(
  ip: IpNetns,
  bytes: Uint8Array,
  offset: number,
  lookup: Lookup6,
  result: Fib6Result,
): boolean {
  const { rules } = ip.rules6;
  result.route = null;
  for (let index = 0; index < rules.length; ) {
    const rule = rules[index];
    if (rule === undefined) break;
    const table = rule.config.isL3mdev ? l3mdevTableOf(ip.netns, lookup) : rule.table;
    const isUseless = rule.config.isL3mdev && table === 0;
    if (isUseless || !isMatch(rule, lookup, isFamilyMatch(rule, bytes, offset, lookup))) {
      index++;
      continue;
    }
    const next = skippedTo(rules, index);
    if (next !== undefined) {
      index = next;
      continue;
    }
    if (decides(ip, rule, table, bytes, offset, lookup, result)) return result.error === "";
    index++;
  }
  result.route = null;
  result.error = "ENETUNREACH";
  return false;
}

/** Does what the rule says; true when that decides, by a way or by an error. */
function decides(
  ip: IpNetns,
  rule: FibRule,
  tableId: number,
  bytes: Uint8Array,
  offset: number,
  lookup: Lookup6,
  result: Fib6Result,
): boolean {
  const { config } = rule;
  if (config.action !== FR_ACT_TO_TBL) {
    result.error = errorOf(config.action);
    return true;
  }
  const table = ip.tables6.get(tableId);
  if (table === undefined) return false;
  if (!tableLookup6(ip, table, bytes, offset, lookup, result)) {
    return result.route !== null && result.error !== "EAGAIN";
  }
  const { route } = result;
  if (route === null || !hasRuleSource(ip, rule, bytes, offset, lookup, result)) return false;
  return !isSuppressed(config, route.prefixLength, route.dev?.group ?? -1);
}

/** A rule may want the source that a route would give a packet to be within its prefix (fib6_rule_saddr). */
function hasRuleSource(
  ip: IpNetns,
  { config }: FibRule,
  bytes: Uint8Array,
  offset: number,
  lookup: Lookup6,
  { route }: Fib6Result,
): boolean {
  if ((config.flags & FIB_RULE_FIND_SADDR) === 0 || config.sourceLength === 0 || lookup.hasSource)
    return true;
  const source = selectSource6(ip, route?.dev ?? null, bytes.slice(offset, offset + 16));
  return source !== undefined && ipv6SamePrefix(config.source, source, config.sourceLength);
}

function errorOf(action: number): ErrnoName {
  if (action === FR_ACT_UNREACHABLE) return "ENETUNREACH";
  return action === FR_ACT_PROHIBIT ? "EACCES" : "EINVAL";
}

function isFamilyMatch({ config }: FibRule, bytes: Uint8Array, offset: number, lookup: Lookup6): boolean {
  const { destination, destinationLength, source, sourceLength } = config;
  if (destinationLength !== 0 && !ipv6SamePrefix(destination, bytes, destinationLength, 0, offset))
    return false;
  if (sourceLength !== 0) {
    if (!lookup.hasSource && (config.flags & FIB_RULE_FIND_SADDR) === 0) return false;
    const isInside = ipv6SamePrefix(source, lookup.source, sourceLength, 0, lookup.sourceOffset);
    if (lookup.hasSource && !isInside) return false;
  }
  if (config.dscpMask !== 0 && ((config.dscp ^ lookup.trafficClass) & config.dscpMask) !== 0) return false;
  return ((config.flowLabel ^ lookup.flowLabel) & config.flowLabelMask) === 0;
}
