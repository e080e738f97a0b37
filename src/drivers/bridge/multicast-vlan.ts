// Multicast is looked after VLAN by VLAN, or again for all of them together; one VLAN is left alone.
//
// Mirrors net/bridge/br_multicast.c (br_multicast_toggle_vlan_snooping, br_multicast_toggle_global_vlan,
// br_multicast_toggle_one_vlan) with their errno and texts.

import { invalid } from "../../netlink/error.ts";
import { disableMulticastContext, enableMulticastContext, stopContext } from "./multicast.ts";
import { hasVlanSnooping, isSnooped, portVlanContext } from "./multicast-context.ts";
import { openContext } from "./multicast-query.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_MCAST_VLAN_SNOOPING } from "./state.ts";
import type { Vlan } from "./vlan-group.ts";

/** Has multicast looked after VLAN by VLAN, or not (br_multicast_toggle_vlan_snooping): only where VLANs are told apart. */
export function setVlanSnooping(br: Bridge, isOn: boolean): void {
  if (hasVlanSnooping(br) === isOn) return;
  if (isOn && !br.isVlanFiltering) {
    throw invalid("bridge: Cannot enable multicast vlan snooping with vlan filtering disabled");
  }
  if (isOn) {
    stopContext(br.multicast.own);
    for (const port of br.ports) disableMulticastContext(port, 0);
    br.options |= BR_BOOLOPT_MCAST_VLAN_SNOOPING;
    recountGroups(br);
    for (const { vid } of br.vlans.list) startVlan(br, vid);
    return;
  }
  for (const { vid } of br.vlans.list) stopVlan(br, vid);
  br.options &= ~BR_BOOLOPT_MCAST_VLAN_SNOOPING;
  openContext(br.multicast.own);
  for (const port of br.ports) enableMulticastContext(port, 0);
}

/** Leaves the multicast of a VLAN alone, or looks after it again; whether that changed (br_multicast_toggle_global_vlan). */
export function toggleVlanSnooping(br: Bridge, vlan: Vlan, isOn: boolean): boolean {
  if (vlan.isMulticastOff === !isOn) return false;
  const hasEffect = hasVlanSnooping(br);
  if (hasEffect && !isOn) stopVlan(br, vlan.vid);
  vlan.isMulticastOff = !isOn;
  if (hasEffect && isOn) {
    recountGroups(br);
    startVlan(br, vlan.vid);
  }
  return true;
}

/** Asks in a VLAN, the bridge itself and all ports in it. */
function startVlan(br: Bridge, vid: number): void {
  for (const port of br.ports) startPortVlan(port, vid);
  startBridgeVlan(br, vid);
}

/** A port comes into a VLAN, or its multicast is looked after from now on. */
export function startPortVlan(port: BridgePort, vid: number): void {
  const isTaken = hasVlanSnooping(port.br) && isSnooped(port.br, vid) && port.vlans.find(vid) !== undefined;
  if (isTaken) enableMulticastContext(port, vid);
}

/** See startPortVlan, for the bridge itself. */
export function startBridgeVlan(br: Bridge, vid: number): void {
  const context = br.vlans.member(vid)?.multicast;
  if (context != null && hasVlanSnooping(br) && isSnooped(br, vid)) openContext(context);
}

function stopVlan(br: Bridge, vid: number): void {
  for (const port of br.ports) stopPortVlan(port, vid);
  stopBridgeVlan(br, vid);
}

/** A port leaves a VLAN, or its multicast is left alone: nobody behind it listens there, and nobody is asked. */
export function stopPortVlan(port: BridgePort, vid: number): void {
  if (hasVlanSnooping(port.br) && port.vlans.find(vid) !== undefined) disableMulticastContext(port, vid);
}

/** See stopPortVlan, for the bridge itself. */
export function stopBridgeVlan(br: Bridge, vid: number): void {
  const context = br.vlans.find(vid)?.multicast;
  if (context != null) stopContext(context);
}

/** Groups that were joined before are counted in their VLANs too (__br_multicast_enable_port_ctx). */
function recountGroups(br: Bridge): void {
  for (const { vlans } of br.ports) {
    for (const { portMulticast } of vlans.list) if (portMulticast !== null) portMulticast.groups = 0;
  }
  for (const { group, ports } of br.multicast.entries) {
    for (const { port } of ports) {
      const vlan = port.vlans.find(group.vid);
      if (vlan !== undefined) portVlanContext(port, vlan).groups++;
    }
  }
}
