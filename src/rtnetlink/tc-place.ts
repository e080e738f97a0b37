// Where filters hang, and which chain of them a request means.
//
// Mirrors net/sched/cls_api.c (__tcf_qdisc_find, __tcf_qdisc_cl_find, __tcf_block_find, tcf_proto_check_kind, tcf_chain_lookup,
// tc_chain_fill_node). Omitted: shared blocks.

import type { Device, Netns, Qdisc } from "../net/netdevice.ts";
import { lookupQdisc, majorOf } from "../net/qdisc.ts";
import type { ClassifierOps, TcfChain } from "../net/tcf.ts";
import { TcfBlock } from "../net/tcf.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import { TC_ACT_EXT_VAL_MASK } from "../uapi/pkt_cls.ts";
import { TC_H_MIN_MASK } from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { TcaAttributes, Tcmsg } from "./tc-message.ts";
import { writeTcmsg } from "./tc-message.ts";

/** The largest name of a kind, its NUL counted (IFNAMSIZ). */
const maxKind = 16;

/** Kinds of classifier by name. */
export type Classifiers = ReadonlyMap<string, ClassifierOps>;

/** Where filters hang. */
export interface Place {
  readonly sch: Qdisc;
  readonly parent: number;
  readonly block: TcfBlock;
}

/** The place that a request names; throws NetlinkError for one that holds no filters. */
export function placeOf(dev: Device, tcm: Tcmsg): Place {
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

/** As placeOf, for a new filter or chain: lists tell of this place from then on, and chains of it are told of. */
export function claimPlace(rtnetlink: Rtnetlink, netns: Netns, dev: Device, tcm: Tcmsg): Place {
  const place = placeOf(dev, tcm);
  place.block.classid = place.parent;
  place.block.tell = (chain, isNew) => announceChain(rtnetlink, netns, chain, isNew);
  return place;
}

/** The place that a list is asked of; a list of what is not there is empty. */
export function findPlace(netns: Netns, tcm: Tcmsg): Place | undefined {
  const dev = netns.devices.get(tcm.ifindex);
  if (dev === undefined) return undefined;
  try {
    return placeOf(dev, tcm);
  } catch (error) {
    if (error instanceof NetlinkError) return undefined;
    throw error;
  }
}

/** Refuses the name of a kind that is too long. */
export function checkKind({ kind }: TcaAttributes, text = "Specified TC filter name too long"): void {
  if ((kind?.length ?? 0) >= maxKind) throw invalid(text);
}

/** The number of the chain that is meant. */
export function chainIndexOf({ chain = 0 }: TcaAttributes): number {
  if (chain > TC_ACT_EXT_VAL_MASK) throw invalid("Specified chain index exceeds upper limit");
  return chain;
}

/** A chain that users may hear of. */
export function visibleChain(block: TcfBlock, index: number): TcfChain | undefined {
  const chain = block.findChain(index);
  return chain?.isOfActions === true ? undefined : chain;
}

/** The kind of classifier with this name; ENOENT when there is none. */
export function classifierOf(classifiers: Classifiers, kind: string): ClassifierOps {
  const ops = classifiers.get(kind);
  if (ops === undefined) throw new NetlinkError("ENOENT", "TC classifier not found");
  return ops;
}

/** Tells that a chain has come, or gone. */
export function announceChain(rtnetlink: Rtnetlink, netns: Netns, chain: TcfChain, isNew: boolean): void {
  rtnetlink.notify(rt.RTNLGRP_TC, netns, undefined, (writer) => {
    writer.begin(isNew ? rt.RTM_NEWCHAIN : rt.RTM_DELCHAIN, isNew ? NLM_F_CREATE | NLM_F_EXCL : 0, 0, 0);
    fillChain(writer, chain);
    writer.end();
  });
}

/** Writes header and attributes of a chain. */
export function fillChain(writer: MessageWriter, { block: { sch }, index, template }: TcfChain): void {
  writeTcmsg(writer, { ifindex: sch.dev.ifindex, handle: 0, parent: sch.handle, info: 0 });
  writer.u32(rt.TCA_CHAIN, index);
  if (template === null) return;
  writer.string(rt.TCA_KIND, template.ops.kind);
  template.what.dump(writer);
}
