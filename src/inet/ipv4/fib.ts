// The structures of IPv4 routing: a table maps prefixes to aliases (what kind of route, for which TOS), an alias leads to
// the route's properties and next hops. Only data; look-up and change are in the files named for them.
//
// Mirrors include/net/ip_fib.h (struct fib_table, fib_alias, fib_info, fib_nh). Properties are not shared between routes,
// as the kernel shares them: equal ones are compared where that matters (fib-info.ts, isSameInfo).

import type { ErrnoName } from "../../uapi/errno.ts";
import { RT_SCOPE_UNIVERSE, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import type { Metrics } from "../metrics.ts";
import type { NexthopObject } from "../nexthop/object.ts";
import type { PacketKey } from "../rules/match.ts";
import { LOOPBACK_IFINDEX } from "../rules/match.ts";
import type { FibNexthop } from "./fib-nexthop.ts";

/** What a route says, whatever its prefix (struct fib_info). */
export interface FibInfo {
  readonly nexthops: readonly FibNexthop[];
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  priority: number;
  readonly prefsrc: number;
  readonly metrics: Metrics | null;
  /** Name of RTAX_CC_ALGO, "" for none. */
  readonly congestion: string;
  /** RTA_FLOW; kept and shown. */
  readonly flow: number;
  /** The nexthop object it goes by, whose ways `nexthops` are; null when they are its own. */
  readonly object: NexthopObject | null;
  /** RTNH_F_* */
  flags: number;
  readonly table: number;
  /** Its device is gone, or a source address it prefers (fib_dead). */
  isDead: boolean;
}

/** A route: a prefix in a table, for a TOS, and what it says (struct fib_alias). */
export class FibAlias {
  readonly table: FibTable;
  readonly prefix: number;
  readonly prefixLength: number;
  readonly tos: number;
  readonly type: number;
  readonly info: FibInfo;

  constructor(
    table: FibTable,
    prefix: number,
    prefixLength: number,
    tos: number,
    type: number,
    info: FibInfo,
  ) {
    this.table = table;
    this.prefix = prefix;
    this.prefixLength = prefixLength;
    this.tos = tos;
    this.type = type;
    this.info = info;
  }
}

/** One routing table: routes by prefix length, then by network, equal ones in order of TOS and priority. */
export class FibTable {
  readonly id: number;
  /** For each prefix length: routes by network, a signed 32-bit key that needs no memory. */
  readonly levels: (Map<number, FibAlias[]> | undefined)[] = [];
  /** The prefix lengths there are, the longest first. */
  lengths: number[] = [];

  constructor(id: number) {
    this.id = id;
  }

  /** All routes in the order of a dump: by network, the longer prefix first, then by TOS and priority. */
  *aliases(): Generator<FibAlias, void, void> {
    const lists: FibAlias[][] = [];
    for (const level of this.levels) lists.push(...(level?.values() ?? []));
    const order = (one: FibAlias | undefined, other: FibAlias | undefined): number => {
      if (one === undefined || other === undefined) return 0;
      return one.prefix - other.prefix || other.prefixLength - one.prefixLength;
    };
    for (const list of lists.sort((one, other) => order(one[0], other[0]))) yield* [...list];
  }
}

/** What a look-up is for (struct flowi4). What is beside the addresses matters to policy rules and multipath hashes alone. */
export class Flow4 implements PacketKey {
  destination = 0;
  source = 0;
  /** The device the packet is to leave by; 0: any. */
  oif = 0;
  /** The device with a table of its own that `oif` is, or is a port of; 0: none. Set by routeOutput. */
  l3mdev = 0;
  /** The device it came in on; the loopback for packets of this host. */
  iif = LOOPBACK_IFINDEX;
  tos = 0;
  scope = RT_SCOPE_UNIVERSE;
  mark = 0;
  uid = 0;
  protocol = 0;
  sport = 0;
  dport = 0;
}

/** What a look-up found (struct fib_result). One object serves many: a look-up overwrites all of it. */
export class FibResult {
  alias: FibAlias | null = null;
  nexthop: FibNexthop | null = null;
  type = RTN_UNICAST;
  /** Why there is no route; "" when there is one. */
  error: ErrnoName | "" = "";
}
