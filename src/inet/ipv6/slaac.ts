// A router tells of a prefix: it is on the link, and a host makes itself an address in it (RFC 4862 5.5).
//
// Mirrors net/ipv6/addrconf.c (addrconf_prefix_rcv, addrconf_prefix_rcv_add_addr). Omitted: temporary addresses (RFC 8981).

import { isIpv6LinkLocal, isIpv6Multicast, isIpv6Unspecified, linkLocalFromMac } from "../../bytes/ipv6.ts";
import {
  IFA_F_DEPRECATED,
  IFA_F_MANAGETEMPADDR,
  IFA_F_OPTIMISTIC,
  IFA_F_STABLE_PRIVACY,
  IFA_F_TENTATIVE,
  IFAPROT_KERNEL_RA,
} from "../../uapi/if_addr.ts";
import * as link from "../../uapi/if_link.ts";
import * as conf from "../../uapi/ipv6.ts";
import type { PrefixInfo } from "../../wire/nd-option.ts";
import { PREFIX_AUTONOMOUS, PREFIX_ON_LINK } from "../../wire/nd-option.ts";
import { ipNetns } from "../slots.ts";
import { addAdvertisedAddress } from "./address-add.ts";
import { findAddress6 } from "./address-find.ts";
import { scheduleLifetimes6 } from "./address-lifetime.ts";
import { tellAddress } from "./address-notify.ts";
import { CONF_RA_HONOR_PIO_LIFE, CONF_RA_HONOR_PIO_PFLAG } from "./conf.ts";
import { allowsOptimistic } from "./dad.ts";
import type { In6Device } from "./device.ts";
import { writeStableAddress } from "./link-local.ts";
import { takeOnLinkPrefix } from "./prefix-route.ts";
import { hasTooManyRoutes } from "./ra-route.ts";

const S = 1_000_000_000;
const identifierPrefix = 64;
/** A lifetime is not cut below two hours by an advertisement alone (RFC 4862 5.5.3 e). */
const leastValidS = 7_200;
/** The prefix is for whole networks: hosts are to ask for one of their own instead (RFC 9762). */
const PREFIX_PREFERS_DELEGATION = 0x10;

/** Takes a prefix; `hasAddress` when the router told its hardware address, without which no address may be used early. */
export function takePrefix(in6Dev: In6Device, info: PrefixInfo, hasAddress: boolean): void {
  const { prefix, preferredS, validS } = info;
  if (isIpv6Multicast(prefix) || isIpv6LinkLocal(prefix) || preferredS > validS) return;
  if (validS !== 0 && validS < in6Dev.conf.get(conf.DEVCONF_ACCEPT_RA_MIN_LFT)) return;
  if ((info.flags & PREFIX_ON_LINK) !== 0) {
    takeOnLinkPrefix(in6Dev, info, hasTooManyRoutes(in6Dev));
    scheduleLifetimes6(in6Dev);
  }
  const isIgnored =
    in6Dev.conf.get(CONF_RA_HONOR_PIO_PFLAG) !== 0 && (info.flags & PREFIX_PREFERS_DELEGATION) !== 0;
  const isAutonomous = (info.flags & PREFIX_AUTONOMOUS) !== 0 && in6Dev.conf.get(conf.DEVCONF_AUTOCONF) !== 0;
  if (isAutonomous && !isIgnored && !configure(in6Dev, info, hasAddress)) return;
  ipNetns(in6Dev.dev.netns).inet.announcer.prefix6(in6Dev.dev, info);
}

/** Makes an address in the prefix, or renews it; false when there can be none. */
function configure(in6Dev: In6Device, info: PrefixInfo, hasAddress: boolean): boolean {
  if (info.prefixLength !== identifierPrefix) return false;
  const made = addressIn(in6Dev, info.prefix);
  if (made === undefined) return false;
  const { dev } = in6Dev;
  const ip = ipNetns(dev.netns);
  let address = findAddress6(ip, made.address, 0, dev);
  const isNew = address === undefined;
  if (address === undefined && info.validS !== 0) {
    const limit = in6Dev.conf.get(conf.DEVCONF_MAX_ADDRESSES);
    if (limit !== 0 && in6Dev.addresses.length >= limit) return false;
    const optimistic = hasAddress && allowsOptimistic(dev, in6Dev) ? IFA_F_OPTIMISTIC : 0;
    address = addAdvertisedAddress(in6Dev, {
      address: made.address,
      peer: undefined,
      prefixLength: info.prefixLength,
      flags: made.flags | optimistic | IFA_F_MANAGETEMPADDR,
      metric: 0,
      protocol: IFAPROT_KERNEL_RA,
      validS: info.validS,
      preferredS: info.preferredS,
    });
    if (address === undefined) return false;
  }
  if (address === undefined) return true;
  const now = dev.machine.clock.now();
  const storedS = Math.max(address.validS - Math.floor((now - address.updatedNs) / S), 0);
  if (!isNew && storedS !== 0) {
    const honours = in6Dev.conf.get(CONF_RA_HONOR_PIO_LIFE) !== 0;
    address.validS = honours ? info.validS : Math.max(info.validS, Math.min(storedS, leastValidS));
    address.preferredS = info.preferredS;
    address.updatedNs = now;
    address.flags &= ~IFA_F_DEPRECATED;
    if ((address.flags & IFA_F_TENTATIVE) === 0) tellAddress(address);
  }
  scheduleLifetimes6(in6Dev);
  return true;
}

/** The address in a prefix of 64 bits: by the device's token, a secret, or its hardware address. */
function addressIn(
  in6Dev: In6Device,
  prefix: Uint8Array,
): { readonly address: Uint8Array; readonly flags: number } | undefined {
  const { dev, token } = in6Dev;
  const address = new Uint8Array(16);
  address.set(prefix.subarray(0, 8));
  if (token !== null && !isIpv6Unspecified(token)) {
    address.set(token.subarray(8), 8);
    return { address, flags: 0 };
  }
  const mode = in6Dev.conf.get(conf.DEVCONF_ADDR_GEN_MODE);
  const isStable = mode === link.IN6_ADDR_GEN_MODE_STABLE_PRIVACY || mode === link.IN6_ADDR_GEN_MODE_RANDOM;
  if (isStable && writeStableAddress(in6Dev, address)) return { address, flags: IFA_F_STABLE_PRIVACY };
  address.set(linkLocalFromMac(dev.address).subarray(8), 8);
  return { address, flags: 0 };
}
