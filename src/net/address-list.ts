// The hardware addresses a device listens to beside its own: unicast ones, of devices stacked on it, and multicast
// groups. A stacked device copies its lists to the one below.
//
// Mirrors net/core/dev_addr_lists.c (dev_uc_add, dev_mc_add, dev_uc_sync, dev_mc_sync and their kin).
// Omitted: addresses kept for several devices below at once (dev_mc_sync_multiple
// counts once for each there; here the references do).

import { exists } from "../netlink/error.ts";
import { devSetRxMode } from "./flags.ts";
import type { AddressList, Device } from "./netdevice.ts";

/** Listens to the unicast address `address` once more (dev_uc_add). */
export function devUcAdd(dev: Device, address: number): void {
  dev.unicast ??= new Map();
  take(dev.unicast, address);
  devSetRxMode(dev);
}

/** `devUcAdd`, EEXIST when the address is on the list (dev_uc_add_excl). */
export function devUcAddExclusive(dev: Device, address: number): void {
  if (dev.unicast?.has(address) === true) throw exists();
  devUcAdd(dev, address);
}

/**
 * Listens to the unicast address `address` once less (dev_uc_del); false when it is not on the list: a user may have taken it
 * off whoever needs it.
 */
export function devUcDel(dev: Device, address: number): boolean {
  if (dev.unicast === null || !release(dev.unicast, address)) return false;
  devSetRxMode(dev);
  return true;
}

/** Listens to the group `address` once more (dev_mc_add). */
export function devMcAdd(dev: Device, address: number): void {
  dev.multicast ??= new Map();
  take(dev.multicast, address);
  devSetRxMode(dev);
}

/** `devMcAdd`, EEXIST when the group is on the list (dev_mc_add_excl). */
export function devMcAddExclusive(dev: Device, address: number): void {
  if (dev.multicast?.has(address) === true) throw exists();
  devMcAdd(dev, address);
}

/** Listens to the group `address` once less (dev_mc_del); false as for devUcDel. */
export function devMcDel(dev: Device, address: number): boolean {
  if (dev.multicast === null || !release(dev.multicast, address)) return false;
  devSetRxMode(dev);
  return true;
}

/** Makes the device below, `to`, listen to all that `from` listens to, and to no more of it (dev_uc_sync, dev_mc_sync). */
export function syncAddresses(to: Device, from: Device): void {
  if (from.unicast !== null) {
    to.unicast ??= new Map();
    sync(to.unicast, from.unicast);
  }
  if (from.multicast !== null) {
    to.multicast ??= new Map();
    sync(to.multicast, from.multicast);
  }
  devSetRxMode(to);
}

/** Takes back what `syncAddresses` made `to` listen to (dev_uc_unsync, dev_mc_unsync). */
export function unsyncAddresses(to: Device, from: Device): void {
  if (to.unicast !== null && from.unicast !== null) unsync(to.unicast, from.unicast);
  if (to.multicast !== null && from.multicast !== null) unsync(to.multicast, from.multicast);
  devSetRxMode(to);
}

function take(list: AddressList, address: number): void {
  const known = list.get(address);
  if (known === undefined) list.set(address, { references: 1, isSynced: false });
  else known.references++;
}

/** False when `address` is not on the list. */
function release(list: AddressList, address: number): boolean {
  const known = list.get(address);
  if (known === undefined) return false;
  known.references--;
  if (known.references === 0) list.delete(address);
  return true;
}

function sync(to: AddressList, from: AddressList): void {
  for (const [address, entry] of from) {
    if (!entry.isSynced) {
      entry.isSynced = true;
      entry.references++;
      take(to, address);
    } else if (entry.references === 1) {
      // Only the copy below still holds it.
      unsyncOne(to, from, address);
    }
  }
}

function unsync(to: AddressList, from: AddressList): void {
  for (const [address, entry] of [...from]) if (entry.isSynced) unsyncOne(to, from, address);
}

function unsyncOne(to: AddressList, from: AddressList, address: number): void {
  release(to, address);
  const entry = from.get(address);
  if (entry !== undefined) entry.isSynced = false;
  release(from, address);
}
