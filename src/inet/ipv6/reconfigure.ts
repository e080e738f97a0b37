// Settings whose change makes something happen: a device starts or stops to forward, to have IPv6 at all, to make addresses in
// one way.
//
// Mirrors net/ipv6/addrconf.c (addrconf_fixup_forwarding, dev_forward_change, addrconf_fixup_linkdown, addrconf_disable_ipv6, dev_disable_change,
// addrconf_sysctl_addr_gen_mode).

import type { Device } from "../../net/netdevice.ts";
import { IFF_LOOPBACK, IFF_MULTICAST, IFF_UP } from "../../uapi/if.ts";
import { IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import * as conf from "../../uapi/ipv6.ts";
import { AF_INET6 } from "../../uapi/socket.ts";
import type { Whose } from "../inet.ts";
import type { IpNetns } from "../netns.ts";
import { in6Device } from "../slots.ts";
import { joinAnycast, leaveAnycast } from "./anycast.ts";
import { deviceEvent6, interfaceDown } from "./events.ts";
import { addOwnLinkLocal } from "./link-local.ts";
import { changeRouterGroups } from "./multicast.ts";

/** Changes a value of `net.ipv6.conf.default`: devices that are there keep what it was. */
export function changeDefault6(ip: IpNetns, index: number, value: number): void {
  // A device without state of its own is as the default: it gets some, which has the old one.
  for (const dev of ip.netns.devices.values()) in6Device(dev);
  ip.default6 = ip.default6.slice();
  ip.default6[index] = value;
}

/** Has all devices, those to come, or one forward packets or not (addrconf_fixup_forwarding). */
export function changeForwarding6(ip: IpNetns, whose: Whose, value: number): void {
  if (typeof whose !== "string") return forward(ip, whose, value);
  const [all, usual] = [ip.all6[conf.DEVCONF_FORWARDING] ?? 0, ip.default6[conf.DEVCONF_FORWARDING] ?? 0];
  changeDefault6(ip, conf.DEVCONF_FORWARDING, value);
  if (isFlipped(usual, value)) tell(ip, "default", conf.DEVCONF_FORWARDING);
  if (whose === "default") return;
  ip.all6[conf.DEVCONF_FORWARDING] = value;
  for (const dev of ip.netns.devices.values()) forward(ip, dev, value);
  if (isFlipped(all, value)) tell(ip, "all", conf.DEVCONF_FORWARDING);
}

/** Has routes by links that are down count or not, on all devices, those to come, or one (addrconf_fixup_linkdown). */
export function changeLinkdown6(ip: IpNetns, whose: Whose, value: number): void {
  const index = conf.DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN;
  if (typeof whose !== "string") return ignoreLinkdown(ip, whose, value);
  const [all, usual] = [ip.all6[index] ?? 0, ip.default6[index] ?? 0];
  changeDefault6(ip, index, value);
  if (whose === "default") {
    if (isFlipped(usual, value)) tell(ip, whose, index);
    return;
  }
  ip.all6[index] = value;
  for (const dev of ip.netns.devices.values()) ignoreLinkdown(ip, dev, value);
  if (isFlipped(all, value)) tell(ip, whose, index);
}

function ignoreLinkdown(ip: IpNetns, dev: Device, value: number): void {
  const index = conf.DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN;
  const slot = in6Device(dev);
  if (slot === null) return;
  const old = slot.conf.get(index);
  slot.conf.set(index, value);
  if (isFlipped(old, value)) tell(ip, dev, index);
}

function isFlipped(old: number, value: number): boolean {
  return (old === 0) !== (value === 0);
}

function tell(ip: IpNetns, whose: Whose, index: number): void {
  ip.inet.announcer.netconfSetting(ip.netns, AF_INET6, whose, index);
}

/** A router is in the groups of routers and has the anycast addresses of its subnets. */
function forward(ip: IpNetns, dev: Device, value: number): void {
  const in6Dev = in6Device(dev);
  if (in6Dev === null) return;
  const was = in6Dev.conf.get(conf.DEVCONF_FORWARDING) !== 0;
  const is = value !== 0;
  in6Dev.conf.set(conf.DEVCONF_FORWARDING, value);
  if (was === is) return;
  if ((in6Dev.dev.flags & IFF_MULTICAST) !== 0) changeRouterGroups(in6Dev, is);
  for (const address of in6Dev.addresses) {
    if ((address.flags & IFA_F_TENTATIVE) !== 0) continue;
    if (is) joinAnycast(in6Dev, address);
    else leaveAnycast(in6Dev, address);
  }
  tell(ip, dev, conf.DEVCONF_FORWARDING);
}

/** Takes IPv6 from all devices, those to come, or one, or gives it back. */
export function changeDisabled6(ip: IpNetns, whose: Whose, value: number): void {
  if (whose === "default") return changeDefault6(ip, conf.DEVCONF_DISABLE_IPV6, value);
  if (whose !== "all") return disable(whose, value);
  ip.all6[conf.DEVCONF_DISABLE_IPV6] = value;
  changeDefault6(ip, conf.DEVCONF_DISABLE_IPV6, value);
  for (const dev of ip.netns.devices.values()) disable(dev, value);
}

function disable(dev: Device, value: number): void {
  const slot = in6Device(dev);
  if (slot === null) return;
  const was = slot.conf.get(conf.DEVCONF_DISABLE_IPV6) !== 0;
  slot.conf.set(conf.DEVCONF_DISABLE_IPV6, value);
  if (was === (value !== 0)) return;
  if (value !== 0) interfaceDown(dev, false);
  else if ((dev.flags & IFF_UP) !== 0) deviceEvent6("up", dev);
}

/** Has link-local addresses made in another way; a device that is up gets one at once. */
export function changeGenMode6(ip: IpNetns, whose: Whose, value: number): void {
  if (whose === "default") return changeDefault6(ip, conf.DEVCONF_ADDR_GEN_MODE, value);
  if (whose !== "all") return generate(whose, value);
  ip.all6[conf.DEVCONF_ADDR_GEN_MODE] = value;
  changeDefault6(ip, conf.DEVCONF_ADDR_GEN_MODE, value);
  for (const dev of ip.netns.devices.values()) generate(dev, value);
}

function generate(dev: Device, mode: number): void {
  const slot = in6Device(dev);
  if (slot === null || slot.conf.get(conf.DEVCONF_ADDR_GEN_MODE) === mode) return;
  slot.conf.set(conf.DEVCONF_ADDR_GEN_MODE, mode);
  if (slot.isReady && (dev.flags & IFF_LOOPBACK) === 0) addOwnLinkLocal(slot);
}
