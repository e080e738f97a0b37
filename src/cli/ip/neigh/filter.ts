// Which neighbours `ip neigh show` and `ip neigh flush` are about: words → filter.
//
// Facts: ip-neighbour(8) and the behaviour of iproute2 6.1.

import type { Neighbour } from "../../../client/neigh.ts";
import * as nd from "../../../uapi/neighbour.ts";
import { AF_UNSPEC } from "../../../uapi/socket.ts";
import { duplicate, usage, wrongArgument } from "../../exit.ts";
import type { Prefix } from "../../prefix.ts";
import { isInPrefix, parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { routeProtocols } from "../tables.ts";
import { NEIGH_USAGE } from "./help.ts";
import { stateOf } from "./states.ts";

/** Stands for "in no state" in a mask of states, whose own number is 0. */
const NONE_BIT = 0x100;

/** The master of links that have none, as the kernel takes it in NDA_MASTER. */
const NO_MASTER = 0xffff_ffff;

/** The states that are shown when none is asked for, and those that are flushed. */
export const SHOWN_STATES = 0xff & ~nd.NUD_NOARP;
export const FLUSHED_STATES = (0xff | NONE_BIT) & ~(nd.NUD_PERMANENT | nd.NUD_NOARP);

/** What is to be shown. Undefined means that it does not matter. */
export interface NeighbourFilter {
  family: number;
  dev: string | undefined;
  ifindex: number | undefined;
  master: number | undefined;
  to: Prefix | undefined;
  /** NUD_*, and NONE_BIT. */
  states: number;
  areStatesSaid: boolean;
  isUnused: boolean;
  isProxy: boolean;
  /** 0 for any. */
  protocol: number;
}

const KEYWORDS: Keywords<NeighbourFilter> = [
  [["!dev"], takeDevice],
  [["!master"], async (filter, words, ip) => void (filter.master = await masterOf(ip, words))],
  [["!vrf"], async (filter, words, ip) => void (filter.master = await vrfOf(ip, words))],
  [["!nomaster"], (filter) => void (filter.master = NO_MASTER)],
  [["!unused"], (filter) => void (filter.isUnused = true)],
  [["!nud"], takeState],
  [["!proxy"], (filter) => void (filter.isProxy = true)],
  [["protocol"], takeProtocol],
];

/** Reads the words; looks up the devices they name. `states` are those that matter when the words name none. */
export async function parseNeighbourFilter(
  ip: IpContext,
  words: Words,
  states: number,
): Promise<NeighbourFilter> {
  const filter: NeighbourFilter = {
    family: ip.options.family,
    dev: undefined,
    ifindex: undefined,
    master: undefined,
    to: undefined,
    states,
    areStatesSaid: false,
    isUnused: false,
    isProxy: false,
    protocol: 0,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) await take(filter, words, ip);
    else takePrefix(filter, word === "to" ? words.value() : word);
  }
  if (filter.dev !== undefined) filter.ifindex = await ip.links.need(filter.dev);
  return filter;
}

/** True when the filter lets a neighbour through. What is proxied or was learnt elsewhere is in no state that matters. */
export function wantsNeighbour(filter: NeighbourFilter, neighbour: Neighbour): boolean {
  const { state, flags, dst } = neighbour;
  if (filter.family !== AF_UNSPEC && filter.family !== neighbour.family) return false;
  if (filter.ifindex !== undefined && filter.ifindex !== neighbour.ifindex) return false;
  const isStateless = (flags & (nd.NTF_PROXY | nd.NTF_EXT_LEARNED)) !== 0;
  const stateBits = state === nd.NUD_NONE ? NONE_BIT : state;
  if (!isStateless && (filter.states & stateBits) === 0) return false;
  if (filter.protocol !== 0 && filter.protocol !== (neighbour.protocol ?? 0)) return false;
  if (filter.to !== undefined && filter.to.family !== AF_UNSPEC) {
    if (dst !== undefined && !isInPrefix(filter.to, dst)) return false;
  }
  return !filter.isUnused || (neighbour.cacheinfo?.refcnt ?? 0) === 0;
}

function takeDevice(filter: NeighbourFilter, words: Words): void {
  const word = words.value();
  if (filter.dev !== undefined) throw duplicate("dev", word);
  filter.dev = word;
}

async function masterOf(ip: IpContext, words: Words): Promise<number> {
  const name = words.value();
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw wrongArgument(name, "Device does not exist\n");
  return ifindex;
}

async function vrfOf(ip: IpContext, words: Words): Promise<number> {
  const name = words.value();
  const ifindex = await ip.links.findVrf(name);
  if (ifindex === undefined) throw wrongArgument(name, "Not a valid VRF name\n");
  return ifindex;
}

/** The first `nud` forgets the usual states, further ones add to it. */
function takeState(filter: NeighbourFilter, words: Words): void {
  if (!filter.areStatesSaid) filter.states = 0;
  filter.areStatesSaid = true;
  if (words.takeIf("all")) filter.states = 0xff | NONE_BIT;
  else filter.states |= needed(words, stateOf, "nud state is bad") || NONE_BIT;
}

function takePrefix(filter: NeighbourFilter, word: string): void {
  if (matches(word, "help")) throw usage(NEIGH_USAGE);
  filter.to = parsePrefix(word, filter.family);
  if (filter.family === AF_UNSPEC) filter.family = filter.to.family;
}

function takeProtocol(filter: NeighbourFilter, words: Words): void {
  if (words.takeIf("all")) filter.protocol = 0;
  else filter.protocol = needed(words, (word) => routeProtocols.numberOf(word), 'invalid "protocol"\n');
}
