// An ARP packet comes in: questions for addresses of this host, or those it stands in for, are answered; what the sender
// says of itself updates its entry.
//
// Mirrors net/ipv4/arp.c (arp_rcv, arp_process, arp_ignore, arp_filter, arp_fwd_proxy).

import { isIpv4Loopback, isIpv4Multicast } from "../../bytes/ipv4.ts";
import { drop } from "../../net/frame.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { IFF_NOARP } from "../../uapi/if.ts";
import { ARPOP_REPLY, ARPOP_REQUEST } from "../../uapi/if_arp.ts";
import { PACKET_HOST, PACKET_LOOPBACK, PACKET_OTHERHOST } from "../../uapi/if_packet.ts";
import * as conf from "../../uapi/ip.ts";
import { NUD_REACHABLE, NUD_STALE } from "../../uapi/neighbour.ts";
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RTN_LOCAL, RTN_UNICAST } from "../../uapi/rtnetlink.ts";
import * as wire from "../../wire/arp.ts";
import { LOCKTIME_MS, PROXY_DELAY_MS } from "../neigh/parms.ts";
import { findProxy } from "../neigh/proxy.ts";
import { neighUpdate } from "../neigh/update.ts";
import type { IpNetns } from "../netns.ts";
import { inDevice, ipNetns } from "../slots.ts";
import { addressTypeBy } from "./address-type.ts";
import { sendArp } from "./arp-send.ts";
import { InDevice } from "./device.ts";
import { FibResult, Flow4 } from "./fib.ts";
import { findNeighbour, neighbourFor } from "./neighbour.ts";
import { Route4, routeOutput, routesLocalnet } from "./route.ts";
import { routeInput } from "./route-input.ts";
import { confirmAddress } from "./source.ts";

/** What a packet says. */
interface Question {
  readonly operation: number;
  readonly senderMac: number;
  readonly senderIp: number;
  readonly targetMac: number;
  readonly targetIp: number;
}

/** Takes a frame of ETH_P_ARP, whose `start` is at the ARP header (arp_rcv). `isDelayed`: it has waited for its proxy. */
export function arpReceive(frame: Frame, dev: Device, isDelayed = false): void {
  const { bytes, start, end, packetType } = frame;
  const isForOthers = packetType === PACKET_OTHERHOST || packetType === PACKET_LOOPBACK;
  if ((dev.flags & IFF_NOARP) !== 0 || isForOthers) return drop(frame, "otherhost");
  const inDev = inDevice(dev);
  if (inDev === null || !wire.isEthernetArp(bytes, start, end)) return drop(frame, "bad-header");
  const question: Question = {
    operation: wire.arpOperation(bytes, start),
    senderMac: wire.arpSenderMac(bytes, start),
    senderIp: wire.arpSenderIp(bytes, start),
    targetMac: wire.arpTargetMac(bytes, start),
    targetIp: wire.arpTargetIp(bytes, start),
  };
  const ip = ipNetns(dev.netns);
  if (!isSensible(ip, inDev, question)) return drop(frame, "bad-header");
  if (question.operation === ARPOP_REQUEST) {
    const outcome = answer(ip, inDev, question, packetType === PACKET_HOST || isDelayed);
    if (outcome === "delayed") return ip.inet.arpProxies.enqueue(frame, inDev.parms);
    if (outcome === "answered") return frame.pool.free(frame);
  }
  learn(ip, inDev, question, packetType === PACKET_HOST);
  frame.pool.free(frame);
}

/** Questions and answers about addresses that one can ask for. */
function isSensible(ip: IpNetns, inDev: InDevice, { operation, senderIp, targetIp }: Question): boolean {
  if (operation !== ARPOP_REQUEST && operation !== ARPOP_REPLY) return false;
  if (isIpv4Multicast(targetIp) || (isIpv4Loopback(targetIp) && !routesLocalnet(ip, inDev.dev))) return false;
  return senderIp !== targetIp || !isSet(ip, inDev, conf.IPV4_DEVCONF_DROP_GRATUITOUS_ARP);
}

/** A setting that counts when it is set for all devices or for this one. */
function isSet(ip: IpNetns, inDev: InDevice, index: number): boolean {
  return (ip.all4[index] ?? 0) !== 0 || inDev.conf.get(index) !== 0;
}

/** Answers a question if it is for this host; "other" when it is not. */
function answer(
  ip: IpNetns,
  inDev: InDevice,
  question: Question,
  isDirect: boolean,
): "answered" | "delayed" | "other" {
  const { dev } = inDev;
  const { senderIp, senderMac, targetIp } = question;
  if (senderIp === 0) {
    // Somebody looks whether the address is free (RFC 5227).
    if (addressTypeBy(ip, targetIp, dev) === RTN_LOCAL && !ignores(ip, inDev, senderIp, targetIp))
      reply(dev, question);
    return "answered";
  }
  const route = new Route4();
  const check = { flow: new Flow4(), result: new FibResult() };
  if (!routeInput(ip, inDev, senderIp, targetIp, 0, route, check)) return "other";
  if (route.type === RTN_LOCAL) {
    const isFiltered =
      isSet(ip, inDev, conf.IPV4_DEVCONF_ARPFILTER) && !leadsBack(ip, dev, senderIp, targetIp);
    if (!ignores(ip, inDev, senderIp, targetIp) && !isFiltered && hear(ip, dev, senderIp, senderMac)) {
      reply(dev, question);
    }
    return "answered";
  }
  if (route.type !== RTN_UNICAST || inDev.conf.get(conf.IPV4_DEVCONF_FORWARDING) === 0) return "other";
  if (!isProxyFor(ip, inDev, targetIp, route)) return "other";
  hear(ip, dev, senderIp, senderMac);
  if (!isDirect && inDev.parms.get(PROXY_DELAY_MS) !== 0) return "delayed";
  reply(dev, question);
  return "answered";
}

/** Whether this host answers for an address behind it (arp_fwd_proxy, arp_fwd_pvlan, pneigh_lookup). */
function isProxyFor(ip: IpNetns, inDev: InDevice, targetIp: number, route: Route4): boolean {
  const { dev } = inDev;
  if (route.dev === dev) return isSet(ip, inDev, conf.IPV4_DEVCONF_PROXY_ARP_PVLAN);
  if (isSet(ip, inDev, conf.IPV4_DEVCONF_PROXY_ARP) && isOtherMedium(inDev, route.dev)) return true;
  return findProxy(ip.proxies4, dev, (proxy) => proxy.address === targetIp) !== undefined;
}

/** Whether the way leads to another medium, as far as devices say which one they are on. */
function isOtherMedium(inDev: InDevice, out: Device | null): boolean {
  const medium = inDev.conf.get(conf.IPV4_DEVCONF_MEDIUM_ID);
  if (medium === 0) return true;
  if (medium === -1) return false;
  const other = out?.ip instanceof InDevice ? out.ip.conf.get(conf.IPV4_DEVCONF_MEDIUM_ID) : 0;
  return other !== medium && other !== -1;
}

/** Whether arp_ignore has the question left unanswered. */
function ignores(ip: IpNetns, inDev: InDevice, senderIp: number, targetIp: number): boolean {
  const index = conf.IPV4_DEVCONF_ARP_IGNORE;
  switch (Math.max(ip.all4[index] ?? 0, inDev.conf.get(index))) {
    case 1:
      return confirmAddress(inDev, 0, targetIp, RT_SCOPE_HOST) === 0;
    case 2:
      return confirmAddress(inDev, senderIp, targetIp, RT_SCOPE_HOST) === 0;
    case 3:
      for (const dev of ip.netns.devices.values()) {
        if (dev.ip instanceof InDevice && confirmAddress(dev.ip, 0, targetIp, RT_SCOPE_LINK) !== 0)
          return false;
      }
      return true;
    case 8:
      return true;
    default:
      return false;
  }
}

/** Whether the host would speak to the sender by this device (arp_filter). */
function leadsBack(ip: IpNetns, dev: Device, senderIp: number, targetIp: number): boolean {
  const route = new Route4();
  route.flow.destination = senderIp;
  route.flow.source = targetIp;
  return routeOutput(ip, route) && route.dev === dev;
}

function reply(dev: Device, { senderIp, senderMac, targetIp }: Question): void {
  sendArp(dev, senderMac, {
    operation: ARPOP_REPLY,
    senderMac: dev.address,
    senderIp: targetIp,
    targetMac: senderMac,
    targetIp: senderIp,
  });
}

/** Who asks is known from then on (neigh_event_ns); false when there is no room for it. */
function hear(ip: IpNetns, dev: Device, address: number, lladdr: number): boolean {
  const neigh = neighbourFor(ip, dev, address);
  if (neigh === null) return false;
  neighUpdate(neigh, { lladdr, state: NUD_STALE, overrides: true });
  return true;
}

/** Takes what the sender says of itself into its entry, which is made only if arp_accept says so. */
function learn(ip: IpNetns, inDev: InDevice, question: Question, isForUs: boolean): void {
  const { dev } = inDev;
  const { operation, senderIp, senderMac } = question;
  let neigh = findNeighbour(dev, senderIp) ?? null;
  const accepts = acceptsUnknown(ip, inDev, senderIp);
  const isAnnouncement = (neigh !== null || accepts) && isGratuitous(ip, dev, question);
  if (neigh === null && accepts) {
    const isAnswer = operation === ARPOP_REPLY && addressTypeBy(ip, senderIp, dev) === RTN_UNICAST;
    if (isAnnouncement || isAnswer) neigh = neighbourFor(ip, dev, senderIp);
  }
  if (neigh === null) return;
  const age = dev.machine.clock.now() - neigh.updatedNs;
  const overrides = age > neigh.parms.timeNs(LOCKTIME_MS) || isAnnouncement;
  const state = operation === ARPOP_REPLY && isForUs ? NUD_REACHABLE : NUD_STALE;
  neighUpdate(neigh, { lladdr: senderMac, state, overrides });
}

/** arp_accept: 1 takes every unknown sender, 2 those of a subnet of the device. */
function acceptsUnknown(ip: IpNetns, inDev: InDevice, senderIp: number): boolean {
  const index = conf.IPV4_DEVCONF_ARP_ACCEPT;
  const accept = Math.max(ip.all4[index] ?? 0, inDev.conf.get(index));
  if (accept === 2) return confirmAddress(inDev, senderIp, 0, RT_SCOPE_LINK) !== 0;
  return accept === 1;
}

/** Whether somebody tells of its own address unasked (arp_is_garp). */
function isGratuitous(
  ip: IpNetns,
  dev: Device,
  { operation, senderIp, senderMac, targetIp, targetMac }: Question,
): boolean {
  if (senderIp !== targetIp || (operation === ARPOP_REPLY && senderMac !== targetMac)) return false;
  return addressTypeBy(ip, senderIp, dev) === RTN_UNICAST;
}
