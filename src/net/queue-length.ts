// What a frame counts for in a queueing discipline: bytes on the wire and packets, for large frames those of their segments.
//
// Mirrors net/core/dev.c (qdisc_pkt_len_init), net/sched/sch_api.c (__qdisc_calculate_pkt_len) and include/net/sch_generic.h
// (qdisc_bstats_update).

import type { Frame, Qdisc } from "./netdevice.ts";
import { GSO_NONE, GSO_UDP_L4 } from "./netdevice.ts";

const udpHeaderSize = 8;
/** Where a TCP header says how long it is, in the upper four bits, in words. */
const tcpOffsetByte = 12;

/** Sets how many bytes the frame counts for: all that its segments will have on the wire (qdisc_pkt_len_init). */
export function setQueueLength(frame: Frame, sch: Qdisc): void {
  let length = frame.end - frame.start;
  if (frame.gsoType !== GSO_NONE && frame.gsoSize > 0) length += headerBytes(frame) * (segmentsOf(frame) - 1);
  frame.queueLength = sch.sizeTable === null ? length : sch.sizeTable.lengthOf(length);
}

/** How many packets the frame is on the wire. */
export function segmentsOf(frame: Frame): number {
  return frame.gsoType === GSO_NONE || frame.gsoSegments === 0 ? 1 : frame.gsoSegments;
}

/** Bytes that each segment of a large frame begins with. */
function headerBytes(frame: Frame): number {
  const transport = frame.transportHeader - frame.start;
  if (frame.gsoType === GSO_UDP_L4) return transport + udpHeaderSize;
  return transport + ((frame.bytes[frame.transportHeader + tcpOffsetByte] ?? 0) >> 4) * 4;
}

/** Counts a frame that leaves (qdisc_bstats_update). */
export function countSent(frame: Frame, sch: Qdisc): void {
  sch.bytes += frame.queueLength;
  sch.packets += segmentsOf(frame);
}
