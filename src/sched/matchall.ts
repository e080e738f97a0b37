// matchall: every frame matches.
//
// Mirrors net/sched/cls_matchall.c (v6.18). Omitted: offload to hardware.

import { setU64Number } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import type { Action } from "../net/tc-action.ts";
import { releaseActions, runActions } from "../net/tc-action.ts";
import type { ClassifierOps, Filter, FilterRequest, FilterResult, TcfProto } from "../net/tcf.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { nest, policy, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { dumpActions, readActions } from "./actions.ts";
import { bindFilter, checkFlags, checkSoftware, unbindFilter } from "./filter-class.ts";

const matchallPolicy = policy(cls.TCA_MATCHALL_MAX, {
  [cls.TCA_MATCHALL_CLASSID]: u32("classid"),
  [cls.TCA_MATCHALL_ACT]: nest("act"),
  [cls.TCA_MATCHALL_FLAGS]: u32("flags"),
});

interface MatchallFilter extends Filter {
  readonly classid: number;
  readonly flags: number;
  readonly actions: readonly Action[];
  hits: number;
}

interface MatchallState {
  filter: MatchallFilter | null;
}

export const matchall: ClassifierOps<MatchallState> = {
  kind: "matchall",
  createState: () => ({ filter: null }),
  classify,
  find: ({ state: { filter } }, handle) => (filter?.handle === handle ? filter : null),
  walk: ({ state: { filter } }) => (filter === null ? [] : [filter]),
  change,
  delete: destroy,
  isEmpty: ({ state }) => state.filter === null,
  destroy,
  dump,
};

function classify(
  frame: Frame,
  { state: { filter }, block }: TcfProto<MatchallState>,
  result: FilterResult,
): number {
  if (filter === null) return cls.TC_ACT_UNSPEC;
  filter.hits++;
  const verdict = runActions(filter.actions, frame, block.sch.dev, result);
  result.classid = filter.classid;
  return verdict;
}

function change(proto: TcfProto<MatchallState>, request: FilterRequest): Filter {
  if (request.options === undefined) throw invalid();
  if (proto.state.filter !== null) throw new NetlinkError("EEXIST");
  const { classid = 0, act, flags = 0 } = parseNested(request.options, matchallPolicy);
  checkFlags(flags);
  checkSoftware(flags);
  const actions = readActions(proto, request, act);
  bindFilter(proto, classid);
  const filter = {
    handle: request.handle === 0 ? 1 : request.handle,
    classid,
    flags: flags | cls.TCA_CLS_FLAGS_NOT_IN_HW,
    actions,
    hits: 0,
  };
  proto.state.filter = filter;
  return filter;
}

function destroy(proto: TcfProto<MatchallState>): void {
  const { filter } = proto.state;
  if (filter === null) return;
  unbindFilter(proto, filter.classid);
  releaseActions(proto.block.sch.dev.netns, filter.actions);
  proto.state.filter = null;
}

function dump({ state: { filter }, block }: TcfProto<MatchallState>, _: Filter, writer: MessageWriter): void {
  if (filter === null) return;
  const options = writer.nest(TCA_OPTIONS);
  if (filter.classid !== 0) writer.u32(cls.TCA_MATCHALL_CLASSID, filter.classid);
  if (filter.flags !== 0) writer.u32(cls.TCA_MATCHALL_FLAGS, filter.flags);
  const at = writer.attribute(cls.TCA_MATCHALL_PCNT, 8);
  setU64Number(writer.bytes, at, filter.hits);
  dumpActions(block.sch.dev.machine, filter.actions, cls.TCA_MATCHALL_ACT, writer);
  writer.endNest(options);
}
