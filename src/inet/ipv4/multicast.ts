// Memberships in IPv4 groups, counted by those who want them, and the hardware addresses that come with them.
//
// Mirrors net/ipv4/igmp.c (____ip_mc_inc_group, __ip_mc_dec_group, ip_mc_add_src, ip_mc_down, ip_mc_filter_add, ip_mc_filter_del).

import { devMcAdd, devMcDel } from "../../net/address-list.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { INADDR_ALLHOSTS_GROUP } from "../../uapi/in.ts";
import type { SourceFilter } from "../source-filter.ts";
import { everySource, GroupFilters } from "../source-filter.ts";
import type { InDevice } from "./device.ts";
import { reporterOf } from "./igmp.ts";

/** One more takes part in a group, and listens to whom `filter` says; `group` as a signed 32-bit number. */
export function joinGroup4(inDev: InDevice, group: number, filter: SourceFilter = everySource): void {
  inDev.groups ??= new Map();
  const known = inDev.groups.get(group);
  if (known !== undefined) return changeFilters4(inDev, group, known, (filters) => filters.add(filter));
  const filters = new GroupFilters();
  inDev.groups.set(group, filters);
  if (inDev.dev.type === ARPHRD_ETHER) devMcAdd(inDev.dev, groupAddress(group));
  changeFilters4(inDev, group, filters, () => filters.add(filter));
}

/** One who takes part in a group listens to others. */
export function changeGroupFilter4(
  inDev: InDevice,
  group: number,
  before: SourceFilter,
  after: SourceFilter,
): void {
  const known = inDev.groups?.get(group);
  if (known === undefined) return;
  changeFilters4(inDev, group, known, (filters) => {
    filters.add(after);
    filters.remove(before);
  });
}

/** One less takes part in a group, who listened to whom `filter` says. */
export function leaveGroup4(inDev: InDevice, group: number, filter: SourceFilter = everySource): void {
  const known = inDev.groups?.get(group);
  if (known === undefined) return;
  if (known.users === 1) {
    inDev.groups?.delete(group);
    if (inDev.dev.type === ARPHRD_ETHER) devMcDel(inDev.dev, groupAddress(group));
  }
  changeFilters4(inDev, group, known, (filters) => filters.remove(filter));
}

/** Changes who listens to whom in a group, and has that told. */
function changeFilters4(
  inDev: InDevice,
  group: number,
  filters: GroupFilters,
  change: (filters: GroupFilters) => void,
): void {
  const before = filters.merged;
  change(filters);
  if (group !== (INADDR_ALLHOSTS_GROUP | 0)) reporterOf(inDev).change(group, before, filters.merged);
}

/** Leaves every group (ip_mc_down). */
export function leaveGroups4(inDev: InDevice): void {
  const groups = inDev.groups ?? new Map<number, GroupFilters>();
  inDev.groups = null;
  inDev.igmp?.stop();
  if (inDev.dev.type !== ARPHRD_ETHER) return;
  for (const group of groups.keys()) devMcDel(inDev.dev, groupAddress(group));
}

/** The hardware address of a group: 01:00:5e and its last 23 bits (ip_eth_mc_map). */
function groupAddress(group: number): number {
  return 0x0100_5e00_0000 + (group & 0x7f_ffff);
}
