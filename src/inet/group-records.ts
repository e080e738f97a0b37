// What a host has to tell routers of a group, as the records of IGMPv3 and MLDv2, whose types and rules are the same: changes,
// several times each, and answers.
//
// Mirrors net/ipv4/igmp.c (igmpv3_send_cr, is_in, sf_setstate) and net/ipv6/mcast.c (mld_send_cr) by the rules of RFC 3376 5 and
// RFC 3810 6. A group that nobody listens to is one whose filter includes nobody.

import type { SourceFilter } from "./source-filter.ts";
import { hasSource, noSource } from "./source-filter.ts";

/** Types of records (RFC 3376 4.2.12, RFC 3810 5.2.12). */
const MODE_IS_INCLUDE = 1;
const MODE_IS_EXCLUDE = 2;
const CHANGE_TO_INCLUDE = 3;
const CHANGE_TO_EXCLUDE = 4;
const ALLOW_NEW_SOURCES = 5;
const BLOCK_OLD_SOURCES = 6;

/** A record without its group. */
export interface SourceRecord {
  readonly type: number;
  readonly sources: readonly Uint8Array[];
}

/** A record of a group, which is 4 or 16 bytes. */
export interface GroupRecord extends SourceRecord {
  readonly group: Uint8Array;
}

/** What is not told of often enough yet of one group. */
export class PendingChange {
  /** What is listened to now. */
  #filter: SourceFilter = noSource;
  /** How many times more the mode is to be told of, and senders that were added or taken off. */
  #modeLeft = 0;
  #sources: { readonly source: Uint8Array; readonly isAllowed: boolean; left: number }[] = [];

  /** The filter changes; each change is told of `robustness` times. */
  note(before: SourceFilter, after: SourceFilter, robustness: number): void {
    this.#filter = after;
    if (before.mode !== after.mode) {
      this.#modeLeft = robustness;
      this.#sources = [];
      return;
    }
    const isInclude = after.mode === "include";
    const added = after.sources.filter((source) => !hasSource(before.sources, source));
    const gone = before.sources.filter((source) => !hasSource(after.sources, source));
    const changed = [...added, ...gone];
    this.#sources = this.#sources.filter(({ source }) => !hasSource(changed, source));
    for (const source of added) this.#sources.push({ source, isAllowed: isInclude, left: robustness });
    for (const source of gone) this.#sources.push({ source, isAllowed: !isInclude, left: robustness });
  }

  /** Tells the mode anew, as when there is a router that may not have heard of it. */
  repeat(filter: SourceFilter, robustness: number): void {
    this.#filter = filter;
    if (filter.mode === "exclude") this.#modeLeft = robustness;
    else this.note(noSource, filter, robustness);
  }

  /** What is to be told now; it counts as told. */
  take(): SourceRecord[] {
    const isModeTold = this.#modeLeft > 0;
    const records = isModeTold ? [modeRecord(this.#filter)] : this.#sourceRecords();
    if (isModeTold) this.#modeLeft--;
    for (const each of this.#sources) each.left--;
    this.#sources = this.#sources.filter(({ left }) => left > 0);
    return records;
  }

  get isTold(): boolean {
    return this.#modeLeft === 0 && this.#sources.length === 0;
  }

  #sourceRecords(): SourceRecord[] {
    const records: SourceRecord[] = [];
    for (const isAllowed of [true, false]) {
      const sources = this.#sources
        .filter((each) => each.isAllowed === isAllowed)
        .map(({ source }) => source);
      if (sources.length > 0)
        records.push({ type: isAllowed ? ALLOW_NEW_SOURCES : BLOCK_OLD_SOURCES, sources });
    }
    return records;
  }
}

function modeRecord({ mode, sources }: SourceFilter): SourceRecord {
  return { type: mode === "include" ? CHANGE_TO_INCLUDE : CHANGE_TO_EXCLUDE, sources };
}

/**
 * The answer to a question for a group, or for some senders to it: null, all. Undefined: there is nothing to say (RFC 3376 5.2).
 */
export function currentRecord(
  { mode, sources }: SourceFilter,
  asked: readonly Uint8Array[] | null,
): SourceRecord | undefined {
  const isInclude = mode === "include";
  if (asked === null) {
    if (isInclude && sources.length === 0) return undefined;
    return { type: isInclude ? MODE_IS_INCLUDE : MODE_IS_EXCLUDE, sources };
  }
  const heard = asked.filter((source) => hasSource(sources, source) === isInclude);
  if (heard.length === 0) return undefined;
  // Linux tells of all it does not listen to rather than of those asked for that it does (igmp_xmarksources).
  return isInclude ? { type: MODE_IS_INCLUDE, sources: heard } : { type: MODE_IS_EXCLUDE, sources };
}

/** The most senders that questions about one group are remembered with; then it is answered for all. */
const maxAsked = 64;

/** Puts a question together with one that waits for its answer (RFC 3376 5.2); `undefined`: none waits. */
export function mergeAsked(
  waiting: readonly Uint8Array[] | null | undefined,
  asked: readonly Uint8Array[] | null,
): readonly Uint8Array[] | null {
  if (waiting === null || asked === null) return null;
  const fresh = asked.filter((source) => waiting === undefined || !hasSource(waiting, source));
  const merged = [...(waiting ?? []), ...fresh];
  return merged.length > maxAsked ? null : merged;
}

/**
 * Packs records into reports of at most `room` bytes of records, a record having `headerSize` bytes beside its senders. One that is
 * too long goes in parts; but senders that are excluded must be told at once, so that what does not fit of them is left out
 * (RFC 3376 4.2.16).
 */
export function packRecords(
  records: readonly GroupRecord[],
  room: number,
  headerSize: number,
): GroupRecord[][] {
  const packets: GroupRecord[][] = [];
  let packet: GroupRecord[] = [];
  let left = 0;
  for (const record of records) {
    const { group, type } = record;
    const isWhole = type === MODE_IS_EXCLUDE || type === CHANGE_TO_EXCLUDE;
    const most = Math.floor((room - headerSize) / group.length);
    let { sources } = record;
    do {
      const some = sources.slice(0, most);
      const size = headerSize + some.length * group.length;
      if (size > left) {
        packet = [];
        packets.push(packet);
        left = room;
      }
      packet.push({ group, type, sources: some });
      left -= size;
      sources = isWhole ? [] : sources.slice(most);
    } while (sources.length > 0);
  }
  return packets;
}
