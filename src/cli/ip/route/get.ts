// `ip route get`: words → one request → the route that a packet would take.
//
// Facts: ip-route(8) and the behaviour of iproute2 6.1.

import type { Route, RouteRequest } from "../../../client/route.ts";
import { lookUpRoute } from "../../../client/route.ts";
import * as rt from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, EXIT_REFUSED, usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import { parseAddress, parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { ROUTE_USAGE } from "./help.ts";
import { dsfieldOf, ipProtocolOf } from "./names.ts";
import { loadForRoutes, printRoute } from "./print.ts";

/** How a refusal ends the command. */
const REFUSED = { code: EXIT_REFUSED, text: "" };

/** The request under construction, and the words that are looked up at the end. */
interface Said {
  readonly request: RouteRequest;
  oif: string | undefined;
  iif: string | undefined;
  isFromSaid: boolean;
  isAddressSaid: boolean;
  isConnected: boolean;
  isFibMatch: boolean;
  isNotify: boolean;
}

const KEYWORDS: Keywords<Said> = [
  [["from"], takeFrom],
  [
    ["!tos", "dsfield"],
    ({ request }, words) => void (request.tos = needed(words, dsfieldOf, "TOS value is invalid\n")),
  ],
  [["iif"], (said, words) => void (said.iif = words.value())],
  [["mark"], ({ request }, words) => void (request.mark = needed(words, unsigned, "invalid mark value"))],
  [["oif", "!dev"], (said, words) => void (said.oif = words.value())],
  [["notify"], (said) => void (said.isNotify = true)],
  [["connected"], (said) => void (said.isConnected = true)],
  [["vrf"], takeVrf],
  [["uid"], ({ request }, words) => void (request.uid = needed(words, unsigned, "invalid UID\n"))],
  [["fibmatch"], (said) => void (said.isFibMatch = true)],
  [["!as"], ({ request }, words) => takeNewdst(request, words)],
  [["sport"], ({ request }, words) => void (request.sport = needed(words, portOf, "invalid sport\n"))],
  [["dport"], ({ request }, words) => void (request.dport = needed(words, portOf, "invalid dport\n"))],
  [
    ["ipproto"],
    ({ request }, words) => void (request.ipProto = needed(words, ipProtocolOf, 'Invalid "ipproto" value\n')),
  ],
];

/** Prints the route that the words ask for. */
export async function getRoute(ip: IpContext, words: Words): Promise<number> {
  const said = await parseRequest(ip, words);
  const { request } = said;
  if (!said.isAddressSaid) throw new CommandExit(EXIT_FAILURE, "need at least a destination address\n");
  if (said.iif !== undefined) request.iif = await ip.links.need(said.iif);
  if (said.oif !== undefined) request.oif = await ip.links.need(said.oif);
  if (request.family === AF_UNSPEC) request.family = AF_INET;
  request.flags =
    (request.family === AF_INET ? rt.RTM_F_LOOKUP_TABLE : 0) |
    (said.isFibMatch ? rt.RTM_F_FIB_MATCH : 0) |
    (said.isNotify ? rt.RTM_F_NOTIFY : 0);
  const first = await lookUp(ip, request);
  await ip.print((out) => {
    out.openObject();
    printRoute(ip, out, first);
    out.closeObject();
  });
  if (said.isConnected && !said.isFromSaid) {
    // `connected` asks a second time, and says the answer as text.
    const second = await lookUp(ip, request);
    const out = ip.output({ json: false });
    printRoute(ip, out, second);
    out.flush();
  }
  return 0;
}

async function lookUp(ip: IpContext, request: RouteRequest): Promise<Route> {
  const route = await ip.dump(lookUpRoute(await ip.rtnl(), request), REFUSED);
  await loadForRoutes(ip, [route]);
  return route;
}

async function parseRequest(ip: IpContext, words: Words): Promise<Said> {
  const said: Said = {
    request: { family: ip.options.family },
    oif: undefined,
    iif: undefined,
    isFromSaid: false,
    isAddressSaid: false,
    isConnected: false,
    isFibMatch: false,
    isNotify: false,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) await take(said, words, ip);
    else takeAddress(said, word === "to" ? words.value() : word, ip);
  }
  return said;
}

function takeFrom(said: Said, words: Words): void {
  const { request } = said;
  said.isFromSaid = true;
  const prefix = parsePrefix(words.value(), request.family);
  if (request.family === AF_UNSPEC) request.family = prefix.family;
  request.src = prefix.address;
  request.srcLen = prefix.prefixLength;
}

function takeNewdst(request: RouteRequest, words: Words): void {
  words.takeIf("to");
  request.newdst = parseAddress(words.value(), request.family).address;
}

async function takeVrf(said: Said, words: Words, ip: IpContext): Promise<void> {
  const name = words.value();
  if ((await ip.links.findVrf(name)) === undefined) throw wrongArgument(name, "Invalid VRF\n");
  said.oif = name;
}

/** The destination; what is no host's address is taken for one, with a warning. */
function takeAddress(said: Said, word: string, ip: IpContext): void {
  const { request } = said;
  if (matches(word, "help")) throw usage(ROUTE_USAGE);
  const { family, address, prefixLength } = parsePrefix(word, request.family);
  said.isAddressSaid = true;
  if (request.family === AF_UNSPEC) request.family = family;
  request.dst = address;
  request.dstLen = prefixLength;
  const bits = request.family === AF_INET ? 32 : request.family === AF_INET6 ? 128 : prefixLength;
  if (prefixLength === bits) return;
  ip.io.stderr(`Warning: /${prefixLength} as prefix is invalid, only /${bits} (or none) is supported.\n`);
  request.dstLen = bits;
}

function portOf(word: string): number | undefined {
  return unsigned(word, 16);
}
