// What multicast snooping keeps with a bridge and with a port. Only data; the walk is in the files named for its steps.
//
// Mirrors net/bridge/br_private.h (struct net_bridge_mcast, struct net_bridge_mcast_port, struct net_bridge_mdb_entry,
// struct net_bridge_port_group, struct net_bridge_group_src). Times that are configured are in ticks.

import { HZ } from "../../net/jiffies.ts";
import type { Timer } from "../../net/timers.ts";
import { MDB_RTR_TYPE_TEMP_QUERY } from "../../uapi/if_bridge.ts";

/** A group, as what it is looked up by (struct br_ip): ETH_P_IP, ETH_P_IPV6, or 0 for a hardware address. */
export interface GroupAddress {
  readonly protocol: number;
  readonly bytes: Uint8Array;
  readonly vid: number;
  /** The one source that is meant, (S, G); null: all of them, (*, G). */
  readonly source: Uint8Array | null;
}

/** A source of a group that was heard of behind a port, wanted or not (struct net_bridge_group_src). */
export interface GroupSource {
  readonly address: Uint8Array;
  /** Pending while it is wanted; in a group that is included it is forgotten after that, in one that is excluded it is blocked. */
  readonly timer: Timer;
  /** There is an entry (S, G) for it; a user made it. */
  isInstalled: boolean;
  isUserAdded: boolean;
  /** Marks of the report at hand: to be forgotten, to be asked for. */
  isDoomed: boolean;
  isAsked: boolean;
  /** Questions for it that are still to be sent. */
  queriesLeft: number;
}

/** A port behind which somebody listens to a group. */
export interface PortGroup<Port> {
  readonly entry: MdbEntry<Port>;
  readonly port: Port;
  /** The hardware address of who asked, that of all where a user entered the group. */
  readonly host: number;
  /** MDB_FLAGS_* and whether a user entered it for good. */
  flags: number;
  isPermanent: boolean;
  /** RTPROT_* */
  protocol: number;
  /** MCAST_INCLUDE: only its sources are wanted; MCAST_EXCLUDE: all but those that are blocked. */
  filterMode: number;
  /** Newest first. */
  sources: GroupSource[];
  /** When nobody has been heard to listen to all sources. */
  readonly timer: Timer;
  /** Asks again, for the group as often as this and for its sources. */
  readonly queryTimer: Timer;
  queriesLeft: number;
}

/** A group somebody listens to (struct net_bridge_mdb_entry). */
export interface MdbEntry<Port> {
  readonly group: GroupAddress;
  ports: PortGroup<Port>[];
  /** The bridge itself listens. */
  isHostJoined: boolean;
  readonly timer: Timer;
}

/** Queries of the bridge's own, to one port or to the bridge itself (struct bridge_mcast_own_query). */
export interface OwnQuery {
  /** Runs until the next one is due. */
  readonly timer: Timer;
  /** Those that follow one another quickly, so far. */
  startupSent: number;
}

/** Asking for members in one family, by the bridge itself or by somebody else. */
export interface QueryState {
  /** What the bridge itself is asked. */
  readonly own: OwnQuery;
  /** Who asks: its address as 4 or 16 bytes, all zero for nobody, and the ifindex of its port, 0 for the bridge itself. */
  querier: Uint8Array;
  querierPort: number;
  /** Pending while another querier is heard; until `delayUntilNs` its answers may be still to come. */
  readonly other: Timer;
  delayUntilNs: number;
  /** Pending while the bridge itself counts as a router because of queries. */
  readonly router: Timer;
}

/** The bridge's part of one family that a port has: a router behind it, and queries sent by it. */
export interface PortQueryState extends OwnQuery {
  /** A router is behind the port (the list of router ports); how long that holds by itself. */
  isRouter: boolean;
  readonly router: Timer;
}

/** How a bridge, or one of its VLANs, asks for members, and who else does (struct net_bridge_mcast). */
export class MulticastContext {
  /** MDB_RTR_TYPE_*: whether the bridge itself is a multicast router. */
  router = MDB_RTR_TYPE_TEMP_QUERY;
  isQuerier = false;
  igmpVersion = 2;
  mldVersion = 1;
  lastMemberCount = 2;
  startupQueryCount = 2;
  lastMemberInterval = HZ;
  membershipInterval = 260 * HZ;
  querierInterval = 255 * HZ;
  queryInterval = 125 * HZ;
  queryResponseInterval = 10 * HZ;
  startupQueryInterval = Math.floor((125 * HZ) / 4);
  readonly ip4: QueryState;
  readonly ip6: QueryState;

  /** `query` is called when the bridge itself is to be asked, `silent` when another querier was not heard, for IPv6 or not. */
  constructor(
    makeTimer: (callback: () => void) => Timer,
    query: (isIpv6: boolean) => void,
    silent: (isIpv6: boolean) => void,
  ) {
    const state = (size: number, isIpv6: boolean): QueryState => ({
      own: { timer: makeTimer(() => query(isIpv6)), startupSent: 0 },
      querier: new Uint8Array(size),
      querierPort: 0,
      other: makeTimer(() => silent(isIpv6)),
      delayUntilNs: 0,
      router: makeTimer(() => {}),
    });
    this.ip4 = state(4, false);
    this.ip6 = state(16, true);
  }
}

/** A bridge's part, whatever its VLANs. */
export class BridgeMulticast<Port> {
  /** Frames to groups go only where somebody listens (BROPT_MULTICAST_ENABLED). */
  isSnooping = true;
  usesIfaddr = false;
  /** False when a query for IPv6 found no address of the bridge to be sent from (BROPT_HAS_IPV6_ADDR). */
  hasIpv6Address = true;
  hasStats = false;
  hashMax = 4_096;
  /** Newest first. */
  entries: MdbEntry<Port>[] = [];
  /** The same by VLAN and the last four bytes of the group and the source. */
  readonly byKey = new Map<number, MdbEntry<Port>[]>();
  /** What counts where VLANs are not told apart, and what does in VLANs of which nothing was set or heard. */
  readonly own: MulticastContext;
  readonly untouched: MulticastContext;

  constructor(own: MulticastContext, untouched: MulticastContext) {
    this.own = own;
    this.untouched = untouched;
  }
}

/** A port's part, or that of one of its VLANs (struct net_bridge_mcast_port). */
export class PortMulticast {
  /** MDB_RTR_TYPE_*: whether a multicast router is behind the port. */
  router = MDB_RTR_TYPE_TEMP_QUERY;
  /** Hosts that may be tracked in one group, and that are (EHT). */
  hostsLimit = 512;
  hosts = 0;
  /** Groups that are entered, and that may be; 0: no limit. */
  groups = 0;
  maxGroups = 0;
  readonly ip4: PortQueryState;
  readonly ip6: PortQueryState;

  /** `expired` is called when a router has been silent, `query` when the port is to be asked, for IPv6 or not. */
  constructor(
    makeTimer: (callback: () => void) => Timer,
    expired: (isIpv6: boolean) => void,
    query: (isIpv6: boolean) => void,
  ) {
    const state = (isIpv6: boolean): PortQueryState => ({
      isRouter: false,
      router: makeTimer(() => expired(isIpv6)),
      timer: makeTimer(() => query(isIpv6)),
      startupSent: 0,
    });
    this.ip4 = state(false);
    this.ip6 = state(true);
  }
}
