// `type macvlan mode MODE …`.
//
// Facts: iproute2 6.1, run with right and wrong words.

import type { MacvlanRequest } from "../../client/kinds/macvlan.ts";
import { MACVLAN_MODES, writeMacvlan } from "../../client/kinds/macvlan.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import * as link from "../../uapi/if_link.ts";
import { CommandExit } from "../exit.ts";
import { linkAddress } from "../ll-address.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { CommandKind } from "./kind.ts";
import { kindUsage, notOneOf } from "./words.ts";

const HELP = `Usage: ... macvlan mode MODE [flag MODE_FLAG] MODE_OPTS [bcqueuelen BC_QUEUE_LEN]

MODE: private | vepa | bridge | passthru | source
MODE_FLAG: null | nopromisc | nodst
MODE_OPTS: for mode "source":
	macaddr { { add | del } <macaddr> | set [ <macaddr> [ <macaddr>  ... ] ] | flush }
BC_QUEUE_LEN: Length of the rx queue for broadcast/multicast: [0-4294967295]
`;

const MODES: readonly (readonly [name: string, mode: number])[] = Object.entries(MACVLAN_MODES);
const FLAGS: readonly (readonly [name: string, flag: number])[] = [
  ["nopromisc", link.MACVLAN_FLAG_NOPROMISC],
  ["nodst", link.MACVLAN_FLAG_NODST],
  ["null", 0],
];

/** A device with an address of its own on another one. */
export const macvlan: CommandKind = {
  kind: "macvlan",
  help: HELP,
  async parse({ io }, words) {
    const request: MacvlanRequest = {};
    const complain = (text: string): void => io.stderr(text);
    for (let word = words.take(); word !== undefined; word = words.take())
      take(request, words, word, complain);
    return (writer) => writeMacvlan(writer, request);
  },
  print,
};

function take(request: MacvlanRequest, words: Words, word: string, complain: (text: string) => void): void {
  if (matches(word, "mode")) {
    const choices = '"private", "vepa", "bridge", "passthru" or "source"';
    request.mode = named(MODES, "mode", choices, words.value());
  } else if (matches(word, "flag")) {
    const bit = named(FLAGS, "flag", '"nopromisc", "nodst" or "null"', words.value());
    request.flags = (request.flags ?? 0) | bit;
  } else if (matches(word, "macaddr")) takeSources(request, words, complain);
  else if (word === "nopromisc") request.flags = (request.flags ?? 0) | link.MACVLAN_FLAG_NOPROMISC;
  else if (matches(word, "bcqueuelen")) request.bcQueueLen = queueLength(words.value());
  else throw kindUsage(HELP, matches(word, "help") ? "" : `macvlan: unknown option "${word}"?\n`);
}

function named(
  names: readonly (readonly [name: string, value: number])[],
  key: string,
  choices: string,
  word: string,
): number {
  const known = names.find(([name]) => name === word);
  if (known === undefined) throw notOneOf(key, choices, word);
  return known[1];
}

function queueLength(word: string): number {
  const length = unsigned(word);
  if (length === undefined) throw notOneOf("bcqueuelen", "a positive integer [0-4294967295]", word);
  return length;
}

/** `macaddr add|del ADDRESS`, `set` with any number of them, or `flush`. */
function takeSources(request: MacvlanRequest, words: Words, complain: (text: string) => void): void {
  const verb = words.value();
  if (verb === "add" || verb === "del") {
    request.macaddrMode = verb === "add" ? link.MACVLAN_MACADDR_ADD : link.MACVLAN_MACADDR_DEL;
    request.macaddr = linkAddress(words.value());
  } else if (verb === "flush") request.macaddrMode = link.MACVLAN_MACADDR_FLUSH;
  else if (verb === "set") {
    request.macaddrMode = link.MACVLAN_MACADDR_SET;
    request.macaddrs = takeList(words, complain);
  } else throw kindUsage(HELP);
}

/** Takes addresses as long as there are any; as iproute2 does, complains of the word that is none, and goes on with it. */
function takeList(words: Words, complain: (text: string) => void): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let word = words.peek; word !== undefined; word = words.peek) {
    try {
      list.push(linkAddress(word));
    } catch (error) {
      if (!(error instanceof CommandExit)) throw error;
      complain(error.text);
      break;
    }
    words.take();
  }
  return list;
}

function print(out: Output, data: Attribute): void {
  const mode = data.child(link.IFLA_MACVLAN_MODE)?.u32();
  if (mode === undefined) return;
  const name = MODES.find(([, value]) => value === mode)?.[0] ?? "unknown";
  out.field("mode", name, `mode ${name} `);
  const flags = data.child(link.IFLA_MACVLAN_FLAGS)?.u16() ?? 0;
  if ((flags & link.MACVLAN_FLAG_NOPROMISC) !== 0) out.field("nopromisc", true, "nopromisc ");
  if ((flags & link.MACVLAN_FLAG_NODST) !== 0) out.field("nodst", true, "nodst ");
  number(out, data, link.IFLA_MACVLAN_BC_QUEUE_LEN, "bcqueuelen");
  number(out, data, link.IFLA_MACVLAN_BC_QUEUE_LEN_USED, "usedbcqueuelen");
  if (mode === link.MACVLAN_MODE_SOURCE) printSources(out, data);
}

function number(out: Output, data: Attribute, type: number, key: string): void {
  const value = data.child(type)?.u32();
  if (value !== undefined) out.field(key, value, `${key} ${value} `);
}

function printSources(out: Output, data: Attribute): void {
  const count = data.child(link.IFLA_MACVLAN_MACADDR_COUNT)?.u32();
  if (count !== undefined) out.field("macaddr_count", count, `remotes (${count}) `);
  const list = data.child(link.IFLA_MACVLAN_MACADDR_DATA);
  if (list === undefined) return;
  out.openArray("macaddr_data");
  for (const entry of list.children()) {
    const text = [...entry.copy()].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
    out.item(text, `${text} `);
  }
  out.closeArray();
}
