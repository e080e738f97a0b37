// What IPv4 keeps with a device: addresses, settings, neighbours, groups, the next hops that go through it. Made when
// something of it is needed first; a device without it is as the namespace's defaults have it.
//
// Mirrors include/linux/inetdevice.h (struct in_device) and net/ipv4/devinet.c (inetdev_init).

import type { Device } from "../../net/netdevice.ts";
import { DeviceSlot } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import type { Neighbour } from "../neigh/neighbour.ts";
import type { NeighParms } from "../neigh/parms.ts";
import type { GroupFilters, SourceFilter } from "../source-filter.ts";
import type { Ipv4Address } from "./address.ts";
import type { DeviceConf4 } from "./conf.ts";
import type { FibAlias } from "./fib.ts";

/** Below this MTU a device has no IPv4 (inetdev_valid_mtu). */
export const MIN_MTU4 = 68;

/** What tells of a device's groups (igmp.ts). */
export interface GroupReporter {
  /** The version that the routers of the link speak: 1, 2, 3. */
  readonly version: number;
  change(group: number, before: SourceFilter, after: SourceFilter): void;
  stop(): void;
}

/** The state of one device. */
export class InDevice extends DeviceSlot {
  readonly dev: Device;
  readonly conf: DeviceConf4;
  readonly parms: NeighParms;
  /** Primary addresses before secondary ones, in the order of their scope (in_dev->ifa_list). */
  addresses: Ipv4Address[] = [];
  /** Neighbours by address, as a signed 32-bit number. */
  readonly neighbours = new Map<number, Neighbour>();
  /** Multicast groups joined, and who listens to whom there; keys as above. Null while there are none. */
  groups: Map<number, GroupFilters> | null = null;
  /** Tells of the groups; made when there is something to tell. */
  igmp: GroupReporter | null = null;
  /** Routes with a next hop on the device. */
  readonly routes = new Set<FibAlias>();
  /** Ends lifetimes; made when an address has one. */
  lifetimeTimer: Timer | null = null;

  constructor(dev: Device, conf: DeviceConf4, parms: NeighParms) {
    super();
    this.dev = dev;
    this.conf = conf;
    this.parms = parms;
  }
}
