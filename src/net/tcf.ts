// Filters and actions: a block holds filters in order of priority, each asks its classifier, and a filter that matches runs its
// actions and says what becomes of the frame.
//
// Mirrors net/sched/cls_api.c (tcf_classify, tcf_exts_exec) and net/sched/act_api.c (tcf_action_exec, tcf_idr_*). Omitted: chains
// beside 0, shared blocks, templates, offload to hardware.

import type { Attribute } from "../netlink/attribute.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { ETH_P_ALL } from "../uapi/if_ether.ts";
import {
  TC_ACT_EXT_VAL_MASK,
  TC_ACT_JUMP,
  TC_ACT_OK,
  TC_ACT_PIPE,
  TC_ACT_RECLASSIFY,
  TC_ACT_REPEAT,
  TC_ACT_UNSPEC,
  TCA_ACT_HW_STATS_DELAYED,
  TCA_ACT_HW_STATS_IMMEDIATE,
  TCA_ACT_MAX_PRIO,
} from "../uapi/pkt_cls.ts";
import type {
  Device,
  FilterBlock,
  FilterResult,
  Frame,
  MachineContext,
  Netns,
  Qdisc,
  Warn,
} from "./netdevice.ts";
import { NetnsSlot } from "./netdevice.ts";

/** However the hardware counts. */
export const TCA_ACT_HW_STATS_ANY = TCA_ACT_HW_STATS_IMMEDIATE | TCA_ACT_HW_STATS_DELAYED;

/** Rounds that RECLASSIFY and REPEAT are allowed for one frame. */
const maxRounds = 16;

/** A kind of classifier (`struct tcf_proto_ops`): one table at the top of one file of sched/. */
export interface ClassifierOps<State = unknown> {
  readonly kind: string;
  createState(block: TcfBlock, priority: number): State;
  /** TC_ACT_*, TC_ACT_UNSPEC when nothing matches. */
  classify(frame: Frame, proto: TcfProto<State>, result: FilterResult): number;
  find(proto: TcfProto<State>, handle: number): Filter | null;
  walk(proto: TcfProto<State>): Iterable<Filter>;
  /** Makes a filter (`request.filter` null) or changes one; throws NetlinkError to refuse. */
  change(proto: TcfProto<State>, request: FilterRequest): Filter;
  /** Takes a filter away. */
  delete(proto: TcfProto<State>, filter: Filter): void;
  /** No filter is left. */
  isEmpty(proto: TcfProto<State>): boolean;
  /** All are gone, and with them what the classifier holds. */
  destroy(proto: TcfProto<State>): void;
  /** Writes TCA_OPTIONS, header included. */
  dump(proto: TcfProto<State>, filter: Filter, writer: MessageWriter): void;
}

/** One filter, as far as all classifiers have it. */
export interface Filter {
  readonly handle: number;
}

/** What is asked of a filter (RTM_NEWTFILTER). */
export interface FilterRequest {
  readonly netns: Netns;
  readonly filter: Filter | null;
  readonly handle: number;
  /** The discipline's handle or the class the filters hang on. */
  readonly parent: number;
  readonly options: Attribute | undefined;
  readonly isReplace: boolean;
  readonly warn: Warn;
}

/** The filters of one priority, protocol and kind (`struct tcf_proto`). */
export class TcfProto<State = unknown> {
  readonly ops: ClassifierOps<State>;
  readonly block: TcfBlock;
  readonly priority: number;
  /** The EtherType it looks at, in host order. */
  readonly protocol: number;
  readonly state: State;

  constructor(ops: ClassifierOps<State>, block: TcfBlock, priority: number, protocol: number) {
    this.ops = ops;
    this.block = block;
    this.priority = priority;
    this.protocol = protocol;
    this.state = ops.createState(block, priority);
  }
}

/** The filters of one place. */
export class TcfBlock implements FilterBlock {
  readonly sch: Qdisc;
  /** The number of the place by which the last filter came: what lists tell of as their parent. */
  classid = 0;
  /** In order of priority. */
  readonly protos: TcfProto[] = [];
  /** Called when the first filter comes and the last one goes. */
  onEmptiness: () => void = () => {};

  constructor(sch: Qdisc) {
    this.sch = sch;
  }

  get isEmpty(): boolean {
    return this.protos.length === 0;
  }

  classify(frame: Frame, result: FilterResult): number {
    for (let round = 0; round < maxRounds; round++) {
      const verdict = this.#classifyOnce(frame, result);
      if (verdict !== TC_ACT_RECLASSIFY) return verdict;
    }
    return TC_ACT_OK;
  }

  #classifyOnce(frame: Frame, result: FilterResult): number {
    // A tag beside the bytes is the protocol, as one in them is (skb_protocol without skip_vlan).
    const protocol = frame.vlanProtocol === 0 ? frame.protocol : frame.vlanProtocol;
    for (const proto of this.protos) {
      if (proto.protocol !== protocol && proto.protocol !== ETH_P_ALL) continue;
      const verdict = proto.ops.classify(frame, proto, result);
      if (verdict !== TC_ACT_UNSPEC) return verdict;
    }
    return TC_ACT_UNSPEC;
  }

  /** Puts a new proto at its place. */
  insert(proto: TcfProto): void {
    const at = this.protos.findIndex(({ priority }) => priority > proto.priority);
    this.protos.splice(at < 0 ? this.protos.length : at, 0, proto);
    if (this.protos.length === 1) this.onEmptiness();
  }

  remove(proto: TcfProto): void {
    const at = this.protos.indexOf(proto);
    if (at < 0) return;
    this.protos.splice(at, 1);
    proto.ops.destroy(proto);
    if (this.protos.length === 0) this.onEmptiness();
  }

  /** Takes every filter away. */
  flush(): void {
    for (const proto of [...this.protos]) this.remove(proto);
  }
}

// --- Actions ----------------------------------------------------------------------------------------------------------

/** A kind of action (`struct tc_action_ops`). */
export interface ActionOps<State = unknown> {
  readonly kind: string;
  /** The number that TCA_ACT_OPTIONS ask for, 0 for the next free one; throws NetlinkError for what are no options. */
  indexOf(options: Attribute | undefined): number;
  /** Reads TCA_ACT_OPTIONS into a new action's state, or a changed one's; throws NetlinkError to refuse. */
  init(request: ActionRequest<State>): ActionInit<State>;
  /** Does it to a frame that stays the caller's, and says what becomes of it (TC_ACT_*). */
  act(frame: Frame, action: Action<State>, dev: Device): number;
  /** Writes the content of TCA_ACT_OPTIONS but the times. */
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
  /** It is for a filter, and does not stand alone. */
  readonly isBound: boolean;
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

/** Runs actions in turn until one does not say PIPE; a jump goes on at another of the list (tcf_action_exec). */
export function runActions(actions: readonly Action[], frame: Frame, dev: Device): number {
  let verdict = TC_ACT_OK;
  let rounds = 0;
  let jumps = 0;
  for (let at = 0; at < actions.length; at++) {
    const action = actions[at];
    if (action === undefined) break;
    action.count(frame, dev.machine.clock.now());
    verdict = action.ops.act(frame, action, dev);
    if (verdict === TC_ACT_REPEAT && rounds++ < maxRounds) at--;
    else if ((verdict & ~TC_ACT_EXT_VAL_MASK) === TC_ACT_JUMP) {
      const to = verdict & TC_ACT_EXT_VAL_MASK;
      if (to === 0 || to > actions.length || ++jumps >= TCA_ACT_MAX_PRIO) return TC_ACT_OK;
      at = to - 1;
      verdict = TC_ACT_OK;
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
  if (action.references <= 0) actionsOf(netns, action.ops.kind).delete(action.index);
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
