// Routes enter a table and leave it.
//
// Mirrors net/ipv4/fib_trie.c (fib_table_insert, fib_table_delete, fib_table_flush) and net/ipv4/fib_semantics.c
// (fib_nh_match, fib_metrics_match).

import { ipv4Mask } from "../../bytes/ipv4.ts";
import type { Origin } from "../../net/netdevice.ts";
import { exists, invalid, NetlinkError } from "../../netlink/error.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../uapi/netlink.ts";
import {
  RT_SCOPE_NOWHERE,
  RT_TABLE_LOCAL,
  RTAX_CC_ALGO,
  RTN_UNSPEC,
  RTNH_F_DEAD,
} from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import { addUser, removeUser } from "../nexthop/users.ts";
import { inDevice } from "../slots.ts";
import { InDevice } from "./device.ts";
import type { FibInfo } from "./fib.ts";
import { FibAlias, FibTable } from "./fib.ts";
import { createInfo, isSameGateway, isSameInfo } from "./fib-info.ts";
import type { NexthopConfig4, RouteConfig4 } from "./route-config.ts";

/** The table `id`, made if need be (fib_new_table). */
export function tableFor(ip: IpNetns, id: number): FibTable {
  if (id === RT_TABLE_LOCAL) ip.hasLocalTable = true;
  let table = ip.tables.get(id);
  if (table === undefined) {
    table = new FibTable(id);
    ip.tables.set(id, table);
  }
  return table;
}

function checkPrefix(destination: number, length: number): void {
  if (length > 32) throw invalid("Invalid prefix length");
  if ((destination & ~ipv4Mask(length)) !== 0) throw invalid("Invalid prefix for given prefix length");
}

/** Inserts a route as the request's NLM_F_* say (fib_table_insert); EEXIST, ENOENT and what createInfo refuses. */
export function insertRoute(ip: IpNetns, config: RouteConfig4): void {
  const { destination, destinationLength, tos, type, nlFlags, origin } = config;
  const table = tableFor(ip, config.table);
  checkPrefix(destination, destinationLength);
  const info = createInfo(ip, config);
  const alias = new FibAlias(table, destination, destinationLength, tos, type, info);
  const list = table.levels[destinationLength]?.get(destination | 0) ?? [];
  const first = list.findIndex((other) => other.tos === tos && other.info.priority === info.priority);
  let place = list.findIndex(
    (other) => other.tos < tos || (other.tos === tos && other.info.priority > info.priority),
  );
  if (place < 0) place = list.length;
  let flags = NLM_F_EXCL;
  if (first >= 0) {
    if ((nlFlags & NLM_F_EXCL) !== 0) throw exists();
    flags = 0;
    const match = list.findIndex((other, index) => index >= first && index < place && isSame(other, alias));
    if ((nlFlags & NLM_F_REPLACE) !== 0) {
      if (match === first) return;
      if (match >= 0) throw exists();
      return replace(ip, list, first, alias, origin);
    }
    if (match >= 0) throw exists();
    if ((nlFlags & NLM_F_APPEND) !== 0) flags |= NLM_F_APPEND;
    else place = first;
  }
  if ((nlFlags & NLM_F_CREATE) === 0) throw new NetlinkError("ENOENT");
  list.splice(place, 0, alias);
  enter(table, list, alias);
  link(ip, alias);
  ip.inet.announcer.route4(ip.netns, "new", alias, flags | NLM_F_CREATE, origin);
}

function isSame(one: FibAlias, other: FibAlias): boolean {
  return one.type === other.type && isSameInfo(one.info, other.info);
}

function replace(
  ip: IpNetns,
  list: FibAlias[],
  place: number,
  alias: FibAlias,
  origin: Origin | undefined,
): void {
  const [old] = list.splice(place, 1, alias);
  if (old !== undefined) unlink(ip, old);
  link(ip, alias);
  ip.inet.announcer.route4(ip.netns, "new", alias, NLM_F_REPLACE, origin);
}

function enter(table: FibTable, list: FibAlias[], { prefix, prefixLength }: FibAlias): void {
  let level = table.levels[prefixLength];
  if (level === undefined) {
    level = new Map();
    table.levels[prefixLength] = level;
    table.lengths = [...table.lengths, prefixLength].sort((one, other) => other - one);
  }
  level.set(prefix | 0, list);
}

/** Takes an alias off its table. */
function leave(ip: IpNetns, alias: FibAlias): void {
  const { table, prefix, prefixLength } = alias;
  const level = table.levels[prefixLength];
  const list = level?.get(prefix | 0);
  if (level === undefined || list === undefined) return;
  const rest = list.filter((other) => other !== alias);
  if (rest.length > 0) level.set(prefix | 0, rest);
  else level.delete(prefix | 0);
  if (level.size === 0) {
    table.levels[prefixLength] = undefined;
    table.lengths = table.lengths.filter((length) => length !== prefixLength);
  }
  unlink(ip, alias);
}

/** Notes the route with the devices it leads through, its nexthop object, and under the source it prefers. */
function link(ip: IpNetns, alias: FibAlias): void {
  ip.routeGeneration++;
  const { object, prefsrc } = alias.info;
  linkDevices(alias);
  addUser(ip.routesByNexthop4, object, alias);
  if (prefsrc === 0) return;
  const others = ip.routesBySource.get(prefsrc);
  if (others === undefined) ip.routesBySource.set(prefsrc, new Set([alias]));
  else others.add(alias);
}

function linkDevices(alias: FibAlias): void {
  for (const { dev } of alias.info.nexthops) if (dev !== null) inDevice(dev)?.routes.add(alias);
}

function unlinkDevices(alias: FibAlias): void {
  for (const { dev } of alias.info.nexthops) if (dev?.ip instanceof InDevice) dev.ip.routes.delete(alias);
}

/** Changes the ways of routes by a nexthop object, noting them with the devices they lead through then. */
export function relink(aliases: Iterable<FibAlias>, change: () => void): void {
  for (const alias of aliases) unlinkDevices(alias);
  change();
  for (const alias of aliases) linkDevices(alias);
}

function unlink(ip: IpNetns, alias: FibAlias): void {
  const { object, prefsrc } = alias.info;
  alias.info.isDead = true;
  ip.routeGeneration++;
  unlinkDevices(alias);
  removeUser(ip.routesByNexthop4, object, alias);
  const others = ip.routesBySource.get(prefsrc);
  if (others?.delete(alias) === true && others.size === 0) ip.routesBySource.delete(prefsrc);
}

/** Deletes the first route the request fits (fib_table_delete); ESRCH when there is none. */
export function deleteRoute(ip: IpNetns, config: RouteConfig4): void {
  const { destination, destinationLength, tos, origin } = config;
  const table = ip.tables.get(config.table);
  if (table === undefined) throw new NetlinkError("ESRCH", "FIB table does not exist");
  checkPrefix(destination, destinationLength);
  const list = table.levels[destinationLength]?.get(destination | 0) ?? [];
  const alias = list.find((each) => each.tos === tos && fits(each, config));
  if (alias === undefined) throw new NetlinkError("ESRCH");
  ip.inet.announcer.route4(ip.netns, "del", alias, 0, origin);
  leave(ip, alias);
}

function fits({ type, info }: FibAlias, config: RouteConfig4): boolean {
  return (
    (config.type === RTN_UNSPEC || type === config.type) &&
    (config.scope === RT_SCOPE_NOWHERE || info.scope === config.scope) &&
    (config.prefsrc === 0 || info.prefsrc === config.prefsrc) &&
    (config.protocol === 0 || info.protocol === config.protocol) &&
    fitsNexthop(info, config) &&
    fitsMetrics(info, config)
  );
}

function fitsNexthop(info: FibInfo, config: RouteConfig4): boolean {
  if (config.priority !== 0 && config.priority !== info.priority) return false;
  if (config.nhId !== 0) return info.object?.id === config.nhId;
  if (info.object !== null)
    return config.oif === 0 && config.gatewayFamily === 0 && config.multipath === null;
  if (config.oif !== 0 || config.gatewayFamily !== 0) {
    const [nexthop] = info.nexthops;
    if (nexthop === undefined || (config.oif !== 0 && config.oif !== nexthop.ifindex)) return false;
    return config.gatewayFamily === 0 || isSameGateway(config, nexthop);
  }
  const { multipath } = config;
  if (multipath === null) return true;
  return (
    multipath.every((hop, index) => fitsHop(info, hop, index)) && multipath.length === info.nexthops.length
  );
}

function fitsHop(info: FibInfo, hop: NexthopConfig4, index: number): boolean {
  const nexthop = info.nexthops[index];
  if (nexthop === undefined || (hop.oif !== 0 && hop.oif !== nexthop.ifindex)) return false;
  return hop.gatewayFamily === 0 || isSameGateway(hop, nexthop);
}

function fitsMetrics(info: FibInfo, { metrics, congestion }: RouteConfig4): boolean {
  for (const [type, value] of metrics ?? []) {
    if (type !== RTAX_CC_ALGO && (info.metrics?.get(type) ?? 0) !== value) return false;
  }
  return congestion === "" || congestion === info.congestion;
}

/** Drops the routes of `among` that are dead, without a word to anybody, as the kernel does (fib_table_flush). */
export function flushDead(ip: IpNetns, among: Iterable<FibAlias>): void {
  for (const alias of [...among]) {
    if ((alias.info.flags & RTNH_F_DEAD) !== 0) leave(ip, alias);
  }
}

/** Drops the routes of `table` whose source address is gone, and tells (fib_sync_down_addr, fib_flush). */
export function flushSource(ip: IpNetns, source: number, table: number): void {
  for (const alias of [...(ip.routesBySource.get(source) ?? [])]) {
    if (alias.table.id !== table) continue;
    ip.inet.announcer.route4(ip.netns, "del", alias, 0, undefined);
    leave(ip, alias);
  }
}
