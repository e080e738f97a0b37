// A host that has got its link-local address asks for routers, less and less often, until one tells of itself (RFC 4861 6.3.7,
// RFC 7559).
//
// Mirrors net/ipv6/addrconf.c (addrconf_rs_timer, rfc3315_s14_backoff_*) and net/ipv6/ndisc.c (ndisc_send_rs).

import { isIpv6Unspecified } from "../../bytes/ipv6.ts";
import type { Random } from "../../net/random.ts";
import { randomBelow } from "../../net/random.ts";
import { IFF_LOOPBACK } from "../../uapi/if.ts";
import { IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { IPPROTO_ICMPV6 } from "../../uapi/in6.ts";
import * as conf from "../../uapi/ipv6.ts";
import { writeIcmpv6 } from "../../wire/icmpv6.ts";
import * as nd from "../../wire/nd.ts";
import * as option from "../../wire/nd-option.ts";
import { linkLocalOf } from "./address-find.ts";
import type { In6Device } from "./device.ts";
import { allocOnLink, sendOnLink, writeOnLinkHeader } from "./on-link.ts";

const MS = 1_000_000;
const million = 1_000_000;

/** ff02::2 */
export function allRouters(): Uint8Array {
  const address = new Uint8Array(16);
  address[0] = 0xff;
  address[1] = 0x02;
  address[15] = 2;
  return address;
}

/** Whether a device takes advertisements in: as a router only if that is set to 2 (ipv6_accept_ra). */
export function acceptsAdvertisements({ conf: own }: In6Device): boolean {
  const accepts = own.get(conf.DEVCONF_ACCEPT_RA);
  return own.get(conf.DEVCONF_FORWARDING) !== 0 ? accepts === 2 : accepts !== 0;
}

/** Asks at once, and sets the time for asking again: the link-local address can be used from now on. */
export function startSolicitations(in6Dev: In6Device): void {
  const { conf: own, dev } = in6Dev;
  if (!acceptsAdvertisements(in6Dev) || own.get(conf.DEVCONF_RTR_SOLICITS) === 0) return;
  if ((dev.flags & IFF_LOOPBACK) !== 0 || !solicit(in6Dev)) return;
  const { random, timers } = dev.machine;
  const interval = own.get(conf.DEVCONF_RTR_SOLICIT_INTERVAL);
  // The first wait is drawn from 0.9 to 1.1 of the interval.
  in6Dev.solicitIntervalMs = Math.floor((interval * (900_000 + randomBelow(random, 200_001))) / million);
  in6Dev.solicitations = 1;
  in6Dev.hasSolicited = true;
  in6Dev.isAdvertised = false;
  in6Dev.solicitTimer ??= timers.timer(() => solicitAgain(in6Dev));
  in6Dev.solicitTimer.start(in6Dev.solicitIntervalMs * MS);
}

/** Asks no more: the device is down. */
export function stopSolicitations(in6Dev: In6Device): void {
  in6Dev.solicitTimer?.stop();
  in6Dev.hasSolicited = false;
  in6Dev.isAdvertised = false;
}

function solicitAgain(in6Dev: In6Device): void {
  const { conf: own } = in6Dev;
  if (!in6Dev.isReady || !acceptsAdvertisements(in6Dev) || in6Dev.isAdvertised) return;
  const limit = own.get(conf.DEVCONF_RTR_SOLICITS);
  const isAllowed = in6Dev.solicitations < limit || limit < 0;
  in6Dev.solicitations++;
  if (!isAllowed || !solicit(in6Dev)) return;
  const largest = own.get(conf.DEVCONF_RTR_SOLICIT_MAX_INTERVAL);
  in6Dev.solicitIntervalMs = backOff(in6Dev.dev.machine.random, in6Dev.solicitIntervalMs, largest);
  const isLast = in6Dev.solicitations === limit;
  const waitMs = isLast ? own.get(conf.DEVCONF_RTR_SOLICIT_DELAY) : in6Dev.solicitIntervalMs;
  in6Dev.solicitTimer?.start(waitMs * MS);
}

/** About twice the time, at most about `largest` (RFC 3315 14). */
function backOff(random: Random, lastMs: number, largest: number): number {
  const next = Math.floor((lastMs * (1_900_000 + randomBelow(random, 200_001))) / million);
  if (largest === 0 || next <= largest) return next;
  return Math.floor((largest * (900_000 + randomBelow(random, 200_001))) / million);
}

/** Sends one solicitation; false when there is no address to send it from. */
function solicit({ conf: own, dev }: In6Device): boolean {
  const source = linkLocalOf(dev, IFA_F_TENTATIVE)?.address;
  if (source === undefined) return false;
  const hasAddress = !isIpv6Unspecified(source);
  const size = nd.ND_ROUTER_SOLICITATION_SIZE + (hasAddress ? option.ND_OPT_LL_ADDR_SIZE : 0);
  const frame = allocOnLink(dev, size);
  if (frame === null) return true;
  const { bytes, end, start, transportHeader: at } = frame;
  writeOnLinkHeader(frame, {
    source,
    destination: allRouters(),
    nextHeader: IPPROTO_ICMPV6,
    hopLimit: nd.ND_HOP_LIMIT,
    trafficClass: own.get(conf.DEVCONF_NDISC_TCLASS),
  });
  const options = at + nd.ND_ROUTER_SOLICITATION_SIZE;
  if (hasAddress) option.emitNdLinkLayerAddress(bytes, options, option.ND_OPT_SOURCE_LL_ADDR, dev.address);
  writeIcmpv6(bytes, at, end, start, nd.ND_ROUTER_SOLICITATION, 0, 0);
  sendOnLink(dev, frame);
  return true;
}
