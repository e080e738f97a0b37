// The options of a received packet: they must make sense; routes and times that are asked for are written into them at once, as
// far as they are known before it is clear where the packet goes.
//
// Mirrors net/ipv4/ip_options.c (__ip_options_compile, fib_compute_spec_dst) and include/net/inet_sock.h (struct ip_options).
// What forwarding adds is in options-forward.ts, what goes back to the sender in options-echo.ts. Omitted: CIPSO labels.

import { getBe32, setBe32 } from "../../bytes/endian.ts";
import { isIpv4ZeroNet } from "../../bytes/ipv4.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE, RTN_LOCAL, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import { IPV4_SIZE, ipv4Destination, ipv4HeaderLength, ipv4Source, ipv4Tos } from "../../wire/ipv4.ts";
import * as option from "../../wire/ipv4-option.ts";
import { l3mdevIfindex } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import { addressType } from "./address-type.ts";
import { FibResult, Flow4 } from "./fib.ts";
import { fibLookup } from "./fib-lookup.ts";
import { selectSource, sourceOf } from "./source.ts";

/** Hosts that found no room are counted in four bits. */
const maxOverflows = 15;
const nsPerMs = 1_000_000n;
const msPerDay = 86_400_000n;

/**
 * What is known of the options of one packet (struct ip_options). Only packets that have some have one, as `control` of their
 * frame. Offsets are from the header's first byte; 0: no such option.
 */
export class Ipv4Options {
  record = 0;
  timestamp = 0;
  sourceRoute = 0;
  isStrict = false;
  /** The source route has a next hop, `nexthop`, which the packet is on its way to. */
  isHit = false;
  nexthop = 0;
  /** Whoever forwards the packet is to write its address into the record, or beside the time. */
  needsRecord = false;
  needsAddress = false;
  /** Whoever answers is to write the time. */
  needsTime = false;
  /** The header's checksum is not right any more. */
  isChanged = false;
}

/** The options of a packet that was received; null when it has none (IPCB). */
export function optionsOf(frame: Frame): Ipv4Options | null {
  return frame.control instanceof Ipv4Options ? frame.control : null;
}

/** The time as hosts tell each other: milliseconds since midnight UT (inet_current_timestamp). */
export function millisecondsOfDay(ip: IpNetns): number {
  const { clock } = ip.inet.machine;
  return Number((clock.epochNs / nsPerMs + BigInt(Math.floor(clock.now() / 1e6))) % msPerDay);
}

/**
 * The address that a host answers a packet from, which `frame.networkHeader` is at: the one it was sent to if it was for this
 * host alone, which `isLocal` says, else the one that it speaks to the sender with. 0: none.
 */
function specificDestination(ip: IpNetns, frame: Frame, dev: Device, isLocal: boolean): number {
  const { bytes, networkHeader } = frame;
  if (isLocal) return ipv4Destination(bytes, networkHeader);
  const source = ipv4Source(bytes, networkHeader);
  if (isIpv4ZeroNet(source)) return selectSource(ip, dev, source, RT_SCOPE_LINK);
  const flow = new Flow4();
  const result = new FibResult();
  flow.destination = source;
  flow.tos = ipv4Tos(bytes, networkHeader);
  // In a VRF the sender is somebody of that one.
  flow.oif = flow.l3mdev = l3mdevIfindex(dev);
  if (fibLookup(ip, flow, result)) return sourceOf(ip, result);
  return selectSource(ip, dev, source, RT_SCOPE_UNIVERSE);
}

/**
 * Reads the options of a packet, whose `start` is at a header that is longer than the least one and whose bytes are its own,
 * and writes into them. `routeType` (RTN_*) is how the packet was routed. Returns the offset of a fault; -1 when there is none.
 */
export function compileOptions(
  ip: IpNetns,
  frame: Frame,
  dev: Device,
  routeType: number,
  options: Ipv4Options,
): number {
  const { bytes, start } = frame;
  const end = start + ipv4HeaderLength(bytes, start);
  // Looked for when the first option asks for it.
  let own = -1;
  const ownAddress = (): number => {
    if (own < 0) own = specificDestination(ip, frame, dev, routeType === RTN_LOCAL);
    return own;
  };
  for (let at = start + IPV4_SIZE; at < end; ) {
    const type = bytes[at] ?? option.IPOPT_END;
    if (type === option.IPOPT_END) {
      clear(bytes, at + 1, end, options);
      return -1;
    }
    if (type === option.IPOPT_NOOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? (bytes[at + 1] ?? 0) : 0;
    if (length < 2 || at + length > end) return at - start;
    const fault = compileOption(ip, bytes, { at, start, type, length }, options, ownAddress);
    if (fault >= 0) return at - start + fault;
    at += length;
  }
  return -1;
}

/** What is behind the end of the list is nothing. */
function clear(bytes: Uint8Array, from: number, end: number, options: Ipv4Options): void {
  for (let at = from; at < end; at++) {
    if (bytes[at] === option.IPOPT_END) continue;
    bytes[at] = option.IPOPT_END;
    options.isChanged = true;
  }
}

/** One option, inside the header at `start`. */
interface Place {
  readonly at: number;
  readonly start: number;
  readonly type: number;
  readonly length: number;
}

/** Reads one option; the offset of what is wrong inside it, -1 when it is well. */
function compileOption(
  ip: IpNetns,
  bytes: Uint8Array,
  place: Place,
  options: Ipv4Options,
  ownAddress: () => number,
): number {
  switch (place.type) {
    case option.IPOPT_SSRR:
    case option.IPOPT_LSRR:
      return compileSourceRoute(bytes, place, options);
    case option.IPOPT_RR:
      return compileRecord(bytes, place, options, ownAddress);
    case option.IPOPT_TIMESTAMP:
      return compileTimestamp(ip, bytes, place, options, ownAddress);
    case option.IPOPT_RA:
      return place.length < 4 ? 1 : -1;
    default:
      return -1;
  }
}

function compileSourceRoute(bytes: Uint8Array, { at, length, start, type }: Place, options: Ipv4Options) {
  if (length < 3) return 1;
  if ((bytes[at + 2] ?? 0) < 4) return 2;
  if (options.sourceRoute !== 0) return 0;
  options.isStrict = type === option.IPOPT_SSRR;
  options.sourceRoute = at - start;
  return -1;
}

function compileRecord(
  bytes: Uint8Array,
  { at, length, start }: Place,
  options: Ipv4Options,
  ownAddress: () => number,
): number {
  const pointer = bytes[at + 2] ?? 0;
  if (options.record !== 0) return 0;
  if (length < 3) return 1;
  if (pointer < 4) return 2;
  if (pointer <= length) {
    if (pointer + 3 > length) return 2;
    setBe32(bytes, at + pointer - 1, ownAddress());
    bytes[at + 2] = pointer + 4;
    options.isChanged = true;
    options.needsRecord = true;
  }
  options.record = at - start;
  return -1;
}

function compileTimestamp(
  ip: IpNetns,
  bytes: Uint8Array,
  { at, length, start }: Place,
  options: Ipv4Options,
  ownAddress: () => number,
): number {
  if (options.timestamp !== 0) return 0;
  if (length < 4) return 1;
  const pointer = bytes[at + 2] ?? 0;
  if (pointer < 5) return 2;
  const kind = bytes[at + 3] ?? 0;
  const flags = kind & 0xf;
  if (pointer > length) {
    if (flags !== option.IPOPT_TS_PRESPEC) {
      // Full: hosts that found no room are counted.
      if (kind >>> 4 === maxOverflows) return 3;
      bytes[at + 3] = kind + 0x10;
      options.isChanged = true;
    }
    options.timestamp = at - start;
    return -1;
  }
  const hasAddress = flags === option.IPOPT_TS_TSANDADDR || flags === option.IPOPT_TS_PRESPEC;
  if (pointer + (hasAddress ? 7 : 3) > length) return 2;
  options.timestamp = at - start;
  const entry = at + pointer - 1;
  if (flags === option.IPOPT_TS_PRESPEC) {
    if (addressType(ip, getBe32(bytes, entry)) === RTN_UNICAST) return -1;
  } else if (flags === option.IPOPT_TS_TSANDADDR) {
    setBe32(bytes, entry, ownAddress());
    options.needsAddress = true;
  } else if (flags !== option.IPOPT_TS_TSONLY) return -1;
  setBe32(bytes, entry + (hasAddress ? 4 : 0), millisecondsOfDay(ip));
  bytes[at + 2] = pointer + (hasAddress ? 8 : 4);
  options.needsTime = true;
  options.isChanged = true;
  return -1;
}
