// Entries of a neighbour table come and go: made when a packet or a user wants one, collected when there are too many,
// dropped with their device.
//
// Mirrors net/core/neighbour.c (neigh_alloc, ___neigh_create, neigh_forced_gc, neigh_periodic_work, neigh_flush_dev).
// The periodic work runs only while there is something to collect.

import type { Device } from "../../net/netdevice.ts";
import { NTF_EXT_LEARNED, NUD_FAILED, NUD_NOARP, NUD_PERMANENT } from "../../uapi/neighbour.ts";
import { Neighbour, NeighTable } from "./neighbour.ts";
import type { NeighParms } from "./parms.ts";
import { GC_STALETIME_MS } from "./parms.ts";
import { neighTimer, purgeWaiting } from "./timer.ts";

const S = 1_000_000_000;
/** A forced collection spares what is younger, and none runs more often when there are fewer than the third threshold. */
const forcedAgeNs = 5 * S;

/** Makes a table; it starts empty. */
export function createNeighTable(
  machine: NeighTable["machine"],
  family: number,
  ops: NeighTable["ops"],
): NeighTable {
  return new NeighTable(machine, family, ops, collect);
}

/**
 * Makes an entry in state NUD_NONE, which the caller puts into the device's map; null when the table is full. With
 * `isGcExempt` it does not count against the thresholds.
 */
export function createNeighbour(
  table: NeighTable,
  dev: Device,
  parms: NeighParms,
  address: number,
  key: Uint8Array | null,
  isGcExempt = false,
): Neighbour | null {
  if (!isGcExempt && !makeRoom(table)) return null;
  const now = table.machine.clock.now();
  const neigh = new Neighbour(table, dev, parms, address, key, neighTimer);
  neigh.isGcExempt = isGcExempt;
  neigh.usedNs = now;
  neigh.updatedNs = now;
  neigh.confirmedNs = now - 2 * parms.reachableTimeNs(now);
  table.entries.add(neigh);
  if (!isGcExempt) countIn(table);
  return neigh;
}

function makeRoom(table: NeighTable): boolean {
  const [, second, third] = table.gcThresholds;
  const now = table.machine.clock.now();
  const entries = table.gcEntries + 1;
  if (entries < third && (entries < second || now - table.lastFlushNs <= forcedAgeNs)) return true;
  return forceCollection(table, now) || table.gcEntries < third;
}

/** Collects what is older than five seconds and not in use, down to the second threshold (neigh_forced_gc). */
function forceCollection(table: NeighTable, now: number): boolean {
  let surplus = table.gcEntries - (table.gcThresholds[1] ?? 0);
  let hasShrunk = false;
  for (const neigh of table.entries) {
    if (surplus <= 0) break;
    if (neigh.isGcExempt || neigh.waitingHead !== null) continue;
    const isOld = now - neigh.updatedNs > forcedAgeNs;
    if (neigh.state !== NUD_FAILED && neigh.state !== NUD_NOARP && !isOld) continue;
    removeNeighbour(neigh);
    surplus--;
    hasShrunk = true;
  }
  table.lastFlushNs = now;
  return hasShrunk;
}

/** Collects failed entries and those nobody wanted for long (neigh_periodic_work). */
function collect(table: NeighTable): void {
  const now = table.machine.clock.now();
  for (const neigh of table.entries) {
    if (table.gcEntries < (table.gcThresholds[0] ?? 0)) break;
    if (neigh.isGcExempt || (neigh.state & NUD_PERMANENT) !== 0 || (neigh.flags & NTF_EXT_LEARNED) !== 0)
      continue;
    if (neigh.waitingHead !== null) continue;
    const lastUseNs = Math.max(neigh.usedNs, neigh.confirmedNs);
    if (neigh.state === NUD_FAILED || now > lastUseNs + neigh.parms.timeNs(GC_STALETIME_MS))
      removeNeighbour(neigh);
  }
  if (table.gcEntries >= (table.gcThresholds[0] ?? 0)) table.gcTimer.start(table.gcIntervalS * S);
}

function countIn(table: NeighTable): void {
  table.gcEntries++;
  if (table.gcEntries >= (table.gcThresholds[0] ?? 0) && !table.gcTimer.isPending) {
    table.gcTimer.start(table.gcIntervalS * S);
  }
}

/** Changes whether the entry counts against the thresholds (neigh_update_gc_list). */
export function updateGcExemption(neigh: Neighbour): void {
  const isExempt = (neigh.state & NUD_PERMANENT) !== 0 || (neigh.flags & NTF_EXT_LEARNED) !== 0;
  if (isExempt === neigh.isGcExempt) return;
  neigh.isGcExempt = isExempt;
  if (isExempt) neigh.table.gcEntries--;
  else countIn(neigh.table);
}

/** Takes an entry out for good, with what waits for it, and tells users (neigh_cleanup_and_release). */
export function removeNeighbour(neigh: Neighbour, portId = 0): void {
  if (neigh.isDead) return;
  const { table } = neigh;
  neigh.isDead = true;
  neigh.timer.stop();
  table.entries.delete(neigh);
  table.ops.unlink(neigh);
  if (!neigh.isGcExempt) table.gcEntries--;
  purgeWaiting(neigh);
  table.announce("del", neigh, portId);
}

/** Drops a device's entries, those of `entries` (neigh_flush_dev); `keepsPermanent` spares what a user fixed. */
export function flushNeighbours(entries: Iterable<Neighbour>, keepsPermanent: boolean): void {
  for (const neigh of [...entries]) {
    if (keepsPermanent && (neigh.state & NUD_PERMANENT) !== 0) continue;
    removeNeighbour(neigh);
  }
}
