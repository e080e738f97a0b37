// Segments without a connection to make them: the answer to a SYN, an acknowledgement in TIME-WAIT, a reset for what is nobody's.
//
// Mirrors net/ipv4/tcp_ipv4.c (tcp_v4_send_reset, tcp_v4_send_ack, tcp_v4_send_synack) and net/ipv6/tcp_ipv6.c.

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import { isIpv6LinkLocal, isIpv6Multicast } from "../../bytes/ipv6.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import { TCP_ACK, TCP_ECE, TCP_RST, TCP_SIZE, TCP_SYN } from "../../wire/tcp.ts";
import { TCPOPT_NOP, TCPOPT_TIMESTAMP } from "../../wire/tcp-option.ts";
import type { ReplyOptions } from "../ipv4/options-echo.ts";
import { echoOptions } from "../ipv4/options-echo.ts";
import { Route4, routeOutput } from "../ipv4/route.ts";
import { hopLimitOf } from "../ipv6/icmp-error.ts";
import { ownerOf, Route6, routeOutput6 } from "../ipv6/route.ts";
import { l3mdevIfindex } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import type { EndpointPair } from "./endpoint.ts";
import { advertisedMss } from "./mtu.ts";
import type { Segment } from "./segment.ts";
import type { Agreement } from "./syn-options.ts";
import { pushSynOptions } from "./syn-options.ts";
import { fillRoute4, fillRoute6, sendSegment4, sendSegment6 } from "./transmit.ts";

const headerRoom = IPV6_HEADER_SIZE + 60;
const timestampSize = 12;

/** What a bare segment says. */
export interface BareSegment {
  readonly sequence: number;
  readonly ack: number;
  readonly flags: number;
  /** As it stands in the header. */
  readonly window: number;
  /** The timestamp to send and the one to echo; none without. */
  readonly timestamp?: number | undefined;
  readonly echo?: number | undefined;
}

/** Both ends of something that sends bare segments, and the ways it has found. */
export interface BareSender extends EndpointPair {
  readonly isFour: boolean;
  readonly ifindex: number;
  /** What answers to a segment with options of IPv4 have of them; null: none. */
  readonly options?: ReplyOptions | null;
  route4: Route4 | null;
  route6: Route6 | null;
}

/** Sends a segment without payload; it is lost when there is no memory or no way. */
export function sendBare(ip: IpNetns, sender: BareSender, segment: BareSegment): void {
  if (!findBareWay(ip, sender, 0)) return;
  const frame = emptyFrame(ip);
  if (frame === null) return;
  let options = 0;
  if (segment.timestamp !== undefined) {
    const at = frame.start - timestampSize;
    frame.bytes[at] = TCPOPT_NOP;
    frame.bytes[at + 1] = TCPOPT_NOP;
    frame.bytes[at + 2] = TCPOPT_TIMESTAMP;
    frame.bytes[at + 3] = 10;
    setBe32(frame.bytes, at + 4, segment.timestamp);
    setBe32(frame.bytes, at + 8, segment.echo ?? 0);
    frame.start = at;
    options = timestampSize;
  }
  finish(ip, sender, frame, options, segment, usual);
}

/** What IP says of a segment: the hops it may take, -1 for the usual number, and the type of service. */
interface Service {
  readonly ttl: number;
  readonly tos: number;
}

const usual: Service = { ttl: -1, tos: 0 };

/** What the answer to a SYN offers, the window and the timestamp that it tells. */
interface SynAck {
  readonly offer: Agreement;
  readonly window: number;
  readonly timestamp: number;
}

/** Answers a SYN. */
export function sendSynAck(
  ip: IpNetns,
  sender: BareSender,
  service: Service,
  { offer, timestamp, window }: SynAck,
): void {
  if (!findBareWay(ip, sender, service.tos)) return;
  const frame = emptyFrame(ip);
  if (frame === null) return;
  const options = pushSynOptions(frame, offer, advertisedMss(sender), timestamp);
  const segment = {
    sequence: offer.iss,
    ack: (offer.irs + 1) | 0,
    flags: TCP_SYN | TCP_ACK | (offer.isEcnOk ? TCP_ECE : 0),
    window: Math.min(window, 0xffff),
  };
  finish(ip, sender, frame, options, segment, service);
}

function emptyFrame(ip: IpNetns): Frame | null {
  const frame = ip.inet.machine.frames.alloc(headerRoom);
  if (frame === null) return null;
  frame.start += headerRoom;
  frame.end = frame.start;
  return frame;
}

function findBareWay(ip: IpNetns, sender: BareSender, tos: number): boolean {
  if (sender.isFour) {
    const route = (sender.route4 ??= new Route4());
    fillRoute4(route, sender, sender.ifindex, tos);
    const firstHop = sender.options?.firstHop ?? 0;
    if (firstHop !== 0) route.flow.destination = firstHop;
    return routeOutput(ip, route);
  }
  const route = (sender.route6 ??= new Route6());
  fillRoute6(route, sender, sender.ifindex, tos);
  return routeOutput6(ip, route);
}

function finish(
  ip: IpNetns,
  sender: BareSender,
  frame: Frame,
  options: number,
  segment: BareSegment,
  { tos, ttl }: Service,
): void {
  const { bytes } = frame;
  const at = frame.start - TCP_SIZE;
  setBe16(bytes, at, sender.localPort);
  setBe16(bytes, at + 2, sender.remotePort);
  setBe32(bytes, at + 4, segment.sequence);
  setBe32(bytes, at + 8, segment.ack);
  bytes[at + 12] = (TCP_SIZE + options) << 2;
  bytes[at + 13] = segment.flags;
  setBe16(bytes, at + 14, segment.window);
  setBe16(bytes, at + 18, 0);
  frame.start = at;
  const { route4, route6 } = sender;
  if (route4 !== null && sender.isFour)
    sendSegment4(ip, frame, route4, tos, ttl < 0 ? ip.tunables.defaultTtl : ttl, sender.options ?? null);
  else if (route6 !== null) sendSegment6(ip, frame, route6, tos, ttl < 0 ? hopLimitOf(route6) : ttl);
  else frame.pool.free(frame);
}

/** The ends of a segment that came in, turned around; what is answered by nobody stays in its VRF. */
function senderOf(ip: IpNetns, frame: Frame, dev: Device): BareSender {
  const { bytes, networkHeader, transportHeader } = frame;
  const isFour = (bytes[networkHeader] ?? 0) >>> 4 === 4;
  const source = networkHeader + (isFour ? 12 : IPV6_SOURCE);
  const destination = networkHeader + (isFour ? 16 : IPV6_DESTINATION);
  const length = isFour ? 4 : 16;
  const remote = bytes.slice(source, source + length);
  const needsDevice = !isFour && (isIpv6LinkLocal(remote) || isIpv6Multicast(remote));
  const owner = isFour ? dev : ownerOf(ip, dev, bytes, destination);
  return {
    netns: ip.netns,
    local: bytes.slice(destination, destination + length),
    localPort: ((bytes[transportHeader + 2] ?? 0) << 8) | (bytes[transportHeader + 3] ?? 0),
    remote,
    remotePort: ((bytes[transportHeader] ?? 0) << 8) | (bytes[transportHeader + 1] ?? 0),
    isFour,
    ifindex: needsDevice ? owner.ifindex : l3mdevIfindex(dev),
    route4: null,
    route6: null,
  };
}

/** As senderOf, for the connection that a listener on the device `bound` is asked for (inet_request_bound_dev_if, tcp_v6_init_req). */
export function requesterOf(ip: IpNetns, frame: Frame, dev: Device, bound: number): BareSender {
  const sender = senderOf(ip, frame, dev);
  const isOfLink = !sender.isFour && isIpv6LinkLocal(sender.remote);
  if (isOfLink && (bound === 0 || l3mdevIfindex(dev) !== 0)) return { ...sender, ifindex: dev.ifindex };
  return { ...sender, ifindex: bound !== 0 ? bound : l3mdevIfindex(dev) };
}

/** Tells the sender of a segment that there is no such connection (RFC 9293 3.10.7.1); a reset is never answered. */
export function sendReset(ip: IpNetns, frame: Frame, dev: Device, segment: Segment): void {
  if ((segment.flags & TCP_RST) !== 0) return;
  const hasAck = (segment.flags & TCP_ACK) !== 0;
  const options = echoOptions(ip, frame);
  if (options === "invalid") return;
  sendBare(
    ip,
    { ...senderOf(ip, frame, dev), options },
    {
      sequence: hasAck ? segment.ack : 0,
      ack: hasAck ? 0 : segment.end,
      flags: hasAck ? TCP_RST : TCP_RST | TCP_ACK,
      window: 0,
    },
  );
}
