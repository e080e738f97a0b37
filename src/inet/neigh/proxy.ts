// Addresses this host answers for on behalf of others (`ip neigh add proxy`), and the delay before it does.
//
// Mirrors net/core/neighbour.c (pneigh_lookup, pneigh_delete, pneigh_enqueue, neigh_proxy_process).

import { drop } from "../../net/frame.ts";
import type { Device, Frame, MachineContext } from "../../net/netdevice.ts";
import { randomBelow } from "../../net/random.ts";
import type { Timer } from "../../net/timers.ts";
import type { ProxyNeighbour } from "./neighbour.ts";
import type { NeighParms } from "./parms.ts";
import { PROXY_DELAY_MS, PROXY_QLEN } from "./parms.ts";

const MS = 1_000_000;

/** The entry for an address on `dev`, or on all devices; undefined when there is none. */
export function findProxy(
  proxies: readonly ProxyNeighbour[],
  dev: Device | null,
  matches: (proxy: ProxyNeighbour) => boolean,
): ProxyNeighbour | undefined {
  return proxies.find((proxy) => matches(proxy) && (proxy.dev === dev || proxy.dev === null));
}

interface Delayed {
  readonly frame: Frame;
  readonly dueNs: number;
}

/** Requests that wait before they are answered by proxy, so that the true owner may answer first. */
export class ProxyQueue {
  readonly #machine: MachineContext;
  readonly #redo: (frame: Frame) => void;
  readonly #waiting: Delayed[] = [];
  readonly #timer: Timer;

  /** `redo` takes the frame when its time has come. */
  constructor(machine: MachineContext, redo: (frame: Frame) => void) {
    this.#machine = machine;
    this.#redo = redo;
    this.#timer = machine.timers.timer(() => this.#run());
  }

  /** Takes a frame to be looked at again after a random delay; drops it when too many wait. */
  enqueue(frame: Frame, parms: NeighParms): void {
    if (this.#waiting.length > parms.get(PROXY_QLEN)) return drop(frame, "neigh-queue-full");
    const delayMs = randomBelow(this.#machine.random, Math.max(parms.get(PROXY_DELAY_MS), 1));
    this.#waiting.push({ frame, dueNs: this.#machine.clock.now() + delayMs * MS });
    this.#arm();
  }

  /** Drops what came in on `dev`. */
  purge(dev: Device): void {
    for (const delayed of this.#waiting.filter(({ frame }) => frame.dev === dev)) {
      this.#waiting.splice(this.#waiting.indexOf(delayed), 1);
      drop(delayed.frame, "device-down");
    }
    this.#arm();
  }

  #run(): void {
    const now = this.#machine.clock.now();
    const due = this.#waiting.filter(({ dueNs }) => dueNs <= now);
    for (const delayed of due) this.#waiting.splice(this.#waiting.indexOf(delayed), 1);
    for (const { frame } of due) this.#redo(frame);
    this.#arm();
  }

  #arm(): void {
    if (this.#waiting.length === 0) return this.#timer.stop();
    const first = Math.min(...this.#waiting.map(({ dueNs }) => dueNs));
    this.#timer.start(Math.max(first - this.#machine.clock.now(), 0));
  }
}
