// The records of an IGMPv3 or MLDv2 report: what they make of a group's filter mode, its sources, and the time each has left.
//
//   a group as a port has it        INCLUDE (A)            nobody but listeners of the sources A, whose timers run
//                                   EXCLUDE (X, Y)         listeners of all sources but Y, whose timers have run off; X are asked for
//
// Mirrors net/bridge/br_multicast.c (br_multicast_isinc_allow, br_multicast_isexc, br_multicast_toin, br_multicast_toex,
// br_multicast_block), in the notation of RFC 3376 6.4 and RFC 3810 7.4: (B)=GMI gives the sources B the group membership
// interval, Q(G,A) asks for the sources A of the group. Omitted: telling hosts behind a port with fastleave apart (EHT).

import { JIFFY_NS } from "../../net/jiffies.ts";
import { MCAST_EXCLUDE, MCAST_INCLUDE } from "../../uapi/in.ts";
import { RTM_NEWMDB } from "../../uapi/rtnetlink.ts";
import * as igmp from "../../wire/igmp.ts";
import type { Member } from "./mdb.ts";
import { addSource, deleteMember, deleteSource, findSource, followMode, forwardSource } from "./mdb.ts";
import { notifyMdb } from "./mdb-message.ts";
import { contextOf } from "./multicast-context.ts";
import { askForGroup, askForSources } from "./multicast-query.ts";
import type { GroupSource } from "./multicast-state.ts";
import type { Bridge } from "./state.ts";

/** A record: its type, which are the same in IGMP and MLD, and its sources of `size` bytes each from `at` on. */
export interface GroupRecord {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly count: number;
  readonly size: number;
}

/** Applies a record to what its port is in the group, and tells of what changed. */
export function applyRecord(br: Bridge, member: Member, record: GroupRecord): void {
  const isInclude = member.filterMode === MCAST_INCLUDE;
  if (changes(br, member, record, isInclude)) notifyMdb(br, member.entry, member, RTM_NEWMDB);
}

function changes(br: Bridge, member: Member, record: GroupRecord, isInclude: boolean): boolean {
  switch (record.type) {
    case igmp.IGMP3_MODE_IS_INCLUDE:
    case igmp.IGMP3_ALLOW_NEW_SOURCES:
      return allow(br, member, record);
    case igmp.IGMP3_MODE_IS_EXCLUDE:
      return exclude(br, member, isInclude, () =>
        isInclude ? includeIsExclude(br, member, record) : excludeIsExclude(br, member, record),
      );
    case igmp.IGMP3_CHANGE_TO_INCLUDE:
      return isInclude ? includeToInclude(br, member, record) : excludeToInclude(br, member, record);
    case igmp.IGMP3_CHANGE_TO_EXCLUDE:
      return exclude(br, member, isInclude, () =>
        isInclude ? includeToExclude(br, member, record) : excludeToExclude(br, member, record),
      );
    default:
      return block(br, member, record, isInclude);
  }
}

/** Calls `each` for the sources of a record, with what is known of each; new ones are noted first, as far as there is room. */
function forEachSource(
  br: Bridge,
  member: Member,
  { at, bytes, count, size }: GroupRecord,
  each: (source: GroupSource, isNew: boolean) => void,
): void {
  for (let index = 0; index < count; index++) {
    const address = at + index * size;
    const known = findSource(member, bytes, address);
    const source = known ?? addSource(br, member, bytes.slice(address, address + size));
    if (source !== undefined) each(source, known === undefined);
  }
}

/** Gives a source `delayNs` more (__grp_src_mod_timer). */
function want(br: Bridge, member: Member, source: GroupSource, delayNs: number): void {
  source.timer.start(delayNs);
  forwardSource(br, member, source);
}

/** The group membership interval (br_multicast_gmi). */
function intervalNs(br: Bridge, { entry }: Member): number {
  return contextOf(br, entry.group.vid).membershipInterval * JIFFY_NS;
}

/** Forgets the sources that no record has spared; whether there were any (__grp_src_delete_marked). */
function deleteDoomed(br: Bridge, member: Member): boolean {
  const doomed = member.sources.filter(({ isDoomed }) => isDoomed);
  for (const source of doomed) deleteSource(br, member, source);
  return doomed.length > 0;
}

/**
 * INCLUDE (A)    IS_IN (B), ALLOW (B)   INCLUDE (A+B)         (B)=GMI
 * EXCLUDE (X,Y)  IS_IN (A), ALLOW (A)   EXCLUDE (X+A,Y-A)     (A)=GMI
 */
function allow(br: Bridge, member: Member, record: GroupRecord): boolean {
  let isChanged = false;
  forEachSource(br, member, record, (source, isNew) => {
    isChanged ||= isNew;
    want(br, member, source, intervalNs(br, member));
  });
  return isChanged;
}

/** Goes over to EXCLUDE by `apply`, or stays in it: the group timer is set to GMI. */
function exclude(br: Bridge, member: Member, isInclude: boolean, apply: () => boolean): boolean {
  const isChanged = apply();
  if (isInclude) followMode(br, member, MCAST_EXCLUDE);
  member.filterMode = MCAST_EXCLUDE;
  member.timer.start(intervalNs(br, member));
  return isChanged;
}

/** INCLUDE (A)  IS_EX (B)   EXCLUDE (A*B,B-A)   (B-A)=0, delete (A-B) */
function includeIsExclude(br: Bridge, member: Member, record: GroupRecord): boolean {
  for (const source of member.sources) source.isDoomed = true;
  forEachSource(br, member, record, (source) => {
    source.isDoomed = false;
    forwardSource(br, member, source);
  });
  deleteDoomed(br, member);
  return true;
}

/** EXCLUDE (X,Y)  IS_EX (A)   EXCLUDE (A-Y,Y*A)   (A-X-Y)=GMI, delete (X-A) and (Y-A) */
function excludeIsExclude(br: Bridge, member: Member, record: GroupRecord): boolean {
  for (const source of member.sources) source.isDoomed = true;
  let isChanged = false;
  forEachSource(br, member, record, (source, isNew) => {
    source.isDoomed = false;
    if (isNew) want(br, member, source, intervalNs(br, member));
    isChanged ||= isNew;
  });
  return deleteDoomed(br, member) || isChanged;
}

/** INCLUDE (A)  TO_IN (B)   INCLUDE (A+B)   (B)=GMI, Q(G,A-B) */
function includeToInclude(br: Bridge, member: Member, record: GroupRecord): boolean {
  const known = member.sources.length;
  for (const source of member.sources) source.isAsked = true;
  let spared = 0;
  let isChanged = false;
  forEachSource(br, member, record, (source, isNew) => {
    source.isAsked = false;
    if (isNew) isChanged = true;
    else spared++;
    want(br, member, source, intervalNs(br, member));
  });
  // As Linux counts: a source that the record names twice is spared twice, and another is not asked for.
  if (known !== spared) askForSources(br, member);
  return isChanged;
}

/** EXCLUDE (X,Y)  TO_IN (A)   EXCLUDE (X+A,Y-A)   (A)=GMI, Q(G,X-A), Q(G) */
function excludeToInclude(br: Bridge, member: Member, record: GroupRecord): boolean {
  const known = member.sources.length;
  for (const source of member.sources) source.isAsked = source.timer.isPending;
  let spared = 0;
  let isChanged = false;
  forEachSource(br, member, record, (source, isNew) => {
    if (!isNew && source.timer.isPending) {
      source.isAsked = false;
      spared++;
    }
    isChanged ||= isNew;
    want(br, member, source, intervalNs(br, member));
  });
  // As Linux counts: sources whose timers have run off are among those that were known.
  if (known !== spared) askForSources(br, member);
  askForGroup(br, member);
  return isChanged;
}

/** INCLUDE (A)  TO_EX (B)   EXCLUDE (A*B,B-A)   (B-A)=0, delete (A-B), Q(G,A*B) */
function includeToExclude(br: Bridge, member: Member, record: GroupRecord): boolean {
  for (const source of member.sources) {
    source.isAsked = false;
    source.isDoomed = true;
  }
  forEachSource(br, member, record, (source, isNew) => {
    source.isDoomed = false;
    if (!isNew) source.isAsked = true;
    forwardSource(br, member, source);
  });
  deleteDoomed(br, member);
  if (member.sources.some(({ isAsked }) => isAsked)) askForSources(br, member);
  return true;
}

/** EXCLUDE (X,Y)  TO_EX (A)   EXCLUDE (A-Y,Y*A)   (A-X-Y)=group timer, delete (X-A) and (Y-A), Q(G,A-Y) */
function excludeToExclude(br: Bridge, member: Member, record: GroupRecord): boolean {
  for (const source of member.sources) {
    source.isAsked = false;
    source.isDoomed = true;
  }
  let isChanged = false;
  forEachSource(br, member, record, (source, isNew) => {
    source.isDoomed = false;
    if (isNew) want(br, member, source, member.timer.remainingNs);
    isChanged ||= isNew;
    if (source.timer.isPending) source.isAsked = true;
  });
  isChanged = deleteDoomed(br, member) || isChanged;
  if (member.sources.some(({ isAsked }) => isAsked)) askForSources(br, member);
  return isChanged;
}

/**
 * INCLUDE (A)    BLOCK (B)   INCLUDE (A)             Q(G,A*B)
 * EXCLUDE (X,Y)  BLOCK (A)   EXCLUDE (X+(A-Y),Y)     (A-X-Y)=group timer, Q(G,A-Y)
 */
function block(br: Bridge, member: Member, record: GroupRecord, isInclude: boolean): boolean {
  for (const source of member.sources) source.isAsked = false;
  let isChanged = false;
  if (isInclude) {
    const { at, bytes, count, size } = record;
    for (let index = 0; index < count; index++) {
      const source = findSource(member, bytes, at + index * size);
      if (source !== undefined) source.isAsked = true;
    }
  } else {
    forEachSource(br, member, record, (source, isNew) => {
      if (isNew) want(br, member, source, member.timer.remainingNs);
      isChanged ||= isNew;
      if (source.timer.isPending) source.isAsked = true;
    });
  }
  if (member.sources.some(({ isAsked }) => isAsked)) askForSources(br, member);
  if (!isInclude || member.sources.length > 0) return isChanged;
  deleteMember(br, member);
  return false;
}
