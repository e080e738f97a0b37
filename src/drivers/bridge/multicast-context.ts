// Whose settings and whose timers count for a frame or a group: those of its VLAN where multicast is looked after VLAN by VLAN
// (mcast_vlan_snooping), else those of the bridge and of the port. What a VLAN has is made when it is first needed.
//
// Mirrors net/bridge/br_private.h (br_multicast_ctx_is_vlan, br_multicast_ctx_vlan_global_disabled,
// br_multicast_port_ctx_get_global, br_multicast_port_ctx_vlan_disabled) and net/bridge/br_multicast.c
// (br_multicast_pg_to_port_ctx, br_multicast_ctx_should_use, br_multicast_should_handle_mode).

import { IFF_UP } from "../../uapi/if.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import type { MulticastContext, PortMulticast } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_MCAST_VLAN_SNOOPING, BR_STATE_BLOCKING, BR_STATE_DISABLED } from "./state.ts";
import type { Vlan } from "./vlan-group.ts";

/** Whether multicast is looked after VLAN by VLAN. */
export function hasVlanSnooping({ options }: Bridge): boolean {
  return (options & BR_BOOLOPT_MCAST_VLAN_SNOOPING) !== 0;
}

/** What counts in VLAN `vid` of the bridge; 0, or one the bridge does not know: the bridge's own. */
export function contextOf(br: Bridge, vid: number): MulticastContext {
  if (vid === 0 || !hasVlanSnooping(br)) return br.multicast.own;
  const vlan = br.vlans.find(vid);
  return vlan === undefined ? br.multicast.own : vlanContext(br, vlan);
}

/** The same to be read only: nothing is made for a VLAN. */
export function readContext(br: Bridge, vid: number): MulticastContext {
  const { own, untouched } = br.multicast;
  if (vid === 0 || !hasVlanSnooping(br)) return own;
  const vlan = br.vlans.find(vid);
  return vlan === undefined ? own : (vlan.multicast ?? untouched);
}

/** See contextOf, for a port. */
export function portContextOf(port: BridgePort, vid: number): PortMulticast {
  if (vid === 0 || !hasVlanSnooping(port.br)) return port.multicast;
  const vlan = port.vlans.find(vid);
  return vlan === undefined ? port.multicast : portVlanContext(port, vlan);
}

/** What a VLAN of the bridge's group has, whether it counts now or not. */
export function vlanContext(br: Bridge, vlan: Vlan): MulticastContext {
  vlan.multicast ??= br.parts.makeContext(br, vlan.vid);
  return vlan.multicast;
}

/** What a VLAN of a port has, whether it counts now or not. */
export function portVlanContext(port: BridgePort, vlan: Vlan): PortMulticast {
  vlan.portMulticast ??= port.parts.makeMulticast(port, vlan.vid);
  return vlan.portMulticast;
}

/** Whether frames of VLAN `vid` are snooped at all: not where the VLAN is told to be left alone. */
export function isSnooped(br: Bridge, vid: number): boolean {
  if (vid === 0 || !hasVlanSnooping(br)) return true;
  return br.vlans.find(vid)?.isMulticastOff !== true;
}

/** The VLANs that what a port, or with null the bridge itself, asks is asked in: 0 where they are not told apart. */
export function askedVlans(br: Bridge, port: BridgePort | null): readonly number[] {
  if (!hasVlanSnooping(br)) return [0];
  const { members } = port?.vlans ?? br.vlans;
  return members.map(({ vid }) => vid).filter((vid) => isSnooped(br, vid));
}

/** Whether frames of a family to groups in a VLAN go out by a port whoever listens. */
export function isRouterPort(port: BridgePort, isIpv6: boolean, vid: number): boolean {
  const isByVlan = vid !== 0 && hasVlanSnooping(port.br);
  const multicast = isByVlan ? port.vlans.find(vid)?.portMulticast : port.multicast;
  return multicast != null && (isIpv6 ? multicast.ip6 : multicast.ip4).isRouter;
}

/** Whether anything is entered for a port, or for the bridge itself, in a VLAN now (br_multicast_ctx_should_use). */
export function isInUse(br: Bridge, port: BridgePort | null, vid: number): boolean {
  if ((br.dev.flags & IFF_UP) === 0) return false;
  return port === null || isAsking(port, vid);
}

/** Whether a port, and a VLAN of it where they are told apart, takes part (br_multicast_port_ctx_state_stopped). */
export function isAsking(port: BridgePort, vid: number): boolean {
  if (port.state === BR_STATE_DISABLED || port.state === BR_STATE_BLOCKING) return false;
  if (vid === 0 || !hasVlanSnooping(port.br)) return true;
  const state = port.vlans.find(vid)?.state;
  return isSnooped(port.br, vid) && state !== BR_STATE_DISABLED && state !== BR_STATE_BLOCKING;
}

/** Whether versions are spoken in a VLAN in which sources count (br_multicast_should_handle_mode). */
export function handlesSources(br: Bridge, protocol: number, vid: number): boolean {
  if (protocol === ETH_P_IP) return readContext(br, vid).igmpVersion === 3;
  return protocol === ETH_P_IPV6 && readContext(br, vid).mldVersion === 2;
}
