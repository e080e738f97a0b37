// The actions of a filter: read from a request, told of in a dump.
//
// Mirrors net/sched/cls_api.c (tcf_exts_validate, tcf_exts_dump) and net/sched/act_api.c (tcf_action_init, tcf_action_init_1,
// tcf_action_dump_1).

import { setU64Number } from "../bytes/endian.ts";
import type { MachineContext, Netns } from "../net/netdevice.ts";
import { writeStats } from "../net/tc-stats.ts";
import type { ActionOps } from "../net/tcf.ts";
import { Action, actionsOf, releaseActions } from "../net/tcf.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { binary, nest, policy, string, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { gact } from "./gact.ts";
import { mirred } from "./mirred.ts";

const kinds: readonly ActionOps[] = [mirred, gact];

const actionPolicy = policy(cls.TCA_ACT_MAX, {
  [cls.TCA_ACT_KIND]: string("kind"),
  [cls.TCA_ACT_OPTIONS]: nest("options"),
  [cls.TCA_ACT_INDEX]: u32("index"),
  [cls.TCA_ACT_COOKIE]: binary("cookie", 16),
});

/** Ticks of a second in which times are told (USER_HZ). */
const userHz = 100;
const nsPerTick = 1_000_000_000 / userHz;

/** Reads a list of actions and binds them to a filter; what is refused leaves none behind. */
export function readActions(netns: Netns, list: Attribute | undefined, isReplace: boolean): Action[] {
  const actions: Action[] = [];
  if (list === undefined) return actions;
  try {
    const children = list.children().sort((one, other) => one.type - other.type);
    for (const child of children) {
      if (child.type > cls.TCA_ACT_MAX_PRIO) throw invalid("Only support up to 32 actions per filter");
      actions.push(readAction(netns, child, isReplace));
    }
    return actions;
  } catch (error) {
    releaseActions(netns, actions);
    throw error;
  }
}

function readAction(netns: Netns, nestOf: Attribute, isReplace: boolean): Action {
  const { kind, options } = parseNested(nestOf, actionPolicy);
  if (kind === undefined) throw invalid("TC action kind must be specified");
  const ops = kinds.find((each) => each.kind === kind);
  if (ops === undefined) throw new NetlinkError("ENOENT", "Failed to load TC action module");
  const known = actionsOf(netns, kind);
  const wanted = ops.init(netns, options, undefined);
  const old = wanted.index === 0 ? undefined : known.get(wanted.index);
  if (old !== undefined) {
    old.references++;
    old.bindings++;
    if (isReplace) {
      old.verdict = wanted.verdict;
      old.state = wanted.state;
    }
    return old;
  }
  let { index } = wanted;
  if (index === 0)
    do index++;
    while (known.has(index));
  const action = new Action(ops, index, wanted, netns.machine.clock.now());
  action.bindings = 1;
  known.set(index, action);
  return action;
}

/** Writes the list of a filter's actions as attribute `type`; nothing for none. */
export function dumpActions(
  machine: MachineContext,
  actions: readonly Action[],
  type: number,
  writer: MessageWriter,
): void {
  if (actions.length === 0) return;
  const list = writer.nest(type);
  for (const [index, action] of actions.entries()) {
    const one = writer.nest(index + 1);
    writer.string(cls.TCA_ACT_KIND, action.ops.kind);
    const statistics = writer.nest(cls.TCA_ACT_STATS);
    writeStats(writer, { ...action, requeues: 0, length: 0, backlog: 0 });
    writer.endNest(statistics);
    const options = writer.nestFlagged(cls.TCA_ACT_OPTIONS);
    action.ops.dump(action, writer);
    dumpTimes(machine, action, writer);
    writer.endNest(options);
    writer.endNest(one);
  }
  writer.endNest(list);
}

/** struct tcf_t behind the attribute type that mirred and gact share: since when, used when, in ticks. */
function dumpTimes(machine: MachineContext, action: Action, writer: MessageWriter): void {
  const at = writer.attribute(timesType, cls.TCF_T_SIZE);
  const now = machine.clock.now();
  const since = (ns: number) => Math.floor((now - ns) / nsPerTick);
  setU64Number(writer.bytes, at + cls.TCF_T_INSTALL, since(action.installedAtNs));
  setU64Number(writer.bytes, at + cls.TCF_T_LASTUSE, since(action.usedAtNs));
  if (action.firstUsedAtNs > 0)
    setU64Number(writer.bytes, at + cls.TCF_T_FIRSTUSE, since(action.firstUsedAtNs));
}

/** TCA_MIRRED_TM and TCA_GACT_TM. */
const timesType = 1;
