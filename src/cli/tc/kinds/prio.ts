// `tc … prio`: bands, the first before the second, and which band a priority goes to.
//
// Facts: the output of iproute2 6.1 (tc-prio(8)).

import { getS32, setS32 } from "../../../bytes/endian.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as ps from "../../../uapi/pkt_sched.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { usage } from "../../exit.ts";
import { signed, unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { illegal, legal, unknownWord } from "./kind.ts";

const USAGE = "Usage: ... prio bands NUMBER priomap P1 P2...[multiqueue]\n";
const defaultBands = 3;
const defaultMap = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

export const prio: QdiscWords = {
  kind: "prio",
  parse,
  print: (_, out, options) => {
    printBands(out, options);
    out.json("multiqueue", false);
  },
};

function parse(words: Words): WriteOptions {
  let bands = defaultBands;
  const map = [...defaultMap];
  let index = 0;
  let isMap = false;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "help") throw usage(USAGE, 1);
    if (word === "bands") bands = legal(words, signed, "bands");
    else if (word === "priomap") {
      if (isMap) throw illegal("Error: duplicate priomap");
      isMap = true;
    } else if (!isMap) throw unknownWord(word, USAGE);
    else {
      const band = unsigned(word, 32, 10);
      if (band === undefined) throw illegal('Illegal "priomap" element');
      if (band > bands) throw illegal(`"priomap" element is out of bands`);
      if (index > ps.TC_PRIO_MAX) throw illegal(`"priomap" index > TC_PRIO_MAX=${ps.TC_PRIO_MAX}`);
      map[index++] = band;
    }
  }
  return (writer) => {
    const at = writer.attribute(TCA_OPTIONS, ps.TC_PRIO_QOPT_SIZE);
    setS32(writer.bytes, at + ps.TC_PRIO_QOPT_BANDS, bands);
    for (const [priority, band] of map.entries())
      writer.bytes[at + ps.TC_PRIO_QOPT_PRIOMAP + priority] = band;
  };
}

/** Prints struct tc_prio_qopt. */
export function printBands(out: Output, { bytes, start }: Attribute): void {
  const bands = getS32(bytes, start + ps.TC_PRIO_QOPT_BANDS);
  out.field("bands", bands, `bands ${bands} `);
  out.openArray("priomap", "priomap");
  for (let priority = 0; priority <= ps.TC_PRIO_MAX; priority++) {
    const band = bytes[start + ps.TC_PRIO_QOPT_PRIOMAP + priority] ?? 0;
    out.item(band, ` ${band}`);
  }
  out.closeArray();
}
