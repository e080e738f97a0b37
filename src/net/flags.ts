// Up, down and the other flags of a device: what a user may set, what is reported, and who is told in which order.
//
// Mirrors net/core/dev.c (dev_get_flags, __dev_change_flags, __dev_notify_flags, __dev_open, __dev_close_many,
// dev_set_promiscuity, dev_set_allmulti, __dev_set_rx_mode).

import * as iff from "../uapi/if.ts";
import { isOperUp } from "./carrier.ts";
import { announceLink, notify } from "./device.ts";
import type { Device, Origin } from "./netdevice.ts";
import { activateQdisc, deactivateQdisc } from "./qdisc.ts";

/** Flags a user sets directly. */
const settable =
  iff.IFF_DEBUG |
  iff.IFF_NOTRAILERS |
  iff.IFF_NOARP |
  iff.IFF_DYNAMIC |
  iff.IFF_MULTICAST |
  iff.IFF_PORTSEL |
  iff.IFF_AUTOMEDIA;
/** Flags that the device's state decides (IFF_VOLATILE). */
const volatile =
  iff.IFF_LOOPBACK |
  iff.IFF_POINTOPOINT |
  iff.IFF_BROADCAST |
  iff.IFF_ECHO |
  iff.IFF_MASTER |
  iff.IFF_SLAVE |
  iff.IFF_RUNNING |
  iff.IFF_LOWER_UP |
  iff.IFF_DORMANT;
const filters = iff.IFF_PROMISC | iff.IFF_ALLMULTI;

/** The flags that users see: IFF_RUNNING, IFF_LOWER_UP and IFF_DORMANT come from the state (dev_get_flags). */
export function devGetFlags(dev: Device): number {
  let flags = dev.flags & ~(filters | iff.IFF_RUNNING | iff.IFF_LOWER_UP | iff.IFF_DORMANT);
  flags |= dev.userFlags & filters;
  if ((dev.flags & iff.IFF_UP) !== 0) {
    if (isOperUp(dev)) flags |= iff.IFF_RUNNING;
    if (dev.hasCarrier) flags |= iff.IFF_LOWER_UP;
    if (dev.isDormant) flags |= iff.IFF_DORMANT;
  }
  return flags;
}

/** Sets the device's flags and tells everybody (netif_change_flags); throws what `open` throws, and then tells nobody. */
export function devChangeFlags(dev: Device, flags: number): void {
  const oldFlags = dev.flags;
  const oldUserFlags = dev.userFlags;
  changeFlags(dev, flags);
  devNotifyFlags(dev, oldFlags, (oldFlags ^ dev.flags) | (oldUserFlags ^ dev.userFlags));
}

/**
 * Sets the device's flags (__dev_change_flags); throws what `open` throws, and then leaves the device down with its other
 * flags changed.
 */
export function changeFlags(dev: Device, flags: number): void {
  const oldFlags = dev.flags;
  dev.flags = (flags & settable) | (dev.flags & (iff.IFF_UP | volatile | filters));
  if (((oldFlags ^ flags) & iff.IFF_MULTICAST) !== 0) dev.ops.changeRxFlags?.(dev, iff.IFF_MULTICAST);
  devSetRxMode(dev);
  try {
    if (((oldFlags ^ flags) & iff.IFF_UP) !== 0) {
      if ((oldFlags & iff.IFF_UP) !== 0) closeDevices([dev]);
      else openDevice(dev);
    }
  } finally {
    changeFilters(dev, flags);
  }
}

/** Asks for promiscuous and all-multicast mode on behalf of users, or takes that back. */
function changeFilters(dev: Device, flags: number): void {
  if (((flags ^ dev.userFlags) & iff.IFF_PROMISC) !== 0) {
    const amount = (flags & iff.IFF_PROMISC) !== 0 ? 1 : -1;
    dev.userFlags ^= iff.IFF_PROMISC;
    addPromiscuity(dev, amount);
    devSetRxMode(dev);
  }
  if (((flags ^ dev.userFlags) & iff.IFF_ALLMULTI) !== 0) {
    const amount = (flags & iff.IFF_ALLMULTI) !== 0 ? 1 : -1;
    dev.userFlags ^= iff.IFF_ALLMULTI;
    addAllmulti(dev, amount);
    devSetRxMode(dev);
  }
}

/** Tells everybody what changed (__dev_notify_flags): first the message, then the notifiers. */
export function devNotifyFlags(dev: Device, oldFlags: number, userChanges: number, origin?: Origin): void {
  const changes = dev.flags ^ oldFlags;
  if (userChanges !== 0) announceLink(dev, userChanges >>> 0, origin);
  if ((changes & iff.IFF_UP) !== 0) notify((dev.flags & iff.IFF_UP) !== 0 ? "up" : "down", dev);
  if ((dev.flags & iff.IFF_UP) !== 0 && (changes & ~(iff.IFF_UP | filters | volatile)) !== 0)
    notify("change", dev);
}

/** Brings a device up without telling anybody (__dev_open). */
function openDevice(dev: Device): void {
  dev.ops.open?.(dev);
  dev.flags |= iff.IFF_UP;
  devSetRxMode(dev);
  activateQdisc(dev);
}

/** Brings a device up and tells everybody (dev_open). */
export function devOpen(dev: Device): void {
  if ((dev.flags & iff.IFF_UP) !== 0) return;
  openDevice(dev);
  announceLink(dev, iff.IFF_UP | iff.IFF_RUNNING);
  notify("up", dev);
}

/** Takes devices down without telling anybody but those who must know before (__dev_close_many). */
function closeDevices(devices: readonly Device[]): void {
  for (const dev of devices) notify("going-down", dev);
  for (const dev of devices) {
    deactivateQdisc(dev);
    dev.ops.stop?.(dev);
    dev.flags &= ~iff.IFF_UP;
  }
}

/** Takes devices down, those that are up, and tells everybody (dev_close_many). */
export function devCloseMany(devices: readonly Device[]): void {
  const running = devices.filter((dev) => (dev.flags & iff.IFF_UP) !== 0);
  closeDevices(running);
  for (const dev of running) {
    announceLink(dev, iff.IFF_UP | iff.IFF_RUNNING);
    notify("down", dev);
  }
}

/** Asks for promiscuous mode (`amount` 1) or takes the asking back (-1) (dev_set_promiscuity). */
export function devSetPromiscuity(dev: Device, amount: number): void {
  const oldFlags = dev.flags;
  addPromiscuity(dev, amount);
  if (dev.flags === oldFlags) return;
  devSetRxMode(dev);
  devNotifyFlags(dev, oldFlags, iff.IFF_PROMISC);
}

/** As devSetPromiscuity, for all multicast frames (dev_set_allmulti). */
export function devSetAllmulti(dev: Device, amount: number): void {
  const oldFlags = dev.flags;
  addAllmulti(dev, amount);
  if (dev.flags === oldFlags) return;
  devSetRxMode(dev);
  // Users hear of it only when they asked (netif_set_allmulti).
  devNotifyFlags(dev, oldFlags, 0);
}

/**
 * Tells the driver what its device listens to now (__dev_set_rx_mode). One that cannot pick unicast addresses listens to
 * everything as long as there are any beside its own, which nobody is told of.
 */
export function devSetRxMode(dev: Device): void {
  if ((dev.flags & iff.IFF_UP) === 0) return;
  const isWanted = !dev.hasUnicastFilter && dev.unicast !== null && dev.unicast.size > 0;
  if (isWanted !== dev.isUnicastPromiscuous) {
    dev.isUnicastPromiscuous = isWanted;
    addPromiscuity(dev, isWanted ? 1 : -1);
  }
  dev.ops.setRxMode?.(dev);
}

function addPromiscuity(dev: Device, amount: number): void {
  const oldFlags = dev.flags;
  dev.promiscuity += amount;
  dev.flags = dev.promiscuity > 0 ? dev.flags | iff.IFF_PROMISC : dev.flags & ~iff.IFF_PROMISC;
  if (dev.flags !== oldFlags) dev.ops.changeRxFlags?.(dev, iff.IFF_PROMISC);
}

function addAllmulti(dev: Device, amount: number): void {
  const oldFlags = dev.flags;
  dev.allmulti += amount;
  dev.flags = dev.allmulti > 0 ? dev.flags | iff.IFF_ALLMULTI : dev.flags & ~iff.IFF_ALLMULTI;
  if (dev.flags !== oldFlags) dev.ops.changeRxFlags?.(dev, iff.IFF_ALLMULTI);
}
