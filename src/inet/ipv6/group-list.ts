// The groups a device is in, and those of its hardware that stand for them: the latter while it may hear them, which is from the
// start until it goes down after it was ready, and from when it is ready again.
//
// Mirrors net/ipv6/addrconf.c (ipv6_add_dev) and net/ipv6/mcast.c (igmp6_group_added, igmp6_group_dropped, ipv6_mc_up, ipv6_mc_down).

import { getBe32 } from "../../bytes/endian.ts";
import { ipv6FromText, ipv6MulticastScope } from "../../bytes/ipv6.ts";
import { devMcAdd, devMcDel } from "../../net/address-list.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { everySource, GroupFilters } from "../source-filter.ts";
import type { Group6, In6Device } from "./device.ts";

const linkLocalScope = 2;
/** Groups every host is in for as long as it has IPv6. */
const hostGroups: readonly string[] = ["ff01::1", "ff02::1"];

/** Addresses by their texts. */
export function groupsOf(texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => ipv6FromText(text)).filter((address) => address !== undefined);
}

/** What the list of a device is before anything else was joined, in the order it was. */
export function firstGroups(): Group6[] {
  return groupsOf(hostGroups).map((group) => ({
    group,
    filters: GroupFilters.of(everySource),
    isLoaded: isOfLink(group),
  }));
}

/** Puts a device into the groups of all hosts. */
export function joinFirstGroups(in6Dev: In6Device): void {
  for (const member of firstGroups()) {
    in6Dev.groups.set(member.group, member);
    if (member.isLoaded) listen(in6Dev, member);
  }
}

/** Whether a group reaches further than the host itself. */
function isOfLink(group: Uint8Array): boolean {
  return ipv6MulticastScope(group) >= linkLocalScope;
}

/** Has the device hear a group. */
export function loadGroup(in6Dev: In6Device, member: Group6): void {
  if (member.isLoaded || !isOfLink(member.group)) return;
  member.isLoaded = true;
  listen(in6Dev, member);
}

function listen({ dev }: In6Device, { group }: Group6): void {
  if (dev.type === ARPHRD_ETHER) devMcAdd(dev, hardwareGroup(group));
}

/** Has the device hear a group no longer. */
export function unloadGroup({ dev }: In6Device, member: Group6): void {
  if (!member.isLoaded) return;
  member.isLoaded = false;
  if (dev.type === ARPHRD_ETHER) devMcDel(dev, hardwareGroup(member.group));
}

/** The device is up: it hears all its groups. */
export function loadGroups(in6Dev: In6Device): void {
  for (const member of newestFirst(in6Dev)) loadGroup(in6Dev, member);
}

/** The device is down: it stays in its groups, and hears none. */
export function unloadGroups(in6Dev: In6Device): void {
  for (const member of newestFirst(in6Dev)) unloadGroup(in6Dev, member);
}

function newestFirst({ groups }: In6Device): Group6[] {
  return [...groups.values()].reverse();
}

/** The hardware address of a group: 33:33 and its last four bytes (ipv6_eth_mc_map). */
export function hardwareGroup(group: Uint8Array): number {
  return 0x3333_0000_0000 + getBe32(group, 12);
}
