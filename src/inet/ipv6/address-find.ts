// Addresses of IPv6 found by their value.
//
// Mirrors net/ipv6/addrconf.c (ipv6_chk_addr_and_flags, ipv6_get_ifaddr, ipv6_get_lladdr).

import { isIpv6LinkLocal } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFA_F_OPTIMISTIC, IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import { l3mdevMaster } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import type { Ipv6Address } from "./address.ts";
import { In6Device } from "./device.ts";

/** The address at `bytes[offset]`, on `dev` or, with null, on any device; tentative ones included. */
export function findAddress6(
  ip: IpNetns,
  bytes: Uint8Array,
  offset: number,
  dev: Device | null,
): Ipv6Address | undefined {
  const found = ip.addresses6.get(bytes, offset);
  if (found === undefined) return undefined;
  return dev === null ? found[0] : found.find((address) => address.dev === dev);
}

/**
 * Whether the address at `bytes[offset]` is the host's, and may be used unless `evenTentative`. With `dev` only addresses of
 * the same VRF count, without it those that are in none (ipv6_chk_addr_and_flags).
 */
export function hasUsableAddress(
  ip: IpNetns,
  bytes: Uint8Array,
  offset: number,
  dev: Device | null,
  evenTentative = false,
): boolean {
  const found = ip.addresses6.get(bytes, offset);
  if (found === undefined) return false;
  return found.some((address) => isOn(address, dev) && (evenTentative || isUsable(address)));
}

/** Addresses that reach beyond their link are the host's on every device of their VRF. */
function isOn({ dev, scope }: Ipv6Address, wanted: Device | null): boolean {
  if (dev === wanted) return true;
  if (wanted === null) return l3mdevMaster(dev) === null;
  return scope !== RT_SCOPE_LINK && scope !== RT_SCOPE_HOST && l3mdevMaster(dev) === l3mdevMaster(wanted);
}

/** Whether the address at `bytes[offset]` is any device's of the VRF that `dev` is a port of, even a tentative one. */
export function isInVrf(ip: IpNetns, bytes: Uint8Array, offset: number, dev: Device): boolean {
  const vrf = l3mdevMaster(dev);
  return ip.addresses6.get(bytes, offset)?.some((address) => l3mdevMaster(address.dev) === vrf) === true;
}

/** Whether duplicate detection lets the address be used. */
export function isUsable({ flags }: Ipv6Address): boolean {
  return (flags & IFA_F_TENTATIVE) === 0 || (flags & IFA_F_OPTIMISTIC) !== 0;
}

/** The device's link-local address, if it has one without the flags `banned` (IFA_F_*). */
export function linkLocalOf(dev: Device, banned: number): Ipv6Address | undefined {
  if (!(dev.ip6 instanceof In6Device)) return undefined;
  return dev.ip6.addresses.find(({ address, flags }) => (flags & banned) === 0 && isIpv6LinkLocal(address));
}
