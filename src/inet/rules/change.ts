// Rules enter their list and leave it; those that go on at another one follow.
//
// Mirrors net/core/fib_rules.c (fib_newrule, fib_delrule, rule_find, rule_exists, fib_default_rule_pref).

import type { Origin } from "../../net/netdevice.ts";
import { exists, invalid, NetlinkError } from "../../netlink/error.ts";
import { FIB_RULE_PERMANENT, FR_ACT_GOTO } from "../../uapi/fib_rules.ts";
import { NLM_F_EXCL } from "../../uapi/netlink.ts";
import type { IpNetns } from "../netns.ts";
import type { PortRange, RuleConfig, RuleList } from "./rule.ts";
import { FibRule, isRange } from "./rule.ts";

/** A change that a request asks for. */
export interface RuleChange {
  readonly config: RuleConfig;
  /** FRA_PRIORITY was given. */
  readonly hasPriority: boolean;
  /** NLM_F_* of the request. */
  readonly nlFlags: number;
  readonly origin: Origin | undefined;
  /** Checks what the family has to check, and gives the table; called once the rule is known to be new. */
  readonly configure: () => number;
}

/** Adds a rule (fib_newrule): EEXIST with NLM_F_EXCL for one that is there, what `configure` refuses. */
export function addRule(ip: IpNetns, list: RuleList, change: RuleChange): void {
  const priority = priorityOf(list, change);
  checkGoto(change.config, priority);
  const isThere = list.rules.some((rule) => isEqual(rule, change.config, priority));
  if ((change.nlFlags & NLM_F_EXCL) !== 0 && isThere) throw exists();
  const rule = new FibRule(change.config, priority, change.configure());
  attach(ip, rule);
  const { rules } = list;
  let place = rules.findIndex((other) => other.priority > priority);
  if (place < 0) place = rules.length;
  if (rule.config.action === FR_ACT_GOTO) rule.next = targetOf(list, rule.config.target);
  rules.splice(place, 0, rule);
  ip.routeGeneration++;
  for (const other of rules) {
    if (other.config.action === FR_ACT_GOTO && other.next === null && other.config.target === priority)
      other.next = rule;
  }
  list.isCustom = true;
  if (looksDeep(rule.config)) list.deepCount++;
  ip.updateDepth();
  ip.inet.announcer.rule(ip.netns, "new", rule, change.origin);
}

/** Takes the first rule that fits off the list (fib_delrule): ENOENT, EPERM. */
export function deleteRule(ip: IpNetns, list: RuleList, change: RuleChange): void {
  const { config, hasPriority, origin } = change;
  if (config.action === FR_ACT_GOTO) checkGoto(config, priorityOf(list, change));
  const { rules } = list;
  const index = rules.findIndex((rule) => fits(rule, config, hasPriority));
  const rule = rules[index];
  if (rule === undefined) throw new NetlinkError("ENOENT");
  if ((rule.config.flags & FIB_RULE_PERMANENT) !== 0) throw new NetlinkError("EPERM");
  rules.splice(index, 1);
  ip.routeGeneration++;
  const following = rules[index];
  const heir = following?.priority === rule.priority ? following : null;
  for (const other of rules) if (other.next === rule) other.next = heir;
  list.isCustom = true;
  if (looksDeep(rule.config)) list.deepCount--;
  ip.updateDepth();
  ip.inet.announcer.rule(ip.netns, "del", rule, origin);
}

/** The priority asked for, else one before the second rule: behind the local table's. */
function priorityOf({ rules }: RuleList, { config, hasPriority }: RuleChange): number {
  if (hasPriority) return config.priority;
  const second = rules[1]?.priority ?? 0;
  return second === 0 ? 0 : second - 1;
}

function checkGoto({ action, target }: RuleConfig, priority: number): void {
  if (action === FR_ACT_GOTO && target <= priority) throw invalid("Backward goto not supported");
}

function targetOf({ rules }: RuleList, priority: number): FibRule | null {
  return rules.find((rule) => rule.priority === priority) ?? null;
}

function attach({ netns }: IpNetns, rule: FibRule): void {
  const { iifname, oifname } = rule.config;
  const index = (name: string): number => {
    const dev = netns.names.get(name);
    return dev !== undefined && dev.name === name ? dev.ifindex : -1;
  };
  if (iifname !== "") rule.iif = index(iifname);
  if (oifname !== "") rule.oif = index(oifname);
}

/** Whether packets have to be looked into for a rule. */
function looksDeep({ ipProto, sport, dport }: RuleConfig): boolean {
  return ipProto !== 0 || isRange(sport) || isRange(dport);
}

/** Whether a rule is there already: all of it but addresses, which need only be the same where they are given (rule_exists). */
function isEqual(rule: FibRule, config: RuleConfig, priority: number): boolean {
  const own = rule.config;
  return (
    rule.priority === priority &&
    own.action === config.action &&
    rule.table === config.table &&
    own.iifname === config.iifname &&
    own.oifname === config.oifname &&
    own.mark === config.mark &&
    own.suppressGroup === config.suppressGroup &&
    own.suppressPrefixLength === config.suppressPrefixLength &&
    own.markMask === config.markMask &&
    own.tunnelId === config.tunnelId &&
    own.isL3mdev === config.isL3mdev &&
    isSameRange(own.uidRange, config.uidRange) &&
    own.ipProto === config.ipProto &&
    own.protocol === config.protocol &&
    isSameRange(own.sport, config.sport) &&
    isSameRange(own.dport, config.dport) &&
    own.sportMask === config.sportMask &&
    own.dportMask === config.dportMask &&
    fitsFamily(own, config)
  );
}

function isSameRange(one: PortRange | undefined, other: PortRange | undefined): boolean {
  return one?.start === other?.start && one?.end === other?.end;
}

/** Whether a rule is one that a request to delete means: what it does not say does not matter (rule_find). */
function fits(rule: FibRule, config: RuleConfig, hasPriority: boolean): boolean {
  const own = rule.config;
  const isOpen = (asked: number, value: number, any = 0): boolean => asked === any || asked === value;
  const isNamed = (asked: string, value: string): boolean => asked === "" || asked === value;
  return (
    isOpen(config.action, own.action) &&
    isOpen(config.table, rule.table) &&
    (!hasPriority || config.priority === rule.priority) &&
    isNamed(config.iifname, own.iifname) &&
    isNamed(config.oifname, own.oifname) &&
    isOpen(config.mark, own.mark) &&
    isOpen(config.suppressGroup, own.suppressGroup, -1) &&
    isOpen(config.suppressPrefixLength, own.suppressPrefixLength, -1) &&
    isOpen(config.markMask, own.markMask) &&
    (config.tunnelId === 0n || config.tunnelId === own.tunnelId) &&
    (!config.isL3mdev || own.isL3mdev) &&
    (config.uidRange === undefined || isSameRange(config.uidRange, own.uidRange)) &&
    isOpen(config.ipProto, own.ipProto) &&
    isOpen(config.protocol, own.protocol) &&
    (!isRange(config.sport) || isSameRange(config.sport, own.sport)) &&
    (!isRange(config.dport) || isSameRange(config.dport, own.dport)) &&
    isOpen(config.sportMask, own.sportMask) &&
    isOpen(config.dportMask, own.dportMask) &&
    fitsFamily(own, config)
  );
}

/** What the family compares, of what is given (fib4_rule_compare, fib6_rule_compare). */
function fitsFamily(own: RuleConfig, config: RuleConfig): boolean {
  const { destination, destinationLength, source, sourceLength } = config;
  if (sourceLength !== 0 && !isSamePrefix(own.source, own.sourceLength, source, sourceLength)) return false;
  if (destinationLength !== 0) {
    if (!isSamePrefix(own.destination, own.destinationLength, destination, destinationLength)) return false;
  }
  if (config.dscp !== 0 && !config.isDscpFull && (own.isDscpFull || own.dscp !== config.dscp)) return false;
  if (config.isDscpFull && (!own.isDscpFull || own.dscp !== config.dscp)) return false;
  if (config.hasDscpMask && (!own.hasDscpMask || own.dscpMask !== config.dscpMask)) return false;
  if (config.realms !== 0 && own.realms !== config.realms) return false;
  if (config.flowLabelMask === 0) return true;
  return own.flowLabel === config.flowLabel && own.flowLabelMask === config.flowLabelMask;
}

function isSamePrefix(one: Uint8Array, oneLength: number, other: Uint8Array, otherLength: number): boolean {
  return oneLength === otherLength && one.every((byte, index) => byte === other[index]);
}
