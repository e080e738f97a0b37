// The forwarding table: who is heard behind which port. Learned from source addresses, aged, moved with hosts; local
// entries are the addresses of the ports and of the bridge itself.
//
// Mirrors net/bridge/br_fdb.c (br_fdb_update, fdb_create, fdb_delete, fdb_delete_local, br_fdb_add_local,
// br_fdb_changeaddr, br_fdb_change_mac_address, br_fdb_cleanup, br_fdb_delete_by_port, br_fdb_flush).

import { isValidEtherAddr } from "../../bytes/mac.ts";
import { devUcAdd, devUcDel } from "../../net/address-list.ts";
import { RTM_DELNEIGH, RTM_NEWNEIGH } from "../../uapi/rtnetlink.ts";
import { notifyFdb } from "./fdb-message.ts";
import {
  FDB_ADDED_BY_EXT_LEARN,
  FDB_ADDED_BY_USER,
  FDB_DYNAMIC_LEARNED,
  FDB_LOCAL,
  FDB_LOCKED,
  FDB_NOTIFY,
  FDB_NOTIFY_INACTIVE,
  FDB_STATIC,
  FDB_STICKY,
  highOf,
  noEntry,
} from "./fdb-table.ts";
import type { Bridge, BridgePort } from "./state.ts";
import { BR_BOOLOPT_FDB_LOCAL_VLAN_0, holdTimeNs } from "./state.ts";

/** The least time from one ageing to the next. */
const minGcNs = 10_000_000;

// --- Learning ----------------------------------------------------------------------------------------------------------

/**
 * Learns that a station is behind `port` (br_fdb_update). The key is that of FdbTable; `flags` are those of a new entry:
 * FDB_LOCKED, FDB_ADDED_BY_USER. `now` is the clock's.
 */
export function updateFdb(
  br: Bridge,
  port: BridgePort,
  high: number,
  low: number,
  flags: number,
  now: number,
): void {
  const { fdb } = br;
  if (br.ageingTime === 0) return;
  const entry = fdb.find(high, low);
  if (entry === noEntry) return learn(br, port, high, low, flags);
  const known = fdb.flags[entry] ?? 0;
  if ((known & FDB_LOCAL) !== 0) return;
  const before = fdb.updatedNs[entry];
  fdb.updatedNs[entry] = now;
  if (fdb.ports[entry] !== port || flags !== 0 || (known & FDB_NOTIFY_INACTIVE) !== 0)
    refresh(br, port, entry, flags, now !== before);
}

/** Makes an entry of a station that was not known, and tells of it. */
function learn(br: Bridge, port: BridgePort, high: number, low: number, flags: number): void {
  const made = createEntry(br, port, high, low, flags);
  if (made !== noEntry) notifyFdb(br, made, RTM_NEWNEIGH);
}

/** What there is to do beyond the time stamp: a station that moved, or woke up, or is now a user's. */
function refresh(br: Bridge, port: BridgePort, entry: number, flags: number, isWoken: boolean): void {
  const { fdb } = br;
  let known = fdb.flags[entry] ?? 0;
  let isModified = false;
  if (isWoken && (known & (FDB_NOTIFY | FDB_NOTIFY_INACTIVE)) === (FDB_NOTIFY | FDB_NOTIFY_INACTIVE)) {
    known &= ~FDB_NOTIFY_INACTIVE;
    isModified = true;
  }
  if (fdb.ports[entry] !== port && (known & FDB_STICKY) === 0) {
    fdb.ports[entry] = port;
    known &= ~(FDB_ADDED_BY_EXT_LEARN | FDB_LOCKED);
    isModified = true;
  }
  if ((flags & FDB_ADDED_BY_USER) !== 0) {
    known |= FDB_ADDED_BY_USER;
    if ((known & FDB_DYNAMIC_LEARNED) !== 0) br.fdbLearned--;
    known &= ~FDB_DYNAMIC_LEARNED;
  }
  fdb.flags[entry] = known;
  if (isModified) notifyFdb(br, entry, RTM_NEWNEIGH);
}

/** Makes an entry (fdb_create); noEntry when so many have been learned that no more may be, or the table is full. */
export function createEntry(
  br: Bridge,
  port: BridgePort | null,
  high: number,
  low: number,
  flags: number,
): number {
  const isLearned = (flags & (FDB_ADDED_BY_USER | FDB_LOCAL)) === 0;
  if (isLearned && br.fdbMaxLearned !== 0 && br.fdbLearned >= br.fdbMaxLearned) return noEntry;
  const entry = br.fdb.add(high, low, port, br.dev.machine.clock.now());
  if (entry === noEntry) return noEntry;
  br.fdb.flags[entry] = isLearned ? flags | FDB_DYNAMIC_LEARNED : flags;
  if (isLearned) br.fdbLearned++;
  return entry;
}

/** Takes an entry out and tells of it (fdb_delete). */
export function deleteEntry(br: Bridge, entry: number): void {
  const { fdb } = br;
  const flags = fdb.flags[entry] ?? 0;
  if ((flags & FDB_STATIC) !== 0) delHardwareAddress(br, fdb.addressOf(entry));
  if ((flags & FDB_DYNAMIC_LEARNED) !== 0) br.fdbLearned--;
  notifyFdb(br, entry, RTM_DELNEIGH);
  fdb.remove(entry);
}

// --- Local entries -----------------------------------------------------------------------------------------------------

/** Enters an address of `port`, or of the bridge itself; the first of several ports with one address has it (fdb_add_local). */
export function addLocal(br: Bridge, port: BridgePort | null, address: number, vid: number): void {
  if (!isValidEtherAddr(address)) return;
  if (vid !== 0 && (br.options & BR_BOOLOPT_FDB_LOCAL_VLAN_0) !== 0) return;
  const known = br.fdb.findAddress(address, vid);
  if (known !== noEntry) {
    if (((br.fdb.flags[known] ?? 0) & FDB_LOCAL) !== 0) return;
    deleteEntry(br, known);
  }
  const entry = createEntry(br, port, highOf(address, vid), address | 0, FDB_LOCAL | FDB_STATIC);
  if (entry === noEntry) return;
  addHardwareAddress(br, address);
  notifyFdb(br, entry, RTM_NEWNEIGH);
}

/** Takes a local entry from `port`; another port, or the bridge, with the same address takes it over (fdb_delete_local). */
function deleteLocal(br: Bridge, port: BridgePort | null, entry: number): void {
  const { fdb } = br;
  const address = fdb.addressOf(entry);
  const vid = fdb.vlanOf(entry);
  for (const other of br.ports) {
    if (
      other !== port &&
      other.dev.address === address &&
      (vid === 0 || other.vlans.find(vid) !== undefined)
    ) {
      return handOver(br, entry, other);
    }
  }
  if (port !== null && br.dev.address === address && (vid === 0 || br.vlans.member(vid) !== undefined)) {
    return handOver(br, entry, null);
  }
  deleteEntry(br, entry);
}

function handOver(br: Bridge, entry: number, port: BridgePort | null): void {
  br.fdb.ports[entry] = port;
  br.fdb.flags[entry] = (br.fdb.flags[entry] ?? 0) & ~FDB_ADDED_BY_USER;
}

/** Takes the local entry of (address, VLAN) from `port` if it is that port's (br_fdb_find_delete_local). */
export function findDeleteLocal(br: Bridge, port: BridgePort | null, address: number, vid: number): void {
  const entry = br.fdb.findAddress(address, vid);
  if (entry === noEntry || br.fdb.ports[entry] !== port) return;
  const flags = br.fdb.flags[entry] ?? 0;
  if ((flags & FDB_LOCAL) !== 0 && (flags & FDB_ADDED_BY_USER) === 0) deleteLocal(br, port, entry);
}

/** A port's device has another address (br_fdb_changeaddr). */
export function changeFdbAddress(port: BridgePort, address: number): void {
  const { br } = port;
  const { fdb } = br;
  for (const entry of entriesOf(br)) {
    const flags = fdb.flags[entry] ?? 0;
    if (fdb.ports[entry] !== port || (flags & FDB_LOCAL) === 0 || (flags & FDB_ADDED_BY_USER) !== 0) continue;
    deleteLocal(br, port, entry);
  }
  addLocal(br, port, address, 0);
  for (const { vid } of port.vlans.list) addLocal(br, port, address, vid);
}

/** The bridge itself gets another address; called before it has it (br_fdb_change_mac_address). */
export function changeBridgeFdbAddress(br: Bridge, address: number): void {
  findDeleteLocal(br, null, br.dev.address, 0);
  addLocal(br, null, address, 0);
  for (const { vid } of br.vlans.members) {
    findDeleteLocal(br, null, br.dev.address, vid);
    addLocal(br, null, address, vid);
  }
}

/** All ports listen to addresses of static entries, as far as they can pick what to listen to (fdb_add_hw_addr). */
export function addHardwareAddress(br: Bridge, address: number): void {
  for (const port of br.ports) if (!port.isPromiscuous) devUcAdd(port.dev, address);
}

/** See addHardwareAddress (fdb_del_hw_addr). */
export function delHardwareAddress(br: Bridge, address: number): void {
  for (const port of br.ports) {
    if (!port.isPromiscuous && port.dev.unicast?.has(address) === true) devUcDel(port.dev, address);
  }
}

// --- Ageing and flushing -----------------------------------------------------------------------------------------------

/** The entries there are now; they may be deleted while this is walked. */
export function entriesOf(br: Bridge): number[] {
  const entries: number[] = [];
  for (let entry = br.fdb.newest; entry !== noEntry; entry = br.fdb.olderThan(entry)) entries.push(entry);
  return entries;
}

/** Deletes what has not been heard for too long and sets the timer for the next that will be (br_fdb_cleanup). */
export function cleanFdb(br: Bridge): void {
  const { fdb } = br;
  const now = br.dev.machine.clock.now();
  const holdNs = holdTimeNs(br);
  let delayNs = holdNs;
  for (let entry = fdb.newest; entry !== noEntry; ) {
    const older = fdb.olderThan(entry);
    const flags = fdb.flags[entry] ?? 0;
    const leftNs = (fdb.updatedNs[entry] ?? 0) + holdNs - now;
    if ((flags & (FDB_STATIC | FDB_ADDED_BY_EXT_LEARN)) !== 0) {
      if ((flags & FDB_NOTIFY) !== 0) {
        if (leftNs > 0) delayNs = Math.min(delayNs, leftNs);
        else if ((flags & FDB_NOTIFY_INACTIVE) === 0) {
          fdb.flags[entry] = flags | FDB_NOTIFY_INACTIVE;
          notifyFdb(br, entry, RTM_NEWNEIGH);
        }
      }
    } else if (leftNs > 0) delayNs = Math.min(delayNs, leftNs);
    else deleteEntry(br, entry);
    entry = older;
  }
  br.timers.gc.start(Math.max(delayNs, minGcNs));
}

/** Deletes what is behind a port: with `isAll` static and local entries too (br_fdb_delete_by_port). */
export function deleteByPort(br: Bridge, port: BridgePort | null, vid: number, isAll: boolean): void {
  const { fdb } = br;
  for (const entry of entriesOf(br)) {
    if (fdb.ports[entry] !== port) continue;
    const flags = fdb.flags[entry] ?? 0;
    if (!isAll) {
      if ((flags & (FDB_STATIC | FDB_ADDED_BY_EXT_LEARN)) !== 0) continue;
      if (vid !== 0 && fdb.vlanOf(entry) !== vid) continue;
    }
    if ((flags & FDB_LOCAL) !== 0) deleteLocal(br, port, entry);
    else deleteEntry(br, entry);
  }
}

/** Which entries a flush is for (struct net_bridge_fdb_flush_desc); 0: whichever. */
export interface FlushFilter {
  readonly flags: number;
  readonly mask: number;
  readonly ifindex: number;
  readonly vid: number;
}

/** Deletes all entries that match (br_fdb_flush). */
export function flushFdb(br: Bridge, { flags, mask, ifindex, vid }: FlushFilter): void {
  const { fdb } = br;
  for (const entry of entriesOf(br)) {
    if (vid !== 0 && fdb.vlanOf(entry) !== vid) continue;
    if (ifindex !== 0 && ifindex !== (fdb.ports[entry]?.dev ?? br.dev).ifindex) continue;
    if (((fdb.flags[entry] ?? 0) & mask) !== flags && mask !== 0) continue;
    deleteEntry(br, entry);
  }
}
