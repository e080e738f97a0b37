// The counts of a discipline, class or action as attributes.
//
// Mirrors net/core/gen_stats.c (gnet_stats_copy_basic, gnet_stats_copy_queue, gnet_stats_finish_copy).

import { setU32, setU64Number } from "../bytes/endian.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as gen from "../uapi/gen_stats.ts";
import * as tc from "../uapi/pkt_sched.ts";
import type { ClassStats } from "./netdevice.ts";

const two32 = 0x1_0000_0000;

/**
 * Writes TCA_STATS_APP when there is one, then TCA_STATS_BASIC, for an action TCA_STATS_BASIC_HW, and TCA_STATS_QUEUE: what is
 * inside TCA_STATS2.
 */
export function writeStats(
  writer: MessageWriter,
  stats: Omit<ClassStats, "app">,
  app?: Uint8Array | null,
  isAction = false,
): void {
  if (app != null) writer.binary(gen.TCA_STATS_APP, app);
  const basic = writer.attribute(gen.TCA_STATS_BASIC, gen.GNET_STATS_BASIC_SIZE);
  setU64Number(writer.bytes, basic + gen.GNET_STATS_BASIC_BYTES, stats.bytes);
  setU32(writer.bytes, basic + gen.GNET_STATS_BASIC_PACKETS, stats.packets % two32);
  if (stats.packets >= two32) writer.u64(gen.TCA_STATS_PKT64, stats.packets);
  // What hardware has counted by itself: nothing.
  if (isAction) writer.attribute(gen.TCA_STATS_BASIC_HW, gen.GNET_STATS_BASIC_SIZE);
  const queue = writer.attribute(gen.TCA_STATS_QUEUE, gen.GNET_STATS_QUEUE_SIZE);
  setU32(writer.bytes, queue + gen.GNET_STATS_QUEUE_QLEN, stats.length);
  setU32(writer.bytes, queue + gen.GNET_STATS_QUEUE_BACKLOG, stats.backlog % two32);
  setU32(writer.bytes, queue + gen.GNET_STATS_QUEUE_DROPS, stats.drops % two32);
  setU32(writer.bytes, queue + gen.GNET_STATS_QUEUE_REQUEUES, stats.requeues % two32);
  setU32(writer.bytes, queue + gen.GNET_STATS_QUEUE_OVERLIMITS, stats.overlimits % two32);
}

/** Writes struct tc_stats, which older tools read. */
export function writeOldStats(writer: MessageWriter, type: number, stats: Omit<ClassStats, "app">): void {
  const at = writer.attribute(type, tc.TC_STATS_SIZE);
  setU64Number(writer.bytes, at + tc.TC_STATS_BYTES, stats.bytes);
  setU32(writer.bytes, at + tc.TC_STATS_PACKETS, stats.packets % two32);
  setU32(writer.bytes, at + tc.TC_STATS_DROPS, stats.drops % two32);
  setU32(writer.bytes, at + tc.TC_STATS_OVERLIMITS, stats.overlimits % two32);
  setU32(writer.bytes, at + tc.TC_STATS_QLEN, stats.length);
  setU32(writer.bytes, at + tc.TC_STATS_BACKLOG, stats.backlog % two32);
}
