// How many ICMP errors a host sends: so many a second in all, and to each destination.
//
// Mirrors net/ipv4/icmp.c (icmp_global_allow), net/ipv4/inetpeer.c (inet_peer_xrlim_allow) and net/ipv4/route.c (ip_error).

import type { Clock } from "../net/clock.ts";

const S = 1_000_000_000;
/** Errors a destination may get at once before it waits for one at a time. */
const burstFactor = 6;
/** A destination not heard of has saved up for so long. */
const unknownNs = 60 * S;
/** Destinations remembered; the one longest there makes room. */
const maxDestinations = 1_024;
/** What it costs a sender to be told that there is no way, and what it may have saved up for that (ip_rt_error_cost, _burst). */
const noWayNs = S;
const noWayBurst = 5;
/** The common bucket is refilled no more often than this. */
const refillNs = S / 50;

interface Bucket {
  tokensNs: number;
  lastNs: number;
}

/** The limits of one namespace. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #destinations = new Map<number | string, Bucket>();
  #credit = 0;
  #refilledNs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one more may be sent at all; takes its place in the count when so. */
  allowAny(perSecond: number, burst: number): boolean {
    const now = this.#clock.now();
    const elapsedNs = Math.min(now - this.#refilledNs, S);
    if (elapsedNs >= refillNs) {
      const gained = Math.floor((perSecond * elapsedNs) / S);
      if (gained > 0) {
        this.#credit = Math.min(this.#credit + gained, burst);
        this.#refilledNs = now;
      }
    }
    if (this.#credit <= 0) return false;
    this.#credit--;
    return true;
  }

  /** Whether one more may be sent to a destination, which gets one each `intervalNs`. */
  allowTo(destination: number | string, intervalNs: number): boolean {
    return this.#take(destination, intervalNs, burstFactor);
  }

  /** Whether a sender may be told that there is no way; what else it is told counts with that. */
  allowNoWay(sender: number): boolean {
    return this.#take(sender, noWayNs, noWayBurst);
  }

  #take(destination: number | string, costNs: number, burst: number): boolean {
    const now = this.#clock.now();
    let bucket = this.#destinations.get(destination);
    if (bucket === undefined) {
      bucket = { tokensNs: 0, lastNs: now - unknownNs };
      this.#remember(destination, bucket);
    }
    if (now !== bucket.lastNs) {
      bucket.tokensNs = Math.min(bucket.tokensNs + now - bucket.lastNs, burst * costNs);
      bucket.lastNs = now;
    }
    if (bucket.tokensNs < costNs) return false;
    bucket.tokensNs -= costNs;
    return true;
  }

  #remember(destination: number | string, bucket: Bucket): void {
    if (this.#destinations.size >= maxDestinations) {
      for (const oldest of this.#destinations.keys()) {
        this.#destinations.delete(oldest);
        break;
      }
    }
    this.#destinations.set(destination, bucket);
  }
}
