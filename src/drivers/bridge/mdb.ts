// The groups somebody listens to, and behind which ports: found, joined, left.
//
// Mirrors net/bridge/br_multicast.c (br_mdb_ip_get, br_multicast_new_group, __br_multicast_add_group,
// br_multicast_host_join, br_multicast_del_pg).

import { getBe32 } from "../../bytes/endian.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import { RTM_DELMDB, RTM_NEWMDB, RTPROT_KERNEL } from "../../uapi/rtnetlink.ts";
import { notifyMdb } from "./mdb-message.ts";
import type { GroupAddress, MdbEntry, PortGroup } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_MULTICAST_TO_UNICAST } from "./state.ts";

/** A group of a bridge. */
export type Entry = MdbEntry<BridgePort>;

function keyOf(bytes: Uint8Array, end: number, vid: number): number {
  return vid * 0x1_0000_0000 + (getBe32(bytes, end - 4) >>> 0);
}

/** The group that `bytes[at, at + size)` is in VLAN `vid`; undefined when nobody listens (br_mdb_ip_get). */
export function findGroup(
  br: Bridge,
  protocol: number,
  bytes: Uint8Array,
  at: number,
  size: number,
  vid: number,
): Entry | undefined {
  const bucket = br.multicast.byKey.get(keyOf(bytes, at + size, vid));
  if (bucket === undefined) return undefined;
  return bucket.find(({ group }) => group.protocol === protocol && isSame(group.bytes, bytes, at));
}

function isSame(one: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== bytes[at + index]) return false;
  return true;
}

/** See findGroup. */
export function findEntry(br: Bridge, { protocol, bytes, vid }: GroupAddress): Entry | undefined {
  return findGroup(br, protocol, bytes, 0, bytes.length, vid);
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
  const key = keyOf(group.bytes, group.bytes.length, group.vid);
  mc.byKey.set(key, [entry, ...(mc.byKey.get(key) ?? [])]);
  return entry;
}

/** The bridge itself listens to a group (br_multicast_host_join). */
export function joinHost(br: Bridge, entry: Entry): void {
  if (!entry.isHostJoined) {
    entry.isHostJoined = true;
    notifyMdb(br, entry, null, RTM_NEWMDB);
  }
  if (entry.group.protocol !== 0) entry.timer.start(br.multicast.membershipInterval * JIFFY_NS);
}

/** The bridge itself listens no longer (br_multicast_host_leave). */
export function leaveHost(br: Bridge, entry: Entry): void {
  if (!entry.isHostJoined) return;
  entry.isHostJoined = false;
  entry.timer.stop();
  notifyMdb(br, entry, null, RTM_DELMDB);
  dropIfEmpty(br, entry);
}

/** What `port` is in a group, for the station `host` where the port copies to each (br_port_group_equal). */
export function memberOf(entry: Entry, port: BridgePort, host: number): PortGroup<BridgePort> | undefined {
  const isEach = (port.flags & BR_MULTICAST_TO_UNICAST) !== 0;
  return entry.ports.find((member) => member.port === port && (!isEach || member.host === host));
}

/** How a port joins. */
export interface Join {
  readonly host: number;
  readonly isPermanent: boolean;
  readonly protocol: number;
}

/** Enters a port into a group; undefined when the port is in as many as it may be (br_multicast_new_port_group). */
export function addMember(
  br: Bridge,
  entry: Entry,
  port: BridgePort,
  { host, isPermanent, protocol }: Join,
): PortGroup<BridgePort> | undefined {
  const { multicast } = port;
  if (multicast.maxGroups !== 0 && multicast.groups >= multicast.maxGroups) return undefined;
  const member: PortGroup<BridgePort> = {
    port,
    host: (port.flags & BR_MULTICAST_TO_UNICAST) !== 0 ? host : 0,
    flags: 0,
    isPermanent,
    protocol,
    timer: br.dev.machine.timers.timer(() => deleteMember(br, entry, member)),
  };
  multicast.groups++;
  entry.ports = [member, ...entry.ports];
  return member;
}

/** Takes a port out of a group, and the group away with its last listener (br_multicast_del_pg). */
export function deleteMember(br: Bridge, entry: Entry, member: PortGroup<BridgePort>): void {
  if (!entry.ports.includes(member)) return;
  entry.ports = entry.ports.filter((each) => each !== member);
  member.timer.stop();
  member.port.multicast.groups--;
  notifyMdb(br, entry, member, RTM_DELMDB);
  dropIfEmpty(br, entry);
}

/** Takes a group away that nobody listens to. */
export function dropIfEmpty(br: Bridge, entry: Entry): void {
  if (entry.ports.length > 0 || entry.isHostJoined) return;
  const mc = br.multicast;
  entry.timer.stop();
  mc.entries = mc.entries.filter((each) => each !== entry);
  const { bytes, vid } = entry.group;
  const key = keyOf(bytes, bytes.length, vid);
  const rest = (mc.byKey.get(key) ?? []).filter((each) => each !== entry);
  if (rest.length === 0) mc.byKey.delete(key);
  else mc.byKey.set(key, rest);
}

/** A port, or the bridge itself, says that it listens (__br_multicast_add_group). */
export function join(br: Bridge, port: BridgePort | null, group: GroupAddress, host: number): void {
  const entry = obtainEntry(br, group);
  if (entry === undefined) return;
  if (port === null) return joinHost(br, entry);
  let member = memberOf(entry, port, host);
  if (member === undefined) {
    member = addMember(br, entry, port, { host, isPermanent: false, protocol: RTPROT_KERNEL });
    if (member === undefined) return dropIfEmpty(br, entry);
    notifyMdb(br, entry, member, RTM_NEWMDB);
  }
  if (!member.isPermanent) member.timer.start(br.multicast.membershipInterval * JIFFY_NS);
}
