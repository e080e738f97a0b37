// An IPv4 packet comes in: its header must be sound, then routing says where it goes.
//
// Mirrors net/ipv4/ip_input.c (ip_rcv, ip_rcv_core, ip_rcv_finish) and net/ipv4/route.c (ip_error). Omitted: early
// demultiplexing.

import { checksumAdd } from "../../bytes/checksum.ts";
import { isIpv4Multicast } from "../../bytes/ipv4.ts";
import { RX_OTHERHOST_DROPPED } from "../../net/counters.ts";
import { count } from "../../net/device.ts";
import type { DropReason } from "../../net/drop-reason.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmp.ts";
import { PACKET_HOST, PACKET_LOOPBACK, PACKET_OTHERHOST } from "../../uapi/if_packet.ts";
import { IPPROTO_IGMP } from "../../uapi/in.ts";
import * as conf from "../../uapi/ip.ts";
import { RTN_BROADCAST, RTN_MULTICAST, RTN_UNICAST, RTN_UNREACHABLE } from "../../uapi/rtnetlink.ts";
import {
  IPV4_SIZE,
  ipv4Destination,
  ipv4Protocol,
  ipv4Source,
  ipv4Tos,
  ipv4TotalLength,
} from "../../wire/ipv4.ts";
import type { IpNetns } from "../netns.ts";
import { dissect4, forgetPorts } from "../rules/dissect.ts";
import { inDevice, ipNetns } from "../slots.ts";
import type { InDevice } from "./device.ts";
import { FibResult, Flow4 } from "./fib.ts";
import { ipForward } from "./forward.ts";
import { icmpSend } from "./icmp-error.ts";
import { ipLocalDeliver } from "./input.ts";
import { compileOptions, Ipv4Options } from "./options.ts";
import { followSourceRoute } from "./options-forward.ts";
import { groupDevice, hearsGroup, Route4 } from "./route.ts";
import type { SourceCheck } from "./route-input.ts";
import { routeInput } from "./route-input.ts";

/** Offset of the source address in a header. */
const sourceOffset = 12;

/** Receives IPv4 packets; what it works with is made once. */
export class Ipv4Receiver {
  readonly #route = new Route4();
  readonly #check: SourceCheck = { flow: new Flow4(), result: new FibResult() };

  /** Takes a frame of ETH_P_IP, whose `start` is at the IPv4 header (ip_rcv). Takes ownership. */
  receive(frame: Frame, dev: Device): void {
    if (frame.packetType === PACKET_OTHERHOST) {
      count(dev, RX_OTHERHOST_DROPPED, 1);
      return drop(frame, "otherhost");
    }
    const fault = checkHeader(frame);
    if (fault !== "") return drop(frame, fault);
    const inDev = inDevice(dev);
    if (inDev === null) return drop(frame, "not-for-us");
    frame.networkHeader = frame.start;
    frame.control = null;
    if (dev.master !== null) dev.master.ops.l3Receive?.(dev.master, frame);
    this.#finish(ipNetns(dev.netns), frame, inDev);
  }

  #finish(ip: IpNetns, frame: Frame, inDev: InDevice): void {
    const { bytes, start } = frame;
    const { dev } = inDev;
    const route = this.#route;
    const source = ipv4Source(bytes, start);
    const destination = ipv4Destination(bytes, start);
    route.flow.mark = frame.mark;
    if (ip.looksDeep4) dissect4(bytes, start, frame.end, route.flow);
    else forgetPorts(route.flow);
    // This host's own copy of what it sent to many was routed when it was sent.
    if (frame.packetType === PACKET_LOOPBACK) keepHere(route, dev, destination);
    else if (!routeInput(ip, inDev, source, destination, ipv4Tos(bytes, start), route, this.#check)) {
      if (route.error === "EINVAL" || route.error === "EXDEV") return drop(frame, "bad-source");
      route.type = RTN_UNREACHABLE;
      if (bytes[start] !== 0x45 && !this.#acceptsOptions(ip, frame, inDev, route)) return;
      return reject(ip, frame, inDev, route);
    }
    if (bytes[start] !== 0x45 && !this.#acceptsOptions(ip, frame, inDev, route)) return;
    if (!route.isLocal) {
      if (!ip.isIntercepting || frame.packetType !== PACKET_HOST) return ipForward(ip, frame, route);
      return ipLocalDeliver(ip, frame, dev, route.type);
    }
    if (route.type === RTN_MULTICAST && !isHeard(inDev, frame)) return drop(frame, "not-for-us");
    if (frame.packetType === PACKET_LOOPBACK) frame.packetType = PACKET_HOST;
    else if (frame.packetType !== PACKET_HOST && route.type === RTN_UNICAST && dropsGroupUnicast(ip, inDev)) {
      return drop(frame, "bad-destination");
    }
    ipLocalDeliver(ip, frame, dev, route.type);
  }

  /** Reads and fills in the options (ip_rcv_options); false when the packet was dropped for them. */
  #acceptsOptions(ip: IpNetns, frame: Frame, inDev: InDevice, route: Route4): boolean {
    if (!frame.pool.writable(frame)) {
      drop(frame, "no-memory");
      return false;
    }
    const options = new Ipv4Options();
    frame.control = options;
    const fault = compileOptions(ip, frame, inDev.dev, route.type, options);
    if (fault >= 0) icmpSend(ip, frame, icmp.ICMP_PARAMETERPROB, 0, (fault << 24) >>> 0, route.type);
    else if (options.sourceRoute === 0) return true;
    else if (
      followsSourceRoutes(ip, inDev) &&
      followSourceRoute(ip, frame, inDev, options, route, this.#check)
    ) {
      return true;
    }
    drop(frame, "bad-header");
    return false;
  }
}

/** What is wrong with the header, "" if nothing is; cuts off what is behind the packet (ip_rcv_core). */
function checkHeader(frame: Frame): DropReason | "" {
  const { bytes, start, end } = frame;
  if (end - start < IPV4_SIZE) return "bad-header";
  const first = bytes[start] ?? 0;
  const headerLength = (first & 0xf) * 4;
  if (first >>> 4 !== 4 || headerLength < IPV4_SIZE || start + headerLength > end) return "bad-header";
  if (checksumAdd(bytes, start, start + headerLength) !== 0xffff) return "bad-checksum";
  const length = ipv4TotalLength(bytes, start);
  if (length < headerLength || start + length > end) return "bad-header";
  frame.end = start + length;
  return "";
}

/** A packet to many stays here, whoever sent it. */
function keepHere(route: Route4, dev: Device, destination: number): void {
  route.type = isIpv4Multicast(destination) ? RTN_MULTICAST : RTN_BROADCAST;
  route.isLocal = true;
  route.dev = dev;
  route.error = "";
  route.alias = null;
}

/** There is no way for the packet: its sender is told if this host is a router, and not too often (ip_error). */
function reject(ip: IpNetns, frame: Frame, inDev: InDevice, route: Route4): void {
  if (inDev.conf.get(conf.IPV4_DEVCONF_FORWARDING) === 0) return drop(frame, "not-for-us");
  const code = unreachableCode(route.error);
  if (code >= 0 && ip.limits.allowNoWay(ipv4Source(frame.bytes, frame.networkHeader))) {
    icmpSend(ip, frame, icmp.ICMP_DEST_UNREACH, code, 0, RTN_UNREACHABLE);
  }
  drop(frame, "no-route");
}

function unreachableCode(error: Route4["error"]): number {
  switch (error) {
    case "EHOSTUNREACH":
      return icmp.ICMP_HOST_UNREACH;
    case "ENETUNREACH":
      return icmp.ICMP_NET_UNREACH;
    case "EACCES":
      return icmp.ICMP_PKT_FILTERED;
    default:
      return -1;
  }
}

/** Whether source routes are followed: only where both the device and all say so. */
function followsSourceRoutes(ip: IpNetns, inDev: InDevice): boolean {
  const index = conf.IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE;
  return (ip.all4[index] ?? 0) !== 0 && inDev.conf.get(index) !== 0;
}

/** Whether a packet for this host alone is refused in a frame for many. */
function dropsGroupUnicast(ip: IpNetns, inDev: InDevice): boolean {
  const index = conf.IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST;
  return (ip.all4[index] ?? 0) !== 0 || inDev.conf.get(index) !== 0;
}

/** Whether somebody listens to the sender of a packet to a group; routers are always heard (ip_check_mc_rcu). */
function isHeard(inDev: InDevice, { bytes, start }: Frame): boolean {
  if (ipv4Protocol(bytes, start) === IPPROTO_IGMP) return true;
  const group = ipv4Destination(bytes, start);
  const member = groupDevice(inDev, group);
  return member !== null && hearsGroup(member, group, bytes, start + sourceOffset);
}
