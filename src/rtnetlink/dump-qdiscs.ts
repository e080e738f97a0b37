// RTM_GETQDISC with NLM_F_DUMP, as `tc qdisc show` asks: the root queueing discipline of every device that has been up.
//
// Mirrors net/sched/sch_api.c (tc_dump_qdisc, tc_fill_qdisc) and net/sched/sch_generic.c (noqueue_qdisc_ops). Omitted:
// every discipline but noqueue, the one that a device has by itself; noop is never told of.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { setS32, setU32 } from "../bytes/endian.ts";
import { devicesByIndex } from "../net/device.ts";
import type { Device } from "../net/netdevice.ts";
import { parseMessage } from "../netlink/parse.ts";
import { binary, flag, nest, policy, string, u32 } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import {
  GNET_STATS_BASIC_SIZE,
  GNET_STATS_QUEUE_SIZE,
  TCA_STATS_BASIC,
  TCA_STATS_QUEUE,
} from "../uapi/gen_stats.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import { TC_H_ROOT, TC_STATS_SIZE } from "../uapi/pkt_sched.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** Size of `struct tc_estimator`. */
const estimatorSize = 2;
/** References to a root discipline that nobody else holds: the device's own, and its transmit queue's. */
const references = 2;

/** rtm_tca_policy */
const qdiscPolicy = policy(rt.TCA_MAX, {
  [rt.TCA_KIND]: string("kind"),
  [rt.TCA_RATE]: binary("rate", estimatorSize),
  [rt.TCA_STAB]: nest("stab"),
  [rt.TCA_DUMP_INVISIBLE]: flag("dumpInvisible"),
  [rt.TCA_CHAIN]: u32("chain"),
  [rt.TCA_INGRESS_BLOCK]: u32("ingressBlock"),
  [rt.TCA_EGRESS_BLOCK]: u32("egressBlock"),
});

/** Dumps disciplines; what the request says beside its type filters nothing, as on Linux. */
export function* dumpQdiscs(request: Request, { writer }: DumpControl): Dump {
  const { message, origin, netns } = request;
  parseMessage(message, rt.TCMSG_SIZE, qdiscPolicy);
  for (const dev of devicesByIndex(netns)) {
    if (dev.netns !== netns || !dev.isActivated || dev.qdisc !== null) continue;
    writer.begin(rt.RTM_NEWQDISC, NLM_F_MULTI, origin.seq, origin.portId);
    fillNoqueue(writer, dev);
    writer.end();
    yield;
  }
}

/** Writes the tcmsg and attributes of a device's noqueue, which counts nothing. */
function fillNoqueue(writer: MessageWriter, dev: Device): void {
  const at = writer.reserve(rt.TCMSG_SIZE);
  setS32(writer.bytes, at + rt.TCMSG_IFINDEX, dev.ifindex);
  setU32(writer.bytes, at + rt.TCMSG_PARENT, TC_H_ROOT);
  setU32(writer.bytes, at + rt.TCMSG_INFO, references);
  writer.string(rt.TCA_KIND, "noqueue");
  writer.u8(rt.TCA_HW_OFFLOAD, 0);
  const stats = writer.nest(rt.TCA_STATS2);
  writer.attribute(TCA_STATS_BASIC, GNET_STATS_BASIC_SIZE);
  writer.attribute(TCA_STATS_QUEUE, GNET_STATS_QUEUE_SIZE);
  writer.endNest(stats);
  writer.attribute(rt.TCA_STATS, TC_STATS_SIZE);
}
