// `tc filter`: words → one request; or the filters of a place, as text or JSON.
//
// Facts: tc(8) and the behaviour of iproute2 6.1. *Omitted:* `get`, shared blocks, estimators; they refuse by name.

import type { TcMessage } from "../../client/tc.ts";
import { changeTc, dumpTc } from "../../client/tc.ts";
import * as nl from "../../uapi/netlink.ts";
import * as ps from "../../uapi/pkt_sched.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { CommandExit, duplicate, EXIT_USAGE, usage, wrongArgument } from "../exit.ts";
import { unsigned } from "../numbers.ts";
import type { Output } from "../output.ts";
import { protocolName, protocolOf } from "../protocol.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { TcContext } from "./context.ts";
import { FILTER_USAGE } from "./help.ts";
import type { FilterOptions } from "./kinds/kind.ts";
import { illegal } from "./kinds/kind.ts";
import { filterWords } from "./kinds/table.ts";
import { classidOf, classidText } from "./values.ts";
import type { Verbs } from "./verbs.ts";
import { runVerb } from "./verbs.ts";

const ETH_P_ALL = 3;
const ingressPlace = (ps.TC_H_CLSACT & ps.TC_H_MAJ_MASK) | ps.TC_H_MIN_INGRESS;
const egressPlace = (ps.TC_H_CLSACT & ps.TC_H_MAJ_MASK) | ps.TC_H_MIN_EGRESS;

const VERBS: Verbs = {
  object: "filter",
  help: FILTER_USAGE,
  show: showFilters,
  modify: modifyFilter,
  changes: [
    ["add", rt.RTM_NEWTFILTER, nl.NLM_F_EXCL | nl.NLM_F_CREATE],
    ["change", rt.RTM_NEWTFILTER, 0],
    ["replace", rt.RTM_NEWTFILTER, nl.NLM_F_CREATE],
    ["delete", rt.RTM_DELTFILTER, 0],
  ],
};

/** Runs `tc filter`. */
export async function filter(tc: TcContext, words: Words): Promise<number> {
  if (words.peek !== undefined && matches(words.peek, "get"))
    throw illegal('"tc filter get" is not supported');
  return runVerb(tc, words, VERBS);
}

const CHAIN_TYPES: ReadonlySet<number> = new Set([rt.RTM_NEWCHAIN, rt.RTM_DELCHAIN, rt.RTM_GETCHAIN]);

/** Where filters hang, as words say it. */
export interface Place {
  dev: string | undefined;
  parent: number;
  priority: number;
  protocol: number | undefined;
  chain: number | undefined;
  handle: string | undefined;
}

/** Sends what the words of a filter or a chain come to. */
export async function modifyFilter(
  tc: TcContext,
  words: Words,
  type: number,
  flags: number,
): Promise<number> {
  const place = emptyPlace();
  let kind: string | undefined;
  let options: FilterOptions | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (takePlace(place, word, words)) continue;
    kind = word;
    break;
  }
  const isNew = type === rt.RTM_NEWTFILTER;
  const protocol = place.protocol ?? (isNew && (flags & nl.NLM_F_CREATE) !== 0 ? ETH_P_ALL : 0);
  if (kind !== undefined) {
    const known = filterWords(kind);
    if (known !== undefined) options = await known.parse(words, tc, { protocol, handle: place.handle });
    else if (words.peek !== undefined) {
      throw illegal(`Unknown filter "${kind}", hence option "${words.peek}" is unparsable`);
    }
  } else if (place.handle !== undefined) {
    throw usage('Must specify filter type when using "handle"\n');
  }
  const ifindex = place.dev === undefined ? 0 : await tc.links.need(place.dev);
  const info = ((place.priority << 16) | swapped(protocol)) >>> 0;
  const header = { ifindex, handle: options?.handle ?? 0, parent: place.parent >>> 0, info };
  const answer = changeTc(await tc.rtnl(), type, flags, header, (writer) => {
    if (kind !== undefined) writer.string(rt.TCA_KIND, kind);
    if (place.chain !== undefined) writer.u32(rt.TCA_CHAIN, place.chain);
    options?.write(writer);
  });
  try {
    await tc.change(answer);
  } catch (error) {
    if (!(error instanceof CommandExit)) throw error;
    throw new CommandExit(error.code, `${error.text}We have an error talking to the kernel\n`);
  }
  return 0;
}

/** The place before any word. */
export function emptyPlace(): Place {
  return {
    dev: undefined,
    parent: 0,
    priority: 0,
    protocol: undefined,
    chain: undefined,
    handle: undefined,
  };
}

/** Takes a word about the place, and its value; false for another word. */
export function takePlace(place: Place, word: string, words: Words): boolean {
  const takeParent = (parent: number): void => {
    if (place.parent !== 0) throw illegal(`Error: "${word}" is duplicate parent ID`);
    place.parent = parent;
  };
  if (word === "dev") {
    const name = words.value();
    if (place.dev !== undefined) throw duplicate("dev", name);
    place.dev = name;
  } else if (word === "root") takeParent(ps.TC_H_ROOT);
  else if (word === "ingress") takeParent(ingressPlace);
  else if (word === "egress") takeParent(egressPlace);
  else if (word === "parent") {
    const text = words.value();
    if (place.parent !== 0) throw duplicate("parent", text);
    const parent = classidOf(text);
    if (parent === undefined) throw wrongArgument(text, "Invalid parent ID");
    place.parent = parent;
  } else if (word === "handle") {
    const text = words.value();
    if (place.handle !== undefined) throw duplicate("handle", text);
    place.handle = text;
  } else if (matches(word, "preference") || matches(word, "priority")) {
    const text = words.value();
    if (place.priority !== 0) throw duplicate("priority", text);
    const priority = unsigned(text, 16);
    if (priority === undefined || priority === 0) throw wrongArgument(text, "invalid priority value");
    place.priority = priority;
  } else if (matches(word, "protocol")) {
    const text = words.value();
    if (place.protocol !== undefined) throw duplicate("protocol", text);
    const protocol = protocolOf(text);
    if (protocol === undefined) throw wrongArgument(text, "invalid protocol");
    place.protocol = protocol;
  } else if (matches(word, "chain")) {
    const text = words.value();
    if (place.chain !== undefined) throw duplicate("chain", text);
    const chain = unsigned(text);
    if (chain === undefined) throw wrongArgument(text, "invalid chain index value");
    place.chain = chain;
  } else if (word === "block" || matches(word, "estimator")) throw illegal(`"${word}" is not supported`);
  else if (matches(word, "help")) throw usage(FILTER_USAGE, 0);
  else return false;
  return true;
}

/** The protocol as the header has it: in network order. */
function swapped(protocol: number): number {
  return ((protocol & 0xff) << 8) | (protocol >>> 8);
}

function showFilters(tc: TcContext, words: Words): Promise<number> {
  return showPlace(tc, words, rt.RTM_GETTFILTER);
}

/** Lists what there is of a type at the place that words name. */
export async function showPlace(tc: TcContext, words: Words, type: number): Promise<number> {
  const place = emptyPlace();
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (!takePlace(place, word, words)) {
      throw new CommandExit(EXIT_USAGE, ` What is "${word}"? Try "tc filter help"\n`, false);
    }
  }
  const ifindex = place.dev === undefined ? 0 : await tc.links.need(place.dev);
  const info = ((place.priority << 16) | swapped(place.protocol ?? 0)) >>> 0;
  const header = { ifindex, handle: 0, parent: place.parent >>> 0, info };
  const messages = await tc.dump(
    dumpTc(await tc.rtnl(), type, header, (writer) => {
      if (place.chain !== undefined) writer.u32(rt.TCA_CHAIN, place.chain);
    }),
  );
  await tc.links.load(messages.map((message) => message.ifindex));
  await tc.print(async (out) => {
    for (const message of messages) await printFilter(tc, out, message, place, ifindex);
  });
  return 0;
}

/** Prints a filter or a chain (print_filter). */
export async function printFilter(
  tc: TcContext,
  out: Output,
  message: TcMessage,
  place: Partial<Place> = {},
  ifindex = 0,
): Promise<void> {
  const { parent, kind, info } = message;
  out.openObject();
  const isChain = CHAIN_TYPES.has(message.type);
  if (message.type === rt.RTM_DELTFILTER || message.type === rt.RTM_DELCHAIN)
    out.field("deleted", true, "deleted ");
  if ((message.type === rt.RTM_NEWTFILTER || isChain) && (message.flags & nl.NLM_F_CREATE) !== 0) {
    const word = (message.flags & nl.NLM_F_EXCL) === 0 ? "replaced" : "added";
    out.field(word, true, `${word} `);
  }
  out.text(isChain ? "chain " : "filter ");
  if (ifindex === 0) {
    const dev = tc.links.name(message.ifindex);
    out.field("dev", dev, `dev ${dev} `);
  }
  if (place.parent === undefined || place.parent === 0 || place.parent >>> 0 !== parent) {
    printParent(out, parent);
  }
  if (info !== 0 && !isChain) {
    const protocol = swapped(info & 0xffff);
    const priority = info >>> 16;
    if (place.protocol === undefined || place.protocol !== protocol) {
      if (protocol !== 0)
        out.field("protocol", protocolName(protocol), `protocol ${protocolName(protocol)} `);
    }
    if ((place.priority ?? 0) !== priority) out.field("pref", priority, `pref ${priority} `);
  }
  if (kind !== "") out.field("kind", kind, `${kind} `);
  const chain = message.attribute(rt.TCA_CHAIN)?.u32();
  if (chain !== undefined && chain !== place.chain) out.field("chain", chain, `chain ${chain} `);
  const options = message.attribute(rt.TCA_OPTIONS);
  if (options !== undefined) {
    out.openObject("options");
    const known = filterWords(kind);
    if (known === undefined) out.text("[cannot parse parameters]");
    else await known.print(tc, out, options, message.handle);
    out.closeObject();
  }
  out.newline();
  out.closeObject();
}

function printParent(out: Output, parent: number): void {
  if (parent === ps.TC_H_ROOT) out.field("root", true, "root ");
  else if (parent === ingressPlace >>> 0) out.field("ingress", true, "ingress ");
  else if (parent === egressPlace >>> 0) out.field("egress", true, "egress ");
  else out.field("parent", classidText(parent), `parent ${classidText(parent)} `);
}
