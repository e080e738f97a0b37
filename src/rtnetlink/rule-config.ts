// What a request about a policy rule asks for: attributes → RuleConfig.
//
// Mirrors net/core/fib_rules.c (fib_rule_policy, fib_nl2rule), net/ipv4/fib_rules.c (fib4_rule_configure) and
// net/ipv6/fib6_rules.c (fib6_rule_configure) with their order, errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import { getU16, getU32 } from "../bytes/endian.ts";
import { tableFor } from "../inet/ipv4/fib-change.ts";
import { table6For } from "../inet/ipv6/fib-change.ts";
import type { IpNetns } from "../inet/netns.ts";
import type { RuleChange } from "../inet/rules/change.ts";
import type { PortRange, RuleConfig } from "../inet/rules/rule.ts";
import { anyPacket, anyPort } from "../inet/rules/rule.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { min, policy, string, u8, u16, u32, u64 } from "../netlink/policy.ts";
import * as fr from "../uapi/fib_rules.ts";
import { IFNAMSIZ } from "../uapi/if.ts";
import { RT_TABLE_LOCAL, RT_TABLE_UNSPEC } from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";

const maxDscp = 63;

/** fib_rule_policy */
const rulePolicy = policy(
  fr.FRA_MAX,
  {
    [fr.FRA_DST]: min("dst", 0),
    [fr.FRA_SRC]: min("src", 0),
    [fr.FRA_IIFNAME]: string("iifname", IFNAMSIZ - 1),
    [fr.FRA_GOTO]: u32("goto"),
    [fr.FRA_PRIORITY]: u32("priority"),
    [fr.FRA_FWMARK]: u32("fwmark"),
    [fr.FRA_FLOW]: min("flow", 0),
    [fr.FRA_TUN_ID]: u64("tunId"),
    [fr.FRA_SUPPRESS_IFGROUP]: u32("suppressIfgroup"),
    [fr.FRA_SUPPRESS_PREFIXLEN]: u32("suppressPrefixlen"),
    [fr.FRA_TABLE]: u32("table"),
    [fr.FRA_FWMASK]: u32("fwmask"),
    [fr.FRA_OIFNAME]: string("oifname", IFNAMSIZ - 1),
    [fr.FRA_L3MDEV]: u8("l3mdev"),
    [fr.FRA_UID_RANGE]: min("uidRange", fr.FIB_RULE_UID_RANGE_SIZE),
    [fr.FRA_PROTOCOL]: u8("protocol"),
    [fr.FRA_IP_PROTO]: u8("ipProto"),
    [fr.FRA_SPORT_RANGE]: min("sportRange", fr.FIB_RULE_PORT_RANGE_SIZE),
    [fr.FRA_DPORT_RANGE]: min("dportRange", fr.FIB_RULE_PORT_RANGE_SIZE),
    [fr.FRA_DSCP]: u8("dscp", { range: [0, maxDscp] }),
    [fr.FRA_FLOWLABEL]: u32("flowlabel"),
    [fr.FRA_FLOWLABEL_MASK]: u32("flowlabelMask"),
    [fr.FRA_SPORT_MASK]: u16("sportMask"),
    [fr.FRA_DPORT_MASK]: u16("dportMask"),
    [fr.FRA_DSCP_MASK]: u8("dscpMask", { mask: maxDscp }),
  },
  fr.FRA_DPORT_RANGE + 1,
);

type RuleAttributes = Parsed<typeof rulePolicy>;

/** The header, `struct fib_rule_hdr`. */
interface RuleHeader {
  readonly family: number;
  readonly destinationLength: number;
  readonly sourceLength: number;
  readonly tos: number;
  readonly table: number;
  readonly action: number;
  readonly flags: number;
}

/** Reads a request to add or delete a rule of the family of `ip` that its header names. */
export function ruleChangeOf(request: Request, ip: IpNetns): RuleChange {
  const { message, origin } = request;
  const header = readHeader(message.bytes);
  const attrs = parse(request);
  const config = configOf(header, attrs);
  return {
    config,
    hasPriority: attrs.priority !== undefined,
    nlFlags: message.flags,
    origin,
    configure: () =>
      header.family === AF_INET ? tableOf4(ip, header, config, attrs) : tableOf6(ip, header, config, attrs),
  };
}

function readHeader(bytes: Uint8Array): RuleHeader {
  const at = (offset: number) => bytes[NLMSG_HDRLEN + offset] ?? 0;
  return {
    family: at(fr.FIB_RULE_HDR_FAMILY),
    destinationLength: at(fr.FIB_RULE_HDR_DST_LEN),
    sourceLength: at(fr.FIB_RULE_HDR_SRC_LEN),
    tos: at(fr.FIB_RULE_HDR_TOS),
    table: at(fr.FIB_RULE_HDR_TABLE),
    action: at(fr.FIB_RULE_HDR_ACTION),
    flags: getU32(bytes, NLMSG_HDRLEN + fr.FIB_RULE_HDR_FLAGS),
  };
}

/** Whatever the parser finds wrong, its text is this one. */
function parse({ message }: Request): RuleAttributes {
  try {
    return parseMessage(message, fr.FIB_RULE_HDR_SIZE, rulePolicy);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new NetlinkError(error.code, "Error parsing msg", error);
  }
}

function configOf(header: RuleHeader, attrs: RuleAttributes): RuleConfig {
  const { family, sourceLength, destinationLength } = header;
  const source = prefixOf(family, attrs.src, sourceLength, "Invalid source address");
  const destination = prefixOf(family, attrs.dst, destinationLength, "Invalid dst address");
  const { fwmark = 0, fwmask, l3mdev } = attrs;
  if (l3mdev !== undefined && l3mdev !== 1) throw invalid("Invalid l3mdev attribute");
  const config = {
    ...anyPacket(family),
    priority: attrs.priority ?? 0,
    action: header.action,
    flags: header.flags,
    table: attrs.table ?? header.table,
    target: gotoOf(header.action, attrs.goto),
    iifname: attrs.iifname ?? "",
    oifname: attrs.oifname ?? "",
    mark: fwmark,
    markMask: fwmask ?? (fwmark === 0 ? 0 : 0xffff_ffff),
    tunnelId: attrs.tunId ?? 0n,
    isL3mdev: l3mdev === 1,
    protocol: attrs.protocol ?? 0,
    suppressPrefixLength: (attrs.suppressPrefixlen ?? -1) | 0,
    suppressGroup: (attrs.suppressIfgroup ?? -1) | 0,
    ipProto: attrs.ipProto ?? 0,
    source,
    sourceLength,
    destination,
    destinationLength,
    realms: attrs.flow === undefined || attrs.flow.length < 4 || family !== AF_INET ? 0 : attrs.flow.u32(),
  };
  if (config.isL3mdev && config.table !== RT_TABLE_UNSPEC) {
    throw invalid("l3mdev and table are mutually exclusive");
  }
  return { ...config, uidRange: uidRangeOf(attrs.uidRange), ...portsOf(attrs), ...classOf(header, attrs) };
}

function prefixOf(
  family: number,
  attribute: Attribute | undefined,
  length: number,
  text: string,
): Uint8Array {
  if (length === 0) return new Uint8Array(0);
  const size = family === AF_INET ? 4 : 16;
  if (attribute === undefined || length > size * 8 || attribute.length !== size) throw invalid(text);
  return attribute.copy();
}

function gotoOf(action: number, target: number | undefined): number {
  if (target !== undefined && action !== fr.FR_ACT_GOTO) throw invalid("Unexpected goto");
  if (target === undefined && action === fr.FR_ACT_GOTO) {
    throw invalid("Missing goto target for action goto");
  }
  return target ?? 0;
}

const noUid = 0xffff_ffff;

function uidRangeOf(attribute: Attribute | undefined): PortRange | undefined {
  if (attribute === undefined) return undefined;
  const start = getU32(attribute.bytes, attribute.start + fr.FIB_RULE_UID_RANGE_START);
  const end = getU32(attribute.bytes, attribute.start + fr.FIB_RULE_UID_RANGE_END);
  if (start === noUid || end === noUid || start > end) throw invalid("Invalid uid range");
  return { start, end };
}

type Ports = Pick<RuleConfig, "sport" | "dport" | "sportMask" | "dportMask">;

const allBits = 0xffff;

function portsOf(attrs: RuleAttributes): Ports {
  const sport = portRangeOf(attrs.sportRange, "Invalid sport range");
  const sportMask = portMaskOf(sport, attrs, "sportMask");
  const dport = portRangeOf(attrs.dportRange, "Invalid dport range");
  const dportMask = portMaskOf(dport, attrs, "dportMask");
  return { sport, sportMask, dport, dportMask };
}

function portRangeOf(attribute: Attribute | undefined, text: string): PortRange {
  if (attribute === undefined) return anyPort;
  const start = getU16(attribute.bytes, attribute.start + fr.FIB_RULE_PORT_RANGE_START);
  const end = getU16(attribute.bytes, attribute.start + fr.FIB_RULE_PORT_RANGE_END);
  if (start === 0 || end === 0 || end === allBits || start > end) throw invalid(text);
  return { start, end };
}

/** One port alone is compared in all its bits unless the request says which. */
function portMaskOf(range: PortRange, attrs: RuleAttributes, name: "sportMask" | "dportMask"): number {
  const mask = attrs[name];
  const isSingle = range.start !== 0 && range.start === range.end;
  if (mask === undefined) return isSingle ? allBits : 0;
  if (range.start === 0) throw invalid("Cannot specify port mask without port value", attrs, name);
  if (!isSingle) throw invalid("Cannot specify port mask for port range", attrs, name);
  if ((range.start & ~mask) !== 0) throw invalid("Invalid port mask", attrs, name);
  return mask;
}

type TrafficClass = Pick<
  RuleConfig,
  "dscp" | "dscpMask" | "isDscpFull" | "hasDscpMask" | "flowLabel" | "flowLabelMask"
>;

const ecnMask = 0x03;
const dscpBits = 0xfc;
/** What IPv4 knows as the type of service: a rule cannot ask for the precedence in the header. */
const tosBits = 0x1c;
const maxFlowLabel = 0x000f_ffff;

/** What the rule asks of the traffic class, checked when a rule is added (fib4_rule_configure, fib6_rule_configure). */
function classOf({ tos }: RuleHeader, attrs: RuleAttributes): TrafficClass {
  const isDscpFull = attrs.dscp !== undefined;
  const dscp = isDscpFull ? (attrs.dscp ?? 0) << 2 : tos;
  const hasDscpMask = attrs.dscpMask !== undefined;
  const dscpMask = hasDscpMask ? (attrs.dscpMask ?? 0) << 2 : isDscpFull || tos !== 0 ? dscpBits : 0;
  const label = swapped(attrs.flowlabel ?? 0);
  const hasLabel = attrs.flowlabel !== undefined;
  const flowLabelMask =
    attrs.flowlabelMask !== undefined ? swapped(attrs.flowlabelMask) : hasLabel ? maxFlowLabel : 0;
  return { dscp, dscpMask, isDscpFull, hasDscpMask, flowLabel: label, flowLabelMask };
}

function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** Checks what a rule of IPv4 may say, once it is to be added; returns its table, the first unused one for none. */
function tableOf4(ip: IpNetns, header: RuleHeader, config: RuleConfig, attrs: RuleAttributes): number {
  const { action, flowLabelMask, isL3mdev, table } = config;
  if (flowLabelMask !== 0) throw invalid("Flow label cannot be specified for IPv4 FIB rules");
  checkClass(header, config, attrs, () => {
    if ((header.tos & ~tosBits) !== 0) throw invalid("Invalid tos");
  });
  if (table !== RT_TABLE_UNSPEC || isL3mdev || action !== fr.FR_ACT_TO_TBL) return table;
  for (let id = 1; id <= RT_TABLE_LOCAL; id++) {
    if (!ip.tables.has(id)) return tableFor(ip, id).id;
  }
  throw new NetlinkError("ENOBUFS");
}

function tableOf6(ip: IpNetns, header: RuleHeader, config: RuleConfig, attrs: RuleAttributes): number {
  const { action, isL3mdev, table } = config;
  checkClass(header, config, attrs, () => {});
  if (action !== fr.FR_ACT_TO_TBL || isL3mdev) return table;
  if (table === RT_TABLE_UNSPEC) throw invalid("Invalid table");
  return table6For(ip, table).id;
}

function checkClass(
  { tos }: RuleHeader,
  { dscp, dscpMask, hasDscpMask, isDscpFull }: RuleConfig,
  attrs: RuleAttributes,
  checkTos: () => void,
): void {
  if ((tos & ecnMask) !== 0) throw invalid("Invalid dsfield (tos): ECN bits must be 0");
  checkTos();
  if (isDscpFull && tos !== 0) throw invalid("Cannot specify both TOS and DSCP");
  if (!hasDscpMask) return;
  if (!isDscpFull) throw invalid("Cannot specify DSCP mask without DSCP value", attrs, "dscpMask");
  if ((dscp & ~dscpMask) !== 0) throw invalid("Invalid DSCP mask", attrs, "dscpMask");
}
