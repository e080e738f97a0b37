// Questions to the targets of a bond, and what answers and other bonds' questions say of a slave.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_arp_send_all, bond_verify_device_path, bond_rcv_validate, bond_arp_rcv,
// bond_validate_arp). Differs: a target behind VLAN devices in one another is asked with the innermost tag in the bytes.

import { BROADCAST_MAC } from "../../bytes/mac.ts";
import { InDevice } from "../../inet/ipv4/device.ts";
import { Route4, routeOutput } from "../../inet/ipv4/route.ts";
import { selectSource } from "../../inet/ipv4/source.ts";
import { ipNetns } from "../../inet/slots.ts";
import { ethHeader } from "../../net/ethernet.ts";
import type { Device, Frame } from "../../net/netdevice.ts";
import { devQueueXmit } from "../../net/transmit.ts";
import { ARPOP_REPLY, ARPOP_REQUEST } from "../../uapi/if_arp.ts";
import { ETH_P_ARP } from "../../uapi/if_ether.ts";
import { RT_SCOPE_LINK } from "../../uapi/rtnetlink.ts";
import * as arp from "../../wire/arp.ts";
import { VLAN_TAG_SIZE } from "../../wire/vlan.ts";
import { VlanState } from "../vlan/group.ts";
import type { Bond, Slave } from "./state.ts";
import { intervalsSince } from "./state.ts";

/** Bits of arp_validate: for the active slave, for backups, and that nothing but ARP counts. */
const VALIDATE_ACTIVE = 1;
const VALIDATE_BACKUP = 2;
const FILTER = 4;

interface Tag {
  readonly protocol: number;
  readonly id: number;
}

/** Asks for every target by one slave. */
export function askTargets(dev: Bond, slave: Slave): void {
  const ip = ipNetns(dev.netns);
  for (const target of dev.state.arpTargets) {
    const route = new Route4();
    route.flow.destination = target;
    route.flow.scope = RT_SCOPE_LINK;
    // Without a way there the question makes the traffic that is looked for all the same.
    if (!routeOutput(ip, route) || route.dev === null) {
      ask(dev, slave, target, 0, []);
      continue;
    }
    const tags = pathTo(dev, route.dev);
    if (tags !== null) ask(dev, slave, target, selectSource(ip, route.dev, target, RT_SCOPE_LINK), tags);
  }
}

/** The tags of the VLANs between the bond and a device above it; null when that is not above it. */
function pathTo(dev: Device, end: Device): readonly Tag[] | null {
  if (dev === end) return [];
  for (const upper of dev.uppers ?? []) {
    const rest = pathTo(upper, end);
    if (rest === null) continue;
    const { state } = upper;
    return state instanceof VlanState ? [{ protocol: state.protocol, id: state.id }, ...rest] : rest;
  }
  return null;
}

function ask(dev: Bond, slave: Slave, target: number, source: number, tags: readonly Tag[]): void {
  const port = slave.dev;
  const frame = port.machine.frames.alloc(arp.ARP_SIZE, VLAN_TAG_SIZE * tags.length);
  if (frame === null) return;
  frame.end = frame.start + arp.ARP_SIZE;
  frame.networkHeader = frame.start;
  frame.dev = port;
  const question = { senderMac: port.address, senderIp: source, targetMac: 0, targetIp: target };
  arp.emitArp(frame.bytes, frame.start, { operation: ARPOP_REQUEST, ...question });
  ethHeader(frame, ETH_P_ARP, port.address, BROADCAST_MAC);
  const [outer] = tags;
  if (outer !== undefined) {
    frame.vlanProtocol = outer.protocol;
    frame.vlanTci = outer.id;
  }
  slave.lastTx = dev.machine.clock.now();
  devQueueXmit(frame);
}

/** Notes that a slave has heard something, if it is of the sort that counts. */
export function hearProbe(frame: Frame, dev: Bond, slave: Slave): void {
  const { arpValidate } = dev.state.params;
  const isArp = frame.protocol === ETH_P_ARP;
  const isValidated = (arpValidate & (slave.isBackup ? VALIDATE_BACKUP : VALIDATE_ACTIVE)) !== 0;
  if (!isValidated || isFilterOnly(arpValidate)) {
    if (isArp || (arpValidate & FILTER) === 0) slave.lastRx = dev.machine.clock.now();
  } else if (isArp) validate(frame, dev, slave);
}

function isFilterOnly(arpValidate: number): boolean {
  return arpValidate === FILTER;
}

/**
 * Whether the packet is of the conversation with a target: its answer on the slave that asks, on another the question that
 * came round by the switch, once the asking one has been answered.
 */
function validate(frame: Frame, dev: Bond, slave: Slave): void {
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
  const now = dev.machine.clock.now();
  slave.lastRx = now;
  slave.targetRx[index] = now;
}

/** Whether an address is the bond's or one of a device above it (bond_has_this_ip). */
function hasAddress(dev: Device, address: number): boolean {
  const isOwn =
    dev.ip instanceof InDevice && dev.ip.addresses.some(({ local }) => (local | 0) === (address | 0));
  return isOwn || (dev.uppers ?? []).some((upper) => hasAddress(upper, address));
}

/** When a slave last heard what counts; with arp_all_targets, when from the target that has been silent for longest. */
export function lastHeard(dev: Bond, slave: Slave): number {
  const { arpTargets, params } = dev.state;
  if (params.arpAllTargets === 0 || arpTargets.length === 0) return slave.lastRx;
  return Math.min(...arpTargets.map((_, index) => slave.targetRx[index] ?? slave.lastRx));
}
