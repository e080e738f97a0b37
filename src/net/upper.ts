// Devices on devices: a port and its master, a vlan and the device below it. Linking refuses cycles and towers of more
// than eight devices.
//
// Mirrors net/core/dev.c (__netdev_upper_dev_link, netdev_upper_dev_unlink) and net/core/rtnetlink.c (do_set_master).

import { exists, NetlinkError } from "../netlink/error.ts";
import { notify } from "./device.ts";
import type { Device, Warn } from "./netdevice.ts";

/** Devices that may stand on one another (MAX_NEST_DEV). */
const maxNesting = 8;

/**
 * Links `upper` above `dev` (netdev_upper_dev_link): EBUSY for a cycle, EMLINK beyond eight devices, EEXIST when they
 * are linked. With `isMaster` the device becomes a port: EBUSY when it has another master.
 */
export function linkUpper(dev: Device, upper: Device, isMaster: boolean): void {
  if (dev === upper || isAbove(dev, upper)) throw new NetlinkError("EBUSY");
  if (levelsBelow(dev) + 1 + levelsAbove(upper) + 1 > maxNesting) throw new NetlinkError("EMLINK");
  if (isMaster && dev.master !== null) {
    if (dev.master === upper) throw exists();
    throw new NetlinkError("EBUSY");
  }
  if (dev.uppers?.includes(upper)) throw exists();
  dev.uppers = [...(dev.uppers ?? []), upper];
  upper.lowers = [...(upper.lowers ?? []), dev];
  if (isMaster) dev.master = upper;
  notify("change-upper", dev);
}

/** Takes the link between `dev` and `upper` away (netdev_upper_dev_unlink). */
export function unlinkUpper(dev: Device, upper: Device): void {
  dev.uppers = without(dev.uppers, upper);
  upper.lowers = without(upper.lowers, dev);
  if (dev.master === upper) dev.master = null;
  notify("change-upper", dev);
}

/** Makes `dev` a port of the device with index `ifindex`, 0 for of none (do_set_master). */
export function setMaster(dev: Device, ifindex: number, warn: Warn): void {
  if (dev.master !== null) {
    if (dev.master.ifindex === ifindex) return;
    if (dev.master.ops.delSlave === undefined) throw new NetlinkError("EOPNOTSUPP");
    dev.master.ops.delSlave(dev.master, dev);
  }
  if (ifindex === 0) return;
  const master = dev.netns.devices.get(ifindex);
  if (master === undefined) throw new NetlinkError("EINVAL");
  if (master.ops.addSlave === undefined) throw new NetlinkError("EOPNOTSUPP");
  master.ops.addSlave(master, dev, warn);
}

/** What a master without ports can have cut of one frame (GSO_MAX_SIZE, TSO_MAX_SEGS). */
const tsoMaxSize = 524_280;
const tsoMaxSegments = 65_535;

/** A master takes frames as large as each of its ports can have them cut (br_set_gso_limits, bond_compute_features). */
export function inheritGsoLimits(dev: Device, ports: readonly { readonly dev: Device }[]): void {
  dev.tsoMaxSize = Math.min(tsoMaxSize, ...ports.map((port) => port.dev.tsoMaxSize));
  dev.tsoMaxSegments = Math.min(tsoMaxSegments, ...ports.map((port) => port.dev.tsoMaxSegments));
  dev.gsoMaxSize = Math.min(dev.gsoMaxSize, dev.tsoMaxSize);
  dev.gsoMaxSegments = Math.min(dev.gsoMaxSegments, dev.tsoMaxSegments);
}

/** Whether `below` stands somewhere above `dev`: linking it on top would close a circle. */
function isAbove(below: Device, dev: Device): boolean {
  return (dev.uppers ?? []).some((upper) => upper === below || isAbove(below, upper));
}

function levelsAbove(dev: Device): number {
  return Math.max(0, ...(dev.uppers ?? []).map((upper) => 1 + levelsAbove(upper)));
}

function levelsBelow(dev: Device): number {
  return Math.max(0, ...(dev.lowers ?? []).map((lower) => 1 + levelsBelow(lower)));
}

function without(devices: Device[] | null, dev: Device): Device[] | null {
  const rest = (devices ?? []).filter((each) => each !== dev);
  return rest.length === 0 ? null : rest;
}
