// A namespace that tells a link that it is a router, as radvd(8) does: prefixes for hosts to make addresses in, routes, name servers.

import { ipv6FromText } from "../bytes/ipv6.ts";
import type { AdvertisedRoute } from "../inet/ipv6/ra-send.ts";
import { Advertiser } from "../inet/ipv6/ra-send.ts";
import { in6Device } from "../inet/slots.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, noDevice } from "../netlink/error.ts";
import * as icmpv6 from "../uapi/icmpv6.ts";
import { RA_MANAGED, RA_OTHER } from "../wire/nd.ts";
import type { PrefixInfo } from "../wire/nd-option.ts";
import { PREFIX_AUTONOMOUS, PREFIX_ON_LINK } from "../wire/nd-option.ts";

/** How much a router, or a route by it, is preferred (RFC 4191). */
export type RouterPreference = "low" | "medium" | "high";

/** A prefix to tell of; hosts make addresses in one of 64 bits. */
export interface PrefixOptions {
  /** "2001:db8:1::/64" */
  readonly prefix: string;
  /** Seconds; a day and four hours by default. Infinity is for ever. */
  readonly validS?: number;
  readonly preferredS?: number;
  /** The prefix is on the link, and hosts may make addresses in it; both by default. */
  readonly isOnLink?: boolean;
  readonly isAutonomous?: boolean;
}

/** A route to tell of. */
export interface RouteInfoOptions {
  readonly prefix: string;
  readonly preference?: RouterPreference;
  readonly lifetimeS?: number;
}

/** What to tell; times by default as radvd has them. */
export interface RouterOptions {
  readonly dev: string;
  /** A prefix alone may stand as its text. */
  readonly prefixes?: readonly (string | PrefixOptions)[];
  readonly routes?: readonly (string | RouteInfoOptions)[];
  readonly dnsServers?: readonly string[];
  /** How long the router may be a default one; 0: it is none. Three times the interval by default. */
  readonly lifetimeS?: number;
  readonly preference?: RouterPreference;
  /** Addresses, or only other things, are to be had by DHCPv6. */
  readonly isManaged?: boolean;
  readonly isOther?: boolean;
  readonly mtu?: number;
  readonly hopLimit?: number;
  readonly reachableTimeMs?: number;
  readonly retransTimerMs?: number;
  /** Between two unasked advertisements at most, in seconds; 600 by default. */
  readonly maxIntervalS?: number;
}

const forever = 0xffff_ffff;
const defaultIntervalS = 600;
const defaultValidS = 86_400;
const defaultPreferredS = 14_400;
const defaultHopLimit = 64;
const maxLifetimeS = 9_000;
const PREFERENCES: Readonly<Record<RouterPreference, number>> = {
  low: icmpv6.ICMPV6_ROUTER_PREF_LOW,
  medium: icmpv6.ICMPV6_ROUTER_PREF_MEDIUM,
  high: icmpv6.ICMPV6_ROUTER_PREF_HIGH,
};

/** Begins to tell; returns what ends it. NetlinkError ENODEV for a device there is not, EINVAL for what cannot be. */
export function advertiseRouter(netns: Netns, options: RouterOptions): { close(): void } {
  const dev = netns.names.get(options.dev);
  const in6Dev = dev === undefined ? null : in6Device(dev);
  if (in6Dev === null) throw noDevice();
  const { maxIntervalS = defaultIntervalS } = options;
  const lifetimeS = options.lifetimeS ?? Math.min(Math.ceil(3 * maxIntervalS), maxLifetimeS);
  const preference = PREFERENCES[options.preference ?? "medium"] << 3;
  const managed = options.isManaged === true ? RA_MANAGED : 0;
  const other = options.isOther === true ? RA_OTHER : 0;
  const advertiser = new Advertiser(in6Dev, {
    maxIntervalMs: Math.max(maxIntervalS * 1_000, 1),
    hopLimit: options.hopLimit ?? defaultHopLimit,
    flags: managed | other | preference,
    lifetimeS,
    reachableTimeMs: options.reachableTimeMs ?? 0,
    retransTimerMs: options.retransTimerMs ?? 0,
    mtu: options.mtu ?? 0,
    prefixes: (options.prefixes ?? []).map((each) =>
      prefixOf(typeof each === "string" ? { prefix: each } : each),
    ),
    routes: (options.routes ?? []).map((each) =>
      routeOf(typeof each === "string" ? { prefix: each } : each, lifetimeS),
    ),
    dnsServers: (options.dnsServers ?? []).map((text) => addressOf(text)),
    dnsLifetimeS: Math.ceil(3 * maxIntervalS),
  });
  return { close: () => advertiser.stop() };
}

function prefixOf(options: PrefixOptions): PrefixInfo {
  const { isAutonomous = true, isOnLink = true } = options;
  const { prefix, prefixLength } = split(options.prefix);
  return {
    prefix,
    prefixLength,
    flags: (isOnLink ? PREFIX_ON_LINK : 0) | (isAutonomous ? PREFIX_AUTONOMOUS : 0),
    validS: seconds(options.validS ?? defaultValidS),
    preferredS: seconds(options.preferredS ?? defaultPreferredS),
  };
}

function routeOf(options: RouteInfoOptions, lifetimeS: number): AdvertisedRoute {
  const pref = PREFERENCES[options.preference ?? "medium"];
  return { ...split(options.prefix), pref, lifetimeS: seconds(options.lifetimeS ?? lifetimeS) };
}

function seconds(value: number): number {
  return value === Number.POSITIVE_INFINITY ? forever : Math.min(Math.max(Math.floor(value), 0), forever);
}

function split(text: string): { readonly prefix: Uint8Array; readonly prefixLength: number } {
  const [address = "", length = "64"] = text.split("/");
  const prefixLength = Number(length);
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 128)
    throw invalid(`Not a prefix: ${text}`);
  return { prefix: addressOf(address), prefixLength };
}

function addressOf(text: string): Uint8Array {
  const address = ipv6FromText(text);
  if (address === undefined) throw invalid(`Not an IPv6 address: ${text}`);
  return address;
}
