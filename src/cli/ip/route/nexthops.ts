// Words → next hops: `nexthop via 10.0.0.1 dev v0 weight 2 nexthop …`, which stand behind everything else.
//
// Facts: ip-route(8) and the behaviour of iproute2 6.1.

import type { NexthopRequest } from "../../../client/nexthop.ts";
import { RTNH_F_ONLINK } from "../../../uapi/rtnetlink.ts";
import { CommandExit, EXIT_USAGE } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { refuseEncap, takeFlow, takeNewdst, takeVia } from "./parse.ts";
import type { HopWords, RouteWords } from "./words.ts";

/** One next hop; `route` is the one it belongs to. */
interface Said extends HopWords {
  readonly route: RouteWords;
  dev?: string;
  weight?: number;
}

const KEYWORDS: Keywords<Said> = [
  [["!via"], (said, words) => takeVia(said.route, said, words)],
  [["!dev"], (said, words) => void (said.dev = words.value())],
  [["!weight"], (said, words) => void (said.weight = needed(words, weightOf, '"weight" is invalid\n'))],
  [["!onlink"], (said) => void (said.flags |= RTNH_F_ONLINK)],
  [["realms"], (said, words) => takeFlow(said, words)],
  [["!encap"], (_, words) => refuseEncap(words)],
  [["!as"], (said, words) => takeNewdst(said.route, said, words)],
];

/** Reads the next hops of the route that was said before them, to the end of the words. */
export async function parseNexthops(
  ip: IpContext,
  words: Words,
  route: RouteWords,
): Promise<NexthopRequest[]> {
  const hops: NexthopRequest[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word !== "nexthop") {
      throw wrong(`Error: "nexthop" or end of line is expected instead of "${word}"\n`);
    }
    if (words.count === 0) throw wrong('Error: unexpected end of line after "nexthop"\n');
    hops.push(await parseNexthop(ip, words, route));
  }
  return hops;
}

async function parseNexthop(ip: IpContext, words: Words, route: RouteWords): Promise<NexthopRequest> {
  const said: Said = { route, flags: 0 };
  let oif = 0;
  for (let word = words.peek; word !== undefined; word = words.peek) {
    const take = keywordOf(KEYWORDS, word);
    if (take === undefined) break;
    words.take();
    await take(said, words, ip);
    if (word === "dev") oif = await deviceOf(ip, said.dev ?? "");
  }
  const { gateway, via, newdst, flow, flags, weight } = said;
  return { oif, flags, weight, gateway, via, newdst, flow };
}

async function deviceOf(ip: IpContext, name: string): Promise<number> {
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw wrong(`Cannot find device "${name}"\nError: cannot parse nexthop\n`);
  return ifindex;
}

function weightOf(word: string): number | undefined {
  const weight = unsigned(word);
  return weight !== undefined && weight >= 1 && weight <= 256 ? weight : undefined;
}

function wrong(text: string): CommandExit {
  return new CommandExit(EXIT_USAGE, text);
}
