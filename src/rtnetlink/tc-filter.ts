// Filters: RTM_NEWTFILTER makes and changes them, RTM_DELTFILTER deletes one, those of a priority or all, RTM_GETTFILTER tells.
//
// Mirrors net/sched/cls_api.c (tc_new_tfilter, tc_del_tfilter, tc_get_tfilter, tc_dump_tfilter, tcf_fill_node) with its order,
// errno and texts. Omitted: shared blocks, terse dumps.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setU32 } from "../bytes/endian.ts";
import type { Filter, TcfChain } from "../net/tcf.ts";
import { TcfProto } from "../net/tcf.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_MULTI } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { TcaAttributes, Tcmsg } from "./tc-message.ts";
import { readTcmsg, readTcRequest, tcaPolicy, writeTcmsg } from "./tc-message.ts";
import type { Classifiers, Place } from "./tc-place.ts";
import { chainIndexOf, checkKind, claimPlace, classifierOf, findPlace, placeOf } from "./tc-place.ts";

/** Priorities that are given unasked count down from this one. */
const firstAutoPriority = 0xc000;
const autoPriority = 0x8000;

/** The priority and the protocol in tcm_info; the protocol is in network byte order there. */
function infoOf({ info }: Tcmsg): { readonly priority: number; readonly protocol: number } {
  const protocol = info & 0xffff;
  return { priority: info >>> 16, protocol: ((protocol & 0xff) << 8) | (protocol >>> 8) };
}

/** The filters of a priority; EINVAL when they are of another protocol (tcf_chain_tp_find). */
function findProto(
  { protos }: TcfChain,
  priority: number,
  protocol: number,
  isAuto: boolean,
): TcfProto | undefined {
  const proto = protos.find((each) => each.priority === priority);
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
  const place = claimPlace(rtnetlink, request.netns, dev, tcm);
  checkKind(attrs);
  const chain = place.block.chain(chainIndexOf(attrs));
  chain.get();
  const before = new Set(chain.protos);
  try {
    const known = findProto(chain, asked === 0 ? autoPriority : asked, protocol, asked === 0);
    const proto = known ?? makeProto(classifiers, chain, asked, protocol, attrs, isCreate);
    changeFilter(rtnetlink, request, place, proto, { tcm, attrs });
  } catch (error) {
    for (const proto of [...chain.protos]) if (!before.has(proto)) chain.remove(proto);
    throw error;
  } finally {
    chain.put();
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
  const { template } = proto.chain;
  if (template !== null && template.ops !== proto.ops)
    throw invalid("Chain template is set to a different filter kind");
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

function needsCreate(): NetlinkError {
  return new NetlinkError("ENOENT", "Need both RTM_NEWTFILTER and NLM_F_CREATE to create a new filter");
}

function makeProto(
  classifiers: Classifiers,
  chain: TcfChain,
  asked: number,
  protocol: number,
  { kind }: TcaAttributes,
  isCreate: boolean,
): TcfProto {
  if (kind === undefined || protocol === 0) throw invalid("Filter kind and protocol must be specified");
  if (!isCreate) throw needsCreate();
  const ops = classifierOf(classifiers, kind);
  const next = chain.protos.find(({ priority }) => priority >= autoPriority);
  const priority = asked === 0 ? (next === undefined ? firstAutoPriority : next.priority - 1) : asked;
  const proto = new TcfProto(ops, chain, priority, protocol);
  chain.insert(proto);
  return proto;
}

/** Answers RTM_DELTFILTER. */
export function delFilter(rtnetlink: Rtnetlink, request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { priority, protocol } = infoOf(tcm);
  if (priority === 0 && (protocol !== 0 || tcm.handle !== 0 || attrs.kind !== undefined))
    throw new NetlinkError("ENOENT", "Cannot flush filters with protocol, handle or kind set");
  const place = placeOf(dev, tcm);
  checkKind(attrs);
  const chain = place.block.findChain(chainIndexOf(attrs));
  if (chain === undefined) {
    if (priority === 0) return;
    throw new NetlinkError("ENOENT", "Cannot find specified filter chain");
  }
  chain.get();
  try {
    if (priority === 0) flushChain(rtnetlink, request, place, chain);
    else deleteFrom(rtnetlink, request, place, chain, { tcm, attrs });
  } finally {
    chain.put();
  }
}

/** Takes every filter of a chain away (tfilter_notify_chain, tcf_chain_flush). */
export function flushChain(rtnetlink: Rtnetlink, request: Request, place: Place, chain: TcfChain): void {
  for (const proto of chain.protos) announce(rtnetlink, request, rt.RTM_DELTFILTER, place, proto, null);
  chain.flush();
}

/** Takes the filters of a priority away, or one of them. */
function deleteFrom(
  rtnetlink: Rtnetlink,
  request: Request,
  place: Place,
  chain: TcfChain,
  { attrs, tcm }: { readonly attrs: TcaAttributes; readonly tcm: Tcmsg },
): void {
  const { priority, protocol } = infoOf(tcm);
  const proto = findProto(chain, priority, protocol, false);
  if (proto === undefined)
    throw new NetlinkError("ENOENT", "Filter with specified priority/protocol not found");
  if (attrs.kind !== undefined && attrs.kind !== proto.ops.kind)
    throw invalid("Specified filter kind does not match existing one");
  if (tcm.handle === 0) {
    announce(rtnetlink, request, rt.RTM_DELTFILTER, place, proto, null);
    return chain.remove(proto);
  }
  const filter = proto.ops.find(proto, tcm.handle);
  if (filter === null) throw new NetlinkError("ENOENT", "Specified filter handle not found");
  announce(rtnetlink, request, rt.RTM_DELTFILTER, place, proto, filter);
  proto.ops.delete(proto, filter);
  if (proto.ops.isEmpty(proto)) chain.remove(proto);
}

/** Answers RTM_GETTFILTER for one. */
export function getFilter(request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { priority } = infoOf(tcm);
  if (priority === 0) throw new NetlinkError("ENOENT", "Invalid filter command with priority of zero");
  const place = placeOf(dev, tcm);
  checkKind(attrs);
  const chain = place.block.findChain(chainIndexOf(attrs));
  if (chain === undefined) throw invalid("Cannot find specified filter chain");
  chain.get();
  try {
    replyWithFilter(request, place, chain, { tcm, attrs });
  } finally {
    chain.put();
  }
}

function replyWithFilter(
  request: Request,
  place: Place,
  chain: TcfChain,
  { attrs, tcm }: { readonly attrs: TcaAttributes; readonly tcm: Tcmsg },
): void {
  const { priority, protocol } = infoOf(tcm);
  const proto = findProto(chain, priority, protocol, false);
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

/** Dumps the filters of one place, chain by chain: for each priority its head, then its filters. */
export function* dumpFilters(request: Request, { writer }: DumpControl): Dump {
  const { message, origin, netns } = request;
  const attrs = parseMessage(message, rt.TCMSG_SIZE, tcaPolicy);
  const tcm = readTcmsg(message);
  const place = findPlace(netns, tcm);
  if (place === undefined) return;
  const { priority, protocol } = infoOf(tcm);
  // The number by which the last filter came, whatever the list was asked by.
  const told = { ...place, parent: place.block.classid };
  for (const proto of place.block.chains.flatMap(({ protos }) => protos)) {
    if (attrs.chain !== undefined && proto.chain.index !== attrs.chain) continue;
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
  writer.u32(rt.TCA_CHAIN, proto.chain.index);
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
