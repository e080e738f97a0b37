// A datagram for a VXLAN port: the frame inside is the device's of its identifier.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_rcv, vxlan_set_mac) and include/net/inet_ecn.h (INET_ECN_decapsulate).

import { getBe16, getU8, setU8 } from "../../bytes/endian.ts";
import { isIpv6LinkLocal } from "../../bytes/ipv6.ts";
import { readMac } from "../../bytes/mac.ts";
import { RX_FRAME_ERRORS, RX_LENGTH_ERRORS } from "../../net/counters.ts";
import { count, countRx } from "../../net/device.ts";
import { ethTypeTrans } from "../../net/ethernet.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { netifRx } from "../../net/receive.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { ETH_HLEN, ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import { IPV4_SIZE } from "../../wire/ipv4.ts";
import { IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6TrafficClass } from "../../wire/ipv6.ts";
import { UDP_SIZE } from "../../wire/udp.ts";
import {
  VXLAN_HAS_GBP,
  VXLAN_HAS_VNI,
  VXLAN_SIZE,
  vxlanFlags,
  vxlanGroupPolicy,
  vxlanVni,
} from "../../wire/vxlan.ts";
import { snoop } from "./fdb.ts";
import { hasReservedBits } from "./reserved-bits.ts";
import type { Vxlan, VxlanSocket } from "./state.ts";
import {
  findDevice,
  VXLAN_F_COLLECT_METADATA,
  VXLAN_F_GBP,
  VXLAN_F_LEARN,
  VXLAN_F_REMCSUM_RX,
} from "./state.ts";
import { countRxDrop, countRxError, countVniRx } from "./vni-stats.ts";

/** Takes a datagram, whose `start` is at its UDP header; an EncapReceive. */
export function receive(frame: Frame, below: Device, socket: VxlanSocket): boolean {
  const { bytes, start, networkHeader } = frame;
  const at = start + UDP_SIZE;
  if (frame.end - at < VXLAN_SIZE + ETH_HLEN) return discard(frame, "bad-header");
  const hasVni = (vxlanFlags(bytes, at) & VXLAN_HAS_VNI) !== 0;
  const vni = vxlanVni(bytes, at);
  const dev = hasVni ? findDevice(socket, vni, below.ifindex) : undefined;
  if (dev === undefined) return discard(frame, "no-socket");
  const hasPolicies = (dev.state.config.flags & VXLAN_F_GBP) !== 0;
  if (hasReservedBits(bytes, at, dev.state.config.reservedBits) || hasRemoteChecksum(bytes, at, dev)) {
    count(dev, RX_FRAME_ERRORS, 1);
    countRxError(dev, vni);
    return discard(frame, "bad-header");
  }
  const is6 = socket.family === AF_INET6;
  const tos = is6 ? ipv6TrafficClass(bytes, networkHeader) : getU8(bytes, networkHeader + 1);
  const source = networkHeader + (is6 ? IPV6_SOURCE : 12);
  const sender = bytes.slice(source, source + (is6 ? 16 : 4));
  const ifindex = is6 && isIpv6LinkLocal(sender) ? below.ifindex : 0;
  const isMarked = hasPolicies && (vxlanFlags(bytes, at) & VXLAN_HAS_GBP) !== 0;
  if (isMarked && (dev.state.config.flags & VXLAN_F_COLLECT_METADATA) === 0) {
    frame.mark = vxlanGroupPolicy(bytes, at);
  }
  frame.start = at + VXLAN_SIZE;
  if (isOwnOrUnlearned(frame, dev, sender, ifindex, vni)) return discard(frame, "filtered");
  ethTypeTrans(frame, dev);
  if (frame.length < leastInside(frame.protocol)) {
    count(dev, RX_LENGTH_ERRORS, 1);
    countRxError(dev, vni);
    return discard(frame, "bad-header");
  }
  if (!decapsulateEcn(frame, tos)) {
    count(dev, RX_FRAME_ERRORS, 1);
    countRxError(dev, vni);
    return discard(frame, "bad-header");
  }
  if ((dev.flags & IFF_UP) === 0) {
    countRxDrop(dev, vni);
    return discard(frame, "device-down");
  }
  countRx(dev, frame.length);
  countVniRx(dev, vni, frame.length);
  // Whoever looks at the frame next learns what identifier it came by.
  if ((dev.state.config.flags & VXLAN_F_COLLECT_METADATA) !== 0) frame.tunnel = -1 - vni;
  netifRx(frame, dev);
  return true;
}

/** Bytes that a packet inside has at least: its header (pskb_inet_may_pull). */
function leastInside(protocol: number): number {
  if (protocol === ETH_P_IP) return IPV4_SIZE;
  return protocol === ETH_P_IPV6 ? IPV6_HEADER_SIZE : 0;
}

function discard(frame: Frame, reason: "bad-header" | "no-socket" | "filtered" | "device-down"): true {
  drop(frame, reason);
  return true;
}

/** Whether a checksum is to be made here of what is inside (remcsumrx), which nobody here does. */
function hasRemoteChecksum(bytes: Uint8Array, at: number, dev: Vxlan): boolean {
  return (dev.state.config.flags & VXLAN_F_REMCSUM_RX) !== 0 && (getU8(bytes, at + 1) & 0x20) !== 0;
}

/** A frame of the device's own that came back, as groups do; else its sender is learned (vxlan_set_mac). */
function isOwnOrUnlearned(
  frame: Frame,
  dev: Vxlan,
  sender: Uint8Array,
  ifindex: number,
  vni: number,
): boolean {
  const source = readMac(frame.bytes, frame.start + 6);
  if (source === dev.address) return true;
  return (dev.state.config.flags & VXLAN_F_LEARN) !== 0 && snoop(dev, source, sender, ifindex, vni);
}

const ecnMask = 3;
const congested = 3;

/** Carries a mark of congestion inside; false when the packet inside cannot take it (INET_ECN_decapsulate). */
function decapsulateEcn(frame: Frame, outer: number): boolean {
  if ((outer & ecnMask) !== congested) return true;
  const { bytes, start } = frame;
  if (frame.protocol !== ETH_P_IP && frame.protocol !== ETH_P_IPV6) return true;
  const isFour = frame.protocol === ETH_P_IP;
  const inner = isFour ? getU8(bytes, start + 1) : (getU8(bytes, start + 1) >>> 4) & 0xff;
  if ((inner & ecnMask) === 0) return false;
  if ((inner & ecnMask) === congested) return true;
  if (!frame.pool.writable(frame)) return true;
  markCongested(frame.bytes, frame.start, isFour);
  return true;
}

/** Sets both bits, and for IPv4 mends the checksum, which sums the byte as the lower half of a word. */
function markCongested(bytes: Uint8Array, at: number, isFour: boolean): void {
  if (!isFour) {
    setU8(bytes, at + 1, getU8(bytes, at + 1) | (congested << 4));
    return;
  }
  const before = getU8(bytes, at + 1);
  const after = before | congested;
  setU8(bytes, at + 1, after);
  const sum = getBe16(bytes, at + 10) - (after - before);
  const folded = sum < 0 ? sum + 0xffff : sum;
  setU8(bytes, at + 10, folded >>> 8);
  setU8(bytes, at + 11, folded & 0xff);
}
