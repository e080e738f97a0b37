// `tc … fq_codel`: a queue for each flow, kept short by CoDel.
//
// Facts: the output of iproute2 6.1 (tc-fq_codel(8)).

import { getU32 } from "../../../bytes/endian.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as ps from "../../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import type { TcContext } from "../context.ts";
import { microsecondsOf, microsecondsText, sizeOf, sizeText } from "../values.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { legal, unknownWord } from "./kind.ts";

const USAGE = `Usage: ... fq_codel	[ limit PACKETS ] [ flows NUMBER ]
[ memory_limit BYTES ]
[ target TIME ] [ interval TIME ]
[ quantum BYTES ] [ [no]ecn ]
[ ce_threshold TIME ]
[ ce_threshold_selector VALUE/MASK ]
[ drop_batch SIZE ]
`;

export const fqCodel: QdiscWords = { kind: "fq_codel", parse, print, printStats };

/** Words with one number behind them: the attribute they become. */
const NUMBERS: Readonly<
  Record<string, readonly [type: number, parse: (word: string) => number | undefined]>
> = {
  limit: [ps.TCA_FQ_CODEL_LIMIT, (word) => unsigned(word)],
  flows: [ps.TCA_FQ_CODEL_FLOWS, (word) => unsigned(word)],
  quantum: [ps.TCA_FQ_CODEL_QUANTUM, (word) => unsigned(word)],
  target: [ps.TCA_FQ_CODEL_TARGET, microsecondsOf],
  ce_threshold: [ps.TCA_FQ_CODEL_CE_THRESHOLD, microsecondsOf],
  memory_limit: [ps.TCA_FQ_CODEL_MEMORY_LIMIT, sizeOf],
  interval: [ps.TCA_FQ_CODEL_INTERVAL, microsecondsOf],
  drop_batch: [ps.TCA_FQ_CODEL_DROP_BATCH_SIZE, (word) => unsigned(word)],
};

/** The order in which attributes are sent. */
const order = [
  ps.TCA_FQ_CODEL_LIMIT,
  ps.TCA_FQ_CODEL_FLOWS,
  ps.TCA_FQ_CODEL_QUANTUM,
  ps.TCA_FQ_CODEL_INTERVAL,
  ps.TCA_FQ_CODEL_TARGET,
  ps.TCA_FQ_CODEL_ECN,
  ps.TCA_FQ_CODEL_CE_THRESHOLD,
  ps.TCA_FQ_CODEL_MEMORY_LIMIT,
  ps.TCA_FQ_CODEL_DROP_BATCH_SIZE,
];

function parse(words: Words): WriteOptions {
  const said = new Map<number, number>();
  let selector: { value: number; mask: number } | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const known = NUMBERS[word];
    if (known !== undefined) said.set(known[0], legal(words, known[1], word));
    else if (word === "ecn" || word === "noecn") said.set(ps.TCA_FQ_CODEL_ECN, word === "ecn" ? 1 : 0);
    else if (word === "ce_threshold_selector") selector = legal(words, selectorOf, "ce_threshold_selector");
    else if (word === "help") throw usage(USAGE, 1);
    else throw unknownWord(word, USAGE);
  }
  return (writer) => {
    const nest = writer.nest(TCA_OPTIONS);
    for (const type of order) {
      const value = said.get(type);
      if (value !== undefined && (type === ps.TCA_FQ_CODEL_ECN || value > 0)) writer.u32(type, value);
    }
    if (selector !== undefined) {
      writer.u8(ps.TCA_FQ_CODEL_CE_THRESHOLD_MASK, selector.mask);
      writer.u8(ps.TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR, selector.value);
    }
    writer.endNest(nest);
  };
}

function selectorOf(word: string): { value: number; mask: number } | undefined {
  const [value, mask] = word.split("/").map((text) => unsigned(text, 8));
  return value === undefined || mask === undefined ? undefined : { value, mask };
}

function print(_: TcContext, out: Output, options: Attribute): void {
  const number = (type: number) => options.child(type)?.u32();
  const show = (type: number, key: string, text: (value: number) => string): void => {
    const value = number(type);
    if (value !== undefined) out.field(key, value, `${key} ${text(value)} `);
  };
  show(ps.TCA_FQ_CODEL_LIMIT, "limit", (value) => `${value}p`);
  show(ps.TCA_FQ_CODEL_FLOWS, "flows", String);
  show(ps.TCA_FQ_CODEL_QUANTUM, "quantum", String);
  show(ps.TCA_FQ_CODEL_TARGET, "target", microsecondsText);
  show(ps.TCA_FQ_CODEL_CE_THRESHOLD, "ce_threshold", microsecondsText);
  const [value, mask] = [ps.TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR, ps.TCA_FQ_CODEL_CE_THRESHOLD_MASK].map(
    (type) => options.child(type)?.u8() ?? 0,
  );
  if ((value ?? 0) > 0 || (mask ?? 0) > 0) {
    const text = `0x${(value ?? 0).toString(16)}/0x${(mask ?? 0).toString(16)}`;
    out.field("ce_threshold_selector", text, `ce_threshold_selector ${text} `);
  }
  show(ps.TCA_FQ_CODEL_INTERVAL, "interval", microsecondsText);
  show(ps.TCA_FQ_CODEL_MEMORY_LIMIT, "memory_limit", sizeText);
  if ((number(ps.TCA_FQ_CODEL_ECN) ?? 0) !== 0) out.field("ecn", true, "ecn ");
  show(ps.TCA_FQ_CODEL_DROP_BATCH_SIZE, "drop_batch", String);
}

/** What struct tc_fq_codel_xstats says of the whole; flows have no such lines here. */
function printStats(_: TcContext, out: Output, { bytes, start, length }: Attribute): void {
  const typeSize = 4;
  if (length < typeSize + ps.TC_FQ_CODEL_CL_STATS_SIZE) return;
  const isFlow = getU32(bytes, start) === ps.TCA_FQ_CODEL_XSTATS_CLASS;
  const number = (offset: number) => getU32(bytes, start + typeSize + offset);
  if (isFlow) {
    const [deficit, count, last] = [
      number(ps.TC_FQ_CODEL_CL_STATS_DEFICIT) | 0,
      number(ps.TC_FQ_CODEL_CL_STATS_COUNT),
      number(ps.TC_FQ_CODEL_CL_STATS_LASTCOUNT),
    ];
    const delay = microsecondsText(number(ps.TC_FQ_CODEL_CL_STATS_LDELAY));
    out.text(`  deficit ${deficit} count ${count} lastcount ${last} ldelay ${delay}`);
    return;
  }
  const show = (key: string, offset: number, isAlways: boolean, lead = " "): void => {
    const value = number(offset);
    if (isAlways || value > 0) out.field(key, value, `${lead}${key} ${value}`);
  };
  show("maxpacket", ps.TC_FQ_CODEL_QD_STATS_MAXPACKET, true, "  ");
  show("drop_overlimit", ps.TC_FQ_CODEL_QD_STATS_DROP_OVERLIMIT, true);
  show("new_flow_count", ps.TC_FQ_CODEL_QD_STATS_NEW_FLOW_COUNT, true);
  show("ecn_mark", ps.TC_FQ_CODEL_QD_STATS_ECN_MARK, true);
  show("ce_mark", ps.TC_FQ_CODEL_QD_STATS_CE_MARK, false);
  show("memory_used", ps.TC_FQ_CODEL_QD_STATS_MEMORY_USAGE, false);
  show("drop_overmemory", ps.TC_FQ_CODEL_QD_STATS_DROP_OVERMEMORY, false);
  out.newline();
  show("new_flows_len", ps.TC_FQ_CODEL_QD_STATS_NEW_FLOWS_LEN, true, "  ");
  show("old_flows_len", ps.TC_FQ_CODEL_QD_STATS_OLD_FLOWS_LEN, true);
}
