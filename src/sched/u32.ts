// u32: words of a frame, masked and compared. Filters stand in tables of buckets; one that matches decides, or leads on to another
// table further inside the frame.
//
// Mirrors net/sched/cls_u32.c (v6.18). Omitted: offload to hardware, mark, a selector's counters of hits.

import { getBe16, getBe32, getS16, getS32 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import type { Action } from "../net/tc-action.ts";
import { releaseActions, runActions } from "../net/tc-action.ts";
import type { ClassifierOps, Filter, FilterRequest, FilterResult, TcfBlock, TcfProto } from "../net/tcf.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { min, nest, policy, u32 as u32Attribute, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import { TCA_OPTIONS } from "../uapi/rtnetlink.ts";
import { dumpActions, readActions } from "./actions.ts";
import { bindFilter, checkFlags, indevOf, unbindFilter } from "./filter-class.ts";
import { networkOffset } from "./network-offset.ts";

const tableMask = 0xfff0_0000;
const keyMask = 0x000f_ffff;
const nodeMask = 0xfff;
const firstNode = 0x800;
const firstTable = 0x8000_0000;
const tableStep = 0x0010_0000;
const maxDivisor = 256;
/** Tables one behind the other that a frame is taken through. */
const maxDepth = 8;

const u32Policy = policy(cls.TCA_U32_MAX, {
  [cls.TCA_U32_CLASSID]: u32Attribute("classid"),
  [cls.TCA_U32_HASH]: u32Attribute("hash"),
  [cls.TCA_U32_LINK]: u32Attribute("link"),
  [cls.TCA_U32_DIVISOR]: u32Attribute("divisor"),
  [cls.TCA_U32_SEL]: min("sel", cls.TC_U32_SEL_SIZE),
  [cls.TCA_U32_ACT]: nest("act"),
  [cls.TCA_U32_INDEV]: unspec("indev"),
  [cls.TCA_U32_FLAGS]: u32Attribute("flags"),
});

type U32Attributes = Parsed<typeof u32Policy>;

/** A masked word at an offset; values as they stand in the frame. */
interface Key {
  readonly mask: number;
  readonly value: number;
  readonly offset: number;
  readonly offsetMask: number;
}

interface Selector {
  readonly flags: number;
  readonly offsetShift: number;
  readonly offsetMask: number;
  readonly offset: number;
  readonly offsetOffset: number;
  readonly hashOffset: number;
  readonly hashMask: number;
  readonly keys: readonly Key[];
  /** As it was given. */
  readonly bytes: Uint8Array;
}

interface Node extends Filter {
  readonly selector: Selector;
  readonly classid: number;
  readonly link: Table | null;
  /** The device that frames have come in by; 0: any. */
  readonly ifindex: number;
  readonly flags: number;
  readonly actions: readonly Action[];
}

/** A table of buckets; `handle` has no key. */
interface Table extends Filter {
  /** Of the filters that it was made among: they list it. */
  readonly priority: number;
  readonly buckets: Node[][];
  /** Nodes that lead here. */
  links: number;
}

/** The tables of a discipline, which all its u32 filters share. */
class Tables {
  readonly list: Table[] = [];
  /** Those who share them. */
  protos = 0;

  find(handle: number): Table | undefined {
    return this.list.find((table) => table.handle === (handle & tableMask) >>> 0);
  }

  make(handle: number, divisor: number, priority: number): Table {
    const table = { handle, priority, buckets: Array.from({ length: divisor }, () => []), links: 0 };
    this.list.unshift(table);
    return table;
  }

  /** The next handle that is free. */
  next(): number {
    for (let handle = firstTable; handle < cls.TC_U32_ROOT; handle += tableStep) {
      if (this.find(handle) === undefined) return handle;
    }
    throw new NetlinkError("ENOMEM");
  }
}

interface U32State {
  readonly tables: Tables;
  readonly root: Table;
}

export const u32: ClassifierOps<U32State> = {
  kind: "u32",
  createState,
  classify,
  find,
  walk,
  change,
  delete: remove,
  isEmpty: ({ state: { tables } }) => tables.protos === 1 && tables.list.every(isEmptyTable),
  destroy,
  dump,
};

function createState({ sch }: TcfBlock, priority: number): U32State {
  sch.classifierStates ??= new Map();
  const known = sch.classifierStates.get("u32");
  const tables = known instanceof Tables ? known : new Tables();
  sch.classifierStates.set("u32", tables);
  tables.protos++;
  return { tables, root: tables.make(tables.next(), 1, priority) };
}

function isEmptyTable({ buckets }: Table): boolean {
  return buckets.every((bucket) => bucket.length === 0);
}

// --- Frames -----------------------------------------------------------------------------------------------------------

function classify(frame: Frame, { state, block }: TcfProto<U32State>, result: FilterResult): number {
  const network = networkStart(frame);
  return lookIn(state.root.buckets[0] ?? [], frame, network, network, 0, block, result);
}

/** A frame that came in stands at its network header, one that is sent at its MAC header. */
function networkStart(frame: Frame): number {
  if (frame.macHeader >= 0 && frame.macHeader < frame.start) return frame.start;
  return networkOffset(frame).at;
}

function lookIn(
  bucket: readonly Node[],
  frame: Frame,
  network: number,
  at: number,
  depth: number,
  block: TcfBlock,
  result: FilterResult,
): number {
  for (const node of bucket) {
    const { selector } = node;
    if (!selector.keys.every((key) => isMatch(key, frame, network, at))) continue;
    if (node.link === null) {
      if ((selector.flags & cls.TC_U32_TERMINAL) === 0) continue;
      if (node.ifindex !== 0 && node.ifindex !== frame.iif) continue;
      const verdict = runActions(node.actions, frame, block.sch.dev, result);
      if (verdict < 0) continue;
      result.classid = node.classid;
      return verdict;
    }
    if (depth >= maxDepth) return cls.TC_ACT_UNSPEC;
    const inner = innerOffset(selector, frame, at);
    const hash = hashOf(selector, frame, at, node.link.buckets.length);
    const verdict = lookIn(node.link.buckets[hash] ?? [], frame, network, inner, depth + 1, block, result);
    if (verdict >= 0) return verdict;
  }
  return cls.TC_ACT_UNSPEC;
}

function isMatch(
  { mask, value, offset, offsetMask }: Key,
  { bytes, end }: Frame,
  network: number,
  at: number,
): boolean {
  const where = at + offset + (offsetMask === 0 ? 0 : (at - network) & offsetMask);
  if (where < 0 || where + 4 > end) return false;
  return ((getBe32(bytes, where) ^ value) & mask) === 0;
}

/** Where the next table looks from. */
function innerOffset(selector: Selector, { bytes, end }: Frame, at: number): number {
  let inner = at + selector.offset;
  if ((selector.flags & cls.TC_U32_VAROFFSET) !== 0) {
    const where = at + selector.offsetOffset;
    if (where >= 0 && where + 2 <= end)
      inner += (getBe16(bytes, where) & selector.offsetMask) >> selector.offsetShift;
  }
  return inner;
}

function hashOf(selector: Selector, { bytes, end }: Frame, at: number, buckets: number): number {
  if (buckets === 1 || selector.hashMask === 0) return 0;
  const where = at + selector.hashOffset;
  if (where < 0 || where + 4 > end) return 0;
  const shift = 31 - Math.clz32(selector.hashMask & -selector.hashMask);
  return ((getBe32(bytes, where) & selector.hashMask) >>> shift) & (buckets - 1);
}

// --- Requests ---------------------------------------------------------------------------------------------------------

function find({ state: { tables, root } }: TcfProto<U32State>, handle: number): Filter | null {
  const isRoot = (handle & tableMask) >>> 0 === cls.TC_U32_ROOT;
  const table = isRoot ? root : tables.find(handle);
  if (table === undefined) return null;
  if ((handle & keyMask) === 0) return table;
  const bucket = table.buckets[(handle >>> 12) & 0xff] ?? [];
  return bucket.find((node) => (node.handle & nodeMask) === (handle & nodeMask)) ?? null;
}

/** The tables of a priority with their nodes, whichever place of the discipline they were made at. */
function* walk({ priority, state }: TcfProto<U32State>): Generator<Filter, void, void> {
  for (const table of state.tables.list) {
    if (table.priority !== priority) continue;
    yield table;
    for (const bucket of table.buckets) yield* bucket;
  }
}

function change(proto: TcfProto<U32State>, request: FilterRequest): Filter {
  const { options, handle } = request;
  if (options === undefined) {
    if (handle !== 0) throw invalid("cls_u32: Filter handle requires options");
    return proto.state.root;
  }
  const attrs = parseNested(options, u32Policy);
  checkFlags(attrs.flags ?? 0);
  if (request.filter !== null) return replace(proto, request, request.filter, attrs);
  if (attrs.divisor !== undefined) return makeTable(proto, handle, attrs.divisor);
  const { table, hash } = tableOf(proto.state, attrs);
  const htid = (table.handle | (hash << 12)) >>> 0;
  if (handle !== 0 && (handle & tableMask) !== 0 && ((handle ^ htid) & tableMask) !== 0)
    throw invalid("cls_u32: Handle specified hash table address mismatch");
  const id = handle === 0 ? nextNode(table, htid) : (htid | (handle & nodeMask)) >>> 0;
  if (handle !== 0 && find(proto, id) !== null) throw new NetlinkError("ENOSPC");
  if (attrs.sel === undefined) throw invalid("cls_u32: Selector not specified");
  const node = makeNode(proto, request, attrs, id, { selector: readSelector(attrs.sel.copy()), ifindex: 0 });
  const bucket = table.buckets[hash] ?? [];
  const at = bucket.findIndex((each) => (each.handle & nodeMask) > (id & nodeMask));
  bucket.splice(at < 0 ? bucket.length : at, 0, node);
  return node;
}

function makeTable(
  { priority, state: { tables } }: TcfProto<U32State>,
  handle: number,
  divisor: number,
): Table {
  if (divisor === 0 || (divisor & (divisor - 1)) !== 0) throw invalid("cls_u32: Divisor is not a power of 2");
  if (divisor > maxDivisor) throw invalid("cls_u32: Exceeded maximum 256 hash buckets");
  if ((handle & keyMask) !== 0) throw invalid("cls_u32: Divisor can only be used on a hash table");
  return tables.make(handle === 0 ? tables.next() : handle, divisor, priority);
}

function tableOf({ tables, root }: U32State, { hash }: U32Attributes): { table: Table; hash: number } {
  if (hash === undefined || (hash & tableMask) >>> 0 === cls.TC_U32_ROOT) return { table: root, hash: 0 };
  const table = tables.find(hash);
  if (table === undefined) throw invalid("cls_u32: Specified hash table not found");
  const bucket = (hash >>> 12) & 0xff;
  if (bucket >= table.buckets.length)
    throw invalid("cls_u32: Specified hash table buckets exceed configured value");
  return { table, hash: bucket };
}

function nextNode(table: Table, htid: number): number {
  const used = new Set(table.buckets.flat().map(({ handle }) => handle & nodeMask));
  for (let id = firstNode; id <= nodeMask; id++) if (!used.has(id)) return (htid | id) >>> 0;
  for (let id = 1; id < firstNode; id++) if (!used.has(id)) return (htid | id) >>> 0;
  throw new NetlinkError("ENOSPC");
}

function makeNode(
  proto: TcfProto<U32State>,
  request: FilterRequest,
  attrs: U32Attributes,
  handle: number,
  before: Pick<Node, "selector" | "ifindex">,
): Node {
  const { netns } = request;
  const actions = readActions(proto, request, attrs.act);
  try {
    const link = linkOf(proto.state, attrs.link ?? 0);
    const ifindex = attrs.indev === undefined ? before.ifindex : indevOf(netns, attrs.indev);
    const classid = attrs.classid ?? 0;
    if (link !== null) link.links++;
    bindFilter(proto, classid);
    const flags = (attrs.flags ?? 0) | cls.TCA_CLS_FLAGS_NOT_IN_HW;
    return { handle, selector: before.selector, classid, link, ifindex, flags, actions };
  } catch (error) {
    releaseActions(netns, actions);
    throw error;
  }
}

function linkOf({ tables }: U32State, handle: number): Table | null {
  if (handle === 0) return null;
  if ((handle & keyMask) !== 0) throw invalid("cls_u32: u32 Link handle must be a hash table");
  const target = tables.find(handle);
  if (target === undefined) throw invalid("cls_u32: Link hash table not found");
  return target;
}

/** A changed node keeps its selector and takes the rest anew. */
function replace(
  proto: TcfProto<U32State>,
  request: FilterRequest,
  old: Filter,
  attrs: U32Attributes,
): Filter {
  if (!isNode(old)) throw invalid("cls_u32: Key node id cannot be zero");
  const made = makeNode(
    proto,
    request,
    { classid: old.classid, ...attrs, link: attrs.link ?? old.link?.handle ?? 0 },
    old.handle,
    old,
  );
  const bucket = bucketOf(proto.state, old);
  bucket.splice(bucket.indexOf(old), 1, made);
  release(proto, old);
  return made;
}

function isNode(filter: Filter): filter is Node {
  return (filter.handle & keyMask) !== 0;
}

function bucketOf({ tables }: U32State, { handle }: Node): Node[] {
  return tables.find(handle)?.buckets[(handle >>> 12) & 0xff] ?? [];
}

function release(proto: TcfProto<U32State>, node: Node): void {
  if (node.link !== null) node.link.links--;
  unbindFilter(proto, node.classid);
  releaseActions(proto.block.sch.dev.netns, node.actions);
}

function remove(proto: TcfProto<U32State>, filter: Filter): void {
  const { state } = proto;
  if (isNode(filter)) {
    const bucket = bucketOf(state, filter);
    bucket.splice(bucket.indexOf(filter), 1);
    return release(proto, filter);
  }
  const table = state.tables.find(filter.handle);
  if (table === undefined) return;
  if (table === state.root) throw invalid("cls_u32: Not allowed to delete root node");
  if (table.links > 0) throw new NetlinkError("EBUSY", "cls_u32: Can not delete in-use filter");
  dropTable(proto, table);
}

function dropTable(proto: TcfProto<U32State>, table: Table): void {
  for (const bucket of table.buckets) for (const node of bucket.splice(0)) release(proto, node);
  const { list } = proto.state.tables;
  list.splice(list.indexOf(table), 1);
}

function destroy(proto: TcfProto<U32State>): void {
  const { state } = proto;
  dropTable(proto, state.root);
  state.tables.protos--;
  if (state.tables.protos === 0) for (const table of [...state.tables.list]) dropTable(proto, table);
}

function readSelector(bytes: Uint8Array): Selector {
  const count = bytes[cls.TC_U32_SEL_NKEYS] ?? 0;
  const size = cls.TC_U32_SEL_SIZE + count * cls.TC_U32_KEY_SIZE;
  if (bytes.length < size) throw invalid();
  const keys = Array.from({ length: count }, (_, index) => {
    const at = cls.TC_U32_SEL_SIZE + index * cls.TC_U32_KEY_SIZE;
    return {
      mask: getBe32(bytes, at + cls.TC_U32_KEY_MASK),
      value: getBe32(bytes, at + cls.TC_U32_KEY_VAL),
      offset: getS32(bytes, at + cls.TC_U32_KEY_OFF),
      offsetMask: getS32(bytes, at + cls.TC_U32_KEY_OFFMASK),
    };
  });
  return {
    flags: bytes[cls.TC_U32_SEL_FLAGS] ?? 0,
    offsetShift: bytes[cls.TC_U32_SEL_OFFSHIFT] ?? 0,
    offsetMask: getBe16(bytes, cls.TC_U32_SEL_OFFMASK),
    offset: getS16(bytes, cls.TC_U32_SEL_OFF),
    offsetOffset: getS16(bytes, cls.TC_U32_SEL_OFFOFF),
    hashOffset: getS16(bytes, cls.TC_U32_SEL_HOFF),
    hashMask: getBe32(bytes, cls.TC_U32_SEL_HMASK),
    keys,
    bytes: bytes.slice(0, size),
  };
}

function dump({ state, block }: TcfProto<U32State>, filter: Filter, writer: MessageWriter): void {
  const options = writer.nest(TCA_OPTIONS);
  if (!isNode(filter)) {
    writer.u32(cls.TCA_U32_DIVISOR, state.tables.find(filter.handle)?.buckets.length ?? 1);
    writer.endNest(options);
    return;
  }
  writer.binary(cls.TCA_U32_SEL, filter.selector.bytes);
  writer.u32(cls.TCA_U32_HASH, (filter.handle & ~nodeMask) >>> 0);
  if (filter.classid !== 0) writer.u32(cls.TCA_U32_CLASSID, filter.classid);
  if (filter.link !== null) writer.u32(cls.TCA_U32_LINK, filter.link.handle);
  if (filter.flags !== 0) writer.u32(cls.TCA_U32_FLAGS, filter.flags);
  dumpActions(block.sch.dev.machine, filter.actions, cls.TCA_U32_ACT, writer);
  const input = block.sch.dev.netns.devices.get(filter.ifindex);
  if (input !== undefined) writer.string(cls.TCA_U32_INDEV, input.name);
  writer.endNest(options);
}
