// Fragments of a packet for this host are put together (RFC 791 3.2, RFC 815).
//
// Mirrors net/ipv4/ip_fragment.c (ip_defrag, ip_frag_queue, ip_frag_reasm, ip_expire). Omitted: ipfrag_max_dist.

import { copyMetadata, drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { CHECKSUM_NONE } from "../../net/netdevice.ts";
import { ICMP_EXC_FRAGTIME, ICMP_TIME_EXCEEDED } from "../../uapi/icmp.ts";
import { RTN_LOCAL } from "../../uapi/rtnetlink.ts";
import * as wire from "../../wire/ipv4.ts";
import type { FragmentQueue } from "../fragments.ts";
import { copyPieces } from "../fragments.ts";
import type { IpNetns } from "../netns.ts";
import { icmpSend } from "./icmp-error.ts";

const S = 1_000_000_000;
const maxPacket = 65_535;

/**
 * Takes a fragment, whose `start` is at its IPv4 header, and returns the whole packet when it was the last that was missing,
 * else null. Takes ownership of the fragment; the packet is the caller's.
 */
export function reassemble4(ip: IpNetns, frame: Frame, dev: Device): Frame | null {
  const { bytes, start } = frame;
  const source = wire.ipv4Source(bytes, start);
  const destination = wire.ipv4Destination(bytes, start);
  const key = `${source} ${destination} ${wire.ipv4Id(bytes, start)} ${wire.ipv4Protocol(bytes, start)}`;
  const { fragmentHighBytes, fragmentTimeS } = ip.tunables;
  const limits = { highBytes: fragmentHighBytes, timeNs: fragmentTimeS * S };
  const queue = ip.fragments4.find(key, dev, limits, (expired) => expire(ip, expired));
  if (queue === undefined) {
    drop(frame, "fragment");
    return null;
  }
  if (!enqueue(ip, queue, frame, dev)) return null;
  return queue.isComplete ? join(ip, queue) : null;
}

/** Puts the fragment into its queue; false when it was dropped, or all of them. */
function enqueue(ip: IpNetns, queue: FragmentQueue, frame: Frame, dev: Device): boolean {
  const { bytes, start } = frame;
  const headerLength = wire.ipv4HeaderLength(bytes, start);
  const word = wire.ipv4Fragment(bytes, start);
  const offset = (word & wire.IP_OFFSET) * 8;
  let end = offset + frame.end - start - headerLength;
  if ((word & wire.IP_MF) === 0) {
    if (end < queue.length || (queue.hasLast && end !== queue.length)) return giveUp(ip, queue, frame);
    queue.hasLast = true;
    queue.length = end;
  } else {
    if ((end & 7) !== 0) {
      frame.end -= end & 7;
      end &= ~7;
    }
    if (end > queue.length) {
      if (queue.hasLast) return giveUp(ip, queue, frame);
      queue.length = end;
    }
  }
  if (end === offset) return giveUp(ip, queue, frame);
  const insertion = queue.insert(frame, offset, end);
  if (insertion === "duplicate") {
    drop(frame, "fragment");
    return false;
  }
  if (insertion === "overlap") return giveUp(ip, queue, frame);
  queue.dev = dev;
  queue.ecnSeen |= 1 << (wire.ipv4Tos(bytes, start) & 3);
  queue.maxSize = Math.max(queue.maxSize, frame.end - start);
  if ((word & wire.IP_DF) !== 0) queue.maxDfSize = Math.max(queue.maxDfSize, frame.end - start);
  ip.fragments4.account(queue, frame);
  return true;
}

function giveUp(ip: IpNetns, queue: FragmentQueue, frame: Frame): false {
  ip.fragments4.remove(queue);
  queue.drop("fragment");
  drop(frame, "fragment");
  return false;
}

/** The whole packet: the first fragment's header, and all data behind it. */
function join(ip: IpNetns, queue: FragmentQueue): Frame | null {
  ip.fragments4.remove(queue);
  const first = queue.pieces[0]?.frame;
  const ecn = joinEcn(queue.ecnSeen);
  const headerLength = first === undefined ? 0 : wire.ipv4HeaderLength(first.bytes, first.start);
  const size = headerLength + queue.length;
  const whole = size > maxPacket || ecn === undefined ? null : (first?.pool.alloc(size) ?? null);
  if (first === undefined || whole === null) {
    queue.drop("fragment");
    return null;
  }
  const { bytes } = first;
  const at = whole.start;
  copyMetadata(first, whole, at - first.start);
  whole.dev = queue.dev;
  whole.end = at + size;
  whole.checksum = CHECKSUM_NONE;
  bytes.copyWithin(at, first.start, first.start + headerLength);
  copyPieces(queue, bytes, at + headerLength);
  // A packet that was sent in pieces although none may be cut is not to be cut again (RFC 791's DF).
  const isDf = queue.maxDfSize > 0 && queue.maxDfSize === queue.maxSize;
  wire.setIpv4Fragment(bytes, at, isDf ? wire.IP_DF : 0);
  wire.setIpv4TotalLength(bytes, at, size);
  bytes[at + 1] = (bytes[at + 1] ?? 0) | (ecn ?? 0);
  wire.updateIpv4Checksum(bytes, at);
  for (const { frame } of queue.pieces) frame.pool.free(frame);
  return whole;
}

/** The ECN bits that the whole has beyond its first fragment's; undefined when marked and unmarkable pieces were mixed (RFC 3168 5.3). */
function joinEcn(seen: number): number | undefined {
  const hasNotEct = (seen & 1) !== 0;
  const hasCe = (seen & 8) !== 0;
  if (hasNotEct) return (seen & ~1) === 0 ? 0 : hasCe ? undefined : 0;
  return hasCe ? 3 : 0;
}

/** Time is up: the sender is told if the beginning is there to tell it about. */
function expire(ip: IpNetns, queue: FragmentQueue): void {
  ip.fragments4.remove(queue);
  const first = queue.takeFirst();
  if (first !== null) {
    first.networkHeader = first.start;
    icmpSend(ip, first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0, RTN_LOCAL);
    drop(first, "fragment");
  }
  queue.drop("fragment");
}
