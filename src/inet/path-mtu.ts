// What ICMP has told of the MTU of paths, by destination: it counts for packets of this host until it is too old (RFC 1191,
// RFC 8201).
//
// Mirrors net/ipv4/route.c (update_or_create_fnhe, __ip_rt_update_pmtu) and net/ipv6/route.c (rt6_insert_exception). Linux keeps
// what it has learned with each next hop; here a namespace keeps it, for the newest destinations.

import type { Clock } from "../net/clock.ts";

const S = 1_000_000_000;
/** Destinations remembered; the one longest there makes room. */
const maxDestinations = 2_048;

/** A path's MTU. */
export interface PathMtu {
  readonly mtu: number;
  readonly untilNs: number;
  /** It was told to be smaller than is believed: packets may be cut on their way again. */
  readonly isLocked: boolean;
}

/** What one family of a namespace has learned. Destinations are numbers for IPv4, texts for IPv6. */
export class PathMtus {
  readonly #clock: Clock;
  readonly #known = new Map<number | string, PathMtu>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nothing was ever learned: who asks for each packet need not make a key. */
  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Takes an MTU in, for so many seconds; a larger one than is known changes nothing. */
  learn(destination: number | string, mtu: number, expiresS: number, isLocked = false): void {
    const known = this.get(destination);
    if (known !== undefined && known.mtu < mtu) return;
    this.#known.delete(destination);
    if (this.#known.size >= maxDestinations) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(destination, { mtu, untilNs: this.#clock.now() + expiresS * S, isLocked });
  }

  /** Forgets all. */
  clear(): void {
    this.#known.clear();
  }

  /** What is known of a destination; what is too old is forgotten. */
  get(destination: number | string): PathMtu | undefined {
    const known = this.#known.get(destination);
    if (known === undefined || known.untilNs > this.#clock.now()) return known;
    this.#known.delete(destination);
    return undefined;
  }
}
