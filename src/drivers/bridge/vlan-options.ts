// What is set of single VLANs of a port, or of the bridge itself: the state they are in, their tunnel key, how their multicast and
// their neighbours are looked after.
//
// Mirrors net/bridge/br_vlan_options.c (br_vlan_process_options, br_vlan_process_one_opts, br_vlan_modify_state,
// br_vlan_modify_tunnel) with its order, errno and texts.

import type { Attribute } from "../../netlink/attribute.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { exact, nest, policy, reject, u8, u16, u32 } from "../../netlink/policy.ts";
import * as vdb from "../../uapi/if_bridge.ts";
import { RTM_DELLINK, RTM_NEWVLAN, RTM_SETLINK } from "../../uapi/rtnetlink.ts";
import { enableMulticastContext } from "./multicast.ts";
import { portVlanContext, vlanContext } from "./multicast-context.ts";
import { setPortRouter, setRouter } from "./multicast-options.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_MST_ENABLE, BR_KERNEL_STP, BR_STATE_BLOCKING, BR_VLAN_TUNNEL } from "./state.ts";
import { isStateAllowed } from "./vlan.ts";
import type { Vlan } from "./vlan-group.ts";
import { continuesRange, isCounted, notifyVlan } from "./vlan-message.ts";
import { mapTunnel, unmapTunnel } from "./vlan-tunnel.ts";

/** br_vlan_db_policy */
export const entryPolicy = policy(vdb.BRIDGE_VLANDB_ENTRY_MAX, {
  [vdb.BRIDGE_VLANDB_ENTRY_INFO]: exact("info", vdb.BRIDGE_VLAN_INFO_SIZE),
  [vdb.BRIDGE_VLANDB_ENTRY_RANGE]: u16("range"),
  [vdb.BRIDGE_VLANDB_ENTRY_STATE]: u8("state"),
  [vdb.BRIDGE_VLANDB_ENTRY_TUNNEL_INFO]: nest("tunnelInfo"),
  [vdb.BRIDGE_VLANDB_ENTRY_MCAST_ROUTER]: u8("mcastRouter"),
  [vdb.BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS]: reject("mcastNGroups"),
  [vdb.BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS]: u32("mcastMaxGroups"),
  [vdb.BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS]: u8("neighSuppress", { range: [0, 1] }),
});

/** br_vlandb_tinfo_pol */
const tunnelPolicy = policy(vdb.BRIDGE_VLANDB_TINFO_MAX, {
  [vdb.BRIDGE_VLANDB_TINFO_ID]: u32("id"),
  [vdb.BRIDGE_VLANDB_TINFO_CMD]: u32("command"),
});

type EntryAttributes = Parsed<typeof entryPolicy>;

/** VLANs from one identifier to another, both included. */
interface VlanRange {
  readonly first: number;
  readonly last: number;
}

/** Sets options of all VLANs of a range, and tells of those that changed (br_vlan_process_options). */
export function setVlanOptions(
  br: Bridge,
  port: BridgePort | null,
  { first, last }: VlanRange,
  attrs: EntryAttributes,
): void {
  const group = port?.vlans ?? br.vlans;
  for (const [vid, which] of [
    [first, "start"],
    [last, "end"],
  ] as const) {
    if (group.member(vid) !== undefined) continue;
    throw missingVlan(`Vlan range ${which} doesn't exist`);
  }
  let run: { readonly first: Vlan; last: Vlan } | undefined;
  const tell = (): void => {
    if (run !== undefined) notifyVlan(br, port, run.first.vid, run.last.vid, RTM_NEWVLAN);
    run = undefined;
  };
  try {
    for (let vid = first; vid <= last; vid++) {
      const vlan = group.member(vid);
      if (vlan === undefined) throw missingVlan("Vlan in range doesn't exist");
      if (!setOptions(br, port, vlan, first, attrs)) tell();
      else if (run !== undefined && continuesRange(br, port, run.last, vlan)) run.last = vlan;
      else {
        tell();
        run = { first: vlan, last: vlan };
      }
    }
  } finally {
    tell();
  }
}

function missingVlan(text: string): NetlinkError {
  return new NetlinkError("ENOENT", `bridge: ${text}, can't process options`);
}

/** Sets options of one VLAN; whether anything changed. `first` is the VLAN that a range begins with. */
function setOptions(
  br: Bridge,
  port: BridgePort | null,
  vlan: Vlan,
  first: number,
  attrs: EntryAttributes,
): boolean {
  let isChanged = false;
  if (attrs.state !== undefined && setState(br, port, vlan, attrs.state)) isChanged = true;
  if (attrs.tunnelInfo !== undefined && setTunnel(port, vlan, vlan.vid - first, attrs.tunnelInfo)) {
    isChanged = true;
  }
  if (attrs.mcastRouter !== undefined) {
    if (port === null) setRouter(vlanContext(br, vlan), attrs.mcastRouter);
    else setPortRouter(port, vlan.vid, attrs.mcastRouter);
    isChanged = true;
  }
  if (attrs.mcastMaxGroups !== undefined) {
    if (port === null) throw invalid("bridge: Can't set mcast_max_groups for non-port vlans");
    if (!isCounted(br, vlan)) throw invalid("bridge: Multicast snooping disabled on this VLAN");
    portVlanContext(port, vlan).maxGroups = attrs.mcastMaxGroups;
    isChanged = true;
  }
  if (attrs.neighSuppress !== undefined) {
    if (port === null) throw invalid("bridge: Can't set neigh_suppress for non-port vlans");
    const isSuppressing = attrs.neighSuppress !== 0;
    if (vlan.neighSuppress !== isSuppressing) isChanged = true;
    vlan.neighSuppress = isSuppressing;
  }
  return isChanged;
}

/** Sets the state of a VLAN, which nobody else may look after; whether it changed (br_vlan_modify_state). */
function setState(br: Bridge, port: BridgePort | null, vlan: Vlan, state: number): boolean {
  if (state > BR_STATE_BLOCKING) throw invalid("bridge: Invalid vlan state");
  if (br.stpEnabled === BR_KERNEL_STP) {
    throw new NetlinkError("EBUSY", "bridge: Can't modify vlan state when using kernel STP");
  }
  if ((br.options & BR_BOOLOPT_MST_ENABLE) !== 0) {
    throw new NetlinkError("EBUSY", "bridge: Can't modify vlan state directly when MST is enabled");
  }
  if (vlan.state === state) return false;
  setVlanState(br, port, vlan, state);
  return true;
}

/** Sets the state of a VLAN; one that takes part again is asked who listens (br_vlan_set_state). */
export function setVlanState(br: Bridge, port: BridgePort | null, vlan: Vlan, state: number): void {
  vlan.state = state;
  if (port === null || !isCounted(br, vlan) || !isStateAllowed(state, true)) return;
  enableMulticastContext(port, vlan.vid);
}

/** Maps a VLAN to a tunnel key, the `distance`th from the one that is named, or takes that back (br_vlan_modify_tunnel). */
function setTunnel(port: BridgePort | null, vlan: Vlan, distance: number, info: Attribute): boolean {
  if (port === null) throw invalid("bridge: Can't modify tunnel mapping of non-port vlans");
  if ((port.flags & BR_VLAN_TUNNEL) === 0) throw invalid("bridge: Port doesn't have tunnel flag set");
  const { command, id } = parseNested(info, tunnelPolicy, "strict");
  if (command === undefined) throw new NetlinkError("ENOENT", "bridge: Missing tunnel command attribute");
  if (command === RTM_DELLINK) {
    unmapTunnel(port, vlan.vid);
    return true;
  }
  if (command !== RTM_SETLINK) throw invalid("bridge: Unsupported tunnel command");
  if (id === undefined) throw new NetlinkError("ENOENT", "bridge: Missing tunnel id attribute");
  mapTunnel(port, vlan.vid, (id + distance) >>> 0);
  return true;
}
