// Classes: RTM_NEWTCLASS makes and changes them, RTM_DELTCLASS deletes, RTM_GETTCLASS tells of one.
//
// Mirrors net/sched/sch_api.c (tc_ctl_tclass, tclass_del_notify, tclass_notify) with its order, errno and texts.

import type { Request } from "../af_netlink/handler.ts";
import type { Device, Qdisc, QdiscClass } from "../net/netdevice.ts";
import { lookupQdisc, majorOf } from "../net/qdisc.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { MessageWriter } from "../netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../uapi/netlink.ts";
import { TC_H_MIN_MASK, TC_H_ROOT } from "../uapi/pkt_sched.ts";
import { RTM_DELTCLASS, RTM_NEWTCLASS, RTNLGRP_TC } from "../uapi/rtnetlink.ts";
import type { Rtnetlink } from "./dispatch.ts";
import type { Tcmsg } from "./tc-message.ts";
import { fillClass, readTcRequest } from "./tc-message.ts";

/** What a request names; `cl` null when there is no such class yet. */
interface Named {
  readonly sch: Qdisc;
  readonly classid: number;
  readonly parentid: number;
  readonly cl: QdiscClass | null;
}

/** Completes the numbers of a request, which may leave the discipline's out in either (tc_ctl_tclass). */
function nameOf(dev: Device, { handle, parent }: Tcmsg): Named {
  const rootHandle = dev.qdisc?.handle ?? 0;
  let major = majorOf(handle);
  let parentid = parent;
  if (parent !== TC_H_ROOT) {
    const above = majorOf(parent);
    if (major !== 0 && above !== 0 && major !== above) throw invalid();
    if (major === 0) major = above === 0 ? rootHandle : above;
    if (parent !== 0) parentid = (major | (parent & TC_H_MIN_MASK)) >>> 0;
  } else if (major === 0) major = rootHandle;
  const sch = lookupQdisc(dev, major);
  if (sch === null) throw new NetlinkError("ENOENT");
  const { classes } = sch.ops;
  if (classes === undefined) throw invalid();
  const isRoot = handle === 0 && parentid === TC_H_ROOT;
  const classid = handle === 0 ? (isRoot ? major : 0) : (major | (handle & TC_H_MIN_MASK)) >>> 0;
  return { sch, classid, parentid, cl: classid === 0 ? null : classes.find(sch, classid) };
}

/** Answers RTM_NEWTCLASS. */
export function newClass(rtnetlink: Rtnetlink, request: Request): void {
  const { tcm, attrs, dev } = readTcRequest(request);
  const { sch, classid, parentid, cl } = nameOf(dev, tcm);
  const { flags } = request.message;
  if (cl === null && (flags & NLM_F_CREATE) === 0) throw new NetlinkError("ENOENT");
  if (cl !== null && (flags & NLM_F_EXCL) !== 0) throw new NetlinkError("EEXIST");
  if (attrs.ingressBlock !== undefined || attrs.egressBlock !== undefined)
    throw notSupported("Shared blocks are not supported for classes");
  if (classid === TC_H_ROOT) throw invalid("Cannot create traffic class with classid TC_H_ROOT");
  const change = sch.ops.classes?.change;
  if (change === undefined) throw notSupported();
  const made = change(sch, { cl, classid, parentid, options: attrs.options }, (text) => request.warn(text));
  announce(rtnetlink, request, RTM_NEWTCLASS, sch, made);
}

/** Answers RTM_DELTCLASS. */
export function delClass(rtnetlink: Rtnetlink, request: Request): void {
  const { tcm, dev } = readTcRequest(request);
  const { sch, cl } = nameOf(dev, tcm);
  if (cl === null) throw new NetlinkError("ENOENT");
  const remove = sch.ops.classes?.delete;
  if (remove === undefined) throw notSupported();
  // What is told is what it was.
  const tell = messageOf(rtnetlink, request, RTM_DELTCLASS, sch, cl);
  remove(sch, cl);
  tell();
}

/** Answers RTM_GETTCLASS for one. */
export function getClass(request: Request): void {
  const { tcm, dev } = readTcRequest(request);
  const { sch, cl } = nameOf(dev, tcm);
  if (cl === null) throw new NetlinkError("ENOENT");
  const { origin } = request;
  request.reply((writer) => {
    writer.begin(RTM_NEWTCLASS, 0, origin.seq, origin.portId);
    fillClass(writer, sch, cl);
    writer.end();
  });
}

function announce(rtnetlink: Rtnetlink, request: Request, type: number, sch: Qdisc, cl: QdiscClass): void {
  messageOf(rtnetlink, request, type, sch, cl)();
}

/** Writes a message now that is sent later, if anybody hears it. */
function messageOf(
  rtnetlink: Rtnetlink,
  request: Request,
  type: number,
  sch: Qdisc,
  cl: QdiscClass,
): () => void {
  const { origin, netns } = request;
  if (!rtnetlink.hasListeners(RTNLGRP_TC, origin)) return () => {};
  const body = new MessageWriter();
  body.begin(type, 0, origin.seq, origin.portId);
  fillClass(body, sch, cl);
  body.end();
  const bytes = body.finish();
  return () =>
    rtnetlink.notify(RTNLGRP_TC, netns, origin, (writer) => {
      writer.begin(type, 0, origin.seq, origin.portId);
      writer.raw(bytes.subarray(NLMSG_HDRLEN));
      writer.end();
    });
}
