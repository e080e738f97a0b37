// The VLANs of a port or a bridge as IFLA_AF_SPEC has them: one by one, or runs of them as ranges.
//
// Mirrors net/bridge/br_netlink.c (br_fill_ifvlaninfo, br_fill_ifvlaninfo_compressed).

import { setU16 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as br from "../../uapi/if_bridge.ts";
import type { Vlan, VlanGroup } from "./vlan-group.ts";

/** Writes IFLA_BRIDGE_VLAN_INFO for every VLAN of the group. */
export function fillVlans(writer: MessageWriter, group: VlanGroup, isCompressed: boolean): void {
  const vlans = group.members;
  for (let first = 0; first < vlans.length; ) {
    let last = first;
    if (isCompressed) while (continues(vlans, last, group)) last++;
    const flags = flagsOf(vlans[first], group);
    if (last === first) fillVlan(writer, vlans[first], flags);
    else {
      fillVlan(writer, vlans[first], flags | br.BRIDGE_VLAN_INFO_RANGE_BEGIN);
      fillVlan(writer, vlans[last], flags | br.BRIDGE_VLAN_INFO_RANGE_END);
    }
    first = last + 1;
  }
}

/** Whether the VLAN behind the one at `index` is the next number, with the same flags. */
function continues(vlans: readonly Vlan[], index: number, group: VlanGroup): boolean {
  const vlan = vlans[index];
  const next = vlans[index + 1];
  if (vlan === undefined || next === undefined) return false;
  return next.vid === vlan.vid + 1 && flagsOf(next, group) === flagsOf(vlan, group);
}

function flagsOf(vlan: Vlan | undefined, group: VlanGroup): number {
  if (vlan === undefined) return 0;
  const untagged = vlan.flags & br.BRIDGE_VLAN_INFO_UNTAGGED;
  return vlan.vid === group.pvid ? untagged | br.BRIDGE_VLAN_INFO_PVID : untagged;
}

function fillVlan(writer: MessageWriter, vlan: Vlan | undefined, flags: number): void {
  const at = writer.attribute(br.IFLA_BRIDGE_VLAN_INFO, br.BRIDGE_VLAN_INFO_SIZE);
  setU16(writer.bytes, at + br.BRIDGE_VLAN_INFO_FLAGS, flags);
  setU16(writer.bytes, at + br.BRIDGE_VLAN_INFO_VID, vlan?.vid ?? 0);
}
