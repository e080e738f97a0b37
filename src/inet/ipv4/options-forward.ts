// A packet with options goes on: the next hop of its source route becomes its destination, and the address it leaves by is
// recorded where that was asked for (RFC 791 3.1, RFC 1812 5.2.4).
//
// Mirrors net/ipv4/ip_options.c (ip_options_rcv_srr, ip_forward_options) and net/ipv4/route.c (ip_rt_get_source).

import { getBe32, setBe32 } from "../../bytes/endian.ts";
import type { Frame } from "../../net/netdevice.ts";
import { ICMP_PARAMETERPROB } from "../../uapi/icmp.ts";
import { PACKET_HOST } from "../../uapi/if_packet.ts";
import { RT_SCOPE_UNIVERSE, RTN_LOCAL, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import {
  IPV4_DESTINATION,
  ipv4Destination,
  ipv4Source,
  ipv4Tos,
  updateIpv4Checksum,
} from "../../wire/ipv4.ts";
import type { IpNetns } from "../netns.ts";
import type { InDevice } from "./device.ts";
import { FibResult, Flow4 } from "./fib.ts";
import { fibLookup } from "./fib-lookup.ts";
import { icmpSend } from "./icmp-error.ts";
import type { Ipv4Options } from "./options.ts";
import type { Route4 } from "./route.ts";
import type { SourceCheck } from "./route-input.ts";
import { routeInput } from "./route-input.ts";
import { selectSource, sourceOf } from "./source.ts";

/** The offset of the destination address in a header, which a strict route that was left is answered with. */
const destinationOffset = 16;

/**
 * Follows the source route of a received packet, whose `start` is at its header, as far as this host is on it: `route` is then
 * the way to the next hop. False when the packet is to be dropped; its sender has been told.
 */
export function followSourceRoute(
  ip: IpNetns,
  frame: Frame,
  inDev: InDevice,
  options: Ipv4Options,
  route: Route4,
  check: SourceCheck,
): boolean {
  const { bytes, start } = frame;
  if (frame.packetType !== PACKET_HOST) return false;
  const { type } = route;
  if (type === RTN_UNICAST) {
    if (options.isStrict) parameterProblem(ip, frame, destinationOffset, type);
    return !options.isStrict;
  }
  if (type !== RTN_LOCAL) return false;
  const at = start + options.sourceRoute;
  const length = bytes[at + 1] ?? 0;
  for (let pointer = bytes[at + 2] ?? 0; pointer <= length; pointer += 4) {
    if (pointer + 3 > length) {
      parameterProblem(ip, frame, options.sourceRoute + 2, route.type);
      return false;
    }
    const nexthop = getBe32(bytes, at + pointer - 1);
    if (!routeInput(ip, inDev, ipv4Source(bytes, start), nexthop, ipv4Tos(bytes, start), route, check)) {
      return false;
    }
    if (route.type === RTN_UNICAST) {
      options.isHit = true;
      options.nexthop = nexthop;
      options.isChanged = true;
      return true;
    }
    if (route.type !== RTN_LOCAL) return false;
    // One of this host's own: as if it had been sent there.
    setBe32(bytes, start + IPV4_DESTINATION, nexthop);
    options.isChanged = true;
  }
  return true;
}

function parameterProblem(ip: IpNetns, frame: Frame, pointer: number, routeType: number): void {
  icmpSend(ip, frame, ICMP_PARAMETERPROB, 0, (pointer << 24) >>> 0, routeType);
}

/** Completes the options of a packet that is forwarded the way `route` says, whose bytes are its own, and its checksum. */
export function forwardOptions(ip: IpNetns, frame: Frame, options: Ipv4Options, route: Route4): void {
  const { bytes, start } = frame;
  if (options.needsRecord) {
    const at = start + options.record;
    setBe32(bytes, at + (bytes[at + 2] ?? 0) - 5, recordedSource(ip, frame, route));
    options.isChanged = true;
  }
  if (options.isHit) leaveByNexthop(ip, frame, options, route);
  // Linux does so for packets with a source route alone.
  if (options.isHit && options.needsAddress) {
    const at = start + options.timestamp;
    setBe32(bytes, at + (bytes[at + 2] ?? 0) - 9, recordedSource(ip, frame, route));
    options.isChanged = true;
  }
  if (options.isChanged) updateIpv4Checksum(bytes, start);
  options.isChanged = false;
}

/** The next hop becomes the destination; in its place the route has the address that the packet leaves by. */
function leaveByNexthop(ip: IpNetns, frame: Frame, options: Ipv4Options, route: Route4): void {
  const { bytes, start } = frame;
  const at = start + options.sourceRoute;
  const length = bytes[at + 1] ?? 0;
  setBe32(bytes, start + IPV4_DESTINATION, options.nexthop);
  for (let pointer = bytes[at + 2] ?? 0; pointer + 3 <= length; pointer += 4) {
    if (getBe32(bytes, at + pointer - 1) !== options.nexthop) continue;
    setBe32(bytes, at + pointer - 1, recordedSource(ip, frame, route));
    bytes[at + 2] = pointer + 4;
    options.isChanged = true;
    return;
  }
}

/** The address by which a router that forwards a packet is known where it goes (ip_rt_get_source). */
function recordedSource(ip: IpNetns, frame: Frame, route: Route4): number {
  const { bytes, start } = frame;
  const flow = new Flow4();
  const result = new FibResult();
  flow.destination = ipv4Destination(bytes, start);
  flow.source = ipv4Source(bytes, start);
  flow.tos = ipv4Tos(bytes, start);
  flow.oif = route.dev?.ifindex ?? 0;
  flow.iif = frame.dev?.ifindex ?? 0;
  flow.mark = frame.mark;
  if (fibLookup(ip, flow, result)) return sourceOf(ip, result);
  return selectSource(ip, route.dev, route.nexthop, RT_SCOPE_UNIVERSE);
}
