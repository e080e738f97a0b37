// Multiple spanning trees: a program runs them, and the bridge keeps the state that each port has in each of them. VLANs are in a
// tree (an MSTI), by default in that of all, and on a port in the state of their tree.
//
// Mirrors net/bridge/br_mst.c with its errno and texts.

import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import { policy, u8, u16 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as spec from "../../uapi/if_bridge.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_MST_ENABLE, BR_STATE_BLOCKING, BR_STATE_DISABLED } from "./state.ts";
import type { Vlan } from "./vlan-group.ts";
import { setVlanState } from "./vlan-options.ts";

/** br_mst_nl_policy; 0 is the tree of all. */
const entryPolicy = policy(spec.IFLA_BRIDGE_MST_ENTRY_MAX, {
  [spec.IFLA_BRIDGE_MST_ENTRY_MSTI]: u16("msti", { range: [1, 0xfff] }),
  [spec.IFLA_BRIDGE_MST_ENTRY_STATE]: u8("state", { range: [BR_STATE_DISABLED, BR_STATE_BLOCKING] }),
});

/** Turns multiple spanning trees on or off (br_mst_set_enabled): EBUSY while ports have VLANs. */
export function setMst(br: Bridge, isOn: boolean): void {
  if (br.ports.some(({ vlans }) => vlans.list.length > 0)) {
    throw new NetlinkError("EBUSY", "MST mode can't be changed while VLANs exist");
  }
  br.options = isOn ? br.options | BR_BOOLOPT_MST_ENABLE : br.options & ~BR_BOOLOPT_MST_ENABLE;
}

/** Puts a VLAN into a tree, where each port has the state it has in that already, or none (br_mst_vlan_set_msti). */
export function setVlanMsti(br: Bridge, vlan: Vlan, msti: number): void {
  if (vlan.msti === msti) return;
  vlan.msti = msti;
  for (const port of br.ports) {
    const own = port.vlans.find(vlan.vid);
    if (own === undefined) continue;
    const other = port.vlans.list.find((each) => each !== own && mstiOf(br, each) === msti);
    moveTo(port, own, other?.state ?? BR_STATE_DISABLED);
  }
}

/** Which tree a VLAN of a port is in: that of the bridge's. */
function mstiOf(br: Bridge, { vid }: Vlan): number {
  return br.vlans.find(vid)?.msti ?? 0;
}

/** Gives a port's VLANs of a tree the state that the port has in it (br_mst_set_state). */
export function setMstState(port: BridgePort, msti: number, state: number): void {
  for (const vlan of port.vlans.list) if (mstiOf(port.br, vlan) === msti) moveTo(port, vlan, state);
}

function moveTo(port: BridgePort, vlan: Vlan, state: number): void {
  if (vlan.state !== state) setVlanState(port.br, port, vlan, state);
}

/** Applies IFLA_BRIDGE_MST to a port (br_mst_process). */
export function processMst(port: BridgePort, nest: Attribute): void {
  if ((port.br.options & BR_BOOLOPT_MST_ENABLE) === 0) {
    throw new NetlinkError("EBUSY", "bridge: Can't modify MST state when MST is disabled");
  }
  let isFound = false;
  for (const entry of nest.children()) {
    if (entry.type !== spec.IFLA_BRIDGE_MST_ENTRY) continue;
    isFound = true;
    const { msti, state } = parseNested(entry, entryPolicy, "strict");
    if (msti === undefined) throw invalid("bridge: MSTI not specified");
    if (state === undefined) throw invalid("bridge: State not specified");
    setMstState(port, msti, state);
  }
  if (!isFound) throw invalid("bridge: Found no MST entries to process");
}

/** Writes the state of each tree that a port's VLANs are in (br_mst_fill_info). */
export function fillMst(writer: MessageWriter, { br, vlans }: BridgePort): void {
  const seen = new Set<number>();
  for (const vlan of vlans.list) {
    const msti = mstiOf(br, vlan);
    if (seen.has(msti)) continue;
    seen.add(msti);
    const nest = writer.nest(spec.IFLA_BRIDGE_MST_ENTRY);
    writer.u16(spec.IFLA_BRIDGE_MST_ENTRY_MSTI, msti).u8(spec.IFLA_BRIDGE_MST_ENTRY_STATE, vlan.state);
    writer.endNest(nest);
  }
}
