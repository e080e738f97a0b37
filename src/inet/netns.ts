// What IPv4 and IPv6 keep with a namespace: settings, routing tables, addresses by value, packets being put together.
//
// Mirrors include/net/netns/ipv4.h, include/net/netns/ipv6.h.

import type { Netns } from "../net/netdevice.ts";
import { NetnsSlot } from "../net/netdevice.ts";
import { RT_TABLE_DEFAULT, RT_TABLE_LOCAL, RT_TABLE_MAIN, RTPROT_KERNEL } from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { AddressTable } from "./address-table.ts";
import { FragmentQueues } from "./fragments.ts";
import type { Inet } from "./inet.ts";
import type { Ipv4Address } from "./ipv4/address.ts";
import { initialConf4All, initialConf4Default } from "./ipv4/conf.ts";
import type { FibAlias } from "./ipv4/fib.ts";
import { FibTable } from "./ipv4/fib.ts";
import type { Ipv6Address } from "./ipv6/address.ts";
import { AddressLabels } from "./ipv6/address-label.ts";
import { initialConf6All, initialConf6Default } from "./ipv6/conf.ts";
import type { Fib6Route } from "./ipv6/fib.ts";
import { Fib6Table } from "./ipv6/fib.ts";
import type { ProxyNeighbour } from "./neigh/neighbour.ts";
import { defaultNeighValues, NeighParms } from "./neigh/parms.ts";
import type { NexthopObject } from "./nexthop/object.ts";
import type { TakePassingEcho } from "./passing-echo.ts";
import { PathMtus } from "./path-mtu.ts";
import type { PingSocket } from "./ping-socket.ts";
import type { ProtocolSlot } from "./protocol-slot.ts";
import { RateLimits } from "./rate-limit.ts";
import { BELIEVED_FOR_NS, Redirects } from "./redirects.ts";
import { hashFieldsOf, looksAtTransport } from "./rules/multipath-hash.ts";
import { RuleList } from "./rules/rule.ts";
import { initialTunables } from "./tunables.ts";

/** ARP does not take a changed address twice within so many milliseconds; ND has no such time. */
const arpLocktimeMs = 1_000;

/** The state of one namespace. */
export class IpNetns extends NetnsSlot {
  readonly netns: Netns;
  readonly inet: Inet;
  readonly createdNs: number;
  /** Settings that belong to no device: net.ipv4.* and net.ipv6.* (tunables.ts). */
  readonly tunables = initialTunables();
  /** Decides among next hops and makes identifiers hard to guess. */
  readonly hashSeed: number;

  /** `net.ipv4.conf.all` and `.default`. */
  readonly all4 = initialConf4All();
  readonly default4 = initialConf4Default();
  readonly neigh4: NeighParms;
  readonly proxies4: ProxyNeighbour[] = [];
  /** Routing tables of IPv4 by number. */
  readonly tables = new Map<number, FibTable>();
  readonly local = new FibTable(RT_TABLE_LOCAL);
  readonly main = new FibTable(RT_TABLE_MAIN);
  readonly rules4 = new RuleList(AF_INET, RTPROT_KERNEL, [
    [0, RT_TABLE_LOCAL],
    [32_766, RT_TABLE_MAIN],
    [32_767, RT_TABLE_DEFAULT],
  ]);
  /** Nexthop objects by id, and the id given last. */
  readonly nexthops = new Map<number, NexthopObject>();
  lastNexthopId = 0;
  /** Routes by the nexthop object they go by. */
  readonly routesByNexthop4 = new Map<NexthopObject, Set<FibAlias>>();
  readonly routesByNexthop6 = new Map<NexthopObject, Set<Fib6Route>>();
  /** Packets that come in are looked into for their ports, as a rule or a hash needs them; see `updateDepth`. */
  looksDeep4 = false;
  looksDeep6 = false;
  /** What a choice among next hops depends on: HASH_*. */
  hashFields4 = 0;
  hashFields6 = 0;
  /** The local table has had a route. */
  hasLocalTable = false;
  /** Routes by the source address they prefer. */
  readonly routesBySource = new Map<number, Set<FibAlias>>();
  /** Local addresses by value, as a signed 32-bit number (inet_addr_lst). */
  readonly addresses4 = new Map<number, Ipv4Address[]>();
  /** Next identification of a packet (ip_idents). */
  lastId4 = 0;

  /** `net.ipv6.conf.all` and `.default`; the latter is replaced when it changes, as devices share it. */
  readonly all6 = initialConf6All();
  default6 = initialConf6Default();
  readonly neigh6: NeighParms;
  readonly proxies6: ProxyNeighbour[] = [];
  /** Routing tables of IPv6 by number. */
  readonly tables6 = new Map<number, Fib6Table>();
  readonly local6 = new Fib6Table(RT_TABLE_LOCAL);
  readonly main6 = new Fib6Table(RT_TABLE_MAIN);
  readonly rules6 = new RuleList(AF_INET6, RTPROT_KERNEL, [
    [0, RT_TABLE_LOCAL],
    [32_766, RT_TABLE_MAIN],
  ]);
  /** Addresses by value, on whichever devices (inet6_addr_lst). */
  readonly addresses6 = new AddressTable<Ipv6Address[]>();
  /** Labels that addresses are chosen by. */
  readonly labels6 = new AddressLabels();
  /** Routes that prefer a source address. */
  readonly routesWithSource6 = new Set<Fib6Route>();
  /** `net.ipv6.conf.default.stable_secret`; null: none is set. */
  stableSecret6: Uint8Array | null = null;
  lastFragmentId6 = 0;

  readonly fragments4: FragmentQueues;
  readonly fragments6: FragmentQueues;
  readonly limits: RateLimits;
  /** What ICMP has told of paths. */
  readonly pathMtus4: PathMtus;
  readonly redirects4: Redirects<number, number>;
  readonly redirects6: Redirects<string, Uint8Array>;
  readonly pathMtus6: PathMtus;
  /** Pings under way, by ICMP identifier. */
  readonly pings = new Map<number, PingSocket>();
  /** The sockets of UDP and of TCP, once there have been any. */
  udp: ProtocolSlot | null = null;
  tcp: ProtocolSlot | null = null;
  /**
   * What comes in for other hosts is taken as if it were for this one, which may answer in their names (a transparent proxy, as
   * TPROXY and IP_TRANSPARENT make one).
   */
  isIntercepting = false;
  /** Takes echo requests for other hosts then. */
  takePassingEcho: TakePassingEcho | null = null;
  /** Counts what may change the way packets go: who keeps a way looks for it again then (rt_genid). */
  routeGeneration = 0;

  constructor(netns: Netns, inet: Inet) {
    super();
    const { machine } = netns;
    this.netns = netns;
    this.inet = inet;
    this.createdNs = machine.clock.now();
    this.hashSeed = machine.random.u32() | 0;
    this.lastId4 = machine.random.u32() & 0xffff;
    this.lastFragmentId6 = machine.random.u32();
    this.neigh4 = new NeighParms(machine.random, null, defaultNeighValues(arpLocktimeMs));
    this.neigh6 = new NeighParms(machine.random, null, defaultNeighValues(0));
    for (const table of [this.local, this.main]) this.tables.set(table.id, table);
    for (const table of [this.local6, this.main6]) this.tables6.set(table.id, table);
    this.fragments4 = new FragmentQueues(machine);
    this.fragments6 = new FragmentQueues(machine);
    this.limits = new RateLimits(machine.clock);
    this.pathMtus4 = new PathMtus(machine.clock);
    this.redirects4 = new Redirects(machine.clock, BELIEVED_FOR_NS);
    this.redirects6 = new Redirects(machine.clock, Number.POSITIVE_INFINITY);
    this.pathMtus6 = new PathMtus(machine.clock);
    this.updateDepth();
  }

  /** Finds out anew whether packets have to be looked into: rules or settings have changed. */
  updateDepth(): void {
    const { hashFields, hashFields6, hashPolicy, hashPolicy6 } = this.tunables;
    this.hashFields4 = hashFieldsOf(hashPolicy, hashFields);
    this.hashFields6 = hashFieldsOf(hashPolicy6, hashFields6);
    this.looksDeep4 = this.rules4.deepCount > 0 || looksAtTransport(this.hashFields4);
    this.looksDeep6 = this.rules6.deepCount > 0 || looksAtTransport(this.hashFields6);
  }
}
