// gact: does nothing to a frame but decide: pass, drop, go on.
//
// Mirrors net/sched/act_gact.c (v6.18). Omitted: deciding by chance (TCA_GACT_PROB), jumps and chains.

import { getS32, getU32, setS32, setU32 } from "../bytes/endian.ts";
import type { ActionOps } from "../net/tcf.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { min, policy } from "../netlink/policy.ts";
import { TC_ACT_SHOT, TC_ACT_TRAP, TC_ACT_UNSPEC } from "../uapi/pkt_cls.ts";
import * as gactUapi from "../uapi/tc_gact.ts";

const gactPolicy = policy(gactUapi.TCA_GACT_MAX, {
  [gactUapi.TCA_GACT_PARMS]: min("parms", gactUapi.TC_GACT_SIZE),
});

export const gact: ActionOps<null> = {
  kind: "gact",
  init(_, options) {
    if (options === undefined) throw invalid();
    const { parms } = parseNested(options, gactPolicy);
    if (parms === undefined) throw invalid();
    const verdict = getS32(parms.bytes, parms.start + gactUapi.TC_GACT_ACTION);
    if (verdict < TC_ACT_UNSPEC || verdict > TC_ACT_TRAP) throw invalid("invalid control action");
    return { index: getU32(parms.bytes, parms.start + gactUapi.TC_GACT_INDEX), verdict, state: null };
  },
  act(_, action) {
    if (action.verdict === TC_ACT_SHOT) action.drops++;
    return action.verdict;
  },
  dump(action, writer) {
    const at = writer.attribute(gactUapi.TCA_GACT_PARMS, gactUapi.TC_GACT_SIZE);
    setU32(writer.bytes, at + gactUapi.TC_GACT_INDEX, action.index);
    setS32(writer.bytes, at + gactUapi.TC_GACT_ACTION, action.verdict);
    setU32(writer.bytes, at + gactUapi.TC_GACT_REFCNT, action.references);
    setU32(writer.bytes, at + gactUapi.TC_GACT_BINDCNT, action.bindings);
  },
};
