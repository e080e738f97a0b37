// The questions themselves: a whole frame of IGMP or MLD, of the version the bridge is set to.
//
// Mirrors net/bridge/br_multicast.c (br_ip4_multicast_alloc_query, br_ip6_multicast_alloc_query). RFC 2236, RFC 3376, RFC 2710,
// RFC 3810. Omitted: source lists.

import { checksum } from "../../bytes/checksum.ts";
import { setBe16, setBe32, setU8 } from "../../bytes/endian.ts";
import { selectSource } from "../../inet/ipv4/source.ts";
import { selectSource6 } from "../../inet/ipv6/source.ts";
import { ipNetns } from "../../inet/slots.ts";
import { ethHeader } from "../../net/ethernet.ts";
import { HZ } from "../../net/jiffies.ts";
import type { Frame } from "../../net/netdevice.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { IPPROTO_IGMP } from "../../uapi/in.ts";
import { IPPROTO_HOPOPTS } from "../../uapi/in6.ts";
import { RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import { IGMP_QUERY, IGMP_SIZE, IGMP3_QUERY_SIZE } from "../../wire/igmp.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import * as mld from "../../wire/mld.ts";
import type { Bridge } from "./state.ts";

/** An IPv4 header with the router alert option. */
const header4Size = 24;
const ALL_HOSTS = 0xe0000001;
/** The hardware addresses of all hosts, which queries for a group go to as well. */
const allHostsMac4 = 0x01005e000001;
const allHostsMac6 = 0x333300000001;
const internetControl = 0xc0;
const dontFragment = 0x4000;
const routerAlert = 0x94040000;
/** How often a message may be lost (QRV). */
const robustness = 2;

/** A question to all for a group, or with null for all of them; null without memory. The caller owns the frame. */
export function makeIgmpQuery({ dev, multicast }: Bridge, group: Uint8Array | null): Frame | null {
  const size = multicast.igmpVersion === 3 ? IGMP3_QUERY_SIZE : IGMP_SIZE;
  const frame = dev.machine.frames.alloc(header4Size + size);
  if (frame === null) return null;
  const { bytes, start } = frame;
  frame.end = start + header4Size + size;
  frame.networkHeader = start;
  bytes.fill(0, start, frame.end);
  setU8(bytes, start, 0x46);
  setU8(bytes, start + 1, internetControl);
  setBe16(bytes, start + 2, header4Size + size);
  setBe16(bytes, start + 6, dontFragment);
  setU8(bytes, start + 8, 1);
  setU8(bytes, start + 9, IPPROTO_IGMP);
  if (multicast.usesIfaddr) {
    setBe32(bytes, start + 12, selectSource(ipNetns(dev.netns), dev, 0, RT_SCOPE_LINK));
  }
  setBe32(bytes, start + 16, ALL_HOSTS);
  setBe32(bytes, start + 20, routerAlert);
  setBe16(bytes, start + 10, checksum(bytes, start, start + header4Size));
  const at = start + header4Size;
  const delay = group === null ? multicast.queryResponseInterval : multicast.lastMemberInterval;
  setU8(bytes, at, IGMP_QUERY);
  setU8(bytes, at + 1, Math.floor(delay / Math.floor(HZ / 10)));
  if (group !== null) bytes.set(group, at + 4);
  if (size === IGMP3_QUERY_SIZE) {
    setU8(bytes, at + 8, robustness);
    setU8(bytes, at + 9, Math.floor(multicast.queryInterval / HZ));
  }
  setBe16(bytes, at + 2, checksum(bytes, at, at + size));
  ethHeader(frame, ETH_P_IP, dev.address, allHostsMac4);
  return frame;
}

/**
 * The same for IPv6; null also while the bridge has no address to ask from, which then is noted: it does not count as a
 * querier.
 */
export function makeMldQuery({ dev, multicast }: Bridge, group: Uint8Array | null): Frame | null {
  const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const source = selectSource6(ipNetns(dev.netns), dev, allNodes);
  multicast.hasIpv6Address = source !== undefined;
  if (source === undefined) return null;
  const size = multicast.mldVersion === 2 ? mld.MLD2_QUERY_SIZE : mld.MLD_SIZE;
  const length = mld.ROUTER_ALERT_HEADER_SIZE + size;
  const frame = dev.machine.frames.alloc(IPV6_HEADER_SIZE + length);
  if (frame === null) return null;
  const { bytes, start } = frame;
  frame.end = start + IPV6_HEADER_SIZE + length;
  frame.networkHeader = start;
  bytes.fill(0, start, frame.end);
  setBe32(bytes, start, 0x6000_0000);
  setBe16(bytes, start + 4, length);
  setU8(bytes, start + 6, IPPROTO_HOPOPTS);
  setU8(bytes, start + 7, 1);
  bytes.set(source, start + IPV6_SOURCE);
  bytes.set(allNodes, start + IPV6_DESTINATION);
  const at = mld.emitRouterAlertHeader(bytes, start + IPV6_HEADER_SIZE);
  // A bridge pads its header byte by byte (Pad1), where a host does so at once (PadN).
  setBe16(bytes, at - 2, 0);
  if (group !== null) bytes.set(group, at + mld.MLD_GROUP);
  if (size === mld.MLD2_QUERY_SIZE) {
    setU8(bytes, at + mld.MLD_SIZE, robustness);
    setU8(bytes, at + mld.MLD_SIZE + 1, Math.floor(multicast.queryInterval / HZ));
  }
  const delay = group === null ? multicast.queryResponseInterval : multicast.lastMemberInterval;
  const delayMs = Math.floor((delay * 1_000) / HZ) & 0xffff;
  writeIcmpv6(bytes, at, frame.end, start, mld.MLD_QUERY, 0, delayMs * 0x1_0000);
  ethHeader(frame, ETH_P_IPV6, dev.address, allHostsMac6);
  return frame;
}
