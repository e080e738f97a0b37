// Which of its addresses a host speaks with (RFC 6724 5).
//
// Mirrors net/ipv6/addrconf.c (ipv6_dev_get_saddr, ipv6_get_saddr_eval). Omitted: home addresses, preferences of sockets.

import {
  equalsIpv6,
  ipv6MulticastScope,
  ipv6SamePrefix,
  isIpv6LinkLocal,
  isIpv6Loopback,
  isIpv6Multicast,
  isIpv6SiteLocal,
} from "../../bytes/ipv6.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFA_F_DEPRECATED, IFA_F_OPTIMISTIC } from "../../uapi/if_addr.ts";
import { DEVCONF_USE_OIF_ADDRS_ONLY, DEVCONF_USE_OPTIMISTIC } from "../../uapi/ipv6.ts";
import { l3mdevMaster } from "../l3mdev.ts";
import type { IpNetns } from "../netns.ts";
import type { Ipv6Address } from "./address.ts";
import { isUsable } from "./address-find.ts";
import { In6Device } from "./device.ts";

/** Scopes in the order RFC 4007 gives them, as multicast addresses spell them. */
const scopeLink = 2;
const scopeSite = 5;
const scopeGlobal = 14;

/** What the rules ask of a candidate, the better the larger; compared in this order. */
function scoresOf(
  ip: IpNetns,
  candidate: Ipv6Address,
  dev: Device | null,
  destination: Uint8Array,
): readonly number[] {
  const scope = scopeOf(candidate.address);
  const wanted = scopeOf(destination);
  return [
    equalsIpv6(candidate.address, destination) ? 1 : 0,
    scope >= wanted ? -scope : scope - 128,
    isPreferred(candidate) ? 1 : 0,
    dev === null || candidate.dev === dev ? 1 : 0,
    ip.labels6.labelOf(candidate.address, candidate.dev.ifindex) ===
    ip.labels6.labelOf(destination, dev?.ifindex ?? 0)
      ? 1
      : 0,
    commonPrefix(candidate, destination),
  ];
}

/** The scope of an address of any kind, as a multicast address spells it. */
function scopeOf(address: Uint8Array): number {
  if (isIpv6Multicast(address)) return ipv6MulticastScope(address);
  if (isIpv6LinkLocal(address) || isIpv6Loopback(address)) return scopeLink;
  return isIpv6SiteLocal(address) ? scopeSite : scopeGlobal;
}

/** Neither deprecated nor still being tried, unless the device says that does not matter. */
function isPreferred({ dev, flags }: Ipv6Address): boolean {
  const usesOptimistic = dev.ip6 instanceof In6Device && dev.ip6.conf.get(DEVCONF_USE_OPTIMISTIC) !== 0;
  return (flags & (usesOptimistic ? IFA_F_DEPRECATED : IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)) === 0;
}

/** Leading bits that both share, at most the candidate's prefix. */
function commonPrefix({ address, prefixLength }: Ipv6Address, destination: Uint8Array): number {
  let length = 0;
  while (length < prefixLength && ipv6SamePrefix(address, destination, length + 1)) length++;
  return length;
}

/**
 * The address to speak to `destination` with, when packets leave by `dev` (null: unknown); undefined when there is none. It is
 * the address's own memory: it must not be written.
 */
export function selectSource6(
  ip: IpNetns,
  dev: Device | null,
  destination: Uint8Array,
): Uint8Array | undefined {
  const onlyOwn = dev !== null && (needsOwn(destination) || usesOwnOnly(dev));
  let best: Ipv6Address | undefined;
  let bestScores: readonly number[] = [];
  for (const candidate of onlyOwn ? addressesOf(dev) : addressesToChoose(ip, dev, destination)) {
    if (!isUsable(candidate) || isIpv6Multicast(candidate.address)) continue;
    const scores = scoresOf(ip, candidate, dev, destination);
    if (best !== undefined && !isBetter(scores, bestScores)) continue;
    best = candidate;
    bestScores = scores;
  }
  return best?.address;
}

/** Groups and link-local addresses are spoken to from the link itself. */
function needsOwn(destination: Uint8Array): boolean {
  return (
    isIpv6LinkLocal(destination) ||
    (isIpv6Multicast(destination) && ipv6MulticastScope(destination) <= scopeLink)
  );
}

function usesOwnOnly(dev: Device): boolean {
  return dev.ip6 instanceof In6Device && dev.ip6.conf.get(DEVCONF_USE_OIF_ADDRS_ONLY) !== 0;
}

function addressesOf(dev: Device): readonly Ipv6Address[] {
  return dev.ip6 instanceof In6Device ? dev.ip6.addresses : [];
}

/**
 * Every address of the VRF of `dev`, of none without one, those of `dev` first; the VRF's own and those of `dev` alone when one
 * of them reaches as far as the destination is (ipv6_get_saddr_master).
 */
function* addressesToChoose(
  ip: IpNetns,
  dev: Device | null,
  destination: Uint8Array,
): Generator<Ipv6Address, void, void> {
  const vrf = dev === null ? null : l3mdevMaster(dev);
  const nearest = [dev, vrf].filter((each, place, all) => each !== null && all.indexOf(each) === place);
  let reaches = false;
  for (const near of nearest) {
    for (const address of near === null ? [] : addressesOf(near)) {
      reaches ||= isUsable(address) && scopeOf(address.address) >= scopeOf(destination);
      yield address;
    }
  }
  if (vrf !== null && reaches) return;
  for (const other of ip.netns.devices.values()) {
    if (!nearest.includes(other) && l3mdevMaster(other) === vrf) yield* addressesOf(other);
  }
}

function isBetter(scores: readonly number[], best: readonly number[]): boolean {
  for (const [index, score] of scores.entries()) {
    const other = best[index] ?? 0;
    if (score !== other) return score > other;
  }
  return false;
}
