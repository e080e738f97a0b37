// VLAN devices on a bridge that are bound to its ports (VLAN_FLAG_BRIDGE_BINDING): each has a carrier while some port in its
// VLAN is up, and the bridge has one.
//
// Mirrors net/bridge/br_vlan.c (br_vlan_set_vlan_dev_state, br_vlan_set_all_vlan_dev_state, nbp_vlan_set_vlan_dev_state,
// br_vlan_upper_change, br_vlan_link_state_change, br_vlan_vlan_upper_event, br_vlan_port_event).

import { netifCarrierOff, netifCarrierOn } from "../../net/carrier.ts";
import type { Device, DeviceEvent } from "../../net/netdevice.ts";
import { VLAN_FLAG_BRIDGE_BINDING } from "../../uapi/if_vlan.ts";
import type { VlanDevice } from "../vlan/group.ts";
import { VlanState } from "../vlan/group.ts";
import type { BridgePort } from "./state.ts";
import { Bridge } from "./state.ts";
import { isRunning } from "./stp-port.ts";

/** The bridge itself came up, changed, or has a device more or fewer on it (br_vlan_bridge_event). */
export function bridgeChanged(br: Bridge, event: DeviceEvent): void {
  if (event !== "up" && event !== "change" && event !== "change-upper") return;
  for (const vlan of boundDevices(br)) setCarrier(br, vlan);
}

/** A VLAN device came up or changed, perhaps its binding with it (br_vlan_vlan_upper_event). */
export function vlanDeviceChanged(dev: VlanDevice, event: DeviceEvent): void {
  const lower = dev.state.lower;
  if (!(lower?.state instanceof Bridge) || (event !== "up" && event !== "change")) return;
  if (isBound(dev)) setCarrier(lower.state, dev);
  else if (lower.hasCarrier) netifCarrierOn(dev);
}

/** The device of a port came up, went down or changed (br_vlan_port_event). */
export function portChanged({ br, vlans }: BridgePort, event: DeviceEvent): void {
  if (event !== "up" && event !== "down" && event !== "change") return;
  for (const vlan of boundDevices(br)) if (vlans.find(vlan.state.id) !== undefined) setCarrier(br, vlan);
}

/** A port came into a VLAN or left it (nbp_vlan_set_vlan_dev_state). */
export function portVlansChanged(br: Bridge, vid: number): void {
  for (const vlan of boundDevices(br)) if (vlan.state.id === vid) setCarrier(br, vlan);
}

function* boundDevices({ dev }: Bridge): Generator<VlanDevice> {
  for (const upper of dev.uppers ?? []) if (isVlanDevice(upper) && isBound(upper)) yield upper;
}

/** Whether `dev` is a VLAN device (is_vlan_dev). */
export function isVlanDevice(dev: Device): dev is VlanDevice {
  return dev.state instanceof VlanState;
}

function isBound({ state }: VlanDevice): boolean {
  return (state.flags & VLAN_FLAG_BRIDGE_BINDING) !== 0;
}

function setCarrier(br: Bridge, dev: VlanDevice): void {
  const { id } = dev.state;
  const hasMember = br.ports.some((port) => isRunning(port.dev) && port.vlans.find(id) !== undefined);
  if (br.dev.hasCarrier && hasMember) netifCarrierOn(dev);
  else netifCarrierOff(dev);
}
