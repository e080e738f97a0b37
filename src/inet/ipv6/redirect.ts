// Redirects of neighbour discovery: a router tells a sender on its own link of a router, or of the destination itself, that is on
// that link too; a host that hears so from the router it uses goes there (RFC 4861 4.5, 8).
//
// Mirrors net/ipv6/ndisc.c (ndisc_redirect_rcv, ndisc_send_redirect), net/ipv6/route.c (rt6_do_redirect) and
// net/ipv6/ip6_output.c (ip6_forward). Omitted: forgetting one when its neighbour is seen to be no router.

import { equalsIpv6, ipv6ToText, isIpv6LinkLocal, isIpv6Multicast } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { DEVCONF_ACCEPT_REDIRECTS, DEVCONF_FORWARDING } from "../../uapi/ipv6.ts";
import { NUD_STALE } from "../../uapi/neighbour.ts";
import { icmpv6Code, writeIcmpv6 } from "../../wire/icmpv6.ts";
import { IPV6_DESTINATION, IPV6_HEADER_SIZE, IPV6_SOURCE, ipv6HopLimit } from "../../wire/ipv6.ts";
import * as nd from "../../wire/nd.ts";
import * as option from "../../wire/nd-option.ts";
import { NUD_VALID } from "../neigh/neighbour.ts";
import { neighUpdate } from "../neigh/update.ts";
import type { IpNetns } from "../netns.ts";
import { in6Device, ipNetns } from "../slots.ts";
import { linkLocalOf } from "./address-find.ts";
import { headerFor } from "./nd-send.ts";
import { findNeighbour6, neighbour6For } from "./neighbour.ts";
import { allocOnLink, sendOnLink, writeOnLinkHeader } from "./on-link.ts";
import { Route6, routeOutput6 } from "./route.ts";

const S = 1_000_000_000;
/** A sender, and the router it is told of, get one a second (inet_peer_xrlim_allow). */
const intervalNs = S;
/** No redirect is longer than what every link takes. */
const maxSize = 1_280;
const headerOption = 8;

/** Takes a redirect, whose `start` is at its ICMPv6 header. Takes ownership. */
export function redirectReceive(frame: Frame, dev: Device): void {
  const { bytes, end, networkHeader, start } = frame;
  const in6Dev = in6Device(dev);
  const teller = networkHeader + IPV6_SOURCE;
  const isSound = ipv6HopLimit(bytes, networkHeader) === nd.ND_HOP_LIMIT && icmpv6Code(bytes, start) === 0;
  if (in6Dev === null || !isSound || end - start < nd.ND_REDIRECT_SIZE) return drop(frame, "bad-header");
  const options = option.parseNdOptions(bytes, start + nd.ND_REDIRECT_SIZE, end);
  if (options === undefined || !isIpv6LinkLocal(bytes, teller)) return drop(frame, "bad-source");
  const accepts =
    in6Dev.conf.get(DEVCONF_FORWARDING) === 0 && in6Dev.conf.get(DEVCONF_ACCEPT_REDIRECTS) !== 0;
  if (accepts) {
    const holder = options.find(({ type }) => type === option.ND_OPT_TARGET_LL_ADDR);
    const lladdr = holder === undefined ? undefined : option.ndLinkLayerAddress(bytes, holder);
    const target = nd.ndTarget(bytes, start);
    const destination = nd.ndRedirectDestination(bytes, start);
    const isHeard = holder === undefined || lladdr !== undefined;
    if (isHeard) take(ipNetns(dev.netns), dev, bytes.slice(teller, teller + 16), target, destination, lladdr);
  }
  frame.pool.free(frame);
}

/** Goes to `target` for `destination` from now on, if it is `teller` that is gone to now (rt6_do_redirect). */
function take(
  ip: IpNetns,
  dev: Device,
  teller: Uint8Array,
  target: Uint8Array,
  destination: Uint8Array,
  lladdr: number | undefined,
): void {
  const isOnLink = equalsIpv6(target, destination);
  if (isIpv6Multicast(destination) || isIpv6Multicast(target)) return;
  if (!isOnLink && !isIpv6LinkLocal(target)) return;
  const route = new Route6();
  route.destination.set(destination);
  route.oif = dev.ifindex;
  const isFound = routeOutput6(ip, route) && route.dev === dev;
  const via = route.route?.gateway ?? null;
  if (!isFound || via === null || !equalsIpv6(route.nexthop, teller)) return;
  const neigh = neighbour6For(ip, dev, target, 0);
  if (neigh === null) return;
  const isRouter = isOnLink ? {} : { isRouter: true };
  neighUpdate(neigh, { lladdr, state: NUD_STALE, overrides: true, weaklyOverrides: true, ...isRouter });
  ip.redirects6.learn(ipv6ToText(destination), { gateway: target, via, dev });
  ip.routeGeneration++;
}

/** Tells the sender of a packet, which stays the caller's and leaves by the device it came in on (ndisc_send_redirect). */
export function sendRedirect6(ip: IpNetns, frame: Frame, route: Route6, dev: Device): void {
  const { bytes, end, start } = frame;
  const sender = start + IPV6_SOURCE;
  const destination = bytes.slice(start + IPV6_DESTINATION, start + IPV6_HEADER_SIZE);
  const target = route.nexthop.slice(route.nexthopOffset, route.nexthopOffset + 16);
  const source = linkLocalOf(dev, IFA_F_TENTATIVE)?.address;
  if (source === undefined || (!equalsIpv6(target, destination) && !isIpv6LinkLocal(target))) return;
  if (!ip.limits.allowTo(ipv6ToText(destination), intervalNs)) return;
  const back = new Route6();
  back.destination.set(bytes.subarray(sender, sender + 16));
  back.oif = dev.ifindex;
  const isNeighbour = routeOutput6(ip, back) && back.dev === dev && back.route?.gateway === null;
  if (!isNeighbour || !ip.limits.allowTo(ipv6ToText(bytes, sender), intervalNs)) return;
  const neigh = findNeighbour6(dev, target, 0);
  const lladdr = neigh !== undefined && (neigh.state & NUD_VALID) !== 0 ? neigh.lladdr : undefined;
  const fixed = nd.ND_REDIRECT_SIZE + (lladdr === undefined ? 0 : option.ND_OPT_LL_ADDR_SIZE);
  const room = maxSize - IPV6_HEADER_SIZE - fixed;
  // What is quoted ends where eight bytes do.
  const quoted = Math.min(room, end - start + headerOption) & ~7;
  const message = allocOnLink(dev, fixed + quoted);
  if (message === null) return;
  const { transportHeader: at } = message;
  const header = headerFor(dev, source, back.destination);
  writeOnLinkHeader(message, header);
  let next = nd.emitRedirect(bytes, at, target, destination);
  if (lladdr !== undefined) {
    next = option.emitNdLinkLayerAddress(bytes, next, option.ND_OPT_TARGET_LL_ADDR, lladdr);
  }
  bytes.fill(0, next, next + headerOption);
  bytes[next] = option.ND_OPT_REDIRECT_HDR;
  bytes[next + 1] = quoted >> 3;
  bytes.copyWithin(next + headerOption, start, start + quoted - headerOption);
  writeIcmpv6(bytes, at, message.end, message.start, nd.ND_REDIRECT, 0, 0);
  sendOnLink(dev, message);
}
