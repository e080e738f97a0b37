// ARP requests to the targets of a bond, and what answers and other bonds' questions say of a slave.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_arp_send_all, bond_arp_rcv, bond_validate_arp). Differs: a target behind VLAN devices in one another is asked with the innermost tag in the bytes.

import { BROADCAST_MAC } from "../../bytes/mac.ts";
import { InDevice } from "../../inet/ipv4/device.ts";
import { Route4, routeOutput } from "../../inet/ipv4/route.ts";
import { selectSource } from "../../inet/ipv4/source.ts";
import { ipNetns } from "../../inet/slots.ts";
import { ethHeader } from "../../net/ethernet.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { ARPOP_REPLY, ARPOP_REQUEST } from "../../uapi/if_arp.ts";
import { ETH_P_ARP } from "../../uapi/if_ether.ts";
import { RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import * as arp from "../../wire/arp.ts";
import { VLAN_TAG_SIZE } from "../../wire/vlan.ts";
import type { Bond, Slave } from "./state.ts";
import { intervalsSince } from "./state.ts";
import type { Tag } from "./targets.ts";
import { lastHeard, noteTarget, pathTo, sendProbe } from "./targets.ts";

/** Asks for every target of IPv4 by one slave. */
export function askArpTargets(dev: Bond, slave: Slave): void {
  const ip = ipNetns(dev.netns);
  for (const target of dev.state.arpTargets) {
    const route = new Route4();
    route.flow.destination = target;
    route.flow.scope = RT_SCOPE_LINK;
    // Without a way there the question makes the traffic that is looked for all the same.
    if (!routeOutput(ip, route) || route.dev === null) {
      ask(slave, target, 0, []);
      continue;
    }
    const tags = pathTo(dev, route.dev);
    if (tags !== null) ask(slave, target, selectSource(ip, route.dev, target, RT_SCOPE_LINK), tags);
  }
}

function ask(slave: Slave, target: number, source: number, tags: readonly Tag[]): void {
  const port = slave.dev;
  const frame = port.machine.frames.alloc(arp.ARP_SIZE, VLAN_TAG_SIZE * tags.length);
  if (frame === null) return;
  frame.end = frame.start + arp.ARP_SIZE;
  frame.networkHeader = frame.start;
  frame.dev = port;
  const question = { senderMac: port.address, senderIp: source, targetMac: 0, targetIp: target };
  arp.emitArp(frame.bytes, frame.start, { operation: ARPOP_REQUEST, ...question });
  ethHeader(frame, ETH_P_ARP, port.address, BROADCAST_MAC);
  sendProbe(frame, slave, tags);
}

/**
 * Whether the packet is of the conversation with a target: its answer on the slave that asks, on another the question that
 * came round by the switch, once the asking one has been answered.
 */
export function validateArp(frame: Frame, dev: Bond, slave: Slave): void {
  const { bytes, start, end } = frame;
  const { active, asking } = dev.state;
  if (!arp.isEthernetArp(bytes, start, end)) return;
  const [sender, target] = [arp.arpSenderIp(bytes, start), arp.arpTargetIp(bytes, start)];
  if (!slave.isBackup) note(dev, slave, sender, target);
  else if (active !== null && lastHeard(dev, active) > active.lastLinkUp) note(dev, slave, target, sender);
  else if (
    asking !== null &&
    arp.arpOperation(bytes, start) === ARPOP_REPLY &&
    intervalsSince(dev, asking.lastTx, 1)
  ) {
    note(dev, slave, sender, target);
  }
}

function note(dev: Bond, slave: Slave, target: number, own: number): void {
  const index = dev.state.arpTargets.findIndex((each) => (each | 0) === (target | 0));
  if (index < 0 || !hasAddress(dev, own)) return;
  noteTarget(dev, slave, index);
}

/** Whether an address is the bond's or one of a device above it (bond_has_this_ip). */
function hasAddress(dev: Device, address: number): boolean {
  const isOwn =
    dev.ip instanceof InDevice && dev.ip.addresses.some(({ local }) => (local | 0) === (address | 0));
  return isOwn || (dev.uppers ?? []).some((upper) => hasAddress(upper, address));
}
