// What /sys/class/net/<dev>/bridge and brport show, read out of the attributes that rtnetlink tells of bridges and their ports.
//
// Mirrors net/bridge/br_sysfs_br.c, net/bridge/br_sysfs_if.c and net/bridge/br_fdb.c (br_fdb_fillbuf).

import { getU16, getU32, getU64, setU32 } from "../bytes/endian.ts";
import { macFromText, writeMac } from "../bytes/mac.ts";
import type { Neighbour } from "../client/neigh.ts";
import type { Attribute } from "../netlink/attribute.ts";
import * as link from "../uapi/if_link.ts";
import { NUD_NOARP, NUD_PERMANENT } from "../uapi/neighbour.ts";

/** How an attribute becomes text. */
type Format = (attribute: Attribute) => string;

/** A file, the attribute it shows, and how: as a number when nothing is said. */
type FileRule = readonly [name: string, type: number, format?: Format];

export const bridgeRules: readonly FileRule[] = [
  ["ageing_time", link.IFLA_BR_AGEING_TIME],
  ["bridge_id", link.IFLA_BR_BRIDGE_ID, bridgeId],
  ["default_pvid", link.IFLA_BR_VLAN_DEFAULT_PVID],
  ["forward_delay", link.IFLA_BR_FORWARD_DELAY],
  ["gc_timer", link.IFLA_BR_GC_TIMER],
  ["group_addr", link.IFLA_BR_GROUP_ADDR, (attribute) => bytesText(attribute, ":")],
  ["group_fwd_mask", link.IFLA_BR_GROUP_FWD_MASK, hexNumber],
  ["hash_elasticity", link.IFLA_BR_MCAST_HASH_ELASTICITY],
  ["hash_max", link.IFLA_BR_MCAST_HASH_MAX],
  ["hello_time", link.IFLA_BR_HELLO_TIME],
  ["hello_timer", link.IFLA_BR_HELLO_TIMER],
  ["max_age", link.IFLA_BR_MAX_AGE],
  ["multicast_igmp_version", link.IFLA_BR_MCAST_IGMP_VERSION],
  ["multicast_last_member_count", link.IFLA_BR_MCAST_LAST_MEMBER_CNT],
  ["multicast_last_member_interval", link.IFLA_BR_MCAST_LAST_MEMBER_INTVL],
  ["multicast_membership_interval", link.IFLA_BR_MCAST_MEMBERSHIP_INTVL],
  ["multicast_mld_version", link.IFLA_BR_MCAST_MLD_VERSION],
  ["multicast_querier", link.IFLA_BR_MCAST_QUERIER],
  ["multicast_querier_interval", link.IFLA_BR_MCAST_QUERIER_INTVL],
  ["multicast_query_interval", link.IFLA_BR_MCAST_QUERY_INTVL],
  ["multicast_query_response_interval", link.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL],
  ["multicast_query_use_ifaddr", link.IFLA_BR_MCAST_QUERY_USE_IFADDR],
  ["multicast_router", link.IFLA_BR_MCAST_ROUTER],
  ["multicast_snooping", link.IFLA_BR_MCAST_SNOOPING],
  ["multicast_startup_query_count", link.IFLA_BR_MCAST_STARTUP_QUERY_CNT],
  ["multicast_startup_query_interval", link.IFLA_BR_MCAST_STARTUP_QUERY_INTVL],
  ["multicast_stats_enabled", link.IFLA_BR_MCAST_STATS_ENABLED],
  ["nf_call_arptables", link.IFLA_BR_NF_CALL_ARPTABLES],
  ["nf_call_ip6tables", link.IFLA_BR_NF_CALL_IP6TABLES],
  ["nf_call_iptables", link.IFLA_BR_NF_CALL_IPTABLES],
  ["no_linklocal_learn", link.IFLA_BR_MULTI_BOOLOPT, ({ bytes, start }) => String(getU32(bytes, start) & 1)],
  ["priority", link.IFLA_BR_PRIORITY],
  ["root_id", link.IFLA_BR_ROOT_ID, bridgeId],
  ["root_path_cost", link.IFLA_BR_ROOT_PATH_COST],
  ["root_port", link.IFLA_BR_ROOT_PORT],
  ["stp_state", link.IFLA_BR_STP_STATE],
  ["tcn_timer", link.IFLA_BR_TCN_TIMER],
  ["topology_change", link.IFLA_BR_TOPOLOGY_CHANGE],
  ["topology_change_detected", link.IFLA_BR_TOPOLOGY_CHANGE_DETECTED],
  ["topology_change_timer", link.IFLA_BR_TOPOLOGY_CHANGE_TIMER],
  ["vlan_filtering", link.IFLA_BR_VLAN_FILTERING],
  ["vlan_protocol", link.IFLA_BR_VLAN_PROTOCOL, protocol],
  ["vlan_stats_enabled", link.IFLA_BR_VLAN_STATS_ENABLED],
  ["vlan_stats_per_port", link.IFLA_BR_VLAN_STATS_PER_PORT],
];

export const portRules: readonly FileRule[] = [
  ["bpdu_guard", link.IFLA_BRPORT_GUARD],
  ["broadcast_flood", link.IFLA_BRPORT_BCAST_FLOOD],
  ["change_ack", link.IFLA_BRPORT_TOPOLOGY_CHANGE_ACK],
  ["config_pending", link.IFLA_BRPORT_CONFIG_PENDING],
  ["designated_bridge", link.IFLA_BRPORT_BRIDGE_ID, bridgeId],
  ["designated_cost", link.IFLA_BRPORT_DESIGNATED_COST],
  ["designated_port", link.IFLA_BRPORT_DESIGNATED_PORT],
  ["designated_root", link.IFLA_BRPORT_ROOT_ID, bridgeId],
  ["forward_delay_timer", link.IFLA_BRPORT_FORWARD_DELAY_TIMER],
  ["group_fwd_mask", link.IFLA_BRPORT_GROUP_FWD_MASK, hexNumber],
  ["hairpin_mode", link.IFLA_BRPORT_MODE],
  ["hold_timer", link.IFLA_BRPORT_HOLD_TIMER],
  ["isolated", link.IFLA_BRPORT_ISOLATED],
  ["learning", link.IFLA_BRPORT_LEARNING],
  ["message_age_timer", link.IFLA_BRPORT_MESSAGE_AGE_TIMER],
  ["multicast_fast_leave", link.IFLA_BRPORT_FAST_LEAVE],
  ["multicast_flood", link.IFLA_BRPORT_MCAST_FLOOD],
  ["multicast_router", link.IFLA_BRPORT_MULTICAST_ROUTER],
  ["multicast_to_unicast", link.IFLA_BRPORT_MCAST_TO_UCAST],
  ["neigh_suppress", link.IFLA_BRPORT_NEIGH_SUPPRESS],
  ["path_cost", link.IFLA_BRPORT_COST],
  ["port_id", link.IFLA_BRPORT_ID, hexNumber],
  ["port_no", link.IFLA_BRPORT_NO, hexNumber],
  ["priority", link.IFLA_BRPORT_PRIORITY],
  ["proxyarp", link.IFLA_BRPORT_PROXYARP],
  ["proxyarp_wifi", link.IFLA_BRPORT_PROXYARP_WIFI],
  ["root_block", link.IFLA_BRPORT_PROTECT],
  ["state", link.IFLA_BRPORT_STATE],
  ["unicast_flood", link.IFLA_BRPORT_UNICAST_FLOOD],
];

/** The file that any write to forgets what was learned. */
export const FLUSH = "flush";

/** The files of both that can only be read. */
const readOnly: ReadonlySet<string> = new Set([
  "bridge_id",
  "change_ack",
  "config_pending",
  "designated_bridge",
  "designated_cost",
  "designated_port",
  "designated_root",
  "forward_delay_timer",
  "gc_timer",
  "hello_timer",
  "hold_timer",
  "message_age_timer",
  "port_id",
  "port_no",
  "root_id",
  "root_path_cost",
  "root_port",
  "state",
  "tcn_timer",
  "topology_change",
  "topology_change_detected",
  "topology_change_timer",
]);

/** What a file of bridge/ or brport/ allows. */
export function bridgeFileMode(name: string): number {
  if (name === FLUSH) return 0o200;
  return readOnly.has(name) ? 0o444 : 0o644;
}

/** The files of a bridge, by IFLA_INFO_DATA. */
export function bridgeFiles(data: Attribute): Record<string, string> {
  return { ...filesOf(data, bridgeRules), [FLUSH]: "" };
}

/** The files of a bridge's port, by IFLA_INFO_SLAVE_DATA; a backup port is named by `nameOf`. */
export function portFiles(
  data: Attribute,
  nameOf: (ifindex: number) => string | undefined,
): Record<string, string> {
  const backup = data.child(link.IFLA_BRPORT_BACKUP_PORT);
  const name = backup === undefined ? "" : (nameOf(backup.u32()) ?? "");
  return { ...filesOf(data, portRules), backup_port: name, [FLUSH]: "" };
}

function filesOf(data: Attribute, rules: readonly FileRule[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [name, type, format = plainNumber] of rules) {
    const attribute = data.child(type);
    if (attribute !== undefined) files[name] = format(attribute);
  }
  return files;
}

function numberOf({ bytes, start, length }: Attribute): bigint {
  if (length === 1) return BigInt(bytes[start] ?? 0);
  if (length === 2) return BigInt(getU16(bytes, start));
  return length === 8 ? getU64(bytes, start) : BigInt(getU32(bytes, start));
}

function plainNumber(attribute: Attribute): string {
  return String(numberOf(attribute));
}

function hexNumber(attribute: Attribute): string {
  return `0x${numberOf(attribute).toString(16)}`;
}

/** A number in network order. */
function protocol({ bytes, start }: Attribute): string {
  return `0x${(((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0)).toString(16)}`;
}

/** Priority and address, as in 8000.020000000001. */
function bridgeId(attribute: Attribute): string {
  const text = bytesText(attribute, "");
  return `${text.slice(0, 4)}.${text.slice(4)}`;
}

function bytesText(attribute: Attribute, separator: string): string {
  return [...attribute.copy()].map((byte) => byte.toString(16).padStart(2, "0")).join(separator);
}

const entrySize = 16;
/** Where struct __fdb_entry has them. */
const PORT_NO = 6;
const IS_LOCAL = 7;
const AGE = 8;
const PORT_HIGH = 12;

/** `brforward`: what a bridge has learned or been told, entry by entry; `portOf` knows ports by ifindex. */
export function forwardingTable(
  entries: readonly Neighbour[],
  portOf: (ifindex: number) => number | undefined,
): Uint8Array {
  const rows: Uint8Array[] = [];
  for (const { cacheinfo, ifindex, lladdr = "", state } of entries) {
    const port = portOf(ifindex);
    const address = macFromText(lladdr);
    if (port === undefined || address === undefined) continue;
    const row = new Uint8Array(entrySize);
    writeMac(row, 0, address);
    row[PORT_NO] = port & 0xff;
    row[IS_LOCAL] = (state & NUD_PERMANENT) !== 0 ? 1 : 0;
    if ((state & (NUD_PERMANENT | NUD_NOARP)) === 0) setU32(row, AGE, cacheinfo?.updated ?? 0);
    row[PORT_HIGH] = port >>> 8;
    rows.push(row);
  }
  const table = new Uint8Array(entrySize * rows.length);
  for (const [index, row] of rows.entries()) table.set(row, entrySize * index);
  return table;
}
