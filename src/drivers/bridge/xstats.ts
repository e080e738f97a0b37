// What a bridge and its ports have counted beyond the statistics of their devices: frames of each VLAN, and spanning tree.
//
// Mirrors net/bridge/br_netlink.c (br_fill_linkxstats). Omitted: messages of IGMP and MLD.

import { setU16, setU64 } from "../../bytes/endian.ts";
import type { Device } from "../../net/netdevice.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as spec from "../../uapi/if_bridge.ts";
import { LINK_XSTATS_TYPE_BRIDGE } from "../../uapi/if_link.ts";
import type { Bridge } from "./state.ts";
import { portOf } from "./state.ts";
import type { Vlan, VlanGroup } from "./vlan-group.ts";

/** Writes LINK_XSTATS_TYPE_BRIDGE of the bridge itself, or of a port. */
export function fillXstats(dev: Device<Bridge>, target: Device, writer: MessageWriter): void {
  const port = portOf(target);
  const group = port?.vlans ?? dev.state.vlans;
  const nest = writer.nest(LINK_XSTATS_TYPE_BRIDGE);
  for (const vlan of group.list) fillVlan(writer, group, vlan);
  if (port !== null) {
    const { transitionBlk, transitionFwd, rxBpdu, txBpdu, rxTcn, txTcn } = port.stpStats;
    const at = writer.attribute(spec.BRIDGE_XSTATS_STP, 6 * 8);
    for (const [index, value] of [transitionBlk, transitionFwd, rxBpdu, txBpdu, rxTcn, txTcn].entries()) {
      setU64(writer.bytes, at + 8 * index, BigInt(value));
    }
  }
  writer.endNest(nest);
}

/** Writes `struct bridge_vlan_xstats`. */
function fillVlan(writer: MessageWriter, group: VlanGroup, { flags, stats, vid }: Vlan): void {
  const at = writer.attribute(spec.BRIDGE_XSTATS_VLAN, spec.BRIDGE_VLAN_XSTATS_SIZE);
  setU64(writer.bytes, at + spec.BRIDGE_VLAN_XSTATS_RX_BYTES, BigInt(stats.rxBytes));
  setU64(writer.bytes, at + spec.BRIDGE_VLAN_XSTATS_RX_PACKETS, BigInt(stats.rxPackets));
  setU64(writer.bytes, at + spec.BRIDGE_VLAN_XSTATS_TX_BYTES, BigInt(stats.txBytes));
  setU64(writer.bytes, at + spec.BRIDGE_VLAN_XSTATS_TX_PACKETS, BigInt(stats.txPackets));
  setU16(writer.bytes, at + spec.BRIDGE_VLAN_XSTATS_VID, vid);
  const master = group.isMaster ? spec.BRIDGE_VLAN_INFO_MASTER : 0;
  const pvid = group.pvid === vid ? spec.BRIDGE_VLAN_INFO_PVID : 0;
  setU16(writer.bytes, at + spec.BRIDGE_VLAN_XSTATS_FLAGS, flags | master | pvid);
}
