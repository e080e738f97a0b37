// `ip rule add` and `ip rule delete`: words → one request → the kernel's answer.
//
// Facts: ip-rule(8) and the behaviour of iproute2 6.1.

import type { RuleRequest } from "../../../client/rule.ts";
import { addRule, deleteRule, parseRule } from "../../../client/rule.ts";
import type { Answer } from "../../../netlink/client.ts";
import { errnoNumber } from "../../../uapi/errno.ts";
import * as fr from "../../../uapi/fib_rules.ts";
import { RT_TABLE_MAIN, RTM_DELRULE, RTN_NAT } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, usage, wrongArgument } from "../../exit.ts";
import { signed, unsigned } from "../../numbers.ts";
import { parseAddress, parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { validName } from "../link/ifname.ts";
import { dsfieldOf, ipProtocolOf, realmsOf, routeTypeOf } from "../route/names.ts";
import { deviceGroups, routeProtocols, routeTables } from "../tables.ts";
import { RULE_USAGE } from "./help.ts";
import { printRule } from "./print.ts";
import { takeMark, takePortRange, takeUidRange } from "./values.ts";

/** The request under construction. */
interface Said {
  readonly request: RuleRequest;
  /** The words say where packets go. */
  isTableSaid: boolean;
}

/** The largest tunnel id has 64 bits. */
const TUNNEL_ID = /^(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/;

const KEYWORDS: Keywords<Said> = [
  [["!not"], ({ request }) => void (request.flags = (request.flags ?? 0) | fr.FIB_RULE_INVERT)],
  [["!from"], ({ request }, words) => takeSource(request, words)],
  [["!to"], ({ request }, words) => takeDestination(request, words)],
  [
    ["preference", "order", "priority"],
    ({ request }, words) =>
      void (request.priority = needed(words, unsigned, "preference value is invalid\n")),
  ],
  [
    ["!tos", "dsfield"],
    ({ request }, words) => void (request.tos = needed(words, dsfieldOf, "TOS value is invalid\n")),
  ],
  [["!fwmark"], ({ request }, words) => takeFwmark(request, words)],
  [["realms"], ({ request }, words) => void (request.flow = needed(words, realmsOf, "invalid realms\n"))],
  [["protocol"], ({ request }, words) => takeProtocol(request, words)],
  [["tun_id"], ({ request }, words) => takeTunnel(request, words)],
  [["table", "!lookup"], takeTable],
  [["suppress_prefixlength", "!sup_pl"], ({ request }, words) => takeSuppressedLength(request, words)],
  [["suppress_ifgroup", "!sup_group"], ({ request }, words) => takeSuppressedGroup(request, words)],
  [["!dev", "!iif"], ({ request }, words) => void (request.iifname = validName(words.value(), 'iif"/"dev'))],
  [["!oif"], ({ request }, words) => void (request.oifname = validName(words.value(), "oif"))],
  [["!l3mdev"], takeL3mdev],
  [["!uidrange"], ({ request }, words) => void (request.uidRange = takeUidRange(words))],
  [["!nat", "map-to"], takeNat],
  [
    ["!ipproto"],
    ({ request }, words) => void (request.ipProto = needed(words, ipProtocolOf, 'Invalid "ipproto" value\n')),
  ],
  [["!sport"], ({ request }, words) => void (request.sportRange = takePortRange(words, "sport"))],
  [["!dport"], ({ request }, words) => void (request.dportRange = takePortRange(words, "dport"))],
];

/** Runs one of the commands that change rules. */
export async function modifyRule(ip: IpContext, words: Words, command: "add" | "delete"): Promise<number> {
  const isAdd = command === "add";
  if (words.count === 0) {
    throw new CommandExit(EXIT_FAILURE, `"ip rule ${isAdd ? "add" : "del"}" requires arguments.\n`);
  }
  const family = ip.options.family;
  const said: Said = {
    request: { family, action: isAdd ? fr.FR_ACT_TO_TBL : fr.FR_ACT_UNSPEC },
    isTableSaid: false,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) await take(said, words, ip);
    else takeAction(said, word, words);
  }
  const { request } = said;
  if (request.l3mdev !== undefined && (request.table ?? 0) !== 0) {
    throw new CommandExit(L3MDEV_EXIT, "table can not be specified for l3mdev rules\n");
  }
  if (request.family === AF_UNSPEC) request.family = AF_INET;
  if (!said.isTableSaid && isAdd) request.table = RT_TABLE_MAIN;
  const client = await ip.rtnl();
  const { echo } = ip.options;
  const answer = isAdd ? addRule(client, request, echo) : deleteRule(client, request, echo);
  await printEcho(ip, await ip.change(answer));
  return 0;
}

/** The exit code where iproute2 returns an errno. */
const L3MDEV_EXIT = errnoNumber("EINVAL");

function takeSource(request: RuleRequest, words: Words): void {
  const { address, prefixLength } = parsePrefix(words.value(), request.family);
  request.src = address;
  request.srcLen = prefixLength;
}

function takeDestination(request: RuleRequest, words: Words): void {
  const { address, prefixLength } = parsePrefix(words.value(), request.family);
  request.dst = address;
  request.dstLen = prefixLength;
}

function takeFwmark(request: RuleRequest, words: Words): void {
  const { mark, mask } = takeMark(words);
  request.fwmark = mark;
  request.fwmask = mask;
}

function takeProtocol(request: RuleRequest, words: Words): void {
  request.protocol = needed(words, (word) => routeProtocols.numberOf(word), '"protocol" value is invalid\n');
}

function takeTunnel(request: RuleRequest, words: Words): void {
  request.tunId = needed(
    words,
    (word) => (TUNNEL_ID.test(word) ? BigInt(word) : undefined),
    '"tun_id" value is invalid\n',
  );
}

function takeTable(said: Said, words: Words): void {
  said.request.table = needed(words, (word) => routeTables.numberOf(word), "invalid table ID\n");
  said.isTableSaid = true;
}

function takeSuppressedLength(request: RuleRequest, words: Words): void {
  const length = (word: string): number | undefined => {
    const value = signed(word);
    return value !== undefined && value >= 0 ? value : undefined;
  };
  request.suppressPrefixlen = needed(words, length, "suppress_prefixlength value is invalid\n");
}

function takeSuppressedGroup(request: RuleRequest, words: Words): void {
  request.suppressIfgroup = needed(
    words,
    (word) => deviceGroups.numberOf(word),
    'Invalid "suppress_ifgroup" value\n',
  );
}

function takeL3mdev(said: Said): void {
  said.request.l3mdev = 1;
  said.isTableSaid = true;
}

function takeNat({ request }: Said, words: Words, ip: IpContext): void {
  const word = words.value();
  ip.io.stderr("Warning: route NAT is deprecated\n");
  request.gateway = parseAddress(word, AF_INET).address;
  request.action = RTN_NAT;
}

/** `[ type ] TYPE`, `goto NUMBER` or `nop`. */
function takeAction(said: Said, typed: string, words: Words): void {
  const word = typed === "type" ? words.value() : typed;
  if (matches(word, "help")) throw usage(RULE_USAGE);
  const { request } = said;
  if (matches(word, "goto")) {
    request.goto = needed(words, unsigned, "invalid target\n");
    request.action = fr.FR_ACT_GOTO;
  } else if (matches(word, "nop")) request.action = fr.FR_ACT_NOP;
  else {
    const type = routeTypeOf(word);
    if (type === undefined) throw wrongArgument(word, "Failed to parse rule type");
    request.action = type;
  }
  said.isTableSaid = true;
}

/** Prints what the kernel sent back (-echo); in JSON an object in an object, as in iproute2. */
async function printEcho(ip: IpContext, { messages }: Answer): Promise<void> {
  if (!ip.options.echo) return;
  for (const message of messages) {
    await ip.print((out) => {
      out.openObject();
      out.openObject();
      printRule(ip, out, parseRule(message), message.type === RTM_DELRULE);
      out.closeObject();
      out.closeObject();
    });
  }
}
