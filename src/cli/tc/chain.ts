// `tc chain`: chains of filters, made, deleted and listed.
//
// Facts: tc(8) and the behaviour of iproute2 6.1. *Omitted:* `get`, which refuses by name, shared blocks.

import * as nl from "../../uapi/netlink.ts";
import * as rt from "../../uapi/rtnetlink.ts";
import type { Words } from "../words.ts";
import { matches } from "../words.ts";
import type { TcContext } from "./context.ts";
import { modifyFilter, showPlace } from "./filter.ts";
import { CHAIN_USAGE } from "./help.ts";
import { illegal } from "./kinds/kind.ts";
import type { Verbs } from "./verbs.ts";
import { runVerb } from "./verbs.ts";

const VERBS: Verbs = {
  object: "chain",
  help: CHAIN_USAGE,
  show: (tc, words) => showPlace(tc, words, rt.RTM_GETCHAIN),
  modify: modifyFilter,
  changes: [
    ["add", rt.RTM_NEWCHAIN, nl.NLM_F_EXCL | nl.NLM_F_CREATE],
    ["change", rt.RTM_NEWCHAIN, 0],
    ["replace", rt.RTM_NEWCHAIN, nl.NLM_F_CREATE],
    ["delete", rt.RTM_DELCHAIN, 0],
  ],
};

/** Runs `tc chain`. */
export async function chain(tc: TcContext, words: Words): Promise<number> {
  if (words.peek !== undefined && matches(words.peek, "get"))
    throw illegal('"tc chain get" is not supported');
  return runVerb(tc, words, VERBS);
}
