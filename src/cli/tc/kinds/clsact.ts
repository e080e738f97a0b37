// `tc … clsact`, `ingress` and `noqueue`: places for filters, and nothing at all.
//
// Facts: the output of iproute2 6.1 (tc-bpf(8) for clsact).

import { usage } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { QdiscWords, WriteOptions } from "./kind.ts";
import { illegal, unknownWord } from "./kind.ts";

export const clsact: QdiscWords = {
  kind: "clsact",
  parse: (words) => nothing(words, "Usage: ... clsact\n"),
  print: () => {},
};

export const ingress: QdiscWords = {
  kind: "ingress",
  parse: (words) => nothing(words, "Usage: ... ingress\n"),
  print: (_, out) => out.text("---------------- "),
};

export const noqueue: QdiscWords = {
  kind: "noqueue",
  parse: (words) => {
    const word = words.take();
    if (word !== undefined) throw illegal(`Unknown qdisc "noqueue", hence option "${word}" is unparsable`);
    return () => {};
  },
  print: () => {},
};

/** Takes no words. */
function nothing(words: Words, text: string): WriteOptions {
  const word = words.take();
  if (word === "help") throw usage(text, 1);
  if (word !== undefined) throw unknownWord(word, text);
  return () => {};
}
