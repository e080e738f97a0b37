// What redirects have told of shorter ways, by destination, and how often this host has told others of some.
//
// Mirrors net/ipv4/route.c (update_or_create_fnhe, ip_rt_send_redirect: ip_rt_redirect_number, _load, _silence). Linux keeps what
// it has learned with each next hop; here a namespace keeps it, for the newest destinations.

import type { Clock } from "../net/clock.ts";
import type { Device } from "../net/netdevice.ts";

const S = 1_000_000_000;
/** How long a redirect is believed (ip_rt_gc_timeout); one of IPv6 as long as there is room. */
export const BELIEVED_FOR_NS = 300 * S;
/** Destinations and senders remembered; the one longest there makes room. */
const maxDestinations = 2_048;
const maxSenders = 1_024;
/** Redirects that a sender is told before it is thought deaf, the pause after the first, which doubles, and when all is forgotten. */
const maxTold = 9;
const pauseNs = S / 50;
const silenceNs = pauseNs * 2 ** (maxTold + 1);

/** A shorter way: `gateway` instead of `via`, on a device. */
export interface Redirect<Address> {
  readonly gateway: Address;
  readonly via: Address;
  readonly dev: Device;
  readonly untilNs: number;
}

interface Told {
  count: number;
  lastNs: number;
}

/** One family's redirects of a namespace. Destinations are signed numbers for IPv4, texts for IPv6. */
export class Redirects<Key, Address> {
  readonly #clock: Clock;
  readonly #believedForNs: number;
  readonly #known = new Map<Key, Redirect<Address>>();
  readonly #told = new Map<Key, Told>();

  constructor(clock: Clock, believedForNs: number) {
    this.#clock = clock;
    this.#believedForNs = believedForNs;
  }

  /** Nothing was ever learned. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Takes a shorter way in. */
  learn(destination: Key, way: Omit<Redirect<Address>, "untilNs">): void {
    this.#known.delete(destination);
    makeRoom(this.#known, maxDestinations);
    this.#known.set(destination, { ...way, untilNs: this.#clock.now() + this.#believedForNs });
  }

  /** The shorter way to a destination; what is too old is forgotten. */
  get(destination: Key): Redirect<Address> | undefined {
    const known = this.#known.get(destination);
    if (known === undefined || known.untilNs > this.#clock.now()) return known;
    this.#known.delete(destination);
    return undefined;
  }

  /** Forgets all that was learned. */
  clear(): void {
    this.#known.clear();
  }

  /** Forgets what leads over a device that goes. */
  forget(dev: Device): void {
    for (const [destination, known] of this.#known) if (known.dev === dev) this.#known.delete(destination);
  }

  /** Whether a sender may be told once more; counts it when so. */
  maySend(sender: Key): boolean {
    const now = this.#clock.now();
    let told = this.#told.get(sender);
    if (told === undefined) {
      told = { count: 0, lastNs: now };
      makeRoom(this.#told, maxSenders);
      this.#told.set(sender, told);
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

function makeRoom<Key>(map: Map<Key, unknown>, most: number): void {
  if (map.size < most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
