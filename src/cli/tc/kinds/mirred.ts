// `tc … action mirred`: the frame, or a copy, goes out on another device, or comes in there.
//
// Facts: the output of iproute2 6.1 (tc-mirred(8)).

import { getS32, getU32, setS32, setU32 } from "../../../bytes/endian.ts";
import * as cls from "../../../uapi/pkt_cls.ts";
import * as uapi from "../../../uapi/tc_mirred.ts";
import { incomplete, usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { TcContext } from "../context.ts";
import { printControl, takeControl } from "../control.ts";
import { printIndex } from "./action-index.ts";
import type { ActionWords, WriteOptions } from "./kind.ts";
import { illegal, legal } from "./kind.ts";

const USAGE = `Usage: mirred <DIRECTION> <ACTION> [index INDEX] <dev DEVICENAME>
where:
	DIRECTION := <ingress | egress>
	ACTION := <mirror | redirect>
	INDEX  is the specific policy instance id
	DEVICENAME is the devicename
`;

/** What is done by the number of it: direction, what, and how it is called. */
const DONE: ReadonlyMap<number, readonly [direction: string, what: string, text: string]> = new Map([
  [uapi.TCA_EGRESS_REDIR, ["egress", "redirect", "Egress Redirect"]],
  [uapi.TCA_EGRESS_MIRROR, ["egress", "mirror", "Egress Mirror"]],
  [uapi.TCA_INGRESS_REDIR, ["ingress", "redirect", "Ingress Redirect"]],
  [uapi.TCA_INGRESS_MIRROR, ["ingress", "mirror", "Ingress Mirror"]],
]);

export const mirred: ActionWords = {
  kind: "mirred",
  parse,
  print: async (tc, out, options) => {
    const parms = options.child(uapi.TCA_MIRRED_PARMS);
    if (parms === undefined) return;
    const { bytes, start } = parms;
    const ifindex = getU32(bytes, start + uapi.TC_MIRRED_IFINDEX);
    await tc.links.load([ifindex]);
    const [direction, what, text] = DONE.get(getS32(bytes, start + uapi.TC_MIRRED_EACTION)) ?? [
      "unknown",
      "unknown",
      "unknown",
    ];
    const dev = tc.links.name(ifindex);
    out.field("kind", "mirred", "mirred ");
    out.text(`(${text} to device ${dev})`);
    out.json("mirred_action", what);
    out.json("direction", direction);
    out.json("to_dev", dev);
    printControl(out, " ", getS32(bytes, start + uapi.TC_MIRRED_ACTION));
    out.newline();
    const number = (offset: number) => getU32(bytes, start + offset);
    const times = options.child(uapi.TCA_MIRRED_TM);
    printIndex(
      tc,
      out,
      "\t",
      number(uapi.TC_MIRRED_INDEX),
      number(uapi.TC_MIRRED_REFCNT),
      number(uapi.TC_MIRRED_BINDCNT),
      times,
    );
  },
};

async function parse(words: Words, tc: TcContext): Promise<WriteOptions> {
  words.takeIf("mirred");
  const word = words.value();
  if (word === "help") throw usage(USAGE, 1);
  const isIngress = matches(word, "ingress");
  if (!isIngress && !matches(word, "egress")) throw illegal(`mirred option not supported ${word}`);
  let isRedirect: boolean | undefined;
  let dev: string | undefined;
  let index = 0;
  for (let next = words.peek; next !== undefined; next = words.peek) {
    if (next === "redirect" || next === "mirror") isRedirect = next === "redirect";
    else if (next === "index") {
      words.take();
      index = legal(words, (text) => unsigned(text, 32, 10), "index");
      continue;
    } else if (next === "dev" && dev === undefined) {
      words.take();
      dev = words.value();
      continue;
    } else break;
    words.take();
  }
  if (isRedirect === undefined) throw illegal(`Invalid mirred action\n${USAGE.trimEnd()}`);
  if (dev === undefined && index === 0) throw incomplete();
  const ifindex = dev === undefined ? 0 : await tc.links.need(dev);
  const control = takeControl(words) ?? (isRedirect ? cls.TC_ACT_STOLEN : cls.TC_ACT_PIPE);
  const [egress, ingress] = isRedirect
    ? [uapi.TCA_EGRESS_REDIR, uapi.TCA_INGRESS_REDIR]
    : [uapi.TCA_EGRESS_MIRROR, uapi.TCA_INGRESS_MIRROR];
  return (writer) => {
    const nest = writer.nest(cls.TCA_ACT_OPTIONS);
    const at = writer.attribute(uapi.TCA_MIRRED_PARMS, uapi.TC_MIRRED_SIZE);
    setU32(writer.bytes, at + uapi.TC_MIRRED_INDEX, index);
    setS32(writer.bytes, at + uapi.TC_MIRRED_ACTION, control);
    setS32(writer.bytes, at + uapi.TC_MIRRED_EACTION, isIngress ? ingress : egress);
    setU32(writer.bytes, at + uapi.TC_MIRRED_IFINDEX, ifindex);
    writer.endNest(nest);
  };
}
