// Memberships in IPv4 groups, and the hardware addresses that come with them.
//
// Mirrors net/ipv4/igmp.c (ip_mc_up, ip_mc_down, ip_mc_filter_add, ip_mc_filter_del).

import { devMcAdd, devMcDel } from "../../net/address-list.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import type { InDevice } from "./device.ts";

/** Takes part in a group; `group` as a signed 32-bit number. */
export function joinGroup4(inDev: InDevice, group: number): void {
  inDev.groups ??= new Map();
  if (inDev.groups.has(group)) return;
  inDev.groups.set(group, 1);
  if (inDev.dev.type === ARPHRD_ETHER) devMcAdd(inDev.dev, groupAddress(group));
}

/** Leaves every group (ip_mc_down). */
export function leaveGroups4(inDev: InDevice): void {
  const groups = inDev.groups ?? new Map<number, number>();
  inDev.groups = null;
  if (inDev.dev.type !== ARPHRD_ETHER) return;
  for (const group of groups.keys()) devMcDel(inDev.dev, groupAddress(group));
}

/** The hardware address of a group: 01:00:5e and its last 23 bits (ip_eth_mc_map). */
function groupAddress(group: number): number {
  return 0x0100_5e00_0000 + (group & 0x7f_ffff);
}
