// A host tells the routers and bridges of a link which groups it listens to, and whom there: when that changes, and when asked; in
// the version that the routers speak (RFC 3810, 2710).
//
// Mirrors net/ipv6/mcast.c (mld_ifc_event, mld_send_cr, mld_send_initial_cr, igmp6_event_query, mld_process_v1, mld_process_v2,
// add_grec, igmp6_send). What changes and answers say is in group-records.ts.

import { assert } from "../../bytes/assert.ts";
import {
  equalsIpv6,
  ipv6FromText,
  ipv6MulticastScope,
  ipv6ToText,
  isIpv6Unspecified,
} from "../../bytes/ipv6.ts";
import { randomBelow } from "../../net/random.ts";
import type { Timer } from "../../net/timers.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { IPPROTO_HOPOPTS } from "../../uapi/in6.ts";
import * as conf from "../../uapi/ipv6.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import { IPV6_HEADER_SIZE } from "../../wire/ipv6.ts";
import * as mld from "../../wire/mld.ts";
import type { GroupRecord, SourceRecord } from "../group-records.ts";
import { currentRecord, mergeAsked, PendingChange, packRecords } from "../group-records.ts";
import type { SourceFilter } from "../source-filter.ts";
import { isNobody } from "../source-filter.ts";
import { linkLocalOf } from "./address-find.ts";
import type { Group6, In6Device } from "./device.ts";
import { allocOnLink, sendOnLink, writeOnLinkHeader } from "./on-link.ts";

const MS = 1_000_000;
const S = 1_000 * MS;
/** A change is told of so many times (mld_qrv). */
const robustness = 2;
/** From a change to its first report: two ticks of the kernel's clock. */
const firstDelayNs = 8 * MS;
/** A router of version 1 counts for so long after its last question, beside the time that left for answers. */
const olderNs = robustness * 125 * S;
/** A packet of records is no larger, be the link's as they may: the least MTU of IPv6. */
const maxPacketSize = 1_280;

/** Scopes of groups nobody needs to hear of: reserved, and those that stay on the host. */
const interfaceScope = 1;
const linkScope = 2;

function textAddress(text: string): Uint8Array {
  const address = ipv6FromText(text);
  assert(address !== undefined, "A constant address is well formed");
  return address;
}

/** Whether routers and bridges care for a group: all hosts are in ff02::1. */
function isReported(group: Uint8Array): boolean {
  const scope = ipv6MulticastScope(group);
  if (scope <= interfaceScope) return false;
  return scope !== linkScope || !equalsIpv6(group, textAddress("ff02::1"));
}

/** An answer that is due: about some senders, or with null about all. */
interface Asked {
  readonly member: Group6;
  dueNs: number;
  sources: readonly Uint8Array[] | null;
}

/** What one device has to tell. */
export class MldReporter {
  readonly #in6Dev: In6Device;
  /** Changes not told of often enough yet, by the text of the group. */
  readonly #changes = new Map<string, { readonly group: Uint8Array; readonly change: PendingChange }>();
  #changeTimer: Timer | null = null;
  /** Groups that were asked for, by their text. */
  readonly #asked = new Map<string, Asked>();
  #askedTimer: Timer | null = null;
  /** All groups were asked for at once. */
  #allTimer: Timer | null = null;
  #version1UntilNs = Number.NEGATIVE_INFINITY;

  constructor(in6Dev: In6Device) {
    this.#in6Dev = in6Dev;
  }

  /** What the routers of the link speak, or what the device is told to. */
  get version(): 1 | 2 {
    const forced = this.#in6Dev.conf.get(conf.DEVCONF_FORCE_MLD_VERSION);
    if (forced === 1 || forced === 2) return forced;
    return this.#in6Dev.dev.machine.clock.now() < this.#version1UntilNs ? 1 : 2;
  }

  /** Tells that the host listens to others in a group from now on; before it joined, and after it has left, to nobody. */
  change(member: Group6, before: SourceFilter, after: SourceFilter): void {
    const { dev } = this.#in6Dev;
    const { group } = member;
    if ((dev.flags & IFF_UP) === 0 || (dev.flags & IFF_LOOPBACK) !== 0 || !isReported(group)) return;
    if (this.version === 2) return this.#note(group, (change) => change.note(before, after, robustness));
    if (isNobody(before) === isNobody(after)) return;
    if (isNobody(before)) return this.#join1(member);
    this.#asked.delete(ipv6ToText(group));
    this.#send1(mld.MLD_DONE, group, textAddress("ff02::2"));
  }

  /** Tells of all memberships anew, as when an address to tell from has come. */
  repeatAll(): void {
    const { dev, groups } = this.#in6Dev;
    if ((dev.flags & IFF_UP) === 0 || (dev.flags & IFF_LOOPBACK) !== 0) return;
    for (const member of [...groups.values()]) {
      if (!isReported(member.group)) continue;
      if (this.version === 1) this.#join1(member);
      else this.#note(member.group, (change) => change.repeat(member.filters.merged, robustness));
    }
  }

  #note(group: Uint8Array, how: (change: PendingChange) => void): void {
    const key = ipv6ToText(group);
    const pending = this.#changes.get(key) ?? { group, change: new PendingChange() };
    how(pending.change);
    if (pending.change.isTold) return;
    // What has changed last is told of last.
    this.#changes.delete(key);
    this.#changes.set(key, pending);
    this.#changeTimer ??= this.#in6Dev.dev.machine.timers.timer(() => this.#tellChanges());
    this.#changeTimer.start(firstDelayNs);
  }

  /** Version 1 tells of a group at once, and by chance again. */
  #join1(member: Group6): void {
    this.#send1(mld.MLD_REPORT, member.group, member.group);
    this.#ask(member, this.#in6Dev.conf.get(conf.DEVCONF_MLDV1_UNSOLICITED_REPORT_INTERVAL), null);
  }

  /** A router asks: for one group, or with `::` for all. `at` is at the message's ICMPv6 header. */
  query(bytes: Uint8Array, at: number, length: number): void {
    const group = bytes.subarray(at + mld.MLD_GROUP, at + mld.MLD_SIZE);
    const isGeneral = isIpv6Unspecified(group);
    const delayMs = Math.max(mld.mldMaxResponseMs(bytes, at, length), 1);
    let sources: readonly Uint8Array[] | null = null;
    if (length === mld.MLD_SIZE) {
      if (this.#in6Dev.conf.get(conf.DEVCONF_FORCE_MLD_VERSION) === 2) return;
      this.#version1UntilNs = this.#in6Dev.dev.machine.clock.now() + olderNs + delayMs * MS;
      this.#forgetChanges();
      this.#allTimer?.stop();
    } else if (length < mld.MLD2_QUERY_SIZE) return;
    else if (this.version === 2) {
      const named = mld.mldQuerySources(bytes, at, length);
      if (named === undefined) return;
      // A question for all groups names no senders.
      if (isGeneral) return named.length === 0 ? this.#askAll(delayMs) : undefined;
      if (named.length > 0) sources = named;
    }
    for (const member of this.#members()) {
      if (isGeneral || equalsIpv6(member.group, group)) this.#ask(member, delayMs, sources);
    }
  }

  /** Somebody else has told of a group: that will do for routers of version 1. */
  heard(group: Uint8Array): void {
    this.#asked.delete(ipv6ToText(group));
  }

  /** Forgets what was to be told: the device went down. */
  stop(): void {
    this.#forgetChanges();
    this.#asked.clear();
    this.#askedTimer?.stop();
    this.#allTimer?.stop();
  }

  #forgetChanges(): void {
    this.#changes.clear();
    this.#changeTimer?.stop();
  }

  /** The groups that are told of. */
  #members(): Group6[] {
    return [...this.#in6Dev.groups.values()].filter(({ group }) => isReported(group));
  }

  /** Sets a group's answer to a random time; if one is due earlier, that says it too. */
  #ask(member: Group6, maxDelayMs: number, sources: readonly Uint8Array[] | null): void {
    const { clock, random } = this.#in6Dev.dev.machine;
    const dueNs = clock.now() + randomBelow(random, Math.max(maxDelayMs, 1)) * MS;
    const key = ipv6ToText(member.group);
    const known = this.#asked.get(key);
    if (known === undefined) this.#asked.set(key, { member, dueNs, sources });
    else {
      known.sources = mergeAsked(known.sources, sources);
      if (known.dueNs <= dueNs) return;
      known.dueNs = dueNs;
    }
    this.#startAnswers();
  }

  #startAnswers(): void {
    const { clock, timers } = this.#in6Dev.dev.machine;
    let first = Number.POSITIVE_INFINITY;
    for (const { dueNs } of this.#asked.values()) first = Math.min(first, dueNs);
    this.#askedTimer ??= timers.timer(() => this.#answer());
    this.#askedTimer.start(Math.max(first - clock.now(), 0));
  }

  #answer(): void {
    const now = this.#in6Dev.dev.machine.clock.now();
    for (const [key, { dueNs, member, sources }] of [...this.#asked]) {
      if (dueNs > now) continue;
      this.#asked.delete(key);
      const { group } = member;
      if (this.#in6Dev.groups.get(group) !== member) continue;
      if (this.version === 1) this.#send1(mld.MLD_REPORT, group, group);
      else this.#sendRecords(recordsOf(group, currentRecord(member.filters.merged, sources)));
    }
    if (this.#asked.size > 0) this.#startAnswers();
  }

  #askAll(maxDelayMs: number): void {
    const { random, timers } = this.#in6Dev.dev.machine;
    this.#allTimer ??= timers.timer(() =>
      this.#sendRecords(
        this.#members().flatMap(({ filters, group }) =>
          recordsOf(group, currentRecord(filters.merged, null)),
        ),
      ),
    );
    if (!this.#allTimer.isPending) this.#allTimer.start(randomBelow(random, Math.max(maxDelayMs, 1)) * MS);
  }

  #tellChanges(): void {
    const records = [...this.#changes.values()].flatMap(({ change, group }) =>
      recordsOf(group, ...change.take()),
    );
    for (const [key, { change }] of [...this.#changes]) if (change.isTold) this.#changes.delete(key);
    this.#sendRecords(records);
    if (this.#changes.size === 0) return;
    const { conf: own, dev } = this.#in6Dev;
    const intervalMs = own.get(conf.DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL);
    const delayMs = randomBelow(dev.machine.random, Math.max(intervalMs, 1));
    this.#changeTimer?.start(delayMs * MS + firstDelayNs + 1);
  }

  #sendRecords(records: readonly GroupRecord[]): void {
    const room = maxPacketSize - IPV6_HEADER_SIZE - mld.ROUTER_ALERT_HEADER_SIZE - mld.MLD2_REPORT_SIZE;
    for (const packet of packRecords(records, room, mld.MLD2_RECORD_SIZE)) {
      const size = packet.reduce((sum, { sources }) => sum + mld.MLD2_RECORD_SIZE + 16 * sources.length, 0);
      this.#send(
        textAddress("ff02::16"),
        mld.MLD2_REPORT_SIZE + size,
        mld.MLD2_REPORT,
        packet.length,
        (bytes, at) => mld.emitMld2Records(bytes, at, packet),
      );
    }
  }

  #send1(type: number, group: Uint8Array, destination: Uint8Array): void {
    this.#send(destination, mld.MLD_SIZE, type, 0, (bytes, at) => mld.emitMld1(bytes, at, group));
  }

  /** Sends a message of `size` bytes, whose second word is `info` and whose body `write` makes. */
  #send(
    destination: Uint8Array,
    size: number,
    type: number,
    info: number,
    write: (bytes: Uint8Array, at: number) => void,
  ): void {
    const { dev } = this.#in6Dev;
    if ((dev.flags & IFF_UP) === 0) return;
    const frame = allocOnLink(dev, mld.ROUTER_ALERT_HEADER_SIZE + size);
    if (frame === null) return;
    const { bytes, start } = frame;
    const source = linkLocalOf(dev, IFA_F_TENTATIVE)?.address ?? new Uint8Array(16);
    const header = { source, destination, nextHeader: IPPROTO_HOPOPTS, hopLimit: 1, trafficClass: 0 };
    writeOnLinkHeader(frame, header);
    const at = mld.emitRouterAlertHeader(bytes, start + IPV6_HEADER_SIZE);
    frame.transportHeader = at;
    write(bytes, at);
    writeIcmpv6(bytes, at, frame.end, start, type, 0, info);
    sendOnLink(dev, frame);
  }
}

/** What is said of a group, as records of it. */
function recordsOf(group: Uint8Array, ...records: readonly (SourceRecord | undefined)[]): GroupRecord[] {
  return records.filter((record) => record !== undefined).map((record) => ({ ...record, group }));
}

/** The device's reporter, made when there is something to tell first. */
export function mldReporterOf(in6Dev: In6Device): MldReporter {
  const known = in6Dev.mld;
  if (known instanceof MldReporter) return known;
  const made = new MldReporter(in6Dev);
  in6Dev.mld = made;
  return made;
}
