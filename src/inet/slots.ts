// From a namespace or a device to what IPv4 and IPv6 keep with it; that of a device is made when it is asked for first.
//
// Mirrors include/linux/inetdevice.h (__in_dev_get_rtnl) and include/net/addrconf.h (__in6_dev_get).

import { assert } from "../bytes/assert.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import { IFF_LOOPBACK } from "../uapi/if.ts";
import { IPV4_DEVCONF_NOPOLICY, IPV4_DEVCONF_NOXFRM } from "../uapi/ip.ts";
import { DEVCONF_ACCEPT_DAD, DEVCONF_USE_TEMPADDR } from "../uapi/ipv6.ts";
import { DeviceConf4 } from "./ipv4/conf.ts";
import { InDevice, MIN_MTU4 } from "./ipv4/device.ts";
import { DeviceConf6 } from "./ipv6/conf.ts";
import { In6Device, MIN_MTU6 } from "./ipv6/device.ts";
import { joinFirstGroups } from "./ipv6/group-list.ts";
import { NeighParms } from "./neigh/parms.ts";
import { IpNetns } from "./netns.ts";

/** The state of a namespace, which has been there since its loopback device was registered. */
export function ipNetns(netns: Netns): IpNetns {
  const slot = netns.ip;
  assert(slot instanceof IpNetns, "Every namespace has its IP state");
  return slot;
}

/** Whether the device is large enough for IPv4. */
export function hasInet(dev: Device): boolean {
  return dev.mtu >= MIN_MTU4;
}

/** Whether the device is large enough for IPv6; `lo` keeps its state when it no longer is. */
export function hasInet6(dev: Device): boolean {
  return dev.mtu >= MIN_MTU6 || (dev.flags & IFF_LOOPBACK) !== 0;
}

/** The device's IPv4 state, made if need be; null when its MTU is too small for it. */
export function inDevice(dev: Device): InDevice | null {
  if (dev.ip instanceof InDevice) return dev.ip;
  if (!hasInet(dev)) return null;
  const ip = ipNetns(dev.netns);
  const conf = new DeviceConf4(ip.default4);
  if ((dev.flags & IFF_LOOPBACK) !== 0) {
    conf.set(IPV4_DEVCONF_NOXFRM, 1);
    conf.set(IPV4_DEVCONF_NOPOLICY, 1);
  }
  const slot = new InDevice(dev, conf, new NeighParms(dev.machine.random, ip.neigh4));
  dev.ip = slot;
  return slot;
}

/** The device's IPv6 state, made if need be; null when its MTU is too small for it. */
export function in6Device(dev: Device): In6Device | null {
  if (dev.ip6 instanceof In6Device) return dev.ip6;
  if (!hasInet6(dev)) return null;
  const ip = ipNetns(dev.netns);
  const conf = new DeviceConf6(ip.default6);
  if ((dev.flags & IFF_LOOPBACK) !== 0) {
    conf.set(DEVCONF_ACCEPT_DAD, -1);
    conf.set(DEVCONF_USE_TEMPADDR, -1);
  }
  const slot = new In6Device(dev, conf, new NeighParms(dev.machine.random, ip.neigh6));
  dev.ip6 = slot;
  joinFirstGroups(slot);
  return slot;
}
