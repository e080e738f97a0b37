// gact: does nothing to a frame but decide: pass, drop, go on; of some frames, by chance or by count, otherwise.
//
// Mirrors net/sched/act_gact.c (v6.18).

import { getS32, getU16, getU32, setS32, setU16, setU32 } from "../bytes/endian.ts";
import type { Device } from "../net/netdevice.ts";
import type { Action, ActionInit, ActionOps, ActionRequest } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { policy, unspec } from "../netlink/policy.ts";
import { TC_ACT_EXT_VAL_MASK, TC_ACT_GOTO_CHAIN, TC_ACT_SHOT } from "../uapi/pkt_cls.ts";
import * as uapi from "../uapi/tc_gact.ts";
import { checkControl } from "./control-action.ts";

const gactPolicy = policy(uapi.TCA_GACT_MAX, {
  [uapi.TCA_GACT_PARMS]: unspec("parms", uapi.TC_GACT_SIZE),
  [uapi.TCA_GACT_PROB]: unspec("chance", uapi.TC_GACT_P_SIZE),
});

/** When another verdict is told than the action's own. */
interface GactState {
  /** PGACT_*. */
  readonly way: number;
  /** Of so many frames one. */
  readonly of: number;
  readonly verdict: number;
}

export const gact: ActionOps<GactState> = {
  kind: "gact",
  indexOf: (options) => getU32(parmsOf(options).bytes, parmsOf(options).start + uapi.TC_GACT_INDEX),
  init,
  act(_, action, dev) {
    const verdict = isOther(action, dev) ? action.state.verdict : action.verdict;
    if (verdict === TC_ACT_SHOT) action.drops++;
    return verdict;
  },
  dump(action, writer) {
    const at = writer.attribute(uapi.TCA_GACT_PARMS, uapi.TC_GACT_SIZE);
    setU32(writer.bytes, at + uapi.TC_GACT_INDEX, action.index);
    setS32(writer.bytes, at + uapi.TC_GACT_ACTION, action.verdict);
    setU32(writer.bytes, at + uapi.TC_GACT_REFCNT, action.references);
    setU32(writer.bytes, at + uapi.TC_GACT_BINDCNT, action.bindings);
    const { way, of, verdict } = action.state;
    if (way === uapi.PGACT_NONE) return;
    const chance = writer.attribute(uapi.TCA_GACT_PROB, uapi.TC_GACT_P_SIZE);
    setU16(writer.bytes, chance + uapi.TC_GACT_P_PTYPE, way);
    setU16(writer.bytes, chance + uapi.TC_GACT_P_PVAL, of);
    setS32(writer.bytes, chance + uapi.TC_GACT_P_PACTION, verdict);
  },
};

function parmsOf(options: Attribute | undefined): Attribute {
  const parms = options === undefined ? undefined : parseNested(options, gactPolicy).parms;
  if (parms === undefined) throw invalid();
  return parms;
}

function init(request: ActionRequest<GactState>): ActionInit<GactState> {
  const parms = parmsOf(request.options);
  const chance = request.options === undefined ? undefined : parseNested(request.options, gactPolicy).chance;
  const given = chance === undefined ? undefined : readChance(chance);
  const verdict = getS32(parms.bytes, parms.start + uapi.TC_GACT_ACTION);
  checkControl(request, verdict);
  const never: GactState = { way: uapi.PGACT_NONE, of: 0, verdict: 0 };
  return { verdict, state: given ?? request.old?.state ?? never };
}

function readChance({ bytes, start }: Attribute): GactState {
  const way = getU16(bytes, start + uapi.TC_GACT_P_PTYPE);
  const verdict = getS32(bytes, start + uapi.TC_GACT_P_PACTION);
  if (way > uapi.PGACT_DETERM) throw invalid();
  if ((verdict & ~TC_ACT_EXT_VAL_MASK) === TC_ACT_GOTO_CHAIN)
    throw invalid("goto chain not allowed on fallback");
  return { way, of: Math.max(1, getU16(bytes, start + uapi.TC_GACT_P_PVAL)), verdict };
}

/** Whether this frame is one of those few (gact_net_rand, gact_determ); it has been counted. */
function isOther({ state: { way, of }, packets }: Action<GactState>, dev: Device): boolean {
  if (way === uapi.PGACT_NETRAND) return dev.machine.random.u32() % of === 0;
  return way === uapi.PGACT_DETERM && packets % of === 0;
}
