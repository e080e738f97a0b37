// What IPv4 and IPv6 share in one machine: the two neighbour tables, the protocols above IP, and those who want to hear
// of changes.
//
// Mirrors net/ipv4/protocol.c (inet_protos) and net/ipv6/protocol.c (inet6_protos).

import type { Device, Frame, MachineContext, Netns, Origin } from "../net/netdevice.ts";
import type { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import type { PrefixInfo } from "../wire/nd-option.ts";
import type { ErrorHandler } from "./icmp-error.ts";
import type { Ipv4Address } from "./ipv4/address.ts";
import type { FibAlias } from "./ipv4/fib.ts";
import type { Ipv6Address } from "./ipv6/address.ts";
import type { Fib6Route } from "./ipv6/fib.ts";
import type { NeighTable } from "./neigh/neighbour.ts";
import type { ProxyQueue } from "./neigh/proxy.ts";
import type { NexthopObject } from "./nexthop/object.ts";
import type { FibRule } from "./rules/rule.ts";

/** Whose settings: a device's, those that count for all, or those that devices to come begin with. */
export type Whose = Device | "all" | "default";

/** Who is told of changes to addresses, routes and rules; rtnetlink sends them to its groups. Neighbour tables have their own. */
export interface InetAnnouncer {
  address4(type: "new" | "del", address: Ipv4Address, origin: Origin | undefined): void;
  address6(type: "new" | "del", address: Ipv6Address, origin: Origin | undefined): void;
  /** `flags` are NLM_F_REPLACE, NLM_F_APPEND, …: how the route came. */
  route4(netns: Netns, type: "new" | "del", route: FibAlias, flags: number, origin: Origin | undefined): void;
  route6(
    netns: Netns,
    type: "new" | "del",
    route: Fib6Route,
    flags: number,
    origin: Origin | undefined,
  ): void;
  /** `flags` are those of the request, or of the message. */
  nexthop(
    netns: Netns,
    type: "new" | "del",
    object: NexthopObject,
    flags: number,
    origin: Origin | undefined,
  ): void;
  /** A bucket of a resilient group leads elsewhere. */
  nexthopBucket(netns: Netns, group: NexthopObject, bucket: number): void;
  /** A router told of a prefix, or of something that only users have a use for: an option as it was received. */
  prefix6(dev: Device, info: PrefixInfo): void;
  userOption6(dev: Device, router: Uint8Array, bytes: Uint8Array): void;
  /** A device has settings of a family now, or has none any more. */
  netconf(family: typeof AF_INET | typeof AF_INET6, type: "new" | "del", dev: Device): void;
  /** A setting that routing daemons follow has changed: of `*_DEVCONF_*`, that of `index`. */
  netconfSetting(netns: Netns, family: typeof AF_INET | typeof AF_INET6, whose: Whose, index: number): void;
  rule(netns: Netns, type: "new" | "del", rule: FibRule, origin: Origin | undefined): void;
}

/**
 * A protocol above IP (struct net_protocol, inet6_protocol): takes a packet for this host that came in on `dev`. The frame's
 * `networkHeader` is at the IP header, its `transportHeader` and `start` at the protocol's. Takes ownership.
 */
export type ProtocolHandler = (frame: Frame, dev: Device) => void;

/** A gateway in IPv6 that a route of IPv4 names. */
export interface GatewayCheck6 {
  readonly gateway: Uint8Array;
  readonly ifindex: number;
  readonly table: number;
  readonly onlink: boolean;
}

/** IPv4 and IPv6 of one machine. */
export class Inet {
  readonly machine: MachineContext;
  readonly arp: NeighTable;
  readonly nd: NeighTable;
  readonly arpProxies: ProxyQueue;
  readonly ndProxies: ProxyQueue;
  announcer: InetAnnouncer = silent;
  /** Protocols over IPv4 and over IPv6 by IPPROTO_*. */
  readonly protocols4 = new Map<number, ProtocolHandler>();
  readonly protocols6 = new Map<number, ProtocolHandler>();
  /** Who hears of ICMP errors about what a protocol sent over IPv4 and over IPv6, by IPPROTO_*. */
  readonly errorHandlers4 = new Map<number, ErrorHandler>();
  readonly errorHandlers6 = new Map<number, ErrorHandler>();
  /** Finds the device of a gateway in IPv6 for a route of IPv4; throws NetlinkError (ipv6_stub->fib6_nh_init). */
  checkGateway6: (netns: Netns, check: GatewayCheck6) => Device;

  constructor(parts: Pick<Inet, "machine" | "arp" | "nd" | "arpProxies" | "ndProxies" | "checkGateway6">) {
    this.machine = parts.machine;
    this.arp = parts.arp;
    this.nd = parts.nd;
    this.arpProxies = parts.arpProxies;
    this.ndProxies = parts.ndProxies;
    this.checkGateway6 = parts.checkGateway6;
  }
}

const silent: InetAnnouncer = {
  address4: () => {},
  address6: () => {},
  route4: () => {},
  route6: () => {},
  nexthop: () => {},
  nexthopBucket: () => {},
  prefix6: () => {},
  userOption6: () => {},
  netconf: () => {},
  netconfSetting: () => {},
  rule: () => {},
};
