// `netns.route`: the routes of a namespace.

import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../uapi/socket.ts";
import { addressBytes, addressText, familyOf, prefixBytes } from "./address-text.ts";
import type { DeviceName, NetnsSockets } from "./netns-sockets.ts";
import { ifindexOf } from "./netns-sockets.ts";
import type { Route, RouteRequest } from "./route.ts";
import { deleteRoute, dumpRoutes, lookUpRoute, putRoute, type ROUTE_FLAGS } from "./route.ts";

/** A route as it is asked for. */
export interface RouteOptions {
  /** "10.0.0.0/24", "2001:db8::/32" or "default", whose family is that of `via` or else IPv4. */
  readonly dst: string;
  /** The next hop. */
  readonly via?: string | undefined;
  readonly dev?: DeviceName | undefined;
  /** The source address for packets of this host. */
  readonly src?: string | undefined;
  readonly metric?: number | undefined;
  /** RT_TABLE_MAIN by default. */
  readonly table?: number | undefined;
  /** RTN_*; unicast by default. */
  readonly type?: number | undefined;
  /** RT_SCOPE_*; by default host for local routes, link for those without a next hop. */
  readonly scope?: number | undefined;
  /** RTPROT_*; boot by default. */
  readonly protocol?: number | undefined;
  readonly mtu?: number | undefined;
  /** True when the next hop need not be in a connected prefix. */
  readonly onlink?: boolean | undefined;
}

/** A route as it is listed: numbers as the kernel has them, addresses as text. */
export interface RouteEntry
  extends Pick<Route, "family" | "table" | "protocol" | "scope" | "type" | "flags" | "tos"> {
  /** A prefix, or "default". */
  readonly dst: string;
  readonly via: string | undefined;
  readonly ifindex: number | undefined;
  readonly src: string | undefined;
  readonly metric: number | undefined;
}

/** The routes of one namespace. Refusals reject with a NetlinkError. */
export class RouteApi {
  readonly #netns: NetnsSockets;

  constructor(netns: NetnsSockets) {
    this.#netns = netns;
  }

  /** Puts a route in; EEXIST if there is one like it. */
  add(route: RouteOptions): Promise<void> {
    return this.#put("add", route);
  }

  /** Puts a route in, in place of one like it if there is one. */
  replace(route: RouteOptions): Promise<void> {
    return this.#put("replace", route);
  }

  /** Takes a route out; ESRCH if there is none like it. */
  async del(route: RouteOptions): Promise<void> {
    const { type = 0, scope = rt.RT_SCOPE_NOWHERE, protocol = 0 } = route;
    const request = await this.#request(route);
    await deleteRoute(this.#netns.rtnl, { ...request, type, scope, protocol });
  }

  /** Asks which way a packet to `dst` goes; ENETUNREACH if there is none. */
  async get(dst: string, from?: string): Promise<RouteEntry> {
    const destination = addressBytes(dst);
    const route = await lookUpRoute(this.#netns.rtnl, {
      family: familyOf(destination),
      dst: destination,
      src: from === undefined ? undefined : addressBytes(from),
      flags: rt.RTM_F_LOOKUP_TABLE,
    });
    return entryOf(route);
  }

  /** Lists the routes of a table, the main one unless told: both families, or the one asked for. */
  async list(filter: { readonly family?: number; readonly table?: number } = {}): Promise<RouteEntry[]> {
    const { family, table = rt.RT_TABLE_MAIN } = filter;
    const families = family === undefined ? [AF_INET, AF_INET6] : [family];
    const client = this.#netns.rtnl;
    const lists = await Promise.all(families.map((one) => dumpRoutes(client, { family: one, table })));
    // A kernel without strict checking lists all tables.
    return lists
      .flat()
      .filter((route) => route.table === table)
      .map(entryOf);
  }

  async #put(verb: keyof typeof ROUTE_FLAGS, route: RouteOptions): Promise<void> {
    await putRoute(this.#netns.rtnl, verb, await this.#request(route));
  }

  async #request(route: RouteOptions): Promise<RouteRequest> {
    const { type = rt.RTN_UNICAST, table = rt.RT_TABLE_MAIN, metric: priority, mtu } = route;
    const gateway = route.via === undefined ? undefined : addressBytes(route.via);
    const dst = route.dst === "default" ? undefined : prefixBytes(route.dst);
    return {
      family: dst ? familyOf(dst.address) : gateway ? familyOf(gateway) : AF_INET,
      dst: dst?.address,
      dstLen: dst?.prefixlen ?? 0,
      gateway,
      oif: route.dev === undefined ? undefined : await ifindexOf(this.#netns, route.dev),
      prefsrc: route.src === undefined ? undefined : addressBytes(route.src),
      priority,
      table,
      type,
      scope: route.scope ?? defaultScope(type, gateway !== undefined),
      protocol: route.protocol ?? rt.RTPROT_BOOT,
      flags: route.onlink === true ? rt.RTNH_F_ONLINK : 0,
      metrics: mtu === undefined ? undefined : { mtu },
    };
  }
}

/** The scope of a route whose scope was not said, as iproute2 chooses it. */
function defaultScope(type: number, hasGateway: boolean): number {
  if (type === rt.RTN_LOCAL || type === rt.RTN_NAT) return rt.RT_SCOPE_HOST;
  const isDirect = type === rt.RTN_UNICAST && !hasGateway;
  const isToMany = type === rt.RTN_BROADCAST || type === rt.RTN_MULTICAST || type === rt.RTN_ANYCAST;
  return isDirect || isToMany ? rt.RT_SCOPE_LINK : rt.RT_SCOPE_UNIVERSE;
}

/** A route as it is listed. */
export function entryOf(route: Route): RouteEntry {
  const { family, table, protocol, scope, type, flags, tos, dst, dstLen, gateway, via, prefsrc } = route;
  const hop = gateway ?? via?.address;
  return {
    family,
    dst: dst === undefined ? "default" : `${addressText(dst)}/${dstLen}`,
    via: hop && addressText(hop),
    ifindex: route.oif,
    src: prefsrc && addressText(prefsrc),
    metric: route.priority,
    table,
    protocol,
    scope,
    type,
    flags,
    tos,
  };
}
