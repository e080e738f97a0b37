// Neighbour discovery messages are sent: questions for a next hop, the question whether an address is free, answers and
// announcements.
//
// Mirrors net/ipv6/ndisc.c (ndisc_send_ns, ndisc_send_na, ndisc_solicit, ndisc_send_unsol_na).

import { ipv6FromText, isIpv6Unspecified, solicitedNode } from "../../bytes/ipv6.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { IFA_F_OPTIMISTIC, IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import { DEVCONF_FORCE_TLLAO, DEVCONF_FORWARDING, DEVCONF_NDISC_TCLASS } from "../../uapi/ipv6.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import * as nd from "../../wire/nd.ts";
import * as option from "../../wire/nd-option.ts";
import type { Neighbour } from "../neigh/neighbour.ts";
import { NUD_VALID } from "../neigh/neighbour.ts";
import { APP_PROBES, UCAST_PROBES } from "../neigh/parms.ts";
import { ipNetns } from "../slots.ts";
import { findAddress6, linkLocalOf } from "./address-find.ts";
import { In6Device } from "./device.ts";
import { allocOnLink, sendOnLink, writeOnLinkHeader } from "./on-link.ts";
import { selectSource6 } from "./source.ts";

/** A nonce option's bytes: type, length, and six of the nonce. */
const nonceSize = 8;

/** ff02::1 */
export function allNodes(): Uint8Array {
  return ipv6FromText("ff02::1") ?? new Uint8Array(16);
}

/** Asks `destination` for `target`; `source` undefined takes the link-local address, and nothing is sent without one. */
export function sendSolicitation(
  dev: Device,
  target: Uint8Array,
  destination: Uint8Array,
  source: Uint8Array | undefined,
  nonce: Uint8Array | null = null,
): void {
  const from = source ?? linkLocalOf(dev, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)?.address;
  if (from === undefined) return;
  const hasAddress = !isIpv6Unspecified(from);
  const size =
    nd.ND_NEIGHBOUR_SIZE + (hasAddress ? option.ND_OPT_LL_ADDR_SIZE : 0) + (nonce === null ? 0 : nonceSize);
  const frame = allocOnLink(dev, size);
  if (frame === null) return;
  const { bytes, end, start, transportHeader: at } = frame;
  writeOnLinkHeader(frame, headerFor(dev, from, destination));
  let next = nd.emitNeighbourTarget(bytes, at, target);
  if (hasAddress)
    next = option.emitNdLinkLayerAddress(bytes, next, option.ND_OPT_SOURCE_LL_ADDR, dev.address);
  if (nonce !== null) option.emitNdNonce(bytes, next, nonce);
  writeIcmpv6(bytes, at, end, start, nd.ND_NEIGHBOUR_SOLICITATION, 0, 0);
  sendOnLink(dev, frame);
}

/** The header of a message of neighbour discovery. */
export function headerFor(dev: Device, source: Uint8Array, destination: Uint8Array) {
  const trafficClass = dev.ip6 instanceof In6Device ? dev.ip6.conf.get(DEVCONF_NDISC_TCLASS) : 0;
  return { source, destination, nextHeader: IPPROTO_ICMPV6, hopLimit: nd.ND_HOP_LIMIT, trafficClass };
}

/** How an advertisement is meant. */
export interface Advertisement {
  readonly isRouter: boolean;
  /** It answers a question. */
  readonly isSolicited: boolean;
  readonly overrides: boolean;
  /** It carries the device's hardware address. */
  readonly hasAddress: boolean;
}

/** Tells `destination` that `target` is here. */
export function sendAdvertisement(
  dev: Device,
  destination: Uint8Array,
  target: Uint8Array,
  { hasAddress, isRouter, isSolicited, overrides }: Advertisement,
): void {
  const ip = ipNetns(dev.netns);
  const own = findAddress6(ip, target, 0, dev);
  const source = own?.address ?? selectSource6(ip, dev, destination);
  if (source === undefined) return;
  const forcesAddress = dev.ip6 instanceof In6Device && dev.ip6.conf.get(DEVCONF_FORCE_TLLAO) !== 0;
  const carriesAddress = hasAddress || (own !== undefined && forcesAddress);
  const mayOverride = overrides && ((own?.flags ?? 0) & IFA_F_OPTIMISTIC) === 0;
  const frame = allocOnLink(dev, nd.ND_NEIGHBOUR_SIZE + (carriesAddress ? option.ND_OPT_LL_ADDR_SIZE : 0));
  if (frame === null) return;
  const { bytes, end, start, transportHeader: at } = frame;
  writeOnLinkHeader(frame, headerFor(dev, source, destination));
  const next = nd.emitNeighbourTarget(bytes, at, target);
  if (carriesAddress) option.emitNdLinkLayerAddress(bytes, next, option.ND_OPT_TARGET_LL_ADDR, dev.address);
  const flags =
    (isRouter ? nd.NA_ROUTER : 0) + (isSolicited ? nd.NA_SOLICITED : 0) + (mayOverride ? nd.NA_OVERRIDE : 0);
  writeIcmpv6(bytes, at, end, start, nd.ND_NEIGHBOUR_ADVERTISEMENT, 0, flags);
  sendOnLink(dev, frame);
}

/** Tells everybody on the link all addresses of the device that may be used. */
export function advertiseAll(in6Dev: In6Device): void {
  for (const { address, flags } of in6Dev.addresses) {
    if ((flags & IFA_F_TENTATIVE) !== 0 && (flags & IFA_F_OPTIMISTIC) === 0) continue;
    const isRouter = in6Dev.conf.get(DEVCONF_FORWARDING) !== 0;
    const advertisement = { isRouter, isSolicited: false, overrides: true, hasAddress: true };
    sendAdvertisement(in6Dev.dev, allNodes(), address, advertisement);
  }
}

/** Asks for a neighbour's hardware address: it alone as long as one is known, its solicited-node group after that. */
export function ndSolicit(neigh: Neighbour, waiting: Frame | null): void {
  const { dev, key, parms } = neigh;
  if (key === null) return;
  const source = waiting === null ? undefined : sourceOfWaiting(dev, waiting);
  const unicasts = parms.get(UCAST_PROBES);
  if (neigh.probes < unicasts) {
    if ((neigh.state & NUD_VALID) !== 0) sendSolicitation(dev, key, key, source);
  } else if (neigh.probes >= unicasts + parms.get(APP_PROBES)) {
    sendSolicitation(dev, key, solicitedNode(key), source);
  }
}

/** The waiting packet's source, if it is an address of the device that may be used. */
function sourceOfWaiting(dev: Device, waiting: Frame): Uint8Array | undefined {
  const own = findAddress6(ipNetns(dev.netns), waiting.bytes, waiting.networkHeader + 8, dev);
  return own !== undefined && (own.flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) === 0
    ? own.address
    : undefined;
}
