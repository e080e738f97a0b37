// What somebody learned of a neighbour, or decided about it, goes into its entry: from ARP, from neighbour discovery,
// from a user.
//
// Mirrors net/core/neighbour.c (__neigh_update, neigh_update_flags, neigh_update_is_router). Omitted: managed entries,
// which a driver resolves ahead of use.

import { NetlinkError } from "../../netlink/error.ts";
import {
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from "../../uapi/neighbour.ts";
import type { Neighbour } from "./neighbour.ts";
import { NUD_CONNECTED, NUD_IN_TIMER, NUD_VALID } from "./neighbour.ts";
import { sendTo } from "./output.ts";
import { BASE_REACHABLE_TIME_MS } from "./parms.ts";
import { updateGcExemption } from "./table.ts";
import { dequeueWaiting, invalidate, purgeWaiting } from "./timer.ts";

/** How an update is meant (NEIGH_UPDATE_F_*). */
export interface NeighUpdate {
  /** The hardware address, 48 bits; undefined: as known. */
  readonly lladdr?: number | undefined;
  /** NUD_* the entry is to have. */
  readonly state: number;
  /** May replace an address that is known. */
  readonly overrides?: boolean;
  /** A different address makes a connected entry stale instead of being ignored. */
  readonly weaklyOverrides?: boolean;
  /** From a user: permanent entries change too. */
  readonly isAdmin?: boolean;
  /** NTF_EXT_LEARNED is set or cleared to this. */
  readonly isExtLearned?: boolean | undefined;
  /** NTF_ROUTER is set or cleared to this; undefined leaves it. */
  readonly isRouter?: boolean | undefined;
  /** Only the flags count; the entry is to be resolved soon (NTF_USE). */
  readonly isUse?: boolean;
  /** The netlink port that asked, 0 for none. */
  readonly portId?: number;
}

/**
 * Updates an entry (neigh_update); false when what came is not to be believed. From a user, what cannot be is refused with
 * a NetlinkError.
 */
export function neighUpdate(neigh: Neighbour, update: NeighUpdate): boolean {
  const { portId = 0, isAdmin = false } = update;
  if (neigh.isDead) {
    if (isAdmin) throw new NetlinkError("EINVAL", "Neighbor entry is now dead");
    return false;
  }
  if (!isAdmin && (neigh.state & (NUD_NOARP | NUD_PERMANENT)) !== 0) return false;
  const hasNewFlags = isAdmin && updateLearned(neigh, update.isExtLearned ?? false);
  let isNews = hasNewFlags;
  const result = update.isUse === true ? use(neigh) : apply(neigh, update);
  isNews ||= result.isNews;
  if (result.isTrusted && update.isRouter !== undefined)
    isNews = updateRouter(neigh, update.isRouter) || isNews;
  updateGcExemption(neigh);
  if (isNews) neigh.table.announce("new", neigh, portId);
  return result.isAccepted;
}

interface Outcome {
  readonly isAccepted: boolean;
  /** What else was said counts too. */
  readonly isTrusted: boolean;
  /** Users are to be told. */
  readonly isNews: boolean;
}

const refusedUpdate: Outcome = { isAccepted: false, isTrusted: false, isNews: false };

function use(neigh: Neighbour): Outcome {
  neigh.state &= ~NUD_PERMANENT;
  return { isAccepted: true, isTrusted: true, isNews: false };
}

function updateLearned(neigh: Neighbour, isExtLearned: boolean): boolean {
  const flags = isExtLearned ? neigh.flags | NTF_EXT_LEARNED : neigh.flags & ~NTF_EXT_LEARNED;
  if (flags === neigh.flags) return false;
  neigh.flags = flags;
  return true;
}

function updateRouter(neigh: Neighbour, isRouter: boolean): boolean {
  const flags = isRouter ? neigh.flags | NTF_ROUTER : neigh.flags & ~NTF_ROUTER;
  if (flags === neigh.flags) return false;
  neigh.flags = flags;
  return true;
}

function apply(neigh: Neighbour, update: NeighUpdate): Outcome {
  const old = neigh.state;
  if ((update.state & NUD_VALID) === 0) return lose(neigh, update.state);
  const now = neigh.dev.machine.clock.now();
  if (update.lladdr === undefined && (old & NUD_VALID) === 0) {
    if (update.isAdmin === true) throw new NetlinkError("EINVAL", "No link layer address given");
    return refusedUpdate;
  }
  let lladdr = update.lladdr ?? neigh.lladdr;
  let state = update.state;
  let isTrusted = true;
  if ((state & NUD_CONNECTED) !== 0) neigh.confirmedNs = now;
  if ((old & NUD_VALID) !== 0) {
    if (lladdr !== neigh.lladdr && update.overrides !== true) {
      if (update.weaklyOverrides !== true || (old & NUD_CONNECTED) === 0) return refusedUpdate;
      lladdr = neigh.lladdr;
      state = NUD_STALE;
      isTrusted = false;
    } else if (lladdr === neigh.lladdr && state === NUD_STALE && update.isAdmin !== true) {
      state = old;
    }
  }
  const hasNewAddress = lladdr !== neigh.lladdr || (old & NUD_VALID) === 0;
  if (state !== old || hasNewAddress) neigh.updatedNs = now;
  if (state !== old) enter(neigh, state, now);
  if (hasNewAddress) {
    neigh.lladdr = lladdr;
    if ((state & NUD_CONNECTED) === 0)
      neigh.confirmedNs = now - 2 * neigh.parms.timeNs(BASE_REACHABLE_TIME_MS);
  }
  if (state !== old && (old & NUD_VALID) === 0) sendWaiting(neigh);
  return { isAccepted: true, isTrusted, isNews: state !== old || hasNewAddress };
}

/** The entry has no address any more, or none yet. */
function lose(neigh: Neighbour, state: number): Outcome {
  const old = neigh.state;
  neigh.timer.stop();
  neigh.state = state;
  const hasFailed = (old & (NUD_INCOMPLETE | NUD_PROBE)) !== 0 && (state & NUD_FAILED) !== 0;
  if (hasFailed) invalidate(neigh);
  return { isAccepted: true, isTrusted: true, isNews: hasFailed || (old & NUD_VALID) !== 0 };
}

function enter(neigh: Neighbour, state: number, now: number): void {
  neigh.timer.stop();
  if ((state & NUD_PROBE) !== 0) neigh.probes = 0;
  if ((state & NUD_IN_TIMER) !== 0) {
    neigh.timer.start((state & NUD_REACHABLE) !== 0 ? neigh.parms.reachableTimeNs(now) : 0);
  }
  neigh.state = state;
}

/** Sends what waited for the address. */
function sendWaiting(neigh: Neighbour): void {
  while ((neigh.state & NUD_VALID) !== 0) {
    const frame = dequeueWaiting(neigh);
    if (frame === null) break;
    sendTo(frame, neigh);
  }
  purgeWaiting(neigh);
}
