// Memberships in IPv4 groups, counted by those who want them, and the hardware addresses that come with them.
//
// Mirrors net/ipv4/igmp.c (____ip_mc_inc_group, __ip_mc_dec_group, ip_mc_down, ip_mc_filter_add, ip_mc_filter_del).

import { devMcAdd, devMcDel } from "../../net/address-list.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { INADDR_ALLHOSTS_GROUP } from "../../uapi/in.ts";
import type { InDevice } from "./device.ts";
import { reporterOf } from "./igmp.ts";

/** Takes part in a group once more; `group` as a signed 32-bit number. */
export function joinGroup4(inDev: InDevice, group: number): void {
  inDev.groups ??= new Map();
  const users = inDev.groups.get(group) ?? 0;
  inDev.groups.set(group, users + 1);
  if (users > 0) return;
  if (inDev.dev.type === ARPHRD_ETHER) devMcAdd(inDev.dev, groupAddress(group));
  if (group !== (INADDR_ALLHOSTS_GROUP | 0)) reporterOf(inDev).change(group, true);
}

/** Takes part in a group once less. */
export function leaveGroup4(inDev: InDevice, group: number): void {
  const users = inDev.groups?.get(group) ?? 0;
  if (users > 1) inDev.groups?.set(group, users - 1);
  if (users !== 1) return;
  inDev.groups?.delete(group);
  if (inDev.dev.type === ARPHRD_ETHER) devMcDel(inDev.dev, groupAddress(group));
  inDev.igmp?.change(group, false);
}

/** Leaves every group (ip_mc_down). */
export function leaveGroups4(inDev: InDevice): void {
  const groups = inDev.groups ?? new Map<number, number>();
  inDev.groups = null;
  inDev.igmp?.stop();
  if (inDev.dev.type !== ARPHRD_ETHER) return;
  for (const group of groups.keys()) devMcDel(inDev.dev, groupAddress(group));
}

/** The hardware address of a group: 01:00:5e and its last 23 bits (ip_eth_mc_map). */
function groupAddress(group: number): number {
  return 0x0100_5e00_0000 + (group & 0x7f_ffff);
}
