// Redirects: a router tells a sender on its own link that there is a shorter way, and a host that hears so takes it for that
// destination (RFC 1122 3.2.2.2, RFC 1812 5.2.7.2).
//
//   host ──packet──▶ router ──packet, by the same device──▶ other router
//        ◀─redirect──
//
// Mirrors net/ipv4/route.c (ip_rt_send_redirect, __mkroute_input, __ip_do_redirect) and net/ipv4/icmp.c (icmp_redirect).

import { isIpv4LimitedBroadcast, isIpv4Multicast, isIpv4ZeroNet } from "../../bytes/ipv4.ts";
import type { Frame } from "../../net/netdevice.ts";
import { ICMP_REDIR_HOST, ICMP_REDIR_HOSTTOS, ICMP_REDIRECT } from "../../uapi/icmp.ts";
import * as conf from "../../uapi/ip.ts";
import { RT_SCOPE_HOST, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import { icmpCode, icmpRest, icmpType } from "../../wire/icmp.ts";
import { ipv4Destination, ipv4Source, ipv4Tos } from "../../wire/ipv4.ts";
import { NUD_VALID } from "../neigh/neighbour.ts";
import { neighEventSend } from "../neigh/timer.ts";
import type { IpNetns } from "../netns.ts";
import { inDevice } from "../slots.ts";
import { addressType } from "./address-type.ts";
import type { InDevice } from "./device.ts";
import type { FibResult } from "./fib.ts";
import { icmpSend } from "./icmp-error.ts";
import { neighbourFor } from "./neighbour.ts";
import { Route4, routeOutput } from "./route.ts";
import { isOnLink } from "./source.ts";

/**
 * Whether a packet that came in on `inDev`, and goes the way `route` says, should have taken a shorter one: its sender is a
 * neighbour, as the way `back` says, and the next hop is one of its neighbours too.
 */
export function isDetour(
  ip: IpNetns,
  inDev: InDevice,
  source: number,
  route: Route4,
  back: FibResult,
): boolean {
  if (route.dev !== inDev.dev || route.nexthop6 !== null) return false;
  if (!isEither(ip, inDev, conf.IPV4_DEVCONF_SEND_REDIRECTS)) return false;
  const { nexthop } = back;
  if (back.error !== "" || nexthop === null || nexthop.scope < RT_SCOPE_HOST) return false;
  const gateway = route.hasGateway ? route.nexthop : 0;
  return isEither(ip, inDev, conf.IPV4_DEVCONF_SHARED_MEDIA) || isOnLink(inDev, source, gateway);
}

/** Tells the sender of a packet, which stays the caller's, of the shorter way; not too often (ip_rt_send_redirect). */
export function sendRedirect(ip: IpNetns, frame: Frame, route: Route4): void {
  const source = ipv4Source(frame.bytes, frame.networkHeader);
  if (!ip.redirects4.maySend(source | 0)) return;
  icmpSend(ip, frame, ICMP_REDIRECT, ICMP_REDIR_HOST, route.nexthop, route.type);
}

/** Takes a redirect about a packet of this host's, whose header is at `inner` (__ip_do_redirect). */
export function takeRedirect(ip: IpNetns, frame: Frame, inner: number): void {
  const { bytes, dev, networkHeader, start } = frame;
  const inDev = dev === null ? null : inDevice(dev);
  if (dev === null || inDev === null || icmpType(bytes, start) !== ICMP_REDIRECT) return;
  if (icmpCode(bytes, start) > ICMP_REDIR_HOSTTOS) return;
  const [gateway, teller] = [icmpRest(bytes, start), ipv4Source(bytes, networkHeader)];
  if (gateway === teller || !acceptsRedirects(ip, inDev) || !isGateway(ip, inDev, gateway, teller)) return;
  const route = new Route4();
  route.flow.destination = ipv4Destination(bytes, inner);
  route.flow.source = ipv4Source(bytes, inner);
  route.flow.tos = ipv4Tos(bytes, inner);
  const isTheirs = routeOutput(ip, route) && route.dev === dev && route.hasGateway && route.nexthop6 === null;
  // Only who is asked for the way now may tell of another.
  if (!isTheirs || route.nexthop >>> 0 !== teller >>> 0) return;
  const neigh = neighbourFor(ip, dev, gateway);
  if (neigh === null) return;
  if ((neigh.state & NUD_VALID) === 0) {
    neighEventSend(neigh, null);
    return;
  }
  const own = route.result.nexthop?.gateway ?? 0;
  ip.redirects4.learn(route.flow.destination | 0, { gateway, via: own, dev });
  ip.routeGeneration++;
}

/** Whether either setting says so, that of all or the device's own (IN_DEV_ORCONF). */
function isEither(ip: IpNetns, inDev: InDevice, index: number): boolean {
  return (ip.all4[index] ?? 0) !== 0 || inDev.conf.get(index) !== 0;
}

/** A router takes redirects only if both settings say so (IN_DEV_RX_REDIRECTS). */
function acceptsRedirects(ip: IpNetns, inDev: InDevice): boolean {
  const index = conf.IPV4_DEVCONF_ACCEPT_REDIRECTS;
  if (inDev.conf.get(conf.IPV4_DEVCONF_FORWARDING) === 0) return isEither(ip, inDev, index);
  return (ip.all4[index] ?? 0) !== 0 && inDev.conf.get(index) !== 0;
}

/** Whether an address may be the gateway that a redirect names. */
function isGateway(ip: IpNetns, inDev: InDevice, gateway: number, teller: number): boolean {
  if (isIpv4Multicast(gateway) || isIpv4LimitedBroadcast(gateway) || isIpv4ZeroNet(gateway)) return false;
  if (isEither(ip, inDev, conf.IPV4_DEVCONF_SHARED_MEDIA)) return addressType(ip, gateway) === RTN_UNICAST;
  if (!isOnLink(inDev, gateway, teller)) return false;
  return !isEither(ip, inDev, conf.IPV4_DEVCONF_SECURE_REDIRECTS) || isDefaultGateway(ip, inDev, gateway);
}

/** Whether a route to everywhere leads over the gateway (ip_fib_check_default). */
function isDefaultGateway(ip: IpNetns, inDev: InDevice, gateway: number): boolean {
  for (const table of ip.tables.values()) {
    for (const alias of table.aliases()) {
      const leads = alias.info.nexthops.some(
        (each) => each.dev === inDev.dev && each.gateway >>> 0 === gateway >>> 0,
      );
      if (leads) return true;
    }
  }
  return false;
}
