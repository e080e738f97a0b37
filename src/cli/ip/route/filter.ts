// Which routes `ip route show` and `ip route flush` are about, and which fields a filter makes superfluous: what was asked for
// is not said again.
//
// Facts: ip-route(8), the behaviour of iproute2 6.1.

import type { Route } from "../../../client/route.ts";
import { RT_TABLE_MAIN, RTM_F_CLONED, RTN_LOCAL } from "../../../uapi/rtnetlink.ts";
import { AF_INET6, AF_UNSPEC } from "../../../uapi/socket.ts";
import type { Prefix } from "../../prefix.ts";
import { isInPrefix } from "../../prefix.ts";

/** What is to be shown. Undefined means that it does not matter. */
export interface RouteFilter {
  family: number;
  /** 0 for all tables. */
  table: number;
  /** True for cached routes instead of those in tables; undefined for both. */
  isCached: boolean | undefined;
  protocol: number | undefined;
  scope: number | undefined;
  type: number | undefined;
  tos: number | undefined;
  metric: number | undefined;
  mark: number | undefined;
  oif: number | undefined;
  iif: number | undefined;
  realms: { readonly value: number; readonly mask: number } | undefined;
  via: Prefix | undefined;
  prefsrc: Prefix | undefined;
  /** Destinations within `root`, around `match`; a prefix is exactly what is both. */
  dst: PrefixRange;
  src: PrefixRange;
}

/** A range of prefixes: those within one prefix, and those that another one lies in. */
export interface PrefixRange {
  root: Prefix | undefined;
  match: Prefix | undefined;
}

/** The filter that hides nothing and lets every route of the main table through. */
export function newRouteFilter(family = AF_UNSPEC): RouteFilter {
  return {
    family,
    table: RT_TABLE_MAIN,
    isCached: false,
    protocol: undefined,
    scope: undefined,
    type: undefined,
    tos: undefined,
    metric: undefined,
    mark: undefined,
    oif: undefined,
    iif: undefined,
    realms: undefined,
    via: undefined,
    prefsrc: undefined,
    dst: { root: undefined, match: undefined },
    src: { root: undefined, match: undefined },
  };
}

/** True when the filter lets a route through. */
export function wantsRoute(filter: RouteFilter, route: Route): boolean {
  const isCached = (route.flags & RTM_F_CLONED) !== 0;
  // A kernel without routes of a family lists those of all.
  if (filter.family !== AF_UNSPEC && filter.family !== route.family) return false;
  if (filter.table > 0 && filter.table !== route.table) return false;
  // Without tables, IPv6 told local routes apart by their type alone.
  const { family, type } = route;
  if (filter.table === RT_TABLE_MAIN && family === AF_INET6 && type === RTN_LOCAL) return false;
  if (filter.isCached !== undefined && filter.isCached !== isCached) return false;
  const { value, mask } = filter.realms ?? { value: 0, mask: 0 };
  return (
    isSame(filter.protocol, route.protocol) &&
    isSame(filter.scope, route.scope) &&
    isSame(filter.type, route.type) &&
    isSame(filter.tos, route.tos) &&
    isInRange(filter.dst, route.family, route.dst, route.dstLen) &&
    isInRange(filter.src, route.family, route.src, route.srcLen) &&
    isVia(filter.via, route) &&
    isPreferred(filter.prefsrc, route) &&
    (((route.flow ?? 0) ^ value) & mask) === 0 &&
    isSame(filter.iif, route.iif) &&
    isSame(filter.oif, route.oif) &&
    isSame(filter.mark, route.mark ?? 0) &&
    isSame(filter.metric, route.priority ?? 0)
  );
}

function isSame(wanted: number | undefined, value: number | undefined): boolean {
  return wanted === undefined || wanted === value;
}

function isInRange(
  { root, match }: PrefixRange,
  family: number,
  address: Uint8Array | undefined,
  length: number,
): boolean {
  if (!isOfFamily(root, family) || !isOfFamily(match, family)) return false;
  if (root !== undefined && (root.prefixLength > length || !isInside(root, address))) return false;
  if (match === undefined) return true;
  if (match.prefixLength < length) return false;
  return (
    length === 0 ||
    isInside({ ...match, address: address ?? NO_ADDRESS, prefixLength: length }, match.address)
  );
}

function isVia(via: Prefix | undefined, { family, gateway, via: other }: Route): boolean {
  return isOfFamily(via, other?.family ?? family) && isInside(via, gateway ?? other?.address);
}

function isPreferred(wanted: Prefix | undefined, { family, prefsrc }: Route): boolean {
  return isOfFamily(wanted, family) && isInside(wanted, prefsrc);
}

function isOfFamily(prefix: Prefix | undefined, family: number): boolean {
  return prefix === undefined || prefix.family === AF_UNSPEC || prefix.family === family;
}

const NO_ADDRESS = new Uint8Array(16);

/** True when an address lies in `prefix`; one that was left out is zero. */
function isInside(prefix: Prefix | undefined, address: Uint8Array | undefined): boolean {
  if (prefix === undefined || prefix.prefixLength === 0) return true;
  return isInPrefix(prefix, address ?? NO_ADDRESS.subarray(0, prefix.address.length));
}
