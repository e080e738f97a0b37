// `ip rule show` and `ip rule flush`: words → filter → dump → text, JSON, or deletions.
//
// Facts: ip-rule(8) and the behaviour of iproute2 6.1. Flushing spares rules of priority 0, which say none.

import type { NumberRange, Rule } from "../../../client/rule.ts";
import { dumpRules, parseRule } from "../../../client/rule.ts";
import type { Message } from "../../../netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../netlink/message.ts";
import { FIB_RULE_INVERT } from "../../../uapi/fib_rules.ts";
import { RTM_DELRULE } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_UNSPEC } from "../../../uapi/socket.ts";
import { EXIT_USAGE, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Prefix } from "../../prefix.ts";
import { isInPrefix, parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { validName } from "../link/ifname.ts";
import { dsfieldOf, ipProtocolOf } from "../route/names.ts";
import { routeProtocols, routeTables } from "../tables.ts";
import { printRule } from "./print.ts";
import { takeMark, takePortRange, takeUidRange } from "./values.ts";

/** What is to be shown. Undefined means that it does not matter. */
interface RuleFilter {
  readonly family: number;
  priority: number | undefined;
  isInverted: boolean;
  tos: number | undefined;
  /** 0: does not matter, as with the mask. */
  fwmark: number;
  fwmask: number;
  iif: string | undefined;
  oif: string | undefined;
  isL3mdev: boolean;
  uidRange: NumberRange | undefined;
  tunId: bigint | undefined;
  table: number;
  src: Prefix | undefined;
  dst: Prefix | undefined;
  /** Matters to flushing alone. */
  protocol: number | undefined;
  ipProto: number;
  sport: NumberRange | undefined;
  dport: NumberRange | undefined;
}

const KEYWORDS: Keywords<RuleFilter> = [
  [
    ["preference", "order", "priority"],
    (filter, words) => void (filter.priority = needed(words, unsigned, "preference value is invalid\n")),
  ],
  [["!not"], (filter) => void (filter.isInverted = true)],
  [["!tos"], (filter, words) => void (filter.tos = needed(words, dsfieldOf, "TOS value is invalid\n"))],
  [["!fwmark"], takeFwmark],
  [["!dev", "!iif"], (filter, words) => void (filter.iif = validName(words.value(), 'iif"/"dev'))],
  [["!oif"], (filter, words) => void (filter.oif = validName(words.value(), "oif"))],
  [["!l3mdev"], (filter) => void (filter.isL3mdev = true)],
  [["!uidrange"], (filter, words) => void (filter.uidRange = takeUidRange(words))],
  [["tun_id"], takeTunnel],
  [["lookup", "table"], takeTable],
  [["from", "src"], (filter, words) => void (filter.src = parsePrefix(words.value(), filter.family))],
  [["protocol"], takeProtocol],
  [
    ["!ipproto"],
    (filter, words) => void (filter.ipProto = needed(words, ipProtocolOf, 'Invalid "ipproto" value\n')),
  ],
  [["!sport"], (filter, words) => void (filter.sport = takePortRange(words, "sport"))],
  [["!dport"], (filter, words) => void (filter.dport = takePortRange(words, "dport"))],
];

/** Lists the rules that the words ask for. */
export async function showRules(ip: IpContext, words: Words): Promise<number> {
  const filter = parseFilter(ip, words);
  const wanted = await findRules(ip, filter);
  await ip.print((out) => {
    for (const { rule } of wanted) {
      out.openObject();
      printRule(ip, out, rule);
      out.closeObject();
    }
  });
  return 0;
}

/** Deletes the rules that the words ask for, one after another; the first that is refused ends it. */
export async function flushRules(ip: IpContext, words: Words): Promise<number> {
  const filter = parseFilter(ip, words);
  const client = await ip.rtnl();
  for (const { message, rule } of await findRules(ip, filter)) {
    if (filter.protocol !== undefined && filter.protocol !== rule.protocol) continue;
    if (rule.priority === undefined) continue;
    const body = message.bytes.subarray(NLMSG_HDRLEN);
    await ip.dump(client.request(RTM_DELRULE, 0, (writer) => writer.raw(body)));
  }
  return 0;
}

/** How a refused dump of rules ends the command. */
const DUMP_REFUSED = { code: EXIT_USAGE, text: "Dump terminated\n" };

interface Found {
  readonly message: Message;
  readonly rule: Rule;
}

async function findRules(ip: IpContext, filter: RuleFilter): Promise<Found[]> {
  const messages = await ip.dump(dumpRules(await ip.rtnl(), filter.family), DUMP_REFUSED);
  return messages
    .map((message) => ({ message, rule: parseRule(message) }))
    .filter(({ rule }) => wantsRule(filter, rule));
}

function parseFilter(ip: IpContext, words: Words): RuleFilter {
  const { family } = ip.options;
  const filter: RuleFilter = {
    family: family === AF_UNSPEC ? AF_INET : family,
    priority: undefined,
    isInverted: false,
    tos: undefined,
    fwmark: 0,
    fwmask: 0,
    iif: undefined,
    oif: undefined,
    isL3mdev: false,
    uidRange: undefined,
    tunId: undefined,
    table: 0,
    src: undefined,
    dst: undefined,
    protocol: undefined,
    ipProto: 0,
    sport: undefined,
    dport: undefined,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) void take(filter, words, ip);
    else {
      const isKeyword = matches(word, "dst") || matches(word, "to");
      filter.dst = parsePrefix(isKeyword ? words.value() : word, filter.family);
    }
  }
  return filter;
}

function takeFwmark(filter: RuleFilter, words: Words): void {
  const { mark, mask = 0 } = takeMark(words);
  filter.fwmark = mark;
  filter.fwmask = mask;
}

function takeTunnel(filter: RuleFilter, words: Words): void {
  const id = (word: string) => (/^\d+$/.test(word) ? BigInt(word) : undefined);
  filter.tunId = needed(words, id, '"tun_id" value is invalid\n');
}

function takeTable(filter: RuleFilter, words: Words): void {
  filter.table = needed(words, (word) => routeTables.numberOf(word), "table id value is invalid\n");
}

function takeProtocol(filter: RuleFilter, words: Words): void {
  const word = words.value();
  const protocol = routeProtocols.numberOf(word);
  if (protocol === undefined && word !== "all") throw wrongArgument(word, 'invalid "protocol"\n');
  filter.protocol = protocol;
}

/** True when the filter lets a rule through. */
function wantsRule(filter: RuleFilter, rule: Rule): boolean {
  const isOneOf = (asked: number, value: number | undefined) => asked === 0 || asked === (value ?? 0);
  const isSame = <Value>(asked: Value | undefined, value: Value | undefined) =>
    asked === undefined || asked === value;
  return (
    rule.family === filter.family &&
    isSame(filter.priority, rule.priority ?? 0) &&
    (!filter.isInverted || (rule.flags & FIB_RULE_INVERT) !== 0) &&
    isWithin(filter.src, rule.family, rule.src, rule.srcLen) &&
    isWithin(filter.dst, rule.family, rule.dst, rule.dstLen) &&
    isSame(filter.tos, rule.tos) &&
    isOneOf(filter.fwmark, rule.fwmark) &&
    isOneOf(filter.fwmask, rule.fwmask) &&
    isSame(filter.iif, rule.iifname) &&
    isSame(filter.oif, rule.oifname) &&
    (!filter.isL3mdev || (rule.l3mdev ?? 0) !== 0) &&
    isSameRange(filter.uidRange, rule.uidRange) &&
    isSame(filter.tunId, rule.tunId) &&
    isOneOf(filter.ipProto, rule.ipProto) &&
    isSameRange(filter.sport, rule.sportRange) &&
    isSameRange(filter.dport, rule.dportRange) &&
    isOneOf(filter.table, rule.table)
  );
}

function isWithin(
  prefix: Prefix | undefined,
  family: number,
  address: Uint8Array | undefined,
  length: number,
): boolean {
  if (prefix === undefined || prefix.family === AF_UNSPEC) return true;
  if (prefix.family !== family || prefix.prefixLength > length) return false;
  return prefix.prefixLength === 0 || (address !== undefined && isInPrefix(prefix, address));
}

function isSameRange(asked: NumberRange | undefined, range: NumberRange | undefined): boolean {
  return asked === undefined || (asked.start === range?.start && asked.end === range.end);
}
