// Words → what they say of a route: behind `ip route add`, `replace`, `delete` and their kin.
//
// Facts: ip-route(8) and the behaviour of iproute2 6.1. *Omitted:* encapsulations, which are refused by name.

import { RTNH_F_ONLINK } from "../../../uapi/rtnetlink.ts";
import { AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, garbage, usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import { parseAddress, parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { familyNumber, routeProtocols, routeTables, scopes } from "../tables.ts";
import { ROUTE_USAGE } from "./help.ts";
import { METRIC_KEYWORDS } from "./metrics.ts";
import { dsfieldOf, preferenceOf, realmsOf, routeTypeOf } from "./names.ts";
import { vrfTable } from "./vrf.ts";
import type { HopWords, RouteWords } from "./words.ts";

/** In iproute2's order: `p` is priority, `t` is table. */
const KEYWORDS: Keywords<RouteWords> = [
  [["!src"], (said, words) => void (said.prefsrc = addressOf(said, words))],
  [["!as"], (said, words) => takeNewdst(said, said, words)],
  [["!via"], (said, words) => takeVia(said, said, words)],
  [["!from"], (said, words) => takeFrom(said, words)],
  [
    ["!tos", "dsfield"],
    (said, words) => void (said.tos = needed(words, dsfieldOf, '"tos" value is invalid\n')),
  ],
  [
    ["!expires"],
    (said, words) => void (said.expiresSeconds = needed(words, unsigned, '"expires" value is invalid\n')),
  ],
  [
    ["metric", "priority", "!preference"],
    (said, words) => void (said.priority = needed(words, unsigned, '"metric" value is invalid\n')),
  ],
  [["!scope"], (said, words) => void (said.scope = needed(words, scopeOf, 'invalid "scope" value\n'))],
  ...METRIC_KEYWORDS,
  [["realms"], (said, words) => takeFlow(said, words)],
  [["!onlink"], (said) => void (said.flags |= RTNH_F_ONLINK)],
  [["!nexthop"], (said) => void (said.hasNexthops = true)],
  [["!nhid"], (said, words) => void (said.nhId = needed(words, unsigned, '"id" value is invalid\n'))],
  [
    ["protocol"],
    (said, words) => void (said.protocol = needed(words, protocolOf, '"protocol" value is invalid\n')),
  ],
  [["table"], (said, words) => void (said.table = needed(words, tableOf, '"table" value is invalid\n'))],
  [["vrf"], async (said, words, ip) => void (said.table = await vrfTable(ip, words.value()))],
  [["!dev", "!oif"], (said, words) => void (said.dev = words.value())],
  [["pref"], (said, words) => void (said.pref = needed(words, preferenceOf, '"pref" value is invalid\n'))],
  [["!encap"], (_, words) => refuseEncap(words)],
  [
    ["!ttl-propagate"],
    (said, words) => void (said.ttlPropagate = needed(words, switchOf, '"ttl-propagate" value is invalid\n')),
  ],
];

/** Reads all the words, or those up to the first `nexthop`. */
export async function parseRouteWords(ip: IpContext, words: Words): Promise<RouteWords> {
  const said: RouteWords = { family: ip.options.family, flags: 0, metrics: {}, hasNexthops: false };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take === undefined) takeDestination(said, word, words);
    else await take(said, words, ip);
    if (said.hasNexthops) {
      words.back();
      break;
    }
  }
  if (said.dst === undefined) throw usage(ROUTE_USAGE);
  return said;
}

/** `[ to ] [ TYPE ] PREFIX` */
function takeDestination(said: RouteWords, typed: string, words: Words): void {
  let word = typed === "to" ? words.value() : typed;
  const type = /^[0-9]/.test(word) ? undefined : routeTypeOf(word);
  if (type !== undefined) {
    said.type = type;
    word = words.value();
  }
  if (matches(word, "help")) throw usage(ROUTE_USAGE);
  if (said.dst !== undefined) throw garbage("to", word);
  said.dst = parsePrefix(word, said.family);
  if (said.family === AF_UNSPEC) said.family = said.dst.family;
}

function takeFrom(said: RouteWords, words: Words): void {
  said.src = parsePrefix(words.value(), said.family);
  if (said.family === AF_UNSPEC) said.family = said.src.family;
}

function addressOf(said: RouteWords, words: Words): Uint8Array {
  const { family, address } = parseAddress(words.value(), said.family);
  if (said.family === AF_UNSPEC) said.family = family;
  return address;
}

/** Takes `via [ FAMILY ] ADDRESS` of the route `said`, for it or for one of its next hops. */
export function takeVia(said: { family: number }, hop: HopWords, words: Words): void {
  const named = familyNumber(words.peek ?? "");
  if (named !== undefined) words.take();
  const { family, address } = parseAddress(words.value(), named ?? said.family);
  if (said.family === AF_UNSPEC) said.family = family;
  if (family === said.family) hop.gateway = address;
  else hop.via = { family, address };
}

/** Takes `as [ to ] ADDRESS`. */
export function takeNewdst(said: { readonly family: number }, hop: HopWords, words: Words): void {
  words.takeIf("to");
  hop.newdst = parseAddress(words.value(), said.family).address;
}

/** Takes `realms REALMS`. */
export function takeFlow(hop: HopWords, words: Words): void {
  hop.flow = needed(words, realmsOf, '"realm" value is invalid\n');
}

const ENCAPSULATIONS = ["mpls", "ip", "ip6", "ila", "bpf", "seg6", "seg6local", "rpl", "ioam6", "xfrm"];

/** Takes `encap TYPE`, which there is none of. */
export function refuseEncap(words: Words): never {
  const word = words.value();
  if (!ENCAPSULATIONS.includes(word)) throw wrongArgument(word, '"encap type" value is invalid\n');
  throw new CommandExit(EXIT_FAILURE, `Encapsulation "${word}" is not supported by uveth.\n`);
}

function scopeOf(word: string): number | undefined {
  return scopes.numberOf(word);
}

function protocolOf(word: string): number | undefined {
  return routeProtocols.numberOf(word);
}

function tableOf(word: string): number | undefined {
  return routeTables.numberOf(word);
}

function switchOf(word: string): boolean | undefined {
  if (word === "") return undefined;
  return matches(word, "enabled") ? true : matches(word, "disabled") ? false : undefined;
}
