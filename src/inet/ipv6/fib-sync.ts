// Routes follow their devices: they go with one that goes down, are marked by one without carrier, and live again with it.
//
// Mirrors net/ipv6/route.c (rt6_sync_down_dev, rt6_sync_up, fib6_ifdown, rt6_disable_ip).

import type { Device } from "../../net/netdevice.ts";
import { RTNH_F_DEAD, RTNH_F_LINKDOWN } from "../../uapi/rtnetlink.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import { In6Device } from "./device.ts";
import type { Fib6Route } from "./fib.ts";
import { deleteRoute6 } from "./fib-change.ts";
import { rebalance6 } from "./fib-lookup.ts";
import { compareInTree } from "./fib-tree.ts";

/** The device went down, or goes away: its routes go, in the order of tables and their trees, and users are told. */
export function flushDevice(dev: Device, isGoing: boolean): void {
  if (!(dev.ip6 instanceof In6Device)) return;
  const ip = ipNetns(dev.netns);
  const routes = [...dev.ip6.routes].sort(
    (one, other) => (one.table.id & 0xff) - (other.table.id & 0xff) || compareInTree(one, other),
  );
  for (const route of routes) {
    if (!route.isInserted) continue;
    if (!isGoing && route.siblings !== null) killSibling(ip, route, dev);
    else remove(ip, route);
  }
}

function remove(ip: IpNetns, route: Fib6Route): void {
  deleteRoute6(ip, route, { isSilent: ip.tunables.skipNotifyOnDevDown !== 0 });
}

/** One of several next hops is dead; when all are, the route goes. */
function killSibling(ip: IpNetns, route: Fib6Route, dev: Device): void {
  const siblings = route.siblings ?? [];
  const isLast = siblings.every((sibling) => sibling.dev === dev || (sibling.flags & RTNH_F_DEAD) !== 0);
  if (isLast) {
    for (const sibling of [...siblings]) remove(ip, sibling);
    return;
  }
  route.flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
  rebalance6(route);
}

/** The device lost its carrier. */
export function syncDown6(dev: Device): void {
  if (!(dev.ip6 instanceof In6Device)) return;
  for (const route of dev.ip6.routes) {
    if (route.isLocal || route.isAnycast || route.isReject) continue;
    route.flags |= RTNH_F_LINKDOWN;
    rebalance6(route);
  }
}

/** The device is up (`flag` RTNH_F_DEAD) or has carrier again (RTNH_F_LINKDOWN). */
export function syncUp6(dev: Device, flag: number): void {
  if (!(dev.ip6 instanceof In6Device)) return;
  const cleared = flag === RTNH_F_DEAD && dev.hasCarrier ? flag | RTNH_F_LINKDOWN : flag;
  for (const route of dev.ip6.routes) {
    route.flags &= ~cleared;
    rebalance6(route);
  }
}
