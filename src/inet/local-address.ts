// Which addresses a socket may have, given the device that it is bound to: in a VRF those of the VRF.
//
// Mirrors net/ipv4/af_inet.c (__inet_bind), net/ipv6/af_inet6.c (__inet6_bind) and include/net/inet_sock.h
// (inet_addr_valid_or_nonlocal).

import { getBe32 } from "../bytes/endian.ts";
import { isIpv6LinkLocal, isIpv6Multicast } from "../bytes/ipv6.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from "../uapi/rtnetlink.ts";
import { addressType, addressTypeBy } from "./ipv4/address-type.ts";
import { hasUsableAddress } from "./ipv6/address-find.ts";
import type { IpNetns } from "./netns.ts";

/**
 * Whether a socket on the device `ifindex` (0: any) may have `address`, "" if so: the host's own, a broadcast's, a group's.
 * EADDRNOTAVAIL; EINVAL for an address of a link of which nobody says which; ENODEV when the device has gone.
 */
export function checkLocalAddress(ip: IpNetns, address: Uint8Array, ifindex: number): ErrnoName | "" {
  const { nonlocalBind, nonlocalBind6 } = ip.tunables;
  if (address.length === 4) {
    if (nonlocalBind !== 0) return "";
    const type = typeOn(ip, address, ifindex);
    const isBindable = type === RTN_LOCAL || type === RTN_BROADCAST || type === RTN_MULTICAST;
    return isBindable ? "" : "EADDRNOTAVAIL";
  }
  if (needsDevice(address) && ifindex === 0) return "EINVAL";
  if (ifindex !== 0 && !ip.netns.devices.has(ifindex)) return "ENODEV";
  if (isIpv6Multicast(address) || nonlocalBind6 !== 0) return "";
  return isHosts(ip, address, ifindex) ? "" : "EADDRNOTAVAIL";
}

/** Whether packets may be sent from `address` by a socket on the device `ifindex`: whether it is the host's own there. */
export function isOwnAddress(ip: IpNetns, address: Uint8Array, ifindex: number): boolean {
  const { nonlocalBind, nonlocalBind6 } = ip.tunables;
  if (address.length === 4) return nonlocalBind !== 0 || typeOn(ip, address, ifindex) === RTN_LOCAL;
  return nonlocalBind6 !== 0 || isHosts(ip, address, ifindex);
}

function typeOn(ip: IpNetns, address: Uint8Array, ifindex: number): number {
  const dev = ip.netns.devices.get(ifindex);
  const value = getBe32(address, 0);
  return dev === undefined ? addressType(ip, value) : addressTypeBy(ip, value, dev);
}

function isHosts(ip: IpNetns, address: Uint8Array, ifindex: number): boolean {
  return hasUsableAddress(ip, address, 0, ip.netns.devices.get(ifindex) ?? null);
}

/** Whether an address is one of a link, which only a device makes whole (__ipv6_addr_needs_scope_id). */
function needsDevice(address: Uint8Array): boolean {
  const isGroupOfLink = isIpv6Multicast(address) && ((address[1] ?? 0) & 0xf) <= 2;
  return isIpv6LinkLocal(address) || isGroupOfLink;
}
