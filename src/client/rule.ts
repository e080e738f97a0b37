// Policy rules over rtnetlink: list, add, delete.
//
// Mirrors <linux/fib_rules.h> (struct fib_rule_hdr) and net/core/fib_rules.c. Names are those of
// Documentation/netlink/specs/rt-rule.yaml in camelCase.

import { getU16, getU32, setU16, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { policy, string, u8, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as fr from "../uapi/fib_rules.ts";
import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from "../uapi/netlink.ts";
import { RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from "../uapi/rtnetlink.ts";
import { reads } from "./answer.ts";

/** An inclusive range. */
export interface NumberRange {
  readonly start: number;
  readonly end: number;
}

const ruleAttributes = policy(fr.FRA_MAX, {
  [fr.FRA_DST]: reads("dst", (attribute) => attribute.copy()),
  [fr.FRA_SRC]: reads("src", (attribute) => attribute.copy()),
  [fr.FRA_IIFNAME]: string("iifname"),
  [fr.FRA_GOTO]: u32("goto"),
  [fr.FRA_UNUSED2]: reads("gateway", (attribute) => attribute.copy()),
  [fr.FRA_PRIORITY]: u32("priority"),
  [fr.FRA_FWMARK]: u32("fwmark"),
  [fr.FRA_FLOW]: u32("flow"),
  [fr.FRA_TUN_ID]: reads("tunId", tunnelId),
  [fr.FRA_SUPPRESS_IFGROUP]: u32("suppressIfgroup"),
  [fr.FRA_SUPPRESS_PREFIXLEN]: u32("suppressPrefixlen"),
  [fr.FRA_TABLE]: u32("table"),
  [fr.FRA_FWMASK]: u32("fwmask"),
  [fr.FRA_OIFNAME]: string("oifname"),
  [fr.FRA_L3MDEV]: u8("l3mdev"),
  [fr.FRA_UID_RANGE]: reads("uidRange", uidRange),
  [fr.FRA_PROTOCOL]: u8("protocol"),
  [fr.FRA_IP_PROTO]: u8("ipProto"),
  [fr.FRA_SPORT_RANGE]: reads("sportRange", portRange),
  [fr.FRA_DPORT_RANGE]: reads("dportRange", portRange),
});

/** A rule as the kernel reports it: `src` and `dst` are 4 or 16 bytes, `action` is FR_ACT_*, `flags` are FIB_RULE_*. */
export type Rule = Parsed<typeof ruleAttributes> & {
  readonly family: number;
  readonly dstLen: number;
  readonly srcLen: number;
  readonly tos: number;
  readonly table: number;
  readonly action: number;
  readonly flags: number;
};

function tunnelId({ bytes, start }: Attribute): bigint {
  const view = bytes.subarray(start, start + 8);
  return view.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function uidRange({ bytes, start }: Attribute): NumberRange {
  return {
    start: getU32(bytes, start + fr.FIB_RULE_UID_RANGE_START),
    end: getU32(bytes, start + fr.FIB_RULE_UID_RANGE_END),
  };
}

function portRange({ bytes, start }: Attribute): NumberRange {
  return {
    start: getU16(bytes, start + fr.FIB_RULE_PORT_RANGE_START),
    end: getU16(bytes, start + fr.FIB_RULE_PORT_RANGE_END),
  };
}

/** Reads an RTM_NEWRULE or RTM_DELRULE. */
export function parseRule(message: Message): Rule {
  const at = (offset: number) => message.bytes[NLMSG_HDRLEN + offset] ?? 0;
  const attrs = parseMessage(message, fr.FIB_RULE_HDR_SIZE, ruleAttributes);
  return {
    ...attrs,
    family: at(fr.FIB_RULE_HDR_FAMILY),
    dstLen: at(fr.FIB_RULE_HDR_DST_LEN),
    srcLen: at(fr.FIB_RULE_HDR_SRC_LEN),
    tos: at(fr.FIB_RULE_HDR_TOS),
    table: attrs.table ?? at(fr.FIB_RULE_HDR_TABLE),
    action: at(fr.FIB_RULE_HDR_ACTION),
    flags: getU32(message.bytes, NLMSG_HDRLEN + fr.FIB_RULE_HDR_FLAGS),
  };
}

/** A rule as it is asked for. What is undefined is zero in the header, or left out. */
export interface RuleRequest {
  family: number;
  src?: Uint8Array | undefined;
  srcLen?: number | undefined;
  dst?: Uint8Array | undefined;
  dstLen?: number | undefined;
  tos?: number | undefined;
  table?: number | undefined;
  action?: number | undefined;
  flags?: number | undefined;
  iifname?: string | undefined;
  oifname?: string | undefined;
  goto?: number | undefined;
  gateway?: Uint8Array | undefined;
  priority?: number | undefined;
  fwmark?: number | undefined;
  fwmask?: number | undefined;
  flow?: number | undefined;
  tunId?: bigint | undefined;
  suppressIfgroup?: number | undefined;
  suppressPrefixlen?: number | undefined;
  l3mdev?: number | undefined;
  uidRange?: NumberRange | undefined;
  protocol?: number | undefined;
  ipProto?: number | undefined;
  sportRange?: NumberRange | undefined;
  dportRange?: NumberRange | undefined;
}

/** Adds a rule; NetlinkError EEXIST if it is there. With `isEcho` the answer holds it as it has become. */
export function addRule(client: NetlinkClient, request: RuleRequest, isEcho = false): Promise<Answer> {
  const flags = NLM_F_CREATE | NLM_F_EXCL | (isEcho ? NLM_F_ECHO : 0);
  return client.request(RTM_NEWRULE, flags, (writer) => writeRule(writer, request));
}

/** Deletes the first rule that fits; NetlinkError ENOENT if there is none. */
export function deleteRule(client: NetlinkClient, request: RuleRequest, isEcho = false): Promise<Answer> {
  return client.request(RTM_DELRULE, isEcho ? NLM_F_ECHO : 0, (writer) => writeRule(writer, request));
}

/** Lists the rules of a family as messages, which can be sent back to delete them. */
export async function dumpRules(client: NetlinkClient, family: number): Promise<readonly Message[]> {
  const answer = await client.dump(RTM_GETRULE, (writer) => writeHeader(writer, { family }));
  return answer.messages;
}

const largestHeaderTable = 255;

function writeHeader(writer: MessageWriter, request: RuleRequest): void {
  const at = writer.reserve(fr.FIB_RULE_HDR_SIZE);
  const { bytes } = writer;
  const { table = 0 } = request;
  bytes[at + fr.FIB_RULE_HDR_FAMILY] = request.family;
  bytes[at + fr.FIB_RULE_HDR_DST_LEN] = request.dstLen ?? 0;
  bytes[at + fr.FIB_RULE_HDR_SRC_LEN] = request.srcLen ?? 0;
  bytes[at + fr.FIB_RULE_HDR_TOS] = request.tos ?? 0;
  bytes[at + fr.FIB_RULE_HDR_TABLE] = table <= largestHeaderTable ? table : 0;
  bytes[at + fr.FIB_RULE_HDR_ACTION] = request.action ?? 0;
  setU32(bytes, at + fr.FIB_RULE_HDR_FLAGS, request.flags ?? 0);
}

function writeRule(writer: MessageWriter, request: RuleRequest): void {
  writeHeader(writer, request);
  const { table = 0 } = request;
  if (request.src !== undefined) writer.binary(fr.FRA_SRC, request.src);
  if (request.dst !== undefined) writer.binary(fr.FRA_DST, request.dst);
  if (table > largestHeaderTable) writer.u32(fr.FRA_TABLE, table);
  if (request.iifname !== undefined) writer.string(fr.FRA_IIFNAME, request.iifname);
  if (request.oifname !== undefined) writer.string(fr.FRA_OIFNAME, request.oifname);
  if (request.goto !== undefined) writer.u32(fr.FRA_GOTO, request.goto);
  if (request.gateway !== undefined) writer.binary(fr.FRA_UNUSED2, request.gateway);
  if (request.priority !== undefined) writer.u32(fr.FRA_PRIORITY, request.priority);
  if (request.fwmark !== undefined) writer.u32(fr.FRA_FWMARK, request.fwmark);
  if (request.fwmask !== undefined) writer.u32(fr.FRA_FWMASK, request.fwmask);
  if (request.flow !== undefined) writer.u32(fr.FRA_FLOW, request.flow);
  if (request.tunId !== undefined) writeTunnelId(writer, request.tunId);
  if (request.suppressIfgroup !== undefined) writer.u32(fr.FRA_SUPPRESS_IFGROUP, request.suppressIfgroup);
  if (request.suppressPrefixlen !== undefined)
    writer.u32(fr.FRA_SUPPRESS_PREFIXLEN, request.suppressPrefixlen);
  if (request.l3mdev !== undefined) writer.u8(fr.FRA_L3MDEV, request.l3mdev);
  if (request.uidRange !== undefined) {
    const at = writer.attribute(fr.FRA_UID_RANGE, fr.FIB_RULE_UID_RANGE_SIZE);
    setU32(writer.bytes, at + fr.FIB_RULE_UID_RANGE_START, request.uidRange.start);
    setU32(writer.bytes, at + fr.FIB_RULE_UID_RANGE_END, request.uidRange.end);
  }
  if (request.protocol !== undefined) writer.u8(fr.FRA_PROTOCOL, request.protocol);
  if (request.ipProto !== undefined) writer.u8(fr.FRA_IP_PROTO, request.ipProto);
  if (request.sportRange !== undefined) writePorts(writer, fr.FRA_SPORT_RANGE, request.sportRange);
  if (request.dportRange !== undefined) writePorts(writer, fr.FRA_DPORT_RANGE, request.dportRange);
}

function writeTunnelId(writer: MessageWriter, id: bigint): void {
  const at = writer.attribute(fr.FRA_TUN_ID, 8);
  for (let index = 0; index < 8; index++) {
    writer.bytes[at + index] = Number((id >> BigInt(8 * (7 - index))) & 0xffn);
  }
}

function writePorts(writer: MessageWriter, type: number, { start, end }: NumberRange): void {
  const at = writer.attribute(type, fr.FIB_RULE_PORT_RANGE_SIZE);
  setU16(writer.bytes, at + fr.FIB_RULE_PORT_RANGE_START, start);
  setU16(writer.bytes, at + fr.FIB_RULE_PORT_RANGE_END, end);
}
