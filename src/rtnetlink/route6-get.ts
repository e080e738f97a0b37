// RTM_GETROUTE for one IPv6 destination: what way a packet would take, or with RTM_F_FIB_MATCH which route it is.
//
// Mirrors net/ipv6/route.c (inet6_rtm_valid_getroute_req, inet6_rtm_getroute, rt6_fill_node for a look-up) with their errno
// and texts.

import type { Request } from "../af_netlink/handler.ts";
import { equalsIpv6, ipv6ToText } from "../bytes/ipv6.ts";
import type { Fib6Route } from "../inet/ipv6/fib.ts";
import { lookUpInput6, Route6, routeOutput6 } from "../inet/ipv6/route.ts";
import { isRejectType } from "../inet/ipv6/route-create.ts";
import { selectSource6 } from "../inet/ipv6/source.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";
import {
  expiryOf,
  packetProtocol,
  putMetrics,
  putRouteCacheinfo,
  putRtmsg,
  readRtmsg,
  withPathMtu,
} from "./route-msg.ts";
import type { RouteAttributes6 } from "./route6-config.ts";
import { addressIn, routePolicy6 } from "./route6-config.ts";
import { expiresIn, fillRoute6 } from "./route6-fill.ts";

const allowed: ReadonlySet<number> = new Set([
  rt.RTA_SRC,
  rt.RTA_DST,
  rt.RTA_IIF,
  rt.RTA_OIF,
  rt.RTA_MARK,
  rt.RTA_UID,
  rt.RTA_SPORT,
  rt.RTA_DPORT,
  rt.RTA_IP_PROTO,
]);

/** Answers RTM_GETROUTE: why there is no way, when there is none. */
export function getRoute6(request: Request): void {
  const attrs = parse(request);
  const { netns, origin } = request;
  const { flags, tos } = readRtmsg(request.message);
  const ip = ipNetns(netns);
  const route = new Route6();
  route.destination.set(addressIn(attrs.dst));
  route.source.set(addressIn(attrs.src));
  route.oif = attrs.oif ?? 0;
  route.lookup.trafficClass = tos;
  setKey(route, attrs);
  const input = attrs.iif === undefined || attrs.iif === 0 ? undefined : deviceOf(request, attrs.iif);
  if (input === undefined) routeOutput6(ip, route);
  else lookUpInput6(ip, input, concatenated(route), 0, 16, route);
  const found = route.route;
  // A source to speak from is not asked for.
  const { error } = route;
  if (error !== "" && error !== "EADDRNOTAVAIL" && !isCircle(found)) throw new NetlinkError(error);
  if (found === null) throw new NetlinkError("ENETUNREACH");
  request.reply((writer) => {
    writer.begin(rt.RTM_NEWROUTE, 0, origin.seq, origin.portId);
    if ((flags & rt.RTM_F_FIB_MATCH) !== 0) fillRoute6(writer, request.machine, found.whole ?? found);
    else fillWay(writer, request, route, attrs, input);
    writer.end();
  });
}

/** What rules and hashes look at. */
function setKey({ lookup }: Route6, attrs: RouteAttributes6): void {
  const { dport = 0, ipProto, mark = 0, sport = 0, uid = 0 } = attrs;
  lookup.mark = mark;
  lookup.uid = uid;
  lookup.protocol = packetProtocol(ipProto, IPPROTO_ICMPV6);
  lookup.sport = sport;
  lookup.dport = dport;
}

/** A route by the loopback that is refused only when packets take it (ip6_rt_init_dst_reject). */
function isCircle(route: Fib6Route | null): boolean {
  return route?.isReject === true && route.object === null && !isRejectType(route.type);
}

function deviceOf({ netns }: Request, ifindex: number): Device {
  const dev = netns.devices.get(ifindex);
  if (dev === undefined) throw noDevice();
  return dev;
}

/** Source and destination one behind the other, as in a packet. */
function concatenated({ source, destination }: Route6): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(source, 0);
  bytes.set(destination, 16);
  return bytes;
}

/** Writes the way itself (rt6_fill_node with a dst). */
function fillWay(
  writer: MessageWriter,
  { machine, netns }: Request,
  route: Route6,
  attrs: RouteAttributes6,
  input: Device | undefined,
): void {
  const { dev, route: found } = route;
  if (found === null) return;
  const ip = ipNetns(netns);
  const path = input === undefined ? ip.pathMtus6.get(ipv6ToText(route.destination)) : undefined;
  putRtmsg(writer, {
    family: AF_INET6,
    destinationLength: 128,
    sourceLength: 128,
    tos: 0,
    table: found.table.id,
    protocol: found.protocol,
    scope: rt.RT_SCOPE_UNIVERSE,
    type: found.type,
    flags: route.isRedirected || path !== undefined ? rt.RTM_F_CLONED : 0,
  });
  writer.binary(rt.RTA_DST, route.destination);
  // Kernels with source-specific routes show the source even when none was named.
  writer.binary(rt.RTA_SRC, addressIn(attrs.src));
  if (input !== undefined) writer.u32(rt.RTA_IIF, input.ifindex);
  else {
    const source = found.prefsrc ?? selectSource6(ipNetns(netns), found.dev, route.destination);
    if (source !== undefined) writer.binary(rt.RTA_PREFSRC, source);
  }
  // Once more when it is the route's own, as on Linux.
  if (found.prefsrc !== null) writer.binary(rt.RTA_PREFSRC, found.prefsrc);
  putMetrics(writer, withPathMtu(found.metrics, path), found.congestion);
  writer.u32(rt.RTA_PRIORITY, found.metric);
  const isGone = route.isRedirected && equalsIpv6(route.nexthop, route.destination);
  const gateway = route.isRedirected ? route.nexthop : found.gateway;
  if (gateway !== null && !isGone) writer.binary(rt.RTA_GATEWAY, gateway);
  const out = dev ?? found.dev;
  if (out !== null) writer.u32(rt.RTA_OIF, out.ifindex);
  putRouteCacheinfo(writer, path === undefined ? expiresIn(machine, found) : expiryOf(ip, path), 0);
  writer.u8(rt.RTA_PREF, found.pref);
}

/** Parses the request, strictly when asked for. */
function parse({ message, sender }: Request): RouteAttributes6 {
  if (message.bytes.length < NLMSG_HDRLEN + rt.RTMSG_SIZE)
    throw refused("Invalid header for get route request");
  if (!sender.isStrict) return parseMessage(message, rt.RTMSG_SIZE, routePolicy6);
  const header = readRtmsg(message);
  const isPartial = (length: number) => length !== 0 && length !== 128;
  const others = header.table | header.protocol | header.scope | header.type;
  if (isPartial(header.sourceLength) || isPartial(header.destinationLength) || others !== 0) {
    throw refused("Invalid values in header for get route request");
  }
  if ((header.flags & ~rt.RTM_F_FIB_MATCH) !== 0) throw refused("Invalid flags for get route request");
  const attrs = parseMessage(message, rt.RTMSG_SIZE, routePolicy6, "no-unknown");
  const isIncomplete =
    (attrs.src !== undefined && header.sourceLength === 0) ||
    (attrs.dst !== undefined && header.destinationLength === 0);
  if (isIncomplete) throw refused("rtm_src_len and rtm_dst_len must be 128 for IPv6");
  for (const { type } of message.attributes(rt.RTMSG_SIZE)) {
    if (!allowed.has(type)) throw refused("Unsupported attribute in get route request");
  }
  return attrs;
}

function refused(text: string): NetlinkError {
  return invalid(`ipv6: ${text}`);
}
