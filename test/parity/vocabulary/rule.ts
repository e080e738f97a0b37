// Policy rules: RTM_NEWRULE and DELRULE requests, and rules as text.

import { setU16, setU32 } from "../../../src/bytes/endian.ts";
import type { Message } from "../../../src/netlink/message.ts";
import type { MessageWriter } from "../../../src/netlink/writer.ts";
import * as fr from "../../../src/uapi/fib_rules.ts";
import { AF_INET } from "../../../src/uapi/socket.ts";
import { attributeNames, messageText } from "./message.ts";
import type { AttributeWriters } from "./request.ts";
import { writeAttributes } from "./request.ts";
import { ipBytes } from "./text.ts";

/** The fields of struct fib_rule_hdr. */
export interface RuleHeader {
  readonly family?: number;
  readonly dstLen?: number;
  readonly srcLen?: number;
  readonly tos?: number;
  readonly headerTable?: number;
  /** FR_ACT_TO_TBL by default. */
  readonly action?: number;
  readonly flags?: number;
}

/** The attributes of a request; ranges are pairs. */
export interface RuleAttributes {
  readonly dst?: string;
  readonly src?: string;
  readonly iifname?: string;
  readonly oifname?: string;
  readonly goto?: number;
  readonly priority?: number;
  readonly fwmark?: number;
  readonly fwmask?: number;
  readonly tunId?: bigint;
  readonly flow?: number;
  readonly table?: number;
  readonly suppressPrefixlen?: number;
  readonly suppressIfgroup?: number;
  readonly l3mdev?: number;
  readonly protocol?: number;
  readonly uidRange?: readonly [number, number];
  readonly ipProto?: number;
  readonly sportRange?: readonly [number, number];
  readonly dportRange?: readonly [number, number];
  readonly sportMask?: number;
  readonly dportMask?: number;
  readonly dscp?: number;
  readonly dscpMask?: number;
  /** Whatever else: written here. */
  readonly more?: (writer: MessageWriter) => void;
}

export interface RuleRequest extends RuleHeader, RuleAttributes {}

const ruleWriters: AttributeWriters<RuleAttributes> = {
  dst: (writer, address) => writer.binary(fr.FRA_DST, ipBytes(address)),
  src: (writer, address) => writer.binary(fr.FRA_SRC, ipBytes(address)),
  iifname: (writer, name) => writer.string(fr.FRA_IIFNAME, name),
  oifname: (writer, name) => writer.string(fr.FRA_OIFNAME, name),
  goto: (writer, target) => writer.u32(fr.FRA_GOTO, target),
  priority: (writer, priority) => writer.u32(fr.FRA_PRIORITY, priority),
  fwmark: (writer, mark) => writer.u32(fr.FRA_FWMARK, mark),
  fwmask: (writer, mask) => writer.u32(fr.FRA_FWMASK, mask),
  tunId: (writer, id) => writer.u64(fr.FRA_TUN_ID, id),
  flow: (writer, flow) => writer.u32(fr.FRA_FLOW, flow),
  table: (writer, table) => writer.u32(fr.FRA_TABLE, table),
  suppressPrefixlen: (writer, length) => writer.u32(fr.FRA_SUPPRESS_PREFIXLEN, length),
  suppressIfgroup: (writer, group) => writer.u32(fr.FRA_SUPPRESS_IFGROUP, group),
  l3mdev: (writer, value) => writer.u8(fr.FRA_L3MDEV, value),
  protocol: (writer, protocol) => writer.u8(fr.FRA_PROTOCOL, protocol),
  uidRange: (writer, [start, end]) => {
    const at = writer.attribute(fr.FRA_UID_RANGE, fr.FIB_RULE_UID_RANGE_SIZE);
    setU32(writer.bytes, at, start);
    setU32(writer.bytes, at + 4, end);
  },
  ipProto: (writer, protocol) => writer.u8(fr.FRA_IP_PROTO, protocol),
  sportRange: (writer, range) => writePorts(writer, fr.FRA_SPORT_RANGE, range),
  dportRange: (writer, range) => writePorts(writer, fr.FRA_DPORT_RANGE, range),
  sportMask: (writer, mask) => writer.u16(fr.FRA_SPORT_MASK, mask),
  dportMask: (writer, mask) => writer.u16(fr.FRA_DPORT_MASK, mask),
  dscp: (writer, dscp) => writer.u8(fr.FRA_DSCP, dscp),
  dscpMask: (writer, mask) => writer.u8(fr.FRA_DSCP_MASK, mask),
  more: (writer, write) => write(writer),
};

function writePorts(writer: MessageWriter, type: number, [start, end]: readonly [number, number]): void {
  const at = writer.attribute(type, fr.FIB_RULE_PORT_RANGE_SIZE);
  setU16(writer.bytes, at, start);
  setU16(writer.bytes, at + 2, end);
}

/** Writes struct fib_rule_hdr and the attributes. */
export function writeRule(writer: MessageWriter, request: RuleRequest): void {
  const at = writer.reserve(fr.FIB_RULE_HDR_SIZE);
  writer.bytes[at + fr.FIB_RULE_HDR_FAMILY] = request.family ?? AF_INET;
  writer.bytes[at + fr.FIB_RULE_HDR_DST_LEN] = request.dstLen ?? 0;
  writer.bytes[at + fr.FIB_RULE_HDR_SRC_LEN] = request.srcLen ?? 0;
  writer.bytes[at + fr.FIB_RULE_HDR_TOS] = request.tos ?? 0;
  writer.bytes[at + fr.FIB_RULE_HDR_TABLE] = request.headerTable ?? 0;
  writer.bytes[at + fr.FIB_RULE_HDR_ACTION] = request.action ?? fr.FR_ACT_TO_TBL;
  setU32(writer.bytes, at + fr.FIB_RULE_HDR_FLAGS, request.flags ?? 0);
  writeAttributes<RuleAttributes>(writer, ruleWriters, request);
}

/** A rule: its header, then its attributes. */
export function ruleText(message: Message): string {
  return messageText(message, fr.FIB_RULE_HDR_SIZE, attributeNames(fr, "FRA_"));
}
