// Memberships in groups, counted by those who want them.
//
// Mirrors net/ipv6/mcast.c (__ipv6_dev_mc_inc, __ipv6_dev_mc_dec, ipv6_chk_mcast_addr, ipv6_mc_up, ipv6_mc_down).

import { getBe32 } from "../../bytes/endian.ts";
import { ipv6FromText, solicitedNode } from "../../bytes/ipv6.ts";
import { devMcAdd, devMcDel } from "../../net/address-list.ts";
import { IFF_LOOPBACK, IFF_NOARP } from "../../uapi/if.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import type { In6Device } from "./device.ts";
import { reportChange } from "./mld.ts";

/** Groups every host is in, and every router. */
const hostGroups: readonly string[] = ["ff02::1", "ff01::1"];
const routerGroups: readonly string[] = ["ff01::2", "ff02::2", "ff05::2"];

/** Takes part in a group once more; `group` must not change. */
export function joinGroup(in6Dev: In6Device, group: Uint8Array): void {
  const known = in6Dev.groups.get(group);
  if (known !== undefined) {
    known.users++;
    return;
  }
  in6Dev.groups.set(group, { group, users: 1 });
  if (in6Dev.dev.type === ARPHRD_ETHER) devMcAdd(in6Dev.dev, groupAddress(group));
  reportChange(in6Dev, group, true);
}

/** Takes part in a group once less. */
export function leaveGroup(in6Dev: In6Device, group: Uint8Array): void {
  const known = in6Dev.groups.get(group);
  if (known === undefined) return;
  known.users--;
  if (known.users > 0) return;
  in6Dev.groups.delete(group);
  if (in6Dev.dev.type === ARPHRD_ETHER) devMcDel(in6Dev.dev, groupAddress(group));
  reportChange(in6Dev, group, false);
}

/** The hardware address of a group: 33:33 and its last four bytes (ipv6_eth_mc_map). */
function groupAddress(group: Uint8Array): number {
  return 0x3333_0000_0000 + getBe32(group, 12);
}

/** Leaves every group without a word, as a device does that goes (ipv6_mc_destroy_dev). */
export function leaveEveryGroup(in6Dev: In6Device): void {
  for (const { group } of [...in6Dev.groups.values()]) {
    in6Dev.groups.delete(group);
    if (in6Dev.dev.type === ARPHRD_ETHER) devMcDel(in6Dev.dev, groupAddress(group));
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

/** Takes part in the groups of all hosts, unless that is so already. */
export function joinHostGroups(in6Dev: In6Device): void {
  for (const group of addressesOf(hostGroups)) {
    if (in6Dev.groups.get(group) === undefined) joinGroup(in6Dev, group);
  }
}

/** Takes part in the groups of all routers, or leaves them (dev_forward_change). */
export function changeRouterGroups(in6Dev: In6Device, isRouter: boolean): void {
  for (const group of addressesOf(routerGroups)) {
    if (isRouter) joinGroup(in6Dev, group);
    else leaveGroup(in6Dev, group);
  }
}

function addressesOf(texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => ipv6FromText(text)).filter((address) => address !== undefined);
}

/** Whether the device listens to the group at `bytes[offset]`. */
export function isMember(in6Dev: In6Device, bytes: Uint8Array, offset: number): boolean {
  return in6Dev.groups.get(bytes, offset) !== undefined;
}
