// `tc … pfifo`, `bfifo` and `pfifo_fast`: queues bounded in packets or bytes; three bands.
//
// Facts: the output of iproute2 6.1 (tc-pfifo(8), tc-pfifo_fast(8)).

import { getU32, setU32 } from "../../../bytes/endian.ts";
import { TC_FIFO_QOPT_LIMIT, TC_FIFO_QOPT_SIZE } from "../../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { usage } from "../../exit.ts";
import type { Words } from "../../words.ts";
import { sizeOf, sizeText } from "../values.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { illegal } from "./kind.ts";
import { printBands } from "./prio.ts";

const USAGE = "Usage: ... <[p|b]fifo | pfifo_head_drop> [ limit NUMBER ]\n";

export const pfifo: QdiscWords = {
  kind: "pfifo",
  parse: (words) => parse("pfifo", words),
  print: (_, out, { bytes, start }) => {
    const limit = getU32(bytes, start + TC_FIFO_QOPT_LIMIT);
    out.field("limit", limit, `limit ${limit}p`);
  },
};

export const bfifo: QdiscWords = {
  kind: "bfifo",
  parse: (words) => parse("bfifo", words),
  print: (_, out, { bytes, start }) => {
    const limit = getU32(bytes, start + TC_FIFO_QOPT_LIMIT);
    out.field("limit", limit, `limit ${sizeText(limit)}`);
  },
};

/** Shown, and hung by its name; it has no words. */
export const pfifoFast: QdiscWords = {
  kind: "pfifo_fast",
  parse: (words) => {
    const word = words.take();
    if (word !== undefined) throw illegal(`Unknown qdisc "pfifo_fast", hence option "${word}" is unparsable`);
    return () => {};
  },
  print: (_, out, options) => printBands(out, options),
};

function parse(kind: string, words: Words): WriteOptions {
  let limit: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "help") throw usage(USAGE, 1);
    if (word !== "limit") throw illegal(`${kind}: unknown parameter "${word}"\n${USAGE}`.trimEnd());
    const text = words.value();
    limit = sizeOf(text);
    if (limit === undefined) throw illegal(`${kind}: Illegal value for "limit": "${text}"`);
  }
  return (writer) => {
    if (limit === undefined) return;
    const at = writer.attribute(TCA_OPTIONS, TC_FIFO_QOPT_SIZE);
    setU32(writer.bytes, at + TC_FIFO_QOPT_LIMIT, limit);
  };
}
