// `tc class`: words → one request; or the classes of a device, as text.
//
// Facts: tc(8) and the behaviour of iproute2 6.1, which has no JSON here. *Omitted:* estimators, the tree of -graph.

import type { TcMessage } from "../../client/tc.ts";
import { changeTc, dumpTc } from "../../client/tc.ts";
import * as nl from "../../uapi/netlink.ts";
import * as ps from "../../uapi/pkt_sched.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import { CommandExit, duplicate, EXIT_USAGE, usage, wrongArgument } from "../exit.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { TcContext } from "./context.ts";
import { CLASS_USAGE } from "./help.ts";
import type { WriteOptions } from "./kinds/kind.ts";
import { illegal } from "./kinds/kind.ts";
import { qdiscWords } from "./kinds/table.ts";
import { printCounters } from "./qdisc.ts";
import { classidOf, classidText, qdiscHandleOf } from "./values.ts";
import type { Verbs } from "./verbs.ts";
import { runVerb } from "./verbs.ts";

const VERBS: Verbs = {
  object: "class",
  help: CLASS_USAGE,
  show: showClasses,
  modify: modifyClass,
  changes: [
    ["add", rt.RTM_NEWTCLASS, nl.NLM_F_EXCL | nl.NLM_F_CREATE],
    ["change", rt.RTM_NEWTCLASS, 0],
    ["replace", rt.RTM_NEWTCLASS, nl.NLM_F_CREATE],
    ["delete", rt.RTM_DELTCLASS, 0],
  ],
};

/** Runs `tc class`. */
export async function tclass(tc: TcContext, words: Words): Promise<number> {
  return runVerb(tc, words, VERBS);
}

async function modifyClass(tc: TcContext, words: Words, type: number, flags: number): Promise<number> {
  const header = { ifindex: 0, handle: 0, parent: 0, info: 0 };
  let dev: string | undefined;
  let kind: string | undefined;
  let options: WriteOptions | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") {
      if (dev !== undefined) throw duplicate("dev", words.value());
      dev = words.value();
    } else if (word === "classid") {
      const text = words.value();
      if (header.handle !== 0) throw duplicate("classid", text);
      const classid = classidOf(text);
      if (classid === undefined) throw wrongArgument(text, "invalid class ID");
      header.handle = classid;
    } else if (word === "handle") throw usage('Error: try "classid" instead of "handle"\n');
    else if (word === "root") {
      if (header.parent !== 0) throw illegal('Error: "root" is duplicate parent ID');
      header.parent = ps.TC_H_ROOT;
    } else if (word === "parent") {
      const text = words.value();
      if (header.parent !== 0) throw duplicate("parent", text);
      const parent = classidOf(text);
      if (parent === undefined) throw wrongArgument(text, "invalid parent ID");
      header.parent = parent;
    } else if (matches(word, "estimator")) throw illegal('"estimator" is not supported');
    else if (matches(word, "help")) throw usage(CLASS_USAGE, 0);
    else {
      kind = word;
      options = parseKind(tc, kind, words);
      break;
    }
  }
  if (dev !== undefined) header.ifindex = await tc.links.need(dev);
  const answer = changeTc(await tc.rtnl(), type, flags, header, (writer) => {
    if (kind !== undefined) writer.string(rt.TCA_KIND, kind);
    options?.(writer);
  });
  await tc.change(answer);
  return 0;
}

function parseKind(tc: TcContext, kind: string, words: Words): WriteOptions {
  const known = qdiscWords(kind);
  if (known?.parseClass !== undefined) return known.parseClass(words, tc);
  if (known === undefined && words.peek === undefined) return () => {};
  throw illegal(`Error: Qdisc "${kind}" is classless.`);
}

async function showClasses(tc: TcContext, words: Words): Promise<number> {
  let dev: string | undefined;
  const filter = { parent: 0, qdisc: 0, classid: 0 };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") dev = words.value();
    else if (word === "qdisc") filter.qdisc = taken(words, qdiscHandleOf, "invalid qdisc ID");
    else if (word === "classid") filter.classid = taken(words, classidOf, "invalid class ID");
    else if (word === "root") filter.parent = ps.TC_H_ROOT;
    else if (word === "parent") filter.parent = taken(words, classidOf, "invalid parent ID");
    else if (matches(word, "help")) throw usage(CLASS_USAGE, 0);
    else throw new CommandExit(EXIT_USAGE, `What is "${word}"? Try "tc class help".\n`, false);
  }
  const ifindex = dev === undefined ? 0 : await tc.links.need(dev);
  const header = { ifindex, handle: 0, parent: filter.parent, info: 0 };
  const messages = await tc.dump(dumpTc(await tc.rtnl(), rt.RTM_GETTCLASS, header));
  const wanted = messages.filter(
    ({ handle }) =>
      (filter.qdisc === 0 || handle >>> 16 === filter.qdisc >>> 16) &&
      (filter.classid === 0 || handle === filter.classid),
  );
  await tc.links.load(wanted.map((message) => message.ifindex));
  const out = tc.output({ json: false });
  for (const message of wanted) printClass(tc, out, message, dev !== undefined);
  out.flush();
  return 0;
}

function taken(words: Words, parse: (word: string) => number | undefined, reason: string): number {
  const word = words.value();
  const value = parse(word);
  if (value === undefined) throw wrongArgument(word, reason);
  return value;
}

/** Prints a class (print_class). */
export function printClass(tc: TcContext, out: Output, message: TcMessage, isOneDevice = false): void {
  const { handle, parent, info, kind } = message;
  if (message.type === rt.RTM_DELTCLASS) out.text("deleted ");
  const id = handle === 0 ? classidText(ps.TC_H_ROOT) : classidText(handle);
  out.text(`class ${kind} ${id} `);
  if (!isOneDevice) out.text(`dev ${tc.links.name(message.ifindex)} `);
  if (parent === ps.TC_H_ROOT) out.text("root ");
  else out.text(`parent ${classidText(parent)} `);
  if (info !== 0) out.text(`leaf ${(info >>> 16).toString(16)}: `);
  const options = message.attribute(rt.TCA_OPTIONS);
  if (options !== undefined) qdiscWords(kind)?.print(tc, out, options);
  out.newline();
  printCounters(tc, out, message);
}
