// The groups somebody listens to, and behind which ports: found, joined, left; and the sources of each, for which there are
// entries of their own, (S, G). A port that wants all sources of a group but some, EXCLUDE, is in the entry of every source that
// another port has named, since a frame is forwarded by one entry alone.
//
// Mirrors net/bridge/br_multicast.c (br_mdb_ip_get, br_multicast_new_group, __br_multicast_add_group, br_multicast_host_join,
// br_multicast_del_pg, br_multicast_new_group_src, br_multicast_fwd_src_handle, br_multicast_star_g_handle_mode,
// br_multicast_sg_add_exclude_ports, br_multicast_sg_del_exclude_ports).

import { getBe32 } from "../../bytes/endian.ts";
import { BROADCAST_MAC } from "../../bytes/mac.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import { MDB_FLAGS_BLOCKED, MDB_FLAGS_STAR_EXCL } from "../../uapi/if_bridge.ts";
import { MCAST_EXCLUDE, MCAST_INCLUDE } from "../../uapi/in.ts";
import { RTM_DELMDB, RTM_NEWMDB, RTPROT_KERNEL } from "../../uapi/rtnetlink.ts";
import { notifyMdb } from "./mdb-message.ts";
import { contextOf, isInUse, portContextOf } from "./multicast-context.ts";
import { repeatQueries } from "./multicast-query.ts";
import type { GroupAddress, GroupSource, MdbEntry, PortGroup, PortMulticast } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_MULTICAST_TO_UNICAST } from "./state.ts";

/** A group of a bridge, and a port in one. */
export type Entry = MdbEntry<BridgePort>;
export type Member = PortGroup<BridgePort>;

/** Sources there may be of one group behind one port (PG_SRC_ENT_LIMIT). */
const maxSources = 32;

// --- Entries -------------------------------------------------------------------------------------------------------------

function keyOf(bytes: Uint8Array, end: number, vid: number, sourceWord: number): number {
  return vid * 0x1_0000_0000 + ((getBe32(bytes, end - 4) ^ Math.imul(sourceWord, 0x9e37_79b1)) >>> 0);
}

/**
 * The group that `bytes[at, at + size)` is in VLAN `vid`, of the source at `sourceAt` alone, or with -1 of all of them; undefined
 * when nobody listens (br_mdb_ip_get).
 */
export function findGroup(
  br: Bridge,
  protocol: number,
  bytes: Uint8Array,
  at: number,
  size: number,
  vid: number,
  sourceAt = -1,
): Entry | undefined {
  const sourceWord = sourceAt < 0 ? 0 : getBe32(bytes, sourceAt + size - 4);
  const bucket = br.multicast.byKey.get(keyOf(bytes, at + size, vid, sourceWord));
  if (bucket === undefined) return undefined;
  for (const entry of bucket) {
    const { group } = entry;
    if (group.protocol !== protocol || group.vid !== vid || !isSame(group.bytes, bytes, at)) continue;
    const isFound =
      group.source === null ? sourceAt < 0 : sourceAt >= 0 && isSame(group.source, bytes, sourceAt);
    if (isFound) return entry;
  }
  return undefined;
}

function isSame(one: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== bytes[at + index]) return false;
  return true;
}

/** See findGroup. */
export function findEntry(br: Bridge, { protocol, bytes, vid, source }: GroupAddress): Entry | undefined {
  if (source === null) return findGroup(br, protocol, bytes, 0, bytes.length, vid);
  const size = bytes.length;
  const both = new Uint8Array(2 * size);
  both.set(bytes);
  both.set(source, size);
  return findGroup(br, protocol, both, 0, size, vid, size);
}

/** The entry of a group, made if need be; undefined, and snooping ends, when there are too many (br_multicast_new_group). */
export function obtainEntry(br: Bridge, group: GroupAddress): Entry | undefined {
  const known = findEntry(br, group);
  if (known !== undefined) return known;
  const mc = br.multicast;
  if (mc.entries.length >= mc.hashMax) {
    mc.isSnooping = false;
    return undefined;
  }
  const entry: Entry = {
    group,
    ports: [],
    isHostJoined: false,
    timer: br.dev.machine.timers.timer(() => leaveHost(br, entry)),
  };
  mc.entries = [entry, ...mc.entries];
  const key = keyOfGroup(group);
  mc.byKey.set(key, [entry, ...(mc.byKey.get(key) ?? [])]);
  return entry;
}

function keyOfGroup({ bytes, source, vid }: GroupAddress): number {
  return keyOf(bytes, bytes.length, vid, source === null ? 0 : getBe32(source, source.length - 4));
}

/** Takes a group away that nobody listens to. */
export function dropIfEmpty(br: Bridge, entry: Entry): void {
  if (entry.ports.length > 0 || entry.isHostJoined) return;
  const mc = br.multicast;
  entry.timer.stop();
  mc.entries = mc.entries.filter((each) => each !== entry);
  const key = keyOfGroup(entry.group);
  const rest = (mc.byKey.get(key) ?? []).filter((each) => each !== entry);
  if (rest.length === 0) mc.byKey.delete(key);
  else mc.byKey.set(key, rest);
}

// --- The bridge itself -----------------------------------------------------------------------------------------------------

/** The bridge itself listens to a group (br_multicast_host_join). */
export function joinHost(br: Bridge, entry: Entry): void {
  if (!entry.isHostJoined) {
    entry.isHostJoined = true;
    shareHost(br, entry);
    notifyMdb(br, entry, null, RTM_NEWMDB);
  }
  if (entry.group.protocol !== 0)
    entry.timer.start(contextOf(br, entry.group.vid).membershipInterval * JIFFY_NS);
}

/** The bridge itself listens no longer (br_multicast_host_leave). */
export function leaveHost(br: Bridge, entry: Entry): void {
  if (!entry.isHostJoined) return;
  entry.isHostJoined = false;
  shareHost(br, entry);
  entry.timer.stop();
  notifyMdb(br, entry, null, RTM_DELMDB);
  dropIfEmpty(br, entry);
}

/** What the bridge listens to from all sources it listens to from each (br_multicast_star_g_host_state). */
function shareHost(br: Bridge, star: Entry): void {
  if (star.group.source !== null) return;
  for (const { sources } of star.ports) {
    for (const { address, isInstalled } of sources) {
      const single = isInstalled ? findEntry(br, { ...star.group, source: address }) : undefined;
      if (single !== undefined) single.isHostJoined = star.isHostJoined;
    }
  }
}

// --- Ports in groups -------------------------------------------------------------------------------------------------------

/** What `port` is in a group, for the station `host` where the port copies to each (br_port_group_equal). */
export function memberOf(entry: Entry, port: BridgePort, host: number): Member | undefined {
  const isEach = (port.flags & BR_MULTICAST_TO_UNICAST) !== 0;
  return entry.ports.find((member) => member.port === port && (!isEach || member.host === host));
}

/** How a port joins. */
export interface Join {
  /** Who asked; null: a user. */
  readonly host: number | null;
  readonly isPermanent: boolean;
  readonly protocol: number;
  readonly filterMode: number;
  readonly flags: number;
}

/**
 * Enters a port into a group, behind its own other entries; undefined when the port is in as many groups as it may be, or has
 * that of the source already (br_multicast_new_port_group).
 */
export function addMember(br: Bridge, entry: Entry, port: BridgePort, how: Join): Member | undefined {
  const { timers } = br.dev.machine;
  if (fullContext(port, entry.group.vid) !== undefined) return undefined;
  const last = entry.ports.findLastIndex((each) => each.port === port);
  if (last >= 0 && entry.group.source !== null) return undefined;
  const member: Member = {
    entry,
    port,
    host: how.host ?? BROADCAST_MAC,
    flags: how.flags,
    isPermanent: how.isPermanent,
    protocol: how.protocol,
    filterMode: how.filterMode,
    sources: [],
    timer: timers.timer(() => memberExpired(br, member)),
    queryTimer: timers.timer(() => repeatQueries(br, member)),
    queriesLeft: 0,
  };
  countGroup(port, entry.group.vid, 1);
  entry.ports = entry.ports.toSpliced(last + 1, 0, member);
  return member;
}

/** What keeps a port from one more group in a VLAN: it is in as many as it, or as its VLAN, may be (br_multicast_port_ngroups_inc). */
export function fullContext(port: BridgePort, vid: number): PortMulticast | undefined {
  const contexts = [port.multicast, portContextOf(port, vid)];
  return contexts.find(({ groups, maxGroups }) => maxGroups !== 0 && groups >= maxGroups);
}

/** Counts a group of a port, and of its VLAN where they are told apart. */
export function countGroup(port: BridgePort, vid: number, by: 1 | -1): void {
  port.multicast.groups += by;
  const context = portContextOf(port, vid);
  if (context !== port.multicast) context.groups += by;
}

/** Nobody has been heard to listen to all sources: those that are wanted by name remain (br_multicast_port_group_expired). */
function memberExpired(br: Bridge, member: Member): void {
  if (member.isPermanent) return;
  let isChanged = member.filterMode === MCAST_EXCLUDE;
  member.filterMode = MCAST_INCLUDE;
  for (const source of member.sources) {
    if (source.timer.isPending) continue;
    deleteSource(br, member, source);
    isChanged = true;
  }
  if (member.sources.length === 0) return deleteMember(br, member);
  if (!isChanged) return;
  followMode(br, member, MCAST_INCLUDE);
  notifyMdb(br, member.entry, member, RTM_NEWMDB);
}

/** Takes a port out of a group with its sources, and the group away with its last listener (br_multicast_del_pg). */
export function deleteMember(br: Bridge, member: Member): void {
  const { entry, port } = member;
  if (!entry.ports.includes(member)) return;
  entry.ports = entry.ports.filter((each) => each !== member);
  stopTimers(member);
  for (const source of member.sources) deleteSource(br, member, source);
  notifyMdb(br, entry, member, RTM_DELMDB);
  countGroup(port, entry.group.vid, -1);
  if (entry.group.source === null) followMode(br, member, MCAST_INCLUDE);
  else deleteExcluders(br, entry);
  dropIfEmpty(br, entry);
}

/** Stops all that a port in a group waits for. */
export function stopTimers({ queryTimer, sources, timer }: Member): void {
  timer.stop();
  queryTimer.stop();
  for (const source of sources) source.timer.stop();
}

/** How a group is joined by what was heard. */
export interface Heard {
  readonly filterMode: number;
  /** By a version that knows no sources: a timer of the group's own says how long. */
  readonly isTimed: boolean;
  readonly flags: number;
}

/**
 * A port, or with null the bridge itself, says that it listens (__br_multicast_add_group). What the port is in the group now;
 * null where nothing is kept of that, undefined where there is no room.
 */
export function join(
  br: Bridge,
  port: BridgePort | null,
  group: GroupAddress,
  host: number,
  { filterMode, flags, isTimed }: Heard,
): Member | null | undefined {
  if (!isInUse(br, port, group.vid)) return null;
  const entry = obtainEntry(br, group);
  if (entry === undefined) return undefined;
  if (port === null) {
    joinHost(br, entry);
    return null;
  }
  let member = memberOf(entry, port, host);
  if (member === undefined) {
    const how = { host, isPermanent: false, protocol: RTPROT_KERNEL, filterMode, flags };
    member = addMember(br, entry, port, how);
    if (member === undefined) {
      dropIfEmpty(br, entry);
      return undefined;
    }
    notifyMdb(br, entry, member, RTM_NEWMDB);
  }
  if (isTimed) member.timer.start(contextOf(br, group.vid).membershipInterval * JIFFY_NS);
  return member;
}

// --- Sources ---------------------------------------------------------------------------------------------------------------

/** The source at `bytes[at]` as a port knows it (br_multicast_find_group_src). */
export function findSource({ sources }: Member, bytes: Uint8Array, at: number): GroupSource | undefined {
  return sources.find(({ address }) => isSame(address, bytes, at));
}

/** Notes a source, the newest; undefined where there are too many or it can be none (br_multicast_new_group_src). */
export function addSource(br: Bridge, member: Member, address: Uint8Array): GroupSource | undefined {
  if (member.sources.length >= maxSources || !isSource(address)) return undefined;
  const source: GroupSource = {
    address,
    timer: br.dev.machine.timers.timer(() => sourceExpired(br, member, source)),
    isInstalled: false,
    isUserAdded: false,
    isDoomed: false,
    isAsked: false,
    queriesLeft: 0,
  };
  member.sources = [source, ...member.sources];
  return source;
}

/** Whether an address can be a source: no group, and not 0.0.0.0 or ::. */
function isSource(address: Uint8Array): boolean {
  const [first = 0] = address;
  const isGroup = address.length === 4 ? first >>> 4 === 0xe : first === 0xff;
  return !isGroup && address.some((byte) => byte !== 0);
}

/** A source is not wanted any more (br_multicast_group_src_expired). */
function sourceExpired(br: Bridge, member: Member, source: GroupSource): void {
  if (member.filterMode === MCAST_EXCLUDE) return forwardSource(br, member, source);
  deleteSource(br, member, source);
  if (member.sources.length === 0) deleteMember(br, member);
}

/** Forgets a source, and its entry (br_multicast_del_group_src, br_multicast_fwd_src_remove). */
export function deleteSource(br: Bridge, member: Member, source: GroupSource): void {
  source.timer.stop();
  member.sources = member.sources.filter((each) => each !== source);
  const entry = findEntry(br, { ...member.entry.group, source: source.address });
  const single = entry === undefined ? undefined : memberOf(entry, member.port, member.host);
  if (single === undefined) return;
  const isUsers = single.protocol !== RTPROT_KERNEL && single.isPermanent;
  if (isUsers && !source.isUserAdded) return;
  deleteMember(br, single);
}

/** Sees to it that frames from a source go by the port, or do not, as its timer says (br_multicast_fwd_src_handle). */
export function forwardSource(br: Bridge, member: Member, source: GroupSource): void {
  installSource(br, member, source);
  const entry = findEntry(br, { ...member.entry.group, source: source.address });
  const single = entry?.ports.find(({ port }) => port === member.port);
  if (entry === undefined || single === undefined || single.isPermanent) return;
  const blocked = source.timer.isPending ? 0 : MDB_FLAGS_BLOCKED;
  if ((single.flags & MDB_FLAGS_BLOCKED) === blocked) return;
  single.flags ^= MDB_FLAGS_BLOCKED;
  notifyMdb(br, entry, single, RTM_NEWMDB);
}

/** Makes the entry of a source, with all ports that want every source (br_multicast_fwd_src_add). */
function installSource(br: Bridge, { entry: star, host, port }: Member, source: GroupSource): void {
  if (source.isInstalled) return;
  const flags = source.timer.isPending ? 0 : MDB_FLAGS_BLOCKED;
  const how = { filterMode: MCAST_INCLUDE, flags, isTimed: false };
  const single = join(br, port, { ...star.group, source: source.address }, host, how);
  if (single == null) return;
  source.isInstalled = true;
  single.flags &= ~MDB_FLAGS_STAR_EXCL;
  if (single.protocol !== RTPROT_KERNEL && single.isPermanent) return;
  // From here on it goes with the source.
  single.timer.stop();
  addExcluders(br, star, single);
}

// --- (*, G) and (S, G) -------------------------------------------------------------------------------------------------------

/** Puts all ports that want every source into the entry of one of them (br_multicast_sg_add_exclude_ports). */
export function addExcluders(br: Bridge, star: Entry, single: Member): void {
  if (star.isHostJoined) single.entry.isHostJoined = true;
  for (const member of star.ports) {
    if (member.filterMode === MCAST_INCLUDE) continue;
    addExcluder(br, member, single.entry.group, single.host);
  }
}

function addExcluder(br: Bridge, member: Member, group: GroupAddress, host: number): void {
  if (findEntry(br, group)?.ports.some(({ port }) => port === member.port) === true) return;
  const how = { filterMode: MCAST_INCLUDE, flags: 0, isTimed: false };
  const added = join(br, member.port, group, host, how);
  if (added != null && added.protocol === RTPROT_KERNEL) added.flags |= MDB_FLAGS_STAR_EXCL;
}

/** The last port that named a source has gone: those that want every source need no entry for it (br_multicast_sg_del_exclude_ports). */
function deleteExcluders(br: Bridge, entry: Entry): void {
  if (entry.ports.some(({ flags, isPermanent }) => (flags & MDB_FLAGS_STAR_EXCL) === 0 && !isPermanent))
    return;
  entry.isHostJoined = false;
  for (const member of entry.ports) if (!member.isPermanent) deleteMember(br, member);
}

/**
 * A port begins to want every source of a group, or ceases to: it comes into the entries of the sources that other ports have
 * named, or goes out of them (br_multicast_star_g_handle_mode).
 */
export function followMode(br: Bridge, member: Member, filterMode: number): void {
  const { entry: star, port } = member;
  if (star.group.source !== null) return;
  for (const other of star.ports) {
    if (other === member) continue;
    for (const { address, isInstalled } of other.sources) {
      if (!isInstalled) continue;
      const group = { ...star.group, source: address };
      if (filterMode === MCAST_EXCLUDE) addExcluder(br, member, group, member.host);
      else {
        const single = findEntry(br, group)?.ports.find((each) => each.port === port);
        const isExcluder = single !== undefined && (single.flags & MDB_FLAGS_STAR_EXCL) !== 0;
        if (isExcluder && single.protocol === RTPROT_KERNEL) deleteMember(br, single);
      }
    }
  }
}
