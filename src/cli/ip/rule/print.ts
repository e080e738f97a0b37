// A rule as `ip rule` prints it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1.

import type { NumberRange, Rule } from "../../../client/rule.ts";
import * as fr from "../../../uapi/fib_rules.ts";
import { RTN_NAT, RTPROT_KERNEL } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import type { Color } from "../../color.ts";
import type { Output } from "../../output.ts";
import { addressText } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import { dsfieldName, ipProtocolName, realms, routeTypeName } from "../route/names.ts";
import { deviceGroups, routeProtocols, routeTables } from "../tables.ts";

const ALL_BITS = 0xffff_ffff;

/** Prints a rule on its line. */
export function printRule(ip: IpContext, out: Output, rule: Rule, isDeleted = false): void {
  const { numeric } = ip.options;
  if (isDeleted) out.field("deleted", true, "Deleted ");
  const priority = rule.priority ?? 0;
  out.field("priority", priority, `${priority}:\t`);
  if ((rule.flags & fr.FIB_RULE_INVERT) !== 0) out.field("not", null, "not ");
  printPrefix(out, rule.family, "src", "from ", rule.src, rule.srcLen);
  if (rule.srcLen === 0 && rule.src === undefined) out.field("src", "all", "from all");
  printPrefix(out, rule.family, "dst", " to ", rule.dst, rule.dstLen);
  if (rule.tos !== 0) {
    const tos = dsfieldName(rule.tos, numeric);
    out.field("tos", tos, ` tos ${tos}`);
  }
  printMark(out, rule);
  printDevice(out, "iif", rule.iifname, (rule.flags & fr.FIB_RULE_IIF_DETACHED) !== 0);
  printDevice(out, "oif", rule.oifname, (rule.flags & fr.FIB_RULE_OIF_DETACHED) !== 0);
  if ((rule.l3mdev ?? 0) !== 0) out.field("l3mdev", null, " lookup [l3mdev-table]");
  if (rule.uidRange !== undefined) {
    const { start, end } = rule.uidRange;
    out.field("uid_start", start, ` uidrange ${start}`);
    out.field("uid_end", end, `-${end}`);
  }
  if (rule.ipProto !== undefined) {
    const name = ipProtocolName(rule.ipProto, numeric);
    out.field("ipproto", name, ` ipproto ${name}`);
  }
  printPorts(out, "sport", rule.sportRange);
  printPorts(out, "dport", rule.dportRange);
  if (rule.tunId !== undefined) out.field("tun_id", rule.tunId, ` tun_id ${rule.tunId}`);
  printTable(ip, out, rule);
  if (rule.flow !== undefined) printRealms(ip, out, rule.flow);
  printAction(ip, out, rule);
  printProtocol(ip, out, rule.protocol);
  out.text("\n");
}

function printPrefix(
  out: Output,
  family: number,
  key: "src" | "dst",
  words: string,
  address: Uint8Array | undefined,
  length: number,
): void {
  if (address === undefined && length === 0) return;
  out.text(words);
  if (address === undefined) out.field(key, "0", "0");
  else {
    const text = addressText(address);
    out.field(key, text, text, familyColor(family));
    if (length === address.length * 8) return;
  }
  out.field(`${key}len`, length, `/${length}`);
}

function familyColor(family: number): Color | undefined {
  return family === AF_INET ? "inet" : family === AF_INET6 ? "inet6" : undefined;
}

/** Hexadecimal as C's %#x has it: 0 without a prefix. */
function hex(value: number): string {
  return value === 0 ? "0" : `0x${value.toString(16)}`;
}

function printMark(out: Output, { fwmark, fwmask }: Rule): void {
  if (fwmark === undefined && fwmask === undefined) return;
  const mark = hex(fwmark ?? 0);
  out.field("fwmark", mark, ` fwmark ${mark}`);
  if (fwmask === undefined || fwmask === ALL_BITS) return;
  out.field("fwmask", hex(fwmask), `/${hex(fwmask)}`);
}

function printDevice(out: Output, key: "iif" | "oif", name: string | undefined, isDetached: boolean): void {
  if (name === undefined) return;
  out.text(` ${key} `);
  out.field(key, name, name, "ifname");
  if (isDetached) out.field(`${key}_detached`, null, " [detached]");
}

function printPorts(out: Output, key: "sport" | "dport", range: NumberRange | undefined): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (start === end) out.field(key, start, ` ${key} ${start}`);
  else {
    out.field(`${key}_start`, start, ` ${key} ${start}`);
    out.field(`${key}_end`, end, `-${end}`);
  }
}

/** The table, and which of its routes are passed over. */
function printTable(ip: IpContext, out: Output, { suppressIfgroup, suppressPrefixlen, table }: Rule): void {
  if (table === 0) return;
  const { numeric } = ip.options;
  const name = routeTables.nameOf(table, numeric);
  out.field("table", name, ` lookup ${name}`);
  if (suppressPrefixlen !== undefined && suppressPrefixlen !== ALL_BITS) {
    const length = suppressPrefixlen | 0;
    out.field("suppress_prefixlen", length, ` suppress_prefixlength ${length}`);
  }
  if (suppressIfgroup !== undefined && suppressIfgroup !== ALL_BITS) {
    const group = deviceGroups.nameOf(suppressIfgroup, numeric);
    out.field("suppress_ifgroup", group, ` suppress_ifgroup ${group}`);
  }
}

function printRealms(ip: IpContext, out: Output, flow: number): void {
  const { numeric } = ip.options;
  const from = flow >>> 16;
  const to = realms.nameOf(flow & 0xffff, numeric);
  if (from === 0) out.text(" realms ");
  else {
    const name = realms.nameOf(from, numeric);
    out.field("flow_from", name, ` realms ${name}/`);
  }
  out.field("flow_to", to, to);
}

function printAction(ip: IpContext, out: Output, rule: Rule): void {
  switch (rule.action) {
    case RTN_NAT:
      if (rule.gateway === undefined) out.field("masquerade", null, " masquerade");
      else {
        const gateway = addressText(rule.gateway);
        out.field("nat_gateway", gateway, ` map-to ${gateway}`);
      }
      return;
    case fr.FR_ACT_GOTO:
      if (rule.goto === undefined) out.field("goto", "none", " goto none");
      else out.field("goto", rule.goto, ` goto ${rule.goto}`);
      if ((rule.flags & fr.FIB_RULE_UNRESOLVED) !== 0) out.field("unresolved", null, " [unresolved]");
      return;
    case fr.FR_ACT_NOP:
      out.field("nop", null, " nop");
      return;
    case fr.FR_ACT_TO_TBL:
      return;
    default: {
      const name = routeTypeName(rule.action, ip.options.numeric);
      out.field("action", name, ` ${name}`);
    }
  }
}

/** Who made the rule: what is usual is said with -details only. */
function printProtocol(ip: IpContext, out: Output, protocol: number | undefined): void {
  if (protocol === undefined) return;
  const { details, numeric } = ip.options;
  if ((protocol === 0 || protocol === RTPROT_KERNEL) && !details) return;
  const name = routeProtocols.nameOf(protocol, numeric);
  out.field("protocol", name, ` proto ${name}`);
}
