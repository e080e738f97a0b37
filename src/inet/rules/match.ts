// Whether a packet fits a rule, but for its addresses and traffic class, which the families look at themselves.
//
// Mirrors net/core/fib_rules.c (fib_rule_match, fib_rules_lookup). *Omitted:* tunnel keys, of which packets here have none.

import { FIB_RULE_INVERT, FR_ACT_GOTO, FR_ACT_NOP } from "../../uapi/fib_rules.ts";
import type { FibRule, PortRange, RuleConfig } from "./rule.ts";
import { isRange } from "./rule.ts";

/** The index of the loopback in every namespace, where packets of the host are said to come in. */
export const LOOPBACK_IFINDEX = 1;

/** What a packet is, beside its addresses, as far as rules and multipath hashes look. */
export interface PacketKey {
  /** The device to leave by; 0: any. */
  oif: number;
  /** The device it came in on; that of the loopback for packets of this host. */
  iif: number;
  mark: number;
  /** Who sent it; 0 for packets that came in. */
  uid: number;
  /** IPPROTO_* and ports; 0 where they were not looked for. */
  protocol: number;
  sport: number;
  dport: number;
}

/** Whether the packet is what the rule asks for; `isFamilyMatch` says so of its addresses and traffic class. */
export function isMatch(rule: FibRule, key: PacketKey, isFamilyMatch: boolean): boolean {
  const isOne = isFamilyMatch && isKeyMatch(rule, key);
  return (rule.config.flags & FIB_RULE_INVERT) !== 0 ? !isOne : isOne;
}

function isKeyMatch({ config, iif, oif }: FibRule, key: PacketKey): boolean {
  if (iif !== 0 && iif !== key.iif) return false;
  if (oif !== 0 && oif !== key.oif) return false;
  if (((config.mark ^ key.mark) & config.markMask) !== 0 || config.tunnelId !== 0n) return false;
  const { ipProto, uidRange } = config;
  if (uidRange !== undefined && (key.uid < uidRange.start || key.uid > uidRange.end)) return false;
  if (ipProto !== 0 && ipProto !== key.protocol) return false;
  return (
    isPort(config.sport, config.sportMask, key.sport) && isPort(config.dport, config.dportMask, key.dport)
  );
}

function isPort(range: PortRange, mask: number, port: number): boolean {
  if (!isRange(range)) return true;
  if (mask !== 0) return ((range.start ^ port) & mask) === 0;
  return port >= range.start && port <= range.end;
}

/** What is done next: the rule at which the list goes on behind one that fits and decides nothing; undefined: it decides. */
export function skippedTo(rules: readonly FibRule[], index: number): number | undefined {
  const rule = rules[index];
  if (rule === undefined || rule.config.action === FR_ACT_NOP) return index + 1;
  if (rule.config.action !== FR_ACT_GOTO) return undefined;
  return rule.next === null ? index + 1 : rules.indexOf(rule.next);
}

/** Whether a route that was found is passed over: its prefix is too short, or its device is in the wrong group. */
export function isSuppressed(
  { suppressGroup, suppressPrefixLength }: RuleConfig,
  prefixLength: number,
  group: number,
): boolean {
  return prefixLength <= suppressPrefixLength || (suppressGroup !== -1 && group === suppressGroup);
}
