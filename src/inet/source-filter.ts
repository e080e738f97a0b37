// Which senders to a group are listened to: by one who listens, and by a device for all of them together (RFC 3376 3, RFC 3810 4).
//
// Mirrors struct ip_sf_list and struct ip_mc_list of include/linux/igmp.h (sf_count, sfcount) with ip_mc_add_src, ip_mc_del_src
// and ip_check_mc_rcu of net/ipv4/igmp.c, and their twins of net/ipv6/mcast.c.

import { isSameAddress } from "./address.ts";

/** All senders but some, or only some. Addresses are of 4 or 16 bytes and do not change. */
export interface SourceFilter {
  readonly mode: "include" | "exclude";
  readonly sources: readonly Uint8Array[];
}

/** Listens to everybody, as one does who joins a group; and to nobody, as one does who has not. */
export const everySource: SourceFilter = { mode: "exclude", sources: [] };
export const noSource: SourceFilter = { mode: "include", sources: [] };

/** Whether a filter lets nobody through, as when nobody listens. */
export function isNobody({ mode, sources }: SourceFilter): boolean {
  return mode === "include" && sources.length === 0;
}

/** Whether `sources` has `source`. */
export function hasSource(sources: readonly Uint8Array[], source: Uint8Array): boolean {
  return sources.some((each) => isSameAddress(each, source));
}

/** Whether a filter lets the sender at `bytes[offset]` through. Allocates nothing. */
export function allowsSource({ mode, sources }: SourceFilter, bytes: Uint8Array, offset: number): boolean {
  for (const source of sources) if (isSameAddress(source, bytes, offset)) return mode === "include";
  return mode === "exclude";
}

/** A sender that somebody names, and how many do in each way. */
interface SourceCount {
  readonly source: Uint8Array;
  includers: number;
  excluders: number;
}

/** The filters of all who listen to a group on one device. */
export class GroupFilters {
  /** How many there are. */
  users = 0;
  #excluders = 0;
  readonly #counts: SourceCount[] = [];
  #merged: SourceFilter = noSource;

  /** Those of one who listens. */
  static of(filter: SourceFilter): GroupFilters {
    const filters = new GroupFilters();
    filters.add(filter);
    return filters;
  }

  add(filter: SourceFilter): void {
    this.users++;
    this.#count(filter, 1);
  }

  /** `filter` is one that was added. */
  remove(filter: SourceFilter): void {
    this.users--;
    this.#count(filter, -1);
  }

  /**
   * What the device listens to: as soon as somebody excludes, all but those whom all of them exclude and nobody includes; else
   * whom anybody includes (RFC 3376 3.2).
   */
  get merged(): SourceFilter {
    return this.#merged;
  }

  /** How many include a sender that is named, and how many exclude it, in the order they were named. */
  get counts(): readonly Readonly<SourceCount>[] {
    return this.#counts;
  }

  #count({ mode, sources }: SourceFilter, by: 1 | -1): void {
    if (mode === "exclude") this.#excluders += by;
    for (const source of sources) {
      const place = this.#counts.findIndex((each) => isSameAddress(each.source, source));
      const known = this.#counts[place] ?? { source, includers: 0, excluders: 0 };
      if (place < 0) this.#counts.push(known);
      if (mode === "include") known.includers += by;
      else known.excluders += by;
      if (known.includers === 0 && known.excluders === 0) this.#counts.splice(place, 1);
    }
    const isExcluding = this.#excluders > 0;
    const chosen = this.#counts.filter(({ excluders, includers }) =>
      isExcluding ? excluders === this.#excluders && includers === 0 : includers > 0,
    );
    const merged = chosen.map(({ source }) => source);
    this.#merged = { mode: isExcluding ? "exclude" : "include", sources: merged };
  }
}
