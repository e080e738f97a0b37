// Look-ups that go by policy rules: which table is asked, in which order, and whether its answer counts.
//
// Mirrors net/ipv4/fib_rules.c (__fib_lookup, fib4_rule_match, fib4_rule_action, fib4_rule_suppress). Until a rule is added or
// taken away, look-ups do not come here: see fibLookup.

import { getBe32 } from "../../bytes/endian.ts";
import { ipv4Mask } from "../../bytes/ipv4.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { FR_ACT_PROHIBIT, FR_ACT_TO_TBL, FR_ACT_UNREACHABLE } from "../../uapi/fib_rules.ts";
import { l3mdevTableOf } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { isMatch, isSuppressed, skippedTo } from "../rules/match.ts";
import type { FibRule } from "../rules/rule.ts";
import type { FibResult, Flow4 } from "./fib.ts";
import { tableLookup } from "./fib-table.ts";

/** Looks `flow` up by the rules; true when `result` has a way, else `result.error` says why not. */
export function rulesLookup(ip: IpNetns, flow: Flow4, result: FibResult, ignoresLinkstate: boolean): boolean {
  const { rules } = ip.rules4;
  result.alias = null;
  result.nexthop = null;
  for (let index = 0; index < rules.length; ) {
    const rule = rules[index];
    if (rule === undefined) break;
    const table = rule.config.isL3mdev ? l3mdevTableOf(ip.netns, flow) : rule.table;
    if ((rule.config.isL3mdev && table === 0) || !isMatch(rule, flow, isFamilyMatch(rule, flow))) {
      index++;
      continue;
    }
    const next = skippedTo(rules, index);
    if (next !== undefined) {
      index = next;
      continue;
    }
    if (decides(ip, rule, table, flow, result, ignoresLinkstate)) return result.error === "";
    index++;
  }
  result.alias = null;
  result.nexthop = null;
  result.error = "ENETUNREACH";
  return false;
}

/** Does what the rule says; true when that decides, by a way or by an error. */
function decides(
  ip: IpNetns,
  rule: FibRule,
  tableId: number,
  flow: Flow4,
  result: FibResult,
  ignoresLinkstate: boolean,
): boolean {
  const { config } = rule;
  if (config.action !== FR_ACT_TO_TBL) {
    result.error = errorOf(config.action);
    return true;
  }
  const table = ip.tables.get(tableId);
  if (table === undefined) return false;
  const isFound = tableLookup(table, null, flow, result, ignoresLinkstate);
  if (!isFound) return result.error !== "EAGAIN";
  const { alias, nexthop } = result;
  return !isSuppressed(config, alias?.prefixLength ?? 0, nexthop?.dev?.group ?? -1);
}

function errorOf(action: number): ErrnoName {
  if (action === FR_ACT_UNREACHABLE) return "ENETUNREACH";
  return action === FR_ACT_PROHIBIT ? "EACCES" : "EINVAL";
}

function isFamilyMatch({ config }: FibRule, flow: Flow4): boolean {
  const { destination, destinationLength, source, sourceLength } = config;
  if (sourceLength !== 0 && ((getBe32(source, 0) ^ flow.source) & ipv4Mask(sourceLength)) !== 0) return false;
  if (
    destinationLength !== 0 &&
    ((getBe32(destination, 0) ^ flow.destination) & ipv4Mask(destinationLength)) !== 0
  ) {
    return false;
  }
  return config.dscpMask === 0 || ((config.dscp ^ flow.tos) & config.dscpMask) === 0;
}
