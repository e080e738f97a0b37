// An IPv6 address on a device.
//
// Mirrors include/net/if_inet6.h (struct inet6_ifaddr).

import type { Device } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import type { Fib6Route } from "./fib.ts";

/** Where an address stands in duplicate detection (enum inet6_ifaddr_state). */
export type DadState = "pre-dad" | "dad" | "post-dad" | "failed" | "dead";

/** One address. */
export class Ipv6Address {
  readonly dev: Device;
  /** 16 bytes that do not change. */
  readonly address: Uint8Array;
  /** The other end's address; null when the route is the prefix's. */
  peer: Uint8Array | null = null;
  readonly prefixLength: number;
  /** RT_SCOPE_* */
  readonly scope: number;
  /** IFA_F_*; IFA_F_PERMANENT when it has no lifetime. */
  flags = 0;
  /** Metric of its route (IFA_RT_PRIORITY); 0: the default. */
  metric = 0;
  /** IFAPROT_* */
  protocol = 0;
  /** Lifetimes in seconds from `updatedNs` on. */
  validS = 0;
  preferredS = 0;
  createdNs = 0;
  updatedNs = 0;
  state: DadState = "pre-dad";
  /** Solicitations still to be sent. */
  dadProbes = 0;
  /** What tells our own solicitations, should they come back, from another's (RFC 7527); null: none is sent. */
  dadNonce: Uint8Array | null = null;
  dadTimer: Timer | null = null;
  /** The route to it in the local table, made with the address and inserted when it may be used. */
  route: Fib6Route | null = null;

  constructor(dev: Device, address: Uint8Array, prefixLength: number, scope: number) {
    this.dev = dev;
    this.address = address;
    this.prefixLength = prefixLength;
    this.scope = scope;
  }
}
