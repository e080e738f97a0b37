// What IPv6 keeps with a device: addresses, settings, neighbours, groups, routes through it, counters. Made when something
// of it is needed first; a device without it is as the namespace's defaults have it.
//
// Mirrors include/net/if_inet6.h (struct inet6_dev) and net/ipv6/addrconf.c (ipv6_add_dev).

import type { Device } from "../../net/netdevice.ts";
import { DeviceSlot } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import { ICMP6_MIB_MAX, IPSTATS_MIB_MAX } from "../../uapi/snmp.ts";
import { AddressTable } from "../address-table.ts";
import type { Neighbour } from "../neigh/neighbour.ts";
import type { NeighParms } from "../neigh/parms.ts";
import type { GroupFilters } from "../source-filter.ts";
import type { Ipv6Address } from "./address.ts";
import type { DeviceConf6 } from "./conf.ts";
import type { Fib6Route } from "./fib.ts";

/** Below this MTU a device has no IPv6 (IPV6_MIN_MTU). */
export const MIN_MTU6 = 1_280;

/** Membership in a group on one device (struct ifmcaddr6). */
export interface Group6 {
  readonly group: Uint8Array;
  /** Who listens to whom. */
  readonly filters: GroupFilters;
  /** The device hears it (MAF_LOADED). */
  isLoaded: boolean;
}

/** What tells of a device's groups (mld.ts). */
export interface GroupReporter6 {
  /** The version that the routers of the link speak: 1, 2. */
  readonly version: number;
  /** Tells of all memberships anew, as when an address to tell from has come. */
  repeatAll(): void;
  /** Somebody else has told of a group. */
  heard(group: Uint8Array): void;
  /** Forgets what was to be told: the device went down. */
  stop(): void;
}

/** What tells of this host as a router on one device (ra-send.ts). */
export interface RouterAdvertiser {
  /** Somebody asked. */
  solicited(): void;
  /** The device goes. */
  stop(): void;
}

/** An anycast address of the host on one device (struct ifacaddr6). */
export interface Anycast6 {
  readonly address: Uint8Array;
  users: number;
  readonly route: Fib6Route;
}

/** The state of one device. */
export class In6Device extends DeviceSlot {
  readonly dev: Device;
  readonly conf: DeviceConf6;
  readonly parms: NeighParms;
  /** When it was made or last changed, for IFLA_INET6_CACHEINFO. */
  updatedNs: number;
  /** Those of the widest scope first, the newest first among equals (idev->addr_list). */
  addresses: Ipv6Address[] = [];
  readonly neighbours = new AddressTable<Neighbour>();
  readonly groups = new AddressTable<Group6>();
  readonly anycasts = new AddressTable<Anycast6>();
  /** Routes with a next hop on the device. */
  readonly routes = new Set<Fib6Route>();
  /** The link can carry packets: addresses may be tried on it (IF_READY). */
  isReady = false;
  /** The lower half of addresses made from router advertisements (IFLA_INET6_TOKEN); zero: none. */
  token: Uint8Array | null = null;
  /** `net.ipv6.conf.*.stable_secret`; null: none is set. */
  stableSecret: Uint8Array | null = null;
  /** Counters of IFLA_INET6_STATS and IFLA_INET6_ICMP6STATS, by IPSTATS_MIB_* and ICMP6_MIB_*. */
  readonly stats = new Float64Array(IPSTATS_MIB_MAX);
  readonly icmpStats = new Float64Array(ICMP6_MIB_MAX);
  /** Ends lifetimes; made when an address or route has one. */
  lifetimeTimer: Timer | null = null;
  /** Tells of the groups; made when there is something to tell. */
  mld: GroupReporter6 | null = null;
  /** Asks for routers; made at the first question. */
  solicitTimer: Timer | null = null;
  solicitations = 0;
  solicitIntervalMs = 0;
  /** A router was asked for (IF_RS_SENT), and has told of itself (IF_RA_RCVD). */
  hasSolicited = false;
  isAdvertised = false;
  /** RA_MANAGED and RA_OTHER, as the last advertisement had them. */
  routerFlags = 0;
  /** Tells of this host as a router; null while nobody wants that. */
  advertiser: RouterAdvertiser | null = null;

  constructor(dev: Device, conf: DeviceConf6, parms: NeighParms) {
    super();
    this.dev = dev;
    this.conf = conf;
    this.parms = parms;
    this.updatedNs = dev.machine.clock.now();
  }
}
