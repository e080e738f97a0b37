// Lists of actions: `action KIND … [ action KIND … ]` behind a filter, and how they are printed.
//
// Facts: tc-actions(8) and the output of iproute2 6.1. *Omitted:* cookies, hardware offload, actions that stand alone.

import type { Attribute } from "../../netlink/attribute.ts";
import * as cls from "../../uapi/pkt_cls.ts";
import { CommandExit, EXIT_FAILURE, usage } from "../exit.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";
import type { TcContext } from "./context.ts";
import { GACT_USAGE } from "./help.ts";
import { actionWords } from "./kinds/action-table.ts";
import type { ActionWords, WriteOptions } from "./kinds/kind.ts";
import { printStats2 } from "./stats.ts";

/** Reads actions behind the first word `action`; the returned function writes them into a nest of `type`. */
export async function parseActions(words: Words, tc: TcContext, type: number): Promise<WriteOptions> {
  const parsed: { kind: string; write: WriteOptions }[] = [];
  do {
    const word = words.peek ?? "";
    const action = actionWords(word);
    if (action === undefined) throw usage(`Bad action type ${word}\n${GACT_USAGE}`);
    const place = `${words.count}:${word}`;
    parsed.push({ kind: action.kind, write: await parseOne(action, words, tc, place) });
  } while (words.takeIf("action"));
  return (writer) => {
    const nest = writer.nest(type);
    for (const [index, { kind, write }] of parsed.entries()) {
      const one = writer.nest(index + 1);
      writer.string(cls.TCA_ACT_KIND, kind);
      write(writer);
      writer.endNest(one);
    }
    writer.endNest(nest);
  };
}

/** Reads one action; a device that is not there is said with where it was wanted. */
async function parseOne(
  action: ActionWords,
  words: Words,
  tc: TcContext,
  place: string,
): Promise<WriteOptions> {
  try {
    return await action.parse(words, tc);
  } catch (error) {
    if (!(error instanceof CommandExit) || error.isFinal) throw error;
    const text = `${error.text}bad action parsing\nparse_action: bad value (${place})!\nIllegal "action"\n`;
    throw new CommandExit(EXIT_FAILURE, text);
  }
}

/** Prints the actions of a filter (tc_print_action). */
export async function printActions(tc: TcContext, out: Output, list: Attribute): Promise<void> {
  out.openArray("actions");
  for (const one of list.children()) {
    const kind = one.child(cls.TCA_ACT_KIND)?.text() ?? "";
    const options = one.child(cls.TCA_ACT_OPTIONS);
    out.openObject();
    out.newline();
    out.field("order", one.type, `\taction order ${one.type}: `);
    if (options !== undefined) await actionWords(kind)?.print(tc, out, options);
    const stats = one.child(cls.TCA_ACT_STATS);
    if (tc.options.stats > 0 && stats !== undefined) {
      out.text("\n\tAction statistics:");
      out.newline();
      out.openObject("stats");
      printStats2(tc, out, stats, "\t");
      out.closeObject();
    }
    out.newline();
    out.closeObject();
  }
  out.closeArray();
}
