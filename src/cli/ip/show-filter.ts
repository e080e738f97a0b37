// Which links and addresses `ip link show`, `ip address show` and `ip address flush` are about: words → filter.
//
// Facts: ip-link(8), ip-address(8), the behaviour of iproute2 6.1. All keywords must be typed whole.

import type { Link } from "../../client/link.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as ifa from "../../uapi/if_addr.ts";
import { CommandExit, EXIT_FAILURE, garbage, usage, wrongArgument } from "../exit.ts";
import type { Prefix } from "../prefix.ts";
import { parsePrefix } from "../prefix.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { IpContext } from "./context.ts";
import { group } from "./link/values.ts";
import { scopes } from "./tables.ts";

/** What is to be shown. Undefined means that it does not matter. */
export interface ShowFilter {
  family: number;
  ifindex: number | undefined;
  /** The device as it was typed. */
  dev: string | undefined;
  isUp: boolean;
  /** Of addresses; a list by label does not show the links they are on. */
  label: string | undefined;
  group: number | undefined;
  /** The ifindex of the master; 0 for none. */
  master: number | undefined;
  kind: string | undefined;
  slaveKind: string | undefined;
  to: Prefix | undefined;
  scope: number | undefined;
  /** IFA_F_* that must be as in `flags`. */
  flagMask: number;
  flags: number;
}

/** Words that stand for address flags; with a minus before them they ask for addresses without. */
const ADDRESS_FLAGS: ReadonlyMap<string, number> = new Map([
  ["secondary", ifa.IFA_F_SECONDARY],
  ["temporary", ifa.IFA_F_SECONDARY],
  ["nodad", ifa.IFA_F_NODAD],
  ["optimistic", ifa.IFA_F_OPTIMISTIC],
  ["dadfailed", ifa.IFA_F_DADFAILED],
  ["home", ifa.IFA_F_HOMEADDRESS],
  ["deprecated", ifa.IFA_F_DEPRECATED],
  ["tentative", ifa.IFA_F_TENTATIVE],
  ["permanent", ifa.IFA_F_PERMANENT],
  ["mngtmpaddr", ifa.IFA_F_MANAGETEMPADDR],
  ["noprefixroute", ifa.IFA_F_NOPREFIXROUTE],
  ["autojoin", ifa.IFA_F_MCAUTOJOIN],
  ["stable-privacy", ifa.IFA_F_STABLE_PRIVACY],
]);

/** Reads the words; looks up the devices they name. `help` is the text behind the word help. */
export async function parseFilter(ip: IpContext, words: Words, help: string): Promise<ShowFilter> {
  const filter: ShowFilter = {
    family: ip.options.family,
    ifindex: undefined,
    dev: undefined,
    isUp: false,
    label: undefined,
    group: undefined,
    master: undefined,
    kind: undefined,
    slaveKind: undefined,
    to: undefined,
    scope: undefined,
    flagMask: 0,
    flags: 0,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (takeFlag(filter, word)) continue;
    if (!(await takeKeyword(ip, filter, word, words))) takeDevice(filter, word, words, help);
  }
  if (filter.dev !== undefined) {
    filter.ifindex = await ip.links.find(filter.dev);
    if (filter.ifindex === undefined) {
      throw new CommandExit(EXIT_FAILURE, `Device "${filter.dev}" does not exist.\n`);
    }
  }
  return filter;
}

async function takeKeyword(ip: IpContext, filter: ShowFilter, word: string, words: Words): Promise<boolean> {
  switch (word) {
    case "to":
      filter.to = parsePrefix(words.value(), filter.family);
      if (filter.family === 0) filter.family = filter.to.family;
      return true;
    case "scope":
      filter.scope = scope(words.value());
      return true;
    case "up":
      filter.isUp = true;
      return true;
    case "label":
      filter.label = words.value();
      return true;
    case "group":
      filter.group = group(words.value());
      return true;
    case "master":
      filter.master = await found(ip.links.find(words.peek ?? ""), words, "Device does not exist\n");
      return true;
    case "vrf":
      filter.master = await found(ip.links.findVrf(words.peek ?? ""), words, "Not a valid VRF name\n");
      return true;
    case "nomaster":
      filter.master = 0;
      return true;
    case "type":
      takeKind(filter, words.value());
      return true;
    default:
      return false;
  }
}

async function found(search: Promise<number | undefined>, words: Words, refusal: string): Promise<number> {
  const word = words.value();
  const ifindex = await search;
  if (ifindex === undefined) throw wrongArgument(word, refusal);
  return ifindex;
}

/** A word like `tentative` or `-tentative`; `dynamic` is `-permanent`, `primary` is `-secondary`. */
function takeFlag(filter: ShowFilter, word: string): boolean {
  if (word === "dynamic") return takeFlag(filter, "-permanent");
  if (word === "primary") return takeFlag(filter, "-secondary");
  const isWanted = !word.startsWith("-");
  const mask = ADDRESS_FLAGS.get(isWanted ? word : word.slice(1));
  if (mask === undefined) return false;
  filter.flagMask |= mask;
  filter.flags = isWanted ? filter.flags | mask : filter.flags & ~mask;
  return true;
}

function takeKind(filter: ShowFilter, kind: string): void {
  if (kind.endsWith("_slave")) filter.slaveKind = kind.slice(0, -"_slave".length);
  else filter.kind = kind;
}

function takeDevice(filter: ShowFilter, word: string, words: Words, help: string): void {
  let name = word;
  if (word === "dev") name = words.value();
  else if (matches(word, "help")) throw usage(help);
  if (filter.dev !== undefined) throw garbage("dev", name);
  filter.dev = name;
}

function scope(word: string): number | undefined {
  if (word === "all") return undefined;
  const value = scopes.numberOf(word);
  if (value === undefined) throw wrongArgument(word, 'invalid "scope"\n');
  return value;
}

/** True when the filter lets a link through. Who has no master is for the kernel to say. */
export function wantsLink(filter: ShowFilter, link: Link): boolean {
  const { linkinfo, master = 0 } = link;
  if (filter.ifindex !== undefined && filter.ifindex !== link.ifindex) return false;
  if (filter.isUp && (link.flags & IFF_UP) === 0) return false;
  if (link.ifname === undefined) return false;
  if (filter.group !== undefined && link.group !== undefined && filter.group !== link.group) return false;
  if (filter.master !== undefined && filter.master !== 0 && filter.master !== master) return false;
  if (filter.kind !== undefined && linkinfo?.kind !== filter.kind) return false;
  return filter.slaveKind === undefined || linkinfo?.slaveKind === filter.slaveKind;
}

/** True when a shell pattern with `*`, `?` and `[…]` fits the whole of `text` (fnmatch). */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === "*") return "[\\s\\S]*";
    if (part === "?") return "[\\s\\S]";
    if (part.length > 1) return part.replace(/^\[!/, "[^");
    return part.replace(/[\\^$.|+()[\]{}/]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "u").test(text);
}
