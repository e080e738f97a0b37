// Marking instead of dropping: the bits of explicit congestion notification in an IP header (RFC 3168).
//
// Mirrors include/net/inet_ecn.h (INET_ECN_set_ce, IP_ECN_set_ce, IP6_ECN_set_ce).

import { getBe16, setBe16 } from "../bytes/endian.ts";
import type { Frame } from "../net/netdevice.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { isIpv4Header, updateIpv4Checksum } from "../wire/ipv4.ts";
import { isIpv6Header } from "../wire/ipv6.ts";
import { networkOffset } from "./network-offset.ts";

const ecnMask = 3;
const tosOffset = 1;
/** Where the two bits stand in the first 16 of an IPv6 header. */
const ecnShift6 = 4;

/** Marks a frame whose sender knows what that means; false when it does not, and the frame is as before. */
export function setCongestionExperienced(frame: Frame): boolean {
  const { protocol, at } = networkOffset(frame);
  if (protocol === ETH_P_IP && isIpv4Header(frame.bytes, at, frame.end)) return markIpv4(frame, at);
  if (protocol === ETH_P_IPV6 && isIpv6Header(frame.bytes, at, frame.end)) return markIpv6(frame, at);
  return false;
}

function markIpv4(frame: Frame, at: number): boolean {
  const ecn = (frame.bytes[at + tosOffset] ?? 0) & ecnMask;
  if (ecn === 0) return false;
  if (ecn === ecnMask) return true;
  const before = frame.start;
  if (!frame.pool.writable(frame)) return false;
  const header = at + frame.start - before;
  frame.bytes[header + tosOffset] = (frame.bytes[header + tosOffset] ?? 0) | ecnMask;
  updateIpv4Checksum(frame.bytes, header);
  return true;
}

function markIpv6(frame: Frame, at: number): boolean {
  const ecn = (getBe16(frame.bytes, at) >> ecnShift6) & ecnMask;
  if (ecn === 0) return false;
  if (ecn === ecnMask) return true;
  const before = frame.start;
  if (!frame.pool.writable(frame)) return false;
  const header = at + frame.start - before;
  setBe16(frame.bytes, header, getBe16(frame.bytes, header) | (ecnMask << ecnShift6));
  return true;
}
