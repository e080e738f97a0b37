// Routes follow their devices: what leads through one that goes down is dead and goes, what leads through one without
// carrier is marked so, and what comes back lives again.
//
// Mirrors net/ipv4/fib_semantics.c (fib_sync_down_dev, fib_sync_up).

import type { Device } from "../../net/netdevice.ts";
import { IFF_UP } from "../../uapi/if.ts";
import { RT_SCOPE_NOWHERE, RTNH_F_DEAD, RTNH_F_LINKDOWN } from "../../uapi/rtnetlink.ts";
import { ipNetns } from "../slots.ts";
import { InDevice } from "./device.ts";
import { flushDead } from "./fib-change.ts";
import { rebalance } from "./fib-lookup.ts";

/** What a device lost: it is down, it has no address any more, or it goes away. */
export type Loss = "flags" | "addresses" | "everything";

/** The device went down; with its addresses local routes go too, and with all of it every route that also leads through it. */
export function syncDown(dev: Device, loss: Loss): void {
  if (!(dev.ip instanceof InDevice)) return;
  const { routes } = dev.ip;
  for (const { info } of routes) {
    let dead = 0;
    for (const nexthop of info.nexthops) {
      if (nexthop.dev === dev && (loss !== "flags" || nexthop.scope !== RT_SCOPE_NOWHERE))
        nexthop.flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
      if ((nexthop.flags & RTNH_F_DEAD) !== 0) dead++;
    }
    const isGone = loss === "everything" && info.nexthops.some((nexthop) => nexthop.dev === dev);
    if (dead === info.nexthops.length || isGone) info.flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
    rebalance(info);
  }
  flushDead(ipNetns(dev.netns), routes);
}

/** The device lost its carrier. */
export function syncLinkdown(dev: Device): void {
  if (!(dev.ip instanceof InDevice)) return;
  for (const { info } of dev.ip.routes) {
    let down = 0;
    for (const nexthop of info.nexthops) {
      if (nexthop.dev === dev && nexthop.scope !== RT_SCOPE_NOWHERE) nexthop.flags |= RTNH_F_LINKDOWN;
      if ((nexthop.flags & (RTNH_F_LINKDOWN | RTNH_F_DEAD)) !== 0) down++;
    }
    if (down === info.nexthops.length) info.flags |= RTNH_F_LINKDOWN;
    rebalance(info);
  }
}

/** The device is up (`flag` RTNH_F_DEAD) or has carrier again (RTNH_F_LINKDOWN). */
export function syncUp(dev: Device, flag: number): void {
  if ((dev.flags & IFF_UP) === 0 || !(dev.ip instanceof InDevice)) return;
  const cleared = dev.hasCarrier ? flag | RTNH_F_LINKDOWN : flag;
  for (const { info } of dev.ip.routes) {
    let alive = 0;
    for (const nexthop of info.nexthops) {
      if ((nexthop.flags & cleared) === 0) alive++;
      else if (nexthop.dev !== null && (nexthop.dev.flags & IFF_UP) !== 0 && nexthop.dev === dev) {
        alive++;
        nexthop.flags &= ~cleared;
      }
    }
    if (alive > 0) info.flags &= ~cleared;
    rebalance(info);
  }
}
