// A wire that is ill: it loses, doubles, delays, reorders, spoils frames, and is cut now and then. Everything is decided by the
// seed. It stands between a device's taps and its driver, so that captures show what was sent.

import { completeChecksum } from "../../src/net/complete-checksum.ts";
import { copyMetadata, drop, frameFrom } from "../../src/net/frame.ts";
import type { Device, DeviceOps, Frame } from "../../src/net/netdevice.ts";
import { CHECKSUM_NONE, GSO_NONE } from "../../src/net/netdevice.ts";
import type { Random } from "../../src/net/random.ts";
import { randomBelow } from "../../src/net/random.ts";
import type { Timer } from "../../src/net/timers.ts";
import { setCongestionExperienced } from "../../src/sched/ecn.ts";
import { IPPROTO_TCP } from "../../src/uapi/in.ts";

/** What is wrong with a wire: shares of a million, times in nanoseconds. */
export interface Disease {
  readonly lossPpm: number;
  readonly duplicatePpm: number;
  readonly corruptPpm: number;
  /** Frames that are marked instead of lost, if their sender knows what that means. */
  readonly markPpm?: number;
  /** Frames that are `reorderNs` late, so that later ones overtake them. */
  readonly reorderPpm: number;
  readonly reorderNs: number;
  readonly delayNs: number;
  readonly jitterNs: number;
  /** Bytes a second; 0: as fast as can be. */
  readonly rateBytesPerSec: number;
  /** Frames that wait at most. */
  readonly limitFrames: number;
}

interface Waiting {
  readonly frame: Frame;
  readonly timer: Timer;
}

const million = 1_000_000;
const second = 1_000_000_000;

/** The illness of one direction of a wire. */
export class IllWire {
  readonly #dev: Device;
  readonly #random: Random;
  readonly #disease: Disease;
  readonly #ops: DeviceOps;
  readonly #waiting = new Set<Waiting>();
  #freeAtNs = 0;
  /** The wire is cut: nothing passes. */
  isCut = false;

  constructor(dev: Device, random: Random, disease: Disease) {
    this.#dev = dev;
    this.#random = random;
    this.#disease = disease;
    this.#ops = dev.ops;
    dev.ops = { ...dev.ops, startXmit: (frame) => this.#take(frame) };
  }

  #take(frame: Frame): void {
    const { duplicatePpm, lossPpm } = this.#disease;
    if (this.isCut || this.#happens(lossPpm) || this.#waiting.size >= this.#disease.limitFrames) {
      return drop(frame, "qdisc");
    }
    if (this.#happens(duplicatePpm)) {
      const copy = frame.pool.clone(frame);
      if (copy !== null) this.#send(copy);
    }
    this.#send(frame);
  }

  /** Lets go of what is on its way. */
  reset(): void {
    for (const { frame, timer } of this.#waiting) {
      timer.stop();
      frame.pool.free(frame);
    }
    this.#waiting.clear();
  }

  #happens(ppm: number): boolean {
    return ppm > 0 && randomBelow(this.#random, million) < ppm;
  }

  #send(sound: Frame): void {
    const { machine } = this.#dev;
    const {
      corruptPpm,
      delayNs,
      jitterNs,
      markPpm = 0,
      rateBytesPerSec,
      reorderNs,
      reorderPpm,
    } = this.#disease;
    const frame = this.#happens(corruptPpm) ? spoil(sound, this.#random) : sound;
    if (this.#happens(markPpm)) setCongestionExperienced(frame);
    const now = machine.clock.now();
    let at = now + delayNs + (jitterNs > 0 ? randomBelow(this.#random, jitterNs) : 0);
    if (rateBytesPerSec > 0) {
      this.#freeAtNs = Math.max(this.#freeAtNs, now) + Math.ceil((frame.length * second) / rateBytesPerSec);
      at += this.#freeAtNs - now;
    }
    if (this.#happens(reorderPpm)) at += reorderNs;
    const waiting: Waiting = {
      frame,
      timer: machine.timers.timer(() => {
        this.#waiting.delete(waiting);
        machine.loop.enter();
        this.#ops.startXmit(frame, this.#dev);
        machine.loop.leave();
      }),
    };
    this.#waiting.add(waiting);
    waiting.timer.start(at - now);
  }
}

/**
 * Flips a bit of what the frame carries; whoever checks sums will see it. A segment that was spoiled on a wire before stays as it
 * is: two flips may cancel out in a sum.
 */
function spoil(frame: Frame, random: Random): Frame {
  const isSpoiled = frame.checksum === CHECKSUM_NONE && frame.bytes[frame.start + 23] === IPPROTO_TCP;
  if (isSpoiled || frame.gsoType !== GSO_NONE || frame.length < 60 || !completeChecksum(frame)) return frame;
  const copy = frameFrom(frame.pool, frame.bytes, frame.start, frame.end);
  if (copy === null) return frame;
  copyMetadata(frame, copy, copy.start - frame.start);
  copy.checksum = CHECKSUM_NONE;
  const at = copy.start + 34 + randomBelow(random, copy.length - 34);
  copy.bytes[at] = (copy.bytes[at] ?? 0) ^ (1 << randomBelow(random, 8));
  frame.pool.free(frame);
  return copy;
}
