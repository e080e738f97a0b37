// Small questions about a device and small words said of it, which every step of a walk needs.
//
// Mirrors net/core/dev.c (dev_get_iflink, netdev_notifier) and net/core/rtnetlink.c (rtmsg_ifinfo).

import { RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "./counters.ts";
import type { Device, DeviceEvent, Netns, Origin } from "./netdevice.ts";

/** The ifindex of the device at the other end or below, the device's own when there is none (dev_get_iflink). */
export function getIflink(dev: Device): number {
  return dev.ops.getIflink?.(dev) ?? dev.ifindex;
}

/** The device with `ifindex` in `netns` (__dev_get_by_index). */
export function deviceByIndex(netns: Netns, ifindex: number): Device | undefined {
  return netns.devices.get(ifindex);
}

/** The device with the name or alternative name `name` in `netns` (__dev_get_by_name). */
export function deviceByName(netns: Netns, name: string): Device | undefined {
  return netns.names.get(name);
}

/** Devices of `netns` in ascending order of ifindex. */
export function devicesByIndex(netns: Netns): Iterable<Device> {
  if (netns.isIndexOrdered) return netns.devices.values();
  return [...netns.devices.values()].sort((one, other) => one.ifindex - other.ifindex);
}

/** Tells everyone who follows device events (call_netdevice_notifiers); who is told may leave the chain. */
export function notify(event: DeviceEvent, dev: Device): void {
  for (const notifier of [...dev.netns.machine.notifiers]) notifier(event, dev);
}

/** Sends RTM_NEWLINK for `dev` with ifi_change `change` (rtmsg_ifinfo). */
export function announceLink(dev: Device, change: number, origin?: Origin, event = 0): void {
  dev.netns.machine.announceLink({ type: "new", dev, change, event, origin, moved: undefined });
}

/** Adds to a counter of this engine thread. */
export function count(dev: Device, counter: number, amount: number): void {
  dev.counters[counter] = (dev.counters[counter] ?? 0) + amount;
}

/** Counts a frame of `bytes` sent (dev_sw_netstats_tx_add). */
export function countTx({ counters }: Device, bytes: number): void {
  counters[TX_PACKETS] = (counters[TX_PACKETS] ?? 0) + 1;
  counters[TX_BYTES] = (counters[TX_BYTES] ?? 0) + bytes;
}

/** Counts a frame of `bytes` received (dev_sw_netstats_rx_add). */
export function countRx({ counters }: Device, bytes: number): void {
  counters[RX_PACKETS] = (counters[RX_PACKETS] ?? 0) + 1;
  counters[RX_BYTES] = (counters[RX_BYTES] ?? 0) + bytes;
}

/** A counter of the device summed over all CPUs (dev_get_stats). */
export function readCounter(dev: Device, counter: number): number {
  return dev.netns.machine.counters.read(dev.slot, counter);
}
