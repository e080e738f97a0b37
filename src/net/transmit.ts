// The way of a frame down and out: devQueueXmit takes it to the device's queueing discipline, or past it, shows it to
// the taps and hands it to the driver.
//
// Mirrors net/core/dev.c (__dev_queue_xmit, dev_hard_start_xmit, xmit_one) and net/sched/sch_generic.c (__qdisc_run).
// What a device cannot take (large frames, checksums to be made, tags beside the bytes) is resolved just before its driver.
// Taps see a frame when it leaves the queue, as on Linux: behind netem's delay, not before it.

import { IFF_UP } from "../uapi/if.ts";
import { ETH_P_8021AD } from "../uapi/if_ether.ts";
import { pushVlanTag, VLAN_TAG_SIZE } from "../wire/vlan.ts";
import { completeChecksum } from "./complete-checksum.ts";
import {
  OFFLOAD_ALL,
  OFFLOAD_CSUM,
  OFFLOAD_TSO4,
  OFFLOAD_TSO6,
  OFFLOAD_UDP_L4,
  OFFLOAD_VLAN_STAG_TX,
  OFFLOAD_VLAN_TX,
} from "./features.ts";
import { dropTx } from "./frame.ts";
import type { Device, Frame, Qdisc } from "./netdevice.ts";
import { CHECKSUM_PARTIAL, GSO_NONE, GSO_TCPV4, GSO_TCPV6 } from "./netdevice.ts";
import { countSent, setQueueLength } from "./queue-length.ts";
import { showAllTaps } from "./receive.ts";
import { segmentFrame } from "./segment.ts";

/** Frames one run of a queue sends at most before others have their turn (dev_tx_weight). */
const transmitWeight = 64;

/**
 * Sends `frame` on `frame.dev`, whose `start` is at the MAC header (__dev_queue_xmit). Takes ownership of `frame`.
 * Never throws; a refused frame is counted under its drop reason. What it delivers is received when the outermost call
 * ends, in bounded batches (loop.ts).
 */
export function devQueueXmit(frame: Frame): void {
  const { dev } = frame;
  if (dev === null) throw new Error("A frame is sent on a device");
  const { loop } = dev.machine;
  loop.enter();
  // Compared: whether a flag that is mostly true is truthy takes V8 ten instructions.
  if ((dev.flags & IFF_UP) === 0 || dev.hasCarrier === false) dropUnsent(frame, dev);
  else if (dev.egress === null || frame.isSeen || !dev.egress(frame, dev)) {
    frame.isSeen = false;
    if (dev.qdisc === null) devHardStartXmit(frame, dev);
    else throughQdisc(frame, dev, dev.qdisc);
  }
  loop.leave();
}

/** Drops what a device without its link cannot send. */
function dropUnsent(frame: Frame, dev: Device): void {
  dropTx(frame, dev, (dev.flags & IFF_UP) === 0 ? "device-down" : "no-carrier");
}

/** Takes a frame through a discipline, or past it when that is empty and allows it (__dev_xmit_skb). */
function throughQdisc(frame: Frame, dev: Device, qdisc: Qdisc): void {
  setQueueLength(frame, qdisc);
  if (qdisc.canBypass && qdisc.length === 0 && !qdisc.isRunning) {
    countSent(frame, qdisc);
    devHardStartXmit(frame, dev);
    return;
  }
  qdisc.ops.enqueue(frame, qdisc);
  runQdisc(dev, qdisc);
}

/**
 * Sends what the discipline lets go now (__qdisc_run): up to what it held at the start, or a bound; the scheduler has the
 * rest, so that a discipline whose frames come back to it cannot hold everybody up. Timers of disciplines call it too.
 */
export function runQdisc(dev: Device, qdisc: Qdisc): void {
  if (qdisc.isRunning || dev.qdisc !== qdisc) return;
  const { loop } = dev.machine;
  loop.enter();
  qdisc.isRunning = true;
  let quota = Math.max(transmitWeight, qdisc.length);
  while (quota > 0) {
    const frame = qdisc.ops.dequeue(qdisc);
    if (frame === null) break;
    devHardStartXmit(frame, dev);
    quota--;
  }
  qdisc.isRunning = false;
  if (quota === 0 && qdisc.length > 0) scheduleQdisc(dev, qdisc);
  loop.leave();
}

/** Lets the queue run once others have had their turn (__netif_schedule). */
function scheduleQdisc(dev: Device, qdisc: Qdisc): void {
  if (qdisc.isScheduled) return;
  qdisc.isScheduled = true;
  dev.machine.scheduler.schedule(() => {
    qdisc.isScheduled = false;
    if (qdisc.isAlive) runQdisc(dev, qdisc);
  });
}

/** Makes of the frame what the device can take, and sends it (dev_hard_start_xmit behind validate_xmit_skb). */
export function devHardStartXmit(frame: Frame, dev: Device): void {
  if (dev.offloads === OFFLOAD_ALL || isPlain(frame)) xmitOne(frame, dev);
  else validateXmit(frame, dev);
}

/** Whether nothing about the frame is left to be done by a device. */
function isPlain(frame: Frame): boolean {
  return frame.vlanProtocol === 0 && frame.gsoType === GSO_NONE && frame.checksum !== CHECKSUM_PARTIAL;
}

/** Shows the frame to the taps and hands it to the driver (xmit_one). */
function xmitOne(frame: Frame, dev: Device): void {
  frame.macHeader = frame.start;
  if (dev.taps !== null || dev.netns.taps !== null) showAllTaps(frame, dev, true);
  dev.ops.startXmit(frame, dev);
}

/** Does for a frame what the device cannot, then sends it: tag, segments, checksum, in this order (validate_xmit_skb). */
function validateXmit(frame: Frame, dev: Device): void {
  const { offloads } = dev;
  const tagOffload = frame.vlanProtocol === ETH_P_8021AD ? OFFLOAD_VLAN_STAG_TX : OFFLOAD_VLAN_TX;
  if (frame.vlanProtocol !== 0 && (offloads & tagOffload) === 0 && !pushTag(frame)) {
    return dropTx(frame, dev, "no-memory");
  }
  const canChecksum = (offloads & OFFLOAD_CSUM) !== 0;
  if (frame.gsoType !== GSO_NONE && (offloads & gsoOffload(frame.gsoType)) === 0) {
    const segments = segmentFrame(frame, canChecksum);
    if (segments === null) return dropTx(frame, dev, "bad-segment");
    for (let segment: Frame | null = segments; segment !== null; ) {
      const next: Frame | null = segment.next;
      segment.next = null;
      xmitOne(segment, dev);
      segment = next;
    }
    return;
  }
  if (!canChecksum && !completeChecksum(frame)) return dropTx(frame, dev, "no-memory");
  xmitOne(frame, dev);
}

function gsoOffload(gsoType: number): number {
  if (gsoType === GSO_TCPV4) return OFFLOAD_TSO4;
  return gsoType === GSO_TCPV6 ? OFFLOAD_TSO6 : OFFLOAD_UDP_L4;
}

/** Moves the VLAN tag into the bytes of a frame whose `start` is at its MAC header (__vlan_hwaccel_push_inside). */
export function pushTag(frame: Frame): boolean {
  if (!frame.pool.cowHead(frame, VLAN_TAG_SIZE)) return false;
  pushVlanTag(frame.bytes, frame.start, frame.vlanProtocol, frame.vlanTci);
  frame.start -= VLAN_TAG_SIZE;
  frame.macHeader = frame.start;
  frame.protocol = frame.vlanProtocol;
  frame.vlanProtocol = 0;
  return true;
}
