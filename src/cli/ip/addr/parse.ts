// Words → what they say of an address: behind `ip address add`, `change`, `replace`, `delete`.
//
// Facts: ip-address(8) and the behaviour of iproute2 6.1.

import { LIFETIME_FOREVER } from "../../../client/addr.ts";
import { AF_INET6, AF_UNSPEC } from "../../../uapi/socket.ts";
import { duplicate, garbage, usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Prefix } from "../../prefix.ts";
import { parseAddress, parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { ADDRESS_USAGE } from "../help.ts";
import { scopes } from "../tables.ts";
import { addressFlag } from "./flags.ts";

/** What the words said. */
export interface AddressWords {
  /** The family of the option, else of the first address. */
  family: number;
  dev?: string;
  local?: Prefix;
  peer?: Prefix;
  /** An address, or how to make one of the prefix. */
  broadcast?: Prefix | "+" | "-";
  anycast?: Prefix;
  scope?: number;
  label?: string;
  metric?: number;
  validSeconds?: number;
  preferredSeconds?: number;
  flags: number;
}

type Take = (said: AddressWords, words: Words, ip: IpContext) => void;

/** In the order they are tried; `p` is metric (priority). A name with a `!` must be typed whole. */
const KEYWORDS: readonly (readonly [names: readonly string[], take: Take])[] = [
  [["!peer", "!remote"], (said, words) => void (said.peer = once("peer", said.peer, prefix(said, words)))],
  [["broadcast", "!brd"], takeBroadcast],
  [["!anycast"], (said, words) => void (said.anycast = once("anycast", said.anycast, address(said, words)))],
  [["!scope"], (said, words) => void (said.scope = scope(words.value()))],
  [["!dev"], (said, words) => void (said.dev = words.value())],
  [["!label"], (said, words) => void (said.label = words.value())],
  [["metric", "priority", "preference"], (said, words) => void (said.metric = metric(words.value()))],
  [["valid_lft"], takeValid],
  [["preferred_lft"], takePreferred],
];

/** Reads all the words. */
export function parseAddressWords(ip: IpContext, words: Words): AddressWords {
  const said: AddressWords = { family: ip.options.family, flags: 0 };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const typed = word;
    const keyword = KEYWORDS.find(([names]) =>
      names.some((name) => (name.startsWith("!") ? name.slice(1) === typed : matches(typed, name))),
    );
    if (keyword !== undefined) keyword[1](said, words, ip);
    else if (!takeFlag(said, typed, ip)) takeLocal(said, typed, words);
  }
  return said;
}

function once<Value>(key: string, before: unknown, [word, value]: readonly [string, Value]): Value {
  if (before !== undefined) throw duplicate(key, word);
  return value;
}

function prefix(said: AddressWords, words: Words): readonly [string, Prefix] {
  const word = words.value();
  return [word, known(said, parsePrefix(word, said.family))];
}

function address(said: AddressWords, words: Words): readonly [string, Prefix] {
  const word = words.value();
  return [word, known(said, parseAddress(word, said.family))];
}

/** The first address decides the family. */
function known(said: AddressWords, parsed: Prefix): Prefix {
  if (said.family === AF_UNSPEC) said.family = parsed.family;
  return parsed;
}

function takeBroadcast(said: AddressWords, words: Words): void {
  const word = words.peek;
  if (word === "+" || word === "-") {
    said.broadcast = once("broadcast", said.broadcast, [words.value(), word]);
  } else {
    said.broadcast = once("broadcast", said.broadcast, address(said, words));
  }
}

function scope(word: string): number {
  const value = scopes.numberOf(word);
  if (value === undefined) throw wrongArgument(word, "invalid scope value.");
  return value;
}

function metric(word: string): number {
  const value = unsigned(word);
  if (value === undefined) throw wrongArgument(word, '"metric" value is invalid\n');
  return value;
}

function takeValid(said: AddressWords, words: Words): void {
  if (said.validSeconds !== undefined) throw duplicate("valid_lft", "valid_lft");
  said.validSeconds = seconds("valid_lft", words.value());
}

function takePreferred(said: AddressWords, words: Words): void {
  if (said.preferredSeconds !== undefined) throw duplicate("preferred_lft", "preferred_lft");
  said.preferredSeconds = seconds("preferred_lft", words.value());
}

function seconds(key: string, word: string): number {
  if (word === "forever") return LIFETIME_FOREVER;
  const value = unsigned(word);
  if (value === undefined) throw wrongArgument(word, `${key} value`);
  return value;
}

/** A flag's word; those that make no sense are warned of and left out. */
function takeFlag(said: AddressWords, word: string, ip: IpContext): boolean {
  const flag = addressFlag(word);
  if (flag === undefined) return false;
  if (flag.request === "no") {
    ip.io.stderr(`Warning: ${word} option is not mutable from userspace\n`);
  } else if (flag.request === "ipv6" && said.family !== AF_INET6) {
    ip.io.stderr(`Warning: ${word} option can be set only for IPv6 addresses\n`);
  } else {
    said.flags |= flag.mask;
  }
  return true;
}

/** A word that is no keyword is the address, with or without `local` before it. */
function takeLocal(said: AddressWords, typed: string, words: Words): void {
  const word = typed === "local" ? words.value() : typed;
  if (typed !== "local" && matches(typed, "help")) throw usage(ADDRESS_USAGE);
  if (said.local !== undefined) throw garbage("local", word);
  said.local = known(said, parsePrefix(word, said.family));
}
