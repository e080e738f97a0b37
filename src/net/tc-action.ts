// Actions: what is done with a frame that a filter has matched, and what becomes of it then.
//
// Mirrors net/sched/act_api.c (tcf_action_exec, tcf_idr_*, tcf_action_set_ctrlact). Omitted: offload to hardware.

import type { Attribute } from "../netlink/attribute.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  TC_ACT_EXT_VAL_MASK,
  TC_ACT_GOTO_CHAIN,
  TC_ACT_JUMP,
  TC_ACT_OK,
  TC_ACT_PIPE,
  TC_ACT_REPEAT,
  TC_ACT_SHOT,
  TCA_ACT_HW_STATS_DELAYED,
  TCA_ACT_HW_STATS_IMMEDIATE,
  TCA_ACT_MAX_PRIO,
} from "../uapi/pkt_cls.ts";
import type { Device, Frame, MachineContext, Netns } from "./netdevice.ts";
import { NetnsSlot } from "./netdevice.ts";
import type { FilterResult, TcfChain, TcfProto } from "./tcf.ts";

/** However the hardware counts. */
export const TCA_ACT_HW_STATS_ANY = TCA_ACT_HW_STATS_IMMEDIATE | TCA_ACT_HW_STATS_DELAYED;

/** How often REPEAT has actions done with one frame. */
const maxRepeats = 32;

/** A kind of action (`struct tc_action_ops`). */
export interface ActionOps<State = unknown> {
  readonly kind: string;
  /** The attribute with the times; 1 without it. */
  readonly timesType?: number;
  /** The number that TCA_ACT_OPTIONS ask for, 0 for the next free one; throws NetlinkError for what are no options. */
  indexOf(options: Attribute | undefined): number;
  /** Reads TCA_ACT_OPTIONS into a new action's state, or a changed one's; throws NetlinkError to refuse. */
  init(request: ActionRequest<State>): ActionInit<State>;
  /** Does it to a frame that stays the caller's, and says what becomes of it (TC_ACT_*). */
  act(frame: Frame, action: Action<State>, dev: Device): number;
  /** Writes the content of TCA_ACT_OPTIONS but the times, which stand behind it. */
  dump(action: Action<State>, writer: MessageWriter): void;
}

/** What is asked of an action. */
export interface ActionRequest<State> {
  readonly netns: Netns;
  readonly options: Attribute | undefined;
  /** The one that has this number already. */
  readonly old: Action<State> | undefined;
  /** It may be changed. */
  readonly isReplace: boolean;
  /** The filters it is for; null for one that stands alone. */
  readonly proto: TcfProto | null;
}

/** What `init` has read. */
export interface ActionInit<State> {
  readonly verdict: number;
  readonly state: State;
}

/** An action (`struct tc_action`). */
export class Action<State = unknown> {
  readonly ops: ActionOps<State>;
  readonly index: number;
  /** What is done with the frame when the action has been (TC_ACT_*). */
  verdict: number;
  state: State;
  /** Where TC_ACT_GOTO_CHAIN leads; held. */
  chain: TcfChain | null = null;
  /** Who holds it, and how many of them are filters. */
  references = 1;
  bindings = 0;
  bytes = 0;
  packets = 0;
  drops = 0;
  overlimits = 0;
  /** TCA_ACT_COOKIE, the user's own. */
  cookie: Uint8Array | undefined;
  /** TCA_ACT_FLAGS_*, from when it was made. */
  flags = 0;
  /** TCA_ACT_HW_STATS_*: how hardware may count. */
  hardwareStats = TCA_ACT_HW_STATS_ANY;
  /** A list has told of it since it was made, and with that how hardware counts. */
  isListed = false;
  readonly installedAtNs: number;
  usedAtNs: number;
  firstUsedAtNs = 0;

  constructor(ops: ActionOps<State>, index: number, init: ActionInit<State>, nowNs: number) {
    this.ops = ops;
    this.index = index;
    this.verdict = init.verdict;
    this.state = init.state;
    this.installedAtNs = nowNs;
    this.usedAtNs = nowNs;
  }

  /** Counts a frame (tcf_action_update_bstats, tcf_lastuse_update). */
  count(frame: Frame, nowNs: number): void {
    this.packets++;
    this.bytes += frame.end - frame.start;
    this.usedAtNs = nowNs;
    if (this.firstUsedAtNs === 0) this.firstUsedAtNs = nowNs;
  }
}

/**
 * Runs actions in turn until one does not say PIPE; a jump goes on at another of the list (tcf_action_exec). Sets `result.chain` with
 * TC_ACT_GOTO_CHAIN.
 */
export function runActions(
  actions: readonly Action[],
  frame: Frame,
  dev: Device,
  result: FilterResult,
): number {
  let verdict = TC_ACT_OK;
  let repeats = 0;
  let jumps = 0;
  for (let at = 0; at < actions.length; at++) {
    const action = actions[at];
    if (action === undefined) break;
    action.count(frame, dev.machine.clock.now());
    verdict = action.ops.act(frame, action, dev);
    if (verdict === TC_ACT_REPEAT) {
      if (++repeats >= maxRepeats) return TC_ACT_OK;
      at--;
    } else if ((verdict & ~TC_ACT_EXT_VAL_MASK) === TC_ACT_JUMP) {
      const to = verdict & TC_ACT_EXT_VAL_MASK;
      if (to === 0 || to > actions.length || ++jumps >= TCA_ACT_MAX_PRIO) return TC_ACT_OK;
      at = to - 1;
      verdict = TC_ACT_OK;
    } else if ((verdict & ~TC_ACT_EXT_VAL_MASK) === TC_ACT_GOTO_CHAIN) {
      if (action.chain === null) return TC_ACT_SHOT;
      result.chain = action.chain;
      return verdict;
    } else if (verdict !== TC_ACT_PIPE) return verdict;
  }
  return verdict === TC_ACT_PIPE ? TC_ACT_OK : verdict;
}

/** The actions of a namespace by kind and index (tcf_idrinfo). */
class ActionTable extends NetnsSlot {
  readonly netns: Netns;
  readonly kinds = new Map<string, Map<number, Action>>();

  constructor(netns: Netns) {
    super();
    this.netns = netns;
  }
}

/** The actions of `kind` in `netns` by index. */
export function actionsOf(netns: Netns, kind: string): Map<number, Action> {
  const table = netns.actions instanceof ActionTable ? netns.actions : new ActionTable(netns);
  netns.actions = table;
  let actions = table.kinds.get(kind);
  if (actions === undefined) {
    actions = new Map();
    table.kinds.set(kind, actions);
  }
  return actions;
}

/** Gives back a filter's hold on its actions; those that nobody holds are gone (tcf_action_put_many). */
export function releaseActions(netns: Netns, actions: readonly Action[]): void {
  for (const action of actions) {
    action.bindings--;
    releaseAction(netns, action);
  }
}

/** Gives back the hold that an action has by itself. */
export function releaseAction(netns: Netns, action: Action): void {
  action.references--;
  if (action.references > 0) return;
  actionsOf(netns, action.ops.kind).delete(action.index);
  setActionChain(action, null);
}

/** Lets an action lead to another chain, which it holds; or to none. */
export function setActionChain(action: Action, chain: TcfChain | null): void {
  const before = action.chain;
  action.chain = chain;
  before?.putByAction();
}

/** An action of a list, and whether that made it. */
export interface TakenAction {
  readonly action: Action;
  readonly isNew: boolean;
}

/** What requests about actions that stand alone need of sched/, which has their kinds. */
export interface ActionCalls {
  isKind(kind: string): boolean;
  /** Makes or changes the actions of a list, all or none of the new ones; throws NetlinkError to refuse. */
  make(netns: Netns, list: Attribute, isReplace: boolean): readonly TakenAction[];
  /** Writes the attributes of an action. */
  dump(machine: MachineContext, action: Action, writer: MessageWriter): void;
  /** Writes no more than what a short list has. */
  dumpTerse(action: Action, writer: MessageWriter, isAlone: boolean): void;
}
