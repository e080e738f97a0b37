// What IFLA_INFO_SLAVE_DATA and IFLA_PROTINFO of a port may hold, and how it is applied.
//
// Mirrors net/bridge/br_netlink.c (br_port_policy, br_setport, br_port_slave_changelink) with its errno and texts.

import type { LinkAttributes } from "../../net/link-policy.ts";
import type { Device } from "../../net/netdevice.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { binary, policy, reject, u8, u16, u32 } from "../../netlink/policy.ts";
import * as link from "../../uapi/if_link.ts";
import { deleteByPort, flushFdb } from "./fdb.ts";
import { FDB_LOCKED } from "./fdb-table.ts";
import { setPortRouter } from "./multicast-options.ts";
import { changedPortFlags } from "./ports.ts";
import type { Bridge, BridgePort } from "./state.ts";
import * as st from "./state.ts";
import { portOf } from "./state.ts";
import { setPathCost, setPortPriority, setPortStateByUser } from "./stp-port.ts";
import { flushTunnels } from "./vlan-tunnel.ts";

/** 01:80:c2:00:00:01 is never forwarded (BR_GROUPFWD_MACPAUSE). */
const pauseGroup = 0x2;

/** br_port_policy */
export const portPolicy = policy(
  link.IFLA_BRPORT_MAX,
  {
    [link.IFLA_BRPORT_STATE]: u8("state"),
    [link.IFLA_BRPORT_COST]: u32("cost"),
    [link.IFLA_BRPORT_PRIORITY]: u16("priority"),
    [link.IFLA_BRPORT_MODE]: u8("mode"),
    [link.IFLA_BRPORT_GUARD]: u8("guard"),
    [link.IFLA_BRPORT_PROTECT]: u8("protect"),
    [link.IFLA_BRPORT_FAST_LEAVE]: u8("fastLeave"),
    [link.IFLA_BRPORT_LEARNING]: u8("learning"),
    [link.IFLA_BRPORT_UNICAST_FLOOD]: u8("unicastFlood"),
    [link.IFLA_BRPORT_PROXYARP]: u8("proxyarp"),
    [link.IFLA_BRPORT_PROXYARP_WIFI]: u8("proxyarpWifi"),
    [link.IFLA_BRPORT_FLUSH]: binary("flush"),
    [link.IFLA_BRPORT_MULTICAST_ROUTER]: u8("multicastRouter"),
    [link.IFLA_BRPORT_MCAST_TO_UCAST]: u8("mcastToUcast"),
    [link.IFLA_BRPORT_MCAST_FLOOD]: u8("mcastFlood"),
    [link.IFLA_BRPORT_BCAST_FLOOD]: u8("bcastFlood"),
    [link.IFLA_BRPORT_VLAN_TUNNEL]: u8("vlanTunnel"),
    [link.IFLA_BRPORT_GROUP_FWD_MASK]: u16("groupFwdMask"),
    [link.IFLA_BRPORT_NEIGH_SUPPRESS]: u8("neighSuppress"),
    [link.IFLA_BRPORT_ISOLATED]: u8("isolated"),
    [link.IFLA_BRPORT_LOCKED]: u8("locked"),
    [link.IFLA_BRPORT_MAB]: u8("mab"),
    [link.IFLA_BRPORT_BACKUP_PORT]: u32("backupPort"),
    [link.IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT]: u32("mcastEhtHostsLimit"),
    [link.IFLA_BRPORT_MCAST_N_GROUPS]: reject("mcastNGroups"),
    [link.IFLA_BRPORT_MCAST_MAX_GROUPS]: u32("mcastMaxGroups"),
    [link.IFLA_BRPORT_NEIGH_VLAN_SUPPRESS]: u8("neighVlanSuppress", { range: [0, 1] }),
    [link.IFLA_BRPORT_BACKUP_NHID]: u32("backupNhid"),
  },
  link.IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT + 1,
);

/** A port's attributes, decoded. */
export type PortAttributes = Parsed<typeof portPolicy>;

/** Which flag of a port an attribute sets. */
const flagAttributes: readonly (readonly [name: keyof PortAttributes, flag: number])[] = [
  ["mode", st.BR_HAIRPIN_MODE],
  ["guard", st.BR_BPDU_GUARD],
  ["fastLeave", st.BR_MULTICAST_FAST_LEAVE],
  ["protect", st.BR_ROOT_BLOCK],
  ["learning", st.BR_LEARNING],
  ["unicastFlood", st.BR_FLOOD],
  ["mcastFlood", st.BR_MCAST_FLOOD],
  ["mcastToUcast", st.BR_MULTICAST_TO_UNICAST],
  ["bcastFlood", st.BR_BCAST_FLOOD],
  ["proxyarp", st.BR_PROXYARP],
  ["proxyarpWifi", st.BR_PROXYARP_WIFI],
  ["vlanTunnel", st.BR_VLAN_TUNNEL],
  ["neighSuppress", st.BR_NEIGH_SUPPRESS],
  ["isolated", st.BR_ISOLATED],
  ["locked", st.BR_PORT_LOCKED],
  ["mab", st.BR_PORT_MAB],
  ["neighVlanSuppress", st.BR_NEIGH_VLAN_SUPPRESS],
];

/** Applies IFLA_INFO_SLAVE_DATA (br_port_slave_changelink); it was parsed by `portPolicy`. */
export function changeSlave(
  _dev: Device<Bridge>,
  target: Device,
  _attrs: LinkAttributes,
  data: PortAttributes,
): void {
  const port = portOf(target);
  if (port !== null) setPort(port, data);
}

/** Applies a port's attributes (br_setport). */
export function setPort(port: BridgePort, attrs: PortAttributes): void {
  setFlags(port, attrs);
  if (attrs.cost !== undefined) setPathCost(port, attrs.cost);
  if (attrs.priority !== undefined) setPortPriority(port, attrs.priority);
  if (attrs.state !== undefined) setPortStateByUser(port, attrs.state);
  if (attrs.flush !== undefined) deleteByPort(port.br, port, 0, false);
  if (attrs.multicastRouter !== undefined) setPortRouter(port, 0, attrs.multicastRouter);
  if (attrs.mcastEhtHostsLimit !== undefined) {
    if (attrs.mcastEhtHostsLimit === 0) throw new NetlinkError("EINVAL");
    port.multicast.hostsLimit = attrs.mcastEhtHostsLimit;
  }
  if (attrs.mcastMaxGroups !== undefined) port.multicast.maxGroups = attrs.mcastMaxGroups;
  if (attrs.groupFwdMask !== undefined) {
    if ((attrs.groupFwdMask & pauseGroup) !== 0) throw new NetlinkError("EINVAL");
    port.groupFwdMask = attrs.groupFwdMask;
  }
  if (attrs.backupPort !== undefined) setBackupPort(port, attrs.backupPort);
  if (attrs.backupNhid !== undefined) port.backupNexthop = attrs.backupNhid;
}

function setFlags(port: BridgePort, attrs: PortAttributes): void {
  const old = port.flags;
  let flags = old;
  for (const [name, flag] of flagAttributes) {
    if (attrs[name] !== undefined) flags = attrs[name] === 0 ? flags & ~flag : flags | flag;
  }
  const isMab = (flags & st.BR_PORT_MAB) !== 0;
  const lockedLearner = st.BR_PORT_LOCKED | st.BR_LEARNING;
  if (isMab && (flags & lockedLearner) !== lockedLearner) {
    throw invalid("Bridge port must be locked and have learning enabled when MAB is enabled");
  }
  if (!isMab && (old & st.BR_PORT_MAB) !== 0) {
    flushFdb(port.br, { flags: FDB_LOCKED, mask: FDB_LOCKED, ifindex: port.dev.ifindex, vid: 0 });
  }
  port.flags = flags;
  if ((old & ~flags & st.BR_VLAN_TUNNEL) !== 0) flushTunnels(port);
  changedPortFlags(port, old ^ flags);
}

/** Names the port that takes over when this one has no carrier (nbp_backup_change): 0 for none. */
function setBackupPort(port: BridgePort, ifindex: number): void {
  if (ifindex === 0) {
    port.backupPort = null;
    return;
  }
  const dev = port.dev.netns.devices.get(ifindex);
  const backup = dev === undefined ? null : portOf(dev);
  if (backup === null) throw new NetlinkError("ENOENT");
  if (backup === port || backup.br !== port.br) throw new NetlinkError("EINVAL");
  port.backupPort = backup;
}
