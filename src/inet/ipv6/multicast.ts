// Memberships in groups, counted by those who want them.
//
// Mirrors net/ipv6/mcast.c (__ipv6_dev_mc_inc, __ipv6_dev_mc_dec, ipv6_chk_mcast_addr).

import { solicitedNode } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFF_LOOPBACK, IFF_NOARP } from "../../uapi/if.ts";
import { ARPHRD_ETHER } from "../../uapi/if_arp.ts";
import { hasInet6 } from "../slots.ts";
import type { Group6 } from "./device.ts";
import { In6Device } from "./device.ts";
import { firstGroups, groupsOf, hardwareGroup, loadGroup, unloadGroup } from "./group-list.ts";
import { reportChange } from "./mld.ts";

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

/** Takes part in a group once more; `group` must not change. */
export function joinGroup(in6Dev: In6Device, group: Uint8Array): void {
  const known = in6Dev.groups.get(group);
  if (known !== undefined) {
    known.users++;
    return;
  }
  const member = { group, users: 1, isLoaded: false };
  in6Dev.groups.set(group, member);
  loadGroup(in6Dev, member);
  reportChange(in6Dev, group, true);
}

/** Takes part in a group once less. */
export function leaveGroup(in6Dev: In6Device, group: Uint8Array): void {
  const known = in6Dev.groups.get(group);
  if (known === undefined) return;
  known.users--;
  if (known.users > 0) return;
  in6Dev.groups.delete(group);
  unloadGroup(in6Dev, known);
  reportChange(in6Dev, group, false);
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

/** Whether the device listens to the group at `bytes[offset]`. */
export function isMember(in6Dev: In6Device, bytes: Uint8Array, offset: number): boolean {
  return in6Dev.groups.get(bytes, offset) !== undefined;
}
