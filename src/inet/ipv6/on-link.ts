// Messages that never leave the link they are sent on, without asking routing: neighbour discovery, multicast listener
// discovery.
//
// Mirrors net/ipv6/ndisc.c (ndisc_send_skb) and net/ipv6/mcast.c (mld_sendpack).

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { DEVCONF_DISABLE_IPV6 } from "../../uapi/ipv6.ts";
import * as snmp from "../../uapi/snmp.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE } from "../../wire/ipv6.ts";
import { neighOutput } from "../neigh/output.ts";
import { ipNetns } from "../slots.ts";
import { In6Device } from "./device.ts";
import { neighbour6For } from "./neighbour.ts";
import { countIcmp6, countIp6 } from "./stats.ts";

/** What the header says beside length and version. */
export interface OnLinkHeader {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly trafficClass: number;
}

/** Room that a frame for one of these messages needs: the header and `size` bytes behind it; null when there is no memory. */
export function allocOnLink(dev: Device, size: number): Frame | null {
  const frame = dev.machine.frames.alloc(IPV6_HEADER_SIZE + size);
  if (frame === null) return null;
  frame.dev = dev;
  frame.protocol = ETH_P_IPV6;
  frame.networkHeader = frame.start;
  frame.transportHeader = frame.start + IPV6_HEADER_SIZE;
  frame.end = frame.transportHeader + size;
  return frame;
}

/** Writes the header at the frame's start; the payload is the caller's. */
export function writeOnLinkHeader(frame: Frame, header: OnLinkHeader): void {
  const { bytes, start, end } = frame;
  setBe32(bytes, start, 0x6000_0000 | (header.trafficClass << 20));
  setBe16(bytes, start + 4, end - start - IPV6_HEADER_SIZE);
  bytes[start + 6] = header.nextHeader;
  bytes[start + 7] = header.hopLimit;
  bytes.set(header.source, start + IPV6_SOURCE);
  bytes.set(header.destination, start + IPV6_DESTINATION);
}

/** Sends a whole packet on `dev` to the neighbour it is addressed to; none where IPv6 is disabled (ip6_output). Takes ownership. */
export function sendOnLink(dev: Device, frame: Frame): void {
  const { bytes, start, end } = frame;
  countIp6(dev, snmp.IPSTATS_MIB_OUTREQUESTS);
  if (dev.ip6 instanceof In6Device && dev.ip6.conf.get(DEVCONF_DISABLE_IPV6) !== 0) {
    countIcmp6(dev, snmp.ICMP6_MIB_OUTMSGS);
    countIp6(dev, snmp.IPSTATS_MIB_OUTDISCARDS);
    return drop(frame, "filtered");
  }
  countIp6(dev, snmp.IPSTATS_MIB_OUTPKTS);
  countIp6(dev, snmp.IPSTATS_MIB_OUTOCTETS, end - start);
  if (isIpv6Multicast(bytes, start + IPV6_DESTINATION)) {
    countIp6(dev, snmp.IPSTATS_MIB_OUTMCASTPKTS);
    countIp6(dev, snmp.IPSTATS_MIB_OUTMCASTOCTETS, end - start);
  }
  countIcmp6(dev, snmp.ICMP6_MIB_OUTMSGS);
  const neigh = neighbour6For(ipNetns(dev.netns), dev, bytes, start + IPV6_DESTINATION);
  if (neigh === null) return drop(frame, "neigh-failed");
  neighOutput(neigh, frame);
}
