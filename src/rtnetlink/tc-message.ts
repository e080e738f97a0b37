// What requests about traffic control have in common: the header, the attributes, the device, and what a message about a
// discipline or a class holds.
//
// Mirrors net/sched/sch_api.c (tc_fill_qdisc, tc_fill_tclass, rtm_tca_policy).

import type { Request } from "../af_netlink/handler.ts";
import { getS32, getU32, setS32, setU32 } from "../bytes/endian.ts";
import type { Device, Netns, Qdisc, QdiscClass } from "../net/netdevice.ts";
import { writeOldStats, writeStats } from "../net/tc-stats.ts";
import { noDevice } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import type { Parsed } from "../netlink/policy.ts";
import { binary, flag, min, nest, policy, string, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { TC_H_ROOT } from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** Size of `struct tc_estimator`. */
const estimatorSize = 2;

const noStats = { bytes: 0, packets: 0, drops: 0, requeues: 0, overlimits: 0, length: 0, backlog: 0 };

/** rtm_tca_policy */
export const tcaPolicy = policy(rt.TCA_MAX, {
  [rt.TCA_KIND]: string("kind"),
  // What is in there is for the kind to judge, if there is one.
  [rt.TCA_OPTIONS]: min("options", 0),
  [rt.TCA_RATE]: binary("rate", estimatorSize),
  [rt.TCA_STAB]: nest("stab"),
  [rt.TCA_DUMP_INVISIBLE]: flag("dumpInvisible"),
  [rt.TCA_CHAIN]: u32("chain"),
  [rt.TCA_INGRESS_BLOCK]: u32("ingressBlock"),
  [rt.TCA_EGRESS_BLOCK]: u32("egressBlock"),
});

export type TcaAttributes = Parsed<typeof tcaPolicy>;

/** struct tcmsg */
export interface Tcmsg {
  readonly ifindex: number;
  readonly handle: number;
  readonly parent: number;
  readonly info: number;
}

/** Reads struct tcmsg. */
export function readTcmsg({ bytes }: Message): Tcmsg {
  return {
    ifindex: getS32(bytes, NLMSG_HDRLEN + rt.TCMSG_IFINDEX),
    handle: getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_HANDLE),
    parent: getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_PARENT),
    info: getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_INFO),
  };
}

/** A request about one device. */
export interface TcRequest {
  readonly tcm: Tcmsg;
  readonly attrs: TcaAttributes;
  readonly dev: Device;
}

/** Reads a request and finds its device; ENODEV when there is none. */
export function readTcRequest(request: Request): TcRequest {
  const attrs = parseMessage(request.message, rt.TCMSG_SIZE, tcaPolicy);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const tcm = readTcmsg(request.message);
  return { tcm, attrs, dev: deviceOf(request.netns, tcm) };
}

/** The device of a request; ENODEV when there is none. */
export function deviceOf(netns: Netns, { ifindex }: Tcmsg): Device {
  const dev = netns.devices.get(ifindex);
  if (dev === undefined) throw noDevice();
  return dev;
}

/** Writes struct tcmsg. */
export function writeTcmsg(writer: MessageWriter, tcm: Tcmsg): void {
  const at = writer.reserve(rt.TCMSG_SIZE);
  setS32(writer.bytes, at + rt.TCMSG_IFINDEX, tcm.ifindex);
  setU32(writer.bytes, at + rt.TCMSG_HANDLE, tcm.handle);
  setU32(writer.bytes, at + rt.TCMSG_PARENT, tcm.parent);
  setU32(writer.bytes, at + rt.TCMSG_INFO, tcm.info);
}

/** Who holds a discipline: for a root the device and each of its transmit queues, unless those have their own. */
function referencesOf(sch: Qdisc): number {
  return sch.parent === TC_H_ROOT && sch.ops.isPerQueue !== true ? sch.dev.txQueues + 1 : 1;
}

/** Writes header and attributes of a discipline, which hangs on `parent`; `references` while it is being grafted. */
export function fillQdisc(
  writer: MessageWriter,
  sch: Qdisc,
  parent: number,
  references = referencesOf(sch),
): void {
  const { dev, handle } = sch;
  writeTcmsg(writer, { ifindex: dev.ifindex, handle, parent, info: references });
  writer.string(rt.TCA_KIND, sch.ops.id);
  sch.ops.dump?.(sch, writer);
  writer.u8(rt.TCA_HW_OFFLOAD, 0);
  if (sch.sizeTable !== null) {
    const stab = writer.nest(rt.TCA_STAB);
    writer.binary(1, sch.sizeTable.spec);
    writer.endNest(stab);
  }
  fillStats(writer, sch, sch.ops.dumpStats?.(sch) ?? null);
}

/** Writes header and attributes of the noqueue that a device without a discipline has. */
export function fillNoqueue(writer: MessageWriter, dev: Device): void {
  writeTcmsg(writer, { ifindex: dev.ifindex, handle: 0, parent: TC_H_ROOT, info: 2 });
  writer.string(rt.TCA_KIND, "noqueue");
  writer.u8(rt.TCA_HW_OFFLOAD, 0);
  fillStats(writer, noStats, null);
}

/** Writes header and attributes of a class. */
export function fillClass(writer: MessageWriter, sch: Qdisc, cl: QdiscClass): void {
  const start = writer.length;
  writeTcmsg(writer, { ifindex: sch.dev.ifindex, handle: sch.handle, parent: sch.handle, info: 0 });
  writer.string(rt.TCA_KIND, sch.ops.id);
  const { classes } = sch.ops;
  if (classes === undefined) return;
  const header = classes.dump(sch, cl, writer);
  if (header.parent !== undefined) setU32(writer.bytes, start + rt.TCMSG_PARENT, header.parent);
  if (header.handle !== undefined) setU32(writer.bytes, start + rt.TCMSG_HANDLE, header.handle);
  if (header.info !== undefined) setU32(writer.bytes, start + rt.TCMSG_INFO, header.info);
  const stats = classes.stats?.(sch, cl);
  if (stats !== undefined) return fillStats(writer, stats, stats.app ?? null);
  writer.endNest(writer.nest(rt.TCA_STATS2));
  writeOldStats(writer, rt.TCA_STATS, noStats);
}

function fillStats(
  writer: MessageWriter,
  stats: Parameters<typeof writeStats>[1],
  app: Uint8Array | null,
): void {
  const nestOf = writer.nest(rt.TCA_STATS2);
  writeStats(writer, stats, app);
  writer.endNest(nestOf);
  writeOldStats(writer, rt.TCA_STATS, stats);
  if (app !== null) writer.binary(rt.TCA_XSTATS, app);
}
