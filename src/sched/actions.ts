// Actions: read from a request, for a filter or to stand alone, and told of in a dump.
//
// Mirrors net/sched/cls_api.c (tcf_exts_validate, tcf_exts_dump) and net/sched/act_api.c (tcf_action_init, tcf_action_init_1,
// tcf_action_dump_1, tcf_action_dump_terse). Omitted: offload to hardware, of which there is none.

import { setU32, setU64Number } from "../bytes/endian.ts";
import type { MachineContext, Netns } from "../net/netdevice.ts";
import type { ActionCalls, ActionOps, TakenAction } from "../net/tc-action.ts";
import {
  Action,
  actionsOf,
  releaseAction,
  releaseActions,
  setActionChain,
  TCA_ACT_HW_STATS_ANY,
} from "../net/tc-action.ts";
import { writeStats } from "../net/tc-stats.ts";
import type { FilterRequest, TcfChain, TcfProto } from "../net/tcf.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { binary, bitfield32, nest, policy, string, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { csum } from "./csum.ts";
import { gact } from "./gact.ts";
import { mirred } from "./mirred.ts";
import { pedit } from "./pedit.ts";
import { police } from "./police.ts";
import { skbedit } from "./skbedit.ts";
import { vlan } from "./vlan.ts";

const list: readonly ActionOps[] = [mirred, gact, police, vlan, skbedit, pedit, csum];
const kinds: ReadonlyMap<string, ActionOps> = new Map(list.map((ops) => [ops.kind, ops]));

const skipHardware = cls.TCA_ACT_FLAGS_SKIP_HW;
const skipSoftware = cls.TCA_ACT_FLAGS_SKIP_SW;

const actionPolicy = policy(cls.TCA_ACT_MAX, {
  [cls.TCA_ACT_KIND]: string("kind"),
  [cls.TCA_ACT_OPTIONS]: nest("options"),
  [cls.TCA_ACT_INDEX]: u32("index"),
  [cls.TCA_ACT_COOKIE]: binary("cookie", 16),
  [cls.TCA_ACT_FLAGS]: bitfield32("flags", cls.TCA_ACT_FLAGS_NO_PERCPU_STATS | skipHardware | skipSoftware),
  [cls.TCA_ACT_HW_STATS]: bitfield32("hardwareStats", TCA_ACT_HW_STATS_ANY),
});

/** The largest name of a kind, its NUL counted (IFNAMSIZ). */
const maxKind = 16;
/** Ticks of a second in which times are told (USER_HZ). */
const userHz = 100;
const nsPerTick = 1_000_000_000 / userHz;

/** How a list of actions is taken: whether it may change some, and the filters that it is for, if it is for any. */
interface Manner {
  readonly isReplace: boolean;
  readonly proto: TcfProto | null;
}

/** What requests about actions by themselves need. */
export const actionCalls: ActionCalls = {
  isKind: (kind) => kinds.has(kind),
  make: (netns, attribute, isReplace) => initActions(netns, attribute, { isReplace, proto: null }),
  dump: dumpAction,
  dumpTerse,
};

/** Reads a list of actions and binds them to a filter of `proto`; what is refused leaves none behind. */
export function readActions(
  proto: TcfProto,
  { netns, isReplace }: FilterRequest,
  attribute: Attribute | undefined,
): Action[] {
  if (attribute === undefined) return [];
  return initActions(netns, attribute, { isReplace, proto }).map(({ action }) => action);
}

/** Takes a list: first whether there are such kinds, then one action after the other (tcf_action_init). */
function initActions(netns: Netns, attribute: Attribute, manner: Manner): TakenAction[] {
  const children = attribute.children().sort((one, other) => one.type - other.type);
  if (children.some(({ type }) => type > cls.TCA_ACT_MAX_PRIO))
    throw invalid("Only 32 actions supported per filter");
  const asked = children.map((child) => parseNested(child, actionPolicy));
  const ops = asked.map(({ kind }) => opsOf(kind));
  const taken: TakenAction[] = [];
  try {
    for (const [at, each] of ops.entries()) taken.push(initAction(netns, each, asked[at] ?? {}, manner));
    return taken;
  } catch (error) {
    for (const { action, isNew } of taken) {
      if (manner.proto !== null) releaseActions(netns, [action]);
      else if (isNew) releaseAction(netns, action);
    }
    throw error;
  }
}

/** The kind of an action (tc_action_load_ops). */
function opsOf(kind: string | undefined): ActionOps {
  if (kind === undefined) throw invalid("TC action kind must be specified");
  if (kind.length >= maxKind) throw invalid("TC action name too long");
  const ops = kinds.get(kind);
  if (ops === undefined) throw new NetlinkError("ENOENT", "Failed to load TC action module");
  return ops;
}

/** Makes an action, changes one or binds one that is there (tcf_action_init_1). */
function initAction(
  netns: Netns,
  ops: ActionOps,
  asked: Parsed<typeof actionPolicy>,
  { isReplace, proto }: Manner,
): TakenAction {
  const { options, cookie, hardwareStats } = asked;
  const flags = asked.flags?.value ?? 0;
  if ((flags & skipHardware) !== 0 && (flags & skipSoftware) !== 0) throw invalid();
  const known = actionsOf(netns, ops.kind);
  const index = ops.indexOf(options);
  const old = index === 0 ? undefined : known.get(index);
  if (old !== undefined && proto !== null) {
    old.references++;
    old.bindings++;
    old.cookie = cookie;
    return { action: old, isNew: false };
  }
  const given = ops.init({ netns, options, old, isReplace, proto });
  // Nobody would run it.
  if ((flags & skipSoftware) !== 0) throw invalid();
  const action = old ?? new Action(ops, index || freeIndex(known), given, netns.machine.clock.now());
  action.verdict = given.verdict;
  action.state = given.state;
  setActionChain(action, takeChain(proto, given.verdict));
  action.cookie = cookie;
  if (old === undefined) action.flags = flags;
  if (proto !== null) action.bindings++;
  else action.hardwareStats = hardwareStats?.value ?? TCA_ACT_HW_STATS_ANY;
  known.set(action.index, action);
  return { action, isNew: old === undefined };
}

/** The chain that a verdict leads to, held for the action; null for another verdict. */
function takeChain(proto: TcfProto | null, verdict: number): TcfChain | null {
  if (proto === null || (verdict & ~cls.TC_ACT_EXT_VAL_MASK) !== cls.TC_ACT_GOTO_CHAIN) return null;
  const chain = proto.block.chain(verdict & cls.TC_ACT_EXT_VAL_MASK);
  chain.getByAction();
  return chain;
}

/** The smallest number that no action has. */
function freeIndex(known: ReadonlyMap<number, Action>): number {
  let index = 1;
  while (known.has(index)) index++;
  return index;
}

/** Writes the list of a filter's actions as attribute `type`; nothing for none. */
export function dumpActions(
  machine: MachineContext,
  actions: readonly Action[],
  type: number,
  writer: MessageWriter,
): void {
  if (actions.length === 0) return;
  const all = writer.nest(type);
  for (const [index, action] of actions.entries()) {
    const one = writer.nest(index + 1);
    dumpAction(machine, action, writer);
    writer.endNest(one);
  }
  writer.endNest(all);
}

function dumpAction(machine: MachineContext, action: Action, writer: MessageWriter): void {
  dumpTerse(action, writer, false);
  const { flags, hardwareStats } = action;
  if (hardwareStats !== TCA_ACT_HW_STATS_ANY)
    dumpBits(writer, cls.TCA_ACT_HW_STATS, hardwareStats, TCA_ACT_HW_STATS_ANY);
  if (action.isListed) dumpBits(writer, cls.TCA_ACT_USED_HW_STATS, 0, TCA_ACT_HW_STATS_ANY);
  if (flags !== 0) dumpBits(writer, cls.TCA_ACT_FLAGS, flags, flags);
  writer.u32(cls.TCA_ACT_IN_HW_COUNT, 0);
  const options = writer.nest(cls.TCA_ACT_OPTIONS);
  action.ops.dump(action, writer);
  dumpTimes(machine, action, writer);
  writer.endNest(options);
}

/** What every list has of an action: its kind, how often it was used, the user's cookie. */
function dumpTerse(action: Action, writer: MessageWriter, isAlone: boolean): void {
  writer.string(cls.TCA_ACT_KIND, action.ops.kind);
  const statistics = writer.nest(cls.TCA_ACT_STATS);
  writeStats(writer, { ...action, requeues: 0, length: 0, backlog: 0 }, null, true);
  writer.endNest(statistics);
  if (isAlone) writer.u32(cls.TCA_ACT_INDEX, action.index);
  if (action.cookie !== undefined) writer.binary(cls.TCA_ACT_COOKIE, action.cookie);
}

function dumpBits(writer: MessageWriter, type: number, value: number, selector: number): void {
  const at = writer.attribute(type, 8);
  setU32(writer.bytes, at, value);
  setU32(writer.bytes, at + 4, selector);
}

/** struct tcf_t: since when, used when, in ticks. */
function dumpTimes(machine: MachineContext, action: Action, writer: MessageWriter): void {
  const at = writer.attribute(action.ops.timesType ?? timesType, cls.TCF_T_SIZE);
  const now = machine.clock.now();
  const since = (ns: number) => Math.floor((now - ns) / nsPerTick);
  setU64Number(writer.bytes, at + cls.TCF_T_INSTALL, since(action.installedAtNs));
  setU64Number(writer.bytes, at + cls.TCF_T_LASTUSE, since(action.usedAtNs));
  if (action.firstUsedAtNs > 0)
    setU64Number(writer.bytes, at + cls.TCF_T_FIRSTUSE, since(action.firstUsedAtNs));
}

/** TCA_MIRRED_TM, TCA_GACT_TM and most others. */
const timesType = 1;
