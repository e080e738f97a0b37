// Memberships in groups, counted by those who want them.
//
// Mirrors net/ipv6/mcast.c (__ipv6_dev_mc_inc, __ipv6_dev_mc_dec, ip6_mc_add_src, ipv6_chk_mcast_addr).

import { solicitedNode } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFF_LOOPBACK, IFF_NOARP } from "../../uapi/if.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { hasInet6 } from "../slots.ts";
import type { SourceFilter } from "../source-filter.ts";
import { allowsSource, everySource, GroupFilters } from "../source-filter.ts";
import type { Group6 } from "./device.ts";
import { In6Device } from "./device.ts";
import { firstGroups, groupsOf, hardwareGroup, loadGroup, unloadGroup } from "./group-list.ts";
import { mldReporterOf } from "./mld.ts";

/** Groups every router is in. */
const routerGroups: readonly string[] = ["ff02::2", "ff01::2", "ff05::2"];

/** The groups a device is in, the newest first; one that IPv6 keeps nothing with yet is in those of all hosts. */
export function groups6(dev: Device): Group6[] {
  if (dev.ip6 instanceof In6Device) return [...dev.ip6.groups.values()].reverse();
  return dev.netns.stack === null && hasInet6(dev) ? firstGroups().reverse() : [];
}

/** The hardware groups a device listens to and how many want each, those for `groups6` among them. */
export function hardwareGroups(dev: Device): [address: number, references: number][] {
  const listed = [...(dev.multicast ?? [])].map(([address, { references }]): [number, number] => [
    address,
    references,
  ]);
  if (dev.ip6 instanceof In6Device || dev.type !== ARPHRD_ETHER) return listed;
  const loaded = groups6(dev).filter(({ isLoaded }) => isLoaded);
  return [...loaded.map(({ group }): [number, number] => [hardwareGroup(group), 1]), ...listed];
}

/** One more takes part in a group, and listens to whom `filter` says; `group` must not change. */
export function joinGroup(in6Dev: In6Device, group: Uint8Array, filter: SourceFilter = everySource): void {
  const known = in6Dev.groups.get(group);
  if (known !== undefined) return changeFilters(in6Dev, known, (filters) => filters.add(filter));
  const member: Group6 = { group, filters: new GroupFilters(), isLoaded: false };
  in6Dev.groups.set(group, member);
  loadGroup(in6Dev, member);
  changeFilters(in6Dev, member, (filters) => filters.add(filter));
}

/** One who takes part in a group listens to others. */
export function changeGroupFilter(
  in6Dev: In6Device,
  group: Uint8Array,
  before: SourceFilter,
  after: SourceFilter,
): void {
  const known = in6Dev.groups.get(group);
  if (known === undefined) return;
  changeFilters(in6Dev, known, (filters) => {
    filters.add(after);
    filters.remove(before);
  });
}

/** One less takes part in a group, who listened to whom `filter` says. */
export function leaveGroup(in6Dev: In6Device, group: Uint8Array, filter: SourceFilter = everySource): void {
  const known = in6Dev.groups.get(group);
  if (known === undefined) return;
  if (known.filters.users === 1) {
    in6Dev.groups.delete(group);
    unloadGroup(in6Dev, known);
  }
  changeFilters(in6Dev, known, (filters) => filters.remove(filter));
}

/** Changes who listens to whom in a group, and has that told. */
function changeFilters(in6Dev: In6Device, member: Group6, change: (filters: GroupFilters) => void): void {
  const before = member.filters.merged;
  change(member.filters);
  mldReporterOf(in6Dev).change(member, before, member.filters.merged);
}

/** Leaves every group without a word, as a device does that goes (ipv6_mc_destroy_dev). */
export function leaveEveryGroup(in6Dev: In6Device): void {
  for (const member of [...in6Dev.groups.values()]) {
    in6Dev.groups.delete(member.group);
    unloadGroup(in6Dev, member);
  }
}

/** Takes part in the group whose members may have `address` (addrconf_join_solict). */
export function joinSolicitedNode(in6Dev: In6Device, address: Uint8Array): void {
  if (!resolves(in6Dev)) return;
  joinGroup(in6Dev, solicitedNode(address));
}

/** See joinSolicitedNode (addrconf_leave_solict). */
export function leaveSolicitedNode(in6Dev: In6Device, address: Uint8Array): void {
  if (!resolves(in6Dev)) return;
  leaveGroup(in6Dev, solicitedNode(address));
}

function resolves({ dev }: In6Device): boolean {
  return (dev.flags & (IFF_LOOPBACK | IFF_NOARP)) === 0;
}

/** Takes part in the groups of all routers, or leaves them (dev_forward_change). */
export function changeRouterGroups(in6Dev: In6Device, isRouter: boolean): void {
  for (const group of groupsOf(routerGroups)) {
    if (isRouter) joinGroup(in6Dev, group);
    else leaveGroup(in6Dev, group);
  }
}

/** Whether the device is in the group at `bytes[offset]`. */
export function isMember(in6Dev: In6Device, bytes: Uint8Array, offset: number): boolean {
  return in6Dev.groups.get(bytes, offset) !== undefined;
}

/** Whether the device listens to what `bytes[source]` sends to the group at `bytes[group]` (ipv6_chk_mcast_addr). */
export function hearsGroup6(in6Dev: In6Device, bytes: Uint8Array, group: number, source: number): boolean {
  const member = in6Dev.groups.get(bytes, group);
  return member !== undefined && allowsSource(member.filters.merged, bytes, source);
}
