// Statistics of disciplines, classes and actions: TCA_STATS2 as `tc -s` prints it.
//
// Facts: the output of iproute2 6.1 (print_tcstats2_attr).

import { getU32, getU64Number } from "../../bytes/endian.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import * as gen from "../../uapi/gen_stats.ts";
import type { Output } from "../output.ts";
import type { TcContext } from "./context.ts";
import { rateText, sizeText } from "./values.ts";

/** Prints the counters, each line behind `lead`. */
export function printStats2(tc: TcContext, out: Output, stats: Attribute, lead: string): void {
  const basic = stats.child(gen.TCA_STATS_BASIC);
  const queue = stats.child(gen.TCA_STATS_QUEUE);
  if (basic !== undefined) {
    const bytes = getU64Number(basic.bytes, basic.start + gen.GNET_STATS_BASIC_BYTES);
    const packets =
      stats.child(gen.TCA_STATS_PKT64)?.u64Number() ??
      getU32(basic.bytes, basic.start + gen.GNET_STATS_BASIC_PACKETS);
    out.text(`${lead}Sent `);
    out.field("bytes", bytes, `${bytes} bytes`);
    out.field("packets", packets, ` ${packets} pkt`);
  }
  if (queue !== undefined) {
    const number = (offset: number) => getU32(queue.bytes, queue.start + offset);
    const [drops, over, requeues] = [
      number(gen.GNET_STATS_QUEUE_DROPS),
      number(gen.GNET_STATS_QUEUE_OVERLIMITS),
      number(gen.GNET_STATS_QUEUE_REQUEUES),
    ];
    out.field("drops", drops, ` (dropped ${drops}`);
    out.field("overlimits", over, `, overlimits ${over}`);
    out.field("requeues", requeues, ` requeues ${requeues}) `);
  }
  printRate(tc, out, stats, lead);
  if (queue === undefined) return;
  const number = (offset: number) => getU32(queue.bytes, queue.start + offset);
  const [backlog, length] = [number(gen.GNET_STATS_QUEUE_BACKLOG), number(gen.GNET_STATS_QUEUE_QLEN)];
  out.newline();
  out.field("backlog", backlog, `${lead}backlog ${sizeText(backlog)}`);
  out.field("qlen", length, ` ${length}p`);
  out.text(` requeues ${number(gen.GNET_STATS_QUEUE_REQUEUES)}`);
}

/** The estimated rate, where there is one. */
function printRate(tc: TcContext, out: Output, stats: Attribute, lead: string): void {
  const rate = stats.child(gen.TCA_STATS_RATE_EST);
  if (rate === undefined) return;
  const bytes = getU32(rate.bytes, rate.start + gen.GNET_STATS_RATE_EST_BPS);
  const packets = getU32(rate.bytes, rate.start + gen.GNET_STATS_RATE_EST_PPS);
  out.newline();
  out.field("rate", bytes, `${lead}rate ${rateText(bytes, tc.options.iec)}`);
  out.field("pps", packets, ` ${packets}pps`);
}
