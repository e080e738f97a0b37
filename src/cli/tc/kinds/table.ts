// The kinds that `tc` knows words for.

import { clsact, ingress, noqueue } from "./clsact.ts";
import { bfifo, pfifo, pfifoFast } from "./fifo.ts";
import { fqCodel } from "./fq-codel.ts";
import { htb } from "./htb.ts";
import type { FilterWords, QdiscWords } from "./kind.ts";
import { matchall } from "./matchall.ts";
import { netem } from "./netem.ts";
import { prio } from "./prio.ts";
import { tbf } from "./tbf.ts";
import { u32 } from "./u32.ts";

const qdiscs: readonly QdiscWords[] = [
  pfifo,
  bfifo,
  pfifoFast,
  prio,
  tbf,
  htb,
  netem,
  fqCodel,
  clsact,
  ingress,
  noqueue,
];
const filters: readonly FilterWords[] = [matchall, u32];

/** A kind of discipline by its name. */
export function qdiscWords(kind: string): QdiscWords | undefined {
  return qdiscs.find((each) => each.kind === kind);
}

/** A kind of filter by its name. */
export function filterWords(kind: string): FilterWords | undefined {
  return filters.find((each) => each.kind === kind);
}
