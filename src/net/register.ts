// A device enters its namespace and leaves it: name, index, events, and everything that must be gone afterwards.
//
// Mirrors net/core/dev.c (register_netdevice, dev_index_reserve, unregister_netdevice_many_notify).

import { assert } from "../bytes/assert.ts";
import { NetlinkError } from "../netlink/error.ts";
import { NET_ADDR_PERM } from "../uapi/netdevice.ts";
import { updateOperstate } from "./carrier.ts";
import { announceLink, notify } from "./device.ts";
import { initFeatures } from "./features.ts";
import { devCloseMany } from "./flags.ts";
import { prepareName, releaseName } from "./names.ts";
import type { Device, Netns, Origin } from "./netdevice.ts";
import { shutdownQdisc } from "./qdisc.ts";
import { flushBacklog } from "./receive.ts";

/** All bits of ifi_change: everything about the device is new. */
const everything = 0xffffffff;
/** Largest ifindex. */
const maxIfindex = 0x7fffffff;

/**
 * Registers `dev` in its namespace (register_netdevice): its name may be a template, its ifindex 0 takes the next free
 * one. EEXIST for a taken name, EBUSY for a taken index; a device that is refused is as before, and its counters stay
 * the caller's to release.
 */
export function registerDevice(dev: Device): void {
  assert(dev.registration === "uninitialized", "A device is registered once");
  const { netns } = dev;
  dev.name = prepareName(netns, dev.name);
  dev.ops.init?.(dev);
  try {
    dev.ifindex = reserveIndex(netns, dev.ifindex);
  } catch (error) {
    dev.ops.uninit?.(dev);
    throw error;
  }
  initFeatures(dev);
  if (dev.addressAssign === NET_ADDR_PERM) dev.permanentAddress = dev.address;
  dev.registration = "registered";
  if (!dev.hasCarrier || dev.isDormant) updateOperstate(dev);
  listDevice(dev);
  notify("register", dev);
  if (dev.linkOps === null || dev.isAnnounced) announceLink(dev, everything);
}

/** Enters a device in its namespace's lists (list_netdevice). */
export function listDevice(dev: Device): void {
  const { netns } = dev;
  netns.names.set(dev.name, dev);
  for (const altname of dev.altnames ?? []) netns.names.set(altname, dev);
  netns.devices.set(dev.ifindex, dev);
  if (dev.ifindex < netns.highestIfindex) netns.isIndexOrdered = false;
  else netns.highestIfindex = dev.ifindex;
  netns.generation++;
}

/** Takes a device off its namespace's lists (unlist_netdevice). */
export function unlistDevice(dev: Device): void {
  const { netns } = dev;
  releaseName(netns, dev.name);
  for (const altname of dev.altnames ?? []) releaseName(netns, altname);
  netns.devices.delete(dev.ifindex);
  netns.generation++;
}

/**
 * An index in `netns`: `wanted`, or the next one never or longest ago handed out when that is 0 (dev_index_reserve);
 * EBUSY when it is taken. A wanted index does not move the counter, as on Linux.
 */
export function reserveIndex(netns: Netns, wanted: number): number {
  if (wanted > 0) {
    if (netns.devices.has(wanted)) throw new NetlinkError("EBUSY");
    return wanted;
  }
  do {
    netns.lastIfindex = netns.lastIfindex >= maxIfindex ? 1 : netns.lastIfindex + 1;
  } while (netns.devices.has(netns.lastIfindex));
  return netns.lastIfindex;
}

/** Frees a device that never was registered (free_netdev). */
export function freeDevice(dev: Device): void {
  dev.netns.machine.counters.release(dev.slot);
}

/** Puts `dev` at the end of those that are to be unregistered together (unregister_netdevice_queue). */
export function queueUnregister(dev: Device, doomed: Set<Device>): void {
  doomed.delete(dev);
  doomed.add(dev);
}

/** Unregisters devices in one batch: all go down before the first goes away (unregister_netdevice_many_notify). */
export function unregisterDevices(devices: Iterable<Device>, origin?: Origin): void {
  const doomed = [...devices].filter((dev) => dev.registration === "registered");
  devCloseMany(doomed);
  for (const dev of doomed) {
    unlistDevice(dev);
    dev.registration = "unregistering";
  }
  for (const dev of doomed) flushBacklog(dev);
  for (const dev of doomed) {
    shutdownQdisc(dev);
    notify("unregister", dev);
    if (dev.linkOps === null || dev.isAnnounced) {
      dev.netns.machine.announceLink({
        type: "del",
        dev,
        change: everything,
        event: 0,
        origin,
        moved: undefined,
      });
    }
    dev.ops.uninit?.(dev);
    dev.registration = "unregistered";
    freeDevice(dev);
  }
}

/** Unregisters one device (unregister_netdevice). */
export function unregisterDevice(dev: Device, origin?: Origin): void {
  unregisterDevices([dev], origin);
}
