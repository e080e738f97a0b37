// Queueing disciplines: RTM_NEWQDISC makes, changes and grafts them, RTM_DELQDISC takes them off, RTM_GETQDISC tells of one.
//
// Mirrors net/sched/sch_api.c (tc_modify_qdisc, tc_get_qdisc, qdisc_create, qdisc_change, qdisc_graft, qdisc_notify) with their
// order, errno and texts. Omitted: shared blocks, rate estimators, offload, modules.

import type { Request } from "../af_netlink/handler.ts";
import type { Device, Qdisc } from "../net/netdevice.ts";
import {
  allocQdisc,
  createDefaultRoot,
  destroyQdisc,
  hashQdisc,
  lookupQdisc,
  majorOf,
  resetQdisc,
} from "../net/qdisc.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { TC_H_INGRESS, TC_H_MIN_MASK, TC_H_ROOT } from "../uapi/pkt_sched.ts";
import { RTM_DELQDISC, RTM_NEWQDISC, RTNLGRP_TC } from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import { readSizeTable } from "./size-table.ts";
import type { TcaAttributes, Tcmsg } from "./tc-message.ts";
import { deviceOf, fillNoqueue, fillQdisc, readTcmsg, readTcRequest } from "./tc-message.ts";

const defaultTxQueueLength = 1_000;
/** Handles that are given unasked begin behind this one. */
const autoHandleBase = 0x8000_0000;
const majorStep = 0x1_0000;

/** Answers RTM_NEWQDISC. */
export function newQdisc(rtnetlink: Rtnetlink, request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const plan = planOf(dev, tcm, attrs, request.message.flags);
  if (plan.what === "change") {
    if (attrs.kind !== undefined && attrs.kind !== plan.sch.ops.id)
      throw invalid("Invalid qdisc name: must match existing qdisc");
    changeQdisc(plan.sch, attrs, request);
    announce(rtnetlink, request, tcm.parent, null, plan.sch, false);
    return;
  }
  const sch = plan.what === "graft" ? plan.sch : createQdisc(dev, tcm, attrs, request);
  try {
    graft(rtnetlink, request, dev, plan.parent, tcm.parent, sch);
  } catch (error) {
    if (plan.what === "create") destroyQdisc(sch);
    throw error;
  }
}

type Plan =
  | { readonly what: "change"; readonly sch: Qdisc; readonly parent: Qdisc | null }
  | { readonly what: "graft"; readonly sch: Qdisc; readonly parent: Qdisc | null }
  | { readonly what: "create"; readonly parent: Qdisc | null };

/** What is meant: the flags, the place and the handle say whether a discipline is made, moved or changed. */
function planOf(dev: Device, tcm: Tcmsg, attrs: TcaAttributes, flags: number): Plan {
  if (tcm.parent === 0) {
    if (tcm.handle === 0) throw invalid("Handle cannot be zero");
    return changePlan(lookupQdisc(dev, tcm.handle), null, flags);
  }
  const { parent, sch: there } = placeOf(dev, tcm.parent, "Failed to find specified qdisc");
  if (parent?.ops.isIngress === true) throw notSupported("Cannot add children to ingress/clsact qdisc");
  // One that is there by itself does not count.
  const sch = there?.handle === 0 ? null : there;
  if (sch !== null && tcm.handle !== 0 && sch.handle === tcm.handle) return changePlan(sch, parent, flags);
  if (tcm.handle !== 0) return planByHandle(dev, tcm, attrs, flags, sch, parent);
  if (sch === null) return createPlan(parent, flags);
  const isOther = attrs.kind !== undefined && attrs.kind !== sch.ops.id;
  const has = (bits: number) => (flags & bits) === bits;
  if (isOther && (has(NLM_F_CREATE | NLM_F_REPLACE) || has(NLM_F_CREATE | NLM_F_EXCL)))
    return createPlan(parent, flags);
  if (isOther && (flags & (NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL)) === 0)
    return { what: "create", parent };
  return changePlan(sch, parent, flags);
}

/** A handle that is not the one of what is there: a new discipline, or another of the device's. */
function planByHandle(
  dev: Device,
  tcm: Tcmsg,
  attrs: TcaAttributes,
  flags: number,
  there: Qdisc | null,
  parent: Qdisc | null,
): Plan {
  if (there !== null && (flags & NLM_F_REPLACE) === 0)
    throw new NetlinkError("EEXIST", "NLM_F_REPLACE needed to override");
  if ((tcm.handle & TC_H_MIN_MASK) !== 0) throw invalid("Invalid minor handle");
  const sch = lookupQdisc(dev, tcm.handle);
  if (sch === null) return createPlan(parent, flags);
  if (sch.parent !== tcm.parent) throw invalid("Cannot move an existing qdisc to a different parent");
  if ((flags & NLM_F_EXCL) !== 0) throw new NetlinkError("EEXIST", "Exclusivity flag on, cannot override");
  if (attrs.kind !== undefined && attrs.kind !== sch.ops.id)
    throw invalid("Invalid qdisc name: must match existing qdisc");
  if (sch.ops.isIngress === true) throw invalid("Cannot regraft ingress or clsact Qdiscs");
  if (sch === parent) throw new NetlinkError("ELOOP", "Qdisc parent/child loop detected");
  return { what: "graft", sch, parent };
}

function createPlan(parent: Qdisc | null, flags: number): Plan {
  if ((flags & NLM_F_CREATE) === 0)
    throw new NetlinkError("ENOENT", "Qdisc not found. To create specify NLM_F_CREATE flag");
  return { what: "create", parent };
}

function changePlan(sch: Qdisc | null, parent: Qdisc | null, flags: number): Plan {
  if (sch === null) throw new NetlinkError("ENOENT", "Specified qdisc not found");
  if ((flags & NLM_F_EXCL) !== 0) throw new NetlinkError("EEXIST", "Exclusivity flag on, cannot modify");
  return { what: "change", sch, parent };
}

/** The discipline with the class `parent`, and the one that hangs there. */
function placeOf(
  dev: Device,
  parent: number,
  text: string,
): { readonly parent: Qdisc | null; readonly sch: Qdisc | null } {
  if (parent === TC_H_ROOT) return { parent: null, sch: dev.qdisc };
  if (parent === TC_H_INGRESS) return { parent: null, sch: dev.ingressQdisc };
  const above = lookupQdisc(dev, majorOf(parent));
  if (above === null) throw new NetlinkError("ENOENT", text);
  if (above.ops.isIngress === true) return { parent: above, sch: null };
  return { parent: above, sch: leafOf(above, parent) };
}

/** What hangs on a class (qdisc_leaf). */
function leafOf(sch: Qdisc, classid: number): Qdisc | null {
  const { classes } = sch.ops;
  if (classes === undefined) throw notSupported("Parent qdisc is not classful");
  const cl = classes.find(sch, classid);
  if (cl === null) throw new NetlinkError("ENOENT", "Specified class not found");
  return classes.leaf(sch, cl);
}

function createQdisc(dev: Device, tcm: Tcmsg, attrs: TcaAttributes, request: Request): Qdisc {
  const ops = attrs.kind === undefined ? undefined : dev.machine.qdiscKinds.get(attrs.kind);
  if (ops === undefined) throw new NetlinkError("ENOENT", "Specified qdisc kind is unknown");
  const sch = allocQdisc(dev, ops, tcm.parent);
  if (tcm.parent === TC_H_INGRESS) {
    if (ops.isIngress !== true)
      throw invalid("Specified parent ID is reserved for ingress and clsact Qdiscs");
    sch.handle = majorOf(TC_H_INGRESS);
  } else sch.handle = tcm.handle === 0 ? autoHandle(dev) : tcm.handle;
  // A device that never queued begins to.
  if (dev.txQueueLength === 0 && dev.isQueueless) dev.txQueueLength = defaultTxQueueLength;
  if (attrs.ingressBlock !== undefined || attrs.egressBlock !== undefined)
    throw notSupported("Shared blocks are not supported by uveth");
  if (attrs.stab !== undefined) sch.sizeTable = readSizeTable(attrs.stab);
  try {
    if (ops.isIngress === true && tcm.parent !== TC_H_INGRESS) throw invalid();
    ops.init?.(sch, attrs.options, (text) => request.warn(text));
  } catch (error) {
    ops.destroy?.(sch);
    throw error;
  }
  hashQdisc(sch);
  return sch;
}

/** The next handle of those that are given unasked (qdisc_alloc_handle). */
function autoHandle(dev: Device): number {
  for (let handle = autoHandleBase + majorStep; handle < TC_H_INGRESS - TC_H_MIN_MASK; handle += majorStep) {
    if (lookupQdisc(dev, handle) === null) return handle;
  }
  throw new NetlinkError("ENOSPC", "Maximum number of qdisc handles was exceeded");
}

function changeQdisc(sch: Qdisc, attrs: TcaAttributes, request: Request): void {
  if (attrs.options !== undefined) {
    if (sch.ops.change === undefined) throw invalid("Change operation not supported by specified qdisc");
    if (attrs.ingressBlock !== undefined || attrs.egressBlock !== undefined)
      throw notSupported("Change of blocks is not supported");
    sch.ops.change(sch, attrs.options, (text) => request.warn(text));
  }
  sch.sizeTable = attrs.stab === undefined ? null : readSizeTable(attrs.stab);
}

/** Hangs `sch` (null: what is there by itself) on its place and tells of it; what hung there is gone (qdisc_graft). */
function graft(
  rtnetlink: Rtnetlink,
  request: Request,
  dev: Device,
  parent: Qdisc | null,
  classid: number,
  sch: Qdisc | null,
): void {
  if (parent !== null) return graftOnClass(rtnetlink, request, parent, classid, sch);
  const isIngress = classid === TC_H_INGRESS || sch?.ops.isIngress === true;
  const old = isIngress ? dev.ingressQdisc : dev.qdisc;
  const wasNoqueue = !isIngress && old === null && dev.isActivated;
  if (sch !== null) sch.parent = isIngress ? TC_H_INGRESS : TC_H_ROOT;
  if (isIngress) {
    dev.ingressQdisc = sch;
    dev.hasIngressQueue = true;
  } else {
    if (old !== null && old !== sch) resetQdisc(old);
    dev.qdisc = sch ?? (dev.isActivated ? createDefaultRoot(dev) : null);
    dev.isActivated = true;
  }
  announce(rtnetlink, request, classid, old === sch ? null : wasNoqueue ? "noqueue" : old, sch);
  if (old !== null && old !== sch) destroyQdisc(old);
}

function graftOnClass(
  rtnetlink: Rtnetlink,
  request: Request,
  parent: Qdisc,
  classid: number,
  sch: Qdisc | null,
): void {
  const { classes } = parent.ops;
  if (classes?.graft === undefined) throw notSupported();
  const cl = classes.find(parent, classid);
  if (cl === null) throw new NetlinkError("ENOENT", "Specified class not found");
  if (sch?.ops.id === "noqueue") throw invalid("Cannot assign noqueue to a class");
  const old = classes.graft(parent, cl, sch);
  announce(rtnetlink, request, classid, old, sch);
  if (old !== null && old !== sch) destroyQdisc(old);
}

/**
 * Tells RTNLGRP_TC of one that went and one that came, in one datagram (qdisc_notify); "noqueue" for the one that a device has
 * by itself. `isGrafted`: they are told of before their new place counts.
 */
function announce(
  rtnetlink: Rtnetlink,
  request: Request,
  parent: number,
  old: Qdisc | "noqueue" | null,
  sch: Qdisc | null,
  isGrafted = true,
): void {
  const { origin, netns } = request;
  const isOldTold = old !== null && (old === "noqueue" || !old.isInvisible);
  const isNewTold = sch !== null && !sch.isInvisible;
  if (!isOldTold && !isNewTold) return;
  rtnetlink.notify(RTNLGRP_TC, netns, origin, (writer) => {
    if (isOldTold) {
      writer.begin(RTM_DELQDISC, 0, origin.seq, origin.portId);
      if (old === "noqueue") fillNoqueue(writer, deviceOf(netns, readTcmsg(request.message)));
      else fillQdisc(writer, old, parent, old.ops.isIngress === true ? 0 : 1);
      writer.end();
    }
    if (isNewTold) {
      writer.begin(RTM_NEWQDISC, old === null ? 0 : NLM_F_REPLACE, origin.seq, origin.portId);
      // htb spreads itself over the queues only afterwards (its attach).
      if (isGrafted && sch.ops.id === "htb") fillQdisc(writer, sch, parent, 1);
      else fillQdisc(writer, sch, parent);
      writer.end();
    }
  });
}

/** Answers RTM_DELQDISC. */
export function delQdisc(rtnetlink: Rtnetlink, request: Request): void {
  const { tcm, dev, sch, parent } = findQdisc(request);
  if (tcm.parent === 0) throw invalid("Classid cannot be zero");
  if (sch === null || sch.handle === 0)
    throw new NetlinkError("ENOENT", "Cannot delete qdisc with handle of zero");
  graft(rtnetlink, request, dev, parent, tcm.parent, null);
}

/** Answers RTM_GETQDISC for one. */
export function getQdisc(request: Request): void {
  const { dev, sch, tcm } = findQdisc(request);
  const { origin } = request;
  request.reply((writer) => {
    writer.begin(RTM_NEWQDISC, 0, origin.seq, origin.portId);
    if (sch === null) fillNoqueue(writer, dev);
    else fillQdisc(writer, sch, tcm.parent);
    writer.end();
  });
}

/** The discipline that a request names; null for the noqueue that a device has by itself (tc_get_qdisc). */
function findQdisc(request: Request) {
  const { tcm, attrs, dev } = readTcRequest(request);
  if (tcm.parent === 0) {
    const sch = lookupQdisc(dev, tcm.handle);
    if (sch === null) throw new NetlinkError("ENOENT", "Failed to find qdisc with specified handle");
    checkKind(attrs, sch.ops.id);
    return { tcm, dev, sch, parent: null };
  }
  const isIngress = majorOf(tcm.parent) === majorOf(TC_H_INGRESS) && tcm.parent !== TC_H_ROOT;
  const place = isIngress ? TC_H_INGRESS : tcm.parent;
  const { parent, sch } = placeOf(dev, place, "Failed to find qdisc with specified classid");
  const isPlace = place === TC_H_ROOT ? dev.isActivated : isIngress && dev.hasIngressQueue;
  if (sch === null && !isPlace)
    throw new NetlinkError("ENOENT", "Cannot find specified qdisc on specified device");
  if (tcm.handle !== 0 && sch?.handle !== tcm.handle) throw invalid("Invalid handle");
  checkKind(attrs, sch?.ops.id ?? "noqueue");
  return { tcm, dev, sch, parent };
}

function checkKind({ kind }: TcaAttributes, id: string): void {
  if (kind !== undefined && kind !== id) throw invalid("Invalid qdisc name: must match existing qdisc");
}
