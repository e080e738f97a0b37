// Before an address is used, the link is asked whether it is free (RFC 4862 5.4; RFC 4429 for optimistic addresses, RFC 7527
// for the nonce).
//
//   pre-dad ──start──▶ dad ──no answer──▶ post-dad: usable
//                       └──somebody has it──▶ failed
//
// Mirrors net/ipv6/addrconf.c (addrconf_dad_start, addrconf_dad_work, addrconf_dad_failure, addrconf_dad_completed).

import { equalsIpv6, linkLocalFromMac, solicitedNode } from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { randomBelow } from "../../net/random.ts";
import { IFF_LOOPBACK, IFF_NOARP } from "../../uapi/if.ts";
import * as ifa from "../../uapi/if_addr.ts";
import * as conf from "../../uapi/ipv6.ts";
import { RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import { RETRANS_TIME_MS } from "../neigh/parms.ts";
import { ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import { deleteAddress6 } from "./address-delete.ts";
import { addressUp, insertHostRoute, tellAddress } from "./address-notify.ts";
import { In6Device } from "./device.ts";
import { mldReporterOf } from "./mld.ts";
import { joinSolicitedNode } from "./multicast.ts";
import { allNodes, sendAdvertisement, sendSolicitation } from "./nd-send.ts";
import { startSolicitations } from "./rs-send.ts";

const MS = 1_000_000;
/** The shortest time between two solicitations: 10 ms. */
const leastDelayNs = 10 * MS;
const nonceLength = 6;
const trialFlags = ifa.IFA_F_TENTATIVE | ifa.IFA_F_OPTIMISTIC | ifa.IFA_F_DADFAILED;

/** Starts on an address: asks for it, or has it used at once where that is not needed. */
export function startDad(in6Dev: In6Device, address: Ipv6Address): void {
  if (address.state === "dead") return;
  joinSolicitedNode(in6Dev, address.address);
  address.state = "dad";
  if (!needsDad(in6Dev, address)) return succeed(in6Dev, address);
  if (!in6Dev.isReady) return stop(in6Dev, address, false);
  if ((address.flags & ifa.IFA_F_OPTIMISTIC) !== 0) insertHostRoute(address);
  kick(in6Dev, address);
  if ((address.flags & ifa.IFA_F_OPTIMISTIC) !== 0 && isSet(in6Dev, conf.DEVCONF_USE_OPTIMISTIC))
    tellAddress(address);
}

function needsDad(in6Dev: In6Device, { dev, flags }: Ipv6Address): boolean {
  const all = ipNetns(dev.netns).all6[conf.DEVCONF_ACCEPT_DAD] ?? 0;
  if ((dev.flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0) return false;
  if (all < 1 && in6Dev.conf.get(conf.DEVCONF_ACCEPT_DAD) < 1) return false;
  return (flags & ifa.IFA_F_TENTATIVE) !== 0 && (flags & ifa.IFA_F_NODAD) === 0;
}

/** A setting that counts when it is set for all devices or for this one. */
function isSet(in6Dev: In6Device, index: number): boolean {
  return (ipNetns(in6Dev.dev.netns).all6[index] ?? 0) !== 0 || in6Dev.conf.get(index) !== 0;
}

/** Goes on with addresses that waited for their device to be ready (addrconf_dad_run). */
export function runDad(in6Dev: In6Device): void {
  for (const address of [...in6Dev.addresses]) {
    if ((address.flags & ifa.IFA_F_TENTATIVE) !== 0 && address.state === "dad") kick(in6Dev, address);
  }
}

/** Sets the first question to a random time, so that hosts that start together do not ask together. */
function kick(in6Dev: In6Device, address: Ipv6Address): void {
  const { random, timers } = in6Dev.dev.machine;
  const isOptimistic = (address.flags & ifa.IFA_F_OPTIMISTIC) !== 0;
  const latestMs = Math.max(in6Dev.conf.get(conf.DEVCONF_RTR_SOLICIT_DELAY), 1);
  address.dadNonce = null;
  if (isSet(in6Dev, conf.DEVCONF_ENHANCED_DAD)) {
    address.dadNonce = Uint8Array.from({ length: nonceLength }, () => random.u32() & 0xff);
  }
  address.dadProbes = in6Dev.conf.get(conf.DEVCONF_DAD_TRANSMITS);
  address.dadTimer ??= timers.timer(() => step(address));
  address.dadTimer.start(isOptimistic ? 0 : randomBelow(random, latestMs) * MS);
}

/** Asks once more, or has the address used when nobody answered. */
function step(address: Ipv6Address): void {
  const in6Dev = address.dev.ip6;
  if (!(in6Dev instanceof In6Device) || !in6Dev.isReady || address.state !== "dad") return;
  if (address.dadProbes <= 0) return succeed(in6Dev, address);
  address.dadProbes--;
  address.dadTimer?.start(Math.max(in6Dev.parms.timeNs(RETRANS_TIME_MS), leastDelayNs));
  const { address: target, dadNonce, dev } = address;
  sendSolicitation(dev, target, solicitedNode(target), new Uint8Array(16), dadNonce);
}

/** The address is this host's from now on (addrconf_dad_completed). */
function succeed(in6Dev: In6Device, address: Ipv6Address): void {
  const { dev } = address;
  const wasTried = (address.flags & (ifa.IFA_F_TENTATIVE | ifa.IFA_F_OPTIMISTIC)) === ifa.IFA_F_TENTATIVE;
  address.flags &= ~trialFlags;
  address.state = "post-dad";
  address.dadTimer?.stop();
  addressUp(in6Dev, address);
  if (address.scope === RT_SCOPE_LINK && isOnlyLinkLocal(in6Dev)) {
    mldReporterOf(in6Dev).repeatAll();
    startSolicitations(in6Dev);
  }
  if (!wasTried || !isSet(in6Dev, conf.DEVCONF_NDISC_NOTIFY)) return;
  const isRouter = in6Dev.conf.get(conf.DEVCONF_FORWARDING) !== 0;
  const advertisement = { isRouter, isSolicited: false, overrides: true, hasAddress: true };
  sendAdvertisement(dev, allNodes(), address.address, advertisement);
}

/** Whether the device has just got its first link-local address that may be used (ipv6_lonely_lladdr). */
function isOnlyLinkLocal({ addresses }: In6Device): boolean {
  const usable = addresses.filter(
    ({ flags, scope }) => scope === RT_SCOPE_LINK && (flags & trialFlags) === 0,
  );
  return usable.length === 1;
}

/** Somebody else has the address, or wants it too (addrconf_dad_failure). */
export function failDad(address: Ipv6Address): void {
  const in6Dev = address.dev.ip6;
  if (!(in6Dev instanceof In6Device) || address.state !== "dad") return;
  address.state = "failed";
  const disables = Math.max(
    ipNetns(address.dev.netns).all6[conf.DEVCONF_ACCEPT_DAD] ?? 0,
    in6Dev.conf.get(conf.DEVCONF_ACCEPT_DAD),
  );
  stop(in6Dev, address, true);
  if (disables > 1 && isDerivedFromMac(address)) in6Dev.conf.set(conf.DEVCONF_DISABLE_IPV6, 1);
}

/** Whether the address stands for the device's own hardware address: then two of those are the same. */
function isDerivedFromMac({ address, dev, flags }: Ipv6Address): boolean {
  return (flags & ifa.IFA_F_STABLE_PRIVACY) === 0 && equalsIpv6(address, linkLocalFromMac(dev.address));
}

/** Leaves an address tentative; one with a lifetime that was refused goes (addrconf_dad_stop). */
function stop(in6Dev: In6Device, address: Ipv6Address, hasFailed: boolean): void {
  if (hasFailed) address.flags |= ifa.IFA_F_DADFAILED;
  if (hasFailed && (address.flags & ifa.IFA_F_PERMANENT) === 0) return deleteAddress6(in6Dev, address);
  address.dadTimer?.stop();
  address.flags |= ifa.IFA_F_TENTATIVE;
  if (!hasFailed) return;
  address.flags &= ~ifa.IFA_F_OPTIMISTIC;
  tellAddress(address);
}

/** Whether addresses may be used while they are being tried: not on a router (ipv6_allow_optimistic_dad). */
export function allowsOptimistic(dev: Device, in6Dev: In6Device): boolean {
  const { all6 } = ipNetns(dev.netns);
  return (all6[conf.DEVCONF_FORWARDING] ?? 0) === 0 && isSet(in6Dev, conf.DEVCONF_OPTIMISTIC_DAD);
}
