// A host tells the routers and bridges of a link which groups it listens to: when that changes, twice, and when asked.
//
// Mirrors net/ipv6/mcast.c (mld_ifc_event, mld_send_cr, mld_send_initial_cr, igmp6_event_query, add_grec). Omitted:
// version 1, source filters.

import { assert } from "../../bytes/assert.ts";
import { equalsIpv6, ipv6FromText, ipv6MulticastScope, isIpv6Unspecified } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { randomBelow } from "../../net/random.ts";
import { IFF_LOOPBACK, IFF_UP } from "../../uapi/if.ts";
import { IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { IPPROTO_HOPOPTS } from "../../uapi/in6.ts";
import { DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL } from "../../uapi/ipv6.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import { IPV6_HEADER_SIZE } from "../../wire/ipv6.ts";
import type { MldRecord } from "../../wire/mld.ts";
import * as mld from "../../wire/mld.ts";
import { linkLocalOf } from "./address-find.ts";
import type { Group6, GroupChange, In6Device } from "./device.ts";
import { allocOnLink, sendOnLink, writeOnLinkHeader } from "./on-link.ts";

const MS = 1_000_000;
/** A change is told of so many times (mld_qrv). */
const robustness = 2;
/** From a change to its first report: two ticks of the kernel's clock. */
const firstDelayNs = 8 * MS;
/** Records that fit a packet of the least MTU. */
const maxRecords = 60;

/** Scopes of groups nobody needs to hear of: reserved, and those that stay on the host. */
const interfaceScope = 1;
const linkScope = 2;

/** ff02::16, where all that understand version 2 listen. */
function allMldv2Routers(): Uint8Array {
  return textAddress("ff02::16");
}

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

/** Notes a change of membership and has it told of. */
export function reportChange(in6Dev: In6Device, group: Uint8Array, isJoined: boolean): void {
  const { dev } = in6Dev;
  if ((dev.flags & IFF_UP) === 0 || (dev.flags & IFF_LOOPBACK) !== 0 || !isReported(group)) return;
  in6Dev.changedGroups = in6Dev.changedGroups.filter((change) => !equalsIpv6(change.group, group));
  in6Dev.changedGroups.push({ group, isJoined, left: robustness });
  startReports(in6Dev, firstDelayNs);
}

/** Tells of all memberships anew, as when an address to tell from has come. */
export function reportAll(in6Dev: In6Device): void {
  for (const { group } of [...in6Dev.groups.values()]) reportChange(in6Dev, group, true);
}

function startReports(in6Dev: In6Device, delayNs: number): void {
  in6Dev.reportTimer ??= in6Dev.dev.machine.timers.timer(() => sendChanges(in6Dev));
  if (!in6Dev.reportTimer.isPending || delayNs === firstDelayNs) in6Dev.reportTimer.start(delayNs);
}

function sendChanges(in6Dev: In6Device): void {
  const { changedGroups } = in6Dev;
  sendReport(in6Dev.dev, changedGroups.map(recordOf));
  for (const change of changedGroups) change.left--;
  in6Dev.changedGroups = changedGroups.filter(({ left }) => left > 0);
  if (in6Dev.changedGroups.length === 0) return;
  const intervalMs = in6Dev.conf.get(DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL);
  const delayMs = randomBelow(in6Dev.dev.machine.random, Math.max(intervalMs, 1));
  startReports(in6Dev, delayMs * MS + firstDelayNs + 1);
}

function recordOf({ group, isJoined }: GroupChange): MldRecord {
  return { group, type: isJoined ? mld.MLD2_CHANGE_TO_EXCLUDE : mld.MLD2_CHANGE_TO_INCLUDE };
}

/** Answers a question for one group, or with `::` for all, within `maxDelayMs`. */
export function answerQuery(in6Dev: In6Device, group: Uint8Array, maxDelayMs: number): void {
  const all = [...in6Dev.groups.values()].filter((member) => isReported(member.group));
  const asked = isIpv6Unspecified(group) ? all : all.filter((member) => equalsIpv6(member.group, group));
  const pending = in6Dev.queriedGroups.filter((member) => !asked.includes(member));
  in6Dev.queriedGroups = [...pending, ...asked];
  if (in6Dev.queriedGroups.length === 0) return;
  in6Dev.queryTimer ??= in6Dev.dev.machine.timers.timer(() => sendState(in6Dev));
  if (in6Dev.queryTimer.isPending) return;
  in6Dev.queryTimer.start(randomBelow(in6Dev.dev.machine.random, Math.max(maxDelayMs, 1)) * MS);
}

function sendState(in6Dev: In6Device): void {
  const members: readonly Group6[] = in6Dev.queriedGroups;
  in6Dev.queriedGroups = [];
  const there = members.filter(({ group }) => in6Dev.groups.get(group) !== undefined);
  sendReport(
    in6Dev.dev,
    there.map(({ group }) => ({ group, type: mld.MLD2_MODE_IS_EXCLUDE })),
  );
}

/** Forgets what was to be told: the device went down. */
export function stopReports(in6Dev: In6Device): void {
  in6Dev.reportTimer?.stop();
  in6Dev.queryTimer?.stop();
  in6Dev.changedGroups = [];
  in6Dev.queriedGroups = [];
}

function sendReport(dev: Device, records: readonly MldRecord[]): void {
  if ((dev.flags & IFF_UP) === 0) return;
  for (let first = 0; first < records.length; first += maxRecords) {
    sendPacket(dev, records.slice(first, first + maxRecords));
  }
}

function sendPacket(dev: Device, records: readonly MldRecord[]): void {
  const size = mld.MLD2_REPORT_SIZE + records.length * mld.MLD2_RECORD_SIZE;
  const frame = allocOnLink(dev, mld.ROUTER_ALERT_HEADER_SIZE + size);
  if (frame === null) return;
  const { bytes, start } = frame;
  const source = linkLocalOf(dev, IFA_F_TENTATIVE)?.address ?? new Uint8Array(16);
  const destination = allMldv2Routers();
  writeOnLinkHeader(frame, {
    source,
    destination,
    nextHeader: IPPROTO_HOPOPTS,
    hopLimit: 1,
    trafficClass: 0,
  });
  const at = mld.emitRouterAlertHeader(bytes, start + IPV6_HEADER_SIZE);
  frame.transportHeader = at;
  mld.emitMld2Records(bytes, at, records);
  writeIcmpv6(bytes, at, frame.end, start, mld.MLD2_REPORT, 0, records.length);
  sendOnLink(dev, frame);
}
