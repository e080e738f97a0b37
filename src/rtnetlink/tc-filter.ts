// Filters: RTM_NEWTFILTER makes and changes them, RTM_DELTFILTER deletes one, those of a priority or all, RTM_GETTFILTER tells.
//
// Mirrors net/sched/cls_api.c (tc_new_tfilter, tc_del_tfilter, tc_get_tfilter, tc_dump_tfilter, tcf_fill_node) with its order,
// errno and texts. Omitted: chains beside 0, shared blocks, terse dumps.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setU32 } from "../bytes/endian.ts";
import type { Device, Netns, Qdisc } from "../net/netdevice.ts";
import { lookupQdisc, majorOf } from "../net/qdisc.ts";
import type { ClassifierOps, Filter } from "../net/tcf.ts";
import { TcfBlock, TcfProto } from "../net/tcf.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_MULTI } from "../uapi/netlink.ts";
import { TC_H_MIN_MASK } from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { TcaAttributes, Tcmsg } from "./tc-message.ts";
import { readTcmsg, readTcRequest, tcaPolicy, writeTcmsg } from "./tc-message.ts";

/** The largest name of a kind, its NUL counted (IFNAMSIZ). */
const maxKind = 16;
/** Priorities that are given unasked count down from this one. */
const firstAutoPriority = 0xc000;
const autoPriority = 0x8000;

/** Kinds of classifier by name. */
export type Classifiers = ReadonlyMap<string, ClassifierOps>;

/** Where filters hang. */
interface Place {
  readonly sch: Qdisc;
  readonly parent: number;
  readonly block: TcfBlock;
}

/** The priority and the protocol in tcm_info; the protocol is in network byte order there. */
function infoOf({ info }: Tcmsg): { readonly priority: number; readonly protocol: number } {
  const protocol = info & 0xffff;
  return { priority: info >>> 16, protocol: ((protocol & 0xff) << 8) | (protocol >>> 8) };
}

function placeOf(dev: Device, tcm: Tcmsg): Place {
  const sch = tcm.parent === 0 ? dev.qdisc : lookupQdisc(dev, majorOf(tcm.parent));
  if (sch === null) throw invalid(tcm.parent === 0 ? "Qdisc not classful" : "Parent Qdisc doesn't exists");
  const parent = tcm.parent === 0 ? sch.handle : tcm.parent;
  const { classes } = sch.ops;
  if (classes === undefined) throw invalid("Qdisc not classful");
  if (classes.block === undefined) throw notSupported("Class doesn't support blocks");
  const isClass = (parent & TC_H_MIN_MASK) !== 0;
  const cl = isClass ? classes.find(sch, parent) : null;
  if (isClass && cl === null) throw new NetlinkError("ENOENT", "Specified class doesn't exist");
  const block = classes.block(sch, cl);
  if (!(block instanceof TcfBlock)) throw invalid();
  return { sch, parent, block };
}

/** As placeOf, for a new filter: lists tell of this place from then on. */
function claimPlace(dev: Device, tcm: Tcmsg): Place {
  const place = placeOf(dev, tcm);
  place.block.classid = place.parent;
  return place;
}

function checkChain({ kind, chain }: TcaAttributes): void {
  if ((kind?.length ?? 0) >= maxKind) throw invalid("Specified TC filter name too long");
  if (chain !== undefined && chain !== 0)
    throw notSupported("Chains other than 0 are not supported by uveth");
}

/** The filters of a priority; EINVAL when they are of another protocol (tcf_chain_tp_find). */
function findProto(
  block: TcfBlock,
  priority: number,
  protocol: number,
  isAuto: boolean,
): TcfProto | undefined {
  const proto = block.protos.find((each) => each.priority === priority);
  if (proto !== undefined && (isAuto || (protocol !== 0 && proto.protocol !== protocol)))
    throw invalid(
      isAuto
        ? "Filter with specified priority/protocol not found"
        : "Protocol mismatch for filter with specified priority",
    );
  return proto;
}

/** Answers RTM_NEWTFILTER. */
export function newFilter(rtnetlink: Rtnetlink, classifiers: Classifiers, request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { flags } = request.message;
  const isCreate = (flags & NLM_F_CREATE) !== 0;
  const { priority: asked, protocol } = infoOf(tcm);
  if (asked === 0 && !isCreate)
    throw new NetlinkError("ENOENT", "Invalid filter command with priority of zero");
  const place = claimPlace(dev, tcm);
  checkChain(attrs);
  const { block } = place;
  const isFirst = block.isEmpty;
  if (isFirst) announceChain(rtnetlink, request, rt.RTM_NEWCHAIN, place);
  const before = new Set(block.protos);
  try {
    const known = findProto(block, asked === 0 ? autoPriority : asked, protocol, asked === 0);
    const proto = known ?? makeProto(classifiers, block, asked, protocol, attrs, isCreate);
    changeFilter(rtnetlink, request, place, proto, { tcm, attrs });
  } catch (error) {
    for (const proto of [...block.protos]) if (!before.has(proto)) block.remove(proto);
    if (isFirst) announceChain(rtnetlink, request, rt.RTM_DELCHAIN, place);
    throw error;
  }
}

/** Makes or changes a filter of a priority. */
function changeFilter(
  rtnetlink: Rtnetlink,
  request: Request,
  place: Place,
  proto: TcfProto,
  { attrs, tcm }: { readonly attrs: TcaAttributes; readonly tcm: Tcmsg },
): void {
  const { flags } = request.message;
  const isCreate = (flags & NLM_F_CREATE) !== 0;
  if (attrs.kind !== undefined && attrs.kind !== proto.ops.kind)
    throw invalid("Specified filter kind does not match existing one");
  const filter = tcm.handle === 0 ? null : proto.ops.find(proto, tcm.handle);
  if (filter === null && !isCreate) throw needsCreate();
  if (filter !== null && (flags & NLM_F_EXCL) !== 0)
    throw new NetlinkError("EEXIST", "Filter already exists");
  const made = proto.ops.change(proto, {
    netns: request.netns,
    filter,
    handle: tcm.handle,
    parent: place.parent,
    options: attrs.options,
    isReplace: !isCreate,
    warn: (text) => request.warn(text),
  });
  announce(rtnetlink, request, rt.RTM_NEWTFILTER, place, proto, made);
}

/** Takes the filters of a priority away, and with the last of them the chain. */
function removeProto(rtnetlink: Rtnetlink, request: Request, place: Place, proto: TcfProto): void {
  place.block.remove(proto);
  if (place.block.isEmpty) announceChain(rtnetlink, request, rt.RTM_DELCHAIN, place);
}

/** Tells that chain 0 of a place, the only one, has come into being with its first filter, or gone with the last. */
function announceChain(rtnetlink: Rtnetlink, request: Request, type: number, { sch }: Place): void {
  const { origin, netns } = request;
  const flags = type === rt.RTM_NEWCHAIN ? NLM_F_CREATE | NLM_F_EXCL : 0;
  rtnetlink.notify(rt.RTNLGRP_TC, netns, origin, (writer) => {
    writer.begin(type, flags, origin.seq, origin.portId);
    writeTcmsg(writer, { ifindex: sch.dev.ifindex, handle: 0, parent: sch.handle, info: 0 });
    writer.u32(rt.TCA_CHAIN, 0);
    writer.end();
  });
}

function needsCreate(): NetlinkError {
  return new NetlinkError("ENOENT", "Need both RTM_NEWTFILTER and NLM_F_CREATE to create a new filter");
}

function makeProto(
  classifiers: Classifiers,
  block: TcfBlock,
  asked: number,
  protocol: number,
  { kind }: TcaAttributes,
  isCreate: boolean,
): TcfProto {
  if (kind === undefined || protocol === 0) throw invalid("Filter kind and protocol must be specified");
  if (!isCreate) throw needsCreate();
  const ops = classifiers.get(kind);
  if (ops === undefined) throw new NetlinkError("ENOENT", "TC classifier not found");
  const next = block.protos.find(({ priority }) => priority >= autoPriority);
  const priority = asked === 0 ? (next === undefined ? firstAutoPriority : next.priority - 1) : asked;
  const proto = new TcfProto(ops, block, priority, protocol);
  block.insert(proto);
  return proto;
}

/** Answers RTM_DELTFILTER. */
export function delFilter(rtnetlink: Rtnetlink, request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { priority, protocol } = infoOf(tcm);
  if (priority === 0 && (protocol !== 0 || tcm.handle !== 0 || attrs.kind !== undefined))
    throw new NetlinkError("ENOENT", "Cannot flush filters with protocol, handle or kind set");
  const place = placeOf(dev, tcm);
  checkChain(attrs);
  const { block } = place;
  if (priority === 0) {
    if (block.isEmpty) return;
    for (const proto of block.protos) announce(rtnetlink, request, rt.RTM_DELTFILTER, place, proto, null);
    block.flush();
    return announceChain(rtnetlink, request, rt.RTM_DELCHAIN, place);
  }
  const proto = findProto(block, priority, protocol, false);
  if (proto === undefined)
    throw new NetlinkError(
      "ENOENT",
      block.isEmpty
        ? "Cannot find specified filter chain"
        : "Filter with specified priority/protocol not found",
    );
  if (attrs.kind !== undefined && attrs.kind !== proto.ops.kind)
    throw invalid("Specified filter kind does not match existing one");
  if (tcm.handle === 0) {
    announce(rtnetlink, request, rt.RTM_DELTFILTER, place, proto, null);
    return removeProto(rtnetlink, request, place, proto);
  }
  const filter = proto.ops.find(proto, tcm.handle);
  if (filter === null) throw new NetlinkError("ENOENT", "Specified filter handle not found");
  announce(rtnetlink, request, rt.RTM_DELTFILTER, place, proto, filter);
  proto.ops.delete(proto, filter);
  if (proto.ops.isEmpty(proto)) removeProto(rtnetlink, request, place, proto);
}

/** Answers RTM_GETTFILTER for one. */
export function getFilter(request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { priority, protocol } = infoOf(tcm);
  if (priority === 0) throw new NetlinkError("ENOENT", "Invalid filter command with priority of zero");
  const place = placeOf(dev, tcm);
  checkChain(attrs);
  if (place.block.isEmpty) throw invalid("Cannot find specified filter chain");
  const proto = findProto(place.block, priority, protocol, false);
  if (proto === undefined)
    throw new NetlinkError("ENOENT", "Filter with specified priority/protocol not found");
  if (attrs.kind !== undefined && attrs.kind !== proto.ops.kind)
    throw invalid("Specified filter kind does not match existing one");
  const filter = proto.ops.find(proto, tcm.handle);
  if (filter === null) throw new NetlinkError("ENOENT", "Specified filter handle not found");
  const { origin } = request;
  request.reply((writer) => {
    writer.begin(rt.RTM_NEWTFILTER, 0, origin.seq, origin.portId);
    fillFilter(writer, place, proto, filter);
    writer.end();
  });
}

/** Dumps the filters of one place: for each priority its head, then its filters. */
export function* dumpFilters(request: Request, { writer }: DumpControl): Dump {
  const { message, origin, netns } = request;
  parseMessage(message, rt.TCMSG_SIZE, tcaPolicy);
  const tcm = readTcmsg(message);
  const place = findPlace(netns, tcm);
  if (place === undefined) return;
  const { priority, protocol } = infoOf(tcm);
  // The number by which the last filter came, whatever the list was asked by.
  const told = { ...place, parent: place.block.classid };
  for (const proto of [...place.block.protos]) {
    if (priority !== 0 && proto.priority !== priority) continue;
    if (protocol !== 0 && proto.protocol !== protocol) continue;
    for (const filter of [null, ...proto.ops.walk(proto)]) {
      writer.begin(rt.RTM_NEWTFILTER, NLM_F_MULTI, origin.seq, origin.portId);
      fillFilter(writer, told, proto, filter);
      writer.end();
      yield;
    }
  }
}

/** A dump of what is not there is empty. */
function findPlace(netns: Netns, tcm: Tcmsg): Place | undefined {
  const dev = netns.devices.get(tcm.ifindex);
  if (dev === undefined) return undefined;
  try {
    return placeOf(dev, tcm);
  } catch (error) {
    if (error instanceof NetlinkError) return undefined;
    throw error;
  }
}

/** Writes header and attributes of a filter, or of what those of its priority have in common. */
function fillFilter(
  writer: MessageWriter,
  { sch, parent }: Place,
  proto: TcfProto,
  filter: Filter | null,
): void {
  const start = writer.length;
  const { protocol } = proto;
  const swapped = ((protocol & 0xff) << 8) | (protocol >>> 8);
  const info = ((proto.priority << 16) | swapped) >>> 0;
  writeTcmsg(writer, { ifindex: sch.dev.ifindex, handle: 0, parent, info });
  writer.string(rt.TCA_KIND, proto.ops.kind);
  writer.u32(rt.TCA_CHAIN, 0);
  if (filter === null) return;
  setU32(writer.bytes, start + rt.TCMSG_HANDLE, filter.handle);
  proto.ops.dump(proto, filter, writer);
}

function announce(
  rtnetlink: Rtnetlink,
  request: Request,
  type: number,
  place: Place,
  proto: TcfProto,
  filter: Filter | null,
): void {
  const { origin, netns } = request;
  const flags = type === rt.RTM_NEWTFILTER ? request.message.flags : 0;
  rtnetlink.notify(rt.RTNLGRP_TC, netns, origin, (writer) => {
    writer.begin(type, flags, origin.seq, origin.portId);
    fillFilter(writer, place, proto, filter);
    writer.end();
  });
}
