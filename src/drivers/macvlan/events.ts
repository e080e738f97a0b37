// What macvlans do when something happens to the device below them.
//
// Mirrors drivers/net/macvlan.c (macvlan_device_event).

import { transferOperstate } from "../../net/carrier.ts";
import { devSetMtu } from "../../net/change.ts";
import { notify } from "../../net/device.ts";
import { updateFeatures } from "../../net/features.ts";
import { deleteDevice } from "../../net/namespace.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { unregisterDevices } from "../../net/register.ts";
import type { Macvlan } from "./port.ts";
import { MacvlanPort } from "./port.ts";

/** Follows the events of devices that have macvlans on them. */
export function deviceEvent(event: DeviceEvent, lower: Device): void {
  const { port } = lower;
  if (!(port instanceof MacvlanPort)) return;
  const devices = [...port.macvlans];
  switch (event) {
    case "up":
    case "down":
    case "change":
      for (const dev of devices) transferOperstate(lower, dev);
      return;
    case "feat-change":
      for (const dev of devices) followFeatures(lower, dev);
      return;
    case "change-mtu":
      for (const dev of devices) if (dev.mtu > lower.mtu) devSetMtu(dev, lower.mtu);
      return;
    case "change-address":
      if (port.isPassthru) followAddress(port);
      return;
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

function followFeatures(lower: Device, dev: Macvlan): void {
  dev.tsoMaxSize = lower.tsoMaxSize;
  dev.tsoMaxSegments = lower.tsoMaxSegments;
  updateFeatures(dev);
}

/** The one macvlan that has taken the device over has its address (macvlan_sync_address). */
function followAddress(port: MacvlanPort): void {
  if (!port.isAddressPassed) port.ownAddress = port.lower.address;
  const [dev] = port.macvlans;
  if (dev === undefined || dev.address === port.lower.address) return;
  if (port.byAddress.delete(dev.address)) port.byAddress.set(port.lower.address, dev);
  dev.address = port.lower.address;
  notify("change-address", dev);
}

function deleteAll(devices: readonly Macvlan[]): void {
  const doomed = new Set<Device>();
  for (const dev of devices) deleteDevice(dev, doomed);
  unregisterDevices(doomed);
}
