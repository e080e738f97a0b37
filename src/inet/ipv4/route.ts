// The way of a packet that this host sends: source address, device, next hop.
//
// Mirrors net/ipv4/route.c (ip_route_output_key_hash_rcu, __mkroute_output, find_exception).

import {
  isIpv4LimitedBroadcast,
  isIpv4LocalMulticast,
  isIpv4Loopback,
  isIpv4Multicast,
  isIpv4ZeroNet,
} from "../../bytes/ipv4.ts";
import type { Device } from "../../net/netdevice.ts";
import type { ErrnoName } from "../../uapi/errno.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { INADDR_LOOPBACK, IPPROTO_IGMP } from "../../uapi/in.ts";
import { IPV4_DEVCONF_ROUTE_LOCALNET } from "../../uapi/ip.ts";
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RTAX_MTU,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
} from "../../uapi/rtnetlink.ts";
import { l3mdevIfindex, l3mdevMaster } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { hasInet } from "../slots.ts";
import { allowsSource } from "../source-filter.ts";
import { InDevice } from "./device.ts";
import type { FibAlias, FibInfo } from "./fib.ts";
import { FibResult, Flow4 } from "./fib.ts";
import { fibLookup, selectPath } from "./fib-lookup.ts";
import type { FibNexthop } from "./fib-nexthop.ts";
import { selectSource, sourceOf } from "./source.ts";

/** Largest packet any device is given (IP_MAX_MTU). */
const maxMtu = 65_535;

/** A way that was found (struct rtable). One object serves many packets: a look-up overwrites all of it. */
export class Route4 {
  /** RTN_UNICAST: on by `dev`; RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST. */
  type = RTN_UNICAST;
  /** The device to leave by; the loopback for the host's own addresses. */
  dev: Device | null = null;
  /** The next hop, in one of the families. */
  nexthop = 0;
  nexthop6: Uint8Array | null = null;
  /** A gateway is used, not the destination itself. */
  hasGateway = false;
  source = 0;
  /** The next hop is one that a redirect told (RTCF_REDIRECTED); the packet should not have come this way (IPSKB_DOREDIRECT). */
  isRedirected = false;
  isDetour = false;
  /** Largest packet in bytes. */
  mtu = 0;
  /** The host gets the packet itself too. */
  isLocal = false;
  /** The route behind it; null when it was made up. */
  alias: FibAlias | null = null;
  /** Why there is none; "" when there is one. */
  error: ErrnoName | "" = "";
  readonly flow = new Flow4();
  readonly result = new FibResult();
}

/** Finds the way to `flow.destination`, from `flow.source` (0: to be chosen), by `flow.oif` (0: any); false: `error` says why. */
export function routeOutput(ip: IpNetns, route: Route4): boolean {
  const { flow } = route;
  route.error = "";
  route.alias = null;
  route.source = flow.source;
  const out = flow.oif === 0 ? undefined : ip.netns.devices.get(flow.oif);
  flow.l3mdev = out === undefined ? 0 : l3mdevIfindex(out);
  const isGroup = isIpv4Multicast(flow.destination) || isIpv4LimitedBroadcast(flow.destination);
  if (flow.source !== 0) {
    if (isIpv4Multicast(flow.source) || isIpv4LimitedBroadcast(flow.source)) return fail(route, "EINVAL");
    const own = ip.addresses4.get(flow.source | 0)?.[0];
    if (own === undefined && !ip.isIntercepting) return fail(route, "ENETUNREACH");
    if (own !== undefined && flow.oif === 0 && isGroup)
      return makeRoute(ip, route, RTN_UNICAST, own.dev, null);
  }
  if (flow.oif !== 0) {
    const dev = ip.netns.devices.get(flow.oif);
    if (dev === undefined) return fail(route, "ENODEV");
    if ((dev.flags & IFF_UP) === 0 || !hasInet(dev)) return fail(route, "ENETUNREACH");
    const staysHere = isIpv4LocalMulticast(flow.destination) || isIpv4LimitedBroadcast(flow.destination);
    if (staysHere || flow.protocol === IPPROTO_IGMP) {
      if (route.source === 0) route.source = selectSource(ip, dev, 0, RT_SCOPE_LINK);
      return makeRoute(ip, route, RTN_UNICAST, dev, null);
    }
    if (route.source === 0 && isGroup) route.source = selectSource(ip, dev, 0, flow.scope);
    if (route.source === 0 && flow.destination === 0) route.source = selectSource(ip, dev, 0, RT_SCOPE_HOST);
  }
  if (flow.destination === 0) {
    if (route.source === 0) route.source = INADDR_LOOPBACK;
    flow.destination = route.source;
    return makeRoute(ip, route, RTN_LOCAL, ip.netns.loopback, null);
  }
  return lookUp(ip, route);
}

function lookUp(ip: IpNetns, route: Route4): boolean {
  const { flow, result } = route;
  if (!fibLookup(ip, flow, result)) {
    if (flow.oif === 0 || flow.l3mdev !== 0)
      return fail(route, result.error === "" ? "ENETUNREACH" : result.error);
    // The tables are wrong, as the sender names the device: the destination is on that link.
    const dev = ip.netns.devices.get(flow.oif) ?? null;
    if (route.source === 0) route.source = selectSource(ip, dev, 0, RT_SCOPE_LINK);
    return makeRoute(ip, route, RTN_UNICAST, dev, null);
  }
  if (result.type === RTN_LOCAL) {
    if (route.source === 0) route.source = result.alias?.info.prefsrc || flow.destination;
    const own = result.nexthop?.dev;
    const back = own === null || own === undefined ? null : l3mdevMaster(own);
    return makeRoute(ip, route, RTN_LOCAL, back ?? ip.netns.loopback, result.alias);
  }
  selectPath(ip, flow, result);
  if (route.source === 0) route.source = sourceOf(ip, result);
  return makeRoute(ip, route, result.type, result.nexthop?.dev ?? null, result.alias);
}

function fail(route: Route4, error: ErrnoName): boolean {
  route.error = error;
  route.dev = null;
  return false;
}

function makeRoute(
  ip: IpNetns,
  route: Route4,
  type: number,
  dev: Device | null,
  alias: FibAlias | null,
): boolean {
  const { flow } = route;
  if (dev === null) return fail(route, "ENETUNREACH");
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0;
  if (isIpv4Loopback(route.source) && !isLoopback && !routesLocalnet(ip, dev)) return fail(route, "EINVAL");
  route.dev = dev;
  route.isLocal = isLoopback;
  if (isIpv4LimitedBroadcast(flow.destination)) route.type = RTN_BROADCAST;
  else if (isIpv4Multicast(flow.destination)) route.type = RTN_MULTICAST;
  else if (isIpv4ZeroNet(flow.destination)) return fail(route, "EINVAL");
  else route.type = type;
  let used = alias;
  if (route.type === RTN_BROADCAST) {
    route.isLocal = true;
    used = null;
  } else if (route.type === RTN_MULTICAST) {
    route.isLocal = dev.ip instanceof InDevice && isGroupMember(dev.ip, flow.destination);
    // Without a route of their own groups take the default one's device, not its gateway.
    if (alias !== null && alias.prefixLength < 4) used = null;
  }
  setNexthop(ip, route, used === null ? null : route.result.nexthop, flow.destination);
  route.alias = used;
  route.mtu = mtuOf(dev, used?.info ?? null);
  if (!ip.pathMtus4.isEmpty && !isLoopback) {
    const path = ip.pathMtus4.get(flow.destination);
    if (path !== undefined) route.mtu = Math.min(route.mtu, path.mtu);
  }
  return true;
}

/** Where the packet goes next: the gateway if there is one, or that of which it has told; else its destination. */
export function setNexthop(
  ip: IpNetns,
  route: Route4,
  nexthop: FibNexthop | null,
  destination: number,
): void {
  route.isRedirected = false;
  route.isDetour = false;
  route.nexthop6 = nexthop?.gateway6 ?? null;
  route.hasGateway = nexthop !== null && nexthop.gatewayFamily !== 0;
  route.nexthop = route.hasGateway && nexthop !== null ? nexthop.gateway : destination;
  if (ip.redirects4.isEmpty || !route.hasGateway || route.nexthop6 !== null) return;
  const shorter = ip.redirects4.get(destination | 0);
  if (shorter === undefined || shorter.via !== route.nexthop || shorter.dev !== route.dev) return;
  route.nexthop = shorter.gateway;
  route.isRedirected = true;
}

/** The largest packet for a route by a device: what the route says, else what the device takes. */
export function mtuOf(dev: Device, info: FibInfo | null): number {
  const own = info === null || info.metrics === null ? 0 : (info.metrics.get(RTAX_MTU) ?? 0);
  return own !== 0 ? own : Math.min(dev.mtu, maxMtu);
}

/** Whether 127/8 may be sent and received by a device that is no loopback. */
export function routesLocalnet(ip: IpNetns, dev: Device): boolean {
  if ((ip.all4[IPV4_DEVCONF_ROUTE_LOCALNET] ?? 0) !== 0) return true;
  return dev.ip instanceof InDevice && dev.ip.conf.get(IPV4_DEVCONF_ROUTE_LOCALNET) !== 0;
}

/** Whether the host is in a group on a device. */
function isGroupMember(inDev: InDevice, group: number): boolean {
  return inDev.groups?.has(group | 0) === true;
}

/** The device that makes the host a member of a group for what comes in on one: that one, or its VRF; null: neither (ip_route_input_rcu). */
export function groupDevice(inDev: InDevice, group: number): InDevice | null {
  if (isGroupMember(inDev, group)) return inDev;
  const vrf = l3mdevMaster(inDev.dev);
  return vrf?.ip instanceof InDevice && isGroupMember(vrf.ip, group) ? vrf.ip : null;
}

/** Whether the host listens on a device to what `bytes[source]` sends to a group (ip_check_mc_rcu). */
export function hearsGroup(inDev: InDevice, group: number, bytes: Uint8Array, source: number): boolean {
  const filters = inDev.groups?.get(group | 0);
  return filters !== undefined && allowsSource(filters.merged, bytes, source);
}
