// Words → filter: behind `ip route show` and `ip route flush`.
//
// Facts: ip-route(8) and the behaviour of iproute2 6.1.

import { RT_TABLE_UNSPEC } from "../../../uapi/rtnetlink.ts";
import { AF_UNSPEC } from "../../../uapi/socket.ts";
import { usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import { parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { familyNumber, routeProtocols, routeTables, scopes } from "../tables.ts";
import type { PrefixRange, RouteFilter } from "./filter.ts";
import { newRouteFilter } from "./filter.ts";
import { ROUTE_USAGE } from "./help.ts";
import { dsfieldOf, realmsOf, routeTypeOf } from "./names.ts";
import { vrfTable } from "./vrf.ts";

/** The filter under construction, and the devices as they were typed. */
interface Said {
  readonly filter: RouteFilter;
  oif: string | undefined;
  iif: string | undefined;
}

const KEYWORDS: Keywords<Said> = [
  [["table"], ({ filter }, words) => takeTable(filter, words.value())],
  [["vrf"], async ({ filter }, words, ip) => void (filter.table = await vrfTable(ip, words.value()))],
  [["cached", "cloned"], ({ filter }) => void (filter.isCached = true)],
  [
    ["!tos", "dsfield"],
    ({ filter }, words) => void (filter.tos = needed(words, dsfieldOf, "TOS value is invalid\n")),
  ],
  [
    ["protocol"],
    ({ filter }, words) => void (filter.protocol = unlessAll(words, protocolOf, 'invalid "protocol"\n')),
  ],
  [["scope"], ({ filter }, words) => void (filter.scope = unlessAll(words, scopeOf, 'invalid "scope"\n'))],
  [
    ["metric", "priority", "!preference"],
    ({ filter }, words) => void (filter.metric = needed(words, unsigned, '"metric" value is invalid\n')),
  ],
  [
    ["type"],
    ({ filter }, words) => void (filter.type = needed(words, routeTypeOf, "node type value is invalid\n")),
  ],
  [["!dev", "!oif"], (said, words) => void (said.oif = words.value())],
  [["!iif"], (said, words) => void (said.iif = words.value())],
  [["!mark"], ({ filter }, words) => void (filter.mark = needed(words, unsigned, "invalid mark value"))],
  [["!via"], ({ filter }, words) => takeVia(filter, words)],
  [["!src"], ({ filter }, words) => void (filter.prefsrc = parsePrefix(words.value(), filter.family))],
  [["realms"], ({ filter }, words) => takeRealms(filter, words.value())],
  [["from"], ({ filter }, words) => takeRange(filter, filter.src, words.value(), words)],
];

/** Reads all the words; looks up the devices they name. */
export async function parseRouteFilter(ip: IpContext, words: Words): Promise<RouteFilter> {
  const said: Said = { filter: newRouteFilter(ip.options.family), oif: undefined, iif: undefined };
  const { filter } = said;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) await take(said, words, ip);
    else takeRange(filter, filter.dst, word === "to" ? words.value() : word, words);
  }
  if (said.iif !== undefined) filter.iif = await ip.links.need(said.iif);
  if (said.oif !== undefined) filter.oif = await ip.links.need(said.oif);
  return filter;
}

/** As `needed`; the word "all" asks for nothing. */
function unlessAll(
  words: Words,
  parse: (word: string) => number | undefined,
  reason: string,
): number | undefined {
  return words.takeIf("all") ? undefined : needed(words, parse, reason);
}

function protocolOf(word: string): number | undefined {
  return routeProtocols.numberOf(word);
}

function scopeOf(word: string): number | undefined {
  return scopes.numberOf(word);
}

function takeTable(filter: RouteFilter, word: string): void {
  const table = routeTables.numberOf(word);
  if (table !== undefined) filter.table = table;
  else if (word === "all") filter.table = RT_TABLE_UNSPEC;
  else if (word === "cache") filter.isCached = true;
  else if (word === "help") throw usage(ROUTE_USAGE);
  else throw wrongArgument(word, "table id value is invalid\n");
}

function takeVia(filter: RouteFilter, words: Words): void {
  const named = familyNumber(words.peek ?? "");
  if (named !== undefined) words.take();
  filter.via = parsePrefix(words.value(), named ?? filter.family);
}

/** A realm stands for the one of the destination; with a slash behind it for that of the source. */
function takeRealms(filter: RouteFilter, word: string): void {
  const value = realmsOf(word);
  if (value === undefined) throw wrongArgument(word, "invalid realms\n");
  const mask = word.includes("/") ? (word.endsWith("/") ? 0xffff_0000 : 0xffff_ffff) : 0xffff;
  filter.realms = { value, mask };
}

/** `root PREFIX`, `match PREFIX`, `exact PREFIX` or the prefix alone, which is exact. */
function takeRange(filter: RouteFilter, range: PrefixRange, typed: string, words: Words): void {
  const isRoot = matches(typed, "root");
  const isMatch = !isRoot && matches(typed, "match");
  const isKeyword = isRoot || isMatch || matches(typed, "exact");
  const word = isKeyword ? words.value() : typed;
  const parsed = parsePrefix(word, filter.family);
  // Without a family, "default" stands for the default routes, "any" and "all" for everything.
  const prefix = parsed.family === AF_UNSPEC && word !== "default" ? undefined : parsed;
  if (!isMatch) range.root = prefix;
  if (!isRoot) range.match = prefix;
}
