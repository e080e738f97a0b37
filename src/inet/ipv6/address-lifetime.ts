// Addresses and routes with a lifetime: an address is deprecated when its preferred one ends, gone when its valid one does; a
// route goes at its end.
//
// Mirrors net/ipv6/addrconf.c (addrconf_verify_rtnl, inet6_fill_ifaddr's lifetimes) and net/ipv6/ip6_fib.c (fib6_age). The
// kernel collects routes every 30 s; here each device has a timer for the next end.

import { IFA_F_DEPRECATED, IFA_F_PERMANENT } from "../../uapi/if_addr.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import { deleteAddress6 } from "./address-delete.ts";
import { tellAddress } from "./address-notify.ts";
import type { In6Device } from "./device.ts";
import { deleteRoute6 } from "./fib-change.ts";

const S = 1_000_000_000;
const forever = 0xffff_ffff;

/** What is left of the lifetimes, in whole seconds, as netlink shows it. */
export function remainingLifetime6(address: Ipv6Address): {
  readonly validS: number;
  readonly preferredS: number;
} {
  const { preferredS, validS } = address;
  if (preferredS === forever) {
    return (address.flags & IFA_F_PERMANENT) !== 0 ? { validS: forever, preferredS } : { validS, preferredS };
  }
  const age = Math.floor((address.dev.machine.clock.now() - address.updatedNs) / S);
  return {
    validS: validS === forever ? forever : Math.max(validS - age, 0),
    preferredS: Math.max(preferredS - age, 0),
  };
}

/** Sets the device's timer to the next end of an address or a route. */
export function scheduleLifetimes6(in6Dev: In6Device): void {
  let next = Number.POSITIVE_INFINITY;
  for (const address of in6Dev.addresses) next = Math.min(next, nextEnd(address));
  for (const { expiresNs } of in6Dev.routes) if (expiresNs < next) next = expiresNs;
  if (next === Number.POSITIVE_INFINITY) {
    in6Dev.lifetimeTimer?.stop();
    return;
  }
  const { clock, timers } = in6Dev.dev.machine;
  in6Dev.lifetimeTimer ??= timers.timer(() => checkLifetimes(in6Dev));
  in6Dev.lifetimeTimer.start(Math.max(next - clock.now(), 0));
}

function nextEnd({ flags, preferredS, updatedNs, validS }: Ipv6Address): number {
  const preferred =
    (flags & IFA_F_DEPRECATED) !== 0 || preferredS === forever ? Number.POSITIVE_INFINITY : preferredS;
  const valid = validS === forever ? Number.POSITIVE_INFINITY : validS;
  return updatedNs + Math.min(preferred, valid) * S;
}

function checkLifetimes(in6Dev: In6Device): void {
  const now = in6Dev.dev.machine.clock.now();
  for (const address of [...in6Dev.addresses]) {
    const ageNs = now - address.updatedNs;
    if (address.validS !== forever && ageNs >= address.validS * S) deleteAddress6(in6Dev, address);
    else if (address.preferredS !== forever && ageNs >= address.preferredS * S) deprecate(address);
  }
  const ip = ipNetns(in6Dev.dev.netns);
  for (const route of [...in6Dev.routes]) if (route.expiresNs <= now) deleteRoute6(ip, route);
  scheduleLifetimes6(in6Dev);
}

function deprecate(address: Ipv6Address): void {
  if ((address.flags & IFA_F_DEPRECATED) !== 0) return;
  address.flags |= IFA_F_DEPRECATED;
  tellAddress(address);
}
