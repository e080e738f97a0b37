// Which of its addresses a host speaks with.
//
// Mirrors net/ipv4/devinet.c (inet_select_addr, inet_confirm_addr, inet_addr_onlink) and net/ipv4/fib_semantics.c
// (fib_result_prefsrc).

import type { Device } from "../../net/netdevice.ts";
import { IFA_F_SECONDARY } from "../../uapi/if_addr.ts";
import { IPV4_DEVCONF_ROUTE_LOCALNET } from "../../uapi/ip.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import { l3mdevMaster } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import type { Ipv4Address } from "./address.ts";
import { InDevice } from "./device.ts";
import type { FibResult } from "./fib.ts";

/**
 * The address to speak to `destination` with from `dev`: one of its subnet if there is one, of a scope that reaches as far
 * as `scope`; from another device of its VRF when `dev` has none, the VRF's own first. 0 when there is none at all.
 */
export function selectSource(ip: IpNetns, dev: Device | null, destination: number, scope: number): number {
  const own = dev?.ip instanceof InDevice ? selectOn(dev.ip, destination, scope) : 0;
  if (own !== 0) return own;
  if (ip.addresses4.size === 0) return 0;
  const vrf = dev === null ? null : l3mdevMaster(dev);
  const ofVrf = vrf === null ? 0 : firstOn(vrf, scope);
  if (ofVrf !== 0) return ofVrf;
  for (const other of ip.netns.devices.values()) {
    const found = l3mdevMaster(other) === vrf ? firstOn(other, scope) : 0;
    if (found !== 0) return found;
  }
  return 0;
}

/** The first address of a device that reaches beyond its link (in_dev_select_addr). */
function firstOn(dev: Device, scope: number): number {
  if (!(dev.ip instanceof InDevice)) return 0;
  const address = dev.ip.addresses.find(
    (each) => isPrimary(each) && each.scope !== RT_SCOPE_LINK && each.scope <= scope,
  );
  return address?.local ?? 0;
}

function selectOn(inDev: InDevice, destination: number, scope: number): number {
  let first = 0;
  const { addresses } = inDev;
  const narrowest = narrowestScope(inDev);
  for (let index = 0; index < addresses.length; index++) {
    const address = addresses[index];
    if (address === undefined || !isPrimary(address) || Math.min(address.scope, narrowest) > scope) continue;
    if (destination === 0 || address.matches(destination)) return address.local;
    if (first === 0) first = address.local;
  }
  return first;
}

/** Host addresses count as a link's where 127/8 may be routed. */
function narrowestScope(inDev: InDevice): number {
  return inDev.conf.get(IPV4_DEVCONF_ROUTE_LOCALNET) !== 0 ? RT_SCOPE_LINK : RT_SCOPE_HOST;
}

function isPrimary(address: Ipv4Address): boolean {
  return (address.flags & IFA_F_SECONDARY) === 0;
}

/** The source a found route wants: its preferred one, or an address of its device. */
export function sourceOf(ip: IpNetns, result: FibResult): number {
  const info = result.alias?.info;
  if (info === undefined) return 0;
  if (info.prefsrc !== 0) return info.prefsrc;
  const { nexthop } = result;
  return selectSource(ip, nexthop?.dev ?? null, nexthop?.gateway ?? 0, info.scope);
}

/** Whether two addresses are in one subnet of the device (inet_addr_onlink); `other` 0 asks for the first alone. */
export function isOnLink(inDev: InDevice, address: number, other: number): boolean {
  return inDev.addresses.some(
    (each) => isPrimary(each) && each.matches(address) && (other === 0 || each.matches(other)),
  );
}

/**
 * An address of the device with at least `scope`: `local` itself if it is one (0: any), in one subnet with `destination`
 * if that is given (inet_confirm_addr). 0 when there is none.
 */
export function confirmAddress(inDev: InDevice, destination: number, local: number, scope: number): number {
  let found = 0;
  let isSame = false;
  const narrowest = narrowestScope(inDev);
  for (const address of inDev.addresses) {
    const least = Math.min(address.scope, narrowest);
    if (found === 0 && (local === address.local || local === 0) && least <= scope) {
      found = address.local;
      if (isSame) break;
    }
    if (isSame) continue;
    isSame = (local === 0 || address.matches(local)) && (destination === 0 || address.matches(destination));
    if (!isSame || found === 0) continue;
    if (local !== 0 || destination === 0) break;
    if (address.matches(found)) break;
    if (least <= scope) {
      found = address.local;
      break;
    }
    isSame = false;
  }
  return isSame ? found : 0;
}
