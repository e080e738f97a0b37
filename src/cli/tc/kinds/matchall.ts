// `tc … matchall`: a filter that every frame meets.
//
// Facts: the output of iproute2 6.1 (tc-matchall(8)).

import { getU64Number } from "../../../bytes/endian.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as cls from "../../../uapi/pkt_cls.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import { parseActions, printActions } from "../actions.ts";
import type { TcContext } from "../context.ts";
import { classidOf, classidText } from "../values.ts";
import type { FilterOptions, FilterScope, FilterWords, WriteOptions } from "./kind.ts";
import { illegal, legal, unknownWord } from "./kind.ts";

const USAGE = `Usage: ... matchall [skip_sw | skip_hw]
                 [ action ACTION_SPEC ] [ classid CLASSID ]

Where: SELECTOR := SAMPLE SAMPLE ...
       FILTERID := X:Y:Z
       ACTION_SPEC := ... look at individual actions

NOTE: CLASSID is parsed as hexadecimal input.
`;

export const matchall: FilterWords = { kind: "matchall", parse, print };

async function parse(words: Words, tc: TcContext, { handle }: FilterScope): Promise<FilterOptions> {
  const number = handle === undefined ? 0 : unsigned(handle);
  if (number === undefined) throw illegal('Illegal "handle"');
  let flags = 0;
  let classid: number | undefined;
  let actions: WriteOptions | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (matches(word, "classid") || word === "flowid") classid = legal(words, classidOf, "classid");
    else if (matches(word, "action")) actions = await parseActions(words, tc, cls.TCA_MATCHALL_ACT);
    else if (word === "skip_hw") flags |= cls.TCA_CLS_FLAGS_SKIP_HW;
    else if (word === "skip_sw") flags |= cls.TCA_CLS_FLAGS_SKIP_SW;
    else if (word === "help") throw usage(USAGE, 1);
    else throw unknownWord(word, USAGE);
  }
  return {
    handle: number,
    write: (writer) => {
      const nest = writer.nest(TCA_OPTIONS);
      if (classid !== undefined) writer.u32(cls.TCA_MATCHALL_CLASSID, classid);
      actions?.(writer);
      if (flags !== 0) writer.u32(cls.TCA_MATCHALL_FLAGS, flags);
      writer.endNest(nest);
    },
  };
}

async function print(tc: TcContext, out: Output, options: Attribute, handle: number): Promise<void> {
  if (handle !== 0) out.field("handle", handle, `handle 0x${handle.toString(16)} `);
  const classid = options.child(cls.TCA_MATCHALL_CLASSID)?.u32();
  if (classid !== undefined) out.field("flowid", classidText(classid), `flowid ${classidText(classid)} `);
  const flags = options.child(cls.TCA_MATCHALL_FLAGS)?.u32() ?? 0;
  out.newline();
  for (const [flag, name] of [
    [cls.TCA_CLS_FLAGS_SKIP_HW, "skip_hw"],
    [cls.TCA_CLS_FLAGS_SKIP_SW, "skip_sw"],
    [cls.TCA_CLS_FLAGS_IN_HW, "in_hw"],
    [cls.TCA_CLS_FLAGS_NOT_IN_HW, "not_in_hw"],
  ] as const) {
    if ((flags & flag) !== 0) out.field(name, true, `  ${name}`);
  }
  const hits = options.child(cls.TCA_MATCHALL_PCNT);
  if (tc.options.stats > 0 && hits !== undefined) {
    const count = getU64Number(hits.bytes, hits.start);
    out.field("rule_hit", count, ` (rule hit ${count})`);
  }
  const actions = options.child(cls.TCA_MATCHALL_ACT);
  if (actions !== undefined) await printActions(tc, out, actions);
}
