// Fragments of a packet for this host are put together (RFC 8200 4.5, RFC 5722).
//
// Mirrors net/ipv6/reassembly.c (ipv6_frag_rcv, ip6_frag_queue, ip6_frag_reasm, ip6_frag_expire).

import { ipv6ToText, isIpv6LinkLocal, isIpv6Multicast } from "../../bytes/ipv6.ts";
import { copyMetadata, drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import * as icmp from "../../uapi/icmpv6.ts";
import * as snmp from "../../uapi/snmp.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE, setIpv6PayloadLength } from "../../wire/ipv6.ts";
import { FRAGMENT_SIZE, fragmentId, fragmentPosition, hasMoreFragments } from "../../wire/ipv6-extension.ts";
import type { FragmentQueue } from "../fragments.ts";
import { copyPieces } from "../fragments.ts";
import type { IpNetns } from "../netns.ts";
import { icmp6Send } from "./icmp-error.ts";
import { countIp6 } from "./stats.ts";

const S = 1_000_000_000;
const maxPayload = 65_535;
/** Where an error about a length points: at the payload length of the IPv6 header. */
const lengthPointer = 4;

/**
 * Takes a fragment, whose `start` is at its fragment header and whose `networkHeader` is at its IPv6 header, and returns the
 * whole packet when it was the last that was missing, else null: `start` is then at the IPv6 header, and the byte before the
 * data names the protocol again. `nextHeaderAt` is where the fragment header was named. Takes ownership.
 */
export function reassemble6(ip: IpNetns, frame: Frame, dev: Device, nextHeaderAt: number): Frame | null {
  const { bytes, end, networkHeader, start } = frame;
  countIp6(dev, snmp.IPSTATS_MIB_REASMREQDS);
  if (end - start < FRAGMENT_SIZE) return refuse(ip, frame, dev, start - networkHeader);
  const source = networkHeader + IPV6_SOURCE;
  const destination = networkHeader + IPV6_DESTINATION;
  const isOfLink = isIpv6LinkLocal(bytes, destination) || isIpv6Multicast(bytes, destination);
  const scope = isOfLink ? dev.ifindex : 0;
  const key = `${ipv6ToText(bytes, source)} ${ipv6ToText(bytes, destination)} ${fragmentId(bytes, start)} ${scope}`;
  const { fragment6HighBytes, fragment6TimeS } = ip.tunables;
  const limits = { highBytes: fragment6HighBytes, timeNs: fragment6TimeS * S };
  const queue = ip.fragments6.find(key, dev, limits, (expired) => expire(ip, expired));
  if (queue === undefined) {
    countIp6(dev, snmp.IPSTATS_MIB_REASMFAILS);
    drop(frame, "fragment");
    return null;
  }
  if (!enqueue(ip, queue, frame, dev)) return null;
  return queue.isComplete ? join(ip, queue, nextHeaderAt - networkHeader) : null;
}

/** Tells the sender that a length cannot be. */
function refuse(ip: IpNetns, frame: Frame, dev: Device, pointer: number): null {
  countIp6(dev, snmp.IPSTATS_MIB_INHDRERRORS);
  icmp6Send(ip, frame, icmp.ICMPV6_PARAMPROB, icmp.ICMPV6_HDR_FIELD, pointer);
  drop(frame, "bad-header");
  return null;
}

/** Puts the fragment into its queue; false when it was dropped, or all of them. */
function enqueue(ip: IpNetns, queue: FragmentQueue, frame: Frame, dev: Device): boolean {
  const { bytes, networkHeader, start } = frame;
  const offset = fragmentPosition(bytes, start);
  const end = offset + frame.end - start - FRAGMENT_SIZE;
  if (end + start - networkHeader - IPV6_HEADER_SIZE > maxPayload) {
    refuse(ip, frame, dev, start + 2 - networkHeader);
    return false;
  }
  if (hasMoreFragments(bytes, start)) {
    if ((end & 7) !== 0) {
      refuse(ip, frame, dev, lengthPointer);
      return false;
    }
    if (end > queue.length) {
      if (queue.hasLast) return giveUp(ip, queue, frame, dev);
      queue.length = end;
    }
  } else {
    if (end < queue.length || (queue.hasLast && end !== queue.length)) return giveUp(ip, queue, frame, dev);
    queue.hasLast = true;
    queue.length = end;
  }
  if (end === offset) return giveUp(ip, queue, frame, dev);
  const insertion = queue.insert(frame, offset, end);
  if (insertion === "duplicate") {
    drop(frame, "fragment");
    return false;
  }
  if (insertion === "overlap") {
    countIp6(dev, snmp.IPSTATS_MIB_REASM_OVERLAPS);
    return giveUp(ip, queue, frame, dev);
  }
  queue.dev = dev;
  ip.fragments6.account(queue, frame);
  return true;
}

function giveUp(ip: IpNetns, queue: FragmentQueue, frame: Frame, dev: Device): false {
  countIp6(dev, snmp.IPSTATS_MIB_REASMFAILS);
  ip.fragments6.remove(queue);
  queue.drop("fragment");
  drop(frame, "fragment");
  return false;
}

/** The whole packet: the first fragment's headers without the fragment header, and all data behind them. */
function join(ip: IpNetns, queue: FragmentQueue, nextHeaderAt: number): Frame | null {
  ip.fragments6.remove(queue);
  const first = queue.pieces[0]?.frame;
  const headerLength = first === undefined ? 0 : first.start - first.networkHeader;
  const size = headerLength + queue.length;
  const fits = size - IPV6_HEADER_SIZE <= maxPayload;
  const whole = fits ? (first?.pool.alloc(size) ?? null) : null;
  if (first === undefined || whole === null) {
    countIp6(queue.dev, snmp.IPSTATS_MIB_REASMFAILS);
    queue.drop("fragment");
    return null;
  }
  const { bytes } = first;
  const at = whole.start;
  copyMetadata(first, whole, at - first.networkHeader);
  whole.dev = queue.dev;
  whole.end = at + size;
  whole.checksum = CHECKSUM_NONE;
  whole.networkHeader = at;
  whole.macHeader = at;
  bytes.copyWithin(at, first.networkHeader, first.start);
  bytes[at + nextHeaderAt] = bytes[first.start] ?? 0;
  copyPieces(queue, bytes, at + headerLength);
  setIpv6PayloadLength(bytes, at, size - IPV6_HEADER_SIZE);
  whole.start = at + headerLength;
  for (const { frame } of queue.pieces) frame.pool.free(frame);
  countIp6(queue.dev, snmp.IPSTATS_MIB_REASMOKS);
  return whole;
}

/** Time is up: the sender is told if the beginning is there to tell it about. */
function expire(ip: IpNetns, queue: FragmentQueue): void {
  ip.fragments6.remove(queue);
  countIp6(queue.dev, snmp.IPSTATS_MIB_REASMFAILS);
  countIp6(queue.dev, snmp.IPSTATS_MIB_REASMTIMEOUT);
  const first = queue.takeFirst();
  if (first !== null) {
    first.dev = queue.dev;
    icmp6Send(ip, first, icmp.ICMPV6_TIME_EXCEED, icmp.ICMPV6_EXC_FRAGTIME, 0);
    drop(first, "fragment");
  }
  queue.drop("fragment");
}
