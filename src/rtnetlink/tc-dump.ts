// RTM_GETQDISC and RTM_GETTCLASS with NLM_F_DUMP, as `tc qdisc show` and `tc class show` ask.
//
// Mirrors net/sched/sch_api.c (tc_dump_qdisc, tc_dump_qdisc_root, tc_dump_tclass) with its order, which is that of a hash by
// handle. noop is never told of.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { devicesByIndex } from "../net/device.ts";
import type { Device, Qdisc } from "../net/netdevice.ts";
import { majorOf } from "../net/qdisc.ts";
import { parseMessage } from "../netlink/parse.ts";
import { warnOfLeftover } from "../netlink/parsed.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { RTM_NEWQDISC, RTM_NEWTCLASS, TCMSG_SIZE } from "../uapi/rtnetlink.ts";
import { fillClass, fillNoqueue, fillQdisc, readTcmsg, tcaPolicy } from "./tc-message.ts";

/** The kernel's hash by handle has 16 places (hash_32 with its golden ratio). */
const goldenRatio = 0x61c8_8647;
const hashShift = 28;

/** A device's disciplines as the kernel lists them: root, the others by hash, ingress. */
function* qdiscsOf(dev: Device): Generator<Qdisc, void, void> {
  if (dev.qdisc !== null) yield dev.qdisc;
  const placeOf = (sch: Qdisc) => Math.imul(sch.handle, goldenRatio) >>> hashShift;
  yield* [...(dev.qdiscs ?? [])].sort((one, other) => placeOf(one) - placeOf(other));
  if (dev.ingressQdisc !== null) yield dev.ingressQdisc;
}

/** Dumps disciplines; what the request says beside its type filters nothing, as on Linux. */
export function* dumpQdiscs(request: Request, { writer }: DumpControl): Dump {
  const { message, origin, netns } = request;
  const attrs = parseMessage(message, TCMSG_SIZE, tcaPolicy);
  warnOfLeftover(attrs, (text) => request.warn(text));
  const { dumpInvisible = false } = attrs;
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns) continue;
    if (dev.isActivated && dev.qdisc === null) {
      writer.begin(RTM_NEWQDISC, NLM_F_MULTI, origin.seq, origin.portId);
      fillNoqueue(writer, dev);
      writer.end();
      yield;
    }
    for (const sch of [...qdiscsOf(dev)]) {
      if (!sch.isAlive || (sch.isInvisible && !dumpInvisible)) continue;
      writer.begin(RTM_NEWQDISC, NLM_F_MULTI, origin.seq, origin.portId);
      fillQdisc(writer, sch, sch.parent);
      writer.end();
      yield;
    }
  }
}

/** Dumps the classes of a device, or of one of its disciplines. */
export function* dumpClasses(request: Request, { writer }: DumpControl): Dump {
  const { message, origin, netns } = request;
  parseMessage(message, TCMSG_SIZE, tcaPolicy);
  const tcm = readTcmsg(message);
  const dev = netns.devices.get(tcm.ifindex);
  if (dev === undefined) return;
  for (const sch of [...qdiscsOf(dev)]) {
    const { classes } = sch.ops;
    if (sch.isInvisible || classes === undefined) continue;
    if (tcm.parent !== 0 && majorOf(tcm.parent) !== sch.handle) continue;
    for (const cl of [...classes.walk(sch)]) {
      if (!sch.isAlive) break;
      writer.begin(RTM_NEWTCLASS, NLM_F_MULTI, origin.seq, origin.portId);
      fillClass(writer, sch, cl);
      writer.end();
      yield;
    }
  }
}
