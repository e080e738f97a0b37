// An address leaves its device.
//
// Mirrors net/ipv6/addrconf.c (ipv6_del_addr).

import { isIpv6Multicast } from "../../bytes/ipv6.ts";
import type { Origin } from "../../net/netdevice.ts";
import { IFA_F_MCAUTOJOIN, IFA_F_NOPREFIXROUTE, IFA_F_PERMANENT } from "../../uapi/if_addr.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import { addressDown } from "./address-notify.ts";
import type { In6Device } from "./device.ts";
import { leaveGroup } from "./multicast.ts";
import { cleanPrefixRoute, prefixCleanup } from "./prefix-route.ts";
import { removePrefsrc } from "./route-create.ts";

/** Takes an address off its device, with its routes. */
export function deleteAddress6(in6Dev: In6Device, address: Ipv6Address, origin?: Origin): void {
  if (address.state === "dead") return;
  const ip = ipNetns(in6Dev.dev.netns);
  address.state = "dead";
  address.dadTimer?.stop();
  unhashAddress6(ip, address);
  const hasRoute = (address.flags & IFA_F_PERMANENT) !== 0 && (address.flags & IFA_F_NOPREFIXROUTE) === 0;
  const cleanup = hasRoute ? prefixCleanup(in6Dev, address) : "keep";
  in6Dev.addresses = in6Dev.addresses.filter((each) => each !== address);
  addressDown(in6Dev, address, origin);
  if ((address.flags & IFA_F_MCAUTOJOIN) !== 0 && isIpv6Multicast(address.address)) {
    leaveGroup(in6Dev, address.address);
  }
  cleanPrefixRoute(address.dev, address.address, address.prefixLength, cleanup);
  removePrefsrc(ip, address.address);
}

/** Enters an address among those found by value. */
export function hashAddress6(ip: IpNetns, address: Ipv6Address): void {
  ip.addresses6.set(address.address, [address, ...(ip.addresses6.get(address.address) ?? [])]);
}

/** See hashAddress6. */
export function unhashAddress6(ip: IpNetns, address: Ipv6Address): void {
  const rest = (ip.addresses6.get(address.address) ?? []).filter((each) => each !== address);
  if (rest.length > 0) ip.addresses6.set(address.address, rest);
  else ip.addresses6.delete(address.address);
}
