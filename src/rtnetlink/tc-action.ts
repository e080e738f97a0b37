// Actions that stand alone: RTM_NEWACTION makes and changes them, RTM_DELACTION deletes some or flushes a kind, RTM_GETACTION
// tells of some or lists a kind.
//
// Mirrors net/sched/act_api.c (tc_ctl_action, tcf_action_add, tca_action_gd, tca_action_flush, tcf_dump_walker, tc_dump_action)
// with its order, errno and texts. Omitted: offload to hardware.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setU32 } from "../bytes/endian.ts";
import type { Action, ActionCalls } from "../net/tc-action.ts";
import { actionsOf, releaseAction } from "../net/tc-action.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import { bitfield32, nest, policy, string, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_MULTI, NLM_F_REPLACE, NLM_F_ROOT } from "../uapi/netlink.ts";
import * as cls from "../uapi/pkt_cls.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";

const rootPolicy = policy(rt.TCA_ROOT_MAX, { [rt.TCA_ROOT_TAB]: nest("tab") });

const listPolicy = policy(rt.TCA_ROOT_MAX, {
  [rt.TCA_ROOT_TAB]: nest("tab"),
  [rt.TCA_ROOT_FLAGS]: bitfield32("flags", rt.TCA_ACT_FLAG_LARGE_DUMP_ON | rt.TCA_ACT_FLAG_TERSE_DUMP),
  [rt.TCA_ROOT_TIME_DELTA]: u32("deltaMs"),
});

const namePolicy = policy(cls.TCA_ACT_MAX, {
  [cls.TCA_ACT_KIND]: string("kind"),
  [cls.TCA_ACT_INDEX]: u32("index"),
});

/** The largest answer to a get (NLMSG_GOODSIZE). */
const goodSize = 3_776;
const nsPerMs = 1_000_000;

function tabOf(request: Request): Attribute {
  const { tab } = parseMessage(request.message, rt.TCAMSG_SIZE, rootPolicy);
  if (tab === undefined) throw invalid("Netlink action attributes missing");
  return tab;
}

/** The entries of a list in their order; those behind the 32nd are not looked at. */
function entriesOf(tab: Attribute): Attribute[] {
  const known = tab.children().filter(({ type }) => type > 0 && type <= cls.TCA_ACT_MAX_PRIO);
  return known.sort((one, other) => one.type - other.type);
}

/** Answers RTM_NEWACTION. */
export function newAction(rtnetlink: Rtnetlink, calls: ActionCalls, request: Request): void {
  const { netns, message } = request;
  const taken = calls.make(netns, tabOf(request), (message.flags & NLM_F_REPLACE) !== 0);
  const actions = taken.map(({ action }) => action);
  // One that was there is held while it is told of.
  for (const { action, isNew } of taken) if (!isNew) action.references++;
  announce(rtnetlink, request, rt.RTM_NEWACTION, message.flags, (writer) =>
    fillAll(calls, request, actions, writer),
  );
  for (const { action, isNew } of taken) if (!isNew) releaseAction(netns, action);
}

/** Answers RTM_DELACTION: none when there is one that is not there, else one after the other up to one that a filter holds. */
export function delAction(rtnetlink: Rtnetlink, calls: ActionCalls, request: Request): void {
  const tab = tabOf(request);
  if ((request.message.flags & NLM_F_ROOT) !== 0) return flush(rtnetlink, calls, request, tab);
  const { netns } = request;
  const actions = entriesOf(tab).map((entry) => find(calls, request, entry));
  for (const action of actions) {
    if (action.bindings > 0) throw new NetlinkError("EPERM", "Failed to delete TC action");
    if (actionsOf(netns, action.ops.kind).get(action.index) === action) releaseAction(netns, action);
  }
  announce(rtnetlink, request, rt.RTM_DELACTION, 0, (writer) => fillAll(calls, request, actions, writer));
}

/** Answers RTM_GETACTION for some. */
export function getAction(calls: ActionCalls, request: Request): void {
  const actions = entriesOf(tabOf(request)).map((entry) => find(calls, request, entry));
  const { origin } = request;
  request.reply((writer) => {
    const start = writer.length;
    writer.begin(rt.RTM_GETACTION, 0, origin.seq, origin.portId);
    fillAll(calls, request, actions, writer);
    writer.end();
    if (writer.length - start > goodSize)
      throw invalid("Failed to fill netlink attributes while adding TC action");
  });
}

/** The action that an entry names (tcf_action_get_1). */
function find(calls: ActionCalls, { netns }: Request, entry: Attribute): Action {
  const { kind, index } = parseNested(entry, namePolicy);
  if (index === undefined) throw invalid("Invalid TC action index value");
  if (kind === undefined || !calls.isKind(kind)) throw invalid("Specified TC action kind not found");
  const action = actionsOf(netns, kind).get(index);
  if (action === undefined) throw new NetlinkError("ENOENT", "TC action with specified index not found");
  return action;
}

/** Deletes all of a kind that no filter holds, up to the first that one does. */
function flush(rtnetlink: Rtnetlink, calls: ActionCalls, request: Request, tab: Attribute): void {
  const { netns } = request;
  const [entry] = entriesOf(tab);
  if (entry?.type !== 1) throw invalid("Invalid netlink attributes while flushing TC action");
  const { kind } = parseNested(entry, namePolicy);
  if (kind === undefined || !calls.isKind(kind)) throw invalid("Cannot flush unknown TC action");
  let count = 0;
  for (const action of inOrder(actionsOf(netns, kind))) {
    if (action.bindings > 0) {
      if (count === 0) throw new NetlinkError("EPERM");
      request.warn("Unable to flush all TC actions");
      break;
    }
    releaseAction(netns, action);
    count++;
  }
  if (count === 0) return;
  announce(rtnetlink, request, rt.RTM_DELACTION, NLM_F_ROOT, (writer) => {
    writer.reserve(rt.TCAMSG_SIZE);
    const all = writer.nest(rt.TCA_ROOT_TAB);
    const one = writer.nest(0);
    writer.string(cls.TCA_ACT_KIND, kind);
    writer.u32(rt.TCA_FCNT, count);
    writer.endNest(one);
    writer.endNest(all);
  });
}

function inOrder(actions: ReadonlyMap<number, Action>): Action[] {
  return [...actions.values()].sort((one, other) => one.index - other.index);
}

/** Lists the actions of a kind, in as many messages as it takes; nothing for a kind there is not. */
export function* listActions(calls: ActionCalls, request: Request, { writer, room }: DumpControl): Dump {
  const { origin, netns, machine } = request;
  const { tab, flags, deltaMs } = parseMessage(request.message, rt.TCAMSG_SIZE, listPolicy);
  const [entry] = tab === undefined ? [] : entriesOf(tab);
  const { kind } = entry?.type === 1 ? parseNested(entry, namePolicy) : {};
  if (kind === undefined || !calls.isKind(kind)) return;
  const isLarge = ((flags?.value ?? 0) & rt.TCA_ACT_FLAG_LARGE_DUMP_ON) !== 0;
  const isTerse = ((flags?.value ?? 0) & rt.TCA_ACT_FLAG_TERSE_DUMP) !== 0;
  const since = deltaMs === undefined ? 0 : machine.clock.now() - deltaMs * nsPerMs;
  const wanted = inOrder(actionsOf(netns, kind)).filter(({ usedAtNs }) => usedAtNs >= since);
  for (let at = 0; at < wanted.length; ) {
    const start = writer.length;
    writer.begin(rt.RTM_GETACTION, NLM_F_MULTI, origin.seq, origin.portId);
    writer.reserve(rt.TCAMSG_SIZE);
    const count = writer.attribute(rt.TCA_ROOT_COUNT, 4);
    const all = writer.nest(rt.TCA_ROOT_TAB);
    let listed = 0;
    for (; at < wanted.length && (isLarge || listed < cls.TCA_ACT_MAX_PRIO); at++, listed++) {
      const action = wanted[at];
      if (action === undefined) break;
      const before = writer.length;
      action.isListed = true;
      const one = writer.nest(listed);
      if (isTerse) calls.dumpTerse(action, writer, true);
      else calls.dump(machine, action, writer);
      writer.endNest(one);
      if (listed === 0 || writer.length - start <= room) continue;
      writer.trim(before);
      break;
    }
    writer.endNest(all);
    if (isLarge) setU32(writer.bytes, count, listed);
    writer.end();
    yield;
  }
}

/** Writes the list of some actions. */
function fillAll(
  calls: ActionCalls,
  { machine }: Request,
  actions: readonly Action[],
  writer: MessageWriter,
): void {
  writer.reserve(rt.TCAMSG_SIZE);
  const all = writer.nest(rt.TCA_ROOT_TAB);
  for (const [index, action] of actions.entries()) {
    const one = writer.nest(index + 1);
    calls.dump(machine, action, writer);
    writer.endNest(one);
  }
  writer.endNest(all);
}

function announce(
  rtnetlink: Rtnetlink,
  { origin, netns }: Request,
  type: number,
  flags: number,
  write: (writer: MessageWriter) => void,
): void {
  rtnetlink.notify(rt.RTNLGRP_TC, netns, origin, (writer) => {
    writer.begin(type, flags, origin.seq, origin.portId);
    write(writer);
    writer.end();
  });
}
