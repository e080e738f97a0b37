// Namespaces: made with a loopback device in them, known to one another by ids, and taken down with all that is inside.
//
// Mirrors net/core/net_namespace.c (setup_net, cleanup_net, peernet2id_alloc) and net/core/dev.c
// (default_device_exit_batch).

import { assert } from "../bytes/assert.ts";
import { exists, invalid, NetlinkError } from "../netlink/error.ts";
import type { Device, LinkOps, MachineContext, Origin } from "./netdevice.ts";
import { Netns } from "./netdevice.ts";
import { queueUnregister, unregisterDevices } from "./register.ts";

/** Where no id has been given (NETNSA_NSID_NOT_ASSIGNED). */
export const nsidNotAssigned = -1;

/** Makes a namespace with `addLoopback` putting its `lo` in (setup_net). */
export function createNetns(machine: MachineContext, id: number, addLoopback: (netns: Netns) => void): Netns {
  const netns = new Netns(machine, id);
  machine.namespaces.set(id, netns);
  addLoopback(netns);
  return netns;
}

/** Keeps `netns` alive for one more holder: a name, a descriptor, a socket (get_net). */
export function getNet(netns: Netns): Netns {
  netns.references++;
  return netns;
}

/** Gives a holder's reference back; the namespace goes down with the last one (put_net). The initial one stays. */
export function putNet(netns: Netns): void {
  if (!netns.isAlive) return;
  assert(netns.references > 0, "A reference is given back once");
  netns.references--;
  if (netns.references === 0 && netns !== netns.machine.initialNetns) destroyNetns(netns);
}

/**
 * Takes a namespace down (cleanup_net): every device that a kind made goes by its kind's way, a veth with its peer
 * wherever that lives; `lo` goes last; other namespaces forget the id they had for it. Holders do not matter: their
 * references mean nothing from then on.
 */
export function destroyNetns(netns: Netns): void {
  const { machine } = netns;
  assert(netns !== machine.initialNetns, "The initial namespace stays");
  netns.isAlive = false;
  for (const [name, named] of machine.netnsNames) {
    if (named === netns) machine.netnsNames.delete(name);
  }
  for (const other of machine.namespaces.values()) forgetNsid(other, netns);
  unregisterAll(netns);
  netns.nsids.clear();
  netns.nsidOf.clear();
  machine.namespaces.delete(netns.id);
}

/** Unregisters every device of `netns`, `lo` last (default_device_exit_batch). */
export function unregisterAll(netns: Netns): void {
  const doomed = new Set<Device>();
  // The last one registered goes first.
  for (const dev of [...netns.devices.values()].reverse()) {
    if (dev !== netns.loopback) deleteDevice(dev, doomed);
  }
  unregisterDevices(doomed);
  if (netns.loopback !== null) unregisterDevices([netns.loopback]);
}

/** Queues `dev` and what goes with it to be unregistered (rtnl_link_ops.dellink, unregister_netdevice_queue by default). */
export function deleteDevice(dev: Device, doomed: Set<Device>): void {
  const ops: LinkOps | null = dev.linkOps;
  if (ops?.delLink !== undefined) ops.delLink(dev, doomed);
  else queueUnregister(dev, doomed);
}

/** The id `other` has in `netns`, nsidNotAssigned when it has none (peernet2id). */
export function nsidOf(netns: Netns, other: Netns): number {
  return netns.nsidOf.get(other) ?? nsidNotAssigned;
}

/** The id `other` has in `netns`, given now and announced if it had none (peernet2id_alloc). */
export function allocateNsid(netns: Netns, other: Netns): number {
  const known = netns.nsidOf.get(other);
  if (known !== undefined) return known;
  if (!other.isAlive) return nsidNotAssigned;
  let nsid = 0;
  while (netns.nsids.has(nsid)) nsid++;
  enterNsid(netns, other, nsid);
  return nsid;
}

/** Gives `other` the id `nsid`, the next free one when negative (rtnl_net_newid); refusals carry the kernel's texts. */
export function assignNsid(netns: Netns, other: Netns, nsid: number, origin?: Origin): void {
  if (netns.nsidOf.has(other)) throw exists("Peer netns already has a nsid assigned");
  if (nsid >= 0 && netns.nsids.has(nsid)) throw exists("The specified nsid is already used");
  let free = nsid;
  if (free < 0) {
    free = 0;
    while (netns.nsids.has(free)) free++;
  }
  enterNsid(netns, other, free, origin);
}

function enterNsid(netns: Netns, other: Netns, nsid: number, origin?: Origin): void {
  netns.nsids.set(nsid, other);
  netns.nsidOf.set(other, nsid);
  netns.machine.announceNsid(netns, nsid, "new", origin);
}

function forgetNsid(netns: Netns, other: Netns): void {
  const nsid = netns.nsidOf.get(other);
  if (nsid === undefined) return;
  netns.nsidOf.delete(other);
  netns.nsids.delete(nsid);
  netns.machine.announceNsid(netns, nsid, "del");
}

/** The namespace with the id `nsid` in `netns` (get_net_ns_by_id); EINVAL with `text` when there is none. */
export function netnsById(netns: Netns, nsid: number, text = ""): Netns {
  const other = netns.nsids.get(nsid);
  if (other === undefined) throw invalid(text);
  return other;
}

/** The namespace with the name `name`; ENOENT when there is none. */
export function netnsByName(machine: MachineContext, name: string): Netns {
  const netns = machine.netnsNames.get(name);
  if (netns === undefined) throw new NetlinkError("ENOENT");
  return netns;
}
