// What redirects have told of shorter ways, by destination, and how often this host has told others of some.
//
// Mirrors net/ipv4/route.c (update_or_create_fnhe, ip_rt_send_redirect: ip_rt_redirect_number, _load, _silence). Linux keeps what
// it has learned with each next hop; here a namespace keeps it, for the newest destinations.

import type { Clock } from "../net/clock.ts";
import type { Device } from "../net/netdevice.ts";

const S = 1_000_000_000;
/** How long a redirect is believed (ip_rt_gc_timeout). */
const believedForNs = 300 * S;
/** Destinations and senders remembered; the one longest there makes room. */
const maxDestinations = 2_048;
const maxSenders = 1_024;
/** Redirects that a sender is told before it is thought deaf, the pause after the first, which doubles, and when all is forgotten. */
const maxTold = 9;
const pauseNs = S / 50;
const silenceNs = pauseNs * 2 ** (maxTold + 1);

/** A shorter way: `gateway` instead of `via`, on a device. */
export interface Redirect {
  readonly gateway: number;
  readonly via: number;
  readonly dev: Device;
  readonly untilNs: number;
}

interface Told {
  count: number;
  lastNs: number;
}

/** The redirects of a namespace. Destinations and senders are IPv4 addresses. */
export class Redirects {
  readonly #clock: Clock;
  readonly #known = new Map<number, Redirect>();
  readonly #told = new Map<number, Told>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nothing was ever learned. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Takes a shorter way in. */
  learn(destination: number, way: Omit<Redirect, "untilNs">): void {
    this.#known.delete(destination | 0);
    makeRoom(this.#known, maxDestinations);
    this.#known.set(destination | 0, { ...way, untilNs: this.#clock.now() + believedForNs });
  }

  /** The shorter way to a destination; what is too old is forgotten. */
  get(destination: number): Redirect | undefined {
    const known = this.#known.get(destination | 0);
    if (known === undefined || known.untilNs > this.#clock.now()) return known;
    this.#known.delete(destination | 0);
    return undefined;
  }

  /** Forgets what leads over a device that goes. */
  forget(dev: Device): void {
    for (const [destination, known] of this.#known) if (known.dev === dev) this.#known.delete(destination);
  }

  /** Whether a sender may be told once more; counts it when so. */
  maySend(sender: number): boolean {
    const now = this.#clock.now();
    let told = this.#told.get(sender | 0);
    if (told === undefined) {
      told = { count: 0, lastNs: now };
      makeRoom(this.#told, maxSenders);
      this.#told.set(sender | 0, told);
    }
    if (now - told.lastNs > silenceNs) told.count = 0;
    if (told.count >= maxTold) {
      // Whoever goes on as before does not listen: the silence begins anew.
      told.lastNs = now;
      return false;
    }
    if (told.count > 0 && now - told.lastNs <= pauseNs * 2 ** told.count) return false;
    told.lastNs = now;
    told.count++;
    return true;
  }
}

function makeRoom(map: Map<number, unknown>, most: number): void {
  if (map.size < most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
