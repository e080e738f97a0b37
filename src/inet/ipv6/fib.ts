// The structures of IPv6 routing: a table is a tree of prefixes, each with its routes in order of metric. Only data and the
// walk over it; look-up and change are in the files named for them.
//
// Mirrors include/net/ip6_fib.h (struct fib6_table, fib6_node, fib6_info). Omitted: source-specific routes
// (IPV6_SUBTREES), cached clones.

import type { Device } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { ICMPV6_ROUTER_PREF_MEDIUM } from "../../uapi/icmpv6.ts";
import { RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import type { Metrics } from "../metrics.ts";
import type { NexthopObject } from "../nexthop/object.ts";
import type { PacketKey } from "../rules/match.ts";
import { LOOPBACK_IFINDEX } from "../rules/match.ts";

/** A route with one next hop; routes to one prefix that share the load are siblings of one another. */
export class Fib6Route {
  readonly table: Fib6Table;
  /** 16 bytes, zero behind the prefix. */
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  metric = 0;
  /** RTPROT_* */
  protocol = 0;
  /** RTN_* */
  type = RTN_UNICAST;
  /** The device; routes that lead nowhere have the loopback. */
  dev: Device | null = null;
  gateway: Uint8Array | null = null;
  /** RTNH_F_* of the next hop. */
  flags = 0;
  weight = 1;
  /** The largest hash value that chooses it among siblings, of 31 bits; -1: never. */
  upperBound = -1;
  /** Leads to an error (RTF_REJECT). */
  isReject = false;
  /** To an address of this host (RTF_LOCAL), or an anycast one (RTF_ANYCAST). */
  isLocal = false;
  isAnycast = false;
  /** Made by address configuration, so it does not share load (RTF_ADDRCONF). */
  isAddrconf = false;
  /** Made for an address's prefix (RTF_PREFIX_RT). */
  isPrefixRoute = false;
  /** When it goes, in nanoseconds of the machine's clock; NaN: never. */
  expiresNs = Number.NaN;
  prefsrc: Uint8Array | null = null;
  metrics: Metrics | null = null;
  congestion = "";
  /** Router preference, ICMPV6_ROUTER_PREF_* (RFC 4191). */
  pref = ICMPV6_ROUTER_PREF_MEDIUM;
  /** All routes that share the load, this one among them, in order; null when it is alone. */
  siblings: Fib6Route[] | null = null;
  /** The nexthop object it goes by; null when its way is its own. */
  object: NexthopObject | null = null;
  /** Its ways when the object is a group of several: this route once for each; null otherwise. */
  paths: Fib6Route[] | null = null;
  /** The route that this one is a way of; null when it is whole. */
  whole: Fib6Route | null = null;
  /** Is in its table. */
  isInserted = false;

  constructor(table: Fib6Table, prefix: Uint8Array, prefixLength: number) {
    this.table = table;
    this.prefix = prefix;
    this.prefixLength = prefixLength;
  }
}

/** A prefix in the tree; without routes it only joins what is below it. */
export class Fib6Node {
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  parent: Fib6Node | null;
  left: Fib6Node | null = null;
  right: Fib6Node | null = null;
  /** In ascending order of metric. */
  routes: Fib6Route[] = [];

  constructor(prefix: Uint8Array, prefixLength: number, parent: Fib6Node | null) {
    this.prefix = prefix;
    this.prefixLength = prefixLength;
    this.parent = parent;
  }
}

/** One routing table. */
export class Fib6Table {
  readonly id: number;
  readonly root = new Fib6Node(new Uint8Array(16), 0, null);

  constructor(id: number) {
    this.id = id;
  }

  /** All routes in the order of a dump: what is below a prefix comes before it (fib6_walk). */
  *routes(): Generator<Fib6Route, void, void> {
    yield* routesBelow(this.root);
  }
}

function* routesBelow(node: Fib6Node): Generator<Fib6Route, void, void> {
  if (node.left !== null) yield* routesBelow(node.left);
  if (node.right !== null) yield* routesBelow(node.right);
  yield* [...node.routes];
}

/** What a look-up found (struct fib6_result). One object serves many: a look-up overwrites all of it. */
export class Fib6Result {
  route: Fib6Route | null = null;
  /** Why there is no route; "" when there is one. */
  error: ErrnoName | "" = "";
}

/** What a look-up minds beside the destination (struct flowi6). */
export class Lookup6 implements PacketKey {
  /** The device by which routes are good ones: to leave by, or that a packet came in on; 0: any. */
  device = 0;
  /** Only routes by that device will do (RT6_LOOKUP_F_IFACE). */
  isStrict = false;
  /** Routes by devices without carrier will do (RT6_LOOKUP_F_IGNORE_LINKSTATE). */
  ignoresLinkstate = false;
  /** The source lies there, if it is known. */
  source: Uint8Array = noSource;
  sourceOffset = 0;
  hasSource = false;
  /** What is below matters to policy rules and multipath hashes alone. */
  oif = 0;
  iif = LOOPBACK_IFINDEX;
  mark = 0;
  uid = 0;
  protocol = 0;
  sport = 0;
  dport = 0;
  trafficClass = 0;
  flowLabel = 0;
}

const noSource = new Uint8Array(16);
