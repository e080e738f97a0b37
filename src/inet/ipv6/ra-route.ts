// Routes that routers tell of: to everywhere by themselves, and to prefixes (RFC 4191).
//
// Mirrors net/ipv6/route.c (rt6_get_dflt_router, rt6_add_dflt_router, rt6_route_rcv, rt6_add_route_info). The kernel lets routers
// make as many routes as they like; here a device has at most maxAdvertised of them.

import { getBe32, getU8 } from "../../bytes/endian.ts";
import { equalsIpv6, ipv6Network } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { ICMPV6_ROUTER_PREF_MEDIUM } from "../../uapi/icmpv6.ts";
import * as conf from "../../uapi/ipv6.ts";
import { NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RT_TABLE_MAIN, RTPROT_RA } from "../../uapi/rtnetlink.ts";
import type { RouterAdvertisement } from "../../wire/nd.ts";
import type { NdOption } from "../../wire/nd-option.ts";
import { l3mdevTable } from "../l3mdev.ts";
import { ipNetns } from "../slots.ts";
import { scheduleLifetimes6 } from "./address-lifetime.ts";
import type { In6Device } from "./device.ts";
import type { Fib6Route } from "./fib.ts";
import { deleteRoute6, insertRoute6 } from "./fib-change.ts";
import { findNode } from "./fib-tree.ts";
import { kernelRoute6, METRIC_USER } from "./route-config.ts";
import { createRoute6 } from "./route-create.ts";

const S = 1_000_000_000;
const forever = 0xffff_ffff;
/** Routes a device may have from advertisements. */
const maxAdvertised = 1_024;
/** Preferences as RFC 4191 spells them; 10b is none. */
const preferenceMask = 3;
const preferenceInvalid = 2;

/** Whether a device has as many advertised routes as it may. */
export function hasTooManyRoutes({ routes }: In6Device): boolean {
  if (routes.size < maxAdvertised) return false;
  let count = 0;
  for (const { isAddrconf } of routes) if (isAddrconf) count++;
  return count >= maxAdvertised;
}

/** Takes the sender of an advertisement for a default router, or no longer; returns the route. */
export function takeDefaultRouter(
  in6Dev: In6Device,
  router: Uint8Array,
  { flags, lifetimeS }: RouterAdvertisement,
): Fib6Route | null {
  const { conf: own, dev } = in6Dev;
  const ip = ipNetns(dev.netns);
  const metric = own.get(conf.DEVCONF_RA_DEFRTR_METRIC) >>> 0;
  const told = (flags >>> 3) & preferenceMask;
  const isTaken = told !== preferenceInvalid && own.get(conf.DEVCONF_ACCEPT_RA_RTR_PREF) !== 0;
  const pref = isTaken ? told : ICMPV6_ROUTER_PREF_MEDIUM;
  let route = findAdvertised(dev, new Uint8Array(16), 0, router);
  if (route !== undefined && (lifetimeS === 0 || route.metric !== metric)) {
    deleteRoute6(ip, route);
    route = undefined;
  }
  if (route === undefined && lifetimeS !== 0) {
    route = addAdvertised(in6Dev, { prefix: new Uint8Array(16), length: 0, router, pref, metric, lifetimeS });
  } else if (route !== undefined && route.pref !== pref) {
    route.pref = pref;
    ip.inet.announcer.route6(ip.netns, "new", route, NLM_F_REPLACE, undefined);
  }
  if (route !== undefined) setLifetime(in6Dev, route, lifetimeS);
  return route ?? null;
}

/** Takes a route information option. */
export function takeRouteInfo(
  in6Dev: In6Device,
  router: Uint8Array,
  bytes: Uint8Array,
  { length: size, start }: NdOption,
): void {
  const { conf: own, dev } = in6Dev;
  const length = getU8(bytes, start + 2);
  const pref = (getU8(bytes, start + 3) >>> 3) & preferenceMask;
  const lifetimeS = getBe32(bytes, start + 4);
  const isWanted =
    (length !== 0 || own.get(conf.DEVCONF_ACCEPT_RA_DEFRTR) !== 0) &&
    (lifetimeS === 0 || lifetimeS >= own.get(conf.DEVCONF_ACCEPT_RA_MIN_LFT)) &&
    length >= own.get(conf.DEVCONF_ACCEPT_RA_RT_INFO_MIN_PLEN) &&
    length <= own.get(conf.DEVCONF_ACCEPT_RA_RT_INFO_MAX_PLEN);
  const units = size / 8;
  const isSound = units <= 3 && length <= 128 && units >= 1 + Math.ceil(length / 64);
  if (!isWanted || !isSound || pref === preferenceInvalid) return;
  const given = new Uint8Array(16);
  given.set(bytes.subarray(start + 8, start + Math.min(size, 24)));
  const prefix = ipv6Network(given, length);
  let route = findAdvertised(dev, prefix, length, router);
  if (route !== undefined && lifetimeS === 0) {
    deleteRoute6(ipNetns(dev.netns), route);
    route = undefined;
  }
  if (route === undefined && lifetimeS !== 0) {
    route = addAdvertised(in6Dev, { prefix, length, router, pref, metric: METRIC_USER, lifetimeS });
  } else if (route !== undefined) route.pref = pref;
  if (route !== undefined) setLifetime(in6Dev, route, lifetimeS);
}

function findAdvertised(
  dev: Device,
  prefix: Uint8Array,
  length: number,
  router: Uint8Array,
): Fib6Route | undefined {
  const table = ipNetns(dev.netns).tables6.get(l3mdevTable(dev) || RT_TABLE_MAIN);
  const node = table === undefined ? undefined : findNode(table, prefix, length);
  return node?.routes.find(
    (route) =>
      route.isAddrconf && route.dev === dev && route.gateway !== null && equalsIpv6(route.gateway, router),
  );
}

interface Advertised {
  readonly prefix: Uint8Array;
  readonly length: number;
  readonly router: Uint8Array;
  readonly pref: number;
  readonly metric: number;
  readonly lifetimeS: number;
}

function addAdvertised(in6Dev: In6Device, asked: Advertised): Fib6Route | undefined {
  if (hasTooManyRoutes(in6Dev)) return undefined;
  const ip = ipNetns(in6Dev.dev.netns);
  try {
    const route = createRoute6(ip, {
      ...kernelRoute6(),
      destination: asked.prefix,
      destinationLength: asked.length,
      table: l3mdevTable(in6Dev.dev) || RT_TABLE_MAIN,
      metric: asked.metric,
      oif: in6Dev.dev.ifindex,
      hasGateway: true,
      gateway: asked.router,
      protocol: RTPROT_RA,
      pref: asked.pref,
      expiresS: asked.lifetimeS === forever ? 0 : asked.lifetimeS,
    });
    route.isAddrconf = true;
    insertRoute6(ip, route);
    return route;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return undefined;
  }
}

function setLifetime(in6Dev: In6Device, route: Fib6Route, lifetimeS: number): void {
  route.expiresNs = lifetimeS === forever ? Number.NaN : in6Dev.dev.machine.clock.now() + lifetimeS * S;
  scheduleLifetimes6(in6Dev);
}
