// Neighbour discovery messages come in: questions for addresses of this host, or those it stands in for, are answered; what
// others say of themselves updates their entries; who has an address that is being tried is noticed (RFC 4861 7.2, RFC 4862 5.4).
//
// Mirrors net/ipv6/ndisc.c (ndisc_rcv, ndisc_recv_ns, ndisc_recv_na). Router advertisements are in ra-receive.ts, redirects in
// redirect.ts.

import { equalsIpv6, isIpv6Multicast, isIpv6Unspecified, isSolicitedNode } from "../../bytes/ipv6.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { IFA_F_OPTIMISTIC, IFA_F_TENTATIVE } from "../../uapi/if_addr.ts";
import { PACKET_HOST, PACKET_LOOPBACK } from "../../uapi/if_packet.ts";
import * as conf from "../../uapi/ipv6.ts";
import { NTF_ROUTER, NUD_FAILED, NUD_REACHABLE, NUD_STALE } from "../../uapi/neighbour.ts";
import { icmpv6Code, icmpv6Type } from "../../wire/icmpv6.ts";
import { IPV6_DESTINATION, IPV6_SOURCE, ipv6HopLimit } from "../../wire/ipv6.ts";
import * as nd from "../../wire/nd.ts";
import * as option from "../../wire/nd-option.ts";
import type { ProxyNeighbour } from "../neigh/neighbour.ts";
import { PROXY_DELAY_MS } from "../neigh/parms.ts";
import { findProxy } from "../neigh/proxy.ts";
import { neighUpdate } from "../neigh/update.ts";
import type { IpNetns } from "../netns.ts";
import { in6Device, ipNetns } from "../slots.ts";
import type { Ipv6Address } from "./address.ts";
import { findAddress6 } from "./address-find.ts";
import { isAnycast } from "./anycast.ts";
import { failDad } from "./dad.ts";
import type { In6Device } from "./device.ts";
import { allNodes, sendAdvertisement } from "./nd-send.ts";
import { findNeighbour6, neighbour6For } from "./neighbour.ts";

/** What a message says; addresses are offsets in the frame's bytes. */
interface Message {
  readonly frame: Frame;
  readonly in6Dev: In6Device;
  readonly ip: IpNetns;
  readonly target: Uint8Array;
  readonly source: number;
  readonly destination: number;
  /** The hardware address that its option holds. */
  readonly lladdr: number | undefined;
  readonly nonce: Uint8Array | undefined;
  /** It has waited for its proxy. */
  readonly isDelayed: boolean;
}

/** Takes a solicitation or an advertisement, whose `start` is at its ICMPv6 header (ndisc_rcv). Takes ownership. */
export function ndReceive(frame: Frame, dev: Device, isDelayed = false): void {
  const { bytes, end, networkHeader, start } = frame;
  const in6Dev = in6Device(dev);
  const isSound = ipv6HopLimit(bytes, networkHeader) === nd.ND_HOP_LIMIT && icmpv6Code(bytes, start) === 0;
  if (in6Dev === null || !isSound || end - start < nd.ND_NEIGHBOUR_SIZE) return drop(frame, "bad-header");
  const isQuestion = icmpv6Type(bytes, start) === nd.ND_NEIGHBOUR_SOLICITATION;
  const message = readMessage(frame, in6Dev, isQuestion, isDelayed);
  if (message === undefined) return drop(frame, "bad-header");
  const isKept = isQuestion ? solicitation(message) : advertisement(message);
  if (!isKept) frame.pool.free(frame);
}

function readMessage(
  frame: Frame,
  in6Dev: In6Device,
  isQuestion: boolean,
  isDelayed: boolean,
): Message | undefined {
  const { bytes, end, networkHeader, start } = frame;
  const target = nd.ndTarget(bytes, start);
  const options = option.parseNdOptions(bytes, start + nd.ND_NEIGHBOUR_SIZE, end);
  if (options === undefined || isIpv6Multicast(target)) return undefined;
  const wanted = isQuestion ? option.ND_OPT_SOURCE_LL_ADDR : option.ND_OPT_TARGET_LL_ADDR;
  const holder = options.find(({ type }) => type === wanted);
  const lladdr = holder === undefined ? undefined : option.ndLinkLayerAddress(bytes, holder);
  if (holder !== undefined && lladdr === undefined) return undefined;
  const nonce = options.find(({ length, type }) => type === option.ND_OPT_NONCE && length === 8);
  return {
    frame,
    in6Dev,
    ip: ipNetns(in6Dev.dev.netns),
    target,
    source: networkHeader + IPV6_SOURCE,
    destination: networkHeader + IPV6_DESTINATION,
    lladdr,
    nonce: nonce && bytes.slice(nonce.start + 2, nonce.start + 8),
    isDelayed,
  };
}

/** Answers a question; true when the frame is kept for later. */
function solicitation(message: Message): boolean {
  const { destination, frame, in6Dev, ip, lladdr, source, target } = message;
  const { bytes } = frame;
  const isProbe = isIpv6Unspecified(bytes, source);
  if (isProbe && (!isSolicitedNode(bytes, destination) || lladdr !== undefined)) return false;
  const isToMany = isIpv6Multicast(bytes, destination);
  const own = findAddress6(ip, target, 0, in6Dev.dev);
  let isRouter = in6Dev.conf.get(conf.DEVCONF_FORWARDING) !== 0;
  if (own === undefined) {
    const proxy = proxyFor(message);
    if (!isAnycast(in6Dev, target, 0) && proxy === undefined) return false;
    if (proxy !== undefined) isRouter = (proxy.flags & NTF_ROUTER) !== 0;
    if (isToBeDelayed(message, isToMany)) {
      ip.inet.ndProxies.enqueue(frame, in6Dev.parms);
      return true;
    }
  } else if (!answersFor(own, message, isProbe)) return false;
  const isOwn = own !== undefined;
  if (isProbe) {
    const answer = { isRouter, isSolicited: false, overrides: isOwn, hasAddress: true };
    sendAdvertisement(in6Dev.dev, allNodes(), target, answer);
    return false;
  }
  if (!hear(message, isToMany)) return false;
  const sender = bytes.slice(source, source + 16);
  const answer = { isRouter, isSolicited: true, overrides: isOwn && isToMany, hasAddress: isToMany };
  sendAdvertisement(in6Dev.dev, sender, target, answer);
  return false;
}

/** Whether this host may speak for its address; somebody else who tries it is a duplicate. */
function answersFor(own: Ipv6Address, { nonce }: Message, isProbe: boolean): boolean {
  if ((own.flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) === 0) return true;
  if (!isProbe) return (own.flags & IFA_F_OPTIMISTIC) !== 0;
  // Our own question, come back to us, is none.
  if (nonce === undefined || own.dadNonce === null || `${nonce}` !== `${own.dadNonce}`) failDad(own);
  return false;
}

/** The entry by which this host stands in for the target (pndisc_is_router). */
function proxyFor({ in6Dev, ip, target }: Message): ProxyNeighbour | undefined {
  const proxies =
    (ip.all6[conf.DEVCONF_PROXY_NDP] ?? 0) !== 0 || in6Dev.conf.get(conf.DEVCONF_PROXY_NDP) !== 0;
  if (!proxies || in6Dev.conf.get(conf.DEVCONF_FORWARDING) === 0) return undefined;
  return findProxy(ip.proxies6, in6Dev.dev, ({ key }) => key !== null && equalsIpv6(key, target));
}

/** Those who are not the address's true owner give it time to answer first (RFC 4861 7.2.7). */
function isToBeDelayed({ frame, in6Dev, isDelayed }: Message, isToMany: boolean): boolean {
  return !isDelayed && isToMany && frame.packetType !== PACKET_HOST && in6Dev.parms.get(PROXY_DELAY_MS) !== 0;
}

/** Who asks is known from then on; false when there is no room for it. */
function hear({ frame, in6Dev, ip, lladdr, source }: Message, isToMany: boolean): boolean {
  const { bytes } = frame;
  const mayMake = !isToMany || lladdr !== undefined;
  const neigh = mayMake
    ? neighbour6For(ip, in6Dev.dev, bytes, source)
    : (findNeighbour6(in6Dev.dev, bytes, source) ?? null);
  if (neigh === null) return false;
  neighUpdate(neigh, { lladdr, state: NUD_STALE, overrides: true, weaklyOverrides: true });
  return true;
}

/** Takes what somebody says of itself into its entry. */
function advertisement(message: Message): boolean {
  const { destination, frame, in6Dev, ip, lladdr, target } = message;
  const { bytes, start } = frame;
  const flags = nd.naFlags(bytes, start);
  const isSolicited = (flags & nd.NA_SOLICITED) !== 0;
  if (isIpv6Multicast(bytes, destination) && isSolicited) return false;
  if (!isSolicited && in6Dev.conf.get(conf.DEVCONF_DROP_UNSOLICITED_NA) !== 0) return false;
  const own = findAddress6(ip, target, 0, in6Dev.dev);
  if (own !== undefined) {
    const isTried = (own.flags & IFA_F_TENTATIVE) !== 0;
    if (frame.packetType !== PACKET_LOOPBACK && isTried) failDad(own);
    return false;
  }
  let neigh = findNeighbour6(in6Dev.dev, target, 0) ?? null;
  let state = isSolicited ? NUD_REACHABLE : NUD_STALE;
  if (neigh === null && lladdr !== undefined && acceptsUntracked(in6Dev)) {
    neigh = neighbour6For(ip, in6Dev.dev, target, 0);
    state = NUD_STALE;
  }
  if (neigh === null || (neigh.state & NUD_FAILED) !== 0) return false;
  neighUpdate(neigh, {
    lladdr,
    state,
    overrides: (flags & nd.NA_OVERRIDE) !== 0,
    weaklyOverrides: true,
    isRouter: (flags & nd.NA_ROUTER) !== 0,
  });
  return false;
}

/** Routers may learn of neighbours that they did not ask for (RFC 9131). */
function acceptsUntracked(in6Dev: In6Device): boolean {
  if (in6Dev.conf.get(conf.DEVCONF_FORWARDING) === 0) return false;
  return in6Dev.conf.get(conf.DEVCONF_ACCEPT_UNTRACKED_NA) === 1;
}

/** Looks at a question again that waited for the true owner to answer. */
export function ndRedo(frame: Frame): void {
  const { dev } = frame;
  if (dev === null) return frame.pool.free(frame);
  ndReceive(frame, dev, true);
}
