// Devices that have a routing table of their own (VRF): what goes by one of them, or by a port of one, is looked up there.
//
// Mirrors net/l3mdev/l3mdev.c (l3mdev_fib_table_rcu, l3mdev_fib_rule_match) and include/net/inet_sock.h (inet_bound_dev_eq,
// inet_sk_bound_l3mdev).

import type { Device, Netns } from "../net/netdevice.ts";

/** The table of `dev` or of its master; 0: neither has one of its own. */
export function l3mdevTable(dev: Device): number {
  return dev.l3mdevTable !== 0 ? dev.l3mdevTable : (dev.master?.l3mdevTable ?? 0);
}

/** The device with a table of its own that `dev` is, or is a port of (l3mdev_master_dev_rcu); null when it has none. */
export function l3mdevMaster(dev: Device): Device | null {
  if (dev.l3mdevTable !== 0) return dev;
  return dev.master !== null && dev.master.l3mdevTable !== 0 ? dev.master : null;
}

/** Whether two devices have the same table of their own. */
export function sharesTables({ devices }: Netns): boolean {
  const tables = [...devices.values()].map((dev) => dev.l3mdevTable).filter((table) => table !== 0);
  return new Set(tables).size < tables.length;
}

/** The ifindex of that device, 0 for none (l3mdev_master_ifindex). */
export function l3mdevIfindex(dev: Device): number {
  return l3mdevMaster(dev)?.ifindex ?? 0;
}

/** The ifindex of the VRF that the device `ifindex` is, or is a port of; 0 for none, and for no device. */
export function l3mdevIfindexBy(netns: Netns, ifindex: number): number {
  const dev = ifindex === 0 ? undefined : netns.devices.get(ifindex);
  return dev === undefined ? 0 : l3mdevIfindex(dev);
}

/**
 * Whether a socket that is bound to the device `bound`, 0 for none, hears of what came in on `dev` (null: on none): in a VRF it
 * is for those that are bound to the VRF or to the very port, and for those that are bound to none where all VRFs are theirs.
 */
export function hearsDevice(bound: number, dev: Device | null, acceptsVrfs: boolean): boolean {
  const vrf = dev === null ? null : l3mdevMaster(dev);
  if (bound === 0) return vrf === null || acceptsVrfs;
  return dev !== null && (bound === dev.ifindex || (vrf !== null && bound === vrf.ifindex));
}

/** The table for a packet that leaves by `oif` or came in on `iif`; 0: none of its own. */
export function l3mdevTableOf(
  netns: Netns,
  { oif, iif }: { readonly oif: number; readonly iif: number },
): number {
  const out = netns.devices.get(oif);
  const table = out === undefined ? 0 : l3mdevTable(out);
  if (table !== 0) return table;
  const input = netns.devices.get(iif);
  return input === undefined ? 0 : l3mdevTable(input);
}
