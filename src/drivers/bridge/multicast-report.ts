// What hosts tell of the groups they listen to: joined, left, or listened to for some of their sources.
//
// Mirrors net/bridge/br_multicast.c (br_ip4_multicast_add_group, br_ip4_multicast_igmp3_report, br_ip6_multicast_mld2_report,
// br_multicast_leave_group).

import { getBe16, getU8 } from "../../bytes/endian.ts";
import { JIFFY_NS } from "../../net/jiffies.ts";
import type { Timer } from "../../net/timers.ts";
import { MDB_FLAGS_FAST_LEAVE } from "../../uapi/if_bridge.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../../uapi/if_ether.ts";
import { MCAST_EXCLUDE, MCAST_INCLUDE } from "../../uapi/in.ts";
import * as igmp from "../../wire/igmp.ts";
import { deleteMember, findEntry, join, memberOf } from "./mdb.ts";
import { contextOf, isInUse } from "./multicast-context.ts";
import { isAllNodes } from "./multicast-parse.ts";
import { sendGroupQuery } from "./multicast-query.ts";
import type { GroupRecord } from "./multicast-sources.ts";
import { applyRecord } from "./multicast-sources.ts";
import type { GroupAddress } from "./multicast-state.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_MULTICAST_FAST_LEAVE } from "./state.ts";

/** Whether the address at `at` is of 224.0.0.0/24, whose packets go to all. */
export function isLocalGroup(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 224 && bytes[at + 1] === 0 && bytes[at + 2] === 0;
}

/** Somebody listens to the group at `at`; groups that go to all in any case are not entered. False when there is no room. */
export function joinGroup(
  br: Bridge,
  port: BridgePort | null,
  bytes: Uint8Array,
  at: number,
  size: number,
  vid: number,
  host: number,
): boolean {
  if (size === 4 ? isLocalGroup(bytes, at) : isAllNodes(bytes, at)) return true;
  const protocol = size === 4 ? ETH_P_IP : ETH_P_IPV6;
  const group = { protocol, bytes: bytes.slice(at, at + size), vid, source: null };
  return join(br, port, group, host, { filterMode: MCAST_EXCLUDE, isTimed: true, flags: 0 }) !== undefined;
}

/** The records of a version 3, or version 2, report; false for one that ends too early, or when there is no room for a group. */
export function reportRecords(
  br: Bridge,
  port: BridgePort | null,
  bytes: Uint8Array,
  at: number,
  end: number,
  vid: number,
  host: number,
  size: 4 | 16,
  ignoresSources: boolean,
): boolean {
  let next = at + 8;
  for (let left = getBe16(bytes, at + 6); left > 0; left--) {
    if (next + 4 + size > end) return false;
    const type = getU8(bytes, next);
    const count = getBe16(bytes, next + 2);
    const from = next + 4;
    next += 4 + size + count * size;
    if (next > end) return false;
    if (type < igmp.IGMP3_MODE_IS_INCLUDE || type > igmp.IGMP3_BLOCK_OLD_SOURCES) continue;
    const isLeave =
      count === 0 && (type === igmp.IGMP3_CHANGE_TO_INCLUDE || type === igmp.IGMP3_MODE_IS_INCLUDE);
    if (port !== null && !ignoresSources) {
      const record = { type, bytes, at: from + size, count, size };
      if (!applyReport(br, port, bytes.slice(from, from + size), vid, host, record, isLeave)) return false;
    } else if (isLeave) {
      const protocol = size === 4 ? ETH_P_IP : ETH_P_IPV6;
      const group = { protocol, bytes: bytes.slice(from, from + size), vid, source: null };
      leaveGroup(br, port, group, host);
    } else if (!joinGroup(br, port, bytes, from, size, vid, host)) return false;
  }
  return true;
}

/** A record that counts with its sources: one that leaves all makes no group that was not there. False when there is no room. */
function applyReport(
  br: Bridge,
  port: BridgePort,
  bytes: Uint8Array,
  vid: number,
  host: number,
  record: GroupRecord,
  isLeave: boolean,
): boolean {
  if (record.size === 4 ? isLocalGroup(bytes, 0) : isAllNodes(bytes, 0)) return true;
  const protocol = record.size === 4 ? ETH_P_IP : ETH_P_IPV6;
  const group = { protocol, bytes, vid, source: null };
  const how = { filterMode: MCAST_INCLUDE, isTimed: false, flags: 0 };
  if (!isLeave && join(br, port, group, host, how) === undefined) return false;
  if (!isInUse(br, port, vid)) return true;
  const entry = findEntry(br, group);
  const member = entry === undefined ? undefined : memberOf(entry, port, host);
  if (member !== undefined && !member.isPermanent) applyRecord(br, member, record);
  return true;
}

/** Somebody behind a port, or the bridge itself, leaves a group (br_multicast_leave_group). */
export function leaveGroup(br: Bridge, port: BridgePort | null, group: GroupAddress, host: number): void {
  const { bytes, protocol } = group;
  if (protocol === ETH_P_IP ? isLocalGroup(bytes, 0) : isAllNodes(bytes, 0)) return;
  if (!isInUse(br, port, group.vid)) return;
  const entry = findEntry(br, group);
  if (entry === undefined) return;
  if (port !== null && (port.flags & BR_MULTICAST_FAST_LEAVE) !== 0) {
    const member = memberOf(entry, port, host);
    if (member === undefined || member.isPermanent) return;
    member.flags |= MDB_FLAGS_FAST_LEAVE;
    return deleteMember(br, member);
  }
  const mc = contextOf(br, group.vid);
  const state = protocol === ETH_P_IP ? mc.ip4 : mc.ip6;
  if (state.other.isPending) return;
  if (mc.isQuerier) sendGroupQuery(br, port, group);
  const delayNs = mc.lastMemberCount * mc.lastMemberInterval * JIFFY_NS;
  if (port === null) {
    if (entry.isHostJoined) bringForward(entry.timer, delayNs);
    return;
  }
  const member = entry.ports.find((each) => each.port === port);
  if (member !== undefined) bringForward(member.timer, delayNs);
}

/** Makes a timer run within `delayNs`, whether it was set or not. */
export function bringForward(timer: Timer, delayNs: number): void {
  if (!timer.isPending || timer.remainingNs > delayNs) timer.start(delayNs);
}
