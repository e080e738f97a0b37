// A host tells the routers and bridges of a link which groups it listens to: when that changes, and when asked; in the version
// that the routers speak (RFC 3376, 2236, 1112).
//
// Mirrors net/ipv4/igmp.c (igmp_group_added, igmp_group_dropped, igmp_heard_query, igmp_marksources, igmp_timer_expire,
// igmpv3_send_cr). What changes and answers say is in group-records.ts.

import { getBe32, getU8, setBe16, setBe32 } from "../../bytes/endian.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { randomBelow } from "../../net/random.ts";
import type { Timer } from "../../net/timers.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { PACKET_BROADCAST, PACKET_MULTICAST } from "../../uapi/if_packet.ts";
import { INADDR_ALLHOSTS_GROUP, IPPROTO_IGMP } from "../../uapi/in.ts";
import * as conf from "../../uapi/ip.ts";
import { RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import * as igmp from "../../wire/igmp.ts";
import { IP_DF, ipv4Source, updateIpv4Checksum } from "../../wire/ipv4.ts";
import type { GroupRecord, SourceRecord } from "../group-records.ts";
import { currentRecord, mergeAsked, PendingChange, packRecords } from "../group-records.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import type { SourceFilter } from "../source-filter.ts";
import { isNobody } from "../source-filter.ts";
import { InDevice } from "./device.ts";
import { ipOutput } from "./output.ts";
import { Route4, routeOutput } from "./route.ts";
import { selectSource } from "./source.ts";

const MS = 1_000_000;
const S = 1_000 * MS;
/** A change is told of so many times (IGMP_QUERY_ROBUSTNESS_VARIABLE). */
const robustness = 2;
/** From a change to its first report: two ticks of the kernel's clock. */
const firstDelayNs = 8 * MS;
/** A router of an older version counts for so long after its last question. */
const olderNs = robustness * 125 * S + 10 * S;
/** What a question of version 1 allows for its answer. */
const version1DelayMs = 10_000;
/** A packet of records is no larger, be the link's as they may. */
const maxPacketSize = 576;
/** The header with the router alert option (RFC 2113) that every message carries. */
const headerSize = 24;
const routerAlert = 0x9404_0000;
const internetControl = 0xc0;
const allRouters = 0xe000_0002;
const allReporters = 0xe000_0016;

/** What one device has to tell. */
export class IgmpReporter {
  readonly #inDev: InDevice;
  /** Changes not told of often enough yet. */
  readonly #changes = new Map<number, PendingChange>();
  #changeTimer: Timer | null = null;
  /** Groups that were asked for, when their answers are due, and for which senders; null: for all. */
  readonly #asked = new Map<number, { dueNs: number; sources: readonly Uint8Array[] | null }>();
  #askedTimer: Timer | null = null;
  /** Groups that routers of the older versions are to be told of once more after their first report. */
  readonly #sendAgain = new Set<number>();
  /** All groups were asked for at once. */
  #allTimer: Timer | null = null;
  #version1UntilNs = Number.NEGATIVE_INFINITY;
  #version2UntilNs = Number.NEGATIVE_INFINITY;

  constructor(inDev: InDevice) {
    this.#inDev = inDev;
  }

  /** Tells that the host listens to others in a group from now on; before it joined, and after it has left, to nobody. */
  change(group: number, before: SourceFilter, after: SourceFilter): void {
    const { dev } = this.#inDev;
    if ((dev.flags & IFF_UP) === 0 || (dev.flags & IFF_LOOPBACK) !== 0 || !isReported(group)) return;
    const version = this.version;
    if (version === 3) return this.#noteChange(group, before, after);
    if (isNobody(before) === isNobody(after)) return;
    if (isNobody(before)) {
      this.#sendAgain.add(group);
      return this.#ask(group, 1);
    }
    this.#asked.delete(group);
    this.#sendAgain.delete(group);
    if (version === 2) this.#sendOld(igmp.IGMP2_LEAVE, allRouters, group);
  }

  #noteChange(group: number, before: SourceFilter, after: SourceFilter): void {
    const pending = this.#changes.get(group) ?? new PendingChange();
    pending.note(before, after, robustness);
    if (pending.isTold) return;
    this.#changes.set(group, pending);
    this.#changeTimer ??= this.#inDev.dev.machine.timers.timer(() => this.#tellChanges());
    this.#changeTimer.start(firstDelayNs);
  }

  /** A router asks: for one group, or with 0 for all. */
  query(bytes: Uint8Array, at: number, length: number): void {
    const now = this.#inDev.dev.machine.clock.now();
    const code = getU8(bytes, at + 1);
    let group = igmp.igmpGroup(bytes, at);
    let delayMs = code * 100;
    let sources: readonly Uint8Array[] | null = null;
    if (length === igmp.IGMP_SIZE && code === 0) {
      this.#version1UntilNs = now + olderNs;
      group = 0;
      delayMs = version1DelayMs;
    } else if (length === igmp.IGMP_SIZE) {
      this.#version2UntilNs = now + olderNs;
    } else if (length < igmp.IGMP3_QUERY_SIZE) return;
    else if (this.version === 1) {
      group = 0;
      delayMs = version1DelayMs;
    } else {
      // With a router of version 2 about, too, the time is in the terms of version 3.
      delayMs = Math.max(igmp.igmpMaxResponseTenths(bytes, at, length) * 100, 1);
    }
    if (length >= igmp.IGMP3_QUERY_SIZE && this.version === 3) {
      const named = igmp.igmpQuerySources(bytes, at, length);
      if (named === undefined) return;
      // A question for all groups names no senders.
      if (group === 0) return named.length === 0 ? this.#askAll(delayMs) : undefined;
      if (named.length > 0) sources = named;
    }
    if (length === igmp.IGMP_SIZE) this.#forgetChanges();
    for (const each of this.#groups())
      if (group === 0 || group === each >>> 0) this.#ask(each, delayMs, sources);
  }

  /** Somebody else has told of a group: that will do for routers of the older versions. */
  heard(group: number): void {
    this.#asked.delete(group | 0);
  }

  /** Tells of every group at once, as the way to whoever listens has changed (ip_mc_rejoin_groups). */
  rejoin(): void {
    const version = this.version;
    for (const group of this.#groups()) this.#report(group, version);
  }

  /** Tells nothing more: the device is down. */
  stop(): void {
    this.#forgetChanges();
    this.#asked.clear();
    this.#sendAgain.clear();
    this.#askedTimer?.stop();
    this.#allTimer?.stop();
  }

  #forgetChanges(): void {
    this.#changes.clear();
    this.#changeTimer?.stop();
  }

  /** The groups that are told of. */
  #groups(): number[] {
    return [...(this.#inDev.groups?.keys() ?? [])].filter(isReported);
  }

  /** What the routers of the link speak, or what the device is told to. */
  get version(): 1 | 2 | 3 {
    const forced = this.#inDev.conf.get(conf.IPV4_DEVCONF_FORCE_IGMP_VERSION);
    if (forced === 1 || forced === 2 || forced === 3) return forced;
    const now = this.#inDev.dev.machine.clock.now();
    if (now < this.#version1UntilNs) return 1;
    return now < this.#version2UntilNs ? 2 : 3;
  }

  /** Sets a group's answer, about some senders or all, to a random time; if one is due earlier, that says it too. */
  #ask(group: number, maxDelayMs: number, sources: readonly Uint8Array[] | null = null): void {
    const { clock, random } = this.#inDev.dev.machine;
    const due = clock.now() + randomBelow(random, Math.max(maxDelayMs, 1)) * MS;
    const known = this.#asked.get(group);
    const asked = mergeAsked(known?.sources, sources);
    if (known === undefined) this.#asked.set(group, { dueNs: due, sources: asked });
    else {
      known.sources = asked;
      if (known.dueNs <= due) return;
      known.dueNs = due;
    }
    this.#startAnswers();
  }

  #startAnswers(): void {
    const { clock, timers } = this.#inDev.dev.machine;
    let first = Number.POSITIVE_INFINITY;
    for (const { dueNs } of this.#asked.values()) first = Math.min(first, dueNs);
    this.#askedTimer ??= timers.timer(() => this.#answer());
    this.#askedTimer.start(Math.max(first - clock.now(), 0));
  }

  #answer(): void {
    const now = this.#inDev.dev.machine.clock.now();
    const version = this.version;
    for (const [group, { dueNs, sources }] of [...this.#asked]) {
      if (dueNs > now) continue;
      this.#asked.delete(group);
      this.#report(group, version, sources);
      if (this.#sendAgain.delete(group) && version < 3)
        this.#ask(group, this.#inDev.conf.get(conf.IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL));
    }
    if (this.#asked.size > 0) this.#startAnswers();
  }

  #report(group: number, version: 1 | 2 | 3, asked: readonly Uint8Array[] | null = null): void {
    const filters = this.#inDev.groups?.get(group);
    if (filters === undefined) return;
    if (version === 3) this.#sendRecords(recordsOf(group, currentRecord(filters.merged, asked)));
    else this.#sendOld(version === 1 ? igmp.IGMP1_REPORT : igmp.IGMP2_REPORT, group, group);
  }

  #askAll(maxDelayMs: number): void {
    const { random, timers } = this.#inDev.dev.machine;
    this.#allTimer ??= timers.timer(() =>
      this.#sendRecords(this.#groups().flatMap((group) => this.#current(group))),
    );
    if (!this.#allTimer.isPending) this.#allTimer.start(randomBelow(random, Math.max(maxDelayMs, 1)) * MS);
  }

  #current(group: number): GroupRecord[] {
    const filters = this.#inDev.groups?.get(group);
    return filters === undefined ? [] : recordsOf(group, currentRecord(filters.merged, null));
  }

  #tellChanges(): void {
    const records = [...this.#changes].flatMap(([group, change]) => recordsOf(group, ...change.take()));
    for (const [group, change] of [...this.#changes]) if (change.isTold) this.#changes.delete(group);
    this.#sendRecords(records);
    if (this.#changes.size === 0) return;
    const { conf: own, dev } = this.#inDev;
    const intervalMs = own.get(conf.IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL);
    this.#changeTimer?.start(randomBelow(dev.machine.random, Math.max(intervalMs, 1)) * MS + firstDelayNs);
  }

  #sendRecords(records: readonly GroupRecord[]): void {
    const room = maxPacketSize - headerSize - igmp.IGMP_SIZE;
    for (const packet of packRecords(records, room, igmp.IGMP3_RECORD_SIZE)) {
      const some = packet.map(({ group, ...rest }) => ({ ...rest, group: getBe32(group, 0) }));
      const size = packet.reduce(
        (sum, { sources }) => sum + igmp.IGMP3_RECORD_SIZE + 4 * sources.length,
        igmp.IGMP_SIZE,
      );
      this.#send(allReporters, size, (bytes, at) => void igmp.emitIgmp3Report(bytes, at, some));
    }
  }

  #sendOld(type: number, destination: number, group: number): void {
    this.#send(destination >>> 0, igmp.IGMP_SIZE, (bytes, at) => igmp.emitIgmp(bytes, at, type, group));
  }

  #send(destination: number, size: number, write: (bytes: Uint8Array, at: number) => void): void {
    const { dev } = this.#inDev;
    if ((dev.flags & IFF_UP) === 0) return;
    const ip = ipNetns(dev.netns);
    const route = new Route4();
    route.flow.destination = destination;
    route.flow.oif = dev.ifindex;
    route.flow.protocol = IPPROTO_IGMP;
    const frame = routeOutput(ip, route) ? dev.machine.frames.alloc(headerSize + size) : null;
    if (frame === null) return;
    frame.end = frame.start + headerSize + size;
    const { bytes, start } = frame;
    ip.lastId4 = (ip.lastId4 + 1) & 0xffff;
    bytes[start] = 0x40 | (headerSize / 4);
    bytes[start + 1] = internetControl;
    setBe16(bytes, start + 2, headerSize + size);
    setBe16(bytes, start + 4, ip.lastId4);
    setBe16(bytes, start + 6, IP_DF);
    bytes[start + 8] = 1;
    bytes[start + 9] = IPPROTO_IGMP;
    setBe32(bytes, start + 12, route.source || selectSource(ip, dev, 0, RT_SCOPE_LINK));
    setBe32(bytes, start + 16, destination);
    setBe32(bytes, start + 20, routerAlert);
    updateIpv4Checksum(bytes, start);
    frame.transportHeader = start + headerSize;
    write(bytes, frame.transportHeader);
    ipOutput(ip, frame, route);
  }
}

/** What is said of a group, as records of it. */
function recordsOf(group: number, ...records: readonly (SourceRecord | undefined)[]): GroupRecord[] {
  const bytes = new Uint8Array(4);
  setBe32(bytes, 0, group >>> 0);
  return records.filter((record) => record !== undefined).map((record) => ({ ...record, group: bytes }));
}

/** All hosts are in 224.0.0.1, and nobody needs to be told so. */
function isReported(group: number): boolean {
  return group >>> 0 !== INADDR_ALLHOSTS_GROUP;
}

/** The device's reporter, made when there is something to tell first. */
export function reporterOf(inDev: InDevice): IgmpReporter {
  const known = inDev.igmp;
  if (known instanceof IgmpReporter) return known;
  const made = new IgmpReporter(inDev);
  inDev.igmp = made;
  return made;
}

/** Takes a message, whose `start` is at its IGMP header (igmp_rcv). Takes ownership. */
export function igmpReceive(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, start } = frame;
  const length = end - start;
  if (length < igmp.IGMP_SIZE || !igmp.isIgmpChecksumCorrect(bytes, start, end))
    return drop(frame, "bad-header");
  const type = igmp.igmpType(bytes, start);
  if (dev.ip instanceof InDevice) {
    if (type === igmp.IGMP_QUERY) reporterOf(dev.ip).query(bytes, start, length);
    const isReport = type === igmp.IGMP1_REPORT || type === igmp.IGMP2_REPORT;
    const isToMany = frame.packetType === PACKET_MULTICAST || frame.packetType === PACKET_BROADCAST;
    if (isReport && isToMany && !isOwn(ipNetns(dev.netns), bytes, networkHeader)) {
      reporterOf(dev.ip).heard(getBe32(bytes, start + 4));
    }
  }
  frame.pool.free(frame);
}

/** Our own report, come back to us as a member of its group, is no news. */
function isOwn(ip: IpNetns, bytes: Uint8Array, at: number): boolean {
  return ip.addresses4.has(ipv4Source(bytes, at) | 0);
}
