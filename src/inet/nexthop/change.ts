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
import type { NexthopValue } from "./object.ts";
import { NexthopObject } from "./object.ts";
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
  for (const group of old.groups) {
    if (value.isBlackhole && (group.value.members?.length ?? 0) > 1) {
      throw invalid("Blackhole nexthop can not be a member of a group with more than one path");
    }
    for (const alias of usersOf(ip.routesByNexthop4, group)) checkForRoute4(value, alias.info.scope);
    if (usersOf(ip.routesByNexthop6, group).size > 0) checkForRoute6(value);
  }
  for (const { object } of old.value.members ?? []) object.groups.delete(old);
  old.value = value;
  enterGroups(old, value);
  apply(ip, old);
  for (const group of old.groups) apply(ip, group);
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
