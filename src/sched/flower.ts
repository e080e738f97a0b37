// flower: fields of a frame, each under a mask. Filters that look at the same bits share a table, and the tables are asked in the order
// in which they came.
//
// Mirrors net/sched/cls_flower.c (v6.18: fl_classify, fl_change, fl_delete, fl_dump, fl_tmplt_create). Omitted: offload to hardware, and
// the keys that flower-fields.ts names.

import { getU32 } from "../bytes/endian.ts";
import type { Frame, Netns } from "../net/netdevice.ts";
import type { Action } from "../net/tc-action.ts";
import { releaseActions, runActions } from "../net/tc-action.ts";
import type {
  ChainTemplate,
  ClassifierOps,
  Filter,
  FilterRequest,
  FilterResult,
  TcfProto,
} from "../net/tcf.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { dumpActions, readActions } from "./actions.ts";
import { bindFilter, checkFlags, checkSoftware, unbindFilter } from "./filter-class.ts";
import { dissectFlow } from "./flower-dissect.ts";
import { F_RANGE_DPORT, F_RANGE_SPORT, FLOW_SIZE, flowerSizes } from "./flower-fields.ts";
import type { FlowerAttributes, FlowerKey } from "./flower-key.ts";
import { dumpFlowerKey, readFlowerKey } from "./flower-key.ts";

const wordSize = 4;
/** FNV-1a's numbers, by words. */
const hashSeed = 0x811c_9dc5;
const hashPrime = 0x0100_0193;
const maxHandle = 0x7fff_ffff;

interface FlowerFilter extends Filter {
  readonly flow: FlowerKey;
  /** The key as far as its mask reaches, ranges of ports left out. */
  readonly masked: Uint8Array;
  readonly group: Group;
  readonly classid: number;
  readonly flags: number;
  readonly actions: readonly Action[];
}

/** The filters that look at the same bits (`struct fl_flow_mask`). */
class Group {
  /** The mask, and what of it is compared: all but ranges of ports. */
  readonly mask: Uint8Array;
  readonly compared: Uint8Array;
  readonly isRange: boolean;
  /** The words of the mask that are not 0, from the first to behind the last. */
  readonly from: number;
  readonly to: number;
  readonly filters = new Map<number, FlowerFilter[]>();
  count = 0;

  constructor({ mask }: FlowerKey) {
    this.mask = mask;
    this.isRange = mask[F_RANGE_SPORT] !== 0 || mask[F_RANGE_DPORT] !== 0;
    this.compared = mask.slice().fill(0, F_RANGE_SPORT);
    const used = this.compared.findIndex((byte) => byte !== 0);
    this.from = used < 0 ? 0 : used & -wordSize;
    this.to = (this.compared.findLastIndex((byte) => byte !== 0) & -wordSize) + (used < 0 ? 0 : wordSize);
  }

  isOf({ mask }: FlowerKey): boolean {
    return this.mask.every((byte, at) => byte === mask[at]);
  }

  hash(flow: Uint8Array): number {
    let hash = hashSeed;
    for (let at = this.from; at < this.to; at += wordSize)
      hash = Math.imul(hash ^ (getU32(flow, at) & getU32(this.compared, at)), hashPrime);
    return hash;
  }

  /** The filter that a frame's record matches, or that has the same key (`same`). */
  find(flow: Uint8Array, same?: FlowerKey): FlowerFilter | null {
    const filters = this.filters.get(this.hash(flow));
    if (filters === undefined) return null;
    for (const filter of filters) {
      if (!this.#isEqual(filter.masked, flow)) continue;
      if (!this.isRange) return filter;
      if (same === undefined ? isInRange(filter.flow, flow) : isSameRange(filter.flow, same)) return filter;
    }
    return null;
  }

  #isEqual(masked: Uint8Array, flow: Uint8Array): boolean {
    for (let at = this.from; at < this.to; at += wordSize)
      if (((getU32(masked, at) ^ getU32(flow, at)) & getU32(this.compared, at)) !== 0) return false;
    return true;
  }

  add(filter: FlowerFilter): void {
    const hash = this.hash(filter.masked);
    const filters = this.filters.get(hash);
    if (filters === undefined) this.filters.set(hash, [filter]);
    else filters.push(filter);
    this.count++;
  }

  remove(filter: FlowerFilter): void {
    const hash = this.hash(filter.masked);
    const filters = this.filters.get(hash) ?? [];
    filters.splice(filters.indexOf(filter), 1);
    if (filters.length === 0) this.filters.delete(hash);
    this.count--;
  }
}

/** Whether the ports of a frame are within the bounds of a filter. */
function isInRange({ key, mask, maxSport, maxDport }: FlowerKey, flow: Uint8Array): boolean {
  return (
    isPortInRange(key, mask, flow, F_RANGE_SPORT, maxSport) &&
    isPortInRange(key, mask, flow, F_RANGE_DPORT, maxDport)
  );
}

function isPortInRange(
  key: Uint8Array,
  mask: Uint8Array,
  flow: Uint8Array,
  at: number,
  max: number,
): boolean {
  if (mask[at] === 0) return true;
  const port = ((flow[at] ?? 0) << 8) | (flow[at + 1] ?? 0);
  return port >= (((key[at] ?? 0) << 8) | (key[at + 1] ?? 0)) && port <= max;
}

function isSameRange(one: FlowerKey, other: FlowerKey): boolean {
  if (one.maxSport !== other.maxSport || one.maxDport !== other.maxDport) return false;
  return getU32(one.key, F_RANGE_SPORT) === getU32(other.key, F_RANGE_SPORT);
}

interface FlowerState {
  /** In the order in which the first filter of each came. */
  readonly groups: Group[];
  readonly filters: Map<number, FlowerFilter>;
  /** The record of the frame that is looked at. */
  readonly flow: Uint8Array;
}

export const flower: ClassifierOps<FlowerState> = {
  kind: "flower",
  createState: () => ({ groups: [], filters: new Map(), flow: new Uint8Array(FLOW_SIZE) }),
  classify,
  find: ({ state }, handle) => state.filters.get(handle) ?? null,
  walk: ({ state }) => [...state.filters.values()].sort((one, other) => one.handle - other.handle),
  change,
  delete: (proto, { handle }) => {
    const filter = proto.state.filters.get(handle);
    if (filter !== undefined) remove(proto, filter);
  },
  isEmpty: ({ state }) => state.filters.size === 0,
  destroy(proto) {
    for (const filter of [...proto.state.filters.values()]) remove(proto, filter);
  },
  dump,
  readTemplate,
};

// --- Frames -----------------------------------------------------------------------------------------------------------

function classify(frame: Frame, { state, block }: TcfProto<FlowerState>, result: FilterResult): number {
  const { flow, groups } = state;
  dissectFlow(frame, flow);
  for (const group of groups) {
    const filter = group.find(flow);
    if (filter === null) continue;
    const verdict = runActions(filter.actions, frame, block.sch.dev, result);
    result.classid = filter.classid;
    return verdict;
  }
  return cls.TC_ACT_UNSPEC;
}

// --- Requests ---------------------------------------------------------------------------------------------------------

/** The attributes of a filter by type; those too short are refused, those that are unknown left out (fl_policy). */
function attributesOf(options: Attribute | undefined): FlowerAttributes {
  if (options === undefined) throw invalid();
  const attrs = new Map<number, Attribute>();
  for (const attribute of options.children()) {
    const { type } = attribute;
    if (type === 0 || type > cls.TCA_FLOWER_MAX) continue;
    const size = flowerSizes.get(type) ?? wordSizes.get(type) ?? 0;
    if (attribute.length < size) throw new NetlinkError("ERANGE");
    attrs.set(type, attribute);
  }
  return attrs;
}

const wordSizes: ReadonlyMap<number, number> = new Map([
  [cls.TCA_FLOWER_CLASSID, wordSize],
  [cls.TCA_FLOWER_FLAGS, wordSize],
]);

function change(proto: TcfProto<FlowerState>, request: FilterRequest): Filter {
  const { netns, options } = request;
  const { state, chain } = proto;
  const attrs = attributesOf(options);
  const flags = attrs.get(cls.TCA_FLOWER_FLAGS)?.u32() ?? 0;
  checkFlags(flags);
  const old = request.filter === null ? undefined : state.filters.get(request.filter.handle);
  const handle = old?.handle ?? (request.handle === 0 ? nextHandle(state) : request.handle);
  const actions = readActions(proto, request, attrs.get(cls.TCA_FLOWER_ACT));
  try {
    const flow = readFlowerKey(netns, attrs);
    if (chain.template?.what instanceof FlowerTemplate && !chain.template.what.fits(flow))
      throw invalid("cls_flower: Mask does not fit the template");
    const group = state.groups.find((each) => each.isOf(flow)) ?? new Group(flow);
    const masked = flow.key.map((byte, at) => byte & (group.compared[at] ?? 0));
    const same = group.find(masked, flow);
    if (same !== null && same !== old) throw new NetlinkError("EEXIST");
    checkSoftware(flags);
    const classid = attrs.get(cls.TCA_FLOWER_CLASSID)?.u32() ?? 0;
    bindFilter(proto, classid);
    const made: FlowerFilter = {
      handle,
      flow,
      masked,
      group,
      classid,
      flags: flags | cls.TCA_CLS_FLAGS_NOT_IN_HW,
      actions,
    };
    if (group.count === 0) state.groups.push(group);
    group.add(made);
    if (old !== undefined) remove(proto, old);
    state.filters.set(handle, made);
    return made;
  } catch (error) {
    releaseActions(netns, actions);
    throw error;
  }
}

/** The smallest number that no filter has. */
function nextHandle({ filters }: FlowerState): number {
  for (let handle = 1; handle <= maxHandle; handle++) if (!filters.has(handle)) return handle;
  throw new NetlinkError("ENOSPC");
}

function remove(proto: TcfProto<FlowerState>, filter: FlowerFilter): void {
  const { groups, filters } = proto.state;
  const { group } = filter;
  group.remove(filter);
  if (group.count === 0) groups.splice(groups.indexOf(group), 1);
  filters.delete(filter.handle);
  unbindFilter(proto, filter.classid);
  releaseActions(proto.block.sch.dev.netns, filter.actions);
}

function dump({ state, block }: TcfProto<FlowerState>, { handle }: Filter, writer: MessageWriter): void {
  const filter = state.filters.get(handle);
  if (filter === undefined) return;
  const { dev } = block.sch;
  const options = writer.nest(TCA_OPTIONS);
  if (filter.classid !== 0) writer.u32(cls.TCA_FLOWER_CLASSID, filter.classid);
  dumpFlowerKey(dev.netns, filter.flow, writer);
  writer.u32(cls.TCA_FLOWER_FLAGS, filter.flags);
  writer.u32(cls.TCA_FLOWER_IN_HW_COUNT, 0);
  dumpActions(dev.machine, filter.actions, cls.TCA_FLOWER_ACT, writer);
  writer.endNest(options);
}

// --- Templates --------------------------------------------------------------------------------------------------------

function readTemplate(netns: Netns, options: Attribute | undefined): ChainTemplate {
  return new FlowerTemplate(netns, readFlowerKey(netns, attributesOf(options)));
}

/** The bits that filters of a chain may look at (`struct fl_flow_tmplt`). */
class FlowerTemplate implements ChainTemplate {
  readonly #netns: Netns;
  readonly #flow: FlowerKey;

  constructor(netns: Netns, flow: FlowerKey) {
    this.#netns = netns;
    this.#flow = flow;
  }

  /** No bit is looked at that is not in the template (fl_mask_fits_tmplt). */
  fits({ mask }: FlowerKey): boolean {
    return mask.every((byte, at) => (byte & ~(this.#flow.mask[at] ?? 0)) === 0);
  }

  dump(writer: MessageWriter): void {
    const options = writer.nest(TCA_OPTIONS);
    dumpFlowerKey(this.#netns, this.#flow, writer);
    writer.endNest(options);
  }
}
