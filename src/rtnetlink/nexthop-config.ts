// What a request about a nexthop object asks for.
//
// Mirrors net/ipv4/nexthop.c (rtm_nh_policy_new, rtm_to_nh_config, nh_check_attr_group, valid_group_nh) with their order, errno
// and texts. *Omitted:* encapsulations, counters in hardware.

import type { Request } from "../af_netlink/handler.ts";
import { getBe32, getU16, getU32 } from "../bytes/endian.ts";
import type { IpNetns } from "../inet/netns.ts";
import { createGroup, createNexthop } from "../inet/nexthop/create.ts";
import type { GroupMember, NexthopObject, NexthopValue, ResilientConfig } from "../inet/nexthop/object.ts";
import { JIFFY_NS, jiffiesFromClock } from "../net/jiffies.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError, notSupported } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage, parseNested } from "../netlink/parse.ts";
import type { Parsed } from "../netlink/policy.ts";
import { binary, flag, nest, policy, u16, u32 } from "../netlink/policy.ts";
import { IFF_UP } from "../uapi/if.ts";
import * as nh from "../uapi/nexthop.ts";
import { RTNH_F_ONLINK } from "../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";

/** rtm_nh_policy_new */
const newPolicy = policy(nh.NHA_HW_STATS_ENABLE, {
  [nh.NHA_ID]: u32("id"),
  [nh.NHA_GROUP]: binary("group"),
  [nh.NHA_GROUP_TYPE]: u16("groupType"),
  [nh.NHA_BLACKHOLE]: flag("blackhole"),
  [nh.NHA_OIF]: u32("oif"),
  [nh.NHA_GATEWAY]: binary("gateway"),
  [nh.NHA_ENCAP_TYPE]: u16("encapType"),
  [nh.NHA_ENCAP]: nest("encap"),
  [nh.NHA_FDB]: flag("fdb"),
  [nh.NHA_RES_GROUP]: nest("resGroup"),
  [nh.NHA_HW_STATS_ENABLE]: u32("hwStatsEnable", { range: [0, 1] }),
});

type NewAttributes = Parsed<typeof newPolicy>;

/** The header, `struct nhmsg`. */
export interface Nhmsg {
  readonly family: number;
  readonly scope: number;
  readonly protocol: number;
  readonly reserved: number;
  readonly flags: number;
}

/** Reads the header behind the message header. */
export function readNhmsg({ bytes }: Message): Nhmsg {
  return {
    family: bytes[NLMSG_HDRLEN + nh.NHMSG_FAMILY] ?? 0,
    scope: bytes[NLMSG_HDRLEN + nh.NHMSG_SCOPE] ?? 0,
    protocol: bytes[NLMSG_HDRLEN + nh.NHMSG_PROTOCOL] ?? 0,
    reserved: bytes[NLMSG_HDRLEN + nh.NHMSG_RESVD] ?? 0,
    flags: getU32(bytes, NLMSG_HDRLEN + nh.NHMSG_FLAGS),
  };
}

/** Whether the header says nothing but a family. */
export function isBare(message: Message): boolean {
  const { flags, protocol, reserved, scope } = readNhmsg(message);
  return protocol === 0 && reserved === 0 && scope === 0 && flags === 0;
}

/** A request that was read: its id, and what makes the object once that is known to be wanted. */
export interface NexthopRead {
  readonly id: number;
  readonly create: () => NexthopValue;
}

/** Reads a request to add or replace an object (rtm_to_nh_config). */
export function nexthopOf({ message }: Request, ip: IpNetns): NexthopRead {
  const attrs = parseMessage(message, nh.NHMSG_SIZE, newPolicy, "strict");
  const header = readNhmsg(message);
  if (header.reserved !== 0 || header.scope !== 0) throw invalid("Invalid values in ancillary header");
  if ((header.flags & ~RTNH_F_ONLINK) !== 0) throw invalid("Invalid nexthop flags in ancillary header");
  const isIp = header.family === AF_INET || header.family === AF_INET6;
  if (!isIp && (header.family !== AF_UNSPEC || attrs.group === undefined)) {
    throw invalid("Invalid address family");
  }
  if (attrs.fdb === true) checkFdb(header, attrs);
  const { id = 0 } = attrs;
  if (attrs.group !== undefined) return { id, create: groupOf(ip, header, attrs, message, attrs.group) };
  return { id, create: singleOf(ip, header, attrs) };
}

function checkFdb({ flags }: Nhmsg, attrs: NewAttributes): void {
  const { blackhole, encap, encapType, oif } = attrs;
  if (oif !== undefined || blackhole === true || encap !== undefined || encapType !== undefined) {
    throw invalid("Fdb attribute can not be used with encap, oif or blackhole");
  }
  if (flags !== 0) throw invalid("Unsupported nexthop flags in ancillary header");
}

function singleOf(ip: IpNetns, header: Nhmsg, attrs: NewAttributes): () => NexthopValue {
  const { family, flags, protocol } = header;
  const base = { family, protocol, flags, isFdb: attrs.fdb === true };
  if (attrs.blackhole === true) {
    const { encap, encapType, fdb, gateway, oif } = attrs;
    const isMore = gateway ?? oif ?? encap ?? encapType ?? fdb;
    if (isMore !== undefined) {
      throw invalid("Blackhole attribute can not be used with gateway, oif, encap or fdb");
    }
    return () => createNexthop(ip, { ...base, isBlackhole: true, oif: 0, gateway: null });
  }
  if (attrs.fdb !== true && attrs.oif === undefined) {
    throw invalid("Device attribute required for non-blackhole and non-fdb nexthops");
  }
  const oif = attrs.oif ?? 0;
  if (attrs.oif !== undefined) checkDevice(ip, oif);
  if (attrs.gateway === undefined && (flags & RTNH_F_ONLINK) !== 0) {
    throw invalid("ONLINK flag can not be set for nexthop without a gateway");
  }
  const gateway = attrs.gateway === undefined ? null : gatewayOf(family, attrs.gateway);
  if (attrs.encap !== undefined || attrs.encapType !== undefined) throw notSupported();
  if (attrs.hwStatsEnable !== undefined) {
    throw invalid("Cannot enable nexthop hardware statistics for non-group nexthops");
  }
  return () => createNexthop(ip, { ...base, isBlackhole: false, oif, gateway });
}

function checkDevice(ip: IpNetns, ifindex: number): void {
  const dev = ip.netns.devices.get(ifindex);
  if (dev === undefined) throw invalid("Invalid device index");
  if ((dev.flags & IFF_UP) === 0) throw new NetlinkError("ENETDOWN", "Nexthop device is not up");
  if (!dev.hasCarrier) throw new NetlinkError("ENETDOWN", "Carrier for nexthop device is down");
}

function gatewayOf(
  family: number,
  bytes: Uint8Array,
): { readonly ipv4: number; readonly ipv6: Uint8Array | null } {
  if (bytes.length !== (family === AF_INET ? 4 : 16)) throw invalid("Invalid gateway");
  return family === AF_INET ? { ipv4: getBe32(bytes, 0), ipv6: null } : { ipv4: 0, ipv6: bytes };
}

/** What is in a group: ids and weights less one. */
interface Entry {
  readonly id: number;
  readonly weight: number;
  readonly reserved: number;
}

const maxWeight = 0x10000;

/** Reads what a group is (nh_check_attr_group, rtm_to_nh_config_grp_res). */
function groupOf(
  ip: IpNetns,
  header: Nhmsg,
  attrs: NewAttributes,
  message: Message,
  group: Uint8Array,
): () => NexthopValue {
  if (header.family !== AF_UNSPEC) throw invalid("Invalid family for group");
  const type = attrs.groupType ?? nh.NEXTHOP_GRP_TYPE_MPATH;
  if (type > nh.NEXTHOP_GRP_TYPE_MAX) throw invalid("Invalid group type");
  if (group.length === 0 || group.length % nh.NEXTHOP_GRP_SIZE !== 0) {
    throw invalid("Invalid length for nexthop group attribute");
  }
  const entries = entriesOf(group);
  for (const [index, entry] of entries.entries()) {
    if (entry.reserved !== 0) throw invalid("Reserved field in nexthop_grp must be 0");
    if (entry.weight === maxWeight) throw invalid("Invalid value for weight");
    if (entries.slice(index + 1).some(({ id }) => id === entry.id)) {
      throw invalid("Nexthop id can not be used twice in a group");
    }
  }
  checkOthers(message.attributes(nh.NHMSG_SIZE), type);
  const { protocol } = header;
  const isFdb = attrs.fdb === true;
  const resilient = type === nh.NEXTHOP_GRP_TYPE_RES ? resilientOf(attrs.resGroup) : null;
  return () => createGroup({ protocol, isFdb, resilient, members: membersOf(ip, entries, isFdb) });
}

/** Finds the members (nh_check_attr_group_rtnl). */
function membersOf(ip: IpNetns, entries: readonly Entry[], isFdb: boolean): GroupMember[] {
  const members = entries.map(({ id, weight }) => {
    const object = ip.nexthops.get(id);
    if (object === undefined) throw invalid("Invalid nexthop id");
    checkMember(object, entries.length, isFdb);
    return { object, weight };
  });
  const families = new Set(members.map(({ object }) => object.value.family));
  if (isFdb && families.size > 1) throw invalid("FDB nexthop group cannot have mixed family nexthops");
  return members;
}

/** rtm_nh_res_policy_new */
const resilientPolicy = policy(nh.NHA_RES_GROUP_UNBALANCED_TIMER, {
  [nh.NHA_RES_GROUP_BUCKETS]: u16("buckets"),
  [nh.NHA_RES_GROUP_IDLE_TIMER]: u32("idleTimer"),
  [nh.NHA_RES_GROUP_UNBALANCED_TIMER]: u32("unbalancedTimer"),
});

function resilientOf(nested: Attribute | undefined): ResilientConfig {
  if (nested === undefined) return { buckets: undefined, idleNs: undefined, unbalancedNs: undefined };
  const { buckets, idleTimer, unbalancedTimer } = parseNested(nested, resilientPolicy, "strict");
  if (buckets === 0) throw invalid("Number of buckets needs to be non-0");
  // Kept in 32 bits.
  const nsOf = (clock: number | undefined) =>
    clock === undefined ? undefined : (jiffiesFromClock(clock) >>> 0) * JIFFY_NS;
  return { buckets, idleNs: nsOf(idleTimer), unbalancedNs: nsOf(unbalancedTimer) };
}

function entriesOf(group: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < group.length; at += nh.NEXTHOP_GRP_SIZE) {
    const low = group[at + nh.NEXTHOP_GRP_WEIGHT] ?? 0;
    const high = group[at + nh.NEXTHOP_GRP_WEIGHT_HIGH] ?? 0;
    entries.push({
      id: getU32(group, at + nh.NEXTHOP_GRP_ID),
      weight: ((high << 8) | low) + 1,
      reserved: getU16(group, at + nh.NEXTHOP_GRP_RESVD2),
    });
  }
  return entries;
}

/** Whether an object may be a member (valid_group_nh, nh_check_attr_fdb_group). */
function checkMember({ isGroup, value }: NexthopObject, count: number, isFdb: boolean): void {
  if (isGroup) {
    const type = value.resilient === null ? "Hash-threshold" : "Resilient";
    throw invalid(`${type} group can not be a nexthop within a group`);
  }
  if (value.isBlackhole && count > 1) {
    throw invalid("Blackhole nexthop can not be used in a group with more than 1 path");
  }
  if (isFdb && !value.isFdb) throw invalid("FDB nexthop group can only have fdb nexthops");
  if (!isFdb && value.isFdb) throw invalid("Non FDB nexthop group cannot have fdb nexthops");
}

function checkOthers(attributes: readonly Attribute[], groupType: number): void {
  for (const { type } of attributes) {
    if (type <= nh.NHA_GROUP_TYPE || type === nh.NHA_HW_STATS_ENABLE || type === nh.NHA_FDB) continue;
    if (type === nh.NHA_RES_GROUP && groupType === nh.NEXTHOP_GRP_TYPE_RES) continue;
    throw invalid("No other attributes can be set in nexthop groups");
  }
}
