// What netem keeps: the options, the generator, and the frames that wait.

import type { Qdisc } from "../net/netdevice.ts";
import { FrameList } from "../net/qdisc.ts";
import type { Correlation } from "./crandom.ts";
import type { LossModel } from "./loss.ts";
import { Prandom } from "./prandom.ts";
import { TimeQueue } from "./time-queue.ts";

/** Chances are of 2^32; times are nanoseconds. */
export interface NetemState {
  /** Where frames go whose time has come; null: out. */
  child: Qdisc | null;
  /** Frames that wait for their time, and those that were put in front of them. */
  readonly queue: TimeQueue;
  readonly front: FrameList;
  readonly random: Prandom;
  seed: bigint;
  latencyNs: number;
  jitterNs: number;
  readonly delayCorrelation: Correlation;
  delayTable: Int16Array | null;
  /** The chance of a loss, when no model says otherwise. */
  loss: number;
  readonly lossCorrelation: Correlation;
  lossModel: LossModel | null;
  isEcn: boolean;
  duplicate: number;
  readonly duplicateCorrelation: Correlation;
  corrupt: number;
  readonly corruptCorrelation: Correlation;
  /** Every so many frames one is put in front, by chance; 0: none is. */
  gap: number;
  counter: number;
  reorder: number;
  readonly reorderCorrelation: Correlation;
  rateBytesPerSec: number;
  packetOverhead: number;
  cellSize: number;
  cellOverhead: number;
  slot: Slot | null;
  slotTable: Int16Array | null;
  isPerSegment: boolean;
}

/** Times at which frames may leave, so many at once. */
export interface Slot {
  readonly minDelayNs: number;
  readonly maxDelayNs: number;
  readonly maxPackets: number;
  readonly maxBytes: number;
  readonly distDelayNs: number;
  readonly distJitterNs: number;
  readonly table: Int16Array | null;
  nextNs: number;
  packetsLeft: number;
  bytesLeft: number;
}

/** A netem that does nothing yet. */
export function createNetemState(): NetemState {
  return {
    child: null,
    queue: new TimeQueue(),
    front: new FrameList(),
    random: new Prandom(),
    seed: 0n,
    latencyNs: 0,
    jitterNs: 0,
    delayCorrelation: { rho: 0, last: 0 },
    delayTable: null,
    loss: 0,
    lossCorrelation: { rho: 0, last: 0 },
    lossModel: null,
    isEcn: false,
    duplicate: 0,
    duplicateCorrelation: { rho: 0, last: 0 },
    corrupt: 0,
    corruptCorrelation: { rho: 0, last: 0 },
    gap: 0,
    counter: 0,
    reorder: 0,
    reorderCorrelation: { rho: 0, last: 0 },
    rateBytesPerSec: 0,
    packetOverhead: 0,
    cellSize: 0,
    cellOverhead: 0,
    slot: null,
    slotTable: null,
    isPerSegment: false,
  };
}
