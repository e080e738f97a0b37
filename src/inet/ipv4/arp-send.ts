// ARP packets are sent: questions for a next hop, answers, announcements.
//
// Mirrors net/ipv4/arp.c (arp_send_dst, arp_solicit) and net/ipv4/devinet.c (inetdev_send_gratuitous_arp).

import { BROADCAST_MAC } from "../../bytes/mac.ts";
import { ethHeader } from "../../net/ethernet.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { IFF_NOARP } from "../../uapi/if.ts";
import { ARPOP_REQUEST } from "../../uapi/if_arp.ts";
import { ETH_P_ARP } from "../../uapi/if_ether.ts";
import { IPV4_DEVCONF_ARP_ANNOUNCE } from "../../uapi/ip.ts";
import { RT_SCOPE_LINK, RTN_LOCAL } from "../../uapi/rtnetlink.ts";
import type { Arp } from "../../wire/arp.ts";
import { ARP_SIZE, emitArp } from "../../wire/arp.ts";
import { ipv4Source } from "../../wire/ipv4.ts";
import type { Neighbour } from "../neigh/neighbour.ts";
import { NUD_VALID } from "../neigh/neighbour.ts";
import { APP_PROBES, UCAST_PROBES } from "../neigh/parms.ts";
import type { IpNetns } from "../netns.ts";
import { ipNetns } from "../slots.ts";
import { addressTypeBy } from "./address-type.ts";
import { InDevice } from "./device.ts";
import { isOnLink, selectSource } from "./source.ts";

/** Sends one ARP packet to the hardware address `to`; nothing on a device that does not speak ARP. */
export function sendArp(dev: Device, to: number, arp: Arp): void {
  if ((dev.flags & IFF_NOARP) !== 0) return;
  const frame = dev.machine.frames.alloc(ARP_SIZE);
  if (frame === null) return;
  frame.end = frame.start + ARP_SIZE;
  frame.networkHeader = frame.start;
  frame.dev = dev;
  emitArp(frame.bytes, frame.start, arp);
  ethHeader(frame, ETH_P_ARP, dev.address, to);
  devQueueXmit(frame);
}

/** Asks for a neighbour's hardware address: it alone as long as one is known, everybody after that (arp_solicit). */
export function arpSolicit(neigh: Neighbour, waiting: Frame | null): void {
  const { dev, address: target, parms } = neigh;
  const source = solicitSource(ipNetns(dev.netns), dev, target, waiting);
  let to = BROADCAST_MAC;
  const unicasts = parms.get(UCAST_PROBES);
  if (neigh.probes < unicasts) {
    if ((neigh.state & NUD_VALID) !== 0) to = neigh.lladdr;
  } else if (neigh.probes < unicasts + parms.get(APP_PROBES)) return;
  sendArp(dev, to, {
    operation: ARPOP_REQUEST,
    senderMac: dev.address,
    senderIp: source,
    targetMac: 0,
    targetIp: target,
  });
}

/** The address to ask from: the waiting packet's as far as arp_announce allows, else one of the target's subnet. */
function solicitSource(ip: IpNetns, dev: Device, target: number, waiting: Frame | null): number {
  if (!(dev.ip instanceof InDevice)) return 0;
  const index = IPV4_DEVCONF_ARP_ANNOUNCE;
  const announce = Math.max(ip.all4[index] ?? 0, dev.ip.conf.get(index));
  if (waiting !== null && (announce === 0 || announce === 1)) {
    const source = ipv4Source(waiting.bytes, waiting.networkHeader);
    const isOurs = addressTypeBy(ip, source, dev) === RTN_LOCAL;
    if (isOurs && (announce === 0 || isOnLink(dev.ip, target, source))) return source;
  }
  return selectSource(ip, dev, target, RT_SCOPE_LINK);
}

/** Tells everybody on the link all addresses of the device. */
export function announceAddresses(inDev: InDevice): void {
  for (const { local } of inDev.addresses) {
    const arp = {
      operation: ARPOP_REQUEST,
      senderMac: inDev.dev.address,
      senderIp: local,
      targetMac: 0,
      targetIp: local,
    };
    sendArp(inDev.dev, BROADCAST_MAC, arp);
  }
}
