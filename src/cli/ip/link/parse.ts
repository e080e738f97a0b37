// Words → a link request: what stands behind `ip link add` and `ip link set`, and behind `peer`, up to `type KIND`.
//
// Facts: ip-link(8) and the behaviour of iproute2 6.1: the order of the checks, the texts, the exit codes.

import type { LinkRequest } from "../../../client/link-request.ts";
import { CommandExit, EXIT_FAILURE, EXIT_USAGE, garbage } from "../../exit.ts";
import { linkAddress } from "../../ll-address.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { isAltname, validName } from "./ifname.ts";
import { LINK_KEYWORDS } from "./keywords.ts";
import { LinkParse } from "./link-parse.ts";

/** How the words are meant. */
export interface LinkParseOptions {
  /** The link is to be made: names are new names, not devices to find. */
  readonly isCreate: boolean;
  /** The words describe the other end of a pair, in which `type` has been given. */
  readonly isPeer?: boolean;
}

/** What the words said. */
export interface ParsedLink {
  readonly request: LinkRequest;
  /** The kind behind `type`; its own words are left in `words`. */
  readonly kind: string | undefined;
}

/** Reads the words up to the end or behind `type KIND`. Looks up the devices they name. */
export async function parseLink(ip: IpContext, words: Words, options: LinkParseOptions): Promise<ParsedLink> {
  const parse = new LinkParse(ip, words, options.isPeer ?? false);
  while (parse.kind === undefined) {
    const typed = words.take();
    if (typed === undefined) break;
    const keyword = LINK_KEYWORDS.find(({ name, isExact }) =>
      isExact ? name === typed : matches(typed, name),
    );
    if (keyword !== undefined) await keyword.apply(parse);
    else takeDevice(parse, typed);
  }
  if (options.isCreate) await finishCreate(parse);
  else await finishSet(parse);
  return { request: parse.request, kind: parse.kind };
}

/** A word that is no keyword is a device, with or without `dev` before it. */
function takeDevice(parse: LinkParse, typed: string): void {
  const name = typed === "dev" ? parse.words.value() : typed;
  if (parse.dev !== undefined) throw garbage("dev", name);
  parse.dev = validName(name, "dev", isAltname);
}

async function finishCreate(parse: LinkParse): Promise<void> {
  const { request, name, dev, link } = parse;
  if (name !== undefined && dev !== undefined && name !== dev) {
    throw new CommandExit(EXIT_USAGE, 'both "name" and "dev" cannot be used when creating devices.\n');
  }
  request.ifname = name ?? dev;
  if (link !== undefined) request.link = await parse.ip.links.need(link);
}

async function finishSet(parse: LinkParse): Promise<void> {
  const { request, ip, name } = parse;
  if (request.ifindex !== undefined && request.netNsFd === undefined && request.netNsPid === undefined) {
    throw new CommandExit(
      EXIT_USAGE,
      "index can be used only when creating devices or when moving device to another netns.\n",
    );
  }
  const dev = parse.dev ?? name;
  if (dev === undefined) {
    if (request.group !== undefined) return;
    throw new CommandExit(EXIT_USAGE, 'Not enough information: "dev" argument is required.\n');
  }
  const ifindex = await ip.links.need(dev);
  request.newIfindex = request.ifindex;
  request.ifindex = ifindex;
  if (name !== undefined && name !== dev) request.ifname = name;
  const address = request.address ?? parse.vfAddress;
  if (address !== undefined) await checkAddressLength(ip, ifindex, address);
}

/** A device keeps the length of its address. */
async function checkAddressLength(ip: IpContext, ifindex: number, address: Uint8Array): Promise<void> {
  const current = ip.links.get(ifindex)?.address;
  if (current === undefined) return;
  const size = linkAddress(current).length;
  if (address.length !== size) {
    throw new CommandExit(EXIT_FAILURE, `Invalid address length ${address.length} - must be ${size} bytes\n`);
  }
}
