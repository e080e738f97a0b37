// What a VLAN device does when something happens to the device below it.
//
// Mirrors net/8021q/vlan.c (vlan_device_event, vlan_sync_address, vlan_transfer_features) of v6.18.

import { devUcAdd, devUcDel } from "../../net/address-list.ts";
import { transferOperstate } from "../../net/carrier.ts";
import { devSetMtu } from "../../net/change.ts";
import { notify } from "../../net/device.ts";
import { updateFeatures } from "../../net/features.ts";
import { devChangeFlags, devCloseMany, devGetFlags } from "../../net/flags.ts";
import { deleteDevice } from "../../net/namespace.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { unregisterDevices } from "../../net/register.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { VLAN_FLAG_BRIDGE_BINDING, VLAN_FLAG_LOOSE_BINDING } from "../../uapi/if_vlan.ts";
import { NET_ADDR_STOLEN } from "../../uapi/netdevice.ts";
import type { VlanDevice } from "./group.ts";
import { VlanGroup } from "./group.ts";

/** Follows the events of devices that have VLAN devices on them. */
export function deviceEvent(event: DeviceEvent, lower: Device): void {
  if (!(lower.vlans instanceof VlanGroup)) return;
  const devices = lower.vlans.all();
  switch (event) {
    case "change":
      for (const dev of devices) transferState(lower, dev);
      return;
    case "change-address":
      for (const dev of devices) if ((dev.flags & IFF_UP) !== 0) syncAddress(lower, dev);
      return;
    case "change-mtu":
      for (const dev of devices) if (dev.mtu > lower.mtu) devSetMtu(dev, lower.mtu);
      return;
    case "feat-change":
      for (const dev of devices) transferFeatures(lower, dev);
      return;
    case "up":
      return goUp(lower, devices);
    case "down":
      return goDown(lower, devices);
    case "unregister":
      // A device that only moves is registered all the time.
      if (lower.registration === "unregistering") deleteAll(devices);
      return;
    case "notify-peers":
      for (const dev of devices) notify(event, dev);
      return;
    default:
      return;
  }
}

/** The carrier of a device that is bound to ports of a bridge is the bridge's to say (vlan_stacked_transfer_operstate). */
function transferState(lower: Device, dev: VlanDevice): void {
  if ((dev.state.flags & VLAN_FLAG_BRIDGE_BINDING) === 0) transferOperstate(lower, dev);
}

/** Makes the address that of the device below again, when it was taken from there (vlan_dev_inherit_address). */
export function inheritAddress(dev: VlanDevice, lower: Device): boolean {
  if (dev.addressAssign !== NET_ADDR_STOLEN) return false;
  dev.address = lower.address;
  notify("change-address", dev);
  return true;
}

/** The device below has another address: it listens to this one's beside, or no longer. */
function syncAddress(lower: Device, dev: VlanDevice): void {
  const { state } = dev;
  if (state.lowerAddress === lower.address) return;
  if (!inheritAddress(dev, lower)) {
    if (dev.address !== state.lowerAddress && dev.address === lower.address) devUcDel(lower, dev.address);
    if (dev.address === state.lowerAddress && dev.address !== lower.address) devUcAdd(lower, dev.address);
  }
  state.lowerAddress = lower.address;
}

function transferFeatures(lower: Device, dev: VlanDevice): void {
  dev.tsoMaxSize = lower.tsoMaxSize;
  dev.tsoMaxSegments = lower.tsoMaxSegments;
  dev.vlanFeatures = lower.vlanFeatures;
  updateFeatures(dev);
}

function isLoose(dev: VlanDevice): boolean {
  return (dev.state.flags & VLAN_FLAG_LOOSE_BINDING) !== 0;
}

function goUp(lower: Device, devices: readonly VlanDevice[]): void {
  for (const dev of devices) {
    if ((dev.flags & IFF_UP) !== 0) continue;
    if (!isLoose(dev)) devChangeFlags(dev, devGetFlags(dev) | IFF_UP);
    transferState(lower, dev);
  }
}

function goDown(lower: Device, devices: readonly VlanDevice[]): void {
  const closing = devices.filter((dev) => (dev.flags & IFF_UP) !== 0 && !isLoose(dev)).reverse();
  devCloseMany(closing);
  for (const dev of closing) transferState(lower, dev);
}

function deleteAll(devices: readonly VlanDevice[]): void {
  const doomed = new Set<Device>();
  for (const dev of devices) deleteDevice(dev, doomed);
  unregisterDevices(doomed);
}
