// `tc … action drop`, `pass`, …: what becomes of the frame, and nothing else.
//
// Facts: the output of iproute2 6.1 (tc-actions(8)). *Omitted:* chances (random).

import { getS32, getU32, setS32, setU32 } from "../../../bytes/endian.ts";
import * as cls from "../../../uapi/pkt_cls.ts";
import * as uapi from "../../../uapi/tc_gact.ts";
import { usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";
import { controlWords, printControl, takeControl } from "../control.ts";
import { GACT_USAGE } from "../help.ts";
import { printIndex } from "./action-index.ts";
import type { ActionWords, WriteOptions } from "./kind.ts";
import { illegal, legal } from "./kind.ts";

export const gact: ActionWords = {
  kind: "gact",
  parse: async (words) => parse(words),
  print: async (tc, out, options) => {
    const parms = options.child(uapi.TCA_GACT_PARMS);
    if (parms === undefined) return;
    const { bytes, start } = parms;
    out.field("kind", "gact", "gact ");
    printControl(out, "action ", getS32(bytes, start + uapi.TC_GACT_ACTION));
    out.newline();
    out.openObject("prob");
    out.field("random_type", "none", "\t random type none");
    out.openObject("control_action");
    out.field("type", "pass", " pass");
    out.closeObject();
    out.field("val", 0, " val 0");
    out.closeObject();
    out.newline();
    const number = (offset: number) => getU32(bytes, start + offset);
    const times = options.child(uapi.TCA_GACT_TM);
    printIndex(
      tc,
      out,
      "\t ",
      number(uapi.TC_GACT_INDEX),
      number(uapi.TC_GACT_REFCNT),
      number(uapi.TC_GACT_BINDCNT),
      times,
    );
  },
};

/** Words that stand for an action of this kind by themselves. */
export const gactWords: readonly string[] = ["gact", ...controlWords];

function parse(words: Words): WriteOptions {
  words.takeIf("gact");
  words.takeIf("action");
  if (words.peek === "help") throw usage(GACT_USAGE, 1);
  const action = takeControl(words, true);
  if (action === undefined) throw illegal(`What is "${words.peek ?? ""}"?\n${GACT_USAGE.trimEnd()}`);
  if (words.peek === "random") throw illegal('"random" is not supported');
  const index = words.takeIf("index") ? legal(words, (word) => unsigned(word, 32, 10), "index") : 0;
  return (writer) => {
    const nest = writer.nest(cls.TCA_ACT_OPTIONS);
    const at = writer.attribute(uapi.TCA_GACT_PARMS, uapi.TC_GACT_SIZE);
    setU32(writer.bytes, at + uapi.TC_GACT_INDEX, index);
    setS32(writer.bytes, at + uapi.TC_GACT_ACTION, action);
    writer.endNest(nest);
  };
}
