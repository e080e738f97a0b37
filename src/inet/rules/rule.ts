// Policy rules: which tables a look-up goes through. A list for each family, in order of priority.
//
// Mirrors include/net/fib_rules.h (struct fib_rule, fib_rules_ops), struct fib4_rule and struct fib6_rule.

import type { Device } from "../../net/netdevice.ts";
import { FR_ACT_TO_TBL } from "../../uapi/fib_rules.ts";

/** An inclusive range of ports; both 0: any. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** What a rule asks of a packet and what becomes of one that fits. Zero, "" and -1 mean that it does not matter. */
export interface RuleConfig {
  readonly family: number;
  readonly priority: number;
  /** FR_ACT_* */
  readonly action: number;
  /** FIB_RULE_* as the request had them. */
  readonly flags: number;
  readonly table: number;
  /** The priority FR_ACT_GOTO goes on at. */
  readonly target: number;
  readonly iifname: string;
  readonly oifname: string;
  readonly mark: number;
  readonly markMask: number;
  readonly tunnelId: bigint;
  readonly isL3mdev: boolean;
  readonly protocol: number;
  /** Routes whose prefix is no longer than this are passed over; -1: none. */
  readonly suppressPrefixLength: number;
  /** Routes by devices of this group are passed over; -1: none. */
  readonly suppressGroup: number;
  /** Whose packets; undefined: anybody's. */
  readonly uidRange: PortRange | undefined;
  readonly ipProto: number;
  readonly sport: PortRange;
  readonly dport: PortRange;
  readonly sportMask: number;
  readonly dportMask: number;
  /** 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly sourceLength: number;
  readonly destination: Uint8Array;
  readonly destinationLength: number;
  /** The bits of the traffic class, and which of them count. */
  readonly dscp: number;
  readonly dscpMask: number;
  /** The bits were given as FRA_DSCP rather than in the header. */
  readonly isDscpFull: boolean;
  readonly hasDscpMask: boolean;
  /** FRA_FLOW of IPv4; kept and shown. */
  readonly realms: number;
  readonly flowLabel: number;
  readonly flowLabelMask: number;
}

/** One rule. */
export class FibRule {
  readonly config: RuleConfig;
  readonly priority: number;
  /** The table it sends packets to; chosen by the kernel when the request named none. */
  readonly table: number;
  /** Indices of the devices it names: 0 when it names none, -1 while there is none of that name. */
  iif = 0;
  oif = 0;
  /** Where FR_ACT_GOTO goes on; null while there is no such rule. */
  next: FibRule | null = null;

  constructor(config: RuleConfig, priority = config.priority, table = config.table) {
    this.config = config;
    this.priority = priority;
    this.table = table;
    this.iif = config.iifname === "" ? 0 : -1;
    this.oif = config.oifname === "" ? 0 : -1;
  }
}

/** The rules of one family. */
export class RuleList {
  readonly family: number;
  readonly rules: FibRule[] = [];
  /** A rule was added once: look-ups go by the rules from then on, whatever they are. */
  isCustom = false;
  /** How many rules look at ports or protocols: only then are packets looked into. */
  deepCount = 0;

  /** The rules that are there from the beginning: those of `defaults`, by priority and table (fib_default_rule_add). */
  constructor(family: number, protocol: number, defaults: readonly (readonly [number, number])[]) {
    this.family = family;
    for (const [priority, table] of defaults) {
      this.rules.push(new FibRule({ ...anyPacket(family), priority, table, protocol }));
    }
  }
}

/** The rule that every packet fits, which callers change what they need of. */
export function anyPacket(family: number): RuleConfig {
  const noAddress = new Uint8Array(0);
  return {
    family,
    priority: 0,
    action: FR_ACT_TO_TBL,
    flags: 0,
    table: 0,
    target: 0,
    iifname: "",
    oifname: "",
    mark: 0,
    markMask: 0,
    tunnelId: 0n,
    isL3mdev: false,
    protocol: 0,
    suppressPrefixLength: -1,
    suppressGroup: -1,
    uidRange: undefined,
    ipProto: 0,
    sport: anyPort,
    dport: anyPort,
    sportMask: 0,
    dportMask: 0,
    source: noAddress,
    sourceLength: 0,
    destination: noAddress,
    destinationLength: 0,
    dscp: 0,
    dscpMask: 0,
    isDscpFull: false,
    hasDscpMask: false,
    realms: 0,
    flowLabel: 0,
    flowLabelMask: 0,
  };
}

/** Whether a range of ports says anything. */
export function isRange({ start, end }: PortRange): boolean {
  return start !== 0 && end !== 0;
}

/** No port in particular. */
export const anyPort: PortRange = { start: 0, end: 0 };

/** Rules name devices, which come, go and are renamed (fib_rules_event). */
export function followDevice({ rules }: RuleList, dev: Device, isThere: boolean): void {
  for (const rule of rules) {
    rule.iif = indexOf(rule.config.iifname, rule.iif, dev, isThere);
    rule.oif = indexOf(rule.config.oifname, rule.oif, dev, isThere);
  }
}

function indexOf(name: string, index: number, dev: Device, isThere: boolean): number {
  if (name === "") return 0;
  if (isThere && name === dev.name) return dev.ifindex;
  return index === dev.ifindex ? -1 : index;
}
