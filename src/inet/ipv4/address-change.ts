// Addresses come and go: the first one of a subnet is its primary, the others are secondary to it and go with it, unless
// one of them is to be promoted.
//
// Mirrors net/ipv4/devinet.c (__inet_insert_ifa, __inet_del_ifa) and net/ipv4/fib_frontend.c (fib_inetaddr_event).

import type { Origin } from "../../net/netdevice.ts";
import { exists, invalid } from "../../netlink/error.ts";
import * as ifa from "../../uapi/if_addr.ts";
import { IPV4_DEVCONF_PROMOTE_SECONDARIES } from "../../uapi/ip.ts";
import { RTNH_F_DEAD } from "../../uapi/rtnetlink.ts";
import { flushNeighbours } from "../neigh/table.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv4Address } from "./address.ts";
import { scheduleLifetimes } from "./address-lifetime.ts";
import { addAddressRoutes, deleteAddressRoutes, isSameSubnet } from "./address-route.ts";
import type { InDevice } from "./device.ts";
import { syncDown, syncUp } from "./fib-sync.ts";

/** Flags that mean something for IPv6 only. */
const ipv6OnlyFlags =
  ifa.IFA_F_NODAD |
  ifa.IFA_F_OPTIMISTIC |
  ifa.IFA_F_DADFAILED |
  ifa.IFA_F_HOMEADDRESS |
  ifa.IFA_F_TENTATIVE |
  ifa.IFA_F_MANAGETEMPADDR |
  ifa.IFA_F_STABLE_PRIVACY;

/** Puts an address on its device (inet_insert_ifa): EEXIST when it is there, EINVAL for a scope its subnet does not have. */
export function insertAddress(inDev: InDevice, address: Ipv4Address, origin?: Origin): void {
  if (address.local === 0) return;
  address.flags &= ~(ifa.IFA_F_SECONDARY | ipv6OnlyFlags);
  let place = 0;
  for (const [index, other] of inDev.addresses.entries()) {
    if ((other.flags & ifa.IFA_F_SECONDARY) === 0 && address.scope <= other.scope) place = index + 1;
    if (!isSameSubnet(other, address)) continue;
    if (other.local === address.local) throw exists("ipv4: Address already assigned");
    if (other.scope !== address.scope) throw invalid("ipv4: Invalid scope value");
    address.flags |= ifa.IFA_F_SECONDARY;
  }
  if ((address.flags & ifa.IFA_F_SECONDARY) !== 0) place = inDev.addresses.length;
  inDev.conf.settle();
  inDev.parms.settle();
  inDev.addresses.splice(place, 0, address);
  hash(address);
  scheduleLifetimes(inDev, expireAddress);
  ipNetns(address.dev.netns).inet.announcer.address4("new", address, origin);
  rise(inDev, address);
}

/** The routes of an address that is there now (NETDEV_UP of inetaddr_chain). */
function rise(inDev: InDevice, address: Ipv4Address): void {
  addAddressRoutes(inDev, address);
  syncUp(inDev.dev, RTNH_F_DEAD);
}

/** The routes of an address that is gone; a device without one has no IPv4 routes at all (NETDEV_DOWN of inetaddr_chain). */
function fall(inDev: InDevice, address: Ipv4Address, isDying: boolean): void {
  deleteAddressRoutes(inDev, address, undefined, isDying);
  if (inDev.addresses.length > 0) return;
  syncDown(inDev.dev, "addresses");
  flushNeighbours(inDev.neighbours.values(), false);
}

/** Takes an address off its device (inet_del_ifa); `isDying`: the whole device goes. */
export function deleteAddress(inDev: InDevice, address: Ipv4Address, origin?: Origin, isDying = false): void {
  const isPrimary = (address.flags & ifa.IFA_F_SECONDARY) === 0;
  const secondaries = isPrimary && !isDying ? secondariesOf(inDev, address) : [];
  const [promoted] = promotes(inDev) ? secondaries : [];
  if (promoted === undefined) {
    for (const secondary of secondaries) remove(inDev, secondary, origin, isDying);
  } else {
    for (const secondary of secondaries) deleteAddressRoutes(inDev, secondary, address);
  }
  remove(inDev, address, origin, isDying);
  if (promoted !== undefined) promote(inDev, promoted, secondaries.slice(1), address, origin);
}

function promotes(inDev: InDevice): boolean {
  const all = ipNetns(inDev.dev.netns).all4[IPV4_DEVCONF_PROMOTE_SECONDARIES] ?? 0;
  return all !== 0 || inDev.conf.get(IPV4_DEVCONF_PROMOTE_SECONDARIES) !== 0;
}

function secondariesOf(inDev: InDevice, primary: Ipv4Address): Ipv4Address[] {
  return inDev.addresses.filter(
    (each) => (each.flags & ifa.IFA_F_SECONDARY) !== 0 && isSameSubnet(primary, each),
  );
}

function remove(inDev: InDevice, address: Ipv4Address, origin: Origin | undefined, isDying: boolean): void {
  inDev.addresses = inDev.addresses.filter((each) => each !== address);
  unhash(address);
  ipNetns(address.dev.netns).inet.announcer.address4("del", address, origin);
  fall(inDev, address, isDying);
}

/** Makes a secondary address the primary one of its subnet, which the others follow. */
function promote(
  inDev: InDevice,
  promoted: Ipv4Address,
  others: readonly Ipv4Address[],
  old: Ipv4Address,
  origin: Origin | undefined,
): void {
  const rest = inDev.addresses.filter((each) => each !== promoted);
  let place = 0;
  for (const [index, each] of rest.entries()) {
    if ((each.flags & ifa.IFA_F_SECONDARY) === 0 && old.scope <= each.scope) place = index + 1;
  }
  rest.splice(place, 0, promoted);
  inDev.addresses = rest;
  promoted.flags &= ~ifa.IFA_F_SECONDARY;
  ipNetns(promoted.dev.netns).inet.announcer.address4("new", promoted, origin);
  rise(inDev, promoted);
  for (const other of others) addAddressRoutes(inDev, other);
}

/** An address's time is up. */
function expireAddress(inDev: InDevice, address: Ipv4Address): void {
  deleteAddress(inDev, address);
}

/** Sets an address's lifetimes anew, and when they are looked at next; `origin` asked for it. */
export function renewAddress(inDev: InDevice, address: Ipv4Address, origin?: Origin): void {
  scheduleLifetimes(inDev, expireAddress);
  ipNetns(address.dev.netns).inet.announcer.address4("new", address, origin);
}

function hash(address: Ipv4Address): void {
  const { addresses4 } = ipNetns(address.dev.netns);
  addresses4.set(address.local | 0, [address, ...(addresses4.get(address.local | 0) ?? [])]);
}

function unhash(address: Ipv4Address): void {
  const { addresses4 } = ipNetns(address.dev.netns);
  const rest = (addresses4.get(address.local | 0) ?? []).filter((each) => each !== address);
  if (rest.length > 0) addresses4.set(address.local | 0, rest);
  else addresses4.delete(address.local | 0);
}
