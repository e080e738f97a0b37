// What happens to devices, as IPv4 sees it: routes and neighbours follow up, down and carrier, `lo` gets its address, a
// device that goes takes all its state along.
//
// Mirrors net/ipv4/arp.c (arp_netdev_event), net/ipv4/devinet.c (inetdev_event) and net/ipv4/fib_frontend.c
// (fib_netdev_event), in the order in which they are called.

import { devGetFlags } from "../../net/flags.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { IFF_LOOPBACK, IFF_LOWER_UP, IFF_NOARP, IFF_RUNNING, IFF_UP, IFNAMSIZ } from "../../uapi/if.ts";
import { INADDR_ALLHOSTS_GROUP, INADDR_LOOPBACK } from "../../uapi/in.ts";
import * as conf from "../../uapi/ip.ts";
import { RT_SCOPE_HOST, RTNH_F_DEAD, RTNH_F_LINKDOWN } from "../../uapi/rtnetlink.ts";
import { flushNeighbours } from "../neigh/table.ts";
import { hasInet, inDevice, ipNetns } from "../slots.ts";
import { FOREVER, Ipv4Address } from "./address.ts";
import { deleteAddress, insertAddress } from "./address-change.ts";
import { setLifetime } from "./address-lifetime.ts";
import { addAddressRoutes } from "./address-route.ts";
import { announceAddresses } from "./arp-send.ts";
import { InDevice } from "./device.ts";
import { syncDown, syncLinkdown, syncUp } from "./fib-sync.ts";
import { reporterOf } from "./igmp.ts";
import { joinGroup4, leaveGroups4 } from "./multicast.ts";

/** Follows one event of a device. */
export function deviceEvent4(event: DeviceEvent, dev: Device): void {
  if (event === "up") return up(dev);
  if (event === "change" && (dev.flags & IFF_UP) !== 0) return changed(dev);
  const inDev = dev.ip;
  if (!(inDev instanceof InDevice)) return;
  switch (event) {
    case "down":
      return down(inDev);
    case "change-mtu":
      if (!hasInet(dev)) destroy(inDev);
      return;
    case "change-address":
      flushNeighbours(inDev.neighbours.values(), false);
      if (isSet(inDev, conf.IPV4_DEVCONF_ARP_NOTIFY)) announceAddresses(inDev);
      return;
    case "notify-peers":
      return announceAddresses(inDev);
    case "resend-igmp":
      return reporterOf(inDev).rejoin();
    case "change-name":
      return renamed(inDev);
    case "unregister":
      return destroy(inDev);
    default:
      return;
  }
}

function isSet(inDev: InDevice, index: number): boolean {
  return (ipNetns(inDev.dev.netns).all4[index] ?? 0) !== 0 || inDev.conf.get(index) !== 0;
}

function up(dev: Device): void {
  const inDev = inDevice(dev);
  if (inDev === null) return;
  if ((dev.flags & IFF_LOOPBACK) !== 0 && inDev.addresses.length === 0) addLoopbackAddress(inDev);
  joinGroup4(inDev, INADDR_ALLHOSTS_GROUP | 0);
  if (isSet(inDev, conf.IPV4_DEVCONF_ARP_NOTIFY)) announceAddresses(inDev);
  for (const address of inDev.addresses) addAddressRoutes(inDev, address);
  syncUp(dev, RTNH_F_DEAD);
}

function addLoopbackAddress(inDev: InDevice): void {
  const address = new Ipv4Address(inDev.dev, INADDR_LOOPBACK, INADDR_LOOPBACK, 8);
  address.scope = RT_SCOPE_HOST;
  setLifetime(address, FOREVER, FOREVER);
  insertAddress(inDev, address);
}

function down(inDev: InDevice): void {
  leaveGroups4(inDev);
  syncDown(inDev.dev, "flags");
  flushNeighbours(inDev.neighbours.values(), false);
}

/** Carrier or flags have changed. */
function changed(dev: Device): void {
  if (!(dev.ip instanceof InDevice)) return;
  const inDev = dev.ip;
  if ((dev.flags & IFF_NOARP) !== 0) flushNeighbours(inDev.neighbours.values(), true);
  const evicts = isSetEverywhere(inDev, conf.IPV4_DEVCONF_ARP_EVICT_NOCARRIER);
  if (!dev.hasCarrier && evicts) flushNeighbours(inDev.neighbours.values(), true);
  if ((devGetFlags(dev) & (IFF_RUNNING | IFF_LOWER_UP)) !== 0) syncUp(dev, RTNH_F_LINKDOWN);
  else syncLinkdown(dev);
}

/** A setting that counts when it is set both for all devices and for this one. */
function isSetEverywhere(inDev: InDevice, index: number): boolean {
  return (ipNetns(inDev.dev.netns).all4[index] ?? 0) !== 0 && inDev.conf.get(index) !== 0;
}

/** Labels follow the device's name, what stands behind a colon stays. */
function renamed(inDev: InDevice): void {
  const { announcer } = ipNetns(inDev.dev.netns).inet;
  const { name } = inDev.dev;
  for (const [index, address] of inDev.addresses.entries()) {
    const colon = address.label.indexOf(":");
    const suffix = index === 0 ? "" : colon < 0 ? `:${index + 1}` : address.label.slice(colon);
    address.label = name.slice(0, IFNAMSIZ - 1 - suffix.length) + suffix;
    announcer.address4("new", address, undefined);
  }
}

/** The device goes, or is too small for IPv4 (inetdev_destroy). */
function destroy(inDev: InDevice): void {
  const { dev } = inDev;
  for (let address = inDev.addresses[0]; address !== undefined; address = inDev.addresses[0]) {
    deleteAddress(inDev, address, undefined, true);
  }
  leaveGroups4(inDev);
  inDev.lifetimeTimer?.stop();
  syncDown(dev, "everything");
  flushNeighbours(inDev.neighbours.values(), false);
  ipNetns(dev.netns).inet.arpProxies.purge(dev);
  ipNetns(dev.netns).fragments4.purge(dev);
  ipNetns(dev.netns).redirects4.forget(dev);
  dev.ip = null;
}
