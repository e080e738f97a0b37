// What happens to a port's device concerns its bridge.
//
// Mirrors net/bridge/br.c (br_device_event).

import { notify } from "../../net/device.ts";
import { updateFeatures } from "../../net/features.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { RTM_NEWLINK, RTM_NEWVLAN } from "../../uapi/rtnetlink.ts";
import { changeFdbAddress } from "./fdb.ts";
import { announcePort } from "./link-message.ts";
import { adjustMtu, checkCarrier, deletePort } from "./ports.ts";
import type { BridgePort } from "./state.ts";
import { Bridge, portOf } from "./state.ts";
import { disablePort, enablePort, isRunning, recalculateBridgeId } from "./stp-port.ts";
import { bridgeChanged, isVlanDevice, portChanged, vlanDeviceChanged } from "./vlan-binding.ts";
import { addBridgeVlan } from "./vlan-change.ts";
import { VLAN_BRENTRY, VLAN_PVID, VLAN_UNTAGGED } from "./vlan-group.ts";
import { notifyVlan } from "./vlan-message.ts";

/** Follows the events of all devices. */
export function deviceEvent(event: DeviceEvent, dev: Device): void {
  if (dev.state instanceof Bridge) {
    if (event === "register") initVlans(dev.state);
    else bridgeChanged(dev.state, event);
  } else if (isVlanDevice(dev)) vlanDeviceChanged(dev, event);
  const port = portOf(dev);
  if (port === null) return;
  const { br } = port;
  let isTold = false;
  switch (event) {
    case "change-mtu":
      adjustMtu(br);
      break;
    case "change-address":
      changeFdbAddress(port, dev.address);
      if (recalculateBridgeId(br)) notify("change-address", br.dev);
      break;
    case "change":
      isTold = checkCarrier(port);
      break;
    case "feat-change":
      updateFeatures(br.dev);
      break;
    case "down":
      isTold = portDown(port);
      break;
    case "up":
      isTold = portUp(port);
      break;
    case "unregister":
      deletePort(br, dev);
      return;
    default:
      return;
  }
  portChanged(port, event);
  if (!isTold && (event === "change-address" || event === "up" || event === "change" || event === "down")) {
    announcePort(RTM_NEWLINK, port);
  }
}

/** A new bridge is itself where untagged frames belong by default (br_vlan_bridge_event). */
function initVlans(br: Bridge): void {
  if (br.defaultPvid === 0) return;
  addBridgeVlan(br, br.defaultPvid, VLAN_PVID | VLAN_UNTAGGED | VLAN_BRENTRY);
  notifyVlan(br, null, br.defaultPvid, br.defaultPvid, RTM_NEWVLAN);
}

function portDown(port: BridgePort): boolean {
  if ((port.br.dev.flags & IFF_UP) === 0) return false;
  disablePort(port);
  return true;
}

function portUp(port: BridgePort): boolean {
  if ((port.br.dev.flags & IFF_UP) === 0 || !isRunning(port.dev)) return false;
  enablePort(port);
  return true;
}
