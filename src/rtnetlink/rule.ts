// Policy rules: RTM_NEWRULE, RTM_DELRULE, dumps, and what RTNLGRP_IPV4_RULE and RTNLGRP_IPV6_RULE hear.
//
// Mirrors net/core/fib_rules.c (fib_newrule, fib_delrule, fib_nl_dumprule, fib_nl_fill_rule, notify_rule_change) with their errno
// and texts. *Omitted:* the rules of multicast routing.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setBe32, setU16, setU32 } from "../bytes/endian.ts";
import type { IpNetns } from "../inet/netns.ts";
import { addRule, deleteRule } from "../inet/rules/change.ts";
import type { FibRule, PortRange, RuleList } from "../inet/rules/rule.ts";
import { isRange } from "../inet/rules/rule.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Netns, Origin } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as fr from "../uapi/fib_rules.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { ruleChangeOf } from "./rule-config.ts";

/** Answers RTM_NEWRULE. */
export function newRule(request: Request): void {
  const { ip, list } = listOf(request);
  const change = ruleChangeOf(request, ip);
  addRule(ip, list, change);
}

/** Answers RTM_DELRULE: the first rule that fits goes. */
export function delRule(request: Request): void {
  const { ip, list } = listOf(request);
  deleteRule(ip, list, ruleChangeOf(request, ip));
}

function listOf({ message, netns }: Request): { readonly ip: IpNetns; readonly list: RuleList } {
  if (message.payloadLength < fr.FIB_RULE_HDR_SIZE) throw invalid("Invalid msg length");
  const ip = ipNetns(netns);
  const list = rulesOf(ip, message.bytes[NLMSG_HDRLEN] ?? AF_UNSPEC);
  if (list === undefined) throw new NetlinkError("EAFNOSUPPORT", "Rule family not supported");
  return { ip, list };
}

function rulesOf(ip: IpNetns, family: number): RuleList | undefined {
  if (family === AF_INET) return ip.rules4;
  return family === AF_INET6 ? ip.rules6 : undefined;
}

/** Dumps the rules of one family, or of all. */
export function* dumpRules(request: Request, control: DumpControl): Dump {
  const { message, netns, sender } = request;
  if (sender.isStrict) checkDump(message.bytes);
  const ip = ipNetns(netns);
  const family = message.bytes[NLMSG_HDRLEN] ?? AF_UNSPEC;
  const own = rulesOf(ip, family);
  if (own === undefined && family !== AF_UNSPEC) throw new NetlinkError("EAFNOSUPPORT");
  for (const { rules } of own === undefined ? [ip.rules4, ip.rules6] : [own]) {
    for (const rule of [...rules]) {
      control.writer.begin(rt.RTM_NEWRULE, NLM_F_MULTI, request.origin.seq, request.origin.portId);
      fillRule(control.writer, rule);
      control.writer.end();
      yield;
    }
  }
}

/** What a strict dump may say: its family alone (fib_valid_dumprule_req). */
function checkDump(bytes: Uint8Array): void {
  const size = bytes.length - NLMSG_HDRLEN;
  if (size < fr.FIB_RULE_HDR_SIZE) throw invalid("Invalid header for fib rule dump request");
  const isZero = bytes
    .subarray(NLMSG_HDRLEN + 1, NLMSG_HDRLEN + fr.FIB_RULE_HDR_SIZE)
    .every((byte) => byte === 0);
  if (!isZero) throw invalid("Invalid values in header for fib rule dump request");
  if (size > fr.FIB_RULE_HDR_SIZE) throw invalid("Invalid data after header in fib rule dump request");
}

/** Tells of a rule that came or went (notify_rule_change). */
export function announceRule(
  rtnetlink: Rtnetlink,
  netns: Netns,
  type: "new" | "del",
  rule: FibRule,
  origin: Origin | undefined,
): void {
  const group = rule.config.family === AF_INET ? rt.RTNLGRP_IPV4_RULE : rt.RTNLGRP_IPV6_RULE;
  rtnetlink.notify(group, netns, origin, (writer) => {
    const message = type === "new" ? rt.RTM_NEWRULE : rt.RTM_DELRULE;
    writer.begin(message, 0, origin?.seq ?? 0, origin?.portId ?? 0);
    fillRule(writer, rule);
    writer.end();
  });
}

const largestHeaderTable = 255;

/** Writes a rule's header and attributes (fib_nl_fill_rule). */
function fillRule(writer: MessageWriter, rule: FibRule): void {
  const { config, priority, table } = rule;
  const at = writer.reserve(fr.FIB_RULE_HDR_SIZE);
  const { bytes } = writer;
  bytes[at + fr.FIB_RULE_HDR_FAMILY] = config.family;
  bytes[at + fr.FIB_RULE_HDR_DST_LEN] = config.destinationLength;
  bytes[at + fr.FIB_RULE_HDR_SRC_LEN] = config.sourceLength;
  bytes[at + fr.FIB_RULE_HDR_TOS] = config.isDscpFull ? 0 : config.dscp;
  bytes[at + fr.FIB_RULE_HDR_TABLE] = table <= largestHeaderTable ? table : rt.RT_TABLE_COMPAT;
  bytes[at + fr.FIB_RULE_HDR_ACTION] = config.action;
  setU32(bytes, at + fr.FIB_RULE_HDR_FLAGS, flagsOf(rule));
  writer.u32(fr.FRA_TABLE, table);
  writer.u32(fr.FRA_SUPPRESS_PREFIXLEN, config.suppressPrefixLength >>> 0);
  writer.u8(fr.FRA_PROTOCOL, config.protocol);
  if (config.iifname !== "") writer.string(fr.FRA_IIFNAME, config.iifname);
  if (config.oifname !== "") writer.string(fr.FRA_OIFNAME, config.oifname);
  if (priority !== 0) writer.u32(fr.FRA_PRIORITY, priority);
  if (config.mark !== 0) writer.u32(fr.FRA_FWMARK, config.mark);
  if (config.mark !== 0 || config.markMask !== 0) writer.u32(fr.FRA_FWMASK, config.markMask);
  if (config.target !== 0) writer.u32(fr.FRA_GOTO, config.target);
  if (config.tunnelId !== 0n) writer.u64(fr.FRA_TUN_ID, config.tunnelId);
  if (config.isL3mdev) writer.u8(fr.FRA_L3MDEV, 1);
  if (config.uidRange !== undefined) putUidRange(writer, config.uidRange);
  putPorts(writer, fr.FRA_SPORT_RANGE, config.sport, fr.FRA_SPORT_MASK, config.sportMask);
  putPorts(writer, fr.FRA_DPORT_RANGE, config.dport, fr.FRA_DPORT_MASK, config.dportMask);
  if (config.ipProto !== 0) writer.u8(fr.FRA_IP_PROTO, config.ipProto);
  if (config.suppressGroup !== -1) writer.u32(fr.FRA_SUPPRESS_IFGROUP, config.suppressGroup >>> 0);
  fillFamily(writer, rule);
}

function flagsOf({ config, iif, next, oif }: FibRule): number {
  let { flags } = config;
  if (config.action === fr.FR_ACT_GOTO && next === null) flags |= fr.FIB_RULE_UNRESOLVED;
  if (iif === -1) flags |= fr.FIB_RULE_IIF_DETACHED;
  if (oif === -1) flags |= fr.FIB_RULE_OIF_DETACHED;
  return flags >>> 0;
}

function putUidRange(writer: MessageWriter, { start, end }: PortRange): void {
  const at = writer.attribute(fr.FRA_UID_RANGE, fr.FIB_RULE_UID_RANGE_SIZE);
  setU32(writer.bytes, at + fr.FIB_RULE_UID_RANGE_START, start);
  setU32(writer.bytes, at + fr.FIB_RULE_UID_RANGE_END, end);
}

function putPorts(
  writer: MessageWriter,
  type: number,
  range: PortRange,
  maskType: number,
  mask: number,
): void {
  if (isRange(range)) {
    const at = writer.attribute(type, fr.FIB_RULE_PORT_RANGE_SIZE);
    setU16(writer.bytes, at + fr.FIB_RULE_PORT_RANGE_START, range.start);
    setU16(writer.bytes, at + fr.FIB_RULE_PORT_RANGE_END, range.end);
  }
  if (mask !== 0) writer.u16(maskType, mask);
}

/** What the families add (fib4_rule_fill, fib6_rule_fill). */
function fillFamily(writer: MessageWriter, { config }: FibRule): void {
  if (config.isDscpFull) {
    writer.u8(fr.FRA_DSCP, config.dscp >>> 2);
    writer.u8(fr.FRA_DSCP_MASK, config.dscpMask >>> 2);
  }
  if (config.destinationLength !== 0) writer.binary(fr.FRA_DST, config.destination);
  if (config.sourceLength !== 0) writer.binary(fr.FRA_SRC, config.source);
  if (config.realms !== 0) writer.u32(fr.FRA_FLOW, config.realms);
  if (config.flowLabelMask !== 0) {
    putBe32(writer, fr.FRA_FLOWLABEL, config.flowLabel);
    putBe32(writer, fr.FRA_FLOWLABEL_MASK, config.flowLabelMask);
  }
}

function putBe32(writer: MessageWriter, type: number, value: number): void {
  const at = writer.attribute(type, 4);
  setBe32(writer.bytes, at, value);
}
