// `tc qdisc`: words → one request → the kernel's answer; or what there is, as text or JSON.
//
// Facts: tc(8) and the behaviour of iproute2 6.1. *Omitted:* estimators, shared blocks; they refuse by name.

import type { TcMessage } from "../../client/tc.ts";
import { changeTc, dumpTc } from "../../client/tc.ts";
import { TCA_STATS_APP } from "../../uapi/gen_stats.ts";
import * as nl from "../../uapi/netlink.ts";
import * as ps from "../../uapi/pkt_sched.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { CommandExit, duplicate, EXIT_USAGE, usage, wrongArgument } from "../exit.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { TcContext } from "./context.ts";
import { QDISC_USAGE } from "./help.ts";
import type { WriteOptions } from "./kinds/kind.ts";
import { illegal } from "./kinds/kind.ts";
import { qdiscWords } from "./kinds/table.ts";
import { printSizeTable, takeSizeTable } from "./size-table.ts";
import { printStats2 } from "./stats.ts";
import { classidOf, classidText, hexText, qdiscHandleOf } from "./values.ts";
import type { Verbs } from "./verbs.ts";
import { runVerb } from "./verbs.ts";

const maxKindLength = 15;

const VERBS: Verbs = {
  object: "qdisc",
  help: QDISC_USAGE,
  show: showQdiscs,
  modify: modifyQdisc,
  changes: [
    ["add", rt.RTM_NEWQDISC, nl.NLM_F_EXCL | nl.NLM_F_CREATE],
    ["change", rt.RTM_NEWQDISC, 0],
    ["replace", rt.RTM_NEWQDISC, nl.NLM_F_CREATE | nl.NLM_F_REPLACE],
    ["link", rt.RTM_NEWQDISC, nl.NLM_F_REPLACE],
    ["delete", rt.RTM_DELQDISC, 0],
  ],
};

/** Runs `tc qdisc`. */
export async function qdisc(tc: TcContext, words: Words): Promise<number> {
  return runVerb(tc, words, VERBS);
}

async function modifyQdisc(tc: TcContext, words: Words, type: number, flags: number): Promise<number> {
  const header = { ifindex: 0, handle: 0, parent: 0, info: 0 };
  let dev: string | undefined;
  let stab: WriteOptions | undefined;
  let kind: string | undefined;
  let options: WriteOptions | undefined;
  const takeParent = (parent: number, word: string): void => {
    if (header.parent !== 0) throw illegal(`Error: "${word}" is a duplicate parent ID`);
    header.parent = parent;
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") {
      if (dev !== undefined) throw duplicate("dev", words.value());
      dev = words.value();
    } else if (word === "handle") {
      if (header.handle !== 0) throw duplicate("handle", words.value());
      const text = words.value();
      const handle = qdiscHandleOf(text);
      if (handle === undefined) throw wrongArgument(text, "invalid qdisc ID");
      header.handle = handle;
    } else if (word === "root") takeParent(ps.TC_H_ROOT, word);
    else if (word === "clsact" || word === "ingress") {
      takeParent(ps.TC_H_CLSACT, word);
      kind = word;
      header.handle = ps.TC_H_MAJ_MASK;
    } else if (word === "parent") {
      const text = words.value();
      if (header.parent !== 0) throw duplicate("parent", text);
      const parent = classidOf(text);
      if (parent === undefined) throw wrongArgument(text, "invalid parent ID");
      header.parent = parent;
    } else if (matches(word, "stab")) stab = takeSizeTable(words);
    else if (matches(word, "estimator") || word === "ingress_block" || word === "egress_block") {
      throw illegal(`"${word}" is not supported`);
    } else if (matches(word, "help")) throw usage(QDISC_USAGE, 0);
    else {
      kind = word.slice(0, maxKindLength);
      options = parseKind(tc, kind, words);
      break;
    }
  }
  if (kind !== undefined && options === undefined) options = parseKind(tc, kind, words);
  if (dev !== undefined) header.ifindex = await tc.links.need(dev);
  const answer = changeTc(await tc.rtnl(), type, flags, header, (writer) => {
    if (kind !== undefined) writer.string(rt.TCA_KIND, kind);
    options?.(writer);
    stab?.(writer);
  });
  await tc.change(answer);
  return 0;
}

/** Reads the words of a kind; one that is not known takes none. */
function parseKind(tc: TcContext, kind: string, words: Words): WriteOptions {
  const known = qdiscWords(kind);
  if (known !== undefined) return known.parse(words, tc);
  const word = words.take();
  if (word !== undefined) {
    throw illegal(`Unknown qdisc "${kind}", hence option "${word}" is unparsable`);
  }
  return () => {};
}

// --- Output -----------------------------------------------------------------------------------------------------------

/** What is to be shown. */
interface Filter {
  dev: string | undefined;
  parent: number;
  handle: number;
  isIngress: boolean;
  isInvisible: boolean;
}

async function showQdiscs(tc: TcContext, words: Words): Promise<number> {
  const filter = parseFilter(words);
  const ifindex = filter.dev === undefined ? 0 : await tc.links.need(filter.dev);
  const header = { ifindex, handle: 0, parent: 0, info: 0 };
  const messages = await tc.dump(
    dumpTc(await tc.rtnl(), rt.RTM_GETQDISC, header, (writer) => {
      if (filter.isInvisible) writer.flag(rt.TCA_DUMP_INVISIBLE);
    }),
  );
  const wanted = messages.filter((message) => wants(filter, ifindex, message));
  await tc.links.load(wanted.map((message) => message.ifindex));
  await tc.print((out) => {
    for (const message of wanted) printQdisc(tc, out, message, ifindex !== 0);
  });
  return 0;
}

function parseFilter(words: Words): Filter {
  const filter: Filter = { dev: undefined, parent: 0, handle: 0, isIngress: false, isInvisible: false };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") filter.dev = words.value();
    else if (word === "root") filter.parent = ps.TC_H_ROOT;
    else if (word === "ingress" || word === "clsact") {
      filter.parent = ps.TC_H_INGRESS;
      filter.isIngress = true;
    } else if (matches(word, "parent")) {
      const text = words.value();
      const parent = classidOf(text);
      if (parent === undefined) throw wrongArgument(text, "invalid parent ID");
      filter.parent = parent;
    } else if (matches(word, "handle")) {
      const text = words.value();
      const handle = qdiscHandleOf(text);
      if (handle === undefined) throw wrongArgument(text, "invalid handle ID");
      filter.handle = handle;
    } else if (matches(word, "help")) throw usage(QDISC_USAGE, 0);
    else if (word === "invisible") filter.isInvisible = true;
    else throw new CommandExit(EXIT_USAGE, `What is "${word}"? Try "tc qdisc help".\n`, false);
  }
  return filter;
}

function wants(filter: Filter, ifindex: number, message: TcMessage): boolean {
  if (ifindex !== 0 && message.ifindex !== ifindex) return false;
  if (filter.parent !== 0 && message.parent !== filter.parent) return false;
  return filter.handle === 0 || message.handle === filter.handle;
}

/** Prints a discipline (print_qdisc). */
export function printQdisc(tc: TcContext, out: Output, message: TcMessage, isOneDevice = false): void {
  const { handle, parent, info, kind } = message;
  out.openObject();
  if (message.type === rt.RTM_DELQDISC) out.field("deleted", true, "deleted ");
  out.field("kind", kind, `qdisc ${kind}`);
  const text = `${(handle >>> 16).toString(16)}:${tc.isRaw ? `[${hexText(handle)}]` : ""}`;
  out.field("handle", text, ` ${text} `);
  if (!isOneDevice) {
    const dev = tc.links.name(message.ifindex);
    out.field("dev", dev, `dev ${dev} `);
  }
  if (parent === ps.TC_H_ROOT) out.field("root", true, "root ");
  else if (parent !== 0) out.field("parent", classidText(parent), `parent ${classidText(parent)} `);
  if (info !== 1) out.field("refcnt", info, `refcnt ${info} `);
  const options = message.attribute(rt.TCA_OPTIONS);
  const known = qdiscWords(kind);
  out.openObject("options");
  if (known === undefined) {
    if (options !== undefined) out.text("[cannot parse qdisc parameters]");
  } else if (options !== undefined) known.print(tc, out, options);
  out.closeObject();
  out.newline();
  const stab = message.attribute(rt.TCA_STAB);
  if (tc.options.details && stab !== undefined) printSizeTable(out, stab);
  printCounters(tc, out, message);
  out.closeObject();
}

/** Prints the statistics of a discipline or a class, with -statistics. */
export function printCounters(tc: TcContext, out: Output, message: TcMessage): void {
  if (tc.options.stats === 0) return;
  const stats = message.attribute(rt.TCA_STATS2);
  if (stats !== undefined) {
    printStats2(tc, out, stats, " ");
    out.newline();
  }
  const own = stats?.child(TCA_STATS_APP) ?? message.attribute(rt.TCA_XSTATS);
  const print = qdiscWords(message.kind)?.printStats;
  if (own === undefined || print === undefined) return;
  print(tc, out, own);
  out.newline();
}
