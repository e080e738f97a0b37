// RTM_GETROUTE for one IPv4 destination: what way a packet would take, or with RTM_F_FIB_MATCH which route it is.
//
// Mirrors net/ipv4/route.c (inet_rtm_valid_getroute_req, inet_rtm_getroute, rt_fill_info) with their errno and texts.
// Omitted: multicast routing.

import type { Request } from "../af_netlink/handler.ts";
import { getBe32 } from "../bytes/endian.ts";
import { FibResult, Flow4 } from "../inet/ipv4/fib.ts";
import { Route4, routeOutput } from "../inet/ipv4/route.ts";
import { routeInput } from "../inet/ipv4/route-input.ts";
import type { IpNetns } from "../inet/netns.ts";
import { inDevice, ipNetns } from "../inet/slots.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid, NetlinkError, noDevice } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { attributeOf } from "../netlink/parsed.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IPPROTO_ICMP } from "../uapi/in.ts";
import {
  RTCF_BROADCAST,
  RTCF_DOREDIRECT,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTCF_REDIRECTED,
} from "../uapi/in_route.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET } from "../uapi/socket.ts";
import {
  expiryOf,
  packetProtocol,
  putMetrics,
  putRouteCacheinfo,
  putRtmsg,
  readRtmsg,
  withPathMtu,
} from "./route-msg.ts";
import type { RouteAttributes4 } from "./route4-config.ts";
import { routePolicy4 } from "./route4-config.ts";
import { fillRoute4, putIpv4, putVia6 } from "./route4-fill.ts";

const allowed: ReadonlySet<number> = new Set([
  rt.RTA_IIF,
  rt.RTA_OIF,
  rt.RTA_SRC,
  rt.RTA_DST,
  rt.RTA_IP_PROTO,
  rt.RTA_SPORT,
  rt.RTA_DPORT,
  rt.RTA_MARK,
  rt.RTA_UID,
]);

/** The question, decoded. */
interface Question {
  readonly destination: number;
  readonly source: number;
  readonly iif: number;
  readonly oif: number;
  readonly tos: number;
  readonly flags: number;
  readonly mark: number;
  readonly uid: number | undefined;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
}

/** Answers RTM_GETROUTE. */
export function getRoute4(request: Request): void {
  const question = questionOf(request, parse(request));
  const { netns, origin } = request;
  const ip = ipNetns(netns);
  const route = new Route4();
  const input = question.iif === 0 ? undefined : inputDevice(request, question.iif);
  const isFound = input === undefined ? output(ip, question, route) : cameIn(ip, input, question, route);
  if (!isFound) throw new NetlinkError(route.error === "" ? "EHOSTUNREACH" : route.error);
  const table = tableOf(ip, question, route);
  request.reply((writer) => {
    writer.begin(rt.RTM_NEWROUTE, 0, origin.seq, origin.portId);
    if ((question.flags & rt.RTM_F_FIB_MATCH) !== 0) fillMatch(writer, route, table);
    else fillWay(ip, writer, question, route, table, input);
    writer.end();
  });
}

function inputDevice({ netns }: Request, iif: number): Device {
  const dev = netns.devices.get(iif);
  if (dev === undefined) throw noDevice();
  return dev;
}

function output(ip: IpNetns, question: Question, route: Route4): boolean {
  const { flow } = route;
  flow.destination = question.destination;
  flow.source = question.source;
  flow.oif = question.oif;
  flow.tos = question.tos;
  setKey(flow, question);
  return routeOutput(ip, route);
}

/** What rules and hashes look at. */
function setKey(flow: Flow4, { dport, mark, protocol, sport, uid = 0 }: Question): void {
  flow.mark = mark;
  flow.uid = uid;
  flow.protocol = protocol;
  flow.sport = sport;
  flow.dport = dport;
}

/** The way of a packet that came in on `dev`. */
function cameIn(ip: IpNetns, dev: Device, question: Question, route: Route4): boolean {
  const inDev = inDevice(dev);
  if (inDev === null) return false;
  const { destination, source, tos } = question;
  setKey(route.flow, question);
  return routeInput(ip, inDev, source, destination, tos, route, {
    flow: new Flow4(),
    result: new FibResult(),
  });
}

/** The table that is told: that of the route when asked for. Local and main count as one, by the latter's name. */
function tableOf(ip: IpNetns, { flags }: Question, { result }: Route4): number {
  if ((flags & rt.RTM_F_LOOKUP_TABLE) === 0) return rt.RT_TABLE_MAIN;
  const table = result.alias?.table;
  if (table === undefined) return 0;
  return table === ip.local && !ip.rules4.isCustom ? rt.RT_TABLE_MAIN : table.id;
}

function fillMatch(writer: MessageWriter, { result }: Route4, table: number): void {
  if (result.alias === null) throw new NetlinkError("EHOSTUNREACH");
  fillRoute4(writer, result.alias, table);
}

/** Writes the way itself (rt_fill_info). */
function fillWay(
  ip: IpNetns,
  writer: MessageWriter,
  question: Question,
  route: Route4,
  table: number,
  input: Device | undefined,
): void {
  putRtmsg(writer, {
    family: AF_INET,
    destinationLength: 32,
    sourceLength: question.source === 0 ? 0 : 32,
    tos: route.result.alias?.tos ?? 0,
    table,
    protocol: rt.RTPROT_UNSPEC,
    scope: rt.RT_SCOPE_UNIVERSE,
    type: route.type,
    flags: cacheFlags(route) | rt.RTM_F_CLONED | (question.flags & rt.RTM_F_NOTIFY),
  });
  putIpv4(writer, rt.RTA_DST, question.destination);
  if (question.source !== 0) putIpv4(writer, rt.RTA_SRC, question.source);
  // What came in for this host leaves by its loopback.
  const out = input !== undefined && route.isLocal ? input.netns.loopback : route.dev;
  if (out !== null) writer.u32(rt.RTA_OIF, out.ifindex);
  if (input === undefined && route.source !== 0 && route.source !== question.source) {
    putIpv4(writer, rt.RTA_PREFSRC, route.source);
  }
  if (route.nexthop6 !== null) putVia6(writer, route.nexthop6);
  else if (route.hasGateway && route.nexthop !== 0) putIpv4(writer, rt.RTA_GATEWAY, route.nexthop);
  const info = route.alias?.info;
  const path = input === undefined ? ip.pathMtus4.get(question.destination) : undefined;
  putMetrics(writer, withPathMtu(info?.metrics ?? null, path), info?.congestion);
  if (question.mark !== 0) writer.u32(rt.RTA_MARK, question.mark);
  if (question.uid !== undefined) writer.u32(rt.RTA_UID, question.uid);
  if (input !== undefined) writer.u32(rt.RTA_IIF, input.ifindex);
  const told = path ?? (route.isRedirected ? ip.redirects4.get(question.destination | 0) : undefined);
  putRouteCacheinfo(writer, expiryOf(ip, told), 0);
}

/** RTCF_* of a way. */
function cacheFlags({ isDetour, isLocal, isRedirected, type }: Route4): number {
  const local =
    (isLocal ? RTCF_LOCAL : 0) | (isRedirected ? RTCF_REDIRECTED : 0) | (isDetour ? RTCF_DOREDIRECT : 0);
  if (type === rt.RTN_BROADCAST) return RTCF_BROADCAST | local;
  return type === rt.RTN_MULTICAST ? RTCF_MULTICAST | local : local;
}

/** Parses the request, strictly when asked for. */
function parse({ message, sender }: Request): RouteAttributes4 {
  if (message.bytes.length < NLMSG_HDRLEN + rt.RTMSG_SIZE)
    throw refused("Invalid header for route get request");
  if (!sender.isStrict) return parseMessage(message, rt.RTMSG_SIZE, routePolicy4);
  const header = readRtmsg(message);
  const isPartial = (length: number) => length !== 0 && length !== 32;
  const others = header.table | header.protocol | header.scope | header.type;
  if (isPartial(header.sourceLength) || isPartial(header.destinationLength) || others !== 0) {
    throw refused("Invalid values in header for route get request");
  }
  if ((header.flags & ~(rt.RTM_F_NOTIFY | rt.RTM_F_LOOKUP_TABLE | rt.RTM_F_FIB_MATCH)) !== 0) {
    throw refused("Unsupported rtm_flags for route get request");
  }
  const attrs = parseMessage(message, rt.RTMSG_SIZE, routePolicy4, "no-unknown");
  const isIncomplete =
    (attrs.src !== undefined && header.sourceLength === 0) ||
    (attrs.dst !== undefined && header.destinationLength === 0);
  if (isIncomplete) throw refused("rtm_src_len and rtm_dst_len must be 32 for IPv4");
  for (const { type } of message.attributes(rt.RTMSG_SIZE)) {
    if (!allowed.has(type)) throw refused("Unsupported attribute in route get request");
  }
  return attrs;
}

function questionOf({ message }: Request, attrs: RouteAttributes4): Question {
  const header = readRtmsg(message);
  const address = (name: "src" | "dst") => {
    const attribute = attributeOf(attrs, name);
    return attribute === undefined ? 0 : getBe32(attribute.bytes, attribute.start);
  };
  const iif = attrs.iif ?? 0;
  return {
    destination: address("dst"),
    source: address("src"),
    iif,
    oif: attrs.oif ?? 0,
    tos: header.tos,
    flags: header.flags,
    mark: attrs.mark ?? 0,
    // Who asks is root as far as routing can tell; a packet that came in has no owner.
    uid: attrs.uid ?? (iif === 0 ? 0 : undefined),
    protocol: packetProtocol(attrs.ipProto, IPPROTO_ICMP),
    sport: attrs.sport ?? 0,
    dport: attrs.dport ?? 0,
  };
}

function refused(text: string): NetlinkError {
  return invalid(`ipv4: ${text}`);
}
