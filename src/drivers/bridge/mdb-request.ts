// The multicast database as users ask for and change it.
//
// Mirrors net/bridge/br_mdb.c (br_mdb_add, br_mdb_del, br_mdb_dump, br_mdb_get) with their order, errno and texts. Omitted:
// deleting in bulk.

import { getBe16, getU8, getU16, getU32 } from "../../bytes/endian.ts";
import { deviceByIndex } from "../../net/device.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import type { Device, DumpWriter, MdbOps } from "../../net/netdevice.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { exists, formatted, invalid, missing, NetlinkError, noDevice } from "../../netlink/error.ts";
import type { Message } from "../../netlink/message.ts";
import { parseNested } from "../../netlink/parse.ts";
import { binary, nest, policy, u8 } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { IFF_UP } from "../../uapi/if.ts";
import * as mdb from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { MCAST_EXCLUDE, MCAST_INCLUDE } from "../../uapi/in.ts";
import { NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RTM_NEWMDB, RTPROT_STATIC } from "../../uapi/rtnetlink.ts";
import type { Entry, Member } from "./mdb.ts";
import {
  addExcluders,
  addMember,
  addSource,
  countGroup,
  deleteMember,
  deleteSource,
  dropIfEmpty,
  findEntry,
  findSource,
  followMode,
  fullContext,
  joinHost,
  leaveHost,
  obtainEntry,
  stopTimers,
} from "./mdb.ts";
import { fillMdb, fillMdbEntry, fillMdbHeader, fillRouters, notifyMdb } from "./mdb-message.ts";
import { contextOf, handlesSources, hasVlanSnooping } from "./multicast-context.ts";
import type { GroupAddress } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_STATE_DISABLED, portOf } from "./state.ts";

/** Bytes of the longest source there is. */
const addressSize6 = 16;

export const mdbOps: MdbOps<Bridge> = { add, del, dump, get };

/** br_mdbe_attrs_pol */
const attributePolicy = policy(mdb.MDBE_ATTR_MAX, {
  [mdb.MDBE_ATTR_SOURCE]: binary("source", addressSize6),
  [mdb.MDBE_ATTR_SRC_LIST]: nest("sources"),
  [mdb.MDBE_ATTR_GROUP_MODE]: u8("groupMode", { range: [MCAST_EXCLUDE, MCAST_INCLUDE] }),
  [mdb.MDBE_ATTR_RTPROT]: u8("protocol", { range: [RTPROT_STATIC, 255] }),
});

/** br_mdbe_src_list_entry_pol */
const sourcePolicy = policy(mdb.MDBE_SRCATTR_MAX, {
  [mdb.MDBE_SRCATTR_ADDRESS]: binary("address", addressSize6),
});

/** What a request says (struct br_mdb_config). */
interface Config {
  readonly port: BridgePort | null;
  readonly group: GroupAddress;
  readonly isPermanent: boolean;
  readonly protocol: number;
  readonly filterMode: number;
  readonly sources: readonly Uint8Array[];
  readonly isReplacing: boolean;
}

/** Reads MDBA_SET_ENTRY, which has been validated (br_mdb_config_init). */
function configOf({ dev, multicast }: Bridge, message: Message): Config {
  if ((dev.flags & IFF_UP) === 0) throw invalid("bridge: Bridge device is not running");
  if (!multicast.isSnooping) throw invalid("bridge: Bridge's multicast processing is disabled");
  const entry = message.attribute(mdb.MDBA_SET_ENTRY, mdb.BR_PORT_MSG_SIZE);
  if (entry === undefined) throw new NetlinkError("EINVAL");
  const { bytes, start } = entry;
  const ifindex = getU32(bytes, start + mdb.BR_MDB_ENTRY_IFINDEX);
  let port: BridgePort | null = null;
  if (ifindex !== dev.ifindex) {
    const named = deviceByIndex(dev.netns, ifindex);
    if (named === undefined) throw noDevice("bridge: Port net device doesn't exist");
    port = portOf(named);
    if (port === null) throw invalid("bridge: Net device is not a bridge port");
    if (port.br !== dev.state) throw invalid("bridge: Port belongs to a different bridge device");
  }
  const attrs = message.attribute(mdb.MDBA_SET_ENTRY_ATTRS, mdb.BR_PORT_MSG_SIZE);
  return {
    port,
    isPermanent: getU8(bytes, start + mdb.BR_MDB_ENTRY_STATE) === mdb.MDB_PERMANENT,
    isReplacing: (message.flags & NLM_F_REPLACE) !== 0,
    ...attributesOf(port, groupOf(entry), attrs),
  };
}

/** Reads MDBA_SET_ENTRY_ATTRS (br_mdb_config_attrs_init). */
function attributesOf(
  port: BridgePort | null,
  group: GroupAddress,
  nested: Attribute | undefined,
): Pick<Config, "group" | "protocol" | "filterMode" | "sources"> {
  const plain = { group, protocol: RTPROT_STATIC, filterMode: MCAST_EXCLUDE, sources: [] };
  if (nested === undefined) return plain;
  const attrs = parseNested(nested, attributePolicy, "strict");
  if (attrs.source !== undefined) checkSource(attrs.source, group.protocol);
  const isAny = attrs.source === undefined || attrs.source.every((byte) => byte === 0);
  const source = attrs.source === undefined || isAny ? null : attrs.source;
  const { groupMode } = attrs;
  if (groupMode !== undefined) {
    if (port === null) throw invalid("bridge: Filter mode cannot be set for host groups");
    if (source !== null) throw invalid("bridge: Filter mode can only be set for (*, G) entries");
  }
  const sources: Uint8Array[] = [];
  if (attrs.sources !== undefined) {
    if (port === null) throw invalid("bridge: Source list cannot be set for host groups");
    if (source !== null) throw invalid("bridge: Source list can only be set for (*, G) entries");
    if (groupMode === undefined) throw invalid("bridge: Source list cannot be set without filter mode");
    for (const entry of attrs.sources.children()) {
      const { address } = parseNested(entry, sourcePolicy, "strict");
      if (address === undefined) throw missing(mdb.MDBE_SRCATTR_ADDRESS);
      checkSource(address, group.protocol);
      sources.push(address);
    }
  }
  if (sources.length === 0 && groupMode === MCAST_INCLUDE) {
    throw invalid("bridge: Cannot add (*, G) INCLUDE with an empty source list");
  }
  if (attrs.protocol !== undefined && port === null) {
    throw invalid("bridge: Protocol cannot be set for host groups");
  }
  return {
    group: { ...group, source },
    protocol: attrs.protocol ?? RTPROT_STATIC,
    filterMode: groupMode ?? MCAST_EXCLUDE,
    sources,
  };
}

/** Refuses an address that no source of a group of this kind can have (is_valid_mdb_source). */
function checkSource(address: Uint8Array, protocol: number): void {
  const [first = 0] = address;
  if (protocol === ETH_P_IP) {
    if (address.length !== 4) throw invalid("bridge: IPv4 invalid source address length");
    if (first >>> 4 === 0xe) throw invalid("bridge: IPv4 multicast source address is not allowed");
  } else if (protocol === ETH_P_IPV6) {
    if (address.length !== addressSize6) throw invalid("bridge: IPv6 invalid source address length");
    if (first === 0xff) throw invalid("bridge: IPv6 multicast source address is not allowed");
  } else throw invalid("bridge: Invalid protocol used with source address");
}

function groupOf({ bytes, start }: Attribute): GroupAddress {
  const protocol = getBe16(bytes, start + mdb.BR_MDB_ENTRY_ADDR + 16);
  const size = protocol === ETH_P_IP ? 4 : protocol === ETH_P_IPV6 ? addressSize6 : 6;
  const at = start + mdb.BR_MDB_ENTRY_ADDR;
  const vid = getU16(bytes, start + mdb.BR_MDB_ENTRY_VID);
  return { protocol, bytes: bytes.slice(at, at + size), vid, source: null };
}

/** Enters a group, in every VLAN of the port when the request names none and VLANs are told apart (br_mdb_add). */
function add(dev: Device<Bridge>, message: Message): void {
  const br = dev.state;
  const config = configOf(br, message);
  const { port, isPermanent, group } = config;
  if (port === null && group.protocol !== 0) {
    if (isPermanent) throw invalid("bridge: Flags are not allowed for host groups");
    if (group.source !== null) {
      throw invalid("bridge: Groups with sources cannot be manually host joined");
    }
  }
  if (group.protocol === 0 && !isPermanent) throw invalid("bridge: Only permanent L2 entries allowed");
  if (port !== null && port.state === BR_STATE_DISABLED && !isPermanent) {
    throw invalid("bridge: Port is in disabled state and entry is not permanent");
  }
  for (const vid of vlansOf(br, config)) addOne(br, { ...config, group: { ...group, vid } });
}

/** The VLANs a request is for. */
function vlansOf(br: Bridge, { port, group }: Config): number[] {
  const vlans = port?.vlans ?? br.vlans;
  if (group.vid !== 0 || !br.isVlanFiltering || vlans.members.length === 0) return [group.vid];
  return vlans.members.map(({ vid }) => vid);
}

/** One entry (__br_mdb_add, br_mdb_add_group). */
function addOne(br: Bridge, config: Config): void {
  checkContext(br, config.group.vid);
  const entry = obtainEntry(br, config.group);
  if (entry === undefined) throw new NetlinkError("E2BIG");
  const { port } = config;
  if (port === null) {
    if (entry.isHostJoined) throw exists("bridge: Group is already joined by host");
    return joinHost(br, entry);
  }
  try {
    if (config.group.source === null) addStar(br, entry, port, config);
    else addSingle(br, entry, port, config, { flags: 0, isOfStar: false });
  } finally {
    dropIfEmpty(br, entry);
  }
}

/** Where VLANs are told apart, a group is one of a VLAN's that is looked after (__br_mdb_choose_context). */
function checkContext(br: Bridge, vid: number): void {
  if (!hasVlanSnooping(br)) return;
  if (vid === 0) {
    throw invalid("bridge: Cannot add an entry without a vlan when vlan snooping is enabled");
  }
  const vlan = br.vlans.find(vid);
  if (vlan === undefined) throw invalid("bridge: Vlan is not configured");
  if (vlan.isMulticastOff) throw invalid("bridge: Vlan's multicast processing is disabled");
}

/** Enters a port into a group, or undefined when it is there and is to be replaced. */
function enter(
  br: Bridge,
  entry: Entry,
  port: BridgePort,
  config: Config,
  flags: number,
): Member | undefined {
  const isStar = entry.group.source === null;
  if (entry.ports.some((each) => each.port === port)) {
    if (config.isReplacing) return undefined;
    throw exists(`bridge: (${isStar ? "*" : "S"}, G) group is already joined by port`);
  }
  const { isPermanent, protocol } = config;
  const filterMode = isStar ? config.filterMode : MCAST_INCLUDE;
  const member = addMember(br, entry, port, { host: null, isPermanent, protocol, filterMode, flags });
  if (member !== undefined) return member;
  const full = fullContext(port, entry.group.vid);
  const who = full === port.multicast ? "Port" : "Port-VLAN";
  const text = `${who} is already in ${full?.groups} groups, and mcast_max_groups=${full?.maxGroups}`;
  throw formatted("ENOMEM", `bridge: ${text}`);
}

/** Enters a group of one source (br_mdb_add_group_sg, br_mdb_replace_group_sg); `isOfStar`: it goes with a group of all sources. */
function addSingle(
  br: Bridge,
  entry: Entry,
  port: BridgePort,
  config: Config,
  { flags, isOfStar }: { readonly flags: number; readonly isOfStar: boolean },
): void {
  const added = enter(br, entry, port, config, flags);
  const member = added ?? entry.ports.find((each) => each.port === port);
  if (member === undefined) return;
  if (added === undefined) rewrite(member, config, flags);
  if (config.isPermanent || isOfStar) member.timer.stop();
  else member.timer.start(contextOf(br, config.group.vid).membershipInterval * JIFFY_NS);
  notifyMdb(br, entry, member, RTM_NEWMDB);
  if (added === undefined || !handlesSources(br, entry.group.protocol, entry.group.vid)) return;
  const star = findEntry(br, { ...entry.group, source: null });
  if (star !== undefined) addExcluders(br, star, added);
}

/** Enters a group of all sources, or of those the request names (br_mdb_add_group_star_g, br_mdb_replace_group_star_g). */
function addStar(br: Bridge, entry: Entry, port: BridgePort, config: Config): void {
  const added = enter(br, entry, port, config, 0);
  const member = added ?? entry.ports.find((each) => each.port === port);
  if (member === undefined) return;
  for (const source of member.sources) source.isDoomed = true;
  try {
    for (const address of config.sources) addGroupSource(br, member, address, config);
  } catch (error) {
    // Nothing is left of a new entry; an old one keeps its sources.
    for (const source of member.sources) source.isDoomed = false;
    if (added !== undefined) removeQuietly(br, added);
    throw error;
  }
  for (const source of member.sources) if (source.isDoomed) deleteSource(br, member, source);
  if (added === undefined) rewrite(member, config, 0);
  member.filterMode = config.filterMode;
  if (config.isPermanent || config.filterMode === MCAST_INCLUDE) member.timer.stop();
  else member.timer.start(contextOf(br, config.group.vid).membershipInterval * JIFFY_NS);
  notifyMdb(br, entry, member, RTM_NEWMDB);
  const follows = added === undefined || config.filterMode === MCAST_EXCLUDE;
  if (follows && handlesSources(br, entry.group.protocol, entry.group.vid))
    followMode(br, member, config.filterMode);
}

/** Makes an entry what a request says. */
function rewrite(member: Member, { isPermanent, protocol }: Config, flags: number): void {
  member.flags = flags;
  member.isPermanent = isPermanent;
  member.protocol = protocol;
}

/** Enters a source of a group, with an entry of its own (br_mdb_add_group_src). */
function addGroupSource(br: Bridge, member: Member, address: Uint8Array, config: Config): void {
  const known = findSource(member, address, 0);
  if (known !== undefined && !config.isReplacing) throw exists("bridge: Source entry already exists");
  const source = known ?? addSource(br, member, address);
  if (source === undefined) throw new NetlinkError("ENOSPC", "bridge: Failed to add new source entry");
  const isTimed = config.filterMode === MCAST_INCLUDE && !config.isPermanent;
  if (isTimed) source.timer.start(contextOf(br, config.group.vid).membershipInterval * JIFFY_NS);
  else source.timer.stop();
  const single = obtainEntry(br, { ...config.group, source: address });
  if (single === undefined) throw new NetlinkError("E2BIG");
  const flags = config.filterMode === MCAST_EXCLUDE ? mdb.MDB_FLAGS_BLOCKED : 0;
  addSingle(br, single, member.port, config, { flags, isOfStar: true });
  source.isInstalled = true;
  source.isUserAdded = true;
  source.isDoomed = false;
}

/** Takes back an entry that nobody was told of, with the sources that were. */
function removeQuietly(br: Bridge, member: Member): void {
  const { entry, port } = member;
  stopTimers(member);
  for (const source of member.sources) deleteSource(br, member, source);
  entry.ports = entry.ports.filter((each) => each !== member);
  countGroup(port, entry.group.vid, -1);
}

/** Takes a group away: EINVAL when it is not there (br_mdb_del). */
function del(dev: Device<Bridge>, message: Message): void {
  const br = dev.state;
  const config = configOf(br, message);
  for (const vid of vlansOf(br, config)) {
    const entry = findEntry(br, { ...config.group, vid });
    if (entry === undefined) throw new NetlinkError("EINVAL");
    if (config.port === null) {
      if (!entry.isHostJoined) throw new NetlinkError("EINVAL");
      leaveHost(br, entry);
      continue;
    }
    const member = entry.ports.find((each) => each.port === config.port);
    if (member === undefined) throw new NetlinkError("EINVAL");
    deleteMember(br, member);
  }
}

/** Dumps all groups, and the ports with routers, in one message (br_mdb_dump). */
function* dump(dev: Device<Bridge>, out: DumpWriter): Generator<void, void, void> {
  out.begin();
  fillMdbHeader(out.writer, dev.state);
  fillMdb(out.writer, dev.state);
  fillRouters(out.writer, dev.state, 0);
  out.writer.end();
  yield;
}

/** Answers a get for one group: ENOENT with the kernel's text when nobody listens (br_mdb_get). */
function get(
  dev: Device<Bridge>,
  message: Message,
  reply: (write: (writer: MessageWriter) => void) => void,
): void {
  const br = dev.state;
  const wanted = message.attribute(mdb.MDBA_GET_ENTRY, mdb.BR_PORT_MSG_SIZE);
  const source = message
    .attribute(mdb.MDBA_GET_ENTRY_ATTRS, mdb.BR_PORT_MSG_SIZE)
    ?.child(mdb.MDBE_ATTR_SOURCE);
  const entry =
    wanted === undefined ? undefined : findEntry(br, { ...groupOf(wanted), source: source?.copy() ?? null });
  if (entry === undefined) throw new NetlinkError("ENOENT", "bridge: MDB entry not found");
  reply((writer) => {
    fillMdbHeader(writer, br);
    const groups = writer.nest(mdb.MDBA_MDB);
    const nest = writer.nest(mdb.MDBA_MDB_ENTRY);
    if (entry.isHostJoined) fillMdbEntry(writer, br, entry, null);
    for (const member of entry.ports) fillMdbEntry(writer, br, entry, member);
    writer.endNest(nest).endNest(groups);
  });
}
