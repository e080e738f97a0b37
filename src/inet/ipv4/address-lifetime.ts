// Addresses with a lifetime: deprecated when the preferred one ends, gone when the valid one does.
//
// Mirrors net/ipv4/devinet.c (set_ifa_lifetime, check_lifetime, inet_fill_ifaddr's lifetimes). The kernel looks once a
// second for all; here each device has a timer for the next end.

import { IFA_F_DEPRECATED, IFA_F_PERMANENT } from "../../uapi/if_addr.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv4Address } from "./address.ts";
import { FOREVER } from "./address.ts";
import type { InDevice } from "./device.ts";

const S = 1_000_000_000;

/** Sets lifetimes in seconds, counted from now on; FOREVER has no end. */
export function setLifetime(address: Ipv4Address, validS: number, preferredS: number): void {
  const now = address.dev.machine.clock.now();
  address.flags &= ~(IFA_F_PERMANENT | IFA_F_DEPRECATED);
  address.validS = validS;
  address.preferredS = preferredS;
  if (validS === FOREVER) address.flags |= IFA_F_PERMANENT;
  if (preferredS === 0) address.flags |= IFA_F_DEPRECATED;
  address.updatedNs = now;
  if (address.createdNs === 0) address.createdNs = now;
}

/** What is left of the lifetimes, in whole seconds, as netlink shows it. */
export function remainingLifetime(address: Ipv4Address): {
  readonly validS: number;
  readonly preferredS: number;
} {
  if ((address.flags & IFA_F_PERMANENT) !== 0) return { validS: FOREVER, preferredS: FOREVER };
  const { preferredS, validS } = address;
  if (preferredS === FOREVER) return { validS, preferredS };
  const age = Math.floor((address.dev.machine.clock.now() - address.updatedNs) / S);
  return {
    validS: validS === FOREVER ? FOREVER : Math.max(validS - age, 0),
    preferredS: Math.max(preferredS - age, 0),
  };
}

/** Sets the device's timer to the next end of a lifetime; `expire` takes an address off whose time is up. */
export function scheduleLifetimes(
  inDev: InDevice,
  expire: (inDev: InDevice, address: Ipv4Address) => void,
): void {
  const now = inDev.dev.machine.clock.now();
  const next = Math.min(...inDev.addresses.map(nextEnd));
  if (next === Number.POSITIVE_INFINITY) {
    inDev.lifetimeTimer?.stop();
    return;
  }
  inDev.lifetimeTimer ??= inDev.dev.machine.timers.timer(() => checkLifetimes(inDev, expire));
  inDev.lifetimeTimer.start(Math.max(next - now, 0));
}

function nextEnd(address: Ipv4Address): number {
  if ((address.flags & IFA_F_PERMANENT) !== 0) return Number.POSITIVE_INFINITY;
  const isDeprecated = (address.flags & IFA_F_DEPRECATED) !== 0;
  const preferred =
    isDeprecated || address.preferredS === FOREVER ? Number.POSITIVE_INFINITY : address.preferredS;
  return address.updatedNs + Math.min(preferred, address.validS) * S;
}

function checkLifetimes(inDev: InDevice, expire: (inDev: InDevice, address: Ipv4Address) => void): void {
  const now = inDev.dev.machine.clock.now();
  for (const address of [...inDev.addresses]) {
    if ((address.flags & IFA_F_PERMANENT) !== 0 || !inDev.addresses.includes(address)) continue;
    const ageNs = now - address.updatedNs;
    if (ageNs >= address.validS * S) expire(inDev, address);
    else if (ageNs >= address.preferredS * S && (address.flags & IFA_F_DEPRECATED) === 0) {
      address.flags |= IFA_F_DEPRECATED;
      ipNetns(address.dev.netns).inet.announcer.address4("new", address, undefined);
    }
  }
  scheduleLifetimes(inDev, expire);
}
