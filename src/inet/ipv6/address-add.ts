// Addresses are put on a device, and changed there.
//
// Mirrors net/ipv6/addrconf.c (ipv6_add_addr, inet6_addr_add, inet6_addr_modify, inet6_addr_del, addrconf_add_linklocal,
// add_addr) with their order, errno and texts. Omitted: temporary addresses.

import {
  equalsIpv6,
  ipv6MulticastScope,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isIpv6Multicast,
  isIpv6SiteLocal,
  isIpv6Unspecified,
} from "../../bytes/ipv6.ts";
import { exists, invalid, NetlinkError } from "../../netlink/error.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import * as ifa from "../../uapi/if_addr.ts";
import { DEVCONF_DISABLE_IPV6 } from "../../uapi/ipv6.ts";
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_SITE,
  RT_SCOPE_UNIVERSE,
} from "../../uapi/rtnetlink.ts";
import { ipNetns } from "../slots.ts";
import { Ipv6Address } from "./address.ts";
import { hashAddress6 } from "./address-delete.ts";
import { findAddress6 } from "./address-find.ts";
import { scheduleLifetimes6 } from "./address-lifetime.ts";
import { addressUp, tellAddress } from "./address-notify.ts";
import { startDad } from "./dad.ts";
import type { In6Device } from "./device.ts";
import { joinGroup } from "./multicast.ts";
import {
  addMulticastRoute,
  addPrefixRoute,
  changePrefixRoute,
  cleanPrefixRoute,
  prefixCleanup,
} from "./prefix-route.ts";

const forever = 0xffff_ffff;

/** An address that is asked for. */
export interface AddressConfig6 {
  readonly address: Uint8Array;
  /** The other end's address; undefined: none is named. */
  readonly peer: Uint8Array | undefined;
  readonly prefixLength: number;
  /** IFA_F_* */
  readonly flags: number;
  readonly metric: number;
  readonly protocol: number;
  readonly validS: number;
  readonly preferredS: number;
}

/** RT_SCOPE_* of an address of any kind (rt_scope, ipv6_addr_scope). */
function scopeOf6(address: Uint8Array): number {
  if (isIpv6Multicast(address)) {
    switch (ipv6MulticastScope(address)) {
      case 1:
        return RT_SCOPE_HOST;
      case 2:
        return RT_SCOPE_LINK;
      case 5:
        return RT_SCOPE_SITE;
      default:
        return RT_SCOPE_UNIVERSE;
    }
  }
  if (isIpv6Loopback(address)) return RT_SCOPE_HOST;
  if (isIpv6LinkLocal(address)) return RT_SCOPE_LINK;
  if (isIpv6Unspecified(address)) return RT_SCOPE_NOWHERE;
  return isIpv6SiteLocal(address) ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

/** Readies a device for addresses: groups, and the route to all groups (addrconf_add_dev). EACCES where IPv6 is disabled. */
export function addDevice6(in6Dev: In6Device): void {
  const { dev } = in6Dev;
  if (in6Dev.conf.get(DEVCONF_DISABLE_IPV6) !== 0)
    throw new NetlinkError("EACCES", "ipv6: IPv6 is disabled on this device");
  if ((dev.flags & IFF_LOOPBACK) === 0) addMulticastRoute(dev);
}

/** Puts an address among those of its device (ipv6_add_addr): EADDRNOTAVAIL, EACCES, EEXIST. */
function newAddress6(in6Dev: In6Device, config: AddressConfig6): Ipv6Address {
  const { dev } = in6Dev;
  const { address } = config;
  const isLoopback = (dev.flags & IFF_LOOPBACK) !== 0;
  if (isIpv6Unspecified(address)) throw new NetlinkError("EADDRNOTAVAIL", "ipv6: Invalid address");
  if (isIpv6Multicast(address) && (config.flags & ifa.IFA_F_MCAUTOJOIN) === 0) {
    throw new NetlinkError(
      "EADDRNOTAVAIL",
      'ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag',
    );
  }
  if (!isLoopback && isIpv6Loopback(address)) {
    throw new NetlinkError("EADDRNOTAVAIL", "ipv6: Cannot assign loopback address on this device");
  }
  if (in6Dev.conf.get(DEVCONF_DISABLE_IPV6) !== 0)
    throw new NetlinkError("EACCES", "ipv6: IPv6 is disabled on this device");
  const ip = ipNetns(dev.netns);
  if (findAddress6(ip, address, 0, dev) !== undefined) throw exists("ipv6: IPv6 address already assigned");
  const made = new Ipv6Address(dev, address.slice(), config.prefixLength, scopeOf6(address));
  const now = dev.machine.clock.now();
  if (config.peer !== undefined) made.peer = config.peer.slice();
  made.flags = config.flags;
  if ((config.flags & ifa.IFA_F_NODAD) === 0) made.flags |= ifa.IFA_F_TENTATIVE;
  made.metric = config.metric;
  made.protocol = config.protocol;
  made.validS = config.validS;
  made.preferredS = config.preferredS;
  made.createdNs = now;
  made.updatedNs = now;
  let place = in6Dev.addresses.findIndex((other) => widthOf(made.scope) >= widthOf(other.scope));
  if (place < 0) place = in6Dev.addresses.length;
  in6Dev.addresses.splice(place, 0, made);
  hashAddress6(ip, made);
  return made;
}

/** How far addresses of a scope reach: the wider come first on a device. */
function widthOf(scope: number): number {
  return RT_SCOPE_NOWHERE - scope;
}

function checkLifetime({ preferredS, validS }: AddressConfig6): void {
  if (validS === 0 || preferredS > validS) throw invalid("ipv6: address lifetime invalid");
}

/** Adds an address a user asks for (inet6_addr_add). Its message names no request, as on Linux. */
export function addAddress6(in6Dev: In6Device, config: AddressConfig6): void {
  const { dev } = in6Dev;
  if (config.prefixLength > 128) throw invalid("ipv6: Invalid prefix length");
  checkLifetime(config);
  if ((config.flags & ifa.IFA_F_MANAGETEMPADDR) !== 0 && config.prefixLength !== 64) {
    throw invalid('ipv6: address with "mngtmpaddr" flag must have a prefix length of 64');
  }
  addDevice6(in6Dev);
  if ((config.flags & ifa.IFA_F_MCAUTOJOIN) !== 0) {
    if (!isIpv6Multicast(config.address)) throw invalid("ipv6: Multicast auto join failed");
    joinGroup(in6Dev, config.address.slice());
  }
  const address = newAddress6(in6Dev, { ...config, flags: config.flags | lifetimeFlags(config) });
  if ((config.flags & ifa.IFA_F_NOPREFIXROUTE) === 0) {
    addPrefixRoute(dev, address.address, address.prefixLength, address.metric, expiryOf(config));
  }
  if ((address.flags & (ifa.IFA_F_OPTIMISTIC | ifa.IFA_F_NODAD)) === 0) tellAddress(address);
  startDad(in6Dev, address);
  scheduleLifetimes6(in6Dev);
}

function lifetimeFlags({ preferredS, validS }: AddressConfig6): number {
  return (validS === forever ? ifa.IFA_F_PERMANENT : 0) | (preferredS === 0 ? ifa.IFA_F_DEPRECATED : 0);
}

/** When routes that come with the address end, in seconds; 0: never. */
function expiryOf({ validS }: AddressConfig6): number {
  return validS === forever ? 0 : validS;
}

/** Flags a user may change of an address that is there. */
const changeable =
  ifa.IFA_F_DEPRECATED |
  ifa.IFA_F_PERMANENT |
  ifa.IFA_F_NODAD |
  ifa.IFA_F_HOMEADDRESS |
  ifa.IFA_F_MANAGETEMPADDR |
  ifa.IFA_F_NOPREFIXROUTE;

/** Changes an address that is there (inet6_addr_modify). */
export function changeAddress6(in6Dev: In6Device, address: Ipv6Address, config: AddressConfig6): void {
  const { dev } = in6Dev;
  checkLifetime(config);
  if ((config.flags & ifa.IFA_F_MANAGETEMPADDR) !== 0 && address.prefixLength !== 64) throw invalid();
  const keepsOptimistic =
    (address.flags & ifa.IFA_F_TENTATIVE) !== 0 && (address.flags & ifa.IFA_F_DADFAILED) === 0;
  const flags = keepsOptimistic ? config.flags : config.flags & ~ifa.IFA_F_OPTIMISTIC;
  const hadRoute =
    (address.flags & ifa.IFA_F_PERMANENT) !== 0 && (address.flags & ifa.IFA_F_NOPREFIXROUTE) === 0;
  const hasNewPeer =
    config.peer !== undefined && !(address.peer !== null && equalsIpv6(config.peer, address.peer));
  if (hasNewPeer && address.peer !== null)
    cleanPrefixRoute(dev, address.peer, address.prefixLength, "delete");
  address.flags = (address.flags & ~changeable) | flags | lifetimeFlags(config);
  address.updatedNs = dev.machine.clock.now();
  address.validS = config.validS;
  address.preferredS = config.preferredS;
  address.protocol = config.protocol;
  if (config.metric !== 0) address.metric = config.metric;
  if (hasNewPeer) address.peer = config.peer?.slice() ?? null;
  if ((address.flags & ifa.IFA_F_TENTATIVE) === 0) tellAddress(address);
  if ((flags & ifa.IFA_F_NOPREFIXROUTE) === 0) renewRoutes(address, expiryOf(config), hadRoute);
  else if (hadRoute) {
    cleanPrefixRoute(dev, address.address, address.prefixLength, prefixCleanup(in6Dev, address));
  }
  scheduleLifetimes6(in6Dev);
}

/** Gives the routes of an address its new metric and end, or brings them back. */
function renewRoutes(address: Ipv6Address, expiresS: number, hadRoute: boolean): void {
  const { dev, metric, peer, prefixLength } = address;
  const isThere = hadRoute && changePrefixRoute(dev, address.address, prefixLength, metric, expiresS);
  if (!isThere) addPrefixRoute(dev, address.address, prefixLength, metric, expiresS);
  if (peer === null) return;
  const isPeerThere = hadRoute && changePrefixRoute(dev, peer, prefixLength, metric, expiresS);
  if (!isPeerThere) addPrefixRoute(dev, peer, prefixLength, metric, expiresS);
}

/** Puts an address made from an advertised prefix on a device and starts on it; undefined when that cannot be. */
export function addAdvertisedAddress(in6Dev: In6Device, config: AddressConfig6): Ipv6Address | undefined {
  try {
    const made = newAddress6(in6Dev, config);
    startDad(in6Dev, made);
    return made;
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return undefined;
  }
}

/** Puts the link-local address on a device and starts on it (addrconf_add_linklocal). */
export function addLinkLocal(in6Dev: In6Device, address: Uint8Array, flags: number): void {
  const { dev } = in6Dev;
  try {
    const made = newAddress6(in6Dev, {
      address,
      peer: undefined,
      prefixLength: 64,
      flags: flags | ifa.IFA_F_PERMANENT,
      metric: 0,
      protocol: ifa.IFAPROT_KERNEL_LL,
      validS: forever,
      preferredS: forever,
    });
    addPrefixRoute(dev, made.address, made.prefixLength, 0, 0);
    startDad(in6Dev, made);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
  }
}

/** Puts ::1 on the loopback, if it is not there (init_loopback). */
export function addLoopbackAddress6(in6Dev: In6Device): void {
  const address = new Uint8Array(16);
  address[15] = 1;
  try {
    const made = newAddress6(in6Dev, {
      address,
      peer: undefined,
      prefixLength: 128,
      flags: ifa.IFA_F_PERMANENT,
      metric: 0,
      protocol: ifa.IFAPROT_KERNEL_LO,
      validS: forever,
      preferredS: forever,
    });
    made.flags &= ~ifa.IFA_F_TENTATIVE;
    made.state = "post-dad";
    addressUp(in6Dev, made);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
  }
}
