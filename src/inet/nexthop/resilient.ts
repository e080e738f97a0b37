// The table of a resilient group: hash values choose a bucket, and a bucket keeps its way until it has been idle for long enough
// or the group has been out of balance for too long. So flows stay where they are when members come and go.
//
// Mirrors net/ipv4/nexthop.c (struct nh_res_table, nh_res_group_rebalance, nh_res_table_upkeep, nexthop_select_path_res) and
// Documentation/networking/nexthop-group-resilient.rst.

import type { MachineContext } from "../../net/netdevice.ts";
import type { Timer } from "../../net/timers.ts";

/** Buckets are not moved more often than this (NH_RES_UPKEEP_MIN_INTERVAL). */
const upkeepIntervalNs = 500_000_000;

/** Nobody's bucket. */
const VACANT = -1;

/** A member of the group, and its share of the buckets. */
interface Entry<Way> {
  readonly object: Way;
  wanted: number;
  count: number;
}

/** A member of a group: a way and its weight. */
interface Member<Way> {
  readonly object: Way;
  readonly weight: number;
}

/** The buckets of a group; they are there as long as the group is, whatever its members. */
export class ResilientTable<Way> {
  readonly size: number;
  /** How long a bucket is without traffic before it may move. */
  idleTimerNs: number;
  /** How long the group may be out of balance before buckets move all the same; 0: for ever. */
  unbalancedTimerNs: number;

  readonly #machine: MachineContext;
  readonly #tell: (bucket: number) => void;
  readonly #upkeepTimer: Timer;
  /** By bucket: the place of its member in the group, VACANT for none; when it was used last, and when it moved. */
  readonly #owners: Int32Array;
  readonly #usedNs: Float64Array;
  readonly #movedNs: Float64Array;
  #entries: readonly Entry<Way>[] = [];
  /** Members with fewer buckets than they want; the first one is the next to have one. */
  #underweight: Entry<Way>[] = [];
  #unbalancedSinceNs = 0;

  /** `tell` hears of each bucket that moves in the course of time. */
  constructor(
    machine: MachineContext,
    size: number,
    timers: { readonly idleNs: number; readonly unbalancedNs: number },
    tell: (bucket: number) => void,
  ) {
    this.#machine = machine;
    this.size = size;
    this.idleTimerNs = timers.idleNs;
    this.unbalancedTimerNs = timers.unbalancedNs;
    this.#tell = tell;
    this.#upkeepTimer = machine.timers.timer(() => this.#upkeep(true));
    this.#owners = new Int32Array(size).fill(VACANT);
    this.#usedNs = new Float64Array(size);
    this.#movedNs = new Float64Array(size);
  }

  /** How long the group has been out of balance. */
  get unbalancedNs(): number {
    return this.#underweight.length === 0 ? 0 : this.#machine.clock.now() - this.#unbalancedSinceNs;
  }

  /** The object a bucket leads to; null for a bucket of nobody. */
  ownerOf(bucket: number): Way | null {
    return this.#entries[this.#owners[bucket] ?? VACANT]?.object ?? null;
  }

  /** How long a bucket has not been used. */
  idleNs(bucket: number): number {
    return this.#machine.clock.now() - (this.#usedNs[bucket] ?? 0);
  }

  /** The place of the member that a hash value chooses, whose bucket is in use then; VACANT when it is nobody's. */
  select(hash: number): number {
    const bucket = hash % this.size;
    this.#usedNs[bucket] = this.#machine.clock.now();
    return this.#owners[bucket] ?? VACANT;
  }

  /**
   * The group has these members now (replace_nexthop_grp_res): buckets of those that stay remain theirs, the others' and what
   * may move goes to those with too few.
   */
  setMembers(members: readonly Member<Way>[]): void {
    const places = new Map(members.map(({ object }, place) => [object, place]));
    const entries = members.map(({ object }) => ({ object, wanted: 0, count: 0 }));
    for (let bucket = 0; bucket < this.size; bucket++) {
      const owner = this.ownerOf(bucket);
      const place = (owner === null ? undefined : places.get(owner)) ?? VACANT;
      this.#owners[bucket] = place;
      const entry = entries[place];
      if (entry !== undefined) entry.count++;
    }
    const wasUnbalanced = this.#underweight.length > 0;
    this.#entries = entries;
    this.#share(entries, members);
    if (!wasUnbalanced || this.#underweight.length === 0) this.#unbalancedSinceNs = this.#machine.clock.now();
    this.#upkeep(false);
  }

  /** Gives every member its share of the buckets (nh_res_group_rebalance). */
  #share(entries: readonly Entry<Way>[], members: readonly Member<Way>[]): void {
    let total = 0;
    for (const { weight } of members) total += weight;
    this.#underweight = [];
    let [sum, previous] = [0, 0];
    for (const [place, entry] of entries.entries()) {
      sum += members[place]?.weight ?? 0;
      const bound = Math.floor((this.size * sum + Math.floor(total / 2)) / total);
      entry.wanted = bound - previous;
      previous = bound;
      // The last one is served first.
      if (entry.count < entry.wanted) this.#underweight.unshift(entry);
    }
  }

  /** Moves the buckets that may be moved, and looks again when the next one may (nh_res_table_upkeep). */
  #upkeep(tells: boolean): void {
    this.#upkeepTimer.stop();
    const now = this.#machine.clock.now();
    let deadline = now + (this.unbalancedTimerNs || this.idleTimerNs);
    for (let bucket = 0; bucket < this.size && this.#underweight.length > 0; bucket++) {
      const due = this.#dueNs(bucket, now);
      if (due > now) deadline = Math.min(deadline, due);
      else this.#move(bucket, now, tells);
    }
    if (this.#underweight.length > 0) this.#upkeepTimer.start(Math.max(deadline - now, upkeepIntervalNs));
  }

  /** When a bucket may move; never, as long as its member has no more than its share (nh_res_bucket_should_migrate). */
  #dueNs(bucket: number, now: number): number {
    const owner = this.#entries[this.#owners[bucket] ?? VACANT];
    if (owner === undefined) return now;
    if (owner.count <= owner.wanted) return Number.POSITIVE_INFINITY;
    const used = this.#usedNs[bucket] ?? 0;
    // Not used since it moved: it is idle from the start.
    const idle = used === this.#movedNs[bucket] ? now : used + this.idleTimerNs;
    if (this.unbalancedTimerNs === 0) return idle;
    return Math.min(idle, this.#unbalancedSinceNs + this.unbalancedTimerNs);
  }

  /** Gives a bucket to the first member that lacks one (nh_res_bucket_migrate). */
  #move(bucket: number, now: number, tells: boolean): void {
    const [entry] = this.#underweight;
    if (entry === undefined) return;
    const before = this.#entries[this.#owners[bucket] ?? VACANT];
    if (before !== undefined) before.count--;
    this.#owners[bucket] = this.#entries.indexOf(entry);
    entry.count++;
    this.#usedNs[bucket] = now;
    this.#movedNs[bucket] = now;
    if (tells) this.#tell(bucket);
    if (entry.count >= entry.wanted) this.#underweight.shift();
  }

  /** The group goes. */
  end(): void {
    this.#upkeepTimer.stop();
  }
}
