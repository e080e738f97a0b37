// What happens to devices, as IPv6 sees it: a link that can carry packets gets its addresses, one that goes down loses
// them, a device that goes takes all its state along.
//
// Mirrors net/ipv6/addrconf.c (addrconf_notify, addrconf_dev_config, addrconf_ifdown, addrconf_permanent_addr) and
// net/ipv6/ndisc.c (ndisc_netdev_event). Omitted: messages to RTNLGRP_IPV6_IFINFO.

import { isIpv6LinkLocal, isIpv6Loopback } from "../../bytes/ipv6.ts";
import { isOperUp } from "../../net/carrier.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { IFF_LOOPBACK, IFF_NOARP, IFF_UP } from "../../uapi/if.ts";
import * as ifa from "../../uapi/if_addr.ts";
import * as conf from "../../uapi/ipv6.ts";
import { RTNH_F_DEAD, RTNH_F_LINKDOWN } from "../../uapi/rtnetlink.ts";
import { flushNeighbours } from "../neigh/table.ts";
import { in6Device, ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import { addDevice6, addLoopbackAddress6 } from "./address-add.ts";
import { unhashAddress6 } from "./address-delete.ts";
import { scheduleLifetimes6 } from "./address-lifetime.ts";
import { addressDown, leaveGroups } from "./address-notify.ts";
import { runDad, startDad } from "./dad.ts";
import { In6Device, MIN_MTU6 } from "./device.ts";
import { deleteRoute6 } from "./fib-change.ts";
import { flushDevice, syncDown6, syncUp6 } from "./fib-sync.ts";
import { loadGroups, unloadGroups } from "./group-list.ts";
import { addOwnLinkLocal } from "./link-local.ts";
import { mldReporterOf } from "./mld.ts";
import { leaveEveryGroup } from "./multicast.ts";
import { advertiseAll } from "./nd-send.ts";
import { addPrefixRoute } from "./prefix-route.ts";
import { stopSolicitations } from "./rs-send.ts";

/** Follows one event of a device. */
export function deviceEvent6(event: DeviceEvent, dev: Device): void {
  switch (event) {
    case "register":
      // Settled now (ipv6_add_dev): ARP that is turned on or off later does not change it.
      if ((dev.flags & IFF_NOARP) !== 0) in6Device(dev)?.conf.set(conf.DEVCONF_ACCEPT_DAD, -1);
      return;
    case "up":
      return up(dev);
    case "change":
      if ((dev.flags & IFF_UP) !== 0) changed(dev);
      return;
    case "down":
      return interfaceDown(dev, false);
    case "unregister":
      return interfaceDown(dev, true);
    case "change-mtu":
      return mtuChanged(dev);
    case "change-address":
      return addressChanged(dev);
    case "notify-peers":
      if (dev.ip6 instanceof In6Device) advertiseAll(dev.ip6);
      return;
    default:
      return;
  }
}

/** Whether the link can carry packets (addrconf_link_ready). */
function isLinkReady(dev: Device): boolean {
  return isOperUp(dev) && dev.isActivated;
}

function up(dev: Device): void {
  const in6Dev = in6Device(dev);
  if (in6Dev === null || dev.hasNoAddrconf || in6Dev.conf.get(conf.DEVCONF_DISABLE_IPV6) !== 0) return;
  restoreAddresses(in6Dev);
  if (!isLinkReady(dev)) return;
  in6Dev.isReady = true;
  configure(in6Dev);
}

/** Carrier or flags have changed. */
function changed(dev: Device): void {
  const slot = dev.ip6;
  if (slot instanceof In6Device) {
    if ((dev.flags & IFF_NOARP) !== 0) flushNeighbours(slot.neighbours.values(), true);
    const evicts = slot.conf.get(conf.DEVCONF_NDISC_EVICT_NOCARRIER) !== 0;
    const all = ipNetns(dev.netns).all6[conf.DEVCONF_NDISC_EVICT_NOCARRIER] ?? 0;
    if (!dev.hasCarrier && evicts && all !== 0) flushNeighbours(slot.neighbours.values(), true);
  }
  const in6Dev = in6Device(dev);
  if (in6Dev === null || dev.hasNoAddrconf || in6Dev.conf.get(conf.DEVCONF_DISABLE_IPV6) !== 0) return;
  if (!isLinkReady(dev)) return syncDown6(dev);
  if (in6Dev.isReady) {
    mldReporterOf(in6Dev).repeatAll();
    return syncUp6(dev, RTNH_F_LINKDOWN);
  }
  in6Dev.isReady = true;
  configure(in6Dev);
}

/** The link is ready: the device gets its addresses (addrconf_init_auto_addrs). */
function configure(in6Dev: In6Device): void {
  const { dev } = in6Dev;
  loadGroups(in6Dev);
  if ((dev.flags & IFF_LOOPBACK) !== 0) addLoopbackAddress6(in6Dev);
  else {
    try {
      addDevice6(in6Dev);
      addOwnLinkLocal(in6Dev);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
    }
  }
  runDad(in6Dev);
  syncUp6(dev, RTNH_F_DEAD);
  in6Dev.updatedNs = dev.machine.clock.now();
}

/** Brings back what belongs to addresses that stayed while the device was down (addrconf_permanent_addr). */
function restoreAddresses(in6Dev: In6Device): void {
  for (const address of [...in6Dev.addresses]) {
    if ((address.flags & ifa.IFA_F_PERMANENT) === 0) continue;
    if ((address.flags & ifa.IFA_F_NOPREFIXROUTE) === 0) {
      addPrefixRoute(in6Dev.dev, address.address, address.prefixLength, address.metric, 0);
    }
    if (address.state === "pre-dad") startDad(in6Dev, address);
  }
}

function mtuChanged(dev: Device): void {
  if (dev.mtu < MIN_MTU6) return interfaceDown(dev, (dev.flags & IFF_LOOPBACK) === 0);
  if (dev.ip6 instanceof In6Device) dev.ip6.conf.mtu = 0;
  else if ((dev.flags & IFF_UP) !== 0) up(dev);
}

function addressChanged(dev: Device): void {
  if (!(dev.ip6 instanceof In6Device)) return;
  flushNeighbours(dev.ip6.neighbours.values(), false);
  const all = ipNetns(dev.netns).all6[conf.DEVCONF_NDISC_NOTIFY] ?? 0;
  if (all !== 0 || dev.ip6.conf.get(conf.DEVCONF_NDISC_NOTIFY) !== 0) advertiseAll(dev.ip6);
}

/** The device is down, or goes away (addrconf_ifdown): routes first, then neighbours, then addresses. */
export function interfaceDown(dev: Device, isGoing: boolean): void {
  const in6Dev = dev.ip6;
  if (!(in6Dev instanceof In6Device)) return;
  const ip = ipNetns(dev.netns);
  flushDevice(dev, isGoing);
  flushNeighbours(in6Dev.neighbours.values(), false);
  const keep = !isGoing && keepsAddresses(in6Dev);
  const wasReady = in6Dev.isReady;
  in6Dev.isReady = false;
  const kept: Ipv6Address[] = [];
  for (const address of in6Dev.addresses) {
    address.dadTimer?.stop();
    const stays = keep && (address.flags & ifa.IFA_F_PERMANENT) !== 0 && !isLocalOnly(address);
    if (stays) {
      kept.push(address);
      setAside(in6Dev, address);
      continue;
    }
    const wasDead = address.state === "dead";
    unhashAddress6(ip, address);
    address.state = "dead";
    if (!wasDead) addressDown(in6Dev, address);
  }
  in6Dev.addresses = kept;
  if (wasReady || isGoing) in6Dev.mld?.stop();
  stopSolicitations(in6Dev);
  if (isGoing) destroy(in6Dev);
  else {
    if (wasReady) unloadGroups(in6Dev);
    in6Dev.updatedNs = dev.machine.clock.now();
    scheduleLifetimes6(in6Dev);
  }
}

function keepsAddresses(in6Dev: In6Device): boolean {
  if (in6Dev.conf.get(conf.DEVCONF_DISABLE_IPV6) !== 0) return false;
  const all = ipNetns(in6Dev.dev.netns).all6[conf.DEVCONF_KEEP_ADDR_ON_DOWN] ?? 0;
  return (all === 0 ? in6Dev.conf.get(conf.DEVCONF_KEEP_ADDR_ON_DOWN) : all) > 0;
}

/** Addresses that mean nothing without their link. */
function isLocalOnly({ address }: Ipv6Address): boolean {
  return isIpv6LinkLocal(address) || isIpv6Loopback(address);
}

/** An address waits, without routes, for its device to come back. */
function setAside(in6Dev: In6Device, address: Ipv6Address): void {
  address.state = "pre-dad";
  if ((address.flags & ifa.IFA_F_NODAD) === 0) address.flags |= ifa.IFA_F_TENTATIVE;
  if (address.route !== null) deleteRoute6(ipNetns(in6Dev.dev.netns), address.route);
  address.route = null;
  leaveGroups(in6Dev, address);
}

function destroy(in6Dev: In6Device): void {
  const { dev } = in6Dev;
  const ip = ipNetns(dev.netns);
  in6Dev.lifetimeTimer?.stop();
  in6Dev.advertiser?.stop();
  leaveEveryGroup(in6Dev);
  for (const { route } of [...in6Dev.anycasts.values()]) deleteRoute6(ip, route);
  ip.inet.ndProxies.purge(dev);
  ip.fragments6.purge(dev);
  ip.redirects6.forget(dev);
  dev.ip6 = null;
}
