// The targets of a bond: by which VLANs they are reached, when they were heard, what backups listen to for their sake.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_verify_device_path, slave_last_rx) and bond_options.c (slave_set_ns_maddrs).

import { ipv6MulticastMac, solicitedNode } from "../../bytes/ipv6.ts";
import { devMcAdd, devMcDel } from "../../net/address-list.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_MULTICAST } from "../../uapi/if.ts";
import { VlanState } from "../vlan/group.ts";
import type { Bond, Slave } from "./state.ts";

/** A tag of a question. */
export interface Tag {
  readonly protocol: number;
  readonly id: number;
}

/** The tags of the VLANs between the bond and a device above it; null when that is not above it. */
export function pathTo(dev: Device, end: Device): readonly Tag[] | null {
  if (dev === end) return [];
  for (const upper of dev.uppers ?? []) {
    const rest = pathTo(upper, end);
    if (rest === null) continue;
    const { state } = upper;
    return state instanceof VlanState ? [{ protocol: state.protocol, id: state.id }, ...rest] : rest;
  }
  return null;
}

/** When a slave last heard what counts; with arp_all_targets, when from the target that has been silent for longest. */
export function lastHeard({ state }: Bond, slave: Slave): number {
  const { arpTargets, nsTargets, params } = state;
  if (params.arpAllTargets === 0 || arpTargets.length + nsTargets.length === 0) return slave.lastRx;
  // Both families share their places, and those of IPv4 say how many count.
  const places = Math.max(1, arpTargets.length);
  let oldest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < places; index++)
    oldest = Math.min(oldest, slave.targetRx[index] ?? slave.lastRx);
  return oldest;
}

/** Notes that a target was heard. */
export function noteTarget(dev: Bond, slave: Slave, index: number): void {
  const now = dev.machine.clock.now();
  slave.lastRx = now;
  slave.targetRx[index] = now;
}

/**
 * A backup listens to the groups of the targets of IPv6: what the active slave asks them comes round by the switch, and shows
 * that the backup works. Called when it may have to listen to others.
 */
export function listenForTargets(dev: Bond, slave: Slave): void {
  const { params, isActiveBackup, nsTargets } = dev.state;
  const listens =
    isActiveBackup &&
    params.arpInterval !== 0 &&
    params.arpValidate !== 0 &&
    slave.isBackup &&
    slave.dev.master === dev &&
    (slave.dev.flags & IFF_MULTICAST) !== 0;
  const groups = listens ? nsTargets.map((target) => ipv6MulticastMac(solicitedNode(target))) : [];
  for (const group of groups) if (!slave.nsGroups.includes(group)) devMcAdd(slave.dev, group);
  for (const group of slave.nsGroups) if (!groups.includes(group)) devMcDel(slave.dev, group);
  slave.nsGroups = groups;
}

/** Sends a probe by a slave, whose frame is at its MAC header, with the outermost tag of its way; notes when. Takes ownership. */
export function sendProbe(frame: Frame, slave: Slave, tags: readonly Tag[]): void {
  const [outer] = tags;
  if (outer !== undefined) {
    frame.vlanProtocol = outer.protocol;
    frame.vlanTci = outer.id;
  }
  slave.lastTx = slave.dev.machine.clock.now();
  devQueueXmit(frame);
}
