// Nexthop objects come, are replaced and go; groups and routes that use them follow.
//
// Mirrors net/ipv4/nexthop.c (nexthop_add, insert_nexthop, replace_nexthop, remove_nexthop, nexthop_flush_dev) with their order,
// errno and texts.

import type { Device, Origin } from "../../net/netdevice.ts";
import { exists, invalid, NetlinkError } from "../../netlink/error.ts";
import { NLM_F_CREATE, NLM_F_REPLACE } from "../../uapi/netlink.ts";
import { RTNH_F_DEAD } from "../../uapi/rtnetlink.ts";
import { flushDead, relink } from "../ipv4/fib-change.ts";
import { rebalance } from "../ipv4/fib-lookup.ts";
import { deleteRoute6 } from "../ipv6/fib-change.ts";
import { applyNexthop6 } from "../ipv6/route-nexthop.ts";
import type { IpNetns } from "../netns.ts";
import { checkForRoute4, checkForRoute6 } from "./check.ts";
import type { NexthopValue, ResilientConfig } from "./object.ts";
import { NexthopObject } from "./object.ts";
import { ResilientTable } from "./resilient.ts";
import { usersOf } from "./users.ts";

/** A nexthop object that is asked for. */
export interface NexthopRequest {
  /** 0: to be chosen. */
  readonly id: number;
  readonly nlFlags: number;
  readonly origin: Origin | undefined;
  /** Makes what it says; throws NetlinkError. */
  readonly create: () => NexthopValue;
}

/** Adds or replaces an object (nexthop_add): EEXIST, ENOENT, EINVAL. */
export function addNexthop(ip: IpNetns, request: NexthopRequest): void {
  const { nlFlags } = request;
  const mayReplace = (nlFlags & NLM_F_REPLACE) !== 0;
  if (mayReplace && request.id === 0) throw invalid("Replace requires nexthop id");
  const id = request.id === 0 ? unusedId(ip) : request.id;
  const value = request.create();
  const old = ip.nexthops.get(id);
  if (old !== undefined) {
    if (!mayReplace) throw exists();
    replace(ip, old, value);
  } else if (mayReplace && (nlFlags & NLM_F_CREATE) === 0) {
    throw new NetlinkError("ENOENT", "Replace specified without create and no entry exists");
  } else {
    const made = new NexthopObject(id, value, ip.tunables);
    if (value.resilient !== null) made.table = createTable(ip, made, value.resilient);
    ip.nexthops.set(id, made);
    enterGroups(made, value);
  }
  const object = ip.nexthops.get(id);
  if (object === undefined) return;
  tell(ip, "new", object, request.nlFlags, request.origin);
  if (old !== undefined && ip.tunables.nexthopCompatMode !== 0) {
    for (const user of [...[...old.groups].reverse(), old]) tellRoutes(ip, user, request.origin);
  }
}

/** Tells of the routes by an object that has other ways now, which those who know of no objects see in the routes alone. */
function tellRoutes(ip: IpNetns, object: NexthopObject, origin: Origin | undefined): void {
  const { netns } = ip;
  const { announcer } = ip.inet;
  // Tables are walked from their end (__fib_info_notify_update).
  const byPrefix = [...usersOf(ip.routesByNexthop4, object)].sort(
    (one, other) => (other.prefix >>> 0) - (one.prefix >>> 0),
  );
  for (const alias of byPrefix) announcer.route4(netns, "new", alias, NLM_F_REPLACE, origin);
  // The one that took it last is told of first.
  for (const route of [...usersOf(ip.routesByNexthop6, object)].reverse())
    announcer.route6(netns, "new", route, NLM_F_REPLACE, origin);
}

function unusedId(ip: IpNetns): number {
  do ip.lastNexthopId = (ip.lastNexthopId % 0xffff_ffff) + 1;
  while (ip.nexthops.has(ip.lastNexthopId));
  return ip.lastNexthopId;
}

function tell(
  ip: IpNetns,
  type: "new" | "del",
  object: NexthopObject,
  flags: number,
  origin: Origin | undefined,
): void {
  ip.inet.announcer.nexthop(ip.netns, type, object, flags, origin);
}

function enterGroups(group: NexthopObject, { members }: NexthopValue): void {
  for (const { object } of members ?? []) object.groups.add(group);
  group.table?.setMembers(members ?? []);
}

/** NH_RES_DEFAULT_IDLE_TIMER, NH_RES_DEFAULT_UNBALANCED_TIMER */
const defaultTimers = { idleNs: 120_000_000_000, unbalancedNs: 0 };

/** Makes the buckets of a new resilient group. */
function createTable(
  ip: IpNetns,
  group: NexthopObject,
  config: ResilientConfig,
): ResilientTable<NexthopObject> {
  const { buckets, idleNs, unbalancedNs } = config;
  if (buckets === undefined) {
    throw invalid("Number of buckets not specified for nexthop group insertion");
  }
  const timers = {
    idleNs: idleNs ?? defaultTimers.idleNs,
    unbalancedNs: unbalancedNs ?? defaultTimers.unbalancedNs,
  };
  const { inet, netns } = ip;
  return new ResilientTable(inet.machine, buckets, timers, (bucket) =>
    inet.announcer.nexthopBucket(netns, group, bucket),
  );
}

/** Gives an object something else to say; routes and groups that could not live with it forbid that. */
function replace(ip: IpNetns, old: NexthopObject, value: NexthopValue): void {
  for (const alias of usersOf(ip.routesByNexthop4, old)) checkForRoute4(value, alias.info.scope);
  if (usersOf(ip.routesByNexthop6, old).size > 0) checkForRoute6(value);
  if (old.isGroup && value.members === null) {
    throw invalid("Can not replace a nexthop group with a nexthop.");
  }
  if (!old.isGroup && value.members !== null) {
    throw invalid("Can not replace a nexthop with a nexthop group.");
  }
  if (old.isGroup) checkTable(old.table, value.resilient);
  for (const group of old.groups) {
    if (value.isBlackhole && (group.value.members?.length ?? 0) > 1) {
      throw invalid("Blackhole nexthop can not be a member of a group with more than one path");
    }
    for (const alias of usersOf(ip.routesByNexthop4, group)) checkForRoute4(value, alias.info.scope);
    if (usersOf(ip.routesByNexthop6, group).size > 0) checkForRoute6(value);
  }
  for (const { object } of old.value.members ?? []) object.groups.delete(old);
  // A group stays the protocol's that made it; of a single way the new one is told.
  old.value = old.isGroup ? { ...value, protocol: old.value.protocol } : value;
  if (old.table !== null) {
    old.table.idleTimerNs = value.resilient?.idleNs ?? old.table.idleTimerNs;
    old.table.unbalancedTimerNs = value.resilient?.unbalancedNs ?? old.table.unbalancedTimerNs;
  }
  enterGroups(old, value);
  apply(ip, old);
  for (const group of old.groups) apply(ip, group);
}

/** Whether a group's buckets can be those of what replaces it (replace_nexthop_grp). */
function checkTable(table: ResilientTable<NexthopObject> | null, config: ResilientConfig | null): void {
  if ((table === null) !== (config === null)) {
    throw invalid("Can not replace a nexthop group with one of a different type.");
  }
  if (config?.buckets !== undefined && config.buckets !== table?.size) {
    throw invalid("Can not change number of buckets of a resilient nexthop group.");
  }
}

/** Has the routes of an object take the ways it has now. */
function apply(ip: IpNetns, object: NexthopObject): void {
  ip.routeGeneration++;
  relink(usersOf(ip.routesByNexthop4, object), () => object.refresh());
  for (const { info } of usersOf(ip.routesByNexthop4, object)) rebalance(info);
  for (const route of usersOf(ip.routesByNexthop6, object)) applyNexthop6(ip, route, object);
}

/** How users are told of what goes: with the flags of the request. */
interface Told {
  readonly flags: number;
  readonly origin: Origin | undefined;
}

/** Deletes an object (remove_nexthop): groups lose a member, or go when it was their last; routes by it go. */
export function removeNexthop(ip: IpNetns, object: NexthopObject, told: Told | undefined): void {
  if (ip.nexthops.get(object.id) !== object) return;
  if (told !== undefined) tell(ip, "del", object, told.flags, told.origin);
  ip.nexthops.delete(object.id);
  object.table?.end();
  for (const leave of [...object.followers]) leave();
  // The group that took it in last hears of it first.
  for (const group of [...object.groups].reverse()) leaveGroup(ip, group, object, told);
  for (const { object: member } of object.value.members ?? []) member.groups.delete(object);
  for (const { info } of usersOf(ip.routesByNexthop4, object)) info.flags |= RTNH_F_DEAD;
  flushDead(ip, usersOf(ip.routesByNexthop4, object));
  for (const route of [...usersOf(ip.routesByNexthop6, object)])
    deleteRoute6(ip, route, { isSilent: ip.tunables.nexthopCompatMode === 0 });
}

function leaveGroup(ip: IpNetns, group: NexthopObject, gone: NexthopObject, told: Told | undefined): void {
  const members = (group.value.members ?? []).filter(({ object }) => object !== gone);
  if (members.length === 0) return removeNexthop(ip, group, told);
  group.value = { ...group.value, members };
  gone.groups.delete(group);
  group.table?.setMembers(members);
  apply(ip, group);
  if (told !== undefined) tell(ip, "new", group, told.flags, told.origin);
}

/**
 * The device is down, without carrier, or goes: objects by it go without a word (nexthop_flush_dev). Those that lead nowhere
 * are by the loopback, and stay.
 */
export function flushNexthops(ip: IpNetns, dev: Device): void {
  for (const object of [...ip.nexthops.values()]) {
    const { hop, isBlackhole } = object.value;
    if (!object.isGroup && hop?.dev === dev && !isBlackhole) removeNexthop(ip, object, undefined);
  }
}

/** The namespace goes: nothing happens to groups any more in the course of time. */
export function endNexthops(ip: IpNetns): void {
  for (const object of ip.nexthops.values()) object.table?.end();
}
