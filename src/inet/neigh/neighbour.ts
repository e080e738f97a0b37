// The neighbour cache's structures: an entry says where frames for a next hop go, a table holds the entries of one
// protocol. Only data; what happens to them is in the files named for it.
//
// Mirrors include/net/neighbour.h (struct neighbour, struct neigh_table, struct neigh_ops). Omitted: listening
// user-space resolvers (app_probes are counted, nobody is told), entries managed by a driver.

import type { Device, Frame, MachineContext } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";
import {
  NUD_DELAY,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from "../../uapi/neighbour.ts";
import { RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import type { NeighParms } from "./parms.ts";

/** States in which the address is known to be right. */
export const NUD_CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;
/** States in which there is an address. */
export const NUD_VALID = NUD_CONNECTED | NUD_PROBE | NUD_STALE | NUD_DELAY;
/** States that a timer ends. */
export const NUD_IN_TIMER = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;

/** What a protocol does for its table (struct neigh_ops and the table's functions). */
export interface NeighOps {
  /** Asks for the entry's address; `waiting` is a frame that waits for it, which stays the caller's. */
  solicit(neigh: Neighbour, waiting: Frame | null): void;
  /** Takes a frame whose next hop did not answer. */
  errorReport(neigh: Neighbour, frame: Frame): void;
  /** Takes the entry off the device's map. */
  unlink(neigh: Neighbour): void;
}

/** One next hop on one device (struct neighbour). */
export class Neighbour {
  readonly table: NeighTable;
  readonly dev: Device;
  readonly parms: NeighParms;
  /** The next hop's IPv4 address; 0 in a table of IPv6. */
  readonly address: number;
  /** The next hop's IPv6 address of 16 bytes; null in a table of IPv4. */
  readonly key: Uint8Array | null;
  /** RTN_UNICAST, RTN_MULTICAST, RTN_BROADCAST, RTN_LOCAL: what the address is. */
  type = RTN_UNICAST;
  /** NUD_* */
  state = NUD_NONE;
  /** NTF_* */
  flags = 0;
  flagsExt = 0;
  /** RTPROT_* of who made it. */
  protocol = 0;
  /** The hardware address's first two bytes and its last four, signed: what headers are written from. */
  lladdrHigh = 0;
  lladdrLow = 0;
  /** Not there any more: nobody may change it. */
  isDead = false;
  /** Stays when the table is full (permanent or learned by a control plane). */
  isGcExempt = false;
  /** When it was last known to be right, last wanted, and last changed; nanoseconds of the machine's clock. */
  confirmedNs = 0;
  usedNs = 0;
  updatedNs = 0;
  /** Requests sent since the last answer. */
  probes = 0;
  /** Frames that wait for the address, and the memory they take. */
  waitingHead: Frame | null = null;
  waitingTail: Frame | null = null;
  waitingBytes = 0;
  readonly timer: Timer;

  constructor(
    table: NeighTable,
    dev: Device,
    parms: NeighParms,
    address: number,
    key: Uint8Array | null,
    expire: (neigh: Neighbour) => void,
  ) {
    this.table = table;
    this.dev = dev;
    this.parms = parms;
    this.address = address;
    this.key = key;
    this.timer = dev.machine.timers.timer(() => expire(this));
  }

  /** The hardware address as a 48-bit number; only meaningful in a state of NUD_VALID. */
  get lladdr(): number {
    return this.lladdrHigh * 0x1_0000_0000 + (this.lladdrLow >>> 0);
  }

  set lladdr(lladdr: number) {
    this.lladdrHigh = Math.floor(lladdr / 0x1_0000_0000);
    this.lladdrLow = lladdr | 0;
  }
}

/** An address this host answers for on behalf of another (struct pneigh_entry). */
export interface ProxyNeighbour {
  /** Device it is answered on; null: on all. */
  readonly dev: Device | null;
  readonly address: number;
  readonly key: Uint8Array | null;
  flags: number;
  protocol: number;
}

/** Tells of a change; `portId` is the netlink port that asked for it, 0 for none. */
export type AnnounceNeigh = (type: "new" | "del", neigh: Neighbour, portId: number) => void;

/** All neighbours of one protocol of a machine (struct neigh_table: arp_tbl, nd_tbl). */
export class NeighTable {
  readonly machine: MachineContext;
  /** AF_INET, AF_INET6 */
  readonly family: number;
  readonly ops: NeighOps;
  /** Every entry, in the order they were made. */
  readonly entries = new Set<Neighbour>();
  /** Entries that count against the thresholds. */
  gcEntries = 0;
  /** Below the first nothing is collected, above the second what is 5 s old, the third is never crossed. */
  gcThresholds: [number, number, number] = [128, 512, 1_024];
  gcIntervalS = 30;
  lastFlushNs = 0;
  readonly gcTimer: Timer;
  announce: AnnounceNeigh = () => {};

  constructor(machine: MachineContext, family: number, ops: NeighOps, collect: (table: NeighTable) => void) {
    this.machine = machine;
    this.family = family;
    this.ops = ops;
    this.gcTimer = machine.timers.timer(() => collect(this));
  }
}
