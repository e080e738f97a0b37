// A router tells of itself: its lifetime as a default router, prefixes, routes, what the link's packets should be like (RFC 4861
// 6.3.4, RFC 4191). A host takes it in, a router does not unless told to.
//
// Mirrors net/ipv6/ndisc.c (ndisc_router_discovery, ndisc_recv_rs). Omitted: messages to RTNLGRP_IPV6_IFINFO.

import { isIpv6LinkLocal, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import * as conf from "../../uapi/ipv6.ts";
import { NUD_STALE } from "../../uapi/neighbour.ts";
import { RTAX_HOPLIMIT, RTAX_MTU } from "../../uapi/rtnetlink.ts";
import { icmpv6Code } from "../../wire/icmpv6.ts";
import { IPV6_SOURCE, ipv6HopLimit } from "../../wire/ipv6.ts";
import * as nd from "../../wire/nd.ts";
import * as option from "../../wire/nd-option.ts";
import { BASE_REACHABLE_TIME_MS, GC_STALETIME_MS, RETRANS_TIME_MS } from "../neigh/parms.ts";
import { neighUpdate } from "../neigh/update.ts";
import { in6Device, ipNetns } from "../slots.ts";
import { hasUsableAddress } from "./address-find.ts";
import type { In6Device } from "./device.ts";
import { MIN_MTU6 } from "./device.ts";
import type { Fib6Route } from "./fib.ts";
import { neighbour6For } from "./neighbour.ts";
import { takeDefaultRouter, takeRouteInfo } from "./ra-route.ts";
import { acceptsAdvertisements } from "./rs-send.ts";
import { takePrefix } from "./slaac.ts";

/** An advertisement as it was received. */
interface Received {
  readonly in6Dev: In6Device;
  readonly bytes: Uint8Array;
  /** Who sent it. */
  readonly router: Uint8Array;
  readonly says: nd.RouterAdvertisement;
  readonly options: readonly option.NdOption[];
}

/** Takes an advertisement, whose `start` is at its ICMPv6 header. Takes ownership. */
export function routerAdvertisement(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, start } = frame;
  const in6Dev = in6Device(dev);
  const source = networkHeader + IPV6_SOURCE;
  const isSound =
    ipv6HopLimit(bytes, networkHeader) === nd.ND_HOP_LIMIT &&
    icmpv6Code(bytes, start) === 0 &&
    isIpv6LinkLocal(bytes, source) &&
    end - start >= nd.ND_ROUTER_ADVERTISEMENT_SIZE;
  const options = isSound
    ? option.parseNdOptions(bytes, start + nd.ND_ROUTER_ADVERTISEMENT_SIZE, end)
    : undefined;
  if (in6Dev === null || options === undefined) return drop(frame, "bad-header");
  const router = bytes.slice(source, source + 16);
  const received = { in6Dev, bytes, router, says: nd.parseRouterAdvertisement(bytes, start), options };
  const accepts = acceptsAdvertisements(in6Dev);
  const route = accepts ? takeRouter(received) : null;
  if (hearRouter(received) && accepts) takeOptions(received, route);
  frame.pool.free(frame);
}

/** What the advertisement says beside its options; returns the default route by its sender. */
function takeRouter({ in6Dev, router, says }: Received): Fib6Route | null {
  const own = in6Dev.conf;
  in6Dev.isAdvertised ||= in6Dev.hasSolicited;
  in6Dev.routerFlags = says.flags & (nd.RA_MANAGED | nd.RA_OTHER);
  let route: Fib6Route | null = null;
  const isTooShort = says.lifetimeS !== 0 && says.lifetimeS < own.get(conf.DEVCONF_ACCEPT_RA_MIN_LFT);
  if (own.get(conf.DEVCONF_ACCEPT_RA_DEFRTR) !== 0 && !isTooShort && !isFromHere(in6Dev, router)) {
    route = takeDefaultRouter(in6Dev, router, says);
    takeHopLimit(in6Dev, says.hopLimit, route);
  }
  takeTimes(in6Dev, says);
  return route;
}

/** Whether an advertisement comes from an address of this host, and that matters. */
function isFromHere({ conf: own, dev }: In6Device, router: Uint8Array): boolean {
  if (own.get(conf.DEVCONF_ACCEPT_RA_FROM_LOCAL) !== 0) return false;
  return hasUsableAddress(ipNetns(dev.netns), router, 0, dev);
}

const hopLimits = 256;

function takeHopLimit({ conf: own }: In6Device, hopLimit: number, route: Fib6Route | null): void {
  const least = own.get(conf.DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT);
  if (least >= hopLimits || hopLimit === 0 || hopLimit < least) return;
  own.set(conf.DEVCONF_HOPLIMIT, hopLimit);
  setMetric(route, RTAX_HOPLIMIT, hopLimit);
}

function setMetric(route: Fib6Route | null, metric: number, value: number): void {
  if (route !== null) route.metrics = new Map([...(route.metrics ?? []), [metric, value]]);
}

/** The least times a router can ask for, and the largest, in milliseconds. */
const leastRetransMs = 10;
const leastReachableMs = 100;
const largestMs = 1_000_000_000;

function takeTimes(in6Dev: In6Device, { reachableTimeMs, retransTimerMs }: nd.RouterAdvertisement): void {
  const { parms } = in6Dev;
  if (retransTimerMs !== 0 && retransTimerMs < largestMs) {
    parms.set(RETRANS_TIME_MS, Math.max(retransTimerMs, leastRetransMs));
    in6Dev.updatedNs = in6Dev.dev.machine.clock.now();
  }
  if (reachableTimeMs === 0 || reachableTimeMs >= largestMs) return;
  const reachable = Math.max(reachableTimeMs, leastReachableMs);
  if (reachable === parms.get(BASE_REACHABLE_TIME_MS)) return;
  parms.set(BASE_REACHABLE_TIME_MS, reachable);
  parms.set(GC_STALETIME_MS, 3 * reachable);
  in6Dev.updatedNs = in6Dev.dev.machine.clock.now();
}

/** The sender is a neighbour, and a router; false when what it says of its own address is wrong. */
function hearRouter({ bytes, in6Dev, options, router }: Received): boolean {
  const neigh = neighbour6For(ipNetns(in6Dev.dev.netns), in6Dev.dev, router, 0);
  const holder = options.find(({ type }) => type === option.ND_OPT_SOURCE_LL_ADDR);
  const lladdr = holder === undefined ? undefined : option.ndLinkLayerAddress(bytes, holder);
  if (neigh === null) return true;
  if (holder !== undefined && lladdr === undefined) return false;
  neighUpdate(neigh, { lladdr, state: NUD_STALE, overrides: true, weaklyOverrides: true, isRouter: true });
  return true;
}

/** Options that users are told of as they are: prefixes, DNS servers and domains, captive portals, NAT64 prefixes (ndisc_is_useropt). */
const userOptions: ReadonlySet<number> = new Set([
  option.ND_OPT_PREFIX_INFO,
  option.ND_OPT_RDNSS,
  option.ND_OPT_DNSSL,
  option.ND_OPT_CAPTIVE_PORTAL,
  option.ND_OPT_PREF64,
]);

function takeOptions({ bytes, in6Dev, options, router }: Received, route: Fib6Route | null): void {
  const own = in6Dev.conf;
  const takesRoutes = own.get(conf.DEVCONF_ACCEPT_RA_RTR_PREF) !== 0 && !isFromHere(in6Dev, router);
  const hasAddress = options.some(({ type }) => type === option.ND_OPT_SOURCE_LL_ADDR);
  for (const each of options) {
    if (each.type === option.ND_OPT_ROUTE_INFO && takesRoutes) takeRouteInfo(in6Dev, router, bytes, each);
  }
  for (const each of options) {
    if (each.type !== option.ND_OPT_PREFIX_INFO || own.get(conf.DEVCONF_ACCEPT_RA_PINFO) === 0) continue;
    const prefix = option.ndPrefixInfo(bytes, each);
    if (prefix !== undefined) takePrefix(in6Dev, prefix, hasAddress);
  }
  const mtu = options.find(({ type }) => type === option.ND_OPT_MTU);
  if (mtu !== undefined && own.get(conf.DEVCONF_ACCEPT_RA_MTU) !== 0) {
    takeMtu(in6Dev, option.ndMtu(bytes, mtu) ?? 0, route);
  }
  const { announcer } = ipNetns(in6Dev.dev.netns).inet;
  for (const { length, start, type } of options) {
    if (!userOptions.has(type)) continue;
    announcer.userOption6(in6Dev.dev, router, bytes.slice(start, start + length));
  }
}

function takeMtu({ conf: own, dev }: In6Device, mtu: number, route: Fib6Route | null): void {
  if (mtu < MIN_MTU6 || mtu > dev.mtu || own.mtu === mtu) return;
  own.mtu = mtu;
  setMetric(route, RTAX_MTU, mtu);
}

/** A host asks for routers: a router knows it from then on (ndisc_recv_rs). Takes ownership. */
export function routerSolicitation(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, start } = frame;
  const in6Dev = in6Device(dev);
  const source = networkHeader + IPV6_SOURCE;
  const isSound =
    ipv6HopLimit(bytes, networkHeader) === nd.ND_HOP_LIMIT &&
    icmpv6Code(bytes, start) === 0 &&
    end - start >= nd.ND_ROUTER_SOLICITATION_SIZE;
  const options = isSound
    ? option.parseNdOptions(bytes, start + nd.ND_ROUTER_SOLICITATION_SIZE, end)
    : undefined;
  if (in6Dev === null || options === undefined) return drop(frame, "bad-header");
  const isProbe = isIpv6Unspecified(bytes, source);
  const holder = options.find(({ type }) => type === option.ND_OPT_SOURCE_LL_ADDR);
  const lladdr = holder === undefined ? undefined : option.ndLinkLayerAddress(bytes, holder);
  if (isProbe && holder !== undefined) return drop(frame, "bad-header");
  if (in6Dev.conf.get(conf.DEVCONF_FORWARDING) !== 0 && !isProbe) {
    const neigh = neighbour6For(ipNetns(dev.netns), dev, bytes, source);
    if (neigh !== null) {
      neighUpdate(neigh, {
        lladdr,
        state: NUD_STALE,
        overrides: true,
        weaklyOverrides: true,
        isRouter: false,
      });
    }
  }
  in6Dev.advertiser?.solicited();
  frame.pool.free(frame);
}
