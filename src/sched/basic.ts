// basic: frames that a tree of extended matches says yes to.
//
// Mirrors net/sched/cls_basic.c (v6.18).

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
import type { MatchTree } from "./ematch.ts";
import { readMatches } from "./ematch.ts";
import { bindFilter, unbindFilter } from "./filter-class.ts";

const maxHandle = 0x7fff_ffff;

const basicPolicy = policy(cls.TCA_BASIC_MAX, {
  [cls.TCA_BASIC_CLASSID]: u32("classid"),
  [cls.TCA_BASIC_EMATCHES]: nest("ematches"),
  [cls.TCA_BASIC_ACT]: nest("act"),
});

interface BasicFilter extends Filter {
  readonly classid: number;
  readonly matches: MatchTree;
  readonly actions: readonly Action[];
  /** Frames that were asked about, and those that matched. */
  asked: number;
  hits: number;
}

/** The latest stands first. */
interface BasicState {
  readonly filters: BasicFilter[];
}

export const basic: ClassifierOps<BasicState> = {
  kind: "basic",
  createState: () => ({ filters: [] }),
  classify,
  find: ({ state }, handle) => state.filters.find((filter) => filter.handle === handle) ?? null,
  walk: ({ state }) => state.filters,
  change,
  delete: (proto, filter) => remove(proto, filter.handle),
  isEmpty: ({ state }) => state.filters.length === 0,
  destroy(proto) {
    for (const { handle } of [...proto.state.filters]) remove(proto, handle);
  },
  dump,
};

function classify(frame: Frame, { state, block }: TcfProto<BasicState>, result: FilterResult): number {
  const { dev } = block.sch;
  for (const filter of state.filters) {
    filter.asked++;
    if (!filter.matches.isMatch(frame, dev)) continue;
    filter.hits++;
    const verdict = runActions(filter.actions, frame, dev, result);
    if (verdict < 0) continue;
    result.classid = filter.classid;
    return verdict;
  }
  return cls.TC_ACT_UNSPEC;
}

function change(proto: TcfProto<BasicState>, request: FilterRequest): Filter {
  if (request.options === undefined) throw invalid();
  const { classid = 0, ematches, act } = parseNested(request.options, basicPolicy);
  const { filters } = proto.state;
  const at = filters.findIndex(({ handle }) => handle === request.filter?.handle);
  const old = filters[at];
  const handle = old?.handle ?? (request.handle === 0 ? nextHandle(filters) : request.handle);
  const actions = readActions(proto, request, act);
  try {
    const made = { handle, classid, matches: readMatches(ematches), actions, asked: 0, hits: 0 };
    bindFilter(proto, classid);
    if (old === undefined) filters.unshift(made);
    else {
      filters.splice(at, 1, made);
      release(proto, old);
    }
    return made;
  } catch (error) {
    releaseActions(request.netns, actions);
    throw error;
  }
}

/** The smallest number that no filter has. */
function nextHandle(filters: readonly BasicFilter[]): number {
  const used = new Set(filters.map(({ handle }) => handle));
  for (let handle = 1; handle <= maxHandle; handle++) if (!used.has(handle)) return handle;
  throw new NetlinkError("ENOSPC");
}

function release(proto: TcfProto<BasicState>, filter: BasicFilter): void {
  unbindFilter(proto, filter.classid);
  releaseActions(proto.block.sch.dev.netns, filter.actions);
}

function remove(proto: TcfProto<BasicState>, handle: number): void {
  const { filters } = proto.state;
  const [filter] = filters.splice(
    filters.findIndex((each) => each.handle === handle),
    1,
  );
  if (filter !== undefined) release(proto, filter);
}

function dump({ state, block }: TcfProto<BasicState>, { handle }: Filter, writer: MessageWriter): void {
  const filter = state.filters.find((each) => each.handle === handle);
  if (filter === undefined) return;
  const options = writer.nest(TCA_OPTIONS);
  if (filter.classid !== 0) writer.u32(cls.TCA_BASIC_CLASSID, filter.classid);
  const at = writer.attribute(cls.TCA_BASIC_PCNT, 16);
  setU64Number(writer.bytes, at, filter.asked);
  setU64Number(writer.bytes, at + 8, filter.hits);
  dumpActions(block.sch.dev.machine, filter.actions, cls.TCA_BASIC_ACT, writer);
  filter.matches.dump(writer, cls.TCA_BASIC_EMATCHES);
  writer.endNest(options);
}
