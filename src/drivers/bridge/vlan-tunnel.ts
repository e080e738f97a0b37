// VLANs and tunnel keys: on a port with vlan_tunnel a frame that came by a tunnel is in the VLAN its key is mapped to, and one that
// leaves in a mapped VLAN goes without its tag, by that key.
//
// Mirrors net/bridge/br_vlan_tunnel.c and net/bridge/br_netlink_tunnel.c (br_vlan_tunnel_info, br_process_vlan_tunnel_info,
// br_fill_vlan_tunnel_info) with their errno.

import type { Frame } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { exists, NetlinkError } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import { policy, u16, u32 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as spec from "../../uapi/if_bridge.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../../uapi/if_ether.ts";
import { RTM_NEWVLAN } from "../../uapi/rtnetlink.ts";
import type { BridgePort } from "./state.ts";
import { BR_VLAN_TUNNEL } from "./state.ts";
import type { Vlan, VlanGroup } from "./vlan-group.ts";
import { notifyVlan } from "./vlan-message.ts";

/** VLAN identifiers are below this. */
const reservedVid = 0xfff;

/** vlan_tunnel_policy */
const tunnelPolicy = policy(spec.IFLA_BRIDGE_VLAN_TUNNEL_MAX, {
  [spec.IFLA_BRIDGE_VLAN_TUNNEL_ID]: u32("id"),
  [spec.IFLA_BRIDGE_VLAN_TUNNEL_VID]: u16("vid"),
  [spec.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS]: u16("flags"),
});

// --- Mapping -----------------------------------------------------------------------------------------------------------

/** A VLAN and its key, and whether a run of both begins or ends there (struct vtunnel_info). */
export interface TunnelInfo {
  readonly vid: number;
  readonly id: number;
  readonly flags: number;
}

/** Reads IFLA_BRIDGE_VLAN_TUNNEL_INFO (br_parse_vlan_tunnel_info). */
function tunnelInfo(attribute: Attribute): TunnelInfo {
  const { id, vid, flags = 0 } = parseNested(attribute, tunnelPolicy);
  if (id === undefined || vid === undefined) throw new NetlinkError("EINVAL");
  if (vid >= reservedVid) throw new NetlinkError("ERANGE");
  return { id, vid, flags };
}

/**
 * Maps a VLAN of a port to a tunnel key, or takes that back; `begin` is where a run began that this may end, and what comes back
 * is where one begins now (br_process_vlan_tunnel_info).
 */
export function changeTunnel(
  port: BridgePort,
  attribute: Attribute,
  begin: TunnelInfo | undefined,
  isAdd: boolean,
): TunnelInfo | undefined {
  if ((port.flags & BR_VLAN_TUNNEL) === 0) throw new NetlinkError("EINVAL");
  const info = tunnelInfo(attribute);
  if ((info.flags & spec.BRIDGE_VLAN_INFO_RANGE_BEGIN) !== 0) {
    if (begin !== undefined) throw new NetlinkError("EINVAL");
    return info;
  }
  const isEnd = (info.flags & spec.BRIDGE_VLAN_INFO_RANGE_END) !== 0;
  if (isEnd !== (begin !== undefined)) throw new NetlinkError("EINVAL");
  const first = begin ?? info;
  if (info.vid - first.vid !== info.id - first.id) throw new NetlinkError("EINVAL");
  let told = first.vid;
  try {
    for (let vid = first.vid; vid <= info.vid; vid++) {
      if (isAdd) mapTunnel(port, vid, first.id + vid - first.vid);
      else unmapTunnel(port, vid);
      told = vid + 1;
    }
  } finally {
    if (told > first.vid) notifyVlan(port.br, port, first.vid, told - 1, RTM_NEWVLAN);
  }
  return undefined;
}

/** Maps a VLAN to a key (nbp_vlan_tunnel_info_add): EINVAL for no VLAN of the port, EEXIST when it or the key is mapped already. */
export function mapTunnel(port: BridgePort, vid: number, id: number): void {
  const { vlans } = port;
  const vlan = vlans.find(vid);
  if (vlan === undefined) throw new NetlinkError("EINVAL");
  if (vlan.tunnelId !== null || vlans.byTunnel.has(id)) throw exists();
  vlan.tunnelId = id;
  vlans.byTunnel.set(id, vlan);
}

/** Maps a VLAN to no key any more, if it was (nbp_vlan_tunnel_info_delete). */
export function unmapTunnel({ vlans }: BridgePort, vid: number): void {
  const vlan = vlans.find(vid);
  if (vlan === undefined || vlan.tunnelId === null) return;
  vlans.byTunnel.delete(vlan.tunnelId);
  vlan.tunnelId = null;
}

/** Maps no VLAN of a port any more (nbp_vlan_tunnel_info_flush). */
export function flushTunnels(port: BridgePort): void {
  for (const { vid } of [...port.vlans.byTunnel.values()]) unmapTunnel(port, vid);
}

/** Writes IFLA_BRIDGE_VLAN_TUNNEL_INFO for every VLAN that is mapped, runs as ranges (br_fill_vlan_tunnel_info). */
export function fillTunnels(writer: MessageWriter, { list }: VlanGroup): void {
  const mapped = list.filter(({ tunnelId }) => tunnelId !== null);
  for (let first = 0; first < mapped.length; ) {
    let last = first;
    while (continues(mapped[last], mapped[last + 1])) last++;
    fillTunnel(writer, mapped[first], last > first ? spec.BRIDGE_VLAN_INFO_RANGE_BEGIN : 0);
    if (last > first) fillTunnel(writer, mapped[last], spec.BRIDGE_VLAN_INFO_RANGE_END);
    first = last + 1;
  }
}

function continues(vlan: Vlan | undefined, next: Vlan | undefined): boolean {
  if (vlan === undefined || next === undefined) return false;
  return next.vid === vlan.vid + 1 && next.tunnelId === (vlan.tunnelId ?? 0) + 1;
}

function fillTunnel(writer: MessageWriter, vlan: Vlan | undefined, flags: number): void {
  const nest = writer.nest(spec.IFLA_BRIDGE_VLAN_TUNNEL_INFO);
  writer.u32(spec.IFLA_BRIDGE_VLAN_TUNNEL_ID, vlan?.tunnelId ?? 0);
  writer.u16(spec.IFLA_BRIDGE_VLAN_TUNNEL_VID, vlan?.vid ?? 0);
  writer.u16(spec.IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, flags).endNest(nest);
}

// --- Frames --------------------------------------------------------------------------------------------------------------

/** Puts a frame that came by a tunnel into the VLAN of its key, unless it has a tag (br_handle_ingress_vlan_tunnel). */
export function enterByTunnel({ br, vlans }: BridgePort, frame: Frame): void {
  const { protocol, tunnel, vlanProtocol } = frame;
  if (tunnel === 0 || vlanProtocol !== 0 || protocol === ETH_P_8021Q || protocol === ETH_P_8021AD) return;
  // What was handed over without a datagram still has the key it was sent by.
  const vlan = vlans.byTunnel.get(tunnel < 0 ? -1 - tunnel : tunnel);
  if (vlan === undefined) return;
  frame.tunnel = 0;
  frame.vlanProtocol = br.vlanProtocol;
  frame.vlanTci = vlan.vid;
}

/** A frame that leaves in a mapped VLAN goes by its key and without its tag (br_handle_egress_vlan_tunnel). */
export function leaveByTunnel({ tunnelId }: Vlan, frame: Frame): void {
  // As on Linux the key 0 takes no frame.
  if (tunnelId === null || tunnelId === 0 || frame.vlanProtocol === 0) return;
  frame.vlanProtocol = 0;
  frame.tunnel = tunnelId;
}
