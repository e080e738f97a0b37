// `ip neigh add`, `change`, `replace`, `delete`: words → one request → the kernel's answer.
//
// Facts: ip-neighbour(8) and the behaviour of iproute2 6.1.

import type { NeighbourRequest } from "../../../client/neigh.ts";
import { deleteNeighbour, putNeighbour } from "../../../client/neigh.ts";
import * as nd from "../../../uapi/neighbour.ts";
import { AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, duplicate, EXIT_USAGE, garbage, usage } from "../../exit.ts";
import { linkAddress } from "../../ll-address.ts";
import type { Prefix } from "../../prefix.ts";
import { parseAddress } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { routeProtocols } from "../tables.ts";
import { NEIGH_USAGE } from "./help.ts";
import { stateOf } from "./states.ts";

/** What the words said. */
interface Said {
  readonly family: number;
  dst?: Prefix;
  dev?: string;
  lladdr?: string;
  state: number;
  flags: number;
  flagsExt?: number;
  protocol?: number;
}

/** In iproute2's order: `p` is proxy. */
const KEYWORDS: Keywords<Said> = [
  [["lladdr"], takeLinkAddress],
  [["!nud"], takeState],
  [["proxy"], takeProxy],
  [["!router"], (said) => void (said.flags |= nd.NTF_ROUTER)],
  [["!use"], (said) => void (said.flags |= nd.NTF_USE)],
  [["!managed"], takeManaged],
  [["extern_learn"], takeLearned],
  [["!dev"], (said, words) => void (said.dev = words.value())],
  [
    ["protocol"],
    (said, words) => void (said.protocol = needed(words, protocolOf, '"protocol" value is invalid\n')),
  ],
];

/** Runs one of the commands that change neighbours. */
export async function modifyNeighbour(
  ip: IpContext,
  words: Words,
  command: "add" | "change" | "replace" | "delete",
): Promise<number> {
  const said: Said = { family: ip.options.family, state: nd.NUD_PERMANENT, flags: 0 };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) await take(said, words, ip);
    else takeDestination(said, word, words);
  }
  const request = await requestOf(ip, said);
  const client = await ip.rtnl();
  const answer =
    command === "delete" ? deleteNeighbour(client, request) : putNeighbour(client, command, request);
  try {
    await ip.change(answer);
  } catch (error) {
    // A refusal ends a batch too, -force or not.
    throw error instanceof CommandExit ? new CommandExit(error.code, error.text, true) : error;
  }
  return 0;
}

async function requestOf(ip: IpContext, said: Said): Promise<NeighbourRequest> {
  const { dst, dev, state, flags, flagsExt, protocol } = said;
  const isProxy = (flags & nd.NTF_PROXY) !== 0;
  if (dst === undefined || dst.family === AF_UNSPEC || (dev === undefined && !isProxy)) {
    throw new CommandExit(EXIT_USAGE, "Device and destination are required arguments.\n");
  }
  const lladdr = said.lladdr === undefined || said.lladdr === "null" ? undefined : linkAddress(said.lladdr);
  const ifindex = dev === undefined ? 0 : await ip.links.need(dev);
  return { family: dst.family, ifindex, state, flags, flagsExt, dst: dst.address, lladdr, protocol };
}

function takeLinkAddress(said: Said, words: Words): void {
  const word = words.value();
  if (said.lladdr !== undefined) throw duplicate("lladdr", word);
  said.lladdr = word;
}

function takeState(said: Said, words: Words): void {
  said.state = needed(words, stateOf, "nud state is bad");
}

function takeProxy(said: Said, words: Words): void {
  const word = words.value();
  if (matches(word, "help")) throw usage(NEIGH_USAGE);
  if (said.dst !== undefined) throw duplicate("address", word);
  said.dst = parseAddress(word, said.family);
  said.flags |= nd.NTF_PROXY;
}

/** The kernel is to find the address out, and to keep it fresh. */
function takeManaged(said: Said): void {
  said.flagsExt = nd.NTF_EXT_MANAGED;
  said.state = nd.NUD_NONE;
}

function takeLearned(said: Said): void {
  said.flags |= nd.NTF_EXT_LEARNED;
}

/** `[ to ] ADDRESS`; a word that abbreviates help is passed over, as in iproute2. */
function takeDestination(said: Said, typed: string, words: Words): void {
  let word = typed === "to" ? words.value() : typed;
  if (matches(word, "help")) word = words.value();
  if (said.dst !== undefined) throw garbage("to", word);
  said.dst = parseAddress(word, said.family);
}

function protocolOf(word: string): number | undefined {
  return routeProtocols.numberOf(word);
}
